import { complexAdd, complexLog, complexMapped, complexMul, complexScale, complexSub, complexZeros } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import { expError, logError, meanError, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { withoutLastLane, WITHOUT_MEAN, WITHOUT_UPSTREAM } from './mutants.ts';
import type { Proof, Sample, SampleTensor, Site } from './proof.ts';
import { classIndices, filled, movingPeak, normals, probabilities, uniform } from './sample-data.ts';
import { columnsOf, complexExponentials, complexRowSums, largestOfRows, softmaxRows } from './softmax.ts';
import { ONE } from './row-loss.ts';
import { drawOf, FLAG, flagOf, logitsOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/**
 * loss = mean over rows of logsumexp(x) − x[target], or of Σ t·(logsumexp(x) − x) for a target of probabilities:
 * torch.nn.functional.cross_entropy. `input` is [rows, classes].
 */
export const crossEntropy: Proof = {
  differentiable: ['input'],

  forward({ input, target }, _options, { builtins }) {
    const out = zeros([]);
    const classes = columnsOf(input);
    const { losses, sizes } = lossesOfRows(input, target, builtins);
    const rows = losses.value.length;
    const total = losses.value.reduce((sum, loss) => sum + loss, 0);
    const size = sizes.reduce((sum, one) => sum + one, 0);
    const terms = isSoft(input, target) ? rows * classes : rows;
    out.value[0] = total / rows;
    out.variance[0] = losses.variance.reduce((sum, variance) => sum + variance, 0) + (ROUNDING * Math.sqrt(terms) * size) ** 2;
    out.variance[0] = out.variance[0] / rows ** 2 + (meanError(builtins) * out.value[0]) ** 2;
    return out;
  },

  working(inputs, options, rounding) {
    const { losses, sizes } = lossesOfRows(inputs.input, inputs.target, rounding.builtins);
    const roundings = ROUNDING * Math.sqrt(columnsOf(inputs.input));
    losses.variance.forEach((variance, row) => { losses.variance[row] = variance + (roundings * sizes[row]) ** 2; });
    return { rowLoss: losses, gradient: this.backward(inputs, ONE, ONE, options, rounding).input };
  },

  /** dinput = dloss·(softmax(x)·Σt − t)/rows; dtarget = dloss·(logsumexp(x) − x)/rows for a target of probabilities. */
  backward({ input, target }, _out, dout, _options, { builtins }) {
    const classes = columnsOf(input);
    const rows = input.value.length / classes;
    const soft = isSoft(input, target);
    const log = logSumExp(input, builtins);
    // Kernels may subtract logsumexp instead of dividing by the sum: its error is common to a row.
    const p = softmaxRows(input, builtins, (row) => Math.sqrt(logError(1.5, 1, builtins) ** 2 + (ROUNDING * log.value[row]) ** 2));
    const gradient = zeros(input.shape);
    const targetGradient = zeros(target.shape);
    const d = dout.value[0] / rows;
    const relative = dout.variance[0] / Math.max(dout.value[0] ** 2, Number.MIN_VALUE) + (meanError(builtins) + ROUNDING) ** 2;
    for (let row = 0; row < rows; row++) {
      let total = 0;
      for (let c = 0; c < classes; c++) total += targetAt(target, soft, row, c, classes);
      for (let c = 0; c < classes; c++) {
        const i = row * classes + c;
        const weight = targetAt(target, soft, row, c, classes);
        const value = (p.value[i] * total - weight) * d;
        const weightVariance = soft ? target.variance[i] + (ROUNDING * Math.sqrt(classes) * p.value[i] * total) ** 2 : 0;
        gradient.value[i] = value;
        gradient.variance[i] = d * d * (total * total * p.variance[i] + weightVariance) + value * value * relative;
        if (!soft) continue;
        const term = log.value[row] - input.value[i];
        targetGradient.value[i] = d * term;
        const rounding = ROUNDING * (Math.abs(log.value[row]) + Math.abs(input.value[i]));
        targetGradient.variance[i] = d * d * (log.variance[row] + input.variance[i] + rounding ** 2) + (d * term) ** 2 * relative;
      }
    }
    return { input: gradient, ...(soft ? { target: targetGradient } : {}) };
  },

  complex({ input, target }) {
    const classes = columnsOf(input);
    const soft = isSoft(input, target);
    const largest = largestOfRows(input, classes);
    const logs = complexRowSums(complexMapped(input, complexExponentials(input)), classes)
      .map((sum, row) => complexAdd(complexLog(sum), { re: largest[row], im: 0 }));
    let total: Complex = { re: 0, im: 0 };
    for (let i = 0; i < input.re.length; i++) {
      const row = Math.floor(i / classes);
      const weight = soft ? { re: target.re[i], im: target.im[i] } : { re: target.re[row] === i % classes ? 1 : 0, im: 0 };
      total = complexAdd(total, complexMul(weight, complexSub(logs[row], { re: input.re[i], im: input.im[i] })));
    }
    const { re, im } = complexScale(total, 1 / logs.length);
    const out = complexZeros([]);
    out.re[0] = re;
    out.im[0] = im;
    return out;
  },

  /** logsumexp(x + δ) − logsumexp(x) = log(1 + Σ softmax(x)·(e^δ − 1)): only rows with a change are visited. */
  perturb({ inputs: { input, target }, out }) {
    const classes = columnsOf(input);
    const rows = input.value.length / classes;
    const soft = isSoft(input, target);
    const { log, p, totals } = restOf(input, target, soft);
    // For each changed row: Σ p·(e^δ − 1), the change of Σ t·x, and the change of Σ t.
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
        if (soft) addDelta(product, row, target.value[i] * delta);
        else if (target.value[row] === i - row * classes) addDelta(product, row, delta);
      }
      if (soft) {
        for (let k = 0; k < target.change.count; k++) {
          const i = target.change.index[k];
          const row = Math.floor(i / classes);
          addDelta(moved, row, 0);
          addDelta(weight, row, target.change.delta[k]);
          addDelta(product, row, target.change.delta[k] * (input.value[i] + deltaAt(input.change, i)));
        }
      }
      let sum = 0;
      for (let k = 0; k < moved.count; k++) {
        const row = moved.index[k];
        const shift = Math.log1p(moved.delta[k]);
        const extra = deltaAt(weight, row);
        sum += totals[row] * shift + (extra === 0 ? 0 : extra * (log[row] + shift)) - deltaAt(product, row);
      }
      addDelta(out.change, 0, sum / rows);
    };
  },

  samples: [
    hard(1, 2), hard(5, 3), hard(17, 15), hard(16, 17), hard(63, 7), hard(3, 65), hard(2, 263), hard(67, 2), hard(64, 4),
    soft(5, 7), soft(17, 16), soft(3, 67),
    {
      // Allowed, and only such targets tell whether a kernel relies on a sum of 1.
      name: 'targets that do not sum to one',
      options: {},
      inputs: { input: normals(5, [4, 7], 2), target: filled([4, 7], (i) => (i % 3) / 4) },
    },
    {
      name: 'a peak in each column, right and wrong',
      options: {},
      inputs: { input: movingPeak(17, 17, -80, 8), target: classIndices(17, (row) => (row % 2 ? row * 7 % 17 : (row + 3) % 17)) },
    },
    {
      name: 'probabilities of 0 and 1',
      options: {},
      inputs: { input: logits(13, 5), target: filled([13, 5], (i) => (i % 5 === Math.floor(i / 5) % 5 ? 1 : 0)) },
    },
    {
      name: 'ties and zero logits',
      options: {},
      inputs: { input: filled([6, 5], (i) => (i % 5 < 2 ? 0 : -1)), target: classIndices(6, (row) => row % 5) },
    },
    {
      name: 'large logits',
      options: {},
      inputs: { input: normals(811, [7, 11], 40), target: classIndices(7, (row) => row * 3 % 11) },
    },
  ],
  sizes: sizesFrom(
    { rows: [1, 263], classes: [2, 67], probabilities: FLAG, peak: FLAG, large: FLAG },
    ({ rows, classes, probabilities: soft, peak, large }, seed) => {
      const input = logitsOf(seed, rows, classes, { peak, large });
      const target = soft
        // Targets need not sum to 1, and some are 0.
        ? filled([rows, classes], (i) => Math.max(0, 2 * drawOf(seed, 1, i) - 0.5) / classes)
        : classIndices(rows, (row) => Math.floor(classes * drawOf(seed, 1, row)));
      return { options: {}, inputs: { input, target } };
    },
    ({ inputs: { input, target } }) => {
      const { rows, columns } = rowsAndColumns(input.shape);
      return { rows, classes: columns, probabilities: flagOf(target.shape.length === input.shape.length) };
    },
  ),
  mutants: [
    WITHOUT_MEAN,
    WITHOUT_UPSTREAM,
    { name: 'the target is always class 0', kernel: /-index/, find: 'i == label)', replace: 'i == 0u)', symptoms: ['formula', 'mask'] },
    { name: 'the sign of the target', kernel: /-index/, find: '* scale - ', replace: '* scale + ', symptoms: ['formula'] },
    { name: 'the maximum not added back', kernel: /-index/, find: 'log(total) + largest', replace: 'log(total)', symptoms: ['formula'] },
    { name: 'the last logit taken for the maximum', kernel: /^cross/, find: 'largest = max(largest, x[start + i]);', replace: 'largest = x[start + i];', symptoms: ['region'] },
    { name: 'the loss of another class', kernel: /-index/, find: '- x[start + label]', replace: '- x[start]', symptoms: ['formula'] },
    { name: 'the sum keeps only its last term', kernel: /^cross/, find: 'total += weight;', replace: 'total = weight;', symptoms: ['reduction'] },
    { name: 'targets taken for a distribution', kernel: /-probabilities/, find: ' * mass / total', replace: ' / total', symptoms: ['formula', 'region'] },
    { name: 'the target forgotten in the gradient', kernel: /-probabilities/, find: ' * expected[start + i];', replace: ' * 0.0;', symptoms: ['formula'] },
    { name: 'the maximum subtracted twice', kernel: /-probabilities/, find: '(x[start + i] - largest))', replace: '(x[start + i] - 2.0 * largest))', symptoms: ['formula'] },
    withoutLastLane(/^cross/),
    { name: 'the gradient not scaled', kernel: /-index/, find: 'dx[start + i] * scale', replace: 'dx[start + i]', symptoms: ['formula'] },
    { name: 'the loss keeps only its last class', kernel: /-probabilities/, find: 'loss += expected', replace: 'loss = expected', symptoms: ['reduction'] },
    { name: 'the gradient multiplies what was there', kernel: /^cross/, find: 'dx[start + i] = weight;', replace: '', symptoms: ['garbage', 'unwritten'] },
  ],
  conventions: [],
};

/** A target of probabilities has a number for each class; class indices have one for each row. */
function isSoft(input: { readonly shape: Shape }, target: { readonly shape: Shape }): boolean {
  return target.shape.length === input.shape.length;
}

/** Each row's loss with the variance of its terms, and the size of the terms, by which their sum is rounded. */
function lossesOfRows(input: RefTensor, target: RefTensor, builtins: BuiltinErrors): { losses: RefTensor; sizes: Float64Array } {
  const classes = columnsOf(input);
  const soft = isSoft(input, target);
  const log = logSumExp(input, builtins);
  const losses = zeros(log.shape);
  const sizes = new Float64Array(losses.value.length);
  for (let i = 0; i < input.value.length; i++) {
    const row = Math.floor(i / classes);
    const lse = log.value[row];
    const weight = targetAt(target, soft, row, i % classes, classes);
    const slope = Math.exp(input.value[i] - lse) - weight;
    losses.variance[row] += slope * slope * input.variance[i];
    if (weight === 0) continue;
    const term = lse - input.value[i];
    losses.value[row] += weight * term;
    sizes[row] += weight * Math.abs(term);
    // The difference of two large numbers keeps the rounding of both.
    const terms = ROUNDING * (Math.abs(lse) + Math.abs(input.value[i]) + Math.abs(term));
    losses.variance[row] += weight * weight * (log.variance[row] + terms ** 2)
      + (soft ? target.variance[i] * term * term + (ROUNDING * weight * term) ** 2 : 0);
  }
  return { losses, sizes };
}

function targetAt(target: RefTensor, soft: boolean, row: number, c: number, classes: number): number {
  if (soft) return target.value[row * classes + c];
  return target.value[row] === c ? 1 : 0;
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

/** What sparse evaluation needs of the base point: logsumexp, softmax and Σ t of each row. */
function restOf(input: Site, target: Site, soft: boolean): { log: Float64Array; p: Float64Array; totals: Float64Array } {
  const classes = columnsOf(input);
  const rows = input.value.length / classes;
  const log = new Float64Array(rows);
  const p = new Float64Array(input.value.length);
  const totals = new Float64Array(rows).fill(soft ? 0 : 1);
  for (let row = 0; row < rows; row++) {
    const logits = input.value.subarray(row * classes, (row + 1) * classes);
    const max = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    log[row] = max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
    for (let c = 0; c < classes; c++) {
      p[row * classes + c] = Math.exp(logits[c] - log[row]);
      if (soft) totals[row] += target.value[row * classes + c];
    }
  }
  return { log, p, totals };
}

function hard(rows: number, classes: number): Sample {
  const target = classIndices(rows, (row) => Math.floor(classes * uniform(821 + rows, row)));
  return { name: `[${rows}, ${classes}] with class indices`, options: {}, inputs: { input: logits(rows, classes), target } };
}

function soft(rows: number, classes: number): Sample {
  const target = probabilities(823 + rows, rows, classes);
  return { name: `[${rows}, ${classes}] with probabilities`, options: {}, inputs: { input: logits(rows, classes), target } };
}

function logits(rows: number, classes: number): SampleTensor {
  return normals(827 + rows, [rows, classes], 2);
}
