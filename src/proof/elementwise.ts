import { positive, twoArmed, twoArmedBackward } from '../reference/branched.ts';
import { mapped, mappedBackward } from '../reference/curve.ts';
import type { Curve } from '../reference/curve.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { geluErf, geluTanh, sigmoidChange, sigmoidCurve, siluCurve, tanhChange, tanhCurve } from './curves.ts';
import { addDelta } from './change.ts';
import { withoutLastLane } from './mutants.ts';
import type { Convention, Mutant, Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';

/** f(x + δ) − y, where y = f(x). */
type ChangeOf = (x: number, y: number, delta: number) => number;

/** Up to here `exactChange` stands in for the plain difference, which cancels little above. */
const SMALL_STEP = 1;

/**
 * y = f(x) for a smooth f. Where layers shrink a step by much, as sigmoids do, f(x + δ) − f(x) would cancel the last
 * digits of δ layer by layer: such an f brings an `exactChange` that does not cancel.
 */
function smooth(
  curveOf: (options: Options, builtins: BuiltinErrors) => Curve, samples: readonly Sample[], mutants: readonly Mutant[], exactChange?: ChangeOf,
): Proof {
  return {
    differentiable: ['x'],
    forward: ({ x }, options, { builtins }) => mapped(x, curveOf(options, builtins)),
    backward: ({ x }, _out, dout, options, { builtins }) => ({ x: mappedBackward(x, dout, curveOf(options, builtins)) }),
    perturb: ({ inputs: { x }, out, options }) => {
      const { value } = curveOf(options, NO_ERRORS);
      const plain: ChangeOf = (at, y, step) => value(at + step) - y;
      const small = exactChange ?? plain;
      return () => {
        const { change } = x;
        out.change.count = 0;
        for (let k = 0; k < change.count; k++) {
          const i = change.index[k];
          const step = change.delta[k];
          const delta = (Math.abs(step) <= SMALL_STEP ? small : plain)(x.value[i], out.value[i], step);
          if (delta !== 0) addDelta(out.change, i, delta);
        }
      };
    },
    samples,
    mutants,
    conventions: [],
  };
}

/** Sparse evaluation wants values only. */
const NO_ERRORS: BuiltinErrors = {
  expUlp: 0, expUlpPerUnit: 0, logAbsolute: 0, logUlp: 0, divisionUlp: 0, inverseSqrtUlp: 0, sqrtUlp: 0, tanhUlp: 0, erfAbsolute: 0,
};

/** y = x where x > 0, else slope·x. The derivative at 0 is `slope`, as in PyTorch. */
function kinked(
  slopeOf: (options: Options) => number, samples: readonly Sample[], conventions: readonly Convention[], mutants: readonly Mutant[],
): Proof {
  return {
    differentiable: ['x'],
    branches: ({ x }) => positive(x),
    forward: ({ x }, options, rounding, branches = positive(x)) => twoArmed(x, branches, slopeOf(options), rounding),
    backward: ({ x }, _out, dout, options, rounding, branches = positive(x)) =>
      ({ x: twoArmedBackward(x, dout, branches, slopeOf(options), rounding) }),
    perturb: ({ inputs: { x }, out, options, branches }) => {
      const slope = slopeOf(options);
      return () => {
        const { change } = x;
        out.change.count = 0;
        for (let k = 0; k < change.count; k++) {
          const i = change.index[k];
          const delta = branches?.[i] ? change.delta[k] : slope * change.delta[k];
          if (delta !== 0) addDelta(out.change, i, delta);
        }
      };
    },
    samples,
    mutants,
    conventions,
  };
}

/** Sizes around a workgroup, values where the function bends, exact zeros and a far tail. */
function samplesOf(options: Options = {}): Sample[] {
  const sizes = [[15], [16], [17], [5, 13], [63], [2, 2, 16], [3, 7, 11], [263]];
  return [
    { name: 'one number', options, inputs: { x: filled([1], () => 0.7) } },
    ...sizes.map((shape, k) => ({ name: `normal [${shape.join(', ')}]`, options, inputs: { x: normals(11 + k, shape, 1.5) } })),
    { name: 'every third is exactly 0', options, inputs: { x: filled([4, 17], (i) => (i % 3 === 0 ? 0 : (i - 33.5) / 8)) } },
    { name: 'near 0', options, inputs: { x: filled([67], (i) => (i - 33.5) * 10 ** -(1 + i % 6)) } },
    { name: 'far from 0', options, inputs: { x: filled([47], (i) => [3.7, 8.9, 9.1, 15, 21, 50, 89, 100][i % 8] * (i % 16 < 8 ? 1 : -1) + i / 97) } },
  ];
}

/** All units but a few are dead: their gradient is exactly 0. */
function deadUnits(options: Options = {}): Sample {
  return { name: 'dead units', options, inputs: { x: filled([5, 19], (i) => (i % 19 === 3 ? 1 + i / 7 : -1 - i / 5)) } };
}

function atZero(name: string, options: Options, slope: number): Convention {
  return {
    name,
    options,
    inputs: { x: filled([4], (i) => [0, -0, 2, -2][i]) },
    cotangent: Float32Array.of(3, 5, 7, 11),
    gradients: { x: [3 * slope, 5 * slope, 7, 11 * slope] },
  };
}

const negativeSlope = (options: Options): number => (typeof options.negativeSlope === 'number' ? options.negativeSlope : 0.01);

export const sigmoid = smooth((_, builtins) => sigmoidCurve(builtins), samplesOf(), [
  { name: 'the branch for x < 0 forgotten', kernel: /^sigmoid$/, find: 'return select(e * s, s, x >= Value(0.0));', replace: 'return s;' },
  { name: 'overflows for x < 0', kernel: /^sigmoid$/, find: 'exp(-abs(x))', replace: 'exp(-x)' },
  { name: '1 - y forgotten', kernel: /^sigmoidBackward$/, find: 'y * (1.0 - y)', replace: 'y' },
  { name: 'dout forgotten', kernel: /^sigmoidBackward$/, find: 'dout * y', replace: 'y' },
  withoutLastLane(/^sigmoidBackward$/),
], sigmoidChange);
export const tanh = smooth((_, builtins) => tanhCurve(builtins), samplesOf(), [
  { name: 'the sign forgotten', kernel: /^tanh$/, find: 'return select(-result, result, x >= Value(0.0));', replace: 'return result;' },
  { name: 'a coefficient of the series', kernel: /^tanh$/, find: '0.13333334', replace: '0.13' },
  { name: 'the series too far out', kernel: /^tanh$/, find: 'Value(0.35)', replace: 'Value(0.9)' },
  { name: 'y instead of y²', kernel: /^tanhBackward$/, find: 'y * y', replace: 'y' },
  { name: 'dout forgotten', kernel: /^tanhBackward$/, find: 'dout * (', replace: '(' },
  withoutLastLane(/^tanh$/),
], tanhChange);
export const gelu = smooth(
  (options, builtins) => (options.approximate === 'tanh' ? geluTanh(builtins) : geluErf(builtins)),
  [...samplesOf(), ...samplesOf({ approximate: 'tanh' }).filter((_, k) => k % 2 === 1)],
  [
    { name: 'the density term forgotten', kernel: /^geluBackward$/, find: ' + x * density', replace: '' },
    { name: 'the density without its factor', kernel: /^geluBackward$/, find: '0.39894228 * ', replace: '0.398 * ' },
    { name: 'a coefficient of erf', kernel: /^gelu$/, find: '0.11283792', replace: '0.1128' },
    { name: 'the far part of erf', kernel: /^gelu$/, find: '-1.4531521', replace: '-1.453' },
    { name: 'erf of x instead of x/√2', kernel: /^gelu/, find: 'x * 0.70710678', replace: 'x' },
    { name: 'the cube differentiated without its 3', kernel: /^geluTanhBackward$/, find: '0.134145', replace: '0.044715' },
    { name: 'the tanh term forgotten', kernel: /^geluTanhBackward$/, find: ' + 0.5 * x * (1.0 - t * t) * inner', replace: '' },
    { name: 'another cubic coefficient', kernel: /^geluTanh$/, find: '0.044715', replace: '0.0447' },
  ],
);
export const silu = smooth((_, builtins) => siluCurve(builtins), samplesOf(), [
  { name: 'x forgotten', kernel: /^silu$/, find: 'return x * logistic(x);', replace: 'return logistic(x);' },
  { name: 'the derivative of the sigmoid forgotten', kernel: /^siluBackward$/, find: ' * (1.0 + x * (1.0 - s))', replace: '' },
  { name: '1 - s forgotten', kernel: /^siluBackward$/, find: 'x * (1.0 - s)', replace: 'x' },
  { name: 'dout forgotten', kernel: /^siluBackward$/, find: 'dout * s', replace: 's' },
]);
export const relu = kinked(() => 0, [...samplesOf(), deadUnits()], [atZero("relu'(0) = 0", {}, 0)], [
  { name: 'no rectifier', kernel: /^relu$/, find: 'select(x, Value(0.0), x <= Value(0.0))', replace: 'x' },
  { name: 'the mask dropped', kernel: /^reluBackward$/, find: 'select(Value(0.0), dout, y > Value(0.0))', replace: 'dout' },
  { name: 'the gradient passes at 0', kernel: /^reluBackward$/, find: 'y > Value(0.0)', replace: 'y >= Value(0.0)' },
  { name: 'the mask turned round', kernel: /^reluBackward$/, find: 'y > Value(0.0)', replace: 'y <= Value(0.0)' },
  withoutLastLane(/^reluBackward$/),
]);
export const leakyRelu = kinked(
  negativeSlope,
  [...samplesOf(), deadUnits({ negativeSlope: 0.3 }), ...samplesOf({ negativeSlope: 0.3 }).slice(-2)],
  [atZero("leakyRelu'(0) = negativeSlope", { negativeSlope: 0.25 }, 0.25)],
  [
    { name: 'the slope on the wrong side', kernel: /^leakyRelu$/, find: 'x > Value(0.0)', replace: 'x < Value(0.0)' },
    { name: 'the slope forgotten', kernel: /^leakyReluBackward$/, find: 'select(', replace: 'select(0.0 * ' },
    { name: 'another slope at 0', kernel: /^leakyReluBackward$/, find: 'y > Value(0.0)', replace: 'y >= Value(0.0)' },
    { name: 'the mask dropped', kernel: /^leakyReluBackward$/, find: 'y > Value(0.0)', replace: 'y > Value(-1e9)' },
  ],
);
