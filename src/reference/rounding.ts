/** Half the distance from 1 to the next float32: the largest relative error of one rounding. */
export const UNIT_ROUNDOFF = 2 ** -24;

/** Standard deviation of one rounding relative to the result. With κ = 4 it allows 2.4 roundings. */
export const ROUNDING = 0.6 * UNIT_ROUNDOFF;

/** Smallest normal float32. Devices may take anything smaller for zero. */
export const FLUSH = 1.18e-38;

/**
 * The largest errors of the functions that WGSL does not round correctly. `ulp` counts units in the last place of
 * the result (2⁻²³ relative), `absolute` is in the unit of the result. Plain data: a worker receives it as it is.
 */
export interface BuiltinErrors {
  /** exp(x) errs by `expUlp + expUlpPerUnit·|x|` ulp. */
  readonly expUlp: number;
  readonly expUlpPerUnit: number;
  /** log(x) for x in [0.5, 2]. */
  readonly logAbsolute: number;
  /** log(x) elsewhere. */
  readonly logUlp: number;
  readonly divisionUlp: number;
  readonly inverseSqrtUlp: number;
  readonly sqrtUlp: number;
  /** The library's own tanh (an odd polynomial near 0, else by exp): relative everywhere. */
  readonly tanhUlp: number;
  /** The library's own 1/(1 + e^−x) errs by `sigmoidUlp + sigmoidUlpPerUnit·|x|/(1 + e^x)` ulp: the growth is that of e^−|x|. */
  readonly sigmoidUlp: number;
  readonly sigmoidUlpPerUnit: number;
  /** The library's own erf (a polynomial). */
  readonly erfAbsolute: number;
  /** The library's own e^x − 1 errs by `expm1Ulp + expm1UlpPerUnit·max(x, 0)` ulp: the growth is that of e^x. */
  readonly expm1Ulp: number;
  readonly expm1UlpPerUnit: number;
  /** The library's own log and log(1 + x), relative everywhere. */
  readonly naturalLogUlp: number;
  readonly log1pUlp: number;
  /** The library's own sin and cos, for |x| ≤ 10⁴. */
  readonly sineUlp: number;
  /** The library's own a^b errs by `powUlp + powUlpPerUnit·|b|·(1 + |log₂ a|)` ulp. */
  readonly powUlp: number;
  readonly powUlpPerUnit: number;
}

/**
 * What WGSL promises (https://www.w3.org/TR/WGSL/#floating-point-accuracy), and for the library's own functions what
 * their formulas reach with such builtins.
 */
export const PROMISED_ERRORS: BuiltinErrors = {
  expUlp: 3,
  expUlpPerUnit: 2,
  logAbsolute: 2 ** -21,
  logUlp: 3.5,
  divisionUlp: 2.5,
  inverseSqrtUlp: 2,
  // Computed as 1/inverseSqrt(x).
  sqrtUlp: 4.5,
  tanhUlp: 8,
  sigmoidUlp: 7,
  sigmoidUlpPerUnit: 2,
  erfAbsolute: 5e-7,
  expm1Ulp: 8,
  expm1UlpPerUnit: 4,
  naturalLogUlp: 8,
  log1pUlp: 8,
  sineUlp: 4,
  powUlp: 14,
  powUlpPerUnit: 6,
};

/**
 * Variance of a sum or a product that a device may take for 0 where it is no normal number. Next to the rounding of a
 * larger one it is nothing. An exact 0 stays exact.
 */
export function flushVariance(value: number): number {
  return value === 0 ? 0 : FLUSH ** 2;
}

/** For those who want values only. */
export const NO_ERRORS: BuiltinErrors = Object.fromEntries(Object.keys(PROMISED_ERRORS).map((field) => [field, 0])) as Record<keyof BuiltinErrors, number>;

/** All that the variances depend on besides the numbers. */
export interface Rounding {
  readonly builtins: BuiltinErrors;
  /**
   * A branch (the sign of a ReLU's input z) counts as uncertain where |z| ≤ kinkWidth·σ(z): the GPU may have taken the
   * other side, so the whole gradient there counts as error. 0 trusts every branch.
   */
  readonly kinkWidth: number;
}

export const DEFAULT_ROUNDING: Rounding = { builtins: PROMISED_ERRORS, kinkWidth: 8 };

/**
 * Standard deviation of a result that errs by at most `ulp` units in the last place: half of that largest error.
 * One ulp is at most 2⁻²³ of the value, so half an ulp is the unit roundoff.
 */
export function ulpError(ulp: number, value: number): number {
  return ulp * UNIT_ROUNDOFF * Math.abs(value);
}

/**
 * Standard deviation of exp(x), where `value` is the result, or stands for it. x itself carries `roundings` of its own,
 * which its variance does not hold: one where it is a difference or a product made for this call.
 */
export function expError(x: number, value: number, builtins: BuiltinErrors, roundings = 1): number {
  const size = Math.abs(x);
  const argument = ROUNDING * Math.sqrt(roundings) * size * Math.abs(value);
  return Math.hypot(ulpError(builtins.expUlp + builtins.expUlpPerUnit * size, value), argument) + FLUSH;
}

/** Standard deviation of 1/(1 + e^−x) for an exact x, where `value` is the result. */
export function sigmoidError(x: number, value: number, builtins: BuiltinErrors): number {
  return ulpError(builtins.sigmoidUlp + builtins.sigmoidUlpPerUnit * Math.abs(x) * (1 - value), value) + FLUSH;
}

/** Standard deviation of log(x), where `value` is the result. */
export function logError(x: number, value: number, builtins: BuiltinErrors): number {
  return x >= 0.5 && x <= 2 ? builtins.logAbsolute / 2 : ulpError(builtins.logUlp, value);
}

/** Standard deviation of the library's own e^x − 1 for an exact x, where `value` is the result. */
export function expm1Error(x: number, value: number, builtins: BuiltinErrors): number {
  return ulpError(builtins.expm1Ulp + builtins.expm1UlpPerUnit * Math.max(x, 0), value) + FLUSH;
}

/** Standard deviation of the library's own a^b for exact a and b, where `value` is the result. */
export function powError(a: number, b: number, value: number, builtins: BuiltinErrors): number {
  return value === 0 ? 0 : ulpError(builtins.powUlp + builtins.powUlpPerUnit * powSize(a, b), value) + FLUSH;
}

/** What the error of a^b grows with. */
export function powSize(a: number, b: number): number {
  return a === 0 ? 0 : Math.abs(b) * (1 + Math.abs(Math.log2(Math.abs(a))));
}

/** Standard deviation of a quotient, where `value` is the result. */
export function divisionError(value: number, builtins: BuiltinErrors): number {
  return ulpError(builtins.divisionUlp, value);
}

/** Relative error of dividing by the number of elements, as x/n or as x·(1/n). */
export function meanError(builtins: BuiltinErrors): number {
  return UNIT_ROUNDOFF * Math.max(builtins.divisionUlp, 1);
}
