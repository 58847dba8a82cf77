import { complexMapped, complexScale } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import { positive, twoArmed, twoArmedBackward } from '../reference/branched.ts';
import { mapped, mappedBackward } from '../reference/curve.ts';
import type { Curve } from '../reference/curve.ts';
import { NO_ERRORS } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { addDelta } from './change.ts';
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
export function smooth(
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
export function kinked(
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
export function samplesOf(options: Options = {}): Sample[] {
  const sizes = [[16], [17], [5, 13], [2, 2, 16], [263]];
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
export function sizesWith<Name extends string>(option?: { readonly flag: Name; readonly options: Options; readonly isOn: (options: Options) => boolean }): Sizes {
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
export function deadUnits(options: Options = {}): Sample {
  return { name: 'dead units', options, inputs: { x: filled([5, 19], (i) => (i % 19 === 3 ? 1 + i / 7 : -1 - i / 5)) } };
}

export function atZero(name: string, options: Options, slope: number): Convention {
  return {
    name,
    options,
    inputs: { x: filled([4], (i) => [0, -0, 2, -2][i]) },
    cotangent: Float32Array.of(3, 5, 7, 11),
    gradients: { x: [3 * slope, 5 * slope, 7, 11 * slope] },
  };
}

const PLAIN_SIZES = sizesWith();

