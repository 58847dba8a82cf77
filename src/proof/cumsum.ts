import { complexAdd, complexOf } from '../reference/complex.ts';
import { FLUSH, ROUNDING } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { linesAlong } from './lines.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, matrixOf, sizesFrom } from './sizes.ts';

/** Running sums along an axis, from its start or from its end, with the error of adding so many terms. */
function running(x: RefTensor, options: Options, reverse: boolean): RefTensor {
  const { list, length } = linesAlong(x.shape, options);
  const out = zeros(x.shape);
  for (let start = 0; start < list.length; start += length) {
    let sum = 0;
    let size = 0;
    let variance = 0;
    for (let k = 0; k < length; k++) {
      const i = list[reverse ? start + length - 1 - k : start + k];
      sum += x.value[i];
      size += Math.abs(x.value[i]);
      variance += x.variance[i];
      out.value[i] = sum;
      out.variance[i] = variance + (k > 0 ? (k + 1) * ((ROUNDING * size) ** 2 + (size > 0 ? FLUSH ** 2 : 0)) : 0);
    }
  }
  return out;
}

/** y[i] = Σ over j ≤ i of x[j] along an axis: torch.cumsum. */
export const cumsum: Proof = {
  differentiable: ['x'],
  forward: ({ x }, options) => running(x, options, false),
  /** dx[j] = Σ over i ≥ j of dy[i]. */
  backward: ({ x }, _out, dout, options) => ({ x: { ...running(dout, options, true), shape: x.shape } }),
  complex({ x }, options) {
    const { list, length } = linesAlong(x.shape, options);
    const out = complexOf(x.shape, x.re);
    out.im.set(x.im);
    list.forEach((i, at) => {
      if (at % length === 0) return;
      const before = list[at - 1];
      const { re, im } = complexAdd({ re: out.re[before], im: out.im[before] }, { re: x.re[i], im: x.im[i] });
      out.re[i] = re;
      out.im[i] = im;
    });
    return out;
  },
  perturb({ inputs: { x }, out, options }) {
    const { list, length, lineOf } = linesAlong(x.shape, options);
    const touched = emptyChange(list.length / length);
    return () => {
      out.change.count = 0;
      touched.count = 0;
      for (let k = 0; k < x.change.count; k++) addDelta(touched, lineOf[x.change.index[k]], 0);
      for (let t = 0; t < touched.count; t++) {
        let sum = 0;
        for (let k = touched.index[t] * length; k < (touched.index[t] + 1) * length; k++) {
          sum += deltaAt(x.change, list[k]);
          if (sum !== 0) addDelta(out.change, list[k], sum);
        }
      }
    };
  },
  samples: [
    sample([1]), sample([67]), sample([16, 17], 0), sample([5, 13], 1), sample([3, 65], -1), sample([2, 15, 3], 1), sample([263, 2], 0), sample([3, 4, 1], -1), sample([2, 515]),
    { name: 'terms that cancel', options: {}, inputs: { x: filled([4, 64], (i) => (i % 2 ? -1 : 1) * (1000 + i % 7)) } },
    { name: 'one term in each row', options: {}, inputs: { x: filled([67, 67], (i) => (i % 67 === Math.floor(i / 67) * 7 % 67 ? 1 + i / 4096 : 0)) } },
  ],
  sizes: sizesFrom(
    { outer: [1, 17], size: [1, 263], inner: [1, 5], last: FLAG },
    ({ outer, size, inner, last }, seed) => ({ options: last ? {} : { axis: 1 }, inputs: { x: matrixOf(seed, 0, [outer, size, inner]) } }),
    ({ options, inputs: { x } }) => (x.shape.length === 3 && (options.axis === 1 || options.axis === undefined) ? { outer: x.shape[0], size: x.shape[1], inner: x.shape[2], last: options.axis === 1 ? 0 : 1 } : undefined),
  ),
  mutants: [
    { name: 'no sum', kernel: /^cumsum\/serial$/, find: 'total += x[place];', replace: 'total = x[place];', symptoms: ['formula', 'reduction'] },
    { name: 'without the element itself', kernel: /^cumsum\/serial$/, find: 'total += x[place];\n    out[place] = total;', replace: 'out[place] = total;\n    total += x[place];', symptoms: ['formula', 'reduction'] },
    { name: 'the gradient runs forwards', kernel: /^cumsum\/serial$/, find: 'u - i)', replace: 'u * 0u + i)', symptoms: ['formula', 'reduction'] },
    { name: 'each running sum leaves out its first element', kernel: /^cumsum\/serial$/, find: 'var i = 0u;', replace: 'var i = 1u;', symptoms: ['unwritten', 'reduction'] },
    withoutLastLane(/^cumsum\/serial$/),
    { name: 'parts do not go on from those before', kernel: /^cumsum\/workgroup$/, find: 'total += sums[other];', replace: 'total += 0.0 * sums[other];', symptoms: ['formula', 'reduction'] },
    { name: 'a part counts itself', kernel: /^cumsum\/workgroup$/, find: 'other < lane', replace: 'other <= lane', symptoms: ['formula', 'reduction'] },
    { name: 'only the part before', kernel: /^cumsum\/workgroup$/, find: 'total += sums[other];', replace: 'total = sums[other];', symptoms: ['formula', 'reduction'] },
    { name: 'the parts are not waited for', kernel: /^cumsum\/workgroup$/, find: 'sums[lane] = sum;\n  workgroupBarrier();', replace: 'sums[lane] = sum;', symptoms: ['formula', 'reduction'] },
  ],
  conventions: [],
};

function sample(shape: readonly number[], axis?: number): Sample {
  return { name: `[${shape.join(', ')}]${axis === undefined ? '' : ` along ${axis}`}`, options: axis === undefined ? {} : { axis }, inputs: { x: normals(401 + shape[0], shape) } };
}
