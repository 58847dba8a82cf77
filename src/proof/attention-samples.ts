import type { Shape } from '../reference/tensor.ts';
import { sizeOf } from '../reference/tensor.ts';
import type { Convention, Options, Sample, SampleTensor } from './proof.ts';
import { filled, normal, normals } from './sample-data.ts';
import { FLAG, matrixOf, sizesFrom } from './sizes.ts';

function sample(query: Shape, keys: Shape, width: number, options: Options = {}, more: { mask?: SampleTensor; size?: number; name?: string } = {}): Sample {
  const { mask, size = 1, name = '' } = more;
  const key = [...keys, query[query.length - 1]];
  const flags = [...(options.causal ? ['causal'] : []), ...(mask ? [`mask [${mask.shape.join(', ')}]`] : []), ...(name ? [name] : [])];
  return {
    name: [`[${query.join(', ')}] · [${key.join(', ')}] to ${width}`, ...flags].join(', '),
    options,
    inputs: {
      query: normals(211 + query.length, query, size), key: normals(223 + width, key, size), value: normals(227 + width, [...keys, width]),
      ...(mask ? { mask } : {}),
    },
  };
}

/** 0 and 1 as u32, some of each; `dark` is a row of nothing but 0. */
const seenOrNot = (shape: Shape, dark: number): SampleTensor => ({
  shape, data: Uint32Array.from({ length: sizeOf(shape) }, (_, i) => (Math.floor(i / shape[shape.length - 1]) !== dark && (i * 7) % 5 > 1 ? 1 : 0)),
});

/** Numbers to add, some of which hide: not those at a third of the whole, where single wrong elements are planted. */
const added = (shape: Shape): SampleTensor => filled(shape, (i) => (i % 6 === 5 ? -1e31 : normal(229, i)));

export const attentionSamples: readonly Sample[] = [
  sample([2, 3, 7, 8], [2, 3, 7], 8),
  sample([2, 4, 6, 4], [2, 2, 9], 8, { causal: true }, { name: 'grouped', mask: added([2, 1, 1, 9]) }),
  sample([2, 2, 7, 4], [2, 2, 7], 5, { maskKind: 'boolean' }, { mask: seenOrNot([7, 7], 2), name: 'a row that sees nothing' }),
  sample([1, 3, 19, 5], [1, 3, 5], 3, { causal: true, scale: 0.3 }),
  sample([2, 9, 16], [2, 9], 16, {}, { mask: filled([9], (i) => 100 + normal(233, i)), name: 'scores beyond the range of e^x' }),
  sample([5, 3], [1], 2),
  // From here on no weights are stored: more than 128 queries or keys.
  sample([2, 4, 3, 4], [2, 2, 130], 4, {}, { mask: added([3, 130]) }),
  sample([1, 4, 131, 4], [1, 2, 9], 8, { causal: true }, { name: 'grouped' }),
  sample([130, 8], [131], 4, { causal: true }),
  sample([3, 6, 5], [3, 140], 3, { scale: 0.3 }),
  sample([2, 140, 4], [2, 6], 4, { causal: true }, { mask: added([2, 1, 6]) }),
  sample([2, 3, 4], [2, 129], 5, { maskKind: 'boolean' }, { mask: seenOrNot([3, 129], 2), name: 'a row that sees nothing' }),
  sample([5, 16], [129], 16, {}, { size: 4, name: 'scores far apart' }),
];

export const attentionSizes = sizesFrom(
  // `group` heads share keys. `masked`: 1 an additive mask, 2 a boolean one. One column, or one key, would leave nothing to prove.
  {
    examples: [1, 2], shared: [1, 2], group: [1, 2], queries: [1, 140], keys: [2, 140], depth: [1, 9], width: [1, 9], causal: FLAG, masked: [0, 2],
  },
  ({ examples, shared, group, queries, keys, depth, width, causal, masked }, seed) => ({
    options: { causal: causal === 1, ...(masked === 2 ? { maskKind: 'boolean' } : {}) },
    inputs: {
      query: matrixOf(seed, 0, [examples, shared * group, queries, depth]), key: matrixOf(seed, 1, [examples, shared, keys, depth]),
      value: matrixOf(seed, 2, [examples, shared, keys, width]),
      ...(masked === 1 ? { mask: matrixOf(seed, 3, [queries, keys]) } : {}),
      ...(masked === 2 ? { mask: seenOrNot([queries, keys], 3) } : {}),
    },
  }),
  ({ options, inputs: { query, key, value, mask } }) => {
    if (query.shape.length !== 4 || options.scale !== undefined || (mask && mask.shape.length !== 2)) return undefined;
    const [examples, heads, queries, depth] = query.shape;
    const [, shared, keys] = key.shape;
    return {
      examples, shared, group: heads / shared, queries, keys, depth, width: value.shape[3], causal: options.causal === true ? 1 : 0,
      masked: mask ? (mask.data instanceof Uint32Array ? 2 : 1) : 0,
    };
  },
);

/** Two rows of queries of which the first sees nothing: no gradient may come from it. */
const dark = (mask: SampleTensor, options: Options): Omit<Convention, 'name'> => ({
  options,
  inputs: {
    query: filled([2, 1], (i) => i + 1), key: filled([2, 1], () => 1), value: filled([2, 1], (i) => i), mask,
  },
  cotangent: Float32Array.of(5, 0),
  gradients: { query: [0, 0], key: [0, 0], value: [0, 0] },
});

export const attentionConventions: readonly Convention[] = [
  // PyTorch gives NaN for it, which no training survives.
  { name: 'a query whose mask is −∞ everywhere gives 0 and passes no gradient on', ...dark(filled([2, 2], (i) => (i < 2 ? -Infinity : 0)), {}) },
  { name: 'a query whose boolean mask is 0 everywhere gives 0 and passes no gradient on', ...dark({ shape: [2, 2], data: Uint32Array.of(0, 0, 1, 1) }, { maskKind: 'boolean' }) },
  {
    name: 'query 0 of a causal attention sees key 0 alone',
    options: { causal: true },
    inputs: { query: filled([1, 1], () => 2), key: filled([3, 1], (i) => i), value: filled([3, 1], (i) => i + 1) },
    cotangent: Float32Array.of(1), gradients: { query: [0], key: [0, 0, 0], value: [1, 0, 0] },
  },
];
