import { scaled } from '../reference/arithmetic.ts';
import { expanded, reduction, summed } from '../reference/axes.ts';
import type { Reduction } from '../reference/axes.ts';
import { meanError } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';

/** y = factor·Σ x over `axes` (all where missing), with the folded axes kept as 1 by `keepDims`. */
function reduce(factorOf: (count: number) => number, factorError: (builtins: BuiltinErrors) => number): Proof {
  return {
    differentiable: ['x'],
    forward({ x }, options, { builtins }) {
      const { shape, map, count } = folding(x.shape, options);
      return scaled(summed(x, map, shape), factorOf(count), factorError(builtins));
    },
    backward({ x }, _out, dout, options, { builtins }) {
      const { map, count } = folding(x.shape, options);
      return { x: scaled(expanded(dout, map, x.shape), factorOf(count), factorError(builtins)) };
    },
    perturb({ inputs: { x }, out, options }) {
      const { map, count } = folding(x.shape, options);
      const factor = factorOf(count);
      return () => {
        out.change.count = 0;
        for (let k = 0; k < x.change.count; k++) addDelta(out.change, map[x.change.index[k]], factor * x.change.delta[k]);
      };
    },
    samples: SAMPLES,
    mutants: [],
    conventions: [],
  };
}

function folding(shape: Shape, options: Options): Reduction {
  const axes = Array.isArray(options.axes) ? options.axes.map(Number) : undefined;
  return reduction(shape, axes, options.keepDims === true);
}

const SAMPLES: readonly Sample[] = [
  sample([1]),
  sample([257]),
  sample([5, 7]),
  sample([16, 17], { axes: [0] }),
  sample([15, 63], { axes: [1] }),
  sample([3, 65], { axes: [-1], keepDims: true }),
  sample([3, 4, 5], { axes: [0, 2] }),
  sample([3, 4, 5], { axes: [1], keepDims: true }),
  sample([67, 11], { axes: [0], keepDims: true }),
  sample([2, 263], { axes: [1] }),
  sample([5, 13], { axes: [0, 1], keepDims: true }),
  { name: 'terms that cancel', options: { axes: [1] }, inputs: { x: filled([4, 64], (i) => (i % 2 ? -1 : 1) * (1000 + i % 7)) } },
  { name: 'zeros and one peak', options: { axes: [0] }, inputs: { x: filled([70, 3], (i) => (i % 71 === 5 ? 3 : 0)) } },
];

function sample(shape: Shape, options: Options = {}): Sample {
  return { name: `[${shape.join(', ')}] ${JSON.stringify(options)}`, options, inputs: { x: normals(307 + shape[0], shape) } };
}

export const sum = reduce(() => 1, () => 0);
export const mean = reduce((count) => 1 / count, meanError);
