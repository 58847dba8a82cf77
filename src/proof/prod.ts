import type { Reduction } from '../reference/axes.ts';
import { complexMul, complexZeros } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import { flushVariance, ROUNDING } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { foldedSizes, folding, foldMutants, groupsOf } from './folding.ts';
import { withoutLastLane } from './mutants.ts';
import type { Proof, SampleTensor } from './proof.ts';
import { filled, uniform } from './sample-data.ts';

/** For each element the product of the others of its group, by those before and those behind. */
function othersOf(x: ArrayLike<number>, fold: Reduction): Float64Array {
  const list = groupsOf(fold);
  const others = new Float64Array(x.length);
  for (let start = 0; start < list.length; start += fold.count) {
    let product = 1;
    for (let k = start; k < start + fold.count; k++) {
      others[list[k]] = product;
      product *= x[list[k]];
    }
    product = 1;
    for (let k = start + fold.count - 1; k >= start; k--) {
      others[list[k]] *= product;
      product *= x[list[k]];
    }
  }
  return others;
}

/** Σ over the inexact x[j] of (Π of all but i and j)²·s_j: what the errors of the others make of the product without i. */
function errorsOfOthers(x: RefTensor, fold: Reduction): Float64Array {
  const variance = new Float64Array(x.value.length);
  if (x.variance.every((each) => each === 0)) return variance;
  const list = groupsOf(fold);
  for (let start = 0; start < list.length; start += fold.count) {
    for (let a = start; a < start + fold.count; a++) {
      for (let b = start; b < start + fold.count; b++) {
        if (a === b || x.variance[list[b]] === 0) continue;
        let rest = 1;
        for (let k = start; k < start + fold.count; k++) if (k !== a && k !== b) rest *= x.value[list[k]];
        variance[list[a]] += rest * rest * x.variance[list[b]];
      }
    }
  }
  return variance;
}

/** y = Π x: torch.prod. */
export const prod: Proof = {
  differentiable: ['x'],
  forward({ x }, options) {
    const fold = folding(x.shape, options);
    const others = othersOf(x.value, fold);
    const out = zeros(fold.shape);
    out.value.fill(1);
    fold.map.forEach((o, i) => {
      out.value[o] *= x.value[i];
      out.variance[o] += others[i] ** 2 * x.variance[i];
    });
    out.value.forEach((value, o) => { out.variance[o] += (fold.count - 1) * (ROUNDING * value) ** 2 + flushVariance(value); });
    return out;
  },

  /** dx = dy·Π of the others: right also where some are 0. */
  backward({ x }, _out, dout, options) {
    const fold = folding(x.shape, options);
    const others = othersOf(x.value, fold);
    const errors = errorsOfOthers(x, fold);
    const gradient = zeros(x.shape);
    fold.map.forEach((o, i) => {
      const value = dout.value[o] * others[i];
      gradient.value[i] = value;
      gradient.variance[i] = others[i] ** 2 * dout.variance[o] + dout.value[o] ** 2 * errors[i] + fold.count * (ROUNDING * value) ** 2 + flushVariance(value);
    });
    return { x: gradient };
  },

  complex({ x }, options) {
    const fold = folding(x.shape, options);
    const out = complexZeros(fold.shape);
    out.re.fill(1);
    fold.map.forEach((o, i) => {
      const { re, im }: Complex = complexMul({ re: out.re[o], im: out.im[o] }, { re: x.re[i], im: x.im[i] });
      out.re[o] = re;
      out.im[o] = im;
    });
    return out;
  },

  /** Element by element: Π (x + δ) − Π x = Σ over k of Π of the changed before k · δ[k] · Π of the unchanged behind k. */
  perturb({ inputs: { x }, out, options }) {
    const fold = folding(x.shape, options);
    const list = groupsOf(fold);
    const touched = emptyChange(out.value.length);
    return () => {
      out.change.count = 0;
      touched.count = 0;
      for (let k = 0; k < x.change.count; k++) addDelta(touched, fold.map[x.change.index[k]], 0);
      for (let t = 0; t < touched.count; t++) {
        const o = touched.index[t];
        let before = 1;
        let delta = 0;
        for (let k = o * fold.count; k < (o + 1) * fold.count; k++) {
          const step = deltaAt(x.change, list[k]);
          delta = delta * x.value[list[k]] + before * step;
          before *= x.value[list[k]] + step;
        }
        if (delta !== 0) addDelta(out.change, o, delta);
      }
    };
  },

  samples: [
    { name: '[5]', options: {}, inputs: { x: factors(1, [5]) } },
    { name: '[67] at once', options: {}, inputs: { x: factors(2, [67]) } },
    { name: '[16, 17] over the first', options: { axes: [0] }, inputs: { x: factors(3, [16, 17]) } },
    { name: '[3, 65] over the last', options: { axes: -1, keepDims: true }, inputs: { x: factors(4, [3, 65]) } },
    { name: '[3, 4, 5] over two', options: { axes: [0, 2] }, inputs: { x: factors(5, [3, 4, 5]) } },
    { name: '[2, 3, 4, 5] over two', options: { axes: [-3, 3] }, inputs: { x: factors(6, [2, 3, 4, 5]) } },
    { name: '[2, 515]: beyond one partial product', options: { axes: [1] }, inputs: { x: filled([2, 515], (i) => 1 + 0.02 * (uniform(7, i) - 0.5)) } },
    { name: 'no zero, one, two', options: { axes: [1] }, inputs: { x: filled([3, 7], (i) => (i === 9 || i === 15 || i === 19 ? 0 : factors(8, [3, 7]).data[i])) } },
    { name: 'a zero at each of 17 places', options: { axes: [1] }, inputs: { x: filled([17, 17], (i) => (i % 17 === Math.floor(i / 17) ? 0 : 0.75 + (i % 5) / 8)) } },
  ],
  sizes: foldedSizes(1, (seed, shape) => factors(seed, shape)),
  mutants: [
    ...foldMutants('prod', ['reduction', 'formula', 'factor']),
    { name: 'a sum instead', kernel: /^prod\/serial$/, find: 'partial *= value;', replace: 'partial += value;', symptoms: ['formula'] },
    { name: 'only the others before', kernel: /^prod-backward/, find: 'dx[place] *= behind;', replace: '', symptoms: ['formula'] },
    { name: 'only the others behind', kernel: /^prod-backward/, find: 'dx[place] = before;', replace: 'dx[place] = 1.0;', symptoms: ['formula'] },
    { name: 'the upstream gradient forgotten', kernel: /^prod-backward/, find: 'var before = dout[lane];', replace: 'var before = 1.0;', symptoms: ['formula', 'factor'] },
    { name: 'the number itself among the others', kernel: /^prod-backward/, find: 'dx[place] = before;\n    before *= x[place];', replace: 'before *= x[place];\n    dx[place] = before;', symptoms: ['formula'] },
    withoutLastLane(/^prod-backward/),
  ],
  conventions: [],
};

/** Numbers of both signs around 1, so that a product of many stays in range. */
function factors(seed: number, shape: readonly number[]): SampleTensor {
  return filled(shape, (i) => (0.8 + 0.4 * uniform(seed, i)) * (uniform(seed + 100, i) < 0.3 ? -1 : 1));
}
