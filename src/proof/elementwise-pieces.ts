import { complexExpm1, complexMul, complexScale, complexSoftplus } from '../reference/complex.ts';
import { complexMapped } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import { pieced, piecedBackward, sidesOf } from '../reference/piecewise.ts';
import type { Pieces } from '../reference/piecewise.ts';
import { NO_ERRORS } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { addDelta } from './change.ts';
import { ABS, clampPieces, eluPieces, HARD_SIGMOID, HARD_SWISH, RELU6, SELU, softplusPieces } from './curves-pieces.ts';
import { withoutLastLane } from './mutants.ts';
import type { Convention, Mutant, Options, Proof } from './proof.ts';
import { rowSamples, rowSizes } from './row-samples.ts';
import type { Numbers } from './row-samples.ts';
import { filled } from './sample-data.ts';

interface PieceRow {
  readonly pieces: (options: Options, builtins: BuiltinErrors) => Pieces;
  /** The pieces for complex numbers. */
  readonly complex: (options: Options) => readonly ((z: Complex) => Complex)[];
  readonly numbers: Numbers;
  readonly optionSets?: readonly Options[];
  readonly conventions: readonly Convention[];
  readonly mutants: readonly Mutant[];
}

/** y = f(x) by pieces. The side at a kink itself is a convention: PyTorch's. */
function row({ pieces, complex, numbers, optionSets, conventions, mutants }: PieceRow): Proof {
  const exactly = (options: Options): Pieces => pieces(options, NO_ERRORS);
  return {
    differentiable: ['x'],
    branches: ({ x }, options) => sidesOf(x.value, exactly(options)),
    adopt: ({ inputs: { x } }, options) => x && sidesOf(x, exactly(options)),
    forward: ({ x }, options, rounding, sides = sidesOf(x.value, exactly(options))) => pieced(x, sides, pieces(options, rounding.builtins), rounding),
    backward: ({ x }, _out, dout, options, rounding, sides = sidesOf(x.value, exactly(options))) =>
      ({ x: piecedBackward(x, dout, sides, pieces(options, rounding.builtins), rounding) }),
    complex: ({ x }, options, sides = sidesOf(x.re, exactly(options))) => {
      const forms = complex(options);
      return complexMapped(x, (z, i) => (forms[sides[i]] ?? forms[1])(z));
    },
    perturb: ({ inputs: { x }, out, options, branches }) => {
      const { curves, side } = exactly(options);
      const sides = branches ?? Uint8Array.from(x.value, side);
      return () => {
        const { change } = x;
        out.change.count = 0;
        for (let k = 0; k < change.count; k++) {
          const i = change.index[k];
          const delta = curves[sides[i]].value(x.value[i] + change.delta[k]) - out.value[i];
          if (delta !== 0) addDelta(out.change, i, delta);
        }
      };
    },
    samples: rowSamples(numbers, optionSets),
    sizes: rowSizes(numbers, optionSets),
    mutants,
    conventions,
  };
}

/** The slopes at the given points. */
function slopes(name: string, points: readonly number[], expected: readonly number[], options: Options = {}): Convention {
  const cotangent = Float32Array.from(points, (_, i) => 3 + 2 * i);
  return { name, options, inputs: { x: filled([points.length], (i) => points[i]) }, cotangent, gradients: { x: expected.map((slope, i) => slope * cotangent[i]) } };
}

const same = (z: Complex): Complex => z;
const constant = (re: number) => (): Complex => ({ re, im: 0 });

export const abs = row({
  pieces: () => ABS,
  complex: () => [(z) => complexScale(z, -1), constant(0), same],
  numbers: { special: [0, -0, 1, -1, 1e-20, -1e20, 0, 7] },
  conventions: [slopes("abs'(0) = 0", [0, -0, 2, -2], [0, 0, 1, -1])],
  mutants: [
    { name: 'the sign kept', kernel: /^abs$/, find: 'return abs(x);', replace: 'return x;', symptoms: ['mask'] },
    { name: 'always negative', kernel: /^abs$/, find: 'return abs(x);', replace: 'return -abs(x);', symptoms: ['factor'] },
    { name: 'the sign of the gradient forgotten', kernel: /^absBackward$/, find: '-dout', replace: 'dout', symptoms: ['mask'] },
    { name: 'the gradient passes at 0', kernel: /^absBackward$/, find: 'x > Value(0.0)', replace: 'x >= Value(0.0)', symptoms: ['region', 'mask'] },
    withoutLastLane(/^abs$/),
    withoutLastLane(/^absBackward$/),
  ],
});

export const relu6 = row({
  pieces: () => RELU6,
  complex: () => [constant(0), same, constant(6)],
  numbers: { at: (noise) => 3 * noise + 2, special: [0, -0, 6, 5.999, 6.001, -1, 1e-6, 100, -100], reach: 3 },
  conventions: [slopes("relu6' is 0 at 0 and at 6", [0, -0, 6, 3, 7, -1], [0, 0, 0, 1, 0, 0])],
  mutants: [
    { name: 'no upper bound', kernel: /^relu6$/, find: 'x >= Value(6.0)', replace: 'x >= Value(1e9)', symptoms: ['mask'] },
    { name: 'no lower bound', kernel: /^relu6$/, find: 'x <= Value(0.0)', replace: 'x <= Value(-1e9)', symptoms: ['mask'] },
    { name: 'the gradient passes at 0', kernel: /^relu6Backward$/, find: 'y > Value(0.0)', replace: 'y >= Value(0.0)', symptoms: ['region', 'mask'] },
    { name: 'the gradient passes beyond 6', kernel: /^relu6Backward$/, find: 'y < Value(6.0)', replace: 'y <= Value(6.0)', symptoms: ['region', 'mask'] },
    withoutLastLane(/^relu6$/),
    withoutLastLane(/^relu6Backward$/),
  ],
});

const bound = (value: unknown, missing: number): number => (typeof value === 'number' ? value : missing);
const clampOf = ({ min, max }: Options): Pieces => clampPieces(bound(min, -Infinity), bound(max, Infinity));

export const clamp = row({
  pieces: clampOf,
  complex: (options) => clampOf(options).curves.map(({ value }, side) => (side === 1 ? same : constant(value(0)))),
  numbers: { special: [-0.5, 0.75, 0, -0, 0.7499, 0.7501, -0.4999, -0.5001, 100, -100] },
  optionSets: [{ min: -0.5, max: 0.75 }, { min: 0.25 }, { max: -0.25 }],
  conventions: [
    slopes('the bounds pass the gradient', [-0.5, 0.75, 0, 1, -1], [1, 1, 1, 0, 0], { min: -0.5, max: 0.75 }),
    slopes('both bounds alike', [2, 1, 3], [1, 0, 0], { min: 2, max: 2 }),
  ],
  mutants: [
    { name: 'the upper bound turned round', kernel: /^clamp$/, find: 'x > Value(0.75f)', replace: 'x < Value(0.75f)', symptoms: ['mask'] },
    { name: 'the only lower bound turned round', kernel: /^clamp$/, find: 'x < Value(0.25f)', replace: 'x > Value(0.25f)', symptoms: ['mask'] },
    { name: 'the lower bound blocks the gradient', kernel: /^clampBackward$/, find: 'x < Value((-0.5f))', replace: 'x <= Value((-0.5f))', symptoms: ['region', 'mask'] },
    { name: 'the gradient passes everywhere', kernel: /^clampBackward$/, find: 'select(dout, Value(0.0)', replace: 'select(dout, dout', symptoms: ['mask'] },
    withoutLastLane(/^clamp$/),
    withoutLastLane(/^clampBackward$/),
  ],
});

const SIXTHS: Numbers = { at: (noise) => 3 * noise, special: [-3, 3, 0, -0, 2.999, -2.999, 3.001, -3.001, -1.5, 1e-6, 50, -50], reach: 4 };

export const hardSigmoid = row({
  pieces: () => HARD_SIGMOID,
  complex: () => [constant(0), (z) => ({ re: (z.re + 3) / 6, im: z.im / 6 }), constant(1)],
  numbers: SIXTHS,
  conventions: [slopes("hardSigmoid' is 0 at -3 and at 3", [-3, 3, -4, 4], [0, 0, 0, 0])],
  mutants: [
    { name: 'no upper bound', kernel: /^hardSigmoid$/, find: 'x >= Value(3.0)', replace: 'x >= Value(1e9)', symptoms: ['mask'] },
    { name: 'the 3 forgotten', kernel: /^hardSigmoid$/, find: 'x + 3.0', replace: 'x', symptoms: ['region', 'formula'] },
    { name: 'the sixth forgotten', kernel: /^hardSigmoidBackward$/, find: 'dout * 0.16666667', replace: 'dout', symptoms: ['factor'] },
    { name: 'the gradient passes at 3', kernel: /^hardSigmoidBackward$/, find: 'x < Value(3.0)', replace: 'x <= Value(3.0)', symptoms: ['region', 'mask'] },
    withoutLastLane(/^hardSigmoid$/),
    withoutLastLane(/^hardSigmoidBackward$/),
  ],
});

export const hardSwish = row({
  pieces: () => HARD_SWISH,
  complex: () => [constant(0), (z) => complexScale(complexMul(z, { re: z.re + 3, im: z.im }), 1 / 6), same],
  numbers: SIXTHS,
  conventions: [slopes("hardSwish' is 0 at -3 and 1 at 3", [-3, 3, -4, 4], [0, 1, 0, 1])],
  mutants: [
    { name: 'x beyond 3 forgotten', kernel: /^hardSwish$/, find: 'x >= Value(3.0)', replace: 'x >= Value(1e9)', symptoms: ['mask', 'region'] },
    { name: 'a hard sigmoid', kernel: /^hardSwish$/, find: 'x * (x + 3.0)', replace: '(x + 3.0)', symptoms: ['region', 'formula'] },
    { name: 'the half forgotten', kernel: /^hardSwishBackward$/, find: ' + 0.5', replace: '', symptoms: ['region', 'formula'] },
    { name: 'the lower bound forgotten', kernel: /^hardSwishBackward$/, find: 'x <= Value(-3.0)', replace: 'x <= Value(-1e9)', symptoms: ['mask'] },
    withoutLastLane(/^hardSwish$/),
    withoutLastLane(/^hardSwishBackward$/),
  ],
});

const alphaOf = ({ alpha }: Options): number => (typeof alpha === 'number' ? alpha : 1);
const BENT: Numbers = { special: [0, -0, 1e-6, -1e-6, -1, 1, -20, -80, 100], reach: 5 };

export const elu = row({
  pieces: (options, builtins) => eluPieces(alphaOf(options), 1, builtins),
  complex: (options) => [(z) => complexScale(complexExpm1(z), alphaOf(options)), same],
  numbers: BENT,
  optionSets: [{}, { alpha: 0.5 }],
  conventions: [slopes("elu'(0) = alpha", [0, -0, 2], [0.25, 0.25, 1], { alpha: 0.25 })],
  mutants: [
    { name: 'alpha forgotten', kernel: /^elu$/, find: '0.5f * expMinusOne', replace: 'expMinusOne', symptoms: ['mask', 'region'] },
    { name: 'e^x instead of e^x - 1', kernel: /^elu$/, find: '* expMinusOne(x)', replace: '* exp(x)', symptoms: ['region', 'mask', 'formula'] },
    { name: 'the slope of the left side forgotten', kernel: /^eluBackward$/, find: ' * exp(min(x, Value(0.0)))', replace: '', symptoms: ['region', 'mask', 'formula'] },
    { name: 'the slope of the right side at 0', kernel: /^eluBackward$/, find: 'x > Value(0.0)', replace: 'x >= Value(0.0)', symptoms: ['region', 'mask'] },
    withoutLastLane(/^elu$/),
    withoutLastLane(/^eluBackward$/),
  ],
});

export const selu = row({
  pieces: (_, builtins) => eluPieces(SELU.alpha, SELU.scale, builtins),
  complex: () => [(z) => complexScale(complexExpm1(z), SELU.alpha * SELU.scale), (z) => complexScale(z, SELU.scale)],
  numbers: BENT,
  conventions: [slopes("selu'(0) = scale · alpha", [0, -0, 2], [SELU.scale * SELU.alpha, SELU.scale * SELU.alpha, SELU.scale])],
  mutants: [
    { name: 'another alpha', kernel: /^selu$/, find: '1.7580993', replace: '1.758', symptoms: ['region', 'mask'] },
    { name: 'another scale', kernel: /^selu$/, find: '1.050701', replace: '1.0507', symptoms: ['region', 'mask'] },
    { name: 'the scale forgotten on the right', kernel: /^seluBackward$/, find: 'Value(1.050701)', replace: 'Value(1.0)', symptoms: ['region', 'mask'] },
    { name: 'the slope of the left side forgotten', kernel: /^seluBackward$/, find: ' * exp(min(x, Value(0.0)))', replace: '', symptoms: ['region', 'mask', 'formula'] },
    withoutLastLane(/^selu$/),
    withoutLastLane(/^seluBackward$/),
  ],
});

const softplusOf = ({ beta, threshold }: Options): readonly [number, number] => [bound(beta, 1), bound(threshold, 20)];

export const softplus = row({
  pieces: (options, builtins) => softplusPieces(...softplusOf(options), builtins),
  complex: (options) => {
    const [beta] = softplusOf(options);
    return [(z) => complexScale(complexSoftplus(complexScale(z, beta)), 1 / beta), same];
  },
  numbers: { special: [0, -0, 1e-6, 1, -1, 19.9, 20.1, -20, 60, -80, 100, -100] },
  optionSets: [{}, { beta: 2, threshold: 3 }, { beta: 0.7 }],
  conventions: [slopes('the threshold itself is soft', [1.5, 2], [1 / (1 + Math.exp(-3)), 1], { beta: 2, threshold: 3 })],
  mutants: [
    { name: 'overflows for large x', kernel: /^softplus$/, find: 'exp(-abs(z))', replace: 'exp(z)', symptoms: ['region', 'mask'] },
    { name: '1/beta forgotten', kernel: /^softplus$/, find: ' * 0.5f', replace: '', symptoms: ['factor', 'region'] },
    { name: 'another threshold', kernel: /^softplus$/, find: 'z > Value(3.0f)', replace: 'z > Value(2.0f)', symptoms: ['region', 'mask'] },
    { name: 'the threshold forgotten', kernel: /^softplusBackward$/, find: 'z > Value(3.0f)', replace: 'z > Value(1e9)', symptoms: ['region', 'mask'] },
    { name: 'beta forgotten', kernel: /^softplusBackward$/, find: 'let z = 2.0f * x;', replace: 'let z = x;', symptoms: ['region', 'formula'] },
    withoutLastLane(/^softplus$/),
    withoutLastLane(/^softplusBackward$/),
  ],
});
