import {
  attentionRowDots, keyGradientRows, keyGradientTiles, queryGradientRows, queryGradientTiles, type QueryGradientSpec,
} from '../../shaders/attention-backward.wgsl.ts';
import { maskGradient, type MaskGradientSpec } from '../../shaders/attention-mask.wgsl.ts';
import { TILE_LANES, type AttentionBackwardSpec, type AttentionInput, type AttentionMask, type AttentionSpec } from '../../shaders/attention-parts.wgsl.ts';
import { attentionRows, attentionTiles, tileRows } from '../../shaders/attention.wgsl.ts';
import { checkNumber, OptionError, ShapeError, show } from '../errors.ts';
import { shortBackward, shortForward, type ShortAttention } from './attention-short.ts';
import { accessOf, map } from './map.ts';
import { flag, type Application, type BackwardApplication, type Named, type LibraryOp, type Options } from './op.ts';
import type { KernelFamily, Request, Target } from './request.ts';
import { layoutOf, sameShape, showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

/** Up to so many rows of queries and of keys the weights are stored: products made once cost less than the same ones made again. */
export const SHORT = 128;

const isShort = ({ query, key }: Named<Tensor>): boolean => query!.shape.at(-2)! <= SHORT && key!.shape.at(-2)! <= SHORT;

/** Fewer rows than this leave most lanes of a workgroup idle, and keys are read from the cache anyway. */
const LONG = TILE_LANES;

/** Workgroups pay off on adapters that run their lanes together, where rows are many and a tile of eight rows fits. */
const isLong = (rows: number, tile: number, { adapterClass }: Target): boolean => adapterClass === 'gpu' && rows > LONG && tile >= 8;

/** Scores that are computed: with `causal` half of them and the diagonal. */
function scoresOf({ matrices, queries, keys, causal }: AttentionSpec): number {
  if (!causal) return matrices * queries * keys;
  const short = Math.min(queries, keys);
  return matrices * (short * (short + 1) / 2 + (queries - short) * keys);
}

/** Operations for `scores` scores: `byKey` products along a row of the keys, `byValue` along one of the values, and the softmax or its gradient. */
const attentionFlops = (spec: AttentionSpec, byKey: number, byValue: number): number => scoresOf(spec) * (2 * byKey * spec.key.columns + 2 * byValue * spec.value.columns + 5);

export const attentionFamily: KernelFamily<AttentionSpec> = {
  flops: ({ spec }) => attentionFlops(spec, 1, 1),
  name: 'attention',
  followsLayout: true,
  cut: 'attention',
  variants: [
    { name: 'tiles', suits: (spec, target) => isLong(spec.queries, tileRows(spec.key, spec.value), target), kernel: attentionTiles },
    { name: 'rows', suits: () => true, kernel: attentionRows },
  ],
};

export const rowDotsFamily: KernelFamily<AttentionBackwardSpec> = {
  flops: ({ spec: { matrices, queries, value } }) => 2 * matrices * queries * value.columns,
  name: 'attention-row-dots',
  followsLayout: true,
  cut: 'attention',
  variants: [{ name: 'row', suits: () => true, kernel: attentionRowDots }],
};

export const queryGradientFamily: KernelFamily<QueryGradientSpec> = {
  flops: ({ spec }) => attentionFlops(spec, 2, 1),
  name: 'attention-query-gradient',
  followsLayout: true,
  cut: 'attention',
  variants: [
    { name: 'tiles', suits: (spec, target) => isLong(spec.queries, tileRows(spec.key, spec.value), target), kernel: queryGradientTiles },
    { name: 'rows', suits: () => true, kernel: queryGradientRows },
  ],
};

export const keyGradientFamily: KernelFamily<AttentionBackwardSpec> = {
  flops: ({ spec }) => attentionFlops(spec, 2, 2),
  name: 'attention-key-gradient',
  followsLayout: true,
  cut: 'attention',
  variants: [
    { name: 'tiles', suits: (spec, target) => isLong(spec.keys, tileRows(spec.query, spec.dout, 1), target), kernel: keyGradientTiles },
    { name: 'rows', suits: () => true, kernel: keyGradientRows },
  ],
};

export const maskGradientFamily: KernelFamily<MaskGradientSpec> = {
  flops: ({ spec }) => attentionFlops(spec, 1, 1),
  name: 'attention-mask-gradient',
  cut: 'maskGradient',
  followsLayout: true,
  variants: [{ name: 'lane', suits: () => true, kernel: maskGradient }],
};

/** A tensor [..., rows, columns] as the kernels read it. */
function inputOf(tensor: Tensor): AttentionInput {
  const { strides, offset, size } = layoutOf(tensor);
  const { shape } = tensor;
  const matrixTerms: { divide: number; modulo: number; stride: number }[] = [];
  let divide = 1;
  for (let axis = shape.length - 3; axis >= 0; axis -= 1) {
    const [modulo, stride] = [shape[axis]!, strides[axis]!];
    const inner = matrixTerms[0];
    // Two axes that lie one behind the other are one longer axis.
    if (inner && stride === inner.stride * inner.modulo) inner.modulo *= modulo;
    else if (modulo > 1) matrixTerms.unshift({ divide, modulo, stride });
    divide *= modulo;
  }
  return { matrixTerms, offset, rowStride: strides[shape.length - 2]!, columns: shape[shape.length - 1]!, size };
}

/** The tensor as the kernels can read it, with a copy before where its rows' elements are no neighbours or it runs backwards. */
function withRows(tensor: Tensor, copy: () => Tensor): { tensor: Tensor; requests: Request[] } {
  const { layout, shape } = tensor;
  const fits = !layout || (layout.strides.every((stride) => stride >= 0) && (layout.strides[shape.length - 1] === 1 || shape[shape.length - 1] === 1));
  if (fits) return { tensor, requests: [] };
  const to = copy();
  return { tensor: to, requests: [map(tensor, [], to)] };
}

function scaleOf(who: string, { scale }: Options, query: Shape): number {
  return scale === undefined ? 1 / Math.sqrt(query[query.length - 1]!) : checkNumber(who, 'scale', scale, { float32: true });
}

function maskKindOf(who: string, { maskKind }: Options, mask: Tensor): 'additive' | 'boolean' {
  if (maskKind !== undefined && maskKind !== 'additive' && maskKind !== 'boolean') {
    throw new OptionError(who, 'maskKind to be "additive" (added to the scores) or "boolean" (0 hides a key)', show(maskKind));
  }
  if (mask.type === 'u32' && maskKind !== 'boolean') throw new OptionError(who, 'maskKind "boolean" for a mask of u32', show(maskKind));
  return maskKind ?? 'additive';
}

/** What the scores would be if they were stored: [..., heads, T, S]. */
const scoresShape = (query: Shape, key: Shape): Shape => [...query.slice(0, -1), key[key.length - 2]!];

function checkShapes({ query, key, value, mask }: Named<Tensor>, who: string): Shape {
  const [q, k, v] = [query!.shape, key!.shape, value!.shape];
  const got = `query ${showShape(q)}, key ${showShape(k)} and value ${showShape(v)}`;
  const fits = q.length >= 2 && q.length === k.length && q.length === v.length && q.at(-1) === k.at(-1) && k.at(-2) === v.at(-2);
  if (!fits) throw new ShapeError(who, 'a query [..., heads, T, D], a key [..., heads, S, D] and a value [..., heads, S, E]', got);
  const heads = q.length >= 3 ? q.at(-3)! : 1;
  const shared = q.length >= 3 ? k.at(-3)! : 1;
  if (!sameShape(k.slice(0, -2), v.slice(0, -2)) || !sameShape(q.slice(0, -3), k.slice(0, -3))) {
    throw new ShapeError(who, 'the same examples in query, key and value, and as many heads in value as in key', got);
  }
  if (heads % shared !== 0) throw new ShapeError(who, 'heads of the query divisible by those of key and value', `${heads} and ${shared}`);
  if (mask) {
    const scores = scoresShape(q, k);
    const missing = scores.length - mask.shape.length;
    if (missing < 0 || mask.shape.some((size, axis) => size !== 1 && size !== scores[missing + axis])) {
      throw new ShapeError(who, `a mask that broadcasts to ${showShape(scores)}`, showShape(mask.shape));
    }
  }
  return [...q.slice(0, -1), v.at(-1)!];
}

function shortOf({ inputs: { query, key, mask }, options }: Application): ShortAttention {
  const who = 'scaledDotProductAttention';
  return {
    scale: scaleOf(who, options, query!.shape), causal: flag(who, options, 'causal'),
    group: sizeOf(query!.shape.slice(0, -2)) / sizeOf(key!.shape.slice(0, -2)),
    mask: mask ? maskOf(mask, options, scoresShape(query!.shape, key!.shape)) : undefined,
  };
}

/** What all of its kernels are told, and the copies that they need before. */
function described({ inputs, options, scratch }: Application): { spec: AttentionSpec; reads: Record<string, Tensor>; requests: Request[] } {
  const requests: Request[] = [];
  const reads: Record<string, Tensor> = {};
  for (const name of ['query', 'key', 'value'] as const) {
    const plain = withRows(inputs[name]!, () => scratch(`${name}Copy`, inputs[name]!.shape));
    requests.push(...plain.requests);
    reads[name] = plain.tensor;
  }
  const [query, key, value] = [reads.query!, reads.key!, reads.value!];
  const { mask } = inputs;
  if (mask) reads.mask = mask;
  const matrices = sizeOf(query.shape.slice(0, -2));
  return {
    requests, reads,
    spec: {
      matrices, group: matrices / sizeOf(key.shape.slice(0, -2)), queries: query.shape.at(-2)!, keys: key.shape.at(-2)!,
      scale: scaleOf('scaledDotProductAttention', options, query.shape), causal: flag('scaledDotProductAttention', options, 'causal'),
      query: inputOf(query), key: inputOf(key), value: inputOf(value),
      ...(mask ? { mask: maskOf(mask, options, scoresShape(query.shape, key.shape)) } : {}),
    },
  };
}

const maskOf = (mask: Tensor, options: Options, scores: Shape): AttentionMask =>
  ({ kind: maskKindOf('scaledDotProductAttention', options, mask), type: mask.type, access: accessOf(mask, scores) });

/**
 * out[..., t, :] = Σ over s of p[t, s] · value[..., s, :], p = softmax over s of (scale · query[t] · key[s] + mask[t, s]).
 *
 * query [..., heads, T, D], key [..., heads or fewer, S, D], value [..., as key, S, E], out [..., heads, T, E]; with fewer heads of keys and values, each serves
 * as many neighbouring heads of the query (grouped queries). `scale` is 1/√D by default; `causal`: query t sees the keys 0 to t.
 * A mask broadcasts to [..., heads, T, S]. It is added to the scores (−∞, or anything up to −1e30, hides a key), or with `maskKind: 'boolean'`
 * it hides where it is 0. A query that sees no key gives 0 and passes no gradient on (PyTorch: NaN).
 *
 * With T or S above 128 no launch stores a matrix of T by S: the backward pass makes the weights again from two numbers that each row
 * saved (T. Dao: "FlashAttention-2", 2023). Below, the weights are stored. A mask in float32 that is added gets a gradient, too.
 */
export const scaledDotProductAttention: LibraryOp = {
  name: 'scaledDotProductAttention',
  group: 'sequence',
  formula: 'out = softmax(scale · query · keyᵀ + mask) · value',
  notes: 'scale is 1/√D by default. Fewer heads of key and value serve neighbouring heads of the query. A query that sees no key gives 0 (PyTorch: NaN). '
    + 'Beyond 128 rows no T × S matrix is stored.',
  families: [attentionFamily, queryGradientFamily, keyGradientFamily],
  inputs: ['query', 'key', 'value', 'mask'],
  takesIndices: ['mask'],
  optional: ['mask'],
  options: ['causal', 'scale', 'maskKind'],
  shapes: (inputs, options, who) => {
    const out = checkShapes(inputs, who);
    flag(who, options, 'causal');
    scaleOf(who, options, inputs.query!.shape);
    if (inputs.mask) maskKindOf(who, options, inputs.mask);
    else if (options.maskKind !== undefined) throw new OptionError(who, 'maskKind only with a mask', show(options.maskKind));
    return { out };
  },
  saves: (inputs): Named<Shape> => {
    const { query, key } = inputs;
    return isShort(inputs) ? { weights: scoresShape(query!.shape, key!.shape) } : { statistics: [...query!.shape.slice(0, -1), 2] };
  },
  forward: (application) => {
    if (isShort(application.inputs)) return shortForward(application, shortOf(application));
    const { spec, reads, requests } = described(application);
    return [...requests, { family: attentionFamily, spec, reads, writes: { out: application.outputs.out!, statistics: application.saved.statistics! } }];
  },
  backward: (application) => ({
    requests: isShort(application.inputs) ? shortBackward(application, shortOf(application)) : longBackward(application),
  }),
};

function longBackward(application: BackwardApplication): Request[] {
  const { inputs, outputs, saved, gradients, wanted, scratch } = application;
  const { spec: forward, reads, requests } = described(application);
  const given = withRows(gradients.out!, () => scratch('doutCopy', gradients.out!.shape));
  const dout = given.tensor;
  const spec: AttentionBackwardSpec = { ...forward, dout: inputOf(dout) };
  const rows = scratch('rows', [...inputs.query!.shape.slice(0, -1), 4]);
  const finished = { out: outputs.out!, statistics: saved.statistics! };
  // With a mask, one launch that does both would bind more buffers than every device has.
  const makesRows = !forward.mask && wanted.query !== undefined;
  const all: Request[] = [...requests, ...given.requests];
  if (!makesRows) all.push({ family: rowDotsFamily, spec, reads: { ...finished, dout }, writes: { rows } });
  if (wanted.query) {
    all.push({
      family: queryGradientFamily, spec: { ...spec, makesRows } satisfies QueryGradientSpec, reads: { ...reads, dout, ...(makesRows ? finished : { rows }) },
      writes: { dquery: wanted.query, ...(makesRows ? { rows } : {}) },
    });
  }
  if (wanted.key || wanted.value) {
    all.push({
      family: keyGradientFamily, spec, reads: { ...reads, dout, rows },
      writes: { dkey: wanted.key ?? scratch('unusedKey', inputs.key!.shape), dvalue: wanted.value ?? scratch('unusedValue', inputs.value!.shape) },
    });
  }
  const { mask } = wanted;
  if (mask && forward.mask?.kind === 'additive') {
    const scores = scoresShape(inputs.query!.shape, inputs.key!.shape);
    all.push({ family: maskGradientFamily, spec: { ...spec, mask: forward.mask, scores, shape: mask.shape }, reads: { ...reads, dout, rows }, writes: { dmask: mask } });
  } else if (mask) {
    all.push(map(inputs.mask!, [{ formula: 'zero' }], mask));
  }
  return all;
}
