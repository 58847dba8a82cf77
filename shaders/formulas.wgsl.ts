import { float, wgsl } from './wgsl.ts';

/**
 * One row of the elementwise family: a formula over `Value`, which a kernel makes an alias of f32 or vec4f.
 * The same row serves as a kernel of its own, as the end of a matmul (epilogue) and as the load of one (prologue).
 */
export interface Formula {
  /** Functions that `code` calls, by name in `HELPERS`. */
  readonly helpers?: readonly (keyof typeof HELPERS)[];
  /** How many further arguments of type Value it takes after the first. */
  readonly operands: number;
  /** True where exchanging the first two arguments changes nothing. */
  readonly commutes?: boolean;
  /** The function's body; `parameters` are numbers printed into the text. Arguments are named by `arguments`. */
  readonly code: (parameters: readonly number[]) => string;
  readonly argumentNames: readonly string[];
}

/** Functions that several formulas share. */
export const HELPERS = {
  sigmoid: wgsl`
// 1 / (1 + e^-x) without overflow: e^-|x| ≤ 1 always.
fn logistic(x: Value) -> Value {
  let e = exp(-abs(x));
  let s = 1.0 / (1.0 + e);
  return select(e * s, s, x >= Value(0.0));
}
`,
  tanh: wgsl`
// WGSL's tanh may be NaN beyond 88 and loses all digits near 0: an odd series up to 0.35, else by e^2|x|.
fn hyperbolicTangent(x: Value) -> Value {
  let magnitude = min(abs(x), Value(10.0));
  let square = magnitude * magnitude;
  let series = magnitude * (1.0 + square * (-0.33333334 + square * (0.13333334 + square * (-0.053968254
    + square * (0.021869488 + square * -0.0088632355)))));
  let far = 1.0 - 2.0 / (exp(2.0 * magnitude) + 1.0);
  let result = select(far, series, magnitude < Value(0.35));
  return select(-result, result, x >= Value(0.0));
}
`,
  erf: wgsl`
// erf: the Maclaurin series up to 1; beyond, Abramowitz and Stegun 7.1.26 (absolute error ≤ 1.5e-7).
fn errorFunction(x: Value) -> Value {
  let magnitude = min(abs(x), Value(6.0));
  let square = magnitude * magnitude;
  let series = magnitude * (1.1283792 + square * (-0.37612638 + square * (0.11283792 + square * (-0.026866171
    + square * (0.0052239776 + square * (-0.00085483273 + square * (0.00012055333 + square * (-1.4925651e-5
    + square * (1.6462114e-6 + square * (-1.6365844e-7 + square * 1.480719e-8))))))))));
  let t = 1.0 / (1.0 + 0.3275911 * magnitude);
  let far = 1.0 - t * (0.25482959 + t * (-0.28449672 + t * (1.4214138 + t * (-1.4531521 + t * 1.0614054)))) * exp(-square);
  let result = select(far, series, magnitude < Value(1.0));
  return select(-result, result, x >= Value(0.0));
}
`,
} as const;

const unary = (code: Formula['code'], helpers: Formula['helpers'] = []): Formula =>
  ({ operands: 0, code, helpers, argumentNames: ['x'] });
/** `saved` is x or y, whichever the derivative is written in. */
const backward = (saved: 'x' | 'y', code: Formula['code'], helpers: Formula['helpers'] = []): Formula =>
  ({ operands: 1, code, helpers, argumentNames: ['dout', saved] });
const binary = (code: string, commutes: boolean): Formula =>
  ({ operands: 1, commutes, code: () => code, argumentNames: ['a', 'b'] });

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
};
