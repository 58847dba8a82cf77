import { backward, binary, comparison, over, unary, type Formulas } from './formula.ts';
import * as helper from './helpers.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

// The formulas of each op, made when it is: so a page has those of the ops that it uses.

/** √(2/π) and the cubic coefficient of the tanh form of GELU (Hendrycks and Gimpel 2016). */
const GELU_INNER = '0.7978845608 * (x + 0.044715 * x * x * x)';

export const batchNorm = (): Formulas => ({
  /** With statistics that are given: what batchNorm does in evaluation. */
  normalize: { operands: 2, argumentNames: ['x', 'mean', 'variance'], code: ([eps]) => `return (x - mean) * inverseSqrt(variance + ${float(eps!)});` },
  overDeviation: { operands: 1, argumentNames: ['x', 'variance'], code: ([eps]) => `return x * inverseSqrt(variance + ${float(eps!)});` },
});

export const sigmoid = (): Formulas => ({
  sigmoid: unary(() => 'return logistic(x);', [helper.sigmoid]),
  sigmoidBackward: backward('y', () => 'return dout * y * (1.0 - y);'),
});

export const tanh = (): Formulas => ({
  tanh: unary(() => 'return hyperbolicTangent(x);', [helper.tanh]),
  tanhBackward: backward('y', () => 'return dout * (1.0 - y * y);'),
});

export const relu = (): Formulas => ({
  /** Not max(x, 0), which may turn a NaN into 0: a net that has diverged must not look healthy behind its first ReLU. */
  relu: unary(() => 'return select(x, Value(0.0), x <= Value(0.0));'),
  reluBackward: backward('y', () => wgsl`
// The subgradient at 0 is 0.
  return select(Value(0.0), dout, y > Value(0.0));`),
});

export const leakyRelu = (): Formulas => ({
  leakyRelu: unary(([slope]) => `return select(${float(slope!)} * x, x, x > Value(0.0));`),
  leakyReluBackward: backward('y', ([slope]) => wgsl`
// The subgradient at 0 is the negative slope. The sign of y is the sign of x for every slope ≥ 0.
  return select(${float(slope!)} * dout, dout, y > Value(0.0));`),
});

export const gelu = (): Formulas => ({
  gelu: unary(() => 'return 0.5 * x * (1.0 + errorFunction(x * 0.70710678));', [helper.erf]),
  geluBackward: backward('x', () => wgsl`
// d/dx x · Φ(x) = Φ(x) + x · φ(x); φ is 0 in f32 beyond 13.
  let density = 0.39894228 * exp(-0.5 * min(x * x, Value(170.0)));
  return dout * (0.5 * (1.0 + errorFunction(x * 0.70710678)) + x * density);`, [helper.erf]),
  geluTanh: unary(() => `return 0.5 * x * (1.0 + hyperbolicTangent(${GELU_INNER}));`, [helper.tanh]),
  geluTanhBackward: backward('x', () => wgsl`
let t = hyperbolicTangent(${GELU_INNER});
  let inner = 0.7978845608 * (1.0 + 0.134145 * min(x * x, Value(1e4)));
  return dout * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner);`, [helper.tanh]),
});

export const silu = (): Formulas => ({
  silu: unary(() => 'return x * logistic(x);', [helper.sigmoid]),
  siluBackward: backward('x', () => wgsl`
let s = logistic(x);
  return dout * s * (1.0 + x * (1.0 - s));`, [helper.sigmoid]),
});

export const neg = (): Formulas => ({
  neg: unary(() => 'return -x;'),
});

export const abs = (): Formulas => ({
  abs: unary(() => 'return abs(x);'),
  absBackward: backward('x', () => wgsl`
// The subgradient at 0 is 0.
  return select(select(Value(0.0), -dout, x < Value(0.0)), dout, x > Value(0.0));`),
});

export const exp = (): Formulas => ({
  exp: unary(() => 'return exp(x);'),
  expBackward: backward('y', () => 'return dout * y;'),
});

export const expm1 = (): Formulas => ({
  expm1: unary(() => 'return expMinusOne(x);', [helper.expm1]),
  expm1Backward: backward('x', () => wgsl`
// Not dout · (y + 1), which has no digits left where e^x is small.
  return dout * exp(x);`),
});

export const log = (): Formulas => ({
  log: unary(() => 'return naturalLog(x);', [helper.log]),
  logBackward: backward('x', () => 'return dout / x;'),
});

export const log1p = (): Formulas => ({
  log1p: unary(() => 'return logOnePlus(x);', [helper.log, helper.log1p]),
  log1pBackward: backward('x', () => 'return dout / (1.0 + x);'),
});

export const sqrt = (): Formulas => ({
  sqrt: unary(() => wgsl`
// WGSL allows 1 / inverseSqrt(x), which is no number at 0.
  return select(sqrt(x), x, x == Value(0.0));`),
  sqrtBackward: backward('y', () => 'return 0.5 * dout / y;'),
});

export const rsqrt = (): Formulas => ({
  rsqrt: unary(() => 'return inverseSqrt(x);'),
  rsqrtBackward: backward('y', () => 'return -0.5 * dout * y * (y * y);'),
});

export const square = (): Formulas => ({
  square: unary(() => 'return x * x;'),
  squareBackward: backward('x', () => 'return 2.0 * dout * x;'),
});

export const reciprocal = (): Formulas => ({
  reciprocal: unary(() => 'return 1.0 / x;'),
  reciprocalBackward: backward('y', () => 'return -dout * y * y;'),
});

export const sin = (): Formulas => ({
  sin: unary(() => 'return quarterSine(x, 0.0);', [helper.sine]),
  sinBackward: backward('x', () => 'return dout * quarterSine(x, 1.0);', [helper.sine]),
});

export const cos = (): Formulas => ({
  cos: unary(() => 'return quarterSine(x, 1.0);', [helper.sine]),
  cosBackward: backward('x', () => 'return -dout * quarterSine(x, 0.0);', [helper.sine]),
});

export const erf = (): Formulas => ({
  erf: unary(() => 'return errorFunction(x);', [helper.erf]),
  erfBackward: backward('x', () => 'return dout * 1.1283792 * exp(-select(x * x, Value(170.0), x * x > Value(170.0)));'),
});

export const relu6 = (): Formulas => ({
  relu6: unary(() => 'return select(select(x, Value(0.0), x <= Value(0.0)), Value(6.0), x >= Value(6.0));'),
  relu6Backward: backward('y', () => wgsl`
// The subgradient is 0 at 0 and at 6.
  return select(Value(0.0), dout, (y > Value(0.0)) & (y < Value(6.0)));`),
});

export const clamp = (): Formulas => ({
  /** Parameters: whether there is a smallest value, that value; whether there is a largest one, that value. */
  clamp: unary(([hasMin, min, hasMax, max]) => {
    const low = hasMin ? `select(x, Value(${float(min!)}), x < Value(${float(min!)}))` : 'x';
    return `return ${hasMax ? `select(${low}, Value(${float(max!)}), x > Value(${float(max!)}))` : low};`;
  }),
  clampBackward: backward('x', ([hasMin, min, hasMax, max]) => {
    const outside = [...(hasMin ? [`(x < Value(${float(min!)}))`] : []), ...(hasMax ? [`(x > Value(${float(max!)}))`] : [])];
    return wgsl`
// The bounds themselves pass the gradient on.
  return select(dout, Value(0.0), ${outside.join(' | ')});`;
  }),
});

export const elu = (): Formulas => ({
  elu: unary(([alpha]) => `return select(${float(alpha!)} * expMinusOne(x), x, x > Value(0.0));`, [helper.expm1]),
  eluBackward: backward('x', ([alpha]) => wgsl`
// The subgradient at 0 is alpha.
  return select(dout * ${float(alpha!)} * exp(min(x, Value(0.0))), dout, x > Value(0.0));`),
});

export const selu = (): Formulas => ({
  selu: unary(() => 'return select(1.7580993 * expMinusOne(x), 1.050701 * x, x > Value(0.0));', [helper.expm1]),
  seluBackward: backward('x', () => 'return dout * select(1.7580993 * exp(min(x, Value(0.0))), Value(1.050701), x > Value(0.0));'),
});

export const mish = (): Formulas => ({
  mish: unary(() => wgsl`
// x · tanh(log(1 + e^x)), where tanh(log u) = (u² - 1) / (u² + 1), with e = e^-|x| ≤ 1.
  let e = exp(-abs(x));
  let left = e * (e + 2.0);
  let right = 1.0 + 2.0 * e;
  return x * select(left / (left + 2.0), right / (right + 2.0 * e * e), x >= Value(0.0));`),
  mishBackward: backward('x', () => wgsl`
// t + x · t' with t = tanh(log(1 + e^x)) and t' = 4 (1 + e^x) e^x / (u² + 1)².
  let e = exp(-abs(x));
  let isRight = x >= Value(0.0);
  let top = select(e * (e + 2.0), 1.0 + 2.0 * e, isRight);
  let bottom = top + select(Value(2.0), 2.0 * e * e, isRight);
  let slope = 4.0 * (1.0 + e) * e * select(Value(1.0), e, isRight) / (bottom * bottom);
  return dout * (top / bottom + x * slope);`),
});

export const softplus = (): Formulas => ({
  softplus: unary(([beta, threshold]) => wgsl`
let z = ${float(beta!)} * x;
  let soft = (max(z, Value(0.0)) + logOnePlus(exp(-abs(z)))) * ${float(1 / beta!)};
  return select(soft, x, z > Value(${float(threshold!)}));`, [helper.log, helper.log1p]),
  softplusBackward: backward('x', ([beta, threshold]) => wgsl`
let z = ${float(beta!)} * x;
  return select(dout * logistic(z), dout, z > Value(${float(threshold!)}));`, [helper.sigmoid]),
});

export const softsign = (): Formulas => ({
  softsign: unary(() => 'return x / (1.0 + abs(x));'),
  softsignBackward: backward('x', () => wgsl`
let s = 1.0 / (1.0 + abs(x));
  return dout * s * s;`),
});

export const hardSigmoid = (): Formulas => ({
  hardSigmoid: unary(() => 'return select(select((x + 3.0) * 0.16666667, Value(0.0), x <= Value(-3.0)), Value(1.0), x >= Value(3.0));'),
  hardSigmoidBackward: backward('x', () => wgsl`
// The subgradient is 0 at -3 and at 3.
  return select(Value(0.0), dout * 0.16666667, (x > Value(-3.0)) & (x < Value(3.0)));`),
});

export const hardSwish = (): Formulas => ({
  hardSwish: unary(() => 'return select(select(x * (x + 3.0) * 0.16666667, Value(0.0), x <= Value(-3.0)), x, x >= Value(3.0));'),
  hardSwishBackward: backward('x', () => wgsl`
// The subgradient is 0 at -3 and 1 at 3.
  return select(select(dout * (x * 0.33333334 + 0.5), Value(0.0), x <= Value(-3.0)), dout, x >= Value(3.0));`),
});

export const sign = (): Formulas => ({
  sign: unary(() => wgsl`
// 0 and NaN stay what they are.
  return select(select(x, Value(-1.0), x < Value(0.0)), Value(1.0), x > Value(0.0));`),
});

export const floor = (): Formulas => ({
  floor: unary(() => 'return floor(x);'),
});

export const div = (): Formulas => ({
  div: binary('return a / b;', false),
  divBackwardB: over(['dout', 'a', 'b'], 'return -dout * (a / b) / b;'),
});

export const pow = (): Formulas => ({
  pow: binary('return power(a, b);', false, [helper.power]),
  powBackwardA: over(['dout', 'a', 'b'], 'return select(dout * b * power(a, b - 1.0), Value(0.0), b == Value(0.0));', [helper.power]),
  powBackwardB: over(['dout', 'y', 'a', 'b'], wgsl`
// d/db a^b = a^b · log a, and 0 at a = 0.
  return select(dout * y * naturalLog(a), Value(0.0), (a == Value(0.0)) & (b >= Value(0.0)));`, [helper.log]),
});

export const maximum = (): Formulas => ({
  /** Where neither is the larger or an equal one, one of them is NaN, and so is the sum. */
  maximum: binary('return select(a + b, select(b, a, a >= b), (a >= b) | (a < b));', true),
  maximumBackward: over(['dout', 'own', 'other'], wgsl`
// Equal ones share the gradient.
  return select(select(Value(0.0), 0.5 * dout, own == other), dout, own > other);`),
});

export const minimum = (): Formulas => ({
  minimum: binary('return select(a + b, select(b, a, a <= b), (a <= b) | (a > b));', true),
  minimumBackward: over(['dout', 'own', 'other'], wgsl`
// Equal ones share the gradient.
  return select(select(Value(0.0), 0.5 * dout, own == other), dout, own < other);`),
});

export const where = (): Formulas => ({
  where: { ...over(['a', 'condition', 'b'], 'return select(b, a, condition != Value(0.0));'), anyArgument: true },
  whereBackwardA: over(['dout', 'condition'], 'return select(Value(0.0), dout, condition != Value(0.0));'),
  whereBackwardB: over(['dout', 'condition'], 'return select(dout, Value(0.0), condition != Value(0.0));'),
});

export const prelu = (): Formulas => ({
  prelu: over(['x', 'weight'], 'return select(weight * x, x, x > Value(0.0));'),
  preluBackward: over(['dout', 'x', 'weight'], wgsl`
// The subgradient at 0 is the weight.
  return select(weight * dout, dout, x > Value(0.0));`),
  preluWeight: over(['dout', 'x'], 'return select(dout * x, Value(0.0), x > Value(0.0));'),
});

export const equal = (): Formulas => ({
  equal: comparison('==', true),
});

export const notEqual = (): Formulas => ({
  notEqual: comparison('!=', true),
});

export const less = (): Formulas => ({
  less: comparison('<'),
});

export const lessEqual = (): Formulas => ({
  lessEqual: comparison('<='),
});

export const greater = (): Formulas => ({
  greater: comparison('>'),
});

export const greaterEqual = (): Formulas => ({
  greaterEqual: comparison('>='),
});
