import { flushVariance, ROUNDING } from './rounding.ts';
import type { Rounding } from './rounding.ts';
import { zeros } from './tensor.ts';
import type { RefTensor } from './tensor.ts';

/** 1 where x > 0, else 0: the side that a two-armed function takes. 0 itself lies on the negative side. */
export function positive(x: RefTensor): Uint8Array {
  return Uint8Array.from(x.value, (at) => (at > 0 ? 1 : 0));
}

/** Whether the rounding of x leaves its sign open. An exact x (variance 0) has a certain sign, even at 0. */
function uncertain(x: RefTensor, i: number, rounding: Rounding): boolean {
  return x.variance[i] > 0 && Math.abs(x.value[i]) <= rounding.kinkWidth * Math.sqrt(x.variance[i]);
}

/** Variance of a product with a slope: the slope itself is rounded to float32, and so is the product. Exact for 0 and 1. */
function armRounding(factor: number, product: number): number {
  return factor === 0 || factor === 1 ? 0 : 2 * (ROUNDING * product) ** 2 + flushVariance(product);
}

/** y = x on the positive side, slope·x on the other. Exact where the slope is 0 or 1. */
export function twoArmed(x: RefTensor, branches: Uint8Array, slope: number, rounding: Rounding): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    const factor = branches[i] ? 1 : slope;
    const value = factor * x.value[i];
    out.value[i] = value;
    // The rounding of x can put a value near 0 on either side, where an error of x arrives with the larger factor.
    const gain = uncertain(x, i, rounding) ? Math.max(1, slope * slope) : factor * factor;
    out.variance[i] = gain * x.variance[i] + armRounding(factor, value);
  }
  return out;
}

/** dx = dy on the positive side, slope·dy on the other; where the side is uncertain, the difference counts as error. */
export function twoArmedBackward(
  x: RefTensor, dout: RefTensor, branches: Uint8Array, slope: number, rounding: Rounding,
): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    const factor = branches[i] ? 1 : slope;
    const d = dout.value[i];
    out.value[i] = factor * d;
    out.variance[i] = factor * factor * dout.variance[i] + armRounding(factor, factor * d);
    if (uncertain(x, i, rounding)) out.variance[i] += ((1 - slope) * d) ** 2;
  }
  return out;
}
