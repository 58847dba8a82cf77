import { complexZeros } from '../reference/complex.ts';
import { sizeOf, zeros } from '../reference/tensor.ts';
import type { Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { normals } from './sample-data.ts';
import { FLAG, matrixOf, sizesFrom } from './sizes.ts';

/** One part: its name and, for each of its elements, where it stands in the output. */
interface Part { readonly name: string; readonly map: Int32Array }

function partsOf(inputs: Readonly<Record<string, { readonly shape: Shape }>>, { axis = 0 }: Options): { shape: Shape; parts: Part[] } {
  const names = Object.keys(inputs).filter((name) => /^x\d$/.test(name)).sort();
  const rank = inputs[names[0]].shape.length;
  const along = (Number(axis) + rank) % rank;
  const total = names.reduce((sum, name) => sum + inputs[name].shape[along], 0);
  const shape = inputs[names[0]].shape.map((size, other) => (other === along ? total : size));
  const inner = sizeOf(shape.slice(along + 1));
  let start = 0;
  const parts = names.map((name) => {
    const own = inputs[name].shape[along] * inner;
    const first = start;
    start += own;
    return { name, map: Int32Array.from({ length: sizeOf(inputs[name].shape) }, (_, i) => Math.floor(i / own) * total * inner + first + i % own) };
  });
  return { shape, parts };
}

const sample = (axis: number, ...shapes: Shape[]): Sample => ({
  name: `${shapes.map((shape) => `[${shape.join(', ')}]`).join(' ')} along ${axis}`, options: { axis },
  inputs: Object.fromEntries(shapes.map((shape, part) => [`x${part}`, normals(601 + 7 * part + shape[0], shape)])),
});

/** The inputs one behind the other along an axis. */
export const concat: Proof = {
  differentiable: ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6'],
  forward: (inputs, options) => {
    const { shape, parts } = partsOf(inputs, options);
    const out = zeros(shape);
    for (const { name, map } of parts) {
      map.forEach((to, i) => {
        out.value[to] = inputs[name].value[i];
        out.variance[to] = inputs[name].variance[i];
      });
    }
    return out;
  },
  backward: (inputs, _out, dout, options) => Object.fromEntries(partsOf(inputs, options).parts.map(({ name, map }) => {
    const gradient = zeros(inputs[name].shape);
    map.forEach((from, i) => {
      gradient.value[i] = dout.value[from];
      gradient.variance[i] = dout.variance[from];
    });
    return [name, gradient];
  })),
  complex: (inputs, options) => {
    const { shape, parts } = partsOf(inputs, options);
    const out = complexZeros(shape);
    for (const { name, map } of parts) {
      map.forEach((to, i) => {
        out.re[to] = inputs[name].re[i];
        out.im[to] = inputs[name].im[i];
      });
    }
    return out;
  },
  perturb: ({ inputs, out, options }) => {
    const { parts } = partsOf(inputs, options);
    return () => {
      out.change.count = 0;
      for (const { name, map } of parts) {
        const { change } = inputs[name];
        for (let k = 0; k < change.count; k++) addDelta(out.change, map[change.index[k]], change.delta[k]);
      }
    };
  },
  samples: [
    sample(1, [3, 2], [3, 5], [3, 1]), sample(0, [4], [13]), sample(0, [2, 3], [5, 3]), sample(-1, [5, 16], [5, 17]), sample(1, [2, 3, 4], [2, 1, 4], [2, 2, 4], [2, 5, 4]),
    sample(0, [7]), sample(2, [3, 2, 64], [3, 2, 1]), sample(0, [1], [2], [3], [4], [5], [6], [65]),
  ],
  sizes: sizesFrom(
    { rows: [1, 17], first: [1, 67], second: [1, 17], third: [0, 9], columns: [1, 5], last: FLAG },
    ({ rows, first, second, third, columns, last }, seed) => {
      const shapeOf = (size: number): Shape => (last ? [rows, columns, size] : [rows, size, columns]);
      return {
        options: { axis: last ? 2 : 1 },
        inputs: { x0: matrixOf(seed, 0, shapeOf(first)), x1: matrixOf(seed, 1, shapeOf(second)), ...(third > 0 ? { x2: matrixOf(seed, 2, shapeOf(third)) } : {}) },
      };
    },
  ),
  mutants: [
    withoutLastLane(/^concat$/),
    { name: 'the second part where the first one stands', kernel: /^concat$/, find: 'out[lane] = x0[', replace: 'out[lane] = x1[', symptoms: ['formula', 'zero-block'] },
    { name: 'every block shows the first', kernel: /^concat$/, find: 'let block = lane / ', replace: 'let block = 0u * lane / ', symptoms: ['formula', 'reduction'] },
    { name: 'the places inside of a part forgotten', kernel: /^concat$/, find: '(place - ', replace: '(0u * place + 0u * ', symptoms: ['formula'] },
    withoutLastLane(/^copy$/),
    { name: 'every element is that of the first column', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)', symptoms: ['formula'] },
    { name: 'twice the gradient', kernel: /^copy$/, find: 'store_out(row, column, load_x(row, column))', replace: 'store_out(row, column, 2.0 * load_x(row, column))', symptoms: ['factor'] },
  ],
  conventions: [],
};
