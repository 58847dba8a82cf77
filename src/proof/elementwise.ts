import { positive, twoArmed, twoArmedBackward } from '../reference/branched.ts';
import { mapped, mappedBackward } from '../reference/curve.ts';
import type { Curve } from '../reference/curve.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { geluErf, geluTanh, sigmoidCurve, siluCurve, tanhCurve } from './curves.ts';
import { addDelta } from './change.ts';
import type { Convention, Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';

/** y = f(x) for a smooth f. */
function smooth(curveOf: (options: Options, builtins: BuiltinErrors) => Curve, samples: readonly Sample[]): Proof {
  return {
    differentiable: ['x'],
    forward: ({ x }, options, { builtins }) => mapped(x, curveOf(options, builtins)),
    backward: ({ x }, _out, dout, options, { builtins }) => ({ x: mappedBackward(x, dout, curveOf(options, builtins)) }),
    perturb: ({ inputs: { x }, out, options }) => {
      const { value } = curveOf(options, NO_ERRORS);
      return () => {
        const { change } = x;
        out.change.count = 0;
        for (let k = 0; k < change.count; k++) {
          const i = change.index[k];
          const delta = value(x.value[i] + change.delta[k]) - out.value[i];
          if (delta !== 0) addDelta(out.change, i, delta);
        }
      };
    },
    samples,
    mutants: [],
    conventions: [],
  };
}

/** Sparse evaluation wants values only. */
const NO_ERRORS: BuiltinErrors = {
  expUlp: 0, expUlpPerUnit: 0, logAbsolute: 0, logUlp: 0, divisionUlp: 0, inverseSqrtUlp: 0, sqrtUlp: 0, tanhUlp: 0, erfAbsolute: 0,
};

/** y = x where x > 0, else slope·x. The derivative at 0 is `slope`, as in PyTorch. */
function kinked(slopeOf: (options: Options) => number, samples: readonly Sample[], conventions: readonly Convention[]): Proof {
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
    mutants: [],
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

export const sigmoid = smooth((_, builtins) => sigmoidCurve(builtins), samplesOf());
export const tanh = smooth((_, builtins) => tanhCurve(builtins), samplesOf());
export const gelu = smooth(
  (options, builtins) => (options.approximate === 'tanh' ? geluTanh(builtins) : geluErf(builtins)),
  [...samplesOf(), ...samplesOf({ approximate: 'tanh' }).filter((_, k) => k % 2 === 1)],
);
export const silu = smooth((_, builtins) => siluCurve(builtins), samplesOf());
export const relu = kinked(() => 0, [...samplesOf(), deadUnits()], [atZero("relu'(0) = 0", {}, 0)]);
export const leakyRelu = kinked(
  negativeSlope,
  [...samplesOf(), deadUnits({ negativeSlope: 0.3 }), ...samplesOf({ negativeSlope: 0.3 }).slice(-2)],
  [atZero("leakyRelu'(0) = negativeSlope", { negativeSlope: 0.25 }, 0.25)],
);
