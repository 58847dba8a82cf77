import { complexReshaped } from '../reference/complex.ts';
import { reshaped, sizeOf } from '../reference/tensor.ts';
import type { Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** The same numbers under `options.shape`, where one dimension may be −1. */
export const reshape: Proof = {
  differentiable: ['x'],
  forward: ({ x }, options) => reshaped(x, target(x.shape, options)),
  backward: ({ x }, _out, dout) => ({ x: reshaped(dout, x.shape) }),
  complex: ({ x }, options) => complexReshaped(x, target(x.shape, options)),
  perturb: ({ inputs: { x }, out }) => () => {
    out.change.count = 0;
    for (let k = 0; k < x.change.count; k++) addDelta(out.change, x.change.index[k], x.change.delta[k]);
  },
  samples: [sample([1], []), sample([15], [3, 5]), sample([2, 3, 5], [5, 6]), sample([17, 4], [68]), sample([65, 4], [4, 5, 13]), sample([16, 4], [64]), sample([257], [257, 1]), sample([6, 7], [-1, 3])],
  sizes: sizesFrom(
    { first: [1, 17], second: [1, 7], third: [1, 67], infer: FLAG },
    ({ first, second, third, infer }, seed) => ({
      options: { shape: [infer ? -1 : first * second, third] }, inputs: { x: matrixOf(seed, 0, [first, second * third]) },
    }),
    ({ options, inputs: { x } }) => {
      const wanted = Array.isArray(options.shape) ? options.shape.map(Number) : [];
      if (x.shape.length !== 2 || wanted.length !== 2) return undefined;
      return { first: x.shape[0], second: x.shape[1] / wanted[1], third: wanted[1], infer: flagOf(wanted[0] === -1) };
    },
  ),
  mutants: [
    withoutLastLane(/^copy$/),
    { name: 'every element is the first', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)', symptoms: ['formula'] },
    { name: 'twice the gradient', kernel: /^copy$/, find: 'store_out(row, column, load_x(row, column))', replace: 'store_out(row, column, 2.0 * load_x(row, column))', symptoms: ['factor'] },
  ],
  conventions: [],
};

function target(from: Shape, options: Options): Shape {
  const wanted = Array.isArray(options.shape) ? options.shape.map(Number) : [...from];
  const known = sizeOf(wanted.filter((dimension) => dimension !== -1));
  return wanted.map((dimension) => (dimension === -1 ? sizeOf(from) / known : dimension));
}

function sample(from: Shape, shape: Shape): Sample {
  return { name: `[${from.join(', ')}] as [${shape.join(', ')}]`, options: { shape }, inputs: { x: normals(401 + from[0], from) } };
}
