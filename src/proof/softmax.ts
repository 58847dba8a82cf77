import { complexAdd, complexDiv, complexExp, complexLog, complexMapped, complexSub, complexZeros } from '../reference/complex.ts';
import type { Complex, ComplexTensor } from '../reference/complex.ts';
import { divisionError, expError, FLUSH, logError, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { linesAlong } from './lines.ts';
import type { Lines } from './lines.ts';
import { subgroupMutants, withoutLastLane } from './mutants.ts';
import type { Mutant, Proof, Sample } from './proof.ts';
import { filled, movingPeak, normals } from './sample-data.ts';
import { FLAG, logitsOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** The numbers line by line along the axis, as rows [lines, length]. */
function inLines(x: RefTensor, { list, length }: Lines): RefTensor {
  return { shape: [list.length / length, length], value: Float64Array.from(list, (i) => x.value[i]), variance: Float64Array.from(list, (i) => x.variance[i]) };
}

/** Rows back in their places. */
function inPlace(rows: RefTensor, { list }: Lines, shape: RefTensor['shape']): RefTensor {
  const out = zeros(shape);
  list.forEach((i, at) => {
    out.value[i] = rows.value[at];
    out.variance[i] = rows.variance[at];
  });
  return out;
}

/** The op on rows, and what makes of it a proof along any axis. */
interface Rows {
  readonly forward: (x: RefTensor, builtins: BuiltinErrors) => RefTensor;
  readonly backward: (out: RefTensor, dout: RefTensor, builtins: BuiltinErrors) => RefTensor;
  readonly complex: (exponential: Complex, sum: Complex, logit: Complex) => Complex;
  /** Change of an output from its value, its own step δ and S = Σ p·(e^δ − 1) over the row. */
  readonly change: (y: number, step: number, shift: number) => number;
  /** e^x/Σ e^x from an output. */
  readonly probability: (y: number) => number;
}

function alongAxis({ forward, backward, complex, change, probability }: Rows, mutants: readonly Mutant[]): Proof {
  return {
    differentiable: ['x'],
    forward({ x }, options, { builtins }) {
      const lines = linesAlong(x.shape, options);
      return inPlace(forward(inLines(x, lines), builtins), lines, x.shape);
    },
    backward({ x }, out, dout, options, { builtins }) {
      const lines = linesAlong(x.shape, options);
      return { x: inPlace(backward(inLines(out, lines), inLines(dout, lines), builtins), lines, x.shape) };
    },
    complex({ x }, options) {
      const lines = linesAlong(x.shape, options);
      const { list, length } = lines;
      const shape = [list.length / length, length];
      const rows = complexMapped({ shape, re: x.re, im: x.im }, (_, at) => ({ re: x.re[list[at]], im: x.im[list[at]] }));
      const largest = largestOfRows(rows, length);
      const e = complexMapped(rows, complexExponentials(rows));
      const sums = complexRowSums(e, length);
      const out = complexZeros(x.shape);
      list.forEach((i, at) => {
        const row = Math.floor(at / length);
        const { re, im } = complex({ re: e.re[at], im: e.im[at] }, sums[row], { re: x.re[i] - largest[row], im: x.im[i] });
        out.re[i] = re;
        out.im[i] = im;
      });
      return out;
    },
    perturb({ inputs: { x }, out, options }) {
      const { list, length, lineOf } = linesAlong(x.shape, options);
      const rows = emptyChange(list.length / length);
      return () => {
        out.change.count = 0;
        rows.count = 0;
        for (let k = 0; k < x.change.count; k++) {
          const i = x.change.index[k];
          addDelta(rows, lineOf[i], probability(out.value[i]) * Math.expm1(x.change.delta[k]));
        }
        for (let r = 0; r < rows.count; r++) {
          const shift = rows.delta[r];
          for (let at = rows.index[r] * length; at < (rows.index[r] + 1) * length; at++) {
            const i = list[at];
            addDelta(out.change, i, change(out.value[i], deltaAt(x.change, i), shift));
          }
        }
      };
    },
    samples: SAMPLES,
    sizes: sizesFrom(
      // The gradient of a row of one is 0: nothing to prove.
      { rows: [1, 67], columns: [2, 263], peak: FLAG, large: FLAG, first: FLAG },
      ({ rows, columns, peak, large, first }, seed) => {
        const { shape: [m, n], data } = logitsOf(seed, rows, columns, { peak, large });
        if (!first) return { options: {}, inputs: { x: { shape: [m, n], data } } };
        return { options: { axis: 0 }, inputs: { x: filled([n, m], (i) => data[(i % m) * n + Math.floor(i / m)]) } };
      },
      ({ options, inputs: { x } }) => {
        const { rows, columns } = rowsAndColumns(x.shape);
        if (options.axis === undefined) return { rows, columns };
        return options.axis === 0 && x.shape.length === 2 ? { rows: columns, columns: rows, first: 1 } : undefined;
      },
    ),
    mutants,
    conventions: [],
  };
}

const SAMPLES: readonly Sample[] = [
  { name: '[2]', options: {}, inputs: { x: normals(509, [2]) } },
  { name: '[5, 3]', options: {}, inputs: { x: normals(521, [5, 3], 2) } },
  { name: '[17, 15]', options: {}, inputs: { x: normals(523, [17, 15], 2) } },
  { name: '[2, 3, 16]', options: { axis: -1 }, inputs: { x: normals(541, [2, 3, 16], 2) } },
  { name: '[17, 3] along the first axis', options: { axis: 0 }, inputs: { x: normals(571, [17, 3], 2) } },
  { name: '[2, 67, 3] along the middle axis', options: { axis: 1 }, inputs: { x: normals(577, [2, 67, 3], 2) } },
  { name: '[3, 5, 8] along the middle axis', options: { axis: 1 }, inputs: { x: normals(583, [3, 5, 8], 2) } },
  { name: '[5, 68]', options: {}, inputs: { x: normals(587, [5, 68], 2) } },
  { name: '[65, 2]', options: {}, inputs: { x: normals(557, [65, 2], 2) } },
  { name: '[2, 263]', options: {}, inputs: { x: normals(563, [2, 263], 2) } },
  { name: 'ties', options: {}, inputs: { x: filled([4, 7], (i) => (i % 7 < 3 ? 2 : -1)) } },
  { name: 'large logits', options: {}, inputs: { x: normals(569, [5, 11], 30) } },
  { name: 'a peak in each column', options: {}, inputs: { x: movingPeak(17, 17, -500, -495) } },
  // As many rows as columns: the maximum stands at every place of a row once, beyond the size of a workgroup too.
  { name: 'a peak at each of 67 places', options: {}, inputs: { x: movingPeak(67, 67, 80, 83) } },
  { name: 'logits near 1000', options: {}, inputs: { x: filled([6, 13], (i) => (i % 2 ? 1000 : 1001.5) + i % 13 / 8) } },
  {
    // Without the row's maximum subtracted e^150 overflows; two neighbours near the maximum leave a gradient to prove.
    name: 'two peaks beyond the range of e^x',
    options: {},
    inputs: { x: filled([5, 7], (i) => (i % 7 === 1 ? 150 : i % 7 === 4 ? 149.5 : -20 - i / 9)) },
  },
];

/** softmax: y = e^(x − max)/Σ e^(x − max) along an axis, dx = y·(dy − Σ dy·y). */
function softmaxBackwardRows(out: RefTensor, dout: RefTensor): RefTensor {
  const gradient = zeros(out.shape);
  const n = columnsOf(out);
  const roundings = ROUNDING * Math.sqrt(n);
  for (let start = 0; start < out.value.length; start += n) {
    let inner = 0;
    let size = 0;
    let variance = 0;
    for (let i = start; i < start + n; i++) {
      const y = out.value[i];
      const d = dout.value[i];
      inner += d * y;
      size += Math.abs(d * y);
      variance += d * d * out.variance[i] + y * y * dout.variance[i];
    }
    variance += (roundings * size) ** 2;
    for (let i = start; i < start + n; i++) {
      const y = out.value[i];
      const rest = dout.value[i] - inner;
      const restVariance = dout.variance[i] + variance + (ROUNDING * rest) ** 2;
      gradient.value[i] = y * rest;
      gradient.variance[i] = y * y * restVariance + rest * rest * out.variance[i] + (ROUNDING * y * rest) ** 2;
    }
  }
  return gradient;
}

/** logSoftmax: y = x − max − log Σ e^(x − max). */
function logSoftmaxRows(x: RefTensor, builtins: BuiltinErrors): RefTensor {
  const out = zeros(x.shape);
  const n = columnsOf(x);
  for (let start = 0; start < x.value.length; start += n) {
    const row = x.value.subarray(start, start + n);
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    let sumError = 0;
    let spread = 0;
    row.forEach((at, i) => {
      const e = Math.exp(at - max);
      sum += e;
      // Equal numbers err alike: their errors add up.
      sumError += expError(at - max, e, builtins);
      spread += e * e * x.variance[start + i];
    });
    const logarithm = Math.log(sum);
    const common = (sumError / sum) ** 2 + ROUNDING ** 2 * n + logError(sum, logarithm, builtins) ** 2;
    row.forEach((at, i) => {
      const y = at - max - logarithm;
      const p = Math.exp(y);
      out.value[start + i] = y;
      // ∂yᵢ/∂xₖ = δᵢₖ − pₖ.
      const fromInputs = Math.max(0, x.variance[start + i] * (1 - 2 * p) + spread / sum ** 2);
      out.variance[start + i] = fromInputs + common + ROUNDING ** 2 * ((at - max) ** 2 + y * y);
    });
  }
  return out;
}

/** dx = dy − e^y·Σ dy. */
function logSoftmaxBackwardRows(out: RefTensor, dout: RefTensor, builtins: BuiltinErrors): RefTensor {
  const gradient = zeros(out.shape);
  const n = columnsOf(out);
  for (let start = 0; start < out.value.length; start += n) {
    let total = 0;
    let size = 0;
    let variance = 0;
    for (let i = start; i < start + n; i++) {
      total += dout.value[i];
      size += Math.abs(dout.value[i]);
      variance += dout.variance[i];
    }
    variance += ROUNDING ** 2 * n * size * size;
    for (let i = start; i < start + n; i++) {
      const p = Math.exp(out.value[i]);
      const value = dout.value[i] - p * total;
      gradient.value[i] = value;
      gradient.variance[i] = dout.variance[i] + p * p * (variance + total * total * out.variance[i]) + total * total * expError(out.value[i], p, builtins) ** 2
        + ROUNDING ** 2 * ((p * total) ** 2 + value * value) + FLUSH ** 2;
    }
  }
  return gradient;
}

/** Bugs that both ops may have: `name` is the kernels' own. */
function shared(name: string): Mutant[] {
  const row = new RegExp(`^${name}/row$`);
  const workgroup = new RegExp(`^${name}/workgroup$`);
  const backwardWorkgroup = new RegExp(`^${name}-backward/workgroup$`);
  return [
    { name: 'the maximum of the last two only', kernel: row, find: 'select(row.largest, value, isLarger)', replace: 'value', symptoms: ['region', 'formula', 'reduction'] },
    { name: 'the sum does not shrink when a larger number comes', kernel: row, find: 'row.total * smaller + 1.0', replace: 'row.total + 1.0', symptoms: ['formula', 'factor', 'region'] },
    { name: 'the sum keeps only its last term', kernel: row, find: 'select(row.total + smaller', replace: 'select(smaller', symptoms: ['reduction', 'formula', 'region'] },
    { name: 'the first element of a row left out of its sum', kernel: row, find: 'row = withValue(row, x[', replace: 'row = withValue(row, Value(select(-3e38, 0.0, i > 0u)) + x[', symptoms: ['zero-block', 'reduction', 'formula'] },
    { name: 'every second round of the lanes', kernel: workgroup, find: 'i += 64u', replace: 'i += 128u', symptoms: ['reduction', 'formula', 'unwritten'] },
    { name: 'half of the joined results', kernel: workgroup, find: 'other < 8u', replace: 'other < 4u', symptoms: ['reduction', 'formula'] },
    { name: 'the last row never stored', kernel: workgroup, find: 'if (group < ', replace: 'if (group + 1u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'every second round of the lanes, backwards', kernel: backwardWorkgroup, find: 'i += 64u', replace: 'i += 128u', symptoms: ['reduction', 'formula', 'unwritten'] },
    { name: 'half of the joined results, backwards', kernel: backwardWorkgroup, find: 'other < 8u', replace: 'other < 4u', symptoms: ['reduction', 'formula'] },
    { name: 'the last row never stored, backwards', kernel: backwardWorkgroup, find: 'if (group < ', replace: 'if (group + 1u < ', symptoms: ['unwritten', 'edge'] },
    ...subgroupMutants(new RegExp(`^${name}/subgroup$`), ['reduction', 'formula', 'factor', 'region'], 'other'),
    ...subgroupMutants(new RegExp(`^${name}-backward/subgroup$`), ['reduction', 'formula'], 'other', 'subgroupAdd(inner)'),
    { name: 'half of the four sums of a row', kernel: row, find: ' + (parts.z + parts.w)', replace: '', symptoms: ['reduction', 'formula', 'factor'] },
    { name: 'half of the four sums of a row, backwards', kernel: new RegExp(`^${name}-backward/row$`), find: ' + (parts.z + parts.w)', replace: '', symptoms: ['reduction', 'formula'] },
    withoutLastLane(row),
    withoutLastLane(new RegExp(`^${name}-backward/row$`)),
  ];
}

/** torch.softmax. Δy = y·(e^δ − 1 − S)/(1 + S). */
export const softmax = alongAxis({
  forward: softmaxRows,
  backward: softmaxBackwardRows,
  complex: (e, sum) => complexDiv(e, sum),
  change: (y, step, shift) => y * (Math.expm1(step) - shift) / (1 + shift),
  probability: (y) => y,
}, [
  ...shared('softmax'),
  { name: 'the maximum not subtracted', kernel: /^softmax\/row/, find: 'exp(x[place] - largest)', replace: 'exp(x[place])', symptoms: ['region'] },
  { name: 'not normalised', kernel: /^softmax\/row/, find: '- largest) * scale', replace: '- largest)', symptoms: ['formula', 'factor'] },
  { name: 'each row sums to two', kernel: /^softmax\/row/, find: '1.0 / total', replace: '2.0 / total', symptoms: ['factor'] },
  { name: 'the inner product without y', kernel: /^softmax-backward\/row/, find: 'parts += dout[place] * y', replace: 'parts += dout[place] + 0.0 * y', symptoms: ['formula'] },
  { name: 'the inner product forgotten', kernel: /^softmax-backward\/row/, find: '(dout[place] - inner)', replace: 'dout[place]', symptoms: ['formula'] },
  { name: 'the inner product keeps only its last term', kernel: /^softmax-backward\/row/, find: 'parts += dout', replace: 'parts = dout', symptoms: ['reduction', 'formula'] },
  { name: 'the factor y forgotten', kernel: /^softmax-backward\/row/, find: 'y[place] * (dout', replace: '(dout', symptoms: ['formula'] },
]);

/** torch.log_softmax. Δy = δ − log(1 + S). */
export const logSoftmax = alongAxis({
  forward: logSoftmaxRows,
  backward: logSoftmaxBackwardRows,
  complex: (_, sum, logit) => complexSub(logit, complexLog(sum)),
  change: (_, step, shift) => step - Math.log1p(shift),
  probability: Math.exp,
}, [
  ...shared('log-softmax'),
  { name: 'the maximum not subtracted', kernel: /^log-softmax\/row/, find: '(x[place] - largest)', replace: 'x[place]', symptoms: ['region', 'formula'] },
  { name: 'the logarithm forgotten', kernel: /^log-softmax\/row/, find: 'log(total)', replace: 'total', symptoms: ['formula'] },
  { name: 'the sum forgotten', kernel: /^log-softmax\/row/, find: ' - logarithm;', replace: ';', symptoms: ['formula'] },
  { name: 'y instead of e^y', kernel: /^log-softmax-backward\/row/, find: 'exp(y[place])', replace: 'y[place]', symptoms: ['formula'] },
  { name: 'the sum of the upstream gradient forgotten', kernel: /^log-softmax-backward\/row/, find: ' * inner', replace: '', symptoms: ['formula', 'factor'] },
  { name: 'the sum of the upstream gradient keeps only its last term', kernel: /^log-softmax-backward\/row/, find: 'parts += dout', replace: 'parts = dout', symptoms: ['reduction', 'formula'] },
]);

/** The length of the last axis. */
export function columnsOf(x: { readonly shape: readonly number[] }): number {
  return x.shape[x.shape.length - 1] ?? 1;
}

/** The largest real part of each row. */
export function largestOfRows({ re }: ComplexTensor, columns: number): Float64Array {
  return Float64Array.from({ length: re.length / columns }, (_, row) => re.subarray(row * columns, (row + 1) * columns).reduce((a, b) => Math.max(a, b), -Infinity));
}

/** z becomes e^(z − m), where m is the largest real part of the row: a constant, so it may be any number. */
export function complexExponentials(x: ComplexTensor): (z: Complex, i: number) => Complex {
  const columns = columnsOf(x);
  const largest = largestOfRows(x, columns);
  return ({ re, im }, i) => complexExp({ re: re - largest[Math.floor(i / columns)], im });
}

/** The sum of each row. */
export function complexRowSums({ re, im }: ComplexTensor, columns: number): Complex[] {
  const sums: Complex[] = [];
  for (let i = 0; i < re.length; i++) {
    const row = Math.floor(i / columns);
    sums[row] = complexAdd(sums[row] ?? { re: 0, im: 0 }, { re: re[i], im: im[i] });
  }
  return sums;
}

/** Probabilities of each row with their variance; `offsetError` adds a relative error common to a row. */
export function softmaxRows(x: RefTensor, builtins: BuiltinErrors, offsetError?: (row: number) => number): RefTensor {
  const out = zeros(x.shape);
  const n = columnsOf(x);
  for (let start = 0; start < x.value.length; start += n) {
    const row = x.value.subarray(start, start + n);
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    let sumVariance = 0;
    for (let i = 0; i < n; i++) {
      const e = Math.exp(row[i] - max);
      sum += e;
      sumVariance += expError(row[i] - max, e, builtins) ** 2;
    }
    // Relative variance of the sum: its terms' and the rounding of adding them up.
    const sumError = sumVariance / sum ** 2 + (ROUNDING * Math.sqrt(n)) ** 2 + (offsetError?.(start / n) ?? 0) ** 2;
    let spread = 0;
    for (let i = 0; i < n; i++) {
      const p = Math.exp(row[i] - max) / sum;
      out.value[start + i] = p;
      spread += p * p * x.variance[start + i];
    }
    for (let i = start; i < start + n; i++) {
      const p = out.value[i];
      // ∂pᵢ/∂xₖ = pᵢ·(δᵢₖ − pₖ).
      const fromInputs = p * p * (x.variance[i] * (1 - 2 * p) + spread);
      const own = expError(x.value[i] - max, p, builtins) ** 2 + divisionError(p, builtins) ** 2 + FLUSH ** 2;
      out.variance[i] = Math.max(0, fromInputs) + p * p * sumError + own;
    }
  }
  return out;
}
