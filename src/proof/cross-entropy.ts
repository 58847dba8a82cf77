import { complexAdd, complexLog, complexMapped, complexMul, complexScale, complexSub, complexZeros } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import { expError, logError, NO_ERRORS, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { CROSS_ENTROPY_CONVENTIONS, CROSS_ENTROPY_MUTANTS, CROSS_ENTROPY_SAMPLES, CROSS_ENTROPY_SIZES } from './cross-entropy-cases.ts';
import { goalsOf, isSoft } from './label-rows.ts';
import type { Goals } from './label-rows.ts';
import type { Proof, Site } from './proof.ts';
import { ONE } from './row-loss.ts';
import { columnsOf, complexExponentials, complexRowSums, largestOfRows, softmaxRows } from './softmax.ts';

/**
 * loss = factor·Σ goal·(logsumexp(x) − x) over all rows and classes, with the goals of `goalsOf`: torch.nn.functional.cross_entropy
 * of logits [rows…, classes].
 */
export const crossEntropy: Proof = {
  differentiable: ['input', 'target'],

  forward({ input, target }, options, { builtins }) {
    const out = zeros([]);
    const goals = goalsOf(input, target, options, builtins);
    const { losses, sizes } = lossesOfRows(input, target, goals, builtins);
    const total = losses.value.reduce((sum, loss) => sum + loss, 0);
    const size = sizes.reduce((sum, one) => sum + one, 0);
    out.value[0] = total * goals.factor;
    out.variance[0] = losses.variance.reduce((sum, variance) => sum + variance, 0) + (ROUNDING * Math.sqrt(losses.value.length) * size) ** 2;
    out.variance[0] = out.variance[0] * goals.factor ** 2 + (goals.relative * out.value[0]) ** 2;
    return out;
  },

  /** The rows of labels are divided by the sum of weights one by one; those of probabilities are not. */
  working(inputs, options, rounding) {
    const goals = goalsOf(inputs.input, inputs.target, options, rounding.builtins);
    const { losses } = lossesOfRows(inputs.input, inputs.target, goals, rounding.builtins);
    const { factor, relative } = isSoft(inputs.input, inputs.target) ? { factor: 1, relative: 0 } : goals;
    losses.value.forEach((value, row) => {
      losses.value[row] = factor * value;
      losses.variance[row] = factor ** 2 * losses.variance[row] + ((relative + ROUNDING) * factor * value) ** 2;
    });
    return { rowLoss: losses, gradient: this.backward(inputs, ONE, ONE, options, rounding).input };
  },

  /** dinput = dloss·factor·(softmax(x)·Σ goal − goal); dtarget = dloss·factor·slope·(logsumexp(x) − x) for probabilities. */
  backward({ input, target }, _out, dout, options, { builtins }) {
    const classes = columnsOf(input);
    const soft = isSoft(input, target);
    const goals = goalsOf(input, target, options, builtins);
    const log = logSumExp(input, builtins);
    // Kernels may subtract logsumexp instead of dividing by the sum: its error is common to a row.
    const p = softmaxRows(input, builtins, (row) => Math.sqrt(logError(1.5, 1, builtins) ** 2 + (ROUNDING * log.value[row]) ** 2));
    const gradient = zeros(input.shape);
    const targetGradient = zeros(target.shape);
    const d = dout.value[0] * goals.factor;
    const relative = dout.variance[0] / Math.max(dout.value[0] ** 2, Number.MIN_VALUE) + (goals.relative + ROUNDING) ** 2;
    for (let row = 0; row < log.value.length; row++) {
      const mass = massOf(goals, row, classes);
      for (let c = 0; c < classes; c++) {
        const i = row * classes + c;
        const value = (p.value[i] * mass - goals.goal[i]) * d;
        const weightVariance = goals.error[i] ** 2 + (soft ? goals.slope[c] ** 2 * target.variance[i] : 0)
          + (ROUNDING * Math.sqrt(classes) * p.value[i] * mass) ** 2;
        // A row of labels alone has a mass of 1 without rounding, and one that is left out has no error at all.
        const own = soft || goals.error[i] > 0 ? weightVariance : 0;
        gradient.value[i] = value;
        gradient.variance[i] = d * d * (mass * mass * p.variance[i] + own) + value * value * relative;
        if (!soft) continue;
        const term = log.value[row] - input.value[i];
        const slope = d * goals.slope[c];
        targetGradient.value[i] = slope * term;
        const rounding = ROUNDING * (Math.abs(log.value[row]) + Math.abs(input.value[i]));
        targetGradient.variance[i] = slope * slope * (log.variance[row] + input.variance[i] + rounding ** 2) + (slope * term) ** 2 * (relative + 2 * ROUNDING ** 2);
      }
    }
    return { input: gradient, target: targetGradient };
  },

  complex({ input, target }, options) {
    const classes = columnsOf(input);
    const { goal, slope, factor } = goalsOf(input, { shape: target.shape, value: target.re }, options, NO_ERRORS);
    const soft = isSoft(input, target);
    const largest = largestOfRows(input, classes);
    const logs = complexRowSums(complexMapped(input, complexExponentials(input)), classes)
      .map((sum, row) => complexAdd(complexLog(sum), { re: largest[row], im: 0 }));
    let total: Complex = { re: 0, im: 0 };
    for (let i = 0; i < input.re.length; i++) {
      const weight = { re: goal[i], im: soft ? slope[i % classes] * target.im[i] : 0 };
      total = complexAdd(total, complexMul(weight, complexSub(logs[Math.floor(i / classes)], { re: input.re[i], im: input.im[i] })));
    }
    const { re, im } = complexScale(total, factor);
    const out = complexZeros([]);
    out.re[0] = re;
    out.im[0] = im;
    return out;
  },

  /** logsumexp(x + δ) − logsumexp(x) = log(1 + Σ softmax(x)·(e^δ − 1)): only rows with a change are visited. */
  perturb({ inputs: { input, target }, out, options }) {
    const classes = columnsOf(input);
    const rows = input.value.length / classes;
    const soft = isSoft(input, target);
    const goals = goalsOf(input, target, options, NO_ERRORS);
    const { goal, slope, factor } = goals;
    const { log, p } = softmaxOf(input);
    const totals = Float64Array.from({ length: rows }, (_, row) => massOf(goals, row, classes));
    // For each changed row: Σ p·(e^δ − 1), the change of Σ goal·x, and the change of Σ goal.
    const moved = emptyChange(rows);
    const product = emptyChange(rows);
    const weight = emptyChange(rows);
    return () => {
      out.change.count = 0;
      moved.count = 0;
      product.count = 0;
      weight.count = 0;
      for (let k = 0; k < input.change.count; k++) {
        const i = input.change.index[k];
        const delta = input.change.delta[k];
        const row = Math.floor(i / classes);
        addDelta(moved, row, p[i] * Math.expm1(delta));
        addDelta(product, row, goal[i] * delta);
      }
      for (let k = 0; soft && k < target.change.count; k++) {
        const i = target.change.index[k];
        const row = Math.floor(i / classes);
        const delta = slope[i % classes] * target.change.delta[k];
        addDelta(moved, row, 0);
        addDelta(weight, row, delta);
        addDelta(product, row, delta * (input.value[i] + deltaAt(input.change, i)));
      }
      let sum = 0;
      for (let k = 0; k < moved.count; k++) {
        const row = moved.index[k];
        const shift = Math.log1p(moved.delta[k]);
        const extra = deltaAt(weight, row);
        sum += totals[row] * shift + (extra === 0 ? 0 : extra * (log[row] + shift)) - deltaAt(product, row);
      }
      addDelta(out.change, 0, sum * factor);
    };
  },

  samples: CROSS_ENTROPY_SAMPLES,
  sizes: CROSS_ENTROPY_SIZES,
  mutants: CROSS_ENTROPY_MUTANTS,
  conventions: CROSS_ENTROPY_CONVENTIONS,
};

/** Σ goal of a row. */
function massOf({ goal }: Goals, row: number, classes: number): number {
  let mass = 0;
  for (let i = row * classes; i < (row + 1) * classes; i++) mass += goal[i];
  return mass;
}

/** Each row's loss before the mean with its variance, and the size of its terms, by which their sum is rounded. */
function lossesOfRows(input: RefTensor, target: RefTensor, goals: Goals, builtins: BuiltinErrors): { losses: RefTensor; sizes: Float64Array } {
  const classes = columnsOf(input);
  const soft = isSoft(input, target);
  const log = logSumExp(input, builtins);
  const losses = zeros(log.shape);
  const sizes = new Float64Array(losses.value.length);
  const terms = new Float64Array(losses.value.length);
  for (let row = 0; row < losses.value.length; row++) {
    const mass = massOf(goals, row, classes);
    const lse = log.value[row];
    let common = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      const weight = goals.goal[i];
      const slope = Math.exp(input.value[i] - lse) * mass - weight;
      losses.variance[row] += slope * slope * input.variance[i];
      const term = lse - input.value[i];
      if (soft) losses.variance[row] += goals.slope[i % classes] ** 2 * target.variance[i] * term * term;
      if (weight === 0) continue;
      losses.value[row] += weight * term;
      sizes[row] += Math.abs(weight * term);
      terms[row]++;
      common += weight;
      // The difference of two large numbers keeps the rounding of both.
      losses.variance[row] += (weight * ROUNDING) ** 2 * (lse * lse + input.value[i] ** 2 + term * term) + (goals.error[i] * term) ** 2;
    }
    // All terms of a row share one logarithm.
    losses.variance[row] += common * common * log.variance[row] + (ROUNDING * Math.sqrt(terms[row] > 1 ? terms[row] : 0) * sizes[row]) ** 2;
  }
  return { losses, sizes };
}

/** max + log Σ e^(x − max) of each row. The variance leaves out that of x: both users add it with its own factor. */
function logSumExp(input: RefTensor, builtins: BuiltinErrors): RefTensor {
  const classes = columnsOf(input);
  const out = zeros([input.value.length / classes]);
  for (let row = 0; row < out.value.length; row++) {
    const logits = input.value.subarray(row * classes, (row + 1) * classes);
    const max = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    let variance = 0;
    for (const x of logits) {
      const e = Math.exp(x - max);
      sum += e;
      variance += expError(x - max, e, builtins) ** 2;
    }
    variance += (ROUNDING * Math.sqrt(classes) * sum) ** 2;
    const value = max + Math.log(sum);
    out.value[row] = value;
    out.variance[row] = variance / sum ** 2 + logError(sum, Math.log(sum), builtins) ** 2 + (ROUNDING * value) ** 2;
  }
  return out;
}

/** logsumexp and softmax of each row, in float64. */
function softmaxOf(input: Site): { log: Float64Array; p: Float64Array } {
  const classes = columnsOf(input);
  const log = new Float64Array(input.value.length / classes);
  const p = new Float64Array(input.value.length);
  for (let row = 0; row < log.length; row++) {
    const logits = input.value.subarray(row * classes, (row + 1) * classes);
    const max = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    log[row] = max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
    for (let c = 0; c < classes; c++) p[row * classes + c] = Math.exp(logits[c] - log[row]);
  }
  return { log, p };
}
