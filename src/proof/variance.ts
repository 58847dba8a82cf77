import { expanded, summed } from '../reference/axes.ts';
import { complexExpanded, complexMul, complexPaired, complexSub, complexSummed } from '../reference/complex.ts';
import { divisionError, ROUNDING } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta, emptyChange } from './change.ts';
import { atEdges, foldedSizes, folding, foldMutants, sample } from './folding.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options, Proof } from './proof.ts';
import { filled } from './sample-data.ts';

/** The longest run over which a running mean's errors add up: longer sums are joined from such parts. */
const PART = 256;

const lessOf = ({ correction }: Options): number => (typeof correction === 'number' ? correction : 1);

/** Means of the groups with the error of a running mean, which remembers about a third of its steps' roundings. */
function meansOf(x: RefTensor, options: Options): { mean: RefTensor; error: Float64Array } {
  const { map, count, shape } = folding(x.shape, options);
  const mean = zeros(shape);
  const largest = new Float64Array(mean.value.length);
  map.forEach((o, i) => {
    mean.value[o] += x.value[i] / count;
    mean.variance[o] += x.variance[i] / count ** 2;
    largest[o] = Math.max(largest[o], Math.abs(x.value[i]));
  });
  const error = largest.map((size) => ROUNDING * size * Math.sqrt(1 + Math.min(count, PART) / 3));
  error.forEach((one, o) => { mean.variance[o] += one * one; });
  return { mean, error };
}

/** y = Σ (x − mean)²/(n − correction): torch.var. */
export const variance: Proof = {
  differentiable: ['x'],
  forward({ x }, options, { builtins }) {
    const { map, count, shape } = folding(x.shape, options);
    const { mean, error } = meansOf(x, options);
    const factor = 1 / (count - lessOf(options));
    const out = zeros(shape);
    const squares = zeros(shape);
    map.forEach((o, i) => {
      const d = x.value[i] - mean.value[o];
      squares.value[o] += d * d;
      squares.variance[o] += 4 * d * d * (x.variance[i] + error[o] ** 2) + error[o] ** 4;
    });
    squares.value.forEach((sum, o) => {
      out.value[o] = factor * sum;
      out.variance[o] = factor ** 2 * (squares.variance[o] + ROUNDING ** 2 * count * sum * sum) + divisionError(factor * sum, builtins) ** 2;
    });
    return out;
  },

  /** dx = dy·2·(x − mean)/(n − correction). */
  backward({ x }, _out, dout, options, { builtins }) {
    const { map, count } = folding(x.shape, options);
    const { mean } = meansOf(x, options);
    const d = expanded(dout, map, x.shape);
    const factor = 2 / (count - lessOf(options));
    const gradient = zeros(x.shape);
    map.forEach((o, i) => {
      const distance = x.value[i] - mean.value[o];
      const value = factor * distance * d.value[i];
      gradient.value[i] = value;
      gradient.variance[i] = factor ** 2 * (d.value[i] ** 2 * (x.variance[i] + mean.variance[o]) + distance ** 2 * d.variance[i])
        + 3 * (ROUNDING * value) ** 2 + divisionError(value, builtins) ** 2;
    });
    return { x: gradient };
  },

  working({ x }, options) {
    return { mean: meansOf(x, { ...options, keepDims: true }).mean };
  },

  complex({ x }, options) {
    const { map, count, shape } = folding(x.shape, options);
    const mean = complexSummed(x, map, shape, 1 / count);
    const distance = complexPaired(x, complexExpanded(mean, map, x.shape), complexSub);
    return complexSummed(complexPaired(distance, distance, complexMul), map, shape, 1 / (count - lessOf(options)));
  },

  /** With D = Σ δ: Σ (x + δ − mean − D/n)² − Σ (x − mean)² = Σ δ·(2·(x − mean) + δ) − D²/n. */
  perturb({ inputs: { x }, out, options }) {
    const { map, count } = folding(x.shape, options);
    const mean = summed({ shape: x.shape, value: x.value, variance: new Float64Array(x.value.length) }, map, out.shape).value.map((sum) => sum / count);
    const factor = 1 / (count - lessOf(options));
    const sums = emptyChange(out.value.length);
    const squares = emptyChange(out.value.length);
    return () => {
      out.change.count = 0;
      sums.count = 0;
      squares.count = 0;
      for (let k = 0; k < x.change.count; k++) {
        const o = map[x.change.index[k]];
        const step = x.change.delta[k];
        addDelta(sums, o, step);
        addDelta(squares, o, step * (2 * (x.value[x.change.index[k]] - mean[o]) + step));
      }
      for (let k = 0; k < squares.count; k++) {
        const o = squares.index[k];
        const delta = factor * (squares.delta[k] - sums.delta[k] ** 2 / count);
        if (delta !== 0) addDelta(out.change, o, delta);
      }
    };
  },

  samples: [
    sample([2]),
    sample([257]),
    sample([16, 17], { axes: [0] }),
    sample([3, 65], { axes: -1, keepDims: true }),
    sample([3, 4, 5], { axes: [0, 2], correction: 0 }),
    sample([2, 3, 4, 5], { axes: [-3, 3], keepDims: true }),
    sample([5, 13], { axes: [1], correction: 2.5 }),
    atEdges({}, (i) => 0.01 * Math.sin(i)),
    { name: 'around 1000', options: { axes: [1] }, inputs: { x: filled([4, 67], (i) => 1000 + Math.sin(i)) } },
    { name: 'equal numbers beside others', options: { axes: [1] }, inputs: { x: filled([5, 11], (i) => (i < 22 ? 3 : Math.cos(i))) } },
  ],
  sizes: foldedSizes(2),
  mutants: [
    ...foldMutants('variance'),
    { name: '1/(n - correction) missing', kernel: /^variance\/serial$/, find: 'out[lane] = total.squares * ', replace: 'out[lane] = total.squares + 0.0 * ', symptoms: ['factor'] },
    { name: 'the mean before the number twice', kernel: /^variance\/serial$/, find: 'before * (value - mean)', replace: 'before * before', symptoms: ['formula', 'factor'] },
    { name: 'parts joined without their distance', kernel: /^variance\/serial$/, find: ' + distance * distance * a.count * share', replace: '', symptoms: ['formula', 'reduction', 'region'] },
    { name: 'the mean not saved where it stands', kernel: /^variance\/serial$/, find: 'mean[lane] = total.mean;', replace: 'mean[lane] = total.squares;', symptoms: ['formula'] },
    { name: 'the mean not subtracted', kernel: /^varianceBackward$/, find: '(x - mean)', replace: 'x', symptoms: ['formula'] },
    { name: 'the upstream gradient forgotten', kernel: /^varianceBackward$/, find: 'return dout * (', replace: 'return (', symptoms: ['formula', 'factor'] },
    withoutLastLane(/^varianceBackward$/),
  ],
  conventions: [],
};
