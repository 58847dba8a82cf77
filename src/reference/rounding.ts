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
  /** The library's own erf (a polynomial). */
  readonly erfAbsolute: number;
}

/**
 * What WGSL promises (https://www.w3.org/TR/WGSL/#floating-point-accuracy), and for the library's own tanh and erf what
 * their formulas reach.
 */
const PROMISED_ERRORS: BuiltinErrors = {
  expUlp: 3,
  expUlpPerUnit: 2,
  logAbsolute: 2 ** -21,
  logUlp: 3.5,
  divisionUlp: 2.5,
  inverseSqrtUlp: 2,
  sqrtUlp: 3,
  tanhUlp: 8,
  erfAbsolute: 5e-7,
};

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

/** Standard deviation of exp(x), where `value` is the result and x carries two roundings of its own. */
export function expError(x: number, value: number, builtins: BuiltinErrors): number {
  const size = Math.abs(x);
  return ulpError(builtins.expUlp + (builtins.expUlpPerUnit + 1) * size, value) + FLUSH;
}

/** Standard deviation of log(x), where `value` is the result. */
export function logError(x: number, value: number, builtins: BuiltinErrors): number {
  return x >= 0.5 && x <= 2 ? builtins.logAbsolute / 2 : ulpError(builtins.logUlp, value);
}

/** Standard deviation of a quotient, where `value` is the result. */
export function divisionError(value: number, builtins: BuiltinErrors): number {
  return ulpError(builtins.divisionUlp, value);
}

/** Relative error of dividing by the number of elements, as x/n or as x·(1/n). */
export function meanError(builtins: BuiltinErrors): number {
  return UNIT_ROUNDOFF * Math.max(builtins.divisionUlp, 1);
}
