import { checkOptionNames } from '../../errors.ts';
import type { Tensor } from '../../ops/tensor.ts';
import { apply } from '../../program/trace.ts';

// Element by element. What takes one tensor keeps its shape; what takes several broadcasts them as NumPy does.

const one = (name: string) => (x: Tensor): Tensor => apply(name, { x });
const two = (name: string) => (a: Tensor, b: Tensor): Tensor => apply(name, { a, b });

/** -x. */
export const neg = one('neg');
/** factor · x, for a number that is known when the model is made. */
export const scale = (x: Tensor, factor: number): Tensor => apply('scale', { x }, { factor });
/** |x|. The subgradient at 0 is 0. */
export const abs = one('abs');
/** -1, 0 or 1. The gradient is exactly 0. */
export const sign = one('sign');
/** The largest whole number ≤ x. The gradient is exactly 0. */
export const floor = one('floor');
/** x². */
export const square = one('square');
/** 1/x. */
export const reciprocal = one('reciprocal');
/** √x for x ≥ 0. The gradient at 0 is infinite. */
export const sqrt = one('sqrt');
/** 1/√x for x > 0. */
export const rsqrt = one('rsqrt');
/** e^x. */
export const exp = one('exp');
/** e^x - 1, to all digits for small x. */
export const expm1 = one('expm1');
/** The natural logarithm, to all digits also next to 1. */
export const log = one('log');
/** log(1 + x), to all digits for small x. */
export const log1p = one('log1p');
/** The sine of an angle in radians: a few units in the last place for |x| ≤ 10,000; no digits are left far beyond. */
export const sin = one('sin');
/** The cosine of an angle in radians: as exact as `sin`. */
export const cos = one('cos');
/** The error function 2/√π · ∫₀ˣ e^(-t²) dt. */
export const erf = one('erf');

/** x between `min` and `max`, either of which may be left out; min ≤ max. The bounds themselves pass the gradient on. */
export function clamp(x: Tensor, options: { min?: number; max?: number }): Tensor {
  checkOptionNames('clamp', options, ['min', 'max']);
  return apply('clamp', { x }, { ...options });
}

/** max(x, 0). The subgradient at 0 is 0. */
export const relu = one('relu');
/** x between 0 and 6. The subgradient at 0 and at 6 is 0. */
export const relu6 = one('relu6');
/** x where x > 0, else negativeSlope · x (default 0.01, ≥ 0). */
export const leakyRelu = (x: Tensor, options: { negativeSlope?: number } = {}): Tensor => apply('leakyRelu', { x }, { ...options });
/** x where x > 0, else weight · x. The weight is [1], or [C] for the places along axis 1. The subgradient at 0 is the weight. */
export const prelu = (x: Tensor, weight: Tensor): Tensor => apply('prelu', { x, weight });
/** x where x > 0, else alpha · (e^x - 1) (default 1, ≥ 0). The subgradient at 0 is alpha. */
export const elu = (x: Tensor, options: { alpha?: number } = {}): Tensor => apply('elu', { x }, { ...options });
/** 1.0507 · elu(x, 1.6733): activations that keep mean 0 and variance 1 (Klambauer et al. 2017). */
export const selu = one('selu');
/** x · Φ(x), with Φ by erf (`approximate: 'none'`, the default) or by tanh (`'tanh'`). */
export const gelu = (x: Tensor, options: { approximate?: 'none' | 'tanh' } = {}): Tensor => apply('gelu', { x }, { ...options });
/** x · sigmoid(x), also called swish. */
export const silu = one('silu');
/** x · tanh(softplus(x)) (Misra 2019). */
export const mish = one('mish');
/** 1 / (1 + e^-x). */
export const sigmoid = one('sigmoid');
/** The hyperbolic tangent. */
export const tanh = one('tanh');
/** log(1 + e^(beta · x)) / beta (default beta 1, > 0), and x itself where beta · x > threshold (default 20). */
export const softplus = (x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor => apply('softplus', { x }, { ...options });
/** x / (1 + |x|). */
export const softsign = one('softsign');
/** (x + 3)/6 between 0 and 1. The subgradient at -3 and at 3 is 0. */
export const hardSigmoid = one('hardSigmoid');
/** x · hardSigmoid(x). The subgradient is 0 at -3 and 1 at 3. */
export const hardSwish = one('hardSwish');

/** a / b. */
export const div = two('div');
/** a^b; a negative a needs a whole b, and gives no gradient of b. 0^0 is 1. */
export const pow = two('pow');
/** The larger of a and b. Equal ones share the gradient. */
export const maximum = two('maximum');
/** The smaller of a and b. Equal ones share the gradient. */
export const minimum = two('minimum');

/** a where the condition (f32 or u32) is not 0, else b. The condition gets no gradient. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor => apply('where', { condition, a, b });

/** 1 where a = b, else 0. No gradient. */
export const equal = two('equal');
/** 1 where a ≠ b, else 0. No gradient. */
export const notEqual = two('notEqual');
/** 1 where a < b, else 0. No gradient. */
export const less = two('less');
/** 1 where a ≤ b, else 0. No gradient. */
export const lessEqual = two('lessEqual');
/** 1 where a > b, else 0. No gradient. */
export const greater = two('greater');
/** 1 where a ≥ b, else 0. No gradient. */
export const greaterEqual = two('greaterEqual');
