import { wgsl } from './wgsl.ts';

// Functions that several formulas share, over the same `Value`. WGSL promises little of its own: no relative error of log next to 1,
// sines only up to π and only to 2⁻¹¹, tanh that may be NaN. These have a few units in the last place, measured on each adapter.

/** A function's text, made when it is asked for: so a page has those that it uses. */
export interface HelperText {
  readonly text: () => string;
}

export const sigmoid: HelperText = { text: () => wgsl`
// 1 / (1 + e^-x) without overflow: e^-|x| ≤ 1 always.
fn logistic(x: Value) -> Value {
  let e = exp(-abs(x));
  let s = 1.0 / (1.0 + e);
  return select(e * s, s, x >= Value(0.0));
}
` };

export const tanh: HelperText = { text: () => wgsl`
// WGSL's tanh may be NaN beyond 88 and loses all digits near 0: an odd series up to 0.35, else by e^2|x|.
fn hyperbolicTangent(x: Value) -> Value {
  // Selects: min, and exp on some adapters, make numbers of NaN.
  let magnitude = select(abs(x), Value(10.0), abs(x) > Value(10.0));
  let square = magnitude * magnitude;
  let series = magnitude * (1.0 + square * (-0.33333334 + square * (0.13333334 + square * (-0.053968254
    + square * (0.021869488 + square * -0.0088632355)))));
  let far = 1.0 - 2.0 / (exp(2.0 * magnitude) + 1.0);
  let result = select(far, series, magnitude < Value(0.35));
  return select(x, select(-result, result, x >= Value(0.0)), magnitude <= Value(10.0));
}
` };

export const erf: HelperText = { text: () => wgsl`
// erf: the Maclaurin series up to 1; beyond, Abramowitz and Stegun 7.1.26 (absolute error ≤ 1.5e-7).
fn errorFunction(x: Value) -> Value {
  let magnitude = select(abs(x), Value(6.0), abs(x) > Value(6.0));
  let square = magnitude * magnitude;
  let series = magnitude * (1.1283792 + square * (-0.37612638 + square * (0.11283792 + square * (-0.026866171
    + square * (0.0052239776 + square * (-0.00085483273 + square * (0.00012055333 + square * (-1.4925651e-5
    + square * (1.6462114e-6 + square * (-1.6365844e-7 + square * 1.480719e-8))))))))));
  let t = 1.0 / (1.0 + 0.3275911 * magnitude);
  let far = 1.0 - t * (0.25482959 + t * (-0.28449672 + t * (1.4214138 + t * (-1.4531521 + t * 1.0614054)))) * exp(-square);
  let result = select(far, series, magnitude < Value(1.0));
  return select(x, select(-result, result, x >= Value(0.0)), magnitude <= Value(6.0));
}
` };

export const expm1: HelperText = { text: () => wgsl`
// e^x - 1: the series up to 1, where the difference would cancel.
fn expMinusOne(x: Value) -> Value {
  let near = clamp(x, Value(-1.0), Value(1.0));
  let series = near * (1.0 + near * (0.5 + near * (0.16666667 + near * (0.041666668 + near * (0.008333334
    + near * (0.0013888889 + near * (0.0001984127 + near * (2.4801588e-5 + near * (2.7557319e-6 + near * (2.7557319e-7
    + near * 2.5052108e-8))))))))));
  return select(exp(x) - 1.0, series, abs(x) < Value(1.0));
}
` };

export const log: HelperText = { text: () => wgsl`
// log(m · 2^k) = k · log 2 + log m with m from √½ to √2, and log m = 2 · atanh((m - 1) / (m + 1)) by its series; log 2 in two parts, of
// which k takes the first without rounding. What is no positive number goes to WGSL's log.
fn naturalLog(x: Value) -> Value {
  let parts = frexp(x);
  let small = parts.fract < Value(0.70710678);
  let mantissa = select(parts.fract, 2.0 * parts.fract, small);
  let exponent = Value(parts.exp) - select(Value(0.0), Value(1.0), small);
  let ratio = (mantissa - 1.0) / (mantissa + 1.0);
  let square = ratio * ratio;
  let series = 2.0 * ratio + 2.0 * ratio * square * (0.33333334 + square * (0.2 + square * (0.14285715 + square * (0.11111111 + square * 0.09090909))));
  let result = exponent * 0.69335938 + (series - exponent * 0.00021219444);
  // NaN stays what it is: of it log may make a number.
  let other = select(x, log(x), (x <= Value(0.0)) | (x >= Value(3.4e38)));
  return select(other, result, (x > Value(0.0)) & (x < Value(3.4e38)));
}
` };

export const log1p: HelperText = { text: () => wgsl`
// log(1 + x): next to 0 by 2 · atanh(x / (2 + x)), so that 1 + x swallows no digits.
fn logOnePlus(x: Value) -> Value {
  let near = clamp(x, Value(-0.3), Value(0.42));
  let ratio = near / (2.0 + near);
  let square = ratio * ratio;
  let series = 2.0 * ratio + 2.0 * ratio * square * (0.33333334 + square * (0.2 + square * (0.14285715 + square * (0.11111111 + square * 0.09090909))));
  return select(naturalLog(1.0 + x), series, near == x);
}
` };

export const sine: HelperText = { text: () => wgsl`
// sin(x + quarters · π/2). x - k · π/2 lies within ±π/4; π/2 comes in four parts of 11 bits, so that k times each of the first three
// is exact for |k| < 8192: good to a few units in the last place for |x| ≤ 10000, and worse and worse beyond.
fn quarterSine(x: Value, quarters: f32) -> Value {
  let k = round(x * 0.63661977);
  let r = (((x - k * 1.5703125) - k * 0.00048375130) - k * 7.5495336e-8) - k * 2.5633441e-12;
  let square = r * r;
  let sine = r + r * square * (-0.16666667 + square * (0.008333334 + square * (-0.0001984127 + square * 2.7557319e-6)));
  let cosine = 1.0 + square * (-0.5 + square * (0.041666668 + square * (-0.0013888889 + square * (2.4801588e-5 + square * -2.7557319e-7))));
  let turns = k + quarters;
  let quadrant = turns - 4.0 * floor(turns * 0.25);
  let value = select(sine, cosine, (quadrant == Value(1.0)) | (quadrant == Value(3.0)));
  return select(value, -value, quadrant >= Value(2.0));
}
` };

export const power: HelperText = { text: () => wgsl`
// a^b. Whole exponents up to 15 are products of squares, others go by 2^(b · log2|a|); only whole ones have a negative base, and
// odd ones keep its sign. 0^0 = 1.
fn power(a: Value, b: Value) -> Value {
  let size = abs(a);
  let count = abs(b);
  var rest = min(floor(count), Value(15.0));
  var square = size;
  var whole = Value(1.0);
  for (var i = 0u; i < 4u; i += 1u) {
    let half = floor(0.5 * rest);
    whole = select(whole, whole * square, rest > 2.0 * half);
    square = square * square;
    rest = half;
  }
  whole = select(whole, 1.0 / whole, b < Value(0.0));
  // b itself where it is NaN.
  let atZero = select(select(b, Value(0.0), b > Value(0.0)), 1.0 / size, b < Value(0.0));
  let broken = select(exp2(b * log2(size)), atZero, size == Value(0.0));
  let isWhole = floor(count) == count;
  let result = select(broken, whole, isWhole & (count <= Value(15.0)));
  let isOdd = isWhole & (count - 2.0 * floor(0.5 * count) == Value(1.0));
  let signed = select(select(result, log(a), a < Value(0.0)), result, isWhole);
  return select(signed, -result, (a < Value(0.0)) & isOdd);
}
` };

/** All of them by name. */
export const HELPERS = { sigmoid, tanh, erf, expm1, log, log1p, sine, power };

/** The name of a helper. */
export type Helper = keyof typeof HELPERS;

/** Helpers that call another one. */
const NEEDS: Readonly<Partial<Record<Helper, readonly Helper[]>>> = { log1p: ['log'] };

/** The texts of the helpers and of all that they call, each once, what is called first. */
export function helperTexts(names: readonly Helper[]): string[] {
  return [...new Set(names.flatMap((name) => [...NEEDS[name] ?? [], name]))].map((name) => HELPERS[name].text());
}
