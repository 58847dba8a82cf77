import type { Curve } from '../reference/curve.ts';
import { divisionError, expError, expm1Error, FLUSH, ROUNDING, sigmoidError, ulpError } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { normalIntegral, sigmoid } from '../reference/special.ts';

/*
 * Functions of one number with their first two derivatives, and the errors of float32 code that computes them. Derivatives are
 * written out here; kernels may write them in another way.
 */

/** e^x. */
export function expCurve(builtins: BuiltinErrors): Curve {
  const error = (x: number): number => expError(x, Math.exp(x), builtins, 0);
  return { value: Math.exp, slope: Math.exp, bend: Math.exp, valueError: error, slopeError: error };
}

/** e^x − 1. */
export function expm1Curve(builtins: BuiltinErrors): Curve {
  return { ...expCurve(builtins), value: Math.expm1, valueError: (x) => expm1Error(x, Math.expm1(x), builtins) };
}

/** log x, 1/x, −1/x². */
export function logCurve(builtins: BuiltinErrors): Curve {
  return {
    value: Math.log, slope: (x) => 1 / x, bend: (x) => -1 / (x * x),
    valueError: (x) => ulpError(builtins.naturalLogUlp, Math.log(x)), slopeError: (x) => divisionError(1 / x, builtins),
  };
}

/** log(1 + x), 1/(1 + x), −1/(1 + x)². */
export function log1pCurve(builtins: BuiltinErrors): Curve {
  const slope = (x: number): number => 1 / (1 + x);
  return {
    value: Math.log1p, slope, bend: (x) => -(slope(x) ** 2),
    valueError: (x) => ulpError(builtins.log1pUlp, Math.log1p(x)) + FLUSH, slopeError: (x) => divisionError(slope(x), builtins) + ROUNDING * slope(x),
  };
}

/** √x, 1/(2√x), −1/(4x√x). */
export function sqrtCurve(builtins: BuiltinErrors): Curve {
  const slope = (x: number): number => 0.5 / Math.sqrt(x);
  return {
    value: Math.sqrt, slope, bend: (x) => -slope(x) / (2 * x),
    valueError: (x) => ulpError(builtins.sqrtUlp, Math.sqrt(x)), slopeError: (x) => ulpError(builtins.sqrtUlp + builtins.divisionUlp, slope(x)),
  };
}

/** 1/√x, −1/(2x√x), 3/(4x²√x). */
export function rsqrtCurve(builtins: BuiltinErrors): Curve {
  const slope = (x: number): number => -0.5 * x ** -1.5;
  return {
    value: (x) => 1 / Math.sqrt(x), slope, bend: (x) => -1.5 * slope(x) / x,
    valueError: (x) => ulpError(builtins.inverseSqrtUlp, 1 / Math.sqrt(x)),
    // The cube of the rounded result.
    slopeError: (x) => ulpError(3 * builtins.inverseSqrtUlp, slope(x)) + 2 * ROUNDING * Math.abs(slope(x)),
  };
}

/** x², 2x, 2. */
export function squareCurve(): Curve {
  return { value: (x) => x * x, slope: (x) => 2 * x, bend: () => 2, valueError: (x) => ROUNDING * x * x + (x === 0 ? 0 : FLUSH), slopeError: () => 0 };
}

/** 1/x, −1/x², 2/x³. */
export function reciprocalCurve(builtins: BuiltinErrors): Curve {
  const error = (x: number): number => divisionError(1 / x, builtins);
  return {
    value: (x) => 1 / x, slope: (x) => -1 / (x * x), bend: (x) => 2 / x ** 3, valueError: error,
    slopeError: (x) => (2 * error(x) + ROUNDING / Math.abs(x)) / Math.abs(x),
  };
}

/** −x: exact. */
export function negCurve(): Curve {
  return { value: (x) => -x, slope: () => -1, bend: () => 0, valueError: () => 0, slopeError: () => 0 };
}

/** sin x, cos x, −sin x. */
export function sinCurve(builtins: BuiltinErrors): Curve {
  const error = (value: number): number => ulpError(builtins.sineUlp, value) + FLUSH;
  return { value: Math.sin, slope: Math.cos, bend: (x) => -Math.sin(x), valueError: (x) => error(Math.sin(x)), slopeError: (x) => error(Math.cos(x)) };
}

/** cos x, −sin x, −cos x. */
export function cosCurve(builtins: BuiltinErrors): Curve {
  const { value, slope, valueError, slopeError } = sinCurve(builtins);
  return { value: slope, slope: (x) => -value(x), bend: (x) => -Math.cos(x), valueError: slopeError, slopeError: valueError };
}

/** erf x, 2/√π·e^(−x²), and that times −2x. */
export function erfCurve(builtins: BuiltinErrors): Curve {
  const slope = (x: number): number => 2 / Math.sqrt(Math.PI) * Math.exp(-x * x);
  return {
    value: (x) => Math.sign(x) * (1 - 2 * normalIntegral(-Math.abs(x) * Math.SQRT2)), slope, bend: (x) => -2 * x * slope(x),
    valueError: () => builtins.erfAbsolute / 2, slopeError: (x) => expError(x * x, slope(x), builtins) + ROUNDING * slope(x),
  };
}

/** x/(1 + |x|), 1/(1 + |x|)², ∓2/(1 + |x|)³. */
export function softsignCurve(builtins: BuiltinErrors): Curve {
  const part = (x: number): number => 1 / (1 + Math.abs(x));
  const error = (value: number): number => divisionError(value, builtins) + ROUNDING * Math.abs(value);
  return {
    value: (x) => x * part(x), slope: (x) => part(x) ** 2, bend: (x) => -2 * Math.sign(x) * part(x) ** 3,
    valueError: (x) => error(x * part(x)), slopeError: (x) => 2 * part(x) * error(part(x)) + ROUNDING * part(x) ** 2,
  };
}

/** x·t with t = tanh(log(1 + e^x)): t′ = (1 − t²)·σ(x), t″ = t′·(1 − σ(x) − 2·t·σ(x)). */
export function mishCurve(builtins: BuiltinErrors): Curve {
  // With u = 1 + e^x, t = (u² − 1)/(u² + 1); on the right divided through by e^2x.
  const tanh = (x: number): number => {
    const e = Math.exp(-Math.abs(x));
    const top = x < 0 ? e * (e + 2) : 1 + 2 * e;
    return top / (top + (x < 0 ? 2 : 2 * e * e));
  };
  // 1 − t² = 4u²/(u² + 1)².
  const rest = (x: number): number => {
    const e = Math.exp(-Math.abs(x));
    const [root, one] = x < 0 ? [1 + e, 1] : [1 + e, e];
    return (2 * root * one / (root * root + one * one)) ** 2;
  };
  const first = (x: number): number => rest(x) * sigmoid(x);
  const second = (x: number): number => first(x) * (sigmoid(-x) - 2 * tanh(x) * sigmoid(x));
  const ofExp = (x: number): number => expError(x, 1, builtins, 0);
  const quotient = divisionError(1, builtins) + 2 * ROUNDING;
  const tanhError = (x: number): number => first(x) * ofExp(x) + tanh(x) * quotient;
  return {
    value: (x) => x * tanh(x), slope: (x) => tanh(x) + x * first(x), bend: (x) => 2 * first(x) + x * second(x),
    valueError: (x) => Math.abs(x) * (tanhError(x) + ROUNDING * tanh(x)),
    slopeError: (x) => tanhError(x) + Math.abs(x) * (Math.abs(second(x)) * ofExp(x) + first(x) * (2 * quotient + 3 * ROUNDING)) + ROUNDING * Math.abs(tanh(x) + x * first(x)),
  };
}

/** log(1 + e^βx)/β, σ(βx), β·σ(βx)·σ(−βx). */
export function softplusCurve(beta: number, builtins: BuiltinErrors): Curve {
  const value = (x: number): number => (Math.max(beta * x, 0) + Math.log1p(Math.exp(-Math.abs(beta * x)))) / beta;
  const slope = (x: number): number => sigmoid(beta * x);
  const bend = (x: number): number => beta * slope(x) * sigmoid(-beta * x);
  // β and its product with x are rounded; powers of 2 are exact.
  const argument = (x: number): number => (Number.isInteger(Math.log2(beta)) ? 0 : Math.SQRT2 * ROUNDING * Math.abs(x));
  return {
    value, slope, bend,
    valueError: (x) => {
      const z = beta * x;
      const e = Math.exp(-Math.abs(z));
      const soft = expError(z, e, builtins, 0) / (1 + e) + ulpError(builtins.log1pUlp, Math.log1p(e)) + FLUSH;
      return Math.hypot(slope(x) * argument(x), soft / beta, 2.3 * ROUNDING * value(x));
    },
    slopeError: (x) => Math.hypot(bend(x) * argument(x), sigmoidError(beta * x, slope(x), builtins)),
  };
}
