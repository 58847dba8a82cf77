import { complexAdd, complexDiv, complexExp, complexMapped } from '../reference/complex.ts';
import type { Complex, ComplexTensor } from '../reference/complex.ts';
import { divisionError, expError, FLUSH, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { withoutLastLane } from './mutants.ts';
import type { Proof } from './proof.ts';
import { filled, movingPeak, normals } from './sample-data.ts';
import { FLAG, logitsOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** y = e^(x − max)/Σ e^(x − max) over the last axis. */
export const softmax: Proof = {
  differentiable: ['x'],
  forward: ({ x }, _options, { builtins }) => softmaxRows(x, builtins),

  /** dx = y·(dy − Σ dy·y). */
  backward({ x }, out, dout) {
    const gradient = zeros(x.shape);
    const n = columnsOf(x);
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
    return { x: gradient };
  },

  complex({ x }) {
    const n = columnsOf(x);
    const e = complexMapped(x, complexExponentials(x));
    const sums = complexRowSums(e, n);
    return complexMapped(e, (z, i) => complexDiv(z, sums[Math.floor(i / n)]));
  },

  /** Δy = y·(e^δ − 1 − S)/(1 + S) with S = Σ y·(e^δ − 1) over the row. */
  perturb({ inputs: { x }, out }) {
    const n = columnsOf(x);
    const rows = emptyChange(x.value.length / n);
    return () => {
      out.change.count = 0;
      rows.count = 0;
      for (let k = 0; k < x.change.count; k++) {
        const i = x.change.index[k];
        addDelta(rows, Math.floor(i / n), out.value[i] * Math.expm1(x.change.delta[k]));
      }
      for (let r = 0; r < rows.count; r++) {
        const start = rows.index[r] * n;
        const shift = rows.delta[r];
        for (let i = start; i < start + n; i++) {
          addDelta(out.change, i, out.value[i] * (Math.expm1(deltaAt(x.change, i)) - shift) / (1 + shift));
        }
      }
    };
  },

  samples: [
    { name: '[2]', options: {}, inputs: { x: normals(509, [2]) } },
    { name: '[5, 3]', options: {}, inputs: { x: normals(521, [5, 3], 2) } },
    { name: '[17, 15]', options: {}, inputs: { x: normals(523, [17, 15], 2) } },
    { name: '[2, 3, 16]', options: {}, inputs: { x: normals(541, [2, 3, 16], 2) } },
    { name: '[3, 63]', options: {}, inputs: { x: normals(547, [3, 63], 2) } },
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
  ],
  sizes: sizesFrom(
    // The gradient of a row of one is 0: nothing to prove.
    { rows: [1, 67], columns: [2, 263], peak: FLAG, large: FLAG },
    ({ rows, columns, peak, large }, seed) => ({ options: {}, inputs: { x: logitsOf(seed, rows, columns, { peak, large }) } }),
    ({ inputs: { x } }) => rowsAndColumns(x.shape),
  ),
  mutants: [
    { name: 'the last element taken for the maximum', kernel: /^softmax\/row/, find: 'largest = max(largest, x[start + i]);', replace: 'largest = x[start + i];', symptoms: ['region'] },
    { name: 'the maximum not subtracted', kernel: /^softmax\/row/, find: 'exp(x[start + i] - largest)', replace: 'exp(x[start + i])', symptoms: ['region'] },
    { name: 'not normalised', kernel: /^softmax\/row/, find: 'out[start + i] *= scale;', replace: '', symptoms: ['formula', 'factor'] },
    { name: 'the sum keeps only its last term', kernel: /^softmax\/row/, find: 'total += weight;', replace: 'total = weight;', symptoms: ['reduction'] },
    { name: 'each row sums to two', kernel: /^softmax\/row/, find: '1.0 / total', replace: '2.0 / total', symptoms: ['factor'] },
    { name: 'the weights multiply what was there', kernel: /^softmax\/row/, find: 'out[start + i] = weight;', replace: '', symptoms: ['garbage', 'unwritten'] },
    { name: 'the first element of a row left out of its sum', kernel: /^softmax\/row/, find: 'let weight = exp(x[start + i] - largest);', replace: 'let weight = select(exp(x[start + i] - largest), 0.0, i == 0u);', symptoms: ['zero-block', 'reduction'] },
    { name: 'the inner product without y', kernel: /^softmax-backward/, find: 'inner += dout[start + i] * y[start + i];', replace: 'inner += dout[start + i];', symptoms: ['formula'] },
    { name: 'the inner product forgotten', kernel: /^softmax-backward/, find: '(dout[start + i] - inner)', replace: 'dout[start + i]', symptoms: ['formula'] },
    { name: 'the inner product keeps only its last term', kernel: /^softmax-backward/, find: 'inner += dout', replace: 'inner = dout', symptoms: ['reduction', 'formula'] },
    { name: 'the factor y forgotten', kernel: /^softmax-backward/, find: 'y[start + i] * (dout', replace: '(dout', symptoms: ['formula'] },
    withoutLastLane(/^softmax/),
  ],
  conventions: [],
};

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
