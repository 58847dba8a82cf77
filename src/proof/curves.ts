import type { Curve } from '../reference/curve.ts';
import { expError, FLUSH, ROUNDING, sigmoidError, ulpError } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { normalDensity, normalIntegral, sigmoid } from '../reference/special.ts';

/** σ(x) = 1/(1 + e^−x), σ′ = σ(1 − σ), σ″ = σ′(1 − 2σ). */
export function sigmoidCurve(builtins: BuiltinErrors): Curve {
  const slope = (x: number): number => sigmoid(x) * sigmoid(-x);
  return {
    value: sigmoid,
    slope,
    bend: (x) => slope(x) * (1 - 2 * sigmoid(x)),
    valueError: (x) => sigmoidError(x, sigmoid(x), builtins),
    // Kernels compute σ(1 − σ) from the rounded σ, where 1 − σ cancels as σ nears 1.
    slopeError: (x) => Math.abs(1 - 2 * sigmoid(x)) * sigmoidError(x, sigmoid(x), builtins) + 2 * ROUNDING * slope(x),
  };
}

/** σ(x + δ) − y with y = σ(x), as y·σ(−x)·(e^δ − 1)/(1 + y·(e^δ − 1)): exact to the last digits however small δ is. */
export function sigmoidChange(x: number, y: number, delta: number): number {
  const growth = Math.expm1(delta);
  return y * sigmoid(-x) * growth / (1 + y * growth);
}

/** tanh(x + δ) − tanh(x), by tanh(x) = 2·σ(2x) − 1: no cosh that overflows. */
export function tanhChange(x: number, _y: number, delta: number): number {
  return 2 * sigmoidChange(2 * x, sigmoid(2 * x), 2 * delta);
}

/** tanh, 1 − tanh², −2·tanh·(1 − tanh²). */
export function tanhCurve(builtins: BuiltinErrors): Curve {
  const error = (x: number): number => ulpError(builtins.tanhUlp, Math.tanh(x)) + FLUSH;
  const slope = (x: number): number => 4 * sigmoid(2 * x) * sigmoid(-2 * x);
  return {
    value: Math.tanh,
    slope,
    bend: (x) => -2 * Math.tanh(x) * slope(x),
    valueError: error,
    // Kernels compute 1 − y² from the rounded y.
    slopeError: (x) => 2 * Math.abs(Math.tanh(x)) * error(x) + ROUNDING * (1 + Math.tanh(x) ** 2),
  };
}

/** x·Φ(x) with the integral Φ and the density φ of the normal distribution; f′ = Φ + xφ, f″ = φ(2 − x²). */
export function geluErf(builtins: BuiltinErrors): Curve {
  const integralError = (x: number): number => builtins.erfAbsolute / 4 + ROUNDING * normalIntegral(x);
  return {
    value: (x) => x * normalIntegral(x),
    slope: (x) => normalIntegral(x) + x * normalDensity(x),
    bend: (x) => normalDensity(x) * (2 - x * x),
    valueError: (x) => Math.abs(x) * integralError(x) + 2 * ROUNDING * Math.abs(x) * normalIntegral(x),
    slopeError: (x) => integralError(x) + Math.abs(x) * expError(x * x / 2, normalDensity(x), builtins)
      + 3 * ROUNDING * (normalIntegral(x) + Math.abs(x) * normalDensity(x)),
  };
}

const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** x/2·(1 + t) with t = tanh(w), w = √(2/π)·(x + 0.044715x³): PyTorch's approximate = 'tanh'. */
export function geluTanh(builtins: BuiltinErrors): Curve {
  const inner = (x: number): number => GELU_SCALE * (x + GELU_CUBIC * x ** 3);
  const innerSlope = (x: number): number => GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x);
  const tanhSlope = (x: number): number => 4 * sigmoid(2 * inner(x)) * sigmoid(-2 * inner(x));
  // w passes up to seven roundings, constants among them.
  const tanhError = (x: number): number =>
    Math.hypot(ulpError(builtins.tanhUlp, Math.tanh(inner(x))), tanhSlope(x) * Math.sqrt(7) * ROUNDING * Math.abs(inner(x)));
  // (1 + tanh w)/2 = σ(2w), which keeps its digits in the left tail.
  const value = (x: number): number => x * sigmoid(2 * inner(x));
  const slope = (x: number): number => sigmoid(2 * inner(x)) + x / 2 * tanhSlope(x) * innerSlope(x);
  return {
    value,
    slope,
    bend: (x) => tanhSlope(x) * innerSlope(x)
      + x / 2 * tanhSlope(x) * (-2 * Math.tanh(inner(x)) * innerSlope(x) ** 2 + GELU_SCALE * 6 * GELU_CUBIC * x),
    valueError: (x) => Math.hypot(Math.abs(x) / 2 * tanhError(x), Math.SQRT2 * ROUNDING * value(x)),
    // Kernels compute 1 − t² from the rounded t = tanh w; w′ and its product with x pass five roundings.
    slopeError: (x) => Math.hypot(
      Math.abs(0.5 - x * Math.tanh(inner(x)) * innerSlope(x)) * tanhError(x),
      ROUNDING * sigmoid(2 * inner(x)),
      ROUNDING * x / 2 * innerSlope(x) * Math.tanh(inner(x)) ** 2,
      ROUNDING * Math.sqrt(5) * x / 2 * tanhSlope(x) * innerSlope(x),
      ROUNDING * slope(x),
    ),
  };
}

/** x·σ(x); f′ = σ(1 + x(1 − σ)), f″ = σ′(2 + x(1 − 2σ)). */
export function siluCurve(builtins: BuiltinErrors): Curve {
  const sigmoidSlope = (x: number): number => sigmoid(x) * sigmoid(-x);
  return {
    value: (x) => x * sigmoid(x),
    slope: (x) => sigmoid(x) * (1 + x * sigmoid(-x)),
    bend: (x) => sigmoidSlope(x) * (2 + x * (1 - 2 * sigmoid(x))),
    valueError: (x) => Math.abs(x) * (sigmoidError(x, sigmoid(x), builtins) + ROUNDING * sigmoid(x)),
    slopeError: (x) => sigmoidError(x, sigmoid(x), builtins) * (1 + Math.abs(x) * Math.abs(1 - 2 * sigmoid(x)))
      + 3 * ROUNDING * (sigmoid(x) + Math.abs(x) * sigmoidSlope(x)),
  };
}
