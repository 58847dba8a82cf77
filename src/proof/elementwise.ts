import { complexSigmoid, complexTanh } from '../reference/complex.ts';
import { complexGeluErf, complexGeluTanh, complexSilu } from './complex-curves.ts';
import { geluErf, geluTanh, sigmoidChange, sigmoidCurve, siluCurve, tanhChange, tanhCurve } from './curves.ts';
import { atZero, deadUnits, kinked, samplesOf, sizesWith, smooth } from './elementwise-kit.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options } from './proof.ts';

const negativeSlope = (options: Options): number => (typeof options.negativeSlope === 'number' ? options.negativeSlope : 0.01);

export const sigmoid = smooth((_, builtins) => sigmoidCurve(builtins), () => complexSigmoid, samplesOf(), [
  { name: 'the branch for x < 0 forgotten', kernel: /^sigmoid$/, find: 'return select(e * s, s, x >= Value(0.0));', replace: 'return s;', symptoms: ['mask', 'region'] },
  { name: 'overflows for x < 0', kernel: /^sigmoid$/, find: 'exp(-abs(x))', replace: 'exp(-x)', symptoms: ['region', 'mask'] },
  { name: '1 - y forgotten', kernel: /^sigmoidBackward$/, find: 'y * (1.0 - y)', replace: 'y', symptoms: ['formula'] },
  { name: 'dout forgotten', kernel: /^sigmoidBackward$/, find: 'dout * y', replace: 'y', symptoms: ['formula'] },
  withoutLastLane(/^sigmoid$/),
  withoutLastLane(/^sigmoidBackward$/),
], sigmoidChange);
export const tanh = smooth((_, builtins) => tanhCurve(builtins), () => complexTanh, samplesOf(), [
  { name: 'the sign forgotten', kernel: /^tanh$/, find: 'select(-result, result, x >= Value(0.0))', replace: 'result', symptoms: ['mask', 'region'] },
  { name: 'a coefficient of the series', kernel: /^tanh$/, find: '0.13333334', replace: '0.13', symptoms: ['region'] },
  { name: 'the series too far out', kernel: /^tanh$/, find: 'Value(0.35)', replace: 'Value(0.9)', symptoms: ['region'] },
  { name: 'y instead of y²', kernel: /^tanhBackward$/, find: 'y * y', replace: 'y', symptoms: ['formula'] },
  { name: 'dout forgotten', kernel: /^tanhBackward$/, find: 'dout * (', replace: '(', symptoms: ['formula'] },
  withoutLastLane(/^tanh$/),
  withoutLastLane(/^tanhBackward$/),
], tanhChange);
export const gelu = smooth(
  (options, builtins) => (options.approximate === 'tanh' ? geluTanh(builtins) : geluErf(builtins)),
  (options) => (options.approximate === 'tanh' ? complexGeluTanh : complexGeluErf),
  [...samplesOf(), ...samplesOf({ approximate: 'tanh' }).filter((_, k) => k % 2 === 1)],
  [
    { name: 'the density term forgotten', kernel: /^geluBackward$/, find: ' + x * density', replace: '', symptoms: ['formula'] },
    { name: 'the density without its factor', kernel: /^geluBackward$/, find: '0.39894228 * ', replace: '0.398 * ', symptoms: ['formula'] },
    { name: 'a coefficient of erf', kernel: /^gelu$/, find: '0.11283792', replace: '0.1128', symptoms: ['region'] },
    { name: 'the far part of erf', kernel: /^gelu$/, find: '-1.4531521', replace: '-1.453', symptoms: ['region'] },
    { name: 'erf of x instead of x/√2', kernel: /^gelu/, find: 'x * 0.70710678', replace: 'x', symptoms: ['formula'] },
    { name: 'the cube differentiated without its 3', kernel: /^geluTanhBackward$/, find: '0.134145', replace: '0.044715', symptoms: ['formula'] },
    { name: 'the tanh term forgotten', kernel: /^geluTanhBackward$/, find: ' + 0.5 * x * (1.0 - t * t) * inner', replace: '', symptoms: ['formula'] },
    { name: 'another cubic coefficient', kernel: /^geluTanh$/, find: '0.044715', replace: '0.0447', symptoms: ['formula'] },
    { name: 'the half forgotten', kernel: /^geluTanh$/, find: 'return 0.5 * x * (', replace: 'return x * (', symptoms: ['factor'] },
    { name: 'the upstream gradient forgotten', kernel: /^geluTanhBackward$/, find: 'return dout * (0.5', replace: 'return (0.5', symptoms: ['formula'] },
    withoutLastLane(/^geluTanh$/),
    withoutLastLane(/^gelu$/),
    withoutLastLane(/^geluBackward$/),
  ],
  undefined,
  sizesWith({ flag: 'tanh', options: { approximate: 'tanh' }, isOn: ({ approximate }) => approximate === 'tanh' }),
);
export const silu = smooth((_, builtins) => siluCurve(builtins), () => complexSilu, samplesOf(), [
  { name: 'x forgotten', kernel: /^silu$/, find: 'return x * logistic(x);', replace: 'return logistic(x);', symptoms: ['formula'] },
  { name: 'the derivative of the sigmoid forgotten', kernel: /^siluBackward$/, find: ' * (1.0 + x * (1.0 - s))', replace: '', symptoms: ['formula'] },
  { name: '1 - s forgotten', kernel: /^siluBackward$/, find: 'x * (1.0 - s)', replace: 'x', symptoms: ['formula'] },
  { name: 'the sigmoid of -x', kernel: /^silu$/, find: 'x * logistic(x)', replace: 'x * logistic(-x)', symptoms: ['formula'] },
  withoutLastLane(/^silu$/),
  withoutLastLane(/^siluBackward$/),
  { name: 'dout forgotten', kernel: /^siluBackward$/, find: 'dout * s', replace: 's', symptoms: ['formula'] },
]);
export const relu = kinked(() => 0, [...samplesOf(), deadUnits()], [atZero("relu'(0) = 0", {}, 0)], [
  { name: 'no rectifier', kernel: /^relu$/, find: 'select(x, Value(0.0), x <= Value(0.0))', replace: 'x', symptoms: ['mask'] },
  { name: 'the mask dropped', kernel: /^reluBackward$/, find: 'select(Value(0.0), dout, y > Value(0.0))', replace: 'dout', symptoms: ['mask'] },
  { name: 'the gradient passes at 0', kernel: /^reluBackward$/, find: 'y > Value(0.0)', replace: 'y >= Value(0.0)', symptoms: ['region', 'mask'] },
  { name: 'the mask turned round', kernel: /^reluBackward$/, find: 'y > Value(0.0)', replace: 'y <= Value(0.0)', symptoms: ['mask'] },
  { name: 'the negative side instead', kernel: /^relu$/, find: 'x <= Value(0.0)', replace: 'x >= Value(0.0)', symptoms: ['mask'] },
  withoutLastLane(/^relu$/),
  withoutLastLane(/^reluBackward$/),
]);
export const leakyRelu = kinked(
  negativeSlope,
  [...samplesOf(), deadUnits({ negativeSlope: 0.3 }), ...samplesOf({ negativeSlope: 0.3 }).slice(-2)],
  [atZero("leakyRelu'(0) = negativeSlope", { negativeSlope: 0.25 }, 0.25), atZero("leakyRelu'(0) = 0 where the slope is 0", { negativeSlope: 0 }, 0)],
  [
    { name: 'the slope on the wrong side', kernel: /^leakyRelu$/, find: 'x > Value(0.0)', replace: 'x < Value(0.0)', symptoms: ['mask'] },
    { name: 'the slope forgotten', kernel: /^leakyReluBackward$/, find: 'select(', replace: 'select(0.0 * ', symptoms: ['mask', 'region'] },
    { name: 'another slope at 0', kernel: /^leakyReluBackward$/, find: 'y > Value(0.0)', replace: 'y >= Value(0.0)', symptoms: ['region', 'mask'] },
    { name: 'the mask dropped', kernel: /^leakyReluBackward$/, find: 'y > Value(0.0)', replace: 'y > Value(-1e9)', symptoms: ['mask'] },
    { name: 'the slope on both sides', kernel: /^leakyRelu$/, find: 'x > Value(0.0)', replace: 'x > Value(1e9)', symptoms: ['mask'] },
    withoutLastLane(/^leakyRelu$/),
    withoutLastLane(/^leakyReluBackward$/),
  ],
  sizesWith({ flag: 'steep', options: { negativeSlope: 0.3 }, isOn: (options) => negativeSlope(options) > 0.1 }),
);
