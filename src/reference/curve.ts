import { flushVariance, ROUNDING } from './rounding.ts';
import { zeros } from './tensor.ts';
import type { RefTensor } from './tensor.ts';

/** A function of one number with all that its error needs. The errors are standard deviations of float32 code. */
export interface Curve {
  readonly value: (x: number) => number;
  /** f′: the derivative. */
  readonly slope: (x: number) => number;
  /** f″: how an error of x changes the derivative. */
  readonly bend: (x: number) => number;
  /** Error of computing f(x) from an exact x. */
  readonly valueError: (x: number) => number;
  /** Error of computing f′(x) from an exact x. */
  readonly slopeError: (x: number) => number;
}

/** y = f(x). Variance: f′(x)²·s_x + (error of f)². */
export function mapped(x: RefTensor, curve: Curve): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    const at = x.value[i];
    out.value[i] = curve.value(at);
    out.variance[i] = curve.slope(at) ** 2 * x.variance[i] + curve.valueError(at) ** 2;
  }
  return out;
}

/** dx = dy·f′(x). Variance: f′²·s_dy + dy²·(f″²·s_x + (error of f′)²) and one rounding. */
export function mappedBackward(x: RefTensor, dout: RefTensor, curve: Curve): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    const at = x.value[i];
    const slope = curve.slope(at);
    const d = dout.value[i];
    out.value[i] = d * slope;
    const slopeVariance = curve.bend(at) ** 2 * x.variance[i] + curve.slopeError(at) ** 2;
    out.variance[i] = slope * slope * dout.variance[i] + d * d * slopeVariance + (ROUNDING * d * slope) ** 2 + flushVariance(d * slope);
  }
  return out;
}
