import { zeros } from '../reference/tensor.ts';
import { atEachPlace, atEdges, folding, foldMutants, groupsOf, sample } from './folding.ts';
import type { Proof, Sample } from './proof.ts';
import { filled } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** y = the place of the largest or smallest number of each group, counted along the folded axes; the first of equal ones. */
function placeOf(name: 'argMax' | 'argMin', sign: 1 | -1, [compare, turned]: readonly [string, string]): Proof {
  const symptoms = ['reduction', 'region', 'mask', 'formula'] as const;
  return {
    differentiable: [],
    forward({ x }, options, { kinkWidth }) {
      const fold = folding(x.shape, options);
      const list = groupsOf(fold);
      const out = zeros(fold.shape);
      for (let o = 0; o < out.value.length; o++) {
        const start = o * fold.count;
        let best = 0;
        for (let k = 1; k < fold.count; k++) if (sign * x.value[list[start + k]] > sign * x.value[list[start + best]]) best = k;
        out.value[o] = best;
        for (let k = 0; k < fold.count; k++) {
          // Where rounding may have chosen another place, any of both is right.
          const [i, j] = [list[start + k], list[start + best]];
          const sigma = Math.sqrt(x.variance[i] + x.variance[j]);
          if (sigma > 0 && Math.abs(x.value[i] - x.value[j]) <= kinkWidth * sigma) out.variance[o] = Math.max(out.variance[o], (k - best) ** 2);
        }
      }
      return out;
    },
    backward: () => ({}),
    samples: SAMPLES,
    sizes: SIZES,
    mutants: [
      ...foldMutants(name, symptoms),
      { name: 'the other extremum', kernel: new RegExp(`^${name}/`), find: `b.value ${compare} a.value`, replace: `b.value ${turned} a.value`, symptoms },
      { name: 'the last of equal ones', kernel: new RegExp(`^${name}/serial$`), find: `b.value ${compare} a.value`, replace: `b.value ${compare}= a.value`, symptoms },
      { name: 'the first of equal ones in another lane', kernel: new RegExp(`^${name}/workgroup$`), find: 'b.place < a.place && b.value == a.value', replace: 'b.place < 0u', symptoms },
      { name: 'the place in the partial result', kernel: new RegExp(`^${name}/serial$`), find: 'State(value, i)', replace: 'State(value, i - first)', symptoms },
    ],
    conventions: [],
  };
}

const SAMPLES: readonly Sample[] = [
  sample([1]),
  sample([257]),
  sample([16, 17], { axis: 0 }),
  sample([3, 65], { axis: -1, keepDims: true }),
  sample([2, 3, 4, 5], { axis: 1 }),
  sample([5, 13], { keepDims: true }),
  bothEnds(atEachPlace({}, (i) => 0.5 * Math.sin(i))),
  bothEnds(atEdges({}, (i) => 0.5 * Math.sin(i))),
  { name: 'ties', options: { axis: 1 }, inputs: { x: filled([7, 67], (i) => [2, -1, 2, 0, -1, 2, 1][i % 7]) } },
  { name: 'all equal', options: { axis: 1 }, inputs: { x: filled([3, 131], () => -1) } },
];

const SIZES = sizesFrom(
  { rows: [9, 67], columns: [9, 67], overRows: FLAG, keepDims: FLAG },
  ({ rows, columns, overRows, keepDims }, seed) => ({ options: { axis: overRows ? 0 : 1, keepDims: keepDims === 1 }, inputs: { x: matrixOf(seed, 0, [rows, columns]) } }),
  ({ options, inputs: { x } }) => (x.shape.length === 2 && (options.axis === 0 || options.axis === 1)
    ? { rows: x.shape[0], columns: x.shape[1], overRows: flagOf(options.axis === 0), keepDims: flagOf(options.keepDims) } : undefined),
);

/** The same numbers folded along one axis, with as many that stand out below. */
function bothEnds({ name, inputs: { x } }: Sample): Sample {
  return { name, options: { axis: 1 }, inputs: { x: { shape: [2 * x.shape[0], x.shape[1]], data: Float32Array.from([...x.data, ...x.data.map((value) => -value)]) } } };
}

export const argMax = placeOf('argMax', 1, ['>', '<']);
export const argMin = placeOf('argMin', -1, ['<', '>']);
