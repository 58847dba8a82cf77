import type { Curve } from '../reference/curve.ts';
import { expError, expm1Error, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { Pieces } from '../reference/piecewise.ts';
import { softplusCurve } from './curves-smooth.ts';

/** offset + slope·x; errors are relative to the result and to the slope, in roundings. */
export function line(offset: number, slope: number, roundings = 0): Curve {
  return {
    value: (x) => offset + slope * x, slope: () => slope, bend: () => 0,
    valueError: (x) => roundings * ROUNDING * Math.abs(offset + slope * x), slopeError: () => (roundings > 0 ? ROUNDING * Math.abs(slope) : 0),
  };
}

const SAME = line(0, 1);

/** |x|: at 0 the slope is 0. */
export const ABS: Pieces = { curves: [line(0, -1), line(0, 0), SAME], side: (x) => (x < 0 ? 0 : x > 0 ? 2 : 1) };

/** x between 0 and 6; the bounds themselves have the slope 0. */
export const RELU6: Pieces = { curves: [line(0, 0), SAME, line(6, 0)], side: (x) => (x <= 0 ? 0 : x >= 6 ? 2 : 1) };

/** x between two bounds, which have the slope 1. They are rounded to float32. */
export function clampPieces(min: number, max: number): Pieces {
  const bound = (value: number): Curve => line(Number.isFinite(value) ? value : 0, 0, value === Math.fround(value) ? 0 : 1);
  return { curves: [bound(min), SAME, bound(max)], side: (x) => (x < min ? 0 : x > max ? 2 : 1) };
}

/** (x + 3)/6 between 0 and 1; at ±3 the slope is 0. */
export const HARD_SIGMOID: Pieces = {
  curves: [line(0, 0), { ...line(0.5, 1 / 6), valueError: (x) => 1.6 * ROUNDING * Math.abs(x + 3) / 6, slopeError: () => ROUNDING / 6 }, line(1, 0)],
  side: (x) => (x <= -3 ? 0 : x >= 3 ? 2 : 1),
};

/** x·(x + 3)/6 between −3 and 3; at −3 the slope is 0, at 3 it is 1. */
export const HARD_SWISH: Pieces = {
  curves: [line(0, 0), {
    value: (x) => x * (x + 3) / 6, slope: (x) => x / 3 + 0.5, bend: () => 1 / 3,
    valueError: (x) => 2 * ROUNDING * Math.abs(x * (x + 3) / 6), slopeError: (x) => ROUNDING * Math.hypot(1.5 * x / 3, x / 3 + 0.5),
  }, SAME],
  side: HARD_SIGMOID.side,
};

/** scale·x where x > 0, else scale·α·(e^x − 1): at 0 the slope is scale·α. */
export function eluPieces(alpha: number, scale: number, builtins: BuiltinErrors): Pieces {
  const factor = alpha * scale;
  const exact = factor === 1 || factor === 0;
  const roundings = exact ? 0 : 1.5 * ROUNDING * factor;
  const left: Curve = {
    value: (x) => factor * Math.expm1(x), slope: (x) => factor * Math.exp(x), bend: (x) => factor * Math.exp(x),
    valueError: (x) => factor * expm1Error(x, Math.expm1(x), builtins) + roundings * Math.abs(Math.expm1(x)),
    slopeError: (x) => factor * expError(x, Math.exp(x), builtins, 0) + roundings * Math.exp(x),
  };
  return { curves: [left, scale === 1 ? SAME : line(0, scale, 1.5)], side: (x) => (x > 0 ? 1 : 0) };
}

/** α and scale of SELU (Klambauer et al. 2017). */
export const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 } as const;

/** log(1 + e^βx)/β up to βx = threshold, x beyond. */
export function softplusPieces(beta: number, threshold: number, builtins: BuiltinErrors): Pieces {
  return { curves: [softplusCurve(beta, builtins), SAME], side: (x) => (beta * x > threshold ? 1 : 0) };
}
