import type { Shape } from '../reference/tensor.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options, Sample } from './proof.ts';
import { normals } from './sample-data.ts';
import { selectAxes, selection } from './selection.ts';
import { matrixOf, sizesFrom } from './sizes.ts';

const sample = (shape: Shape, options: Options): Sample =>
  ({ name: `[${shape.join(', ')}] ${JSON.stringify(options)}`, options, inputs: { x: normals(557 + shape[0], shape) } });

const MODES = ['constant', 'reflect', 'replicate'];

/** Elements before and after each axis: a number, x mirrored at its edges, or the edges repeated. */
export const pad = selection((shape, { padding, mode = 'constant', value = 0 }) => {
  const pairs = padding as readonly (readonly [number, number])[];
  const source = (axis: number, place: number): number => {
    const size = shape[axis];
    const at = place - pairs[axis][0];
    if (at >= 0 && at < size) return at;
    if (mode === 'constant') return -1;
    if (mode === 'replicate') return at < 0 ? 0 : size - 1;
    return at < 0 ? -at : 2 * (size - 1) - at;
  };
  return selectAxes(shape, shape.map((size, axis) => pairs[axis][0] + size + pairs[axis][1]), source, Number(value));
}, [
  sample([5], { padding: [[2, 3]] }), sample([1, 2, 5, 6], { padding: [[0, 0], [0, 0], [1, 2], [2, 1]] }), sample([3, 4], { padding: [[1, 0], [0, 5]], value: -1.5 }),
  sample([5, 7], { padding: [[2, 1], [3, 0]], mode: 'reflect' }), sample([2, 3, 17], { padding: [[0, 0], [2, 2], [0, 16]], mode: 'reflect' }), sample([65], { padding: [[64, 3]], mode: 'reflect' }),
  sample([3, 2], { padding: [[2, 2], [1, 1]], mode: 'reflect' }),
  sample([5, 7], { padding: [[2, 1], [0, 9]], mode: 'replicate' }), sample([1, 3], { padding: [[2, 1], [4, 1]], mode: 'replicate' }), sample([4, 2, 16], { padding: [[0, 1], [1, 0], [0, 0]], mode: 'replicate' }),
], [
  withoutLastLane(/^place$/), withoutLastLane(/^pad-reflect$/), withoutLastLane(/^pad-replicate$/), withoutLastLane(/^pad-reflect-backward$/), withoutLastLane(/^pad-replicate-backward$/),
  { name: 'always the first element', kernel: /^(place|pad-reflect|pad-replicate)$/, find: 'x[index]', replace: 'x[0u]', symptoms: ['formula'] },
  { name: 'zeros instead of the number', kernel: /^place$/, find: '(-1.5f)', replace: '0.0f', symptoms: ['formula', 'zero-block'] },
  { name: 'the edge repeated where it is mirrored', kernel: /^pad-reflect$/, find: 'abs(i32(place) - ', replace: 'max(0i, i32(place) - ', symptoms: ['region', 'formula', 'edge'] },
  { name: 'the edge mirrored where it is repeated', kernel: /^pad-replicate$/, find: 'clamp(i32(place) - ', replace: 'clamp(1i + i32(place) - ', symptoms: ['formula', 'region'] },
  { name: 'the images forgotten', kernel: /^pad-reflect-backward$/, find: ' < 3u; ', replace: ' < 1u; ', symptoms: ['reduction'] },
  { name: 'the images after forgotten', kernel: /^pad-reflect-backward$/, find: ' < 3u; ', replace: ' < 2u; ', symptoms: ['reduction'] },
  { name: 'the padding before forgotten', kernel: /^pad-replicate-backward$/, find: ' == 0u); p', replace: ' == 99u); p', symptoms: ['reduction'] },
  { name: 'only the last place counts', kernel: /^pad-(reflect|replicate)-backward$/, find: 'sum += ', replace: 'sum = ', symptoms: ['reduction'] },
  { name: 'twice the gradient', kernel: /^copy$/, find: 'store_out(row, column, load_x(row, column))', replace: 'store_out(row, column, 2.0 * load_x(row, column))', symptoms: ['factor'] },
  withoutLastLane(/^copy$/),
  { name: 'the gradient of the first column for all', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)', symptoms: ['formula'] },
], sizesFrom(
  { mode: [0, 2], rows: [1, 17], columns: [1, 67], before: [0, 16], after: [0, 16] },
  ({ mode, rows, columns, before, after }, seed) => {
    // A mirror shows no more than what lies behind the edge.
    const most = mode === 1 ? columns - 1 : 16;
    return { options: { padding: [[0, 0], [Math.min(before, most), Math.min(after, most)]], mode: MODES[mode] }, inputs: { x: matrixOf(seed, 0, [rows, columns]) } };
  },
));
