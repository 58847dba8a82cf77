import { complexMapped, complexScale, complexSigmoid, complexTanh } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import { positive, twoArmed, twoArmedBackward } from '../reference/branched.ts';
import { mapped, mappedBackward } from '../reference/curve.ts';
import type { Curve } from '../reference/curve.ts';
import { NO_ERRORS } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { complexGeluErf, complexGeluTanh, complexSilu } from './complex-curves.ts';
import { geluErf, geluTanh, sigmoidChange, sigmoidCurve, siluCurve, tanhChange, tanhCurve } from './curves.ts';
import { addDelta } from './change.ts';
import { withoutLastLane } from './mutants.ts';
import type { Convention, Mutant, Options, Proof, Sample, Sizes } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { drawOf, FLAG, flagOf, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** f(x + δ) − y, where y = f(x). */
type ChangeOf = (x: number, y: number, delta: number) => number;

/** Up to here `exactChange` stands in for the plain difference, which cancels little above. */
const SMALL_STEP = 1;

/**
 * y = f(x) for a smooth f. Where layers shrink a step by much, as sigmoids do, f(x + δ) − f(x) would cancel the last
 * digits of δ layer by layer: such an f brings an `exactChange` that does not cancel.
 */
function smooth(
  curveOf: (options: Options, builtins: BuiltinErrors) => Curve, complexOf: (options: Options) => (z: Complex) => Complex, samples: readonly Sample[], mutants: readonly Mutant[], exactChange?: ChangeOf,
  sizes = PLAIN_SIZES,
): Proof {
  return {
    differentiable: ['x'],
    forward: ({ x }, options, { builtins }) => mapped(x, curveOf(options, builtins)),
    complex: ({ x }, options) => complexMapped(x, complexOf(options)),
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
    sizes,
    mutants,
    conventions: [],
  };
}

/** y = x where x > 0, else slope·x. The derivative at 0 is `slope`, as in PyTorch. */
function kinked(
  slopeOf: (options: Options) => number, samples: readonly Sample[], conventions: readonly Convention[], mutants: readonly Mutant[],
  sizes = PLAIN_SIZES,
): Proof {
  return {
    differentiable: ['x'],
    branches: ({ x }) => positive(x),
    // Slopes are not negative: the output lies on the same side as the input.
    adopt: ({ inputs: { x }, out = x }) => out && Uint8Array.from(out, (at) => (at > 0 ? 1 : 0)),
    forward: ({ x }, options, rounding, branches = positive(x)) => twoArmed(x, branches, slopeOf(options), rounding),
    backward: ({ x }, _out, dout, options, rounding, branches = positive(x)) =>
      ({ x: twoArmedBackward(x, dout, branches, slopeOf(options), rounding) }),
    complex: ({ x }, options, branches) => {
      const slope = slopeOf(options);
      return complexMapped(x, (z, i) => complexScale(z, (branches ? branches[i] === 1 : z.re > 0) ? 1 : slope));
    },
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
    sizes,
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

/**
 * Any size; with `zeros` every third number is exactly 0, with `large` they lie far out, where functions saturate. The first
 * one is always positive and near 1: something to prove. `option` names a flag that switches an option of the op on.
 */
function sizesWith<Name extends string>(option?: { readonly flag: Name; readonly options: Options; readonly isOn: (options: Options) => boolean }): Sizes {
  const ranges = { rows: [1, 17], columns: [1, 263], zeros: FLAG, large: FLAG } as const;
  return sizesFrom(
    option ? { ...ranges, [option.flag]: FLAG } : ranges,
    (sizes: Readonly<Record<string, number>>, seed) => {
      const { rows, columns, zeros, large } = sizes;
      const noise = matrixOf(seed, 0, [rows, columns], 0, large ? 30 : 1.5);
      const value = (i: number): number => (i === 0 ? 0.5 + drawOf(seed, 1, 0) : zeros && i % 3 === 1 ? 0 : noise.data[i]);
      return { options: option && sizes[option.flag] ? option.options : {}, inputs: { x: filled([rows, columns], value) } };
    },
    ({ options, inputs: { x } }) => ({ ...rowsAndColumns(x.shape), ...(option ? { [option.flag]: flagOf(option.isOn(options)) } : {}) }),
  );
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

const PLAIN_SIZES = sizesWith();

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
  { name: 'the sign forgotten', kernel: /^tanh$/, find: 'return select(-result, result, x >= Value(0.0));', replace: 'return result;', symptoms: ['mask', 'region'] },
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
