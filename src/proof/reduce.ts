import { scaled } from '../reference/arithmetic.ts';
import { expanded, reduction, summed } from '../reference/axes.ts';
import type { Reduction } from '../reference/axes.ts';
import { complexSummed } from '../reference/complex.ts';
import { meanError } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { SERIAL_SUM, withoutLastLane, WITHOUT_MEAN } from './mutants.ts';
import type { Mutant, Options, Proof, Sample, SampleTensor } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

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
    sizes: SIZES,
    mutants,
    conventions: [],
  };
}

function folding(shape: Shape, options: Options): Reduction {
  const axes = Array.isArray(options.axes) ? options.axes.map(Number) : undefined;
  return reduction(shape, axes, options.keepDims === true);
}

const EDGES = [0, 63, 64, 255, 256, 257, 511, 512, 514] as const;

/** Rows of zeros with one number each, in the column that `place` says. */
function onesAt(rows: number, columns: number, place: (row: number) => number): SampleTensor {
  return filled([rows, columns], (i) => (i % columns === place(Math.floor(i / columns)) ? 1 + i / 4096 : 0));
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
  { name: 'one term in each row, at each of 67 places', options: { axes: [1] }, inputs: { x: onesAt(67, 67, (row) => row * 7 % 67) } },
  { name: 'one term in each column, at each of 67 places', options: { axes: [0] }, inputs: { x: onesAt(67, 67, (row) => row * 7 % 67) } },
  { name: 'one term at the edges of lanes and partial sums', options: { axes: [1] }, inputs: { x: onesAt(EDGES.length, 515, (row) => EDGES[row]) } },
  { name: 'zeros and one peak', options: { axes: [0] }, inputs: { x: filled([70, 3], (i) => (i % 71 === 5 ? 3 : 0)) } },
];

/** x is [outer, size, inner]; which of the three are folded is free, none of them included. */
const SIZES = sizesFrom(
  { outer: [1, 17], size: [1, 523], inner: [1, 5], overOuter: FLAG, overSize: FLAG, overInner: FLAG, keepDims: FLAG },
  ({ outer, size, inner, overOuter, overSize, overInner, keepDims }, seed) => ({
    options: { axes: [overOuter, overSize, overInner].flatMap((over, axis) => (over ? [axis] : [])), keepDims: keepDims === 1 },
    inputs: { x: matrixOf(seed, 0, [outer, size, inner]) },
  }),
  ({ options, inputs: { x } }) => {
    const rank = x.shape.length;
    if (rank > 3) return undefined;
    const axes = Array.isArray(options.axes) ? options.axes.map((axis) => (Number(axis) + rank) % rank) : x.shape.map((_, axis) => axis);
    // A vector is a size; a matrix is [outer, size].
    const place = rank === 1 ? [1] : [0, 1, 2];
    const sizes = [1, 1, 1];
    x.shape.forEach((dimension, axis) => { sizes[place[axis]] = dimension; });
    const over = (axis: number): number => flagOf(axes.some((folded) => place[folded] === axis));
    const [outer, size, inner] = sizes;
    return { outer, size, inner, overOuter: over(0), overSize: over(1), overInner: over(2), keepDims: flagOf(options.keepDims) };
  },
);

function sample(shape: Shape, options: Options = {}): Sample {
  return { name: `[${shape.join(', ')}] ${JSON.stringify(options)}`, options, inputs: { x: normals(307 + shape[0], shape) } };
}

export const sum = reduce(() => 1, () => 0, [
  ...SERIAL_SUM,
  { name: 'every second partial sum', kernel: /reduce\/serial/, find: 'first += 256u', replace: 'first += 512u', symptoms: ['reduction'] },
  { name: 'partial sums that miss their last term', kernel: /reduce\/serial/, find: 'min(first + 256u', replace: 'min(first + 255u', symptoms: ['reduction'] },
  { name: 'neighbours instead of the axis', kernel: /reduce\/serial/, find: 'start + i * ', replace: 'start + i + 0u * ', symptoms: ['reduction'] },
  { name: 'the gradient of the first column for all', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)', symptoms: ['formula'] },
  { name: 'the tree begins before all lanes are done', kernel: /reduce\/workgroup/, find: 'partials[lane] = partial;\n  workgroupBarrier();', replace: 'partials[lane] = partial;', symptoms: ['reduction'] },
  { name: 'a step of the tree does not wait for the one before', kernel: /reduce\/workgroup/, find: 'partials[lane + 16u];\n  }\n  workgroupBarrier();', replace: 'partials[lane + 16u];\n  }', symptoms: ['reduction'] },
  { name: 'half a step of the tree', kernel: /reduce\/workgroup/, find: 'if (lane < 16u)', replace: 'if (lane < 8u)', symptoms: ['reduction'] },
  { name: 'every second round of the lanes', kernel: /reduce\/workgroup/, find: 'i += 64u', replace: 'i += 128u', symptoms: ['reduction'] },
  { name: 'only the first round of the lanes', kernel: /reduce\/workgroup/, find: 'partial += ', replace: 'partial = ', symptoms: ['reduction'] },
  { name: 'the last sum never stored', kernel: /reduce\/workgroup/, find: 'if (lane == 0u && group < ', replace: 'if (lane == 0u && group + 1u < ', symptoms: ['unwritten', 'edge'] },
  { name: 'adds to what is there', kernel: /reduce\/serial/, find: 'out[lane] = total', replace: 'out[lane] += total', symptoms: ['garbage', 'unwritten'] },
  withoutLastLane(/^(copy|reduce\/serial)$/),
]);
export const mean = reduce((count) => 1 / count, meanError, [
  WITHOUT_MEAN,
  { name: '1/N missing in the gradient', kernel: /^scale$/, find: 'return x * ', replace: 'return x + 0.0 * ', symptoms: ['factor'] },
  { name: '1/N missing where a workgroup sums', kernel: /reduce\/workgroup/, find: 'partials[0] * ', replace: 'partials[0] + 0.0 * ', symptoms: ['factor'] },
  { name: 'a scale that is off by a thousandth', kernel: /reduce\/serial/, find: 'out[lane] = total * ', replace: 'out[lane] = total * 1.001 * ', symptoms: ['factor'] },
]);
