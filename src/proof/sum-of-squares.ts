import { scaled } from '../reference/arithmetic.ts';
import { expanded, reduction, summed } from '../reference/axes.ts';
import { complexMul, complexPaired, complexSummed } from '../reference/complex.ts';
import { ROUNDING } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { subgroupMutants, withoutLastLane } from './mutants.ts';
import type { Mutant, Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { squared } from './squares.ts';
import { FLAG, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** The factor is a float32 number, and multiplying by it rounds. */
const FACTOR_ERROR = Math.SQRT2 * ROUNDING;

/** y = factor·Σ x² over all elements. */
export const sumOfSquares: Proof = {
  differentiable: ['x'],
  forward({ x }, options) {
    const { map } = reduction(x.shape, undefined, false);
    return scaled(summed(squared(x), map, []), factorOf(options), FACTOR_ERROR);
  },

  /** dx = 2·factor·x·dy. */
  backward({ x }, _out, dout, options) {
    const { map } = reduction(x.shape, undefined, false);
    const upstream = expanded(dout, map, x.shape);
    const factor = 2 * factorOf(options);
    const gradient = zeros(x.shape);
    for (let i = 0; i < gradient.value.length; i++) {
      const value = factor * x.value[i] * upstream.value[i];
      gradient.value[i] = value;
      gradient.variance[i] = factor * factor * (x.value[i] ** 2 * upstream.variance[i] + upstream.value[i] ** 2 * x.variance[i])
        + (FACTOR_ERROR ** 2 + ROUNDING ** 2) * value * value;
    }
    return { x: gradient };
  },

  complex({ x }, options) {
    const { map } = reduction(x.shape, undefined, false);
    return complexSummed(complexPaired(x, x, complexMul), map, [], factorOf(options));
  },

  /** (x + δ)² − x² = δ·(2x + δ). */
  perturb({ inputs: { x }, out, options }) {
    const factor = factorOf(options);
    return () => {
      let sum = 0;
      for (let k = 0; k < x.change.count; k++) {
        const delta = x.change.delta[k];
        sum += delta * (2 * x.value[x.change.index[k]] + delta);
      }
      out.change.count = 0;
      if (sum !== 0) addDelta(out.change, 0, factor * sum);
    };
  },

  samples: [
    sample([1], 1),
    sample([5, 7], 0.5),
    sample([16, 16], 5e-5),
    sample([255], 1),
    sample([3, 5, 17], -0.25),
    sample([257], 0.005),
    sample([67, 11], 1),
    sample([2, 523], 0.1),
    { name: 'small weights beside large ones', options: { factor: 0.5 }, inputs: { x: filled([9, 31], (i) => (i % 13 === 4 ? 300 : 1e-3 * (i - 130))) } },
    { name: 'zeros and one peak', options: { factor: 0.5 }, inputs: { x: filled([70, 3], (i) => (i === 71 ? 3 : 0)) } },
    { name: 'beyond what one round of the lanes takes', options: { factor: 1e-4 }, inputs: { x: normals(907, [41, 67]) } },
  ],
  sizes: sizesFrom(
    { rows: [1, 67], columns: [1, 67], small: FLAG },
    ({ rows, columns, small }, seed) => ({ options: { factor: small ? 5e-5 : 1 }, inputs: { x: matrixOf(seed, 0, [rows, columns]) } }),
    ({ options, inputs: { x } }) => ({ ...rowsAndColumns(x.shape), small: options.factor === 5e-5 ? 1 : 0 }),
  ),
  mutants: [
    mutant('the square forgotten', ['formula'], 'x[i] * x[i]', 'x[i]'),
    mutant('only the last square of each lane', ['reduction'], 'partial += ', 'partial = '),
    mutant('every second round of the lanes', ['reduction'], 'i += 256u', 'i += 512u'),
    mutant('half a step of the tree', ['reduction'], 'if (lane < 16u)', 'if (lane < 8u)'),
    mutant('the first step of the tree forgotten', ['reduction'], 'if (lane < 128u)', 'if (lane < 0u)'),
    mutant('the tree begins before all lanes are done', ['reduction'], 'partials[lane] = partial;\n  workgroupBarrier();', 'partials[lane] = partial;'),
    mutant('a step of the tree does not wait for the one before', ['reduction'], 'partials[lane + 16u];\n  }\n  workgroupBarrier();', 'partials[lane + 16u];\n  }'),
    mutant('the factor forgotten', ['factor'], 'partials[0] * ', 'partials[0] + 0.0 * '),
    { name: 'the gradient without its factor', kernel: /^scale/, find: 'return x * ', replace: 'return x + 0.0 * ', symptoms: ['factor'] },
    { name: 'the upstream gradient forgotten', kernel: /^scale/, find: 'return a * b;', replace: 'return a;', symptoms: ['factor'] },
    ...subgroupMutants(/^sum-of-squares\/subgroup$/, ['reduction'], 'other', 'subgroupAdd(total)'),
    withoutLastLane(/^scale\+mul$/),
  ],
  conventions: [],
};

const factorOf = ({ factor }: Options): number => (typeof factor === 'number' ? factor : 1);

function sample(shape: Shape, factor: number): Sample {
  return { name: `[${shape.join(', ')}], factor ${factor}`, options: { factor }, inputs: { x: normals(853 + shape[0], shape) } };
}

function mutant(name: string, symptoms: Mutant['symptoms'], find: string, replace: string): Mutant {
  return { name, kernel: /^sum-of-squares\/workgroup$/, find, replace, symptoms };
}
