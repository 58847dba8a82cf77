import { attentionOut, attentionRow, attentionShape, HIDING } from '../reference/attention.ts';
import type { AttentionShape } from '../reference/attention.ts';
import { FLUSH, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { attentionMutants } from './attention-mutants.ts';
import { attentionChange, complexAttention } from './attention-paths.ts';
import { attentionConventions, attentionSamples, attentionSizes } from './attention-samples.ts';
import type { Inputs, Options, Proof } from './proof.ts';

type Given = Inputs & { mask?: RefTensor };
type Shaped = Readonly<Record<string, { readonly shape: Shape }>> & { readonly mask?: { readonly shape: Shape } };

const shapeOf = ({ query, key, value, mask }: Shaped, options: Options): AttentionShape =>
  attentionShape(query.shape, key.shape, value.shape, mask?.shape, options);

/** Σ over s of p · v[s], p = softmax of scale · q · k[s] + mask over the keys that are seen: torch's scaled_dot_product_attention. */
export const scaledDotProductAttention: Proof = {
  differentiable: ['query', 'key', 'value', 'mask'],

  forward(inputs: Given, options, { builtins }) {
    const shape = shapeOf(inputs, options);
    const out = zeros([...inputs.query.shape.slice(0, -1), shape.width]);
    for (let row = 0; row < shape.matrices * shape.queries; row++) {
      attentionOut(attentionRow(shape, inputs.query, inputs.key, inputs.mask, row, builtins), shape, inputs.value, out, row);
    }
    return out;
  },

  /** dz[t, s] = p · (dout[t] · v[s] − dout[t] · out[t]); dq = scale · Σ dz · k, dk = scale · Σ dz · q, dv = Σ p · dout, dmask = Σ dz. */
  backward: (inputs: Given, out, dout, options, { builtins }) => gradients(inputs, out, dout, shapeOf(inputs, options), builtins),

  work({ query, key, value }) {
    const shape = attentionShape(query, key, value, undefined, {});
    return shape.matrices * shape.queries * shape.keys * (shape.depth + shape.width);
  },

  working(inputs: Given, options, rounding, dout) {
    const shape = shapeOf(inputs, options);
    const rows = shape.matrices * shape.queries;
    const { keys } = shape;
    const weights = zeros([rows, keys]);
    const statistics = zeros([rows, 2]);
    const known = zeros([rows, 4]);
    const out = this.forward(inputs, options, rounding);
    const put = (to: RefTensor, at: number, value: number, variance: number): void => {
      to.value[at] = value;
      to.variance[at] = variance;
    };
    for (let row = 0; row < rows; row++) {
      const { seen, p, relative, largest, largestVariance, inverse, sumVariance } = attentionRow(shape, inputs.query, inputs.key, inputs.mask, row, rounding.builtins);
      const isSeen = seen.length > 0;
      seen.forEach((s, i) => { put(weights, row * keys + s, p[i], p[i] ** 2 * (relative[i] + sumVariance + 2 * ROUNDING ** 2) + FLUSH ** 2); });
      const inner = innerOf(dout, out, row, shape.width);
      for (const [to, width] of [[statistics, 2], [known, 4]] as const) {
        put(to, row * width, isSeen ? largest : Math.fround(HIDING), isSeen ? largestVariance : 0);
        put(to, row * width + 1, inverse, inverse * inverse * (sumVariance + largestVariance));
      }
      put(known, row * 4 + 2, inner.value, inner.variance);
    }
    return { weights, statistics, ...(dout ? { rows: known } : {}) };
  },

  complex: (inputs, options) => complexAttention(inputs, shapeOf(inputs, options)),
  perturb: ({ inputs, out, options }) => attentionChange(inputs, out, shapeOf(inputs, options)),

  samples: attentionSamples,
  sizes: attentionSizes,
  mutants: attentionMutants,
  conventions: attentionConventions,
};

/** dout · out of one row, with its variance; 0 without a dout. */
function innerOf(dout: RefTensor | undefined, out: RefTensor, row: number, width: number): { value: number; variance: number } {
  let value = 0;
  let size = 0;
  let variance = 0;
  for (let j = row * width; dout && j < (row + 1) * width; j++) {
    const term = dout.value[j] * out.value[j];
    value += term;
    size += Math.abs(term);
    variance += dout.value[j] ** 2 * out.variance[j] + dout.variance[j] * out.value[j] ** 2;
  }
  return { value, variance: variance + (ROUNDING * Math.sqrt(width) * size) ** 2 };
}

/** What an element of a gradient is a sum of: its value, the variance of its terms, and the sizes that its roundings grow with. */
class Sums {
  readonly tensor: RefTensor;
  readonly #size: Float64Array;
  readonly #terms: Float64Array;

  constructor(shape: RefTensor['shape']) {
    this.tensor = zeros(shape);
    this.#size = new Float64Array(this.tensor.value.length);
    this.#terms = new Float64Array(this.tensor.value.length);
  }

  add(at: number, term: number, variance: number): void {
    this.tensor.value[at] += term;
    this.tensor.variance[at] += variance;
    this.#size[at] += Math.abs(term);
    this.#terms[at] += 1;
  }

  finish(factor = 1): RefTensor {
    const { value, variance } = this.tensor;
    for (let i = 0; i < value.length; i++) {
      variance[i] = factor * factor * (variance[i] + this.#terms[i] * (ROUNDING * this.#size[i]) ** 2) + (ROUNDING * factor * value[i]) ** 2
        + (this.#size[i] > 0 ? this.#terms[i] * FLUSH ** 2 : 0);
      value[i] *= factor;
    }
    return this.tensor;
  }
}

function gradients({ query, key, value, mask }: Given, out: RefTensor, dout: RefTensor, shape: AttentionShape, builtins: BuiltinErrors) {
  const { depth, width, keys, scale, maskMap } = shape;
  const dquery = new Sums(query.shape);
  const dkey = new Sums(key.shape);
  const dvalue = new Sums(value.shape);
  const dmask = new Sums(mask?.shape ?? []);
  for (let row = 0; row < shape.matrices * shape.queries; row++) {
    const { p, seen, relative, shared, sumVariance, largestVariance } = attentionRow(shape, query, key, mask, row, builtins);
    const inner = innerOf(dout, out, row, width);
    // Errors that all keys of a row share: of dout · out, and of the sum that divides them.
    const sharedRelative = sumVariance + largestVariance;
    const weighted = new Float64Array(depth);
    seen.forEach((s, i) => {
      let slope = 0;
      let size = 0;
      let fromDout = 0;
      let fromValue = 0;
      for (let j = 0; j < width; j++) {
        const [d, v] = [row * width + j, (shared * keys + s) * width + j];
        const term = dout.value[d] * value.value[v];
        slope += term;
        size += Math.abs(term);
        fromDout += dout.variance[d] * (value.value[v] - out.value[d]) ** 2;
        fromValue += dout.value[d] ** 2 * value.variance[v];
        dvalue.add(v, p[i] * dout.value[d], p[i] ** 2 * (dout.variance[d] + dout.value[d] ** 2 * (relative[i] + sharedRelative)));
      }
      const rest = slope - inner.value;
      const own = p[i] ** 2 * (fromDout + fromValue + width * (ROUNDING * size) ** 2 + 3 * (ROUNDING * rest) ** 2 + rest * rest * relative[i]);
      const all = own + p[i] ** 2 * (inner.variance + rest * rest * sharedRelative);
      const dz = p[i] * rest;
      for (let c = 0; c < depth; c++) {
        const [q, k] = [row * depth + c, (shared * keys + s) * depth + c];
        weighted[c] += p[i] * key.value[k];
        dquery.add(q, dz * key.value[k], own * key.value[k] ** 2 + dz * dz * key.variance[k]);
        dkey.add(k, dz * query.value[q], all * query.value[q] ** 2 + dz * dz * query.variance[q]);
      }
      if (maskMap) dmask.add(maskMap[row * keys + s], dz, all);
    });
    for (let c = 0; c < depth; c++) {
      const q = row * depth + c;
      dquery.tensor.variance[q] += inner.variance * weighted[c] ** 2 + sharedRelative * dquery.tensor.value[q] ** 2;
    }
  }
  const ofMask = mask && shape.maskKind === 'boolean' ? zeros(mask.shape) : dmask.finish();
  return { query: dquery.finish(scale), key: dkey.finish(scale), value: dvalue.finish(), ...(mask ? { mask: ofMask } : {}) };
}
