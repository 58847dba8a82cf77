import { added, multiplied, negated, scaled } from '../reference/arithmetic.ts';
import { expanded, reduction, summed } from '../reference/axes.ts';
import { complexMul, complexPaired, complexSub, complexSummed } from '../reference/complex.ts';
import { meanError } from '../reference/rounding.ts';
import type { Shape } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { withoutLastLane, WITHOUT_MEAN, WITHOUT_UPSTREAM } from './mutants.ts';
import type { Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';
import { ONE, overColumns } from './row-loss.ts';

/** loss = Σ (input − target)²/n over all n elements: torch.nn.functional.mse_loss. */
export const mse: Proof = {
  differentiable: ['input', 'target'],

  forward({ input, target }, _options, { builtins }) {
    const error = added(input, target, -1);
    const { map, count } = reduction(input.shape, undefined, false);
    return scaled(summed(multiplied(error, error), map, []), 1 / count, meanError(builtins));
  },

  /** dinput = dloss·2·(input − target)/n, dtarget = −dinput. */
  backward({ input, target }, _out, dout, _options, { builtins }) {
    const error = added(input, target, -1);
    const { map, count } = reduction(input.shape, undefined, false);
    const gradient = multiplied(scaled(error, 2 / count, meanError(builtins)), expanded(dout, map, input.shape));
    return { input: gradient, target: negated(gradient) };
  },

  working(inputs, options, rounding) {
    const error = added(inputs.input, inputs.target, -1);
    const { map, shape } = overColumns(error.shape);
    return { rowLoss: summed(multiplied(error, error), map, shape), gradient: this.backward(inputs, ONE, ONE, options, rounding).input };
  },

  complex({ input, target }) {
    const error = complexPaired(input, target, complexSub);
    const { map, count } = reduction(input.shape, undefined, false);
    return complexSummed(complexPaired(error, error, complexMul), map, [], 1 / count);
  },

  /** (e + δ)² − e² = δ·(2e + δ). */
  perturb({ inputs: { input, target }, out }) {
    const n = input.value.length;
    const touched = emptyChange(n);
    return () => {
      out.change.count = 0;
      touched.count = 0;
      for (let k = 0; k < input.change.count; k++) addDelta(touched, input.change.index[k], 0);
      for (let k = 0; k < target.change.count; k++) addDelta(touched, target.change.index[k], 0);
      let sum = 0;
      for (let k = 0; k < touched.count; k++) {
        const i = touched.index[k];
        const delta = deltaAt(input.change, i) - deltaAt(target.change, i);
        sum += delta * (2 * (input.value[i] - target.value[i]) + delta);
      }
      addDelta(out.change, 0, sum / n);
    };
  },

  samples: [
    sample([1]), sample([5, 7]), sample([17, 1]), sample([15, 16]), sample([63]), sample([2, 3, 11]), sample([3, 65]), sample([263]), sample([67, 3]), sample([64, 4]),
    { name: 'exact hits', options: {}, inputs: { input: filled([4, 13], (i) => i / 8), target: filled([4, 13], (i) => (i % 3 === 0 ? i / 8 : 3)) } },
    { name: 'far off', options: {}, inputs: { input: normals(601, [7, 10], 100), target: normals(607, [7, 10], 0.01) } },
  ],
  sizes: sizesFrom(
    { rows: [1, 263], columns: [1, 67], hits: FLAG },
    ({ rows, columns, hits }, seed) => {
      const input = matrixOf(seed, 0, [rows, columns]);
      const other = matrixOf(seed, 1, [rows, columns]);
      return { options: {}, inputs: { input, target: hits ? filled([rows, columns], (i) => (i % 3 === 1 ? input : other).data[i]) : other } };
    },
    ({ inputs: { input } }) => rowsAndColumns(input.shape),
  ),
  mutants: [
    WITHOUT_MEAN,
    WITHOUT_UPSTREAM,
    { name: 'the gradient twice', kernel: /^mse/, find: 'f * difference;', replace: 'f * 2.0 * difference;', symptoms: ['factor'] },
    { name: 'the sign of the gradient', kernel: /^mse/, find: 'f * difference;', replace: 'f * -difference;', symptoms: ['factor'] },
    { name: 'the absolute error', kernel: /^mse/, find: 'difference * difference', replace: 'abs(difference)', symptoms: ['formula'] },
    { name: 'the target\'s sign forgotten', kernel: /scale$/, find: '(-1.0f)', replace: '1.0f', symptoms: ['factor'] },
    { name: 'the first column left out', kernel: /^mse/, find: 'for (var i = 0u;', replace: 'for (var i = 1u;', symptoms: ['unwritten', 'reduction'] },
    withoutLastLane(/^mse/),
    withoutLastLane(/^mul\+scale$/),
    { name: 'the loss keeps only its last column', kernel: /^mse/, find: 'total += difference', replace: 'total = difference', symptoms: ['reduction'] },
  ],
  conventions: [],
};

function sample(shape: Shape): Sample {
  return { name: `[${shape.join(', ')}]`, options: {}, inputs: { input: normals(613 + shape[0], shape), target: normals(617 + shape[0], shape) } };
}
