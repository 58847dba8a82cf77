import { expanded } from '../reference/axes.ts';
import { complexAdd, complexExp, complexLog, complexMapped, complexSummed } from '../reference/complex.ts';
import { expError, FLUSH, logError, ROUNDING } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import { addDelta, emptyChange } from './change.ts';
import { atEachPlace, atEdges, foldedSizes, folding, foldMutants, samplesOver } from './folding.ts';
import { withoutLastLane } from './mutants.ts';
import type { Proof } from './proof.ts';
import { filled } from './sample-data.ts';

/** The largest number of each group. */
function largestOf(x: ArrayLike<number>, map: Int32Array, groups: number): Float64Array {
  const largest = new Float64Array(groups).fill(-Infinity);
  map.forEach((o, i) => { largest[o] = Math.max(largest[o], x[i]); });
  return largest;
}

/** y = log Σ e^x: torch.logsumexp. */
export const logSumExp: Proof = {
  differentiable: ['x'],
  forward({ x }, options, { builtins }) {
    const { map, count, shape } = folding(x.shape, options);
    const out = zeros(shape);
    const largest = largestOf(x.value, map, out.value.length);
    const total = new Float64Array(out.value.length);
    const spread = new Float64Array(out.value.length);
    const terms = new Float64Array(out.value.length);
    map.forEach((o, i) => {
      const e = Math.exp(x.value[i] - largest[o]);
      total[o] += e;
      spread[o] += e * e * x.variance[i];
      // Equal numbers err alike: their errors add up.
      terms[o] += expError(x.value[i] - largest[o], e, builtins);
    });
    out.value.forEach((_, o) => {
      const logarithm = Math.log(total[o]);
      out.value[o] = largest[o] + logarithm;
      out.variance[o] = (spread[o] + terms[o] ** 2) / total[o] ** 2 + (count > 1 ? ROUNDING ** 2 * count : 0) + logError(total[o], logarithm, builtins) ** 2 + (ROUNDING * out.value[o]) ** 2;
    });
    return out;
  },

  /** dx = dy·e^(x − y). */
  backward({ x }, out, dout, options, { builtins }) {
    const { map } = folding(x.shape, options);
    const y = expanded(out, map, x.shape);
    const d = expanded(dout, map, x.shape);
    const gradient = zeros(x.shape);
    gradient.value.forEach((_, i) => {
      const distance = x.value[i] - y.value[i];
      const share = Math.exp(distance);
      const value = d.value[i] * share;
      gradient.value[i] = value;
      gradient.variance[i] = share ** 2 * d.variance[i] + d.value[i] ** 2 * (share ** 2 * (x.variance[i] + y.variance[i]) + expError(distance, share, builtins) ** 2) + (ROUNDING * value) ** 2 + FLUSH ** 2;
    });
    return { x: gradient };
  },

  /** The largest real part is a constant that makes no difference: it only keeps e^x in range. */
  complex({ x }, options) {
    const { map, shape } = folding(x.shape, options);
    const largest = largestOf(x.re, map, x.re.length / folding(x.shape, options).count);
    const sums = complexSummed(complexMapped(x, ({ re, im }, i) => complexExp({ re: re - largest[map[i]], im })), map, shape);
    return complexMapped(sums, (z, o) => complexAdd(complexLog(z), { re: largest[o], im: 0 }));
  },

  /** Δy = log(1 + Σ e^(x − y)·(e^δ − 1)). */
  perturb({ inputs: { x }, out, options }) {
    const { map } = folding(x.shape, options);
    const sums = emptyChange(out.value.length);
    return () => {
      out.change.count = 0;
      sums.count = 0;
      for (let k = 0; k < x.change.count; k++) {
        const i = x.change.index[k];
        addDelta(sums, map[i], Math.exp(x.value[i] - out.value[map[i]]) * Math.expm1(x.change.delta[k]));
      }
      for (let k = 0; k < sums.count; k++) if (sums.delta[k] !== 0) addDelta(out.change, sums.index[k], Math.log1p(sums.delta[k]));
    };
  },

  samples: [
    ...samplesOver({}, 2),
    atEachPlace({}, () => -2),
    atEdges({}, () => -3),
    { name: 'beyond the range of e^x', options: { axes: [1] }, inputs: { x: filled([6, 13], (i) => (Math.floor(i / 13) % 2 ? 1000 : -1000) + Math.sin(i)) } },
    { name: 'rising and falling', options: { axes: [1] }, inputs: { x: filled([2, 67], (i) => (i < 67 ? i / 8 : (134 - i) / 8)) } },
    { name: 'ties', options: { axes: [1] }, inputs: { x: filled([4, 7], (i) => (i % 7 < 3 ? 2 : -1)) } },
  ],
  sizes: foldedSizes(),
  mutants: [
    ...foldMutants('logSumExp', ['reduction', 'formula']),
    { name: 'the maximum not added again', kernel: /^logSumExp\/serial$/, find: 'total.largest + select(', replace: 'select(', symptoms: ['formula'] },
    { name: 'the logarithm forgotten', kernel: /^logSumExp\/serial$/, find: 'log(total.total)', replace: 'total.total', symptoms: ['formula'] },
    { name: 'the sum does not shrink when a larger number comes', kernel: /^logSumExp\/serial$/, find: 'a.total * smaller + b.total', replace: 'a.total + b.total', symptoms: ['formula', 'region', 'reduction'] },
    { name: 'y not subtracted', kernel: /^logSumExpBackward$/, find: 'exp(x - y)', replace: 'exp(x)', symptoms: ['formula', 'region'] },
    { name: 'the upstream gradient forgotten', kernel: /^logSumExpBackward$/, find: 'dout * exp', replace: 'exp', symptoms: ['formula', 'factor'] },
    { name: 'the share turned round', kernel: /^logSumExpBackward$/, find: 'exp(x - y)', replace: 'exp(y - x)', symptoms: ['formula'] },
    withoutLastLane(/^logSumExpBackward$/),
  ],
  conventions: [],
};
