import { reduction } from '../reference/axes.ts';
import type { Reduction } from '../reference/axes.ts';
import type { Shape } from '../reference/tensor.ts';
import { subgroupMutants, withoutLastLane } from './mutants.ts';
import type { Mutant, Options, Sample, SampleTensor, Symptom } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** What reductions over the option `axes` (a list or one number; all where missing) have in common. */

export function folding(shape: Shape, options: Options): Reduction {
  return reduction(shape, axesOf(options), options.keepDims === true);
}

function axesOf({ axes, axis }: Options): number[] | undefined {
  const chosen = axes ?? axis;
  return chosen === undefined ? undefined : (Array.isArray(chosen) ? chosen : [chosen]).map(Number);
}

/** The elements of x that fall into each output: list[o·count] … list[o·count + count − 1], in their order. */
export function groupsOf({ map, count }: Reduction): Int32Array {
  const next = Int32Array.from({ length: map.length / count }, (_, o) => o * count);
  const list = new Int32Array(map.length);
  map.forEach((o, i) => {
    list[next[o]++] = i;
  });
  return list;
}

export function sample(shape: Shape, options: Options = {}, scale = 1): Sample {
  return { name: `[${shape.join(', ')}] ${JSON.stringify(options)}`, options, inputs: { x: normals(307 + shape[0], shape, scale) } };
}

const EDGES = [0, 63, 64, 255, 256, 257, 511, 512, 514] as const;

/** Rows of `background` with one number each, in the column that `place` says. */
function onesAt(rows: number, columns: number, place: (row: number) => number, background: (i: number) => number): SampleTensor {
  return filled([rows, columns], (i) => (i % columns === place(Math.floor(i / columns)) ? 1 + i / 4096 : background(i)));
}

/** One number stands out in each row, at the edges of lanes and partial results. */
export function atEdges(options: Options, background: (i: number) => number): Sample {
  return { name: 'one term at the edges of lanes and partial results', options: { axes: [1], ...options }, inputs: { x: onesAt(EDGES.length, 515, (row) => EDGES[row], background) } };
}

/** One number stands out in each row, at every place of 67. */
export function atEachPlace(options: Options, background: (i: number) => number): Sample {
  return { name: 'one term in each row, at each of 67 places', options: { axes: [1], ...options }, inputs: { x: onesAt(67, 67, (row) => row * 7 % 67, background) } };
}

/** Shapes and axes that every reduction must get right: neighbouring axes and others, first and last, 1 and many. */
export function samplesOver(options: Options = {}, scale = 1): Sample[] {
  return [
    sample([257], options, scale),
    sample([16, 17], { ...options, axes: [0] }, scale),
    sample([3, 65], { ...options, axes: -1, keepDims: true }, scale),
    sample([3, 4, 5], { ...options, axes: [0, 2] }, scale),
    sample([2, 3, 4, 5], { ...options, axes: [-3, 3], keepDims: true }, scale),
  ];
}

/** x is [outer, size, inner]; which of the three are folded is free, none of them included. */
export function foldedSizes(least = 1, data: (seed: number, shape: Shape) => SampleTensor = (seed, shape) => matrixOf(seed, 0, shape), options: Options = {}) {
  return sizesFrom(
    { outer: [1, 17], size: [least, 523], inner: [1, 5], overOuter: FLAG, overSize: FLAG, overInner: FLAG, keepDims: FLAG },
    ({ outer, size, inner, overOuter, overSize, overInner, keepDims }, seed) => ({
      options: { ...options, axes: [overOuter, least > 1 ? 1 : overSize, overInner].flatMap((over, axis) => (over ? [axis] : [])), keepDims: keepDims === 1 },
      inputs: { x: data(seed, [outer, size, inner]) },
    }),
    ({ options: { axes: given, keepDims }, inputs: { x } }) => {
      const rank = x.shape.length;
      if (rank > 3) return undefined;
      const axes = given === undefined ? x.shape.map((_, axis) => axis) : axesOf({ axes: given })!.map((axis) => (axis + rank) % rank);
      // A vector is a size; a matrix is [outer, size].
      const place = rank === 1 ? [1] : [0, 1, 2];
      const sizes = [1, 1, 1];
      x.shape.forEach((dimension, axis) => { sizes[place[axis]] = dimension; });
      const over = (axis: number): number => flagOf(axes.some((folded) => place[folded] === axis));
      const [outer, size, inner] = sizes;
      return { outer, size, inner, overOuter: over(0), overSize: over(1), overInner: over(2), keepDims: flagOf(keepDims) };
    },
  );
}

/** Bugs of the walk over the terms, whatever is made of them. `name` is the kernel's, without its variant. */
export function foldMutants(name: string, symptoms: readonly Symptom[] = ['reduction']): Mutant[] {
  const serial = new RegExp(`^${name}/serial$`);
  const workgroup = new RegExp(`^${name}/workgroup$`);
  return [
    { name: 'the first term left out', kernel: serial, find: 'var i = first;', replace: 'var i = first + 1u;', symptoms },
    { name: 'every second partial result', kernel: serial, find: 'first += 256u', replace: 'first += 512u', symptoms },
    { name: 'neighbours instead of the axis', kernel: serial, find: 'startColumn + i * ', replace: 'startColumn + i + 0u * ', symptoms },
    withoutLastLane(serial),
    { name: 'every second round of the lanes', kernel: workgroup, find: 'i += 64u', replace: 'i += 128u', symptoms },
    { name: 'half of the joined results', kernel: workgroup, find: 'other < 8u', replace: 'other < 4u', symptoms },
    ...subgroupMutants(new RegExp(`^${name}/subgroup$`), symptoms, 'other', name === 'prod' ? 'subgroupMul(total)' : /^norm[12]$/.test(name) ? 'subgroupAdd(total)' : undefined),
    { name: 'the last result never stored', kernel: workgroup, find: 'if (lane == 0u && group < ', replace: 'if (lane == 0u && group + 1u < ', symptoms: ['unwritten', 'edge'] },
  ];
}
