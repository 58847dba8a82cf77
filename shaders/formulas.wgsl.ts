import type { Helper } from './helpers.wgsl.ts';
import { REDUCTION_FORMULAS } from './reduction-formulas.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

export { HELPERS } from './helpers.wgsl.ts';

/**
 * One row of the elementwise family: a formula over `Value`, which a kernel makes an alias of f32 or vec4f.
 * The same row serves as a kernel of its own, as the end of a matmul (epilogue) and as the load of one (prologue).
 */
export interface Formula {
  /** Functions that `code` calls. */
  readonly helpers?: readonly Helper[];
  /** How many further arguments of type Value it takes after the first. */
  readonly operands: number;
  /** True where exchanging the first two arguments changes nothing. */
  readonly commutes?: boolean;
  /** True where a chain that has just made any one of its arguments may go on with it. */
  readonly anyArgument?: boolean;
  /** The function's body; `parameters` are numbers printed into the text. Arguments are named by `arguments`. */
  readonly code: (parameters: readonly number[]) => string;
  readonly argumentNames: readonly string[];
}

const unary = (code: Formula['code'], helpers: Formula['helpers'] = []): Formula =>
  ({ operands: 0, code, helpers, argumentNames: ['x'] });
/** `saved` is x or y, whichever the derivative is written in. */
const backward = (saved: 'x' | 'y', code: Formula['code'], helpers: Formula['helpers'] = []): Formula =>
  ({ operands: 1, code, helpers, argumentNames: ['dout', saved] });
const binary = (code: string, commutes: boolean, helpers: Formula['helpers'] = []): Formula =>
  ({ operands: 1, commutes, anyArgument: true, code: () => code, helpers, argumentNames: ['a', 'b'] });
/** A formula over any arguments. */
const over = (argumentNames: readonly string[], code: string, helpers: Formula['helpers'] = []): Formula =>
  ({ operands: argumentNames.length - 1, code: () => code, helpers, argumentNames });
/** 1 where two numbers compare so, else 0. */
const comparison = (operator: string, commutes = false): Formula => binary(`return select(Value(0.0), Value(1.0), a ${operator} b);`, commutes);

/** √(2/π) and the cubic coefficient of the tanh form of GELU (Hendrycks and Gimpel 2016). */
const GELU_INNER = '0.7978845608 * (x + 0.044715 * x * x * x)';

/** Every formula by name. */
export const FORMULAS: Readonly<Record<string, Formula>> = {
  add: binary('return a + b;', true),
  sub: binary('return a - b;', false),
  mul: binary('return a * b;', true),
  identity: unary(() => 'return x;'),
  zero: unary(() => wgsl`
// Not x · 0: that would be NaN for an infinite x.
  return Value(0.0);`),
  scale: unary(([factor]) => `return x * ${float(factor!)};`),

  /** With statistics that are given: what batchNorm does in evaluation. */
  normalize: { operands: 2, argumentNames: ['x', 'mean', 'variance'], code: ([eps]) => `return (x - mean) * inverseSqrt(variance + ${float(eps!)});` },
  overDeviation: { operands: 1, argumentNames: ['x', 'variance'], code: ([eps]) => `return x * inverseSqrt(variance + ${float(eps!)});` },

  sigmoid: unary(() => 'return logistic(x);', ['sigmoid']),
  sigmoidBackward: backward('y', () => 'return dout * y * (1.0 - y);'),

  tanh: unary(() => 'return hyperbolicTangent(x);', ['tanh']),
  tanhBackward: backward('y', () => 'return dout * (1.0 - y * y);'),

  /** Not max(x, 0), which may turn a NaN into 0: a net that has diverged must not look healthy behind its first ReLU. */
  relu: unary(() => 'return select(x, Value(0.0), x <= Value(0.0));'),
  reluBackward: backward('y', () => wgsl`
// The subgradient at 0 is 0.
  return select(Value(0.0), dout, y > Value(0.0));`),

  leakyRelu: unary(([slope]) => `return select(${float(slope!)} * x, x, x > Value(0.0));`),
  leakyReluBackward: backward('y', ([slope]) => wgsl`
// The subgradient at 0 is the negative slope. The sign of y is the sign of x for every slope ≥ 0.
  return select(${float(slope!)} * dout, dout, y > Value(0.0));`),

  gelu: unary(() => 'return 0.5 * x * (1.0 + errorFunction(x * 0.70710678));', ['erf']),
  geluBackward: backward('x', () => wgsl`
// d/dx x · Φ(x) = Φ(x) + x · φ(x); φ is 0 in f32 beyond 13.
  let density = 0.39894228 * exp(-0.5 * min(x * x, Value(170.0)));
  return dout * (0.5 * (1.0 + errorFunction(x * 0.70710678)) + x * density);`, ['erf']),

  geluTanh: unary(() => `return 0.5 * x * (1.0 + hyperbolicTangent(${GELU_INNER}));`, ['tanh']),
  geluTanhBackward: backward('x', () => wgsl`
let t = hyperbolicTangent(${GELU_INNER});
  let inner = 0.7978845608 * (1.0 + 0.134145 * min(x * x, Value(1e4)));
  return dout * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner);`, ['tanh']),

  silu: unary(() => 'return x * logistic(x);', ['sigmoid']),
  siluBackward: backward('x', () => wgsl`
let s = logistic(x);
  return dout * s * (1.0 + x * (1.0 - s));`, ['sigmoid']),

  neg: unary(() => 'return -x;'),
  abs: unary(() => 'return abs(x);'),
  absBackward: backward('x', () => wgsl`
// The subgradient at 0 is 0.
  return select(select(Value(0.0), -dout, x < Value(0.0)), dout, x > Value(0.0));`),
  exp: unary(() => 'return exp(x);'),
  expBackward: backward('y', () => 'return dout * y;'),
  expm1: unary(() => 'return expMinusOne(x);', ['expm1']),
  expm1Backward: backward('x', () => wgsl`
// Not dout · (y + 1), which has no digits left where e^x is small.
  return dout * exp(x);`),
  log: unary(() => 'return naturalLog(x);', ['log']),
  logBackward: backward('x', () => 'return dout / x;'),
  log1p: unary(() => 'return logOnePlus(x);', ['log1p']),
  log1pBackward: backward('x', () => 'return dout / (1.0 + x);'),
  sqrt: unary(() => wgsl`
// WGSL allows 1 / inverseSqrt(x), which is no number at 0.
  return select(sqrt(x), x, x == Value(0.0));`),
  sqrtBackward: backward('y', () => 'return 0.5 * dout / y;'),
  rsqrt: unary(() => 'return inverseSqrt(x);'),
  rsqrtBackward: backward('y', () => 'return -0.5 * dout * y * (y * y);'),
  square: unary(() => 'return x * x;'),
  squareBackward: backward('x', () => 'return 2.0 * dout * x;'),
  reciprocal: unary(() => 'return 1.0 / x;'),
  reciprocalBackward: backward('y', () => 'return -dout * y * y;'),
  sin: unary(() => 'return quarterSine(x, 0.0);', ['sine']),
  sinBackward: backward('x', () => 'return dout * quarterSine(x, 1.0);', ['sine']),
  cos: unary(() => 'return quarterSine(x, 1.0);', ['sine']),
  cosBackward: backward('x', () => 'return -dout * quarterSine(x, 0.0);', ['sine']),
  erf: unary(() => 'return errorFunction(x);', ['erf']),
  erfBackward: backward('x', () => 'return dout * 1.1283792 * exp(-select(x * x, Value(170.0), x * x > Value(170.0)));'),

  relu6: unary(() => 'return select(select(x, Value(0.0), x <= Value(0.0)), Value(6.0), x >= Value(6.0));'),
  relu6Backward: backward('y', () => wgsl`
// The subgradient is 0 at 0 and at 6.
  return select(Value(0.0), dout, (y > Value(0.0)) & (y < Value(6.0)));`),
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
  elu: unary(([alpha]) => `return select(${float(alpha!)} * expMinusOne(x), x, x > Value(0.0));`, ['expm1']),
  eluBackward: backward('x', ([alpha]) => wgsl`
// The subgradient at 0 is alpha.
  return select(dout * ${float(alpha!)} * exp(min(x, Value(0.0))), dout, x > Value(0.0));`),
  selu: unary(() => 'return select(1.7580993 * expMinusOne(x), 1.050701 * x, x > Value(0.0));', ['expm1']),
  seluBackward: backward('x', () => 'return dout * select(1.7580993 * exp(min(x, Value(0.0))), Value(1.050701), x > Value(0.0));'),
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
  softplus: unary(([beta, threshold]) => wgsl`
let z = ${float(beta!)} * x;
  let soft = (max(z, Value(0.0)) + logOnePlus(exp(-abs(z)))) * ${float(1 / beta!)};
  return select(soft, x, z > Value(${float(threshold!)}));`, ['log1p']),
  softplusBackward: backward('x', ([beta, threshold]) => wgsl`
let z = ${float(beta!)} * x;
  return select(dout * logistic(z), dout, z > Value(${float(threshold!)}));`, ['sigmoid']),
  softsign: unary(() => 'return x / (1.0 + abs(x));'),
  softsignBackward: backward('x', () => wgsl`
let s = 1.0 / (1.0 + abs(x));
  return dout * s * s;`),
  hardSigmoid: unary(() => 'return select(select((x + 3.0) * 0.16666667, Value(0.0), x <= Value(-3.0)), Value(1.0), x >= Value(3.0));'),
  hardSigmoidBackward: backward('x', () => wgsl`
// The subgradient is 0 at -3 and at 3.
  return select(Value(0.0), dout * 0.16666667, (x > Value(-3.0)) & (x < Value(3.0)));`),
  hardSwish: unary(() => 'return select(select(x * (x + 3.0) * 0.16666667, Value(0.0), x <= Value(-3.0)), x, x >= Value(3.0));'),
  hardSwishBackward: backward('x', () => wgsl`
// The subgradient is 0 at -3 and 1 at 3.
  return select(select(dout * (x * 0.33333334 + 0.5), Value(0.0), x <= Value(-3.0)), dout, x >= Value(3.0));`),
  sign: unary(() => wgsl`
// 0 and NaN stay what they are.
  return select(select(x, Value(-1.0), x < Value(0.0)), Value(1.0), x > Value(0.0));`),
  floor: unary(() => 'return floor(x);'),

  div: binary('return a / b;', false),
  divBackwardB: over(['dout', 'a', 'b'], 'return -dout * (a / b) / b;'),
  pow: binary('return power(a, b);', false, ['power']),
  powBackwardA: over(['dout', 'a', 'b'], 'return select(dout * b * power(a, b - 1.0), Value(0.0), b == Value(0.0));', ['power']),
  powBackwardB: over(['dout', 'y', 'a', 'b'], wgsl`
// d/db a^b = a^b · log a, and 0 at a = 0.
  return select(dout * y * naturalLog(a), Value(0.0), (a == Value(0.0)) & (b >= Value(0.0)));`, ['log']),
  /** Where neither is the larger or an equal one, one of them is NaN, and so is the sum. */
  maximum: binary('return select(a + b, select(b, a, a >= b), (a >= b) | (a < b));', true),
  maximumBackward: over(['dout', 'own', 'other'], wgsl`
// Equal ones share the gradient.
  return select(select(Value(0.0), 0.5 * dout, own == other), dout, own > other);`),
  minimum: binary('return select(a + b, select(b, a, a <= b), (a <= b) | (a > b));', true),
  minimumBackward: over(['dout', 'own', 'other'], wgsl`
// Equal ones share the gradient.
  return select(select(Value(0.0), 0.5 * dout, own == other), dout, own < other);`),

  where: { ...over(['a', 'condition', 'b'], 'return select(b, a, condition != Value(0.0));'), anyArgument: true },
  whereBackwardA: over(['dout', 'condition'], 'return select(Value(0.0), dout, condition != Value(0.0));'),
  whereBackwardB: over(['dout', 'condition'], 'return select(dout, Value(0.0), condition != Value(0.0));'),
  prelu: over(['x', 'weight'], 'return select(weight * x, x, x > Value(0.0));'),
  preluBackward: over(['dout', 'x', 'weight'], wgsl`
// The subgradient at 0 is the weight.
  return select(weight * dout, dout, x > Value(0.0));`),
  preluWeight: over(['dout', 'x'], 'return select(dout * x, Value(0.0), x > Value(0.0));'),

  equal: comparison('==', true),
  notEqual: comparison('!=', true),
  less: comparison('<'),
  lessEqual: comparison('<='),
  greater: comparison('>'),
  greaterEqual: comparison('>='),

  ...REDUCTION_FORMULAS,
};
