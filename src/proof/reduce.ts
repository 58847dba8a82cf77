import { scaled } from '../reference/arithmetic.ts';
import { expanded, summed } from '../reference/axes.ts';
import { complexSummed } from '../reference/complex.ts';
import { meanError } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { addDelta } from './change.ts';
import { atEachPlace, atEdges, foldedSizes, folding, sample } from './folding.ts';
import { SERIAL_SUM, subgroupMutants, withoutLastLane, WITHOUT_MEAN } from './mutants.ts';
import type { Mutant, Proof, Sample } from './proof.ts';
import { filled } from './sample-data.ts';

/** y = factor·Σ x over `axes` (all where missing), with the folded axes kept as 1 by `keepDims`. */
function reduce(factorOf: (count: number) => number, factorError: (builtins: BuiltinErrors) => number, mutants: readonly Mutant[]): Proof {
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
    complex({ x }, options) {
      const { shape, map, count } = folding(x.shape, options);
      return complexSummed(x, map, shape, factorOf(count));
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
    sizes: foldedSizes(),
    mutants,
    conventions: [],
  };
}

const SAMPLES: readonly Sample[] = [
  sample([1]),
  sample([257]),
  sample([5, 7]),
  sample([16, 17], { axes: [0] }),
  sample([15, 63], { axes: 1 }),
  sample([3, 65], { axes: [-1], keepDims: true }),
  sample([3, 4, 5], { axes: [0, 2] }),
  sample([2, 3, 4, 5], { axes: [-3, 3] }),
  sample([3, 4, 5], { axes: [1], keepDims: true }),
  sample([67, 11], { axes: [0], keepDims: true }),
  sample([2, 263], { axes: [1] }),
  sample([5, 13], { axes: [0, 1], keepDims: true }),
  { name: 'terms that cancel', options: { axes: [1] }, inputs: { x: filled([4, 64], (i) => (i % 2 ? -1 : 1) * (1000 + i % 7)) } },
  atEachPlace({}, () => 0),
  { name: 'one term in each column, at each of 67 places', options: { axes: [0] }, inputs: { x: filled([67, 67], (i) => (i % 67 === Math.floor(i / 67) * 7 % 67 ? 1 + i / 4096 : 0)) } },
  atEdges({}, () => 0),
  { name: 'zeros and one peak', options: { axes: [0] }, inputs: { x: filled([70, 3], (i) => (i % 71 === 5 ? 3 : 0)) } },
];

export const sum = reduce(() => 1, () => 0, [
  ...SERIAL_SUM,
  { name: 'every second partial sum', kernel: /reduce\/serial/, find: 'first += 256u', replace: 'first += 512u', symptoms: ['reduction'] },
  { name: 'partial sums that miss their last term', kernel: /reduce\/serial/, find: 'min(first + 256u', replace: 'min(first + 255u', symptoms: ['reduction'] },
  { name: 'neighbours instead of the axis', kernel: /reduce\/serial/, find: 'startColumn + i * ', replace: 'startColumn + i + 0u * ', symptoms: ['reduction'] },
  { name: 'the gradient of the first column for all', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)', symptoms: ['formula'] },
  { name: 'joining begins before all lanes are done', kernel: /reduce\/workgroup/, find: 'partials[lane] = partial;\n  workgroupBarrier();', replace: 'partials[lane] = partial;', symptoms: ['reduction'] },
  { name: 'the second step of joining does not wait for the first', kernel: /reduce\/workgroup/, find: '    }\n  }\n  workgroupBarrier();', replace: '    }\n  }', symptoms: ['reduction'] },
  { name: 'half of the joined results', kernel: /reduce\/workgroup/, find: 'other < 8u', replace: 'other < 4u', symptoms: ['reduction'] },
  { name: 'every second round of the lanes', kernel: /reduce\/workgroup/, find: 'i += 64u', replace: 'i += 128u', symptoms: ['reduction'] },
  { name: 'only the first round of the lanes', kernel: /reduce\/workgroup/, find: 'partial += ', replace: 'partial = ', symptoms: ['reduction'] },
  { name: 'the last sum never stored', kernel: /reduce\/workgroup/, find: 'if (lane == 0u && group < ', replace: 'if (lane == 0u && group + 1u < ', symptoms: ['unwritten', 'edge'] },
  ...subgroupMutants(/^reduce\/subgroup$/, ['reduction'], 'other', 'subgroupAdd(total)'),
  { name: 'adds to what is there', kernel: /reduce\/serial/, find: 'out[lane] = total', replace: 'out[lane] += total', symptoms: ['garbage', 'unwritten'] },
  withoutLastLane(/^(copy|reduce\/serial)$/),
]);
export const mean = reduce((count) => 1 / count, meanError, [
  WITHOUT_MEAN,
  { name: '1/N missing in the gradient', kernel: /^scale$/, find: 'return x * ', replace: 'return x + 0.0 * ', symptoms: ['factor'] },
  { name: '1/N missing where a workgroup sums', kernel: /reduce\/workgroup/, find: 'out[group] = total * ', replace: 'out[group] = total + 0.0 * ', symptoms: ['factor'] },
  { name: 'a scale that is off by a thousandth', kernel: /reduce\/serial/, find: 'out[lane] = total * ', replace: 'out[lane] = total * 1.001 * ', symptoms: ['factor'] },
]);
