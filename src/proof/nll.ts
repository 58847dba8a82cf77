import { complexScale, complexZeros } from '../reference/complex.ts';
import { NO_ERRORS, ROUNDING } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { classWeights, labelMutants, someIgnored } from './cross-entropy-cases.ts';
import { goalsOf } from './label-rows.ts';
import { withoutLastLane, WITHOUT_UPSTREAM } from './mutants.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { ONE } from './row-loss.ts';
import { classIndices, filled, normals, uniform } from './sample-data.ts';
import { drawOf, FLAG, flagOf, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';
import { columnsOf } from './softmax.ts';

/** loss = −factor·Σ w[label]·x[label] over the rows that count: torch.nn.functional.nll_loss. `input` is [rows…, classes], log-probabilities. */
export const nll: Proof = {
  differentiable: ['input'],

  forward({ input, target }, options, { builtins }) {
    const { goal, error, factor, relative } = goalsOf(input, target, options, builtins);
    const out = zeros([]);
    let size = 0;
    for (let i = 0; i < goal.length; i++) {
      const term = -goal[i] * input.value[i];
      out.value[0] += factor * term;
      out.variance[0] += factor ** 2 * (goal[i] ** 2 * input.variance[i] + (error[i] * input.value[i]) ** 2 + 2 * (ROUNDING * term) ** 2);
      size += Math.abs(term);
    }
    out.variance[0] += (ROUNDING * Math.sqrt(goal.length / columnsOf(input)) * factor * size) ** 2 + (relative * out.value[0]) ** 2;
    return out;
  },

  /** dinput = −dloss·factor·w at the label, 0 elsewhere. */
  backward({ input, target }, _out, dout, options, { builtins }) {
    const { goal, error, factor, relative } = goalsOf(input, target, options, builtins);
    const gradient = zeros(input.shape);
    for (let i = 0; i < goal.length; i++) {
      const value = -factor * goal[i] * dout.value[0];
      gradient.value[i] = value;
      gradient.variance[i] = (factor * goal[i]) ** 2 * dout.variance[0] + (factor * error[i] * dout.value[0]) ** 2 + ((relative + 2 * ROUNDING) * value) ** 2;
    }
    return { input: gradient };
  },

  working(inputs, options, rounding) {
    const { input, target } = inputs;
    const { goal, error, factor, relative } = goalsOf(input, target, options, rounding.builtins);
    const rowLoss: RefTensor = zeros([goal.length / columnsOf(input)]);
    for (let i = 0; i < goal.length; i++) {
      const row = Math.floor(i / columnsOf(input));
      const value = -factor * goal[i] * input.value[i];
      rowLoss.value[row] += value;
      rowLoss.variance[row] += (factor * goal[i]) ** 2 * input.variance[i] + (factor * error[i] * input.value[i]) ** 2 + ((relative + 2 * ROUNDING) * value) ** 2;
    }
    return { rowLoss, gradient: this.backward(inputs, ONE, ONE, options, rounding).input };
  },

  complex({ input, target }, options) {
    const { goal, factor } = goalsOf(input, { shape: target.shape, value: target.re }, options, NO_ERRORS);
    const out = complexZeros([]);
    for (let i = 0; i < goal.length; i++) {
      const { re, im } = complexScale({ re: input.re[i], im: input.im[i] }, -factor * goal[i]);
      out.re[0] += re;
      out.im[0] += im;
    }
    return out;
  },

  perturb({ inputs: { input, target }, out, options }) {
    const { goal, factor } = goalsOf(input, target, options, NO_ERRORS);
    return () => {
      let sum = 0;
      for (let k = 0; k < input.change.count; k++) sum += goal[input.change.index[k]] * input.change.delta[k];
      out.change.count = 0;
      addDelta(out.change, 0, -factor * sum);
    };
  },

  samples: [
    sample(1, 2), sample(17, 15), sample(5, 3, { reduction: 'sum' }), sample(63, 7, { weight: classWeights(7) }), sample(16, 17, { ignoreIndex: -100 }),
    sample(3, 65), sample(10, 8), sample(263, 5, { ignoreIndex: 2, weight: classWeights(5) }), sample(129, 2),
    { name: 'labels in f32 of sequences', options: { weight: [1, 2, 0.5] }, inputs: { input: normals(5, [4, 2, 3]), target: filled([4, 2], (i) => (i === 3 ? -100 : i % 3)) } },
  ],
  sizes: sizesFrom(
    { rows: [1, 263], classes: [2, 67], ignored: FLAG, weighted: FLAG, sum: FLAG },
    ({ rows, classes, ignored, weighted, sum }, seed) => {
      const labels = (row: number): number => Math.floor(classes * drawOf(seed, 1, row));
      const weight = Array.from({ length: classes }, (_, c) => 0.5 + drawOf(seed, 2, c));
      return {
        options: { ...(weighted ? { weight } : {}), ...(sum ? { reduction: 'sum' } : {}) },
        inputs: { input: matrixOf(seed, 0, [rows, classes], 0, 2), target: ignored ? someIgnored(rows, labels) : classIndices(rows, labels) },
      };
    },
    ({ options, inputs: { input, target } }) => (options.ignoreIndex !== undefined || input.shape.length !== 2 ? undefined : {
      rows: rowsAndColumns(input.shape).rows, classes: columnsOf(input), weighted: flagOf(options.weight !== undefined), sum: flagOf(options.reduction === 'sum'),
      ignored: flagOf(target.data.some((label) => label >= columnsOf(input))),
    }),
  ),
  mutants: [
    WITHOUT_UPSTREAM,
    ...labelMutants(/^nll/),
    { name: 'the loss of another class', kernel: /^nll/, find: 'x[start + label]', replace: 'x[start]', symptoms: ['formula'] },
    { name: 'the sign of the gradient', kernel: /^nll/, find: 'Value(-scale', replace: 'Value(scale', symptoms: ['factor'] },
    { name: 'the weight forgotten in the loss', kernel: /^nll/, find: '-scale * weight * x', replace: '-scale * x', symptoms: ['formula', 'factor'] },
    { name: 'the loss of the first class of four', kernel: /^nll/, find: '[label % 4u]', replace: '[0u]', symptoms: ['formula'] },
    { name: 'the gradient in every column', kernel: /^nll/, find: 'i == label)', replace: 'true)', symptoms: ['mask', 'formula'] },
    withoutLastLane(/^nll/),
  ],
  conventions: [],
};

function sample(rows: number, classes: number, options: Options = {}): Sample {
  const labels = (row: number): number => Math.floor(classes * uniform(831 + rows, row));
  const target = options.ignoreIndex === undefined ? classIndices(rows, labels) : someIgnored(rows, labels, Number(options.ignoreIndex) >>> 0);
  return {
    name: `[${rows}, ${classes}]${Object.keys(options).length > 0 ? `, ${Object.keys(options).join(', ')}` : ''}`, options,
    inputs: { input: normals(833 + rows, [rows, classes], 2), target },
  };
}
