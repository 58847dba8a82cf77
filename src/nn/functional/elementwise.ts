import { checkOptionNames } from '../../errors.ts';
import type { Op } from '../../ops/op.ts';
import type { Tensor } from '../../ops/tensor.ts';
import * as broadcastOps from '../../ops/broadcast.ts';
import * as comparisonOps from '../../ops/comparison.ts';
import * as elementwiseOps from '../../ops/elementwise.ts';
import * as ternaryOps from '../../ops/ternary.ts';
import { apply } from '../../program/trace.ts';

// Element by element. What takes one tensor keeps its shape; what takes several broadcasts them as NumPy does.

const one = (op: Op) => (x: Tensor): Tensor => apply(op, { x });
const two = (op: Op) => (a: Tensor, b: Tensor): Tensor => apply(op, { a, b });

/** -x. */
export const neg = /* @__PURE__ */ one(elementwiseOps.neg);
/** factor · x, for a number that is known when the model is made. */
export const scale = (x: Tensor, factor: number): Tensor => apply(elementwiseOps.scale, { x }, { factor });
/** |x|. The subgradient at 0 is 0. */
export const abs = /* @__PURE__ */ one(elementwiseOps.abs);
/** -1, 0 or 1. The gradient is exactly 0. */
export const sign = /* @__PURE__ */ one(elementwiseOps.sign);
/** The largest whole number ≤ x. The gradient is exactly 0. */
export const floor = /* @__PURE__ */ one(elementwiseOps.floor);
/** x². */
export const square = /* @__PURE__ */ one(elementwiseOps.square);
/** 1/x. */
export const reciprocal = /* @__PURE__ */ one(elementwiseOps.reciprocal);
/** √x for x ≥ 0. The gradient at 0 is infinite. */
export const sqrt = /* @__PURE__ */ one(elementwiseOps.sqrt);
/** 1/√x for x > 0. */
export const rsqrt = /* @__PURE__ */ one(elementwiseOps.rsqrt);
/** e^x. */
export const exp = /* @__PURE__ */ one(elementwiseOps.exp);
/** e^x - 1, to all digits for small x. */
export const expm1 = /* @__PURE__ */ one(elementwiseOps.expm1);
/** The natural logarithm, to all digits also next to 1. */
export const log = /* @__PURE__ */ one(elementwiseOps.log);
/** log(1 + x), to all digits for small x. */
export const log1p = /* @__PURE__ */ one(elementwiseOps.log1p);
/** The sine of an angle in radians: a few units in the last place for |x| ≤ 10,000; no digits are left far beyond. */
export const sin = /* @__PURE__ */ one(elementwiseOps.sin);
/** The cosine of an angle in radians: as exact as `sin`. */
export const cos = /* @__PURE__ */ one(elementwiseOps.cos);
/** The error function 2/√π · ∫₀ˣ e^(-t²) dt. */
export const erf = /* @__PURE__ */ one(elementwiseOps.erf);

/** x between `min` and `max`, either of which may be left out; min ≤ max. The bounds themselves pass the gradient on. */
export function clamp(x: Tensor, options: { min?: number; max?: number }): Tensor {
  checkOptionNames('clamp', options, ['min', 'max']);
  return apply(elementwiseOps.clamp, { x }, { ...options });
}

/** max(x, 0). The subgradient at 0 is 0. */
export const relu = /* @__PURE__ */ one(elementwiseOps.relu);
/** x between 0 and 6. The subgradient at 0 and at 6 is 0. */
export const relu6 = /* @__PURE__ */ one(elementwiseOps.relu6);
/** x where x > 0, else negativeSlope · x (default 0.01, ≥ 0). */
export const leakyRelu = (x: Tensor, options: { negativeSlope?: number } = {}): Tensor => apply(elementwiseOps.leakyRelu, { x }, { ...options });
/** x where x > 0, else weight · x. The weight is [1], or [C] for the places along axis 1. The subgradient at 0 is the weight. */
export const prelu = (x: Tensor, weight: Tensor): Tensor => apply(ternaryOps.prelu, { x, weight });
/** x where x > 0, else alpha · (e^x - 1) (default 1, ≥ 0). The subgradient at 0 is alpha. */
export const elu = (x: Tensor, options: { alpha?: number } = {}): Tensor => apply(elementwiseOps.elu, { x }, { ...options });
/** 1.0507 · elu(x, 1.6733): activations that keep mean 0 and variance 1 (Klambauer et al. 2017). */
export const selu = /* @__PURE__ */ one(elementwiseOps.selu);
/** x · Φ(x), with Φ by erf (`approximate: 'none'`, the default) or by tanh (`'tanh'`). */
export const gelu = (x: Tensor, options: { approximate?: 'none' | 'tanh' } = {}): Tensor => apply(elementwiseOps.gelu, { x }, { ...options });
/** x · sigmoid(x), also called swish. */
export const silu = /* @__PURE__ */ one(elementwiseOps.silu);
/** x · tanh(softplus(x)) (Misra 2019). */
export const mish = /* @__PURE__ */ one(elementwiseOps.mish);
/** 1 / (1 + e^-x). */
export const sigmoid = /* @__PURE__ */ one(elementwiseOps.sigmoid);
/** The hyperbolic tangent. */
export const tanh = /* @__PURE__ */ one(elementwiseOps.tanh);
/** log(1 + e^(beta · x)) / beta (default beta 1, > 0), and x itself where beta · x > threshold (default 20). */
export const softplus = (x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor => apply(elementwiseOps.softplus, { x }, { ...options });
/** x / (1 + |x|). */
export const softsign = /* @__PURE__ */ one(elementwiseOps.softsign);
/** (x + 3)/6 between 0 and 1. The subgradient at -3 and at 3 is 0. */
export const hardSigmoid = /* @__PURE__ */ one(elementwiseOps.hardSigmoid);
/** x · hardSigmoid(x). The subgradient is 0 at -3 and 1 at 3. */
export const hardSwish = /* @__PURE__ */ one(elementwiseOps.hardSwish);

/** a / b. */
export const div = /* @__PURE__ */ two(broadcastOps.div);
/** a^b; a negative a needs a whole b, and gives no gradient of b. 0^0 is 1. */
export const pow = /* @__PURE__ */ two(broadcastOps.pow);
/** The larger of a and b. Equal ones share the gradient. */
export const maximum = /* @__PURE__ */ two(broadcastOps.maximum);
/** The smaller of a and b. Equal ones share the gradient. */
export const minimum = /* @__PURE__ */ two(broadcastOps.minimum);

/** a where the condition (f32 or u32) is not 0, else b. The condition gets no gradient. */
export const where = (condition: Tensor, a: Tensor, b: Tensor): Tensor => apply(ternaryOps.where, { condition, a, b });

/** 1 where a = b, else 0. No gradient. */
export const equal = /* @__PURE__ */ two(comparisonOps.equal);
/** 1 where a ≠ b, else 0. No gradient. */
export const notEqual = /* @__PURE__ */ two(comparisonOps.notEqual);
/** 1 where a < b, else 0. No gradient. */
export const less = /* @__PURE__ */ two(comparisonOps.less);
/** 1 where a ≤ b, else 0. No gradient. */
export const lessEqual = /* @__PURE__ */ two(comparisonOps.lessEqual);
/** 1 where a > b, else 0. No gradient. */
export const greater = /* @__PURE__ */ two(comparisonOps.greater);
/** 1 where a ≥ b, else 0. No gradient. */
export const greaterEqual = /* @__PURE__ */ two(comparisonOps.greaterEqual);
