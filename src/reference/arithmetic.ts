import { flushVariance, ROUNDING } from './rounding.ts';
import { zeros } from './tensor.ts';
import type { RefTensor } from './tensor.ts';

/** a + scale·b of one size, where scale is 1 or −1. Variance: s_a + s_b and one rounding. */
export function added(a: RefTensor, b: RefTensor, scale: 1 | -1 = 1): RefTensor {
  const out = zeros(a.shape);
  for (let i = 0; i < out.value.length; i++) {
    const value = a.value[i] + scale * b.value[i];
    out.value[i] = value;
    out.variance[i] = a.variance[i] + b.variance[i] + (ROUNDING * value) ** 2 + flushVariance(value);
  }
  return out;
}

/** a·b of one size. Variance: a²·s_b + s_a·b² and one rounding. */
export function multiplied(a: RefTensor, b: RefTensor): RefTensor {
  const out = zeros(a.shape);
  for (let i = 0; i < out.value.length; i++) {
    const x = a.value[i];
    const y = b.value[i];
    out.value[i] = x * y;
    out.variance[i] = x * x * b.variance[i] + a.variance[i] * y * y + (ROUNDING * x * y) ** 2 + flushVariance(x * y);
  }
  return out;
}

/** factor·x, where the factor is exact but for an error of `relative` (a standard deviation). */
export function scaled(x: RefTensor, factor: number, relative = ROUNDING): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    const value = factor * x.value[i];
    out.value[i] = value;
    out.variance[i] = factor * factor * x.variance[i] + (relative * value) ** 2 + (Math.abs(factor) === 1 ? 0 : flushVariance(value));
  }
  return out;
}

/** −x: exact. */
export function negated(x: RefTensor): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    out.value[i] = -x.value[i];
    out.variance[i] = x.variance[i];
  }
  return out;
}
