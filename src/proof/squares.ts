import { ROUNDING } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';

/** x·x: both factors err alike, so the error of x counts twice. */
export function squared(x: RefTensor): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    const value = x.value[i] ** 2;
    out.value[i] = value;
    out.variance[i] = 4 * value * x.variance[i] + (ROUNDING * value) ** 2;
  }
  return out;
}
