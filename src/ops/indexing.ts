import { gather as gatherKernel, indexCount, indexOrder, oneHot as oneHotKernel, scatterScan, scatterSorted, type IndexSpec, type ScatterSpec } from '../../shaders/indexing.wgsl.ts';
import { checkNumber, ShapeError } from '../errors.ts';
import type { Cut } from './cut.ts';
import type { Application, LibraryOp, Options } from './op.ts';
import { checkPlaces } from './places.ts';
import { type KernelFamily, noFlops, perElement, type Request } from './request.ts';
import { sameShape, showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

const only = <S extends object>(name: string, kernel: (spec: S) => ReturnType<typeof gatherKernel>, flops: NonNullable<KernelFamily<S>['flops']> = noFlops, cut?: Cut): KernelFamily<S> =>
  ({ name, flops, ...(cut ? { cut } : {}), variants: [{ name: 'lane', suits: () => true, kernel }] });

export const gatherFamily = /* @__PURE__ */ only('gather', gatherKernel, noFlops, 'gather');
export const scatterScanFamily = /* @__PURE__ */ only('scatter-scan', scatterScan, perElement('source', 1), 'scatter');
export const scatterSortedFamily = /* @__PURE__ */ only('scatter-sorted', scatterSorted, perElement('source', 1), 'scatter');
export const indexOrderFamily = /* @__PURE__ */ only('index-order', indexOrder);
export const oneHotFamily = /* @__PURE__ */ only('one-hot', oneHotKernel, noFlops, { axis: 'count', along: ['indices', 'out'] });

/** Up to so many comparisons of an index with a place, one launch that compares all is faster than two that sort. */
const MOST_COMPARISONS = 2 ** 17;

function gatherRequest(spec: IndexSpec, x: Tensor, indices: Tensor, out: Tensor): Request<IndexSpec> {
  return { family: gatherFamily, spec, reads: { x, indices }, writes: { out } };
}

/** Sums of the source by index, each in the order of the indices: by looking through all, or where that is much from sorted ones. */
function scatterRequests(spec: ScatterSpec, indices: Tensor, source: Tensor, target: Tensor | undefined, out: Tensor, scratch: Application['scratch']): Request[] {
  const reads = { source, ...(target ? { x: target } : {}) };
  const { outer, size, inner, count } = spec;
  if (outer * size * inner * count <= MOST_COMPARISONS) return [{ family: scatterScanFamily, spec, reads: { indices, ...reads }, writes: { out } }];
  const shape = [indexCount(spec)];
  const sorted = { keys: scratch('keys', shape), order: scratch('order', shape) };
  const { target: _, padding: __, ...order } = spec;
  return [
    { family: indexOrderFamily, spec: order, reads: { indices }, writes: sorted },
    { family: scatterSortedFamily, spec, reads: { ...sorted, ...reads }, writes: { out } },
  ];
}

/** An axis ≥ 0 from an option that may count from the end. */
function axisOf(who: string, { axis }: Options, rank: number): number {
  if (rank === 0) throw new ShapeError(who, 'at least one axis', '[]');
  const given = checkNumber(who, 'axis', axis ?? 0, { integer: true, min: -rank, max: rank - 1 });
  return given < 0 ? given + rank : given;
}

/** Indices that have the table's shape but along one axis. */
function alongAxis(who: string, table: Shape, { shape, type }: Tensor, options: Options): IndexSpec {
  const axis = axisOf(who, options, table.length);
  const fits = shape.length === table.length && shape.every((size, other) => other === axis || size === table[other]);
  if (!fits) throw new ShapeError(who, `indices ${showShape(table.map((size, other) => (other === axis ? -1 : size))).replace('-1', 'n')} for ${showShape(table)} along axis ${axis}`, showShape(shape));
  checkPlaces(who, `places along axis ${axis}`, table[axis]!);
  checkPlaces(who, `indices along axis ${axis}`, shape[axis]!);
  return { outer: sizeOf(table.slice(0, axis)), size: table[axis]!, inner: sizeOf(table.slice(axis + 1)), count: shape[axis]!, eachRow: false, indices: type };
}

/** out[…, k, …] = x[…, indices[…, k, …], …] along one axis: torch.gather. */
export const gather: LibraryOp = {
  name: 'gather',
  group: 'index',
  formula: 'out[…, k, …] = x[…, indices[…, k, …], …] along axis',
  notes: 'The gradient adds up in the order of k, without float atomics. An index out of range gives NaN.',
  inputs: ['x', 'indices'],
  constants: ['indices'],
  options: ['axis'],
  shapes: ({ x, indices }, options, who) => {
    alongAxis(who, x!.shape, indices!, options);
    return { out: indices!.shape };
  },
  forward: ({ inputs: { x, indices }, outputs, options }) => [gatherRequest(alongAxis('gather', x!.shape, indices!, options), x!, indices!, outputs.out!)],
  backward: ({ inputs: { x, indices }, gradients, wanted, options, scratch }) => ({
    requests: wanted.x
      ? scatterRequests({ ...alongAxis('gather', x!.shape, indices!, options), target: false }, indices!, gradients.out!, undefined, wanted.x, scratch) : [],
  }),
};

/** out = x, and source[…, k, …] added to out[…, indices[…, k, …], …] along one axis, in the order of k: torch.scatter_add. */
export const scatterAdd: LibraryOp = {
  name: 'scatterAdd',
  group: 'index',
  formula: 'out = x, with source[…, k, …] added at indices[…, k, …] along axis',
  notes: 'In the order of k: the same bits each time. An index out of range makes its sums NaN.',
  inputs: ['x', 'indices', 'source'],
  constants: ['indices'],
  options: ['axis'],
  shapes: ({ x, indices, source }, options, who) => {
    alongAxis(who, x!.shape, indices!, options);
    if (!sameShape(source!.shape, indices!.shape)) throw new ShapeError(who, `a source of the indices' shape ${showShape(indices!.shape)}`, showShape(source!.shape));
    return { out: x!.shape };
  },
  forward: ({ inputs: { x, indices, source }, outputs, options, scratch }) =>
    scatterRequests({ ...alongAxis('scatterAdd', x!.shape, indices!, options), target: true }, indices!, source!, x!, outputs.out!, scratch),
  backward: ({ inputs: { x, indices }, gradients, wanted, options }) => ({
    requests: wanted.source ? [gatherRequest(alongAxis('scatterAdd', x!.shape, indices!, options), gradients.out!, indices!, wanted.source)] : [],
    ...(wanted.x ? { aliases: { x: gradients.out! } } : {}),
  }),
};

function rowsOf(who: string, weight: Tensor, indices: Tensor, { paddingIndex }: Options): IndexSpec {
  const [size, inner] = weight.shape;
  if (weight.shape.length !== 2) throw new ShapeError(who, 'weight [numEmbeddings, embeddingDim]', showShape(weight.shape));
  checkPlaces(who, 'rows of weight', size!);
  checkPlaces(who, 'indices', sizeOf(indices.shape));
  const padding = paddingIndex === undefined ? undefined : checkNumber(who, 'paddingIndex', paddingIndex, { integer: true, min: 0, max: size! - 1 });
  return {
    outer: 1, size: size!, inner: inner!, count: sizeOf(indices.shape), eachRow: true, indices: indices.type, ...(padding === undefined ? {} : { padding }),
  };
}

/**
 * out[…, :] = weight[indices[…], :]: torch.nn.functional.embedding. Rows of the index `paddingIndex` are 0, and so is the gradient
 * of the weight's row.
 */
export const embedding: LibraryOp = {
  name: 'embedding',
  group: 'index',
  formula: 'out[…, :] = weight[indices[…], :]',
  notes: 'Rows of paddingIndex are 0, and so is their gradient. An index out of range gives NaN.',
  inputs: ['weight', 'indices'],
  constants: ['indices'],
  options: ['paddingIndex'],
  shapes: ({ weight, indices }, options, who) => {
    rowsOf(who, weight!, indices!, options);
    return { out: [...indices!.shape, weight!.shape[1]!] };
  },
  forward: ({ inputs: { weight, indices }, outputs, options }) => [gatherRequest(rowsOf('embedding', weight!, indices!, options), weight!, indices!, outputs.out!)],
  backward: ({ inputs: { weight, indices }, gradients, wanted, options, scratch }) => ({
    requests: wanted.weight
      ? scatterRequests({ ...rowsOf('embedding', weight!, indices!, options), target: false }, indices!, gradients.out!, undefined, wanted.weight, scratch) : [],
  }),
};

/** out[…, c] = 1 where the index is c, else 0. */
export const oneHot: LibraryOp = {
  name: 'oneHot',
  group: 'index',
  formula: 'out[…, c] = 1 where indices[…] = c, else 0',
  notes: 'NaN where an index is no class. No gradient.',
  inputs: ['indices'],
  constants: ['indices'],
  options: ['classes'],
  shapes: ({ indices }, { classes }, who) => ({ out: [...indices!.shape, checkNumber(who, 'classes', classes, { integer: true, min: 1 })] }),
  forward: ({ inputs: { indices }, outputs, options: { classes } }) => [{
    family: oneHotFamily, spec: { count: sizeOf(indices!.shape), classes: classes as number, indices: indices!.type }, reads: { indices: indices! }, writes: { out: outputs.out! },
  }],
  backward: () => ({ requests: [] }),
};
