import { broadcastMap } from '../reference/axes.ts';
import type { Shape } from '../reference/tensor.ts';
import { withoutLastLane } from './mutants.ts';
import type { Mutant, Options, Sample } from './proof.ts';
import { normals } from './sample-data.ts';
import { selectAxes, selection } from './selection.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

// Views launch nothing forward; their gradients are copied where a leaf needs memory of its own.

const numbers = (list: unknown): number[] => (Array.isArray(list) ? list.map(Number) : []);
const sample = (shape: Shape, options: Options): Sample =>
  ({ name: `[${shape.join(', ')}] ${JSON.stringify(options)}`, options, inputs: { x: normals(503 + shape.length + shape[0], shape) } });

/** What can be wrong with the copy of a gradient that lies in another order. */
const COPY: readonly Mutant[] = [
  withoutLastLane(/^copy$/),
  { name: 'every element is that of the first column', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)', symptoms: ['formula'] },
  { name: 'every element is that of the first row', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(0u, column)', symptoms: ['formula'] },
  { name: 'twice the gradient', kernel: /^copy$/, find: 'store_out(row, column, load_x(row, column))', replace: 'store_out(row, column, 2.0 * load_x(row, column))', symptoms: ['factor'] },
];

/** out[i_p0, i_p1, …] = x[i_0, i_1, …]. */
export const transpose = selection((shape, options) => {
  const permutation = numbers(options.permutation);
  const sizes = permutation.map((axis) => shape[axis]);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const map = new Int32Array(sizes.reduce((a, b) => a * b, 1));
  for (let i = 0; i < map.length; i++) {
    let rest = i;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      map[i] += (rest % sizes[axis]) * strides[permutation[axis]];
      rest = Math.floor(rest / sizes[axis]);
    }
  }
  return { shape: sizes, map };
}, [
  sample([5, 7], { permutation: [1, 0] }), sample([17, 16], { permutation: [1, 0] }), sample([3, 4, 5], { permutation: [2, 0, 1] }), sample([3, 4, 5], { permutation: [0, 2, 1] }),
  sample([2, 3, 4, 8], { permutation: [0, 2, 1, 3] }), sample([65, 3], { permutation: [1, 0] }), sample([13], { permutation: [0] }), sample([2, 67, 5], { permutation: [1, 0, 2] }),
], COPY, sizesFrom(
  { first: [1, 17], second: [1, 67], third: [1, 7], last: FLAG },
  ({ first, second, third, last }, seed) => ({ options: { permutation: last ? [1, 0, 2] : [2, 0, 1] }, inputs: { x: matrixOf(seed, 0, [first, second, third]) } }),
  ({ options, inputs: { x } }) => {
    const order = numbers(options.permutation).join();
    if (x.shape.length !== 3 || (order !== '1,0,2' && order !== '2,0,1')) return undefined;
    return { first: x.shape[0], second: x.shape[1], third: x.shape[2], last: flagOf(order === '1,0,2') };
  },
));

/** The elements in reverse order along the given axes. */
export const flip = selection((shape, options) => {
  const turned = new Set(numbers(options.axes).map((axis) => (axis + shape.length) % shape.length));
  return selectAxes(shape, shape, (axis, place) => (turned.has(axis) ? shape[axis] - 1 - place : place));
}, [
  sample([3, 4], { axes: [1] }), sample([17], { axes: [0] }), sample([5, 16], { axes: [0] }), sample([4, 5, 3], { axes: [0, 2] }), sample([63, 2], { axes: [-1, 0] }), sample([3, 65], { axes: [-1] }),
], COPY, sizesFrom(
  { rows: [1, 17], columns: [1, 67], both: FLAG },
  ({ rows, columns, both }, seed) => ({ options: { axes: both ? [0, 1] : [1] }, inputs: { x: matrixOf(seed, 0, [rows, columns]) } }),
  ({ options, inputs: { x } }) => (x.shape.length === 2 ? { rows: x.shape[0], columns: x.shape[1], both: flagOf(numbers(options.axes).length === 2) } : undefined),
));

/** x[start : end : step] along each axis. */
export const slice = selection((shape, { start, end, step }) => {
  const ranges = shape.map((size, axis) => {
    const bound = (value: number): number => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
    const from = bound(numbers(start)[axis] ?? 0);
    const by = numbers(step)[axis] ?? 1;
    return { from, by, count: Math.ceil((bound(numbers(end)[axis] ?? size) - from) / by) };
  });
  return selectAxes(shape, ranges.map(({ count }) => count), (axis, place) => ranges[axis].from + place * ranges[axis].by);
}, [
  sample([5, 3, 6], { start: [1, 0, 2], end: [4, 3, 5] }), sample([5, 7], { start: [0, 1], end: [5, 6], step: [2, 3] }), sample([17], { start: [-5] }), sample([64, 3], { end: [63] }),
  sample([4, 65], { start: [0, 1], end: [4, -1] }), sample([67, 2], { start: [3], step: [4] }), sample([8, 12], { start: [4, 4], end: [8, 12] }), sample([3, 5], {}),
], [
  withoutLastLane(/^place$/),
  { name: 'what was left out keeps a gradient of 1', kernel: /^place$/, find: 'var value = 0.0f;', replace: 'var value = 1.0f;', symptoms: ['formula', 'garbage', 'mask'] },
  { name: 'always the first element', kernel: /^place$/, find: 'x[index]', replace: 'x[0u]', symptoms: ['formula'] },
  { name: 'only the innermost axis decides', kernel: /^place$/, find: 'if (inside) {', replace: 'if (true) {', symptoms: ['mask', 'formula'] },
], sizesFrom(
  { rows: [1, 17], columns: [1, 67], firstRow: [0, 5], firstColumn: [0, 5], step: [1, 4] },
  ({ rows, columns, firstRow, firstColumn, step }, seed) => ({
    options: { start: [firstRow, firstColumn], end: [firstRow + rows, firstColumn + columns], step: [1, step] }, inputs: { x: matrixOf(seed, 0, [rows + 5, columns + 6]) },
  }),
));

/** x stretched to a shape by broadcasting. */
export const expand = selection((shape, options) => {
  const wanted = numbers(options.shape);
  const out = wanted.map((dimension, axis) => (dimension === -1 ? shape[axis - wanted.length + shape.length] : dimension));
  return { shape: out, map: broadcastMap(shape, out) };
}, [
  sample([1, 7], { shape: [5, 7] }), sample([5, 1], { shape: [5, 17] }), sample([4], { shape: [3, 4] }), sample([3, 1, 5], { shape: [2, -1, 4, -1] }), sample([1], { shape: [263] }),
  sample([2, 3], { shape: [2, 3] }), sample([1, 1, 16], { shape: [3, 5, 16] }),
], [
  { name: 'only the last term of each partial sum', kernel: /reduce\/serial/, find: 'partial += ', replace: 'partial = ', symptoms: ['reduction'] },
  ...COPY.filter(({ name }) => !name.includes('first row')),
], sizesFrom(
  { depth: [1, 5], rows: [1, 67], columns: [1, 17], stretchDepth: FLAG, stretchRows: FLAG },
  ({ depth, rows, columns, stretchDepth, stretchRows }, seed) => ({
    options: { shape: [depth, rows, columns] }, inputs: { x: matrixOf(seed, 0, [stretchDepth ? 1 : depth, stretchRows ? 1 : rows, columns]) },
  }),
));
