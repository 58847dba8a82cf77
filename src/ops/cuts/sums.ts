import type { ConvolutionWeightSpec } from '../../../shaders/convolution-weight.wgsl.ts';
import type { LabelSpec } from '../../../shaders/labels.wgsl.ts';
import type { NormalizationParametersSpec } from '../../../shaders/normalization-parameters.wgsl.ts';
import { CHUNK, CHUNK_VALUES, type ActivitySpec, type StatisticsSpec } from '../../../shaders/statistics.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import { map } from '../map.ts';
import type { Request } from '../request.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { boundBy, lcm, pieceOf, rangesOf, rowsBytes, rowsOf, stepOf, unitOf, type Range } from './ranges.ts';

// Kernels that add up over what is too large: each range gives sums of its own.

/** Requests that add up terms of one shape in their order, as many in one launch as it binds. */
export function addUp(terms: readonly Tensor[], out: Tensor, cutting: Cutting): Request[] {
  let [sum, ...rest] = terms as [Tensor, ...Tensor[]];
  const requests: Request[] = [];
  while (rest.length > 0) {
    const some = rest.slice(0, cutting.maxBindings - 2);
    rest = rest.slice(some.length);
    const total = rest.length === 0 ? out : cutting.value(`${out.name}.sum`, out.shape);
    requests.push(map(sum, some.map((term) => ({ formula: 'add', operands: [term] })), total));
    sum = total;
  }
  return requests;
}

/** Ranges of equal pieces of what is named, each with sums of its own for all that is written. */
function cutSums<S extends object>(request: Request<S>, pieces: number, along: readonly string[], specOf: (range: Range) => S, cutting: Cutting): Request[] | undefined {
  const own = Object.entries(request.reads).filter(([name]) => along.includes(name)).map(([name, tensor]) => ({ name, tensor, each: pieceOf(tensor, pieces) }));
  const ranges = rangesOf(pieces, own.map(({ tensor, each }) => stepOf(tensor, each)).reduce(lcm, 1), (range) => own.every(({ tensor, each }) => rowsBytes(tensor, range, each) <= cutting.most));
  if (!ranges) return undefined;
  const parts = ranges.map((range): Request<S> => ({
    ...request, spec: specOf(range),
    reads: { ...request.reads, ...Object.fromEntries(own.map(({ name, tensor, each }) => [name, rowsOf(tensor, range, each, cutting)])) },
    writes: Object.fromEntries(Object.entries(request.writes).map(([name, { name: of, shape }]) => [name, cutting.value(`${of}.sum`, shape)])),
  }));
  return [...parts, ...Object.entries(request.writes).flatMap(([name, out]) => addUp(parts.map(({ writes }) => writes[name]!), out, cutting))];
}

/** The gradient of a convolution's weight: ranges of examples, each with its share of the partial sums where these are too large themselves. */
export const cutConvolutionWeight: CutRule<ConvolutionWeightSpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  const { batch, splits } = spec;
  if (Object.values(writes).every((tensor) => cutting.bytes(tensor) <= cutting.most)) return cutSums(request, batch, ['source', 'dout'], ({ count }) => ({ ...spec, batch: count }), cutting);
  const [sources, sums] = [reads, writes].map((tensors, index) => Object.entries(tensors).map(([name, tensor]) => ({ name, tensor, each: pieceOf(tensor, index === 0 ? batch : splits) })));
  const [example, split] = [sources!, sums!].map((all) => all.map(({ tensor, each }) => stepOf(tensor, each)).reduce(lcm));
  const inParts = (all: typeof sources, range: Range): Record<string, Tensor> => Object.fromEntries(all!.map(({ name, tensor, each }) => [name, rowsOf(tensor, range, each, cutting)]));
  const allFit = (all: typeof sources, range: Range): boolean => all!.every(({ tensor, each }) => rowsBytes(tensor, range, each) <= cutting.most);
  const inSteps = (size: number, parts: number, step: number): Range[] => {
    const count = Math.ceil(size / parts / step) * step;
    return Array.from({ length: Math.ceil(size / count) }, (_, index) => ({ first: index * count, count: Math.min(count, size - index * count) }));
  };
  for (let parts = 2; parts <= batch; parts += 1) {
    const [examples, shares] = [inSteps(batch, parts, example!), inSteps(splits, parts, split!)];
    if (examples.length === shares.length && examples.every((range) => allFit(sources, range)) && shares.every((range) => allFit(sums, range))) {
      return examples.map((range, index): Request<ConvolutionWeightSpec> =>
        ({ ...request, spec: { ...spec, batch: range.count, splits: shares[index]!.count }, reads: inParts(sources, range), writes: inParts(sums, shares[index]!) }));
    }
  }
  return undefined;
};

/** The gradients of a normalisation's weight and bias: ranges of rows, with their statistics where each has its own. */
export const cutParameters: CutRule<NormalizationParametersSpec> = (request, cutting) => {
  const { outer, channels, inner, groups, length } = request.spec;
  const each = channels * inner / length;
  const haveOwn = groups === outer * each && Number.isInteger(each);
  return cutSums(request, outer, ['dout', 'x', ...(haveOwn ? ['mean', 'rstd'] : [])], ({ count }) => ({ ...request.spec, outer: count, groups: haveOwn ? count * each : groups }), cutting);
};

/** The weights of all labels, in parts: ranges of rows, each with such parts. */
export const cutLabelMass: CutRule<LabelSpec> = (request, cutting) => cutSums(request, request.spec.rows, ['expected'], ({ count }) => ({ ...request.spec, rows: count }), cutting);

/** How many rows a unit is active in: ranges of rows. */
export const cutActivity: CutRule<ActivitySpec> = (request, cutting) => cutSums(request, request.spec.rows, ['x'], ({ count }) => ({ ...request.spec, rows: count }), cutting);

/** Sums over chunks of arenas, each by itself: ranges of chunks. */
export const cutStatistics: CutRule<StatisticsSpec> = (request, cutting) => {
  const { spec: { count }, reads, writes } = request;
  const out = writes.out!;
  const elementsOf = (range: Range): Range => ({ first: range.first * CHUNK, count: Math.min(range.count * CHUNK, count - range.first * CHUNK) });
  const ranges = rangesOf(Math.ceil(count / CHUNK), stepOf(out, CHUNK_VALUES), (range) => rowsBytes(out, range, CHUNK_VALUES) <= cutting.most && Object.values(reads).every((tensor) => rowsBytes(tensor, elementsOf(range), 1) <= cutting.most));
  return ranges?.map((range): Request<StatisticsSpec> => {
    const elements = elementsOf(range);
    return {
      ...request, spec: { count: elements.count }, writes: { out: cutting.part(out, range.first * CHUNK_VALUES, [range.count * CHUNK_VALUES]) },
      reads: Object.fromEntries(Object.entries(reads).map(([name, tensor]) => [name, cutting.part(tensor, elements.first, [elements.count])])),
    };
  });
};

/** Sums of squares by lanes (`partials`) over a stretch of numbers: ranges of these, among which the lanes are shared out. */
export const cutPartials: CutRule<{ readonly count: number; readonly partials: number }> = (request, cutting) => {
  const { spec: { count, partials }, writes } = request;
  const found = boundBy(request).filter(([, { shape }]) => Math.ceil(sizeOf(shape) / 4) * 4 === count);
  const ranges = rangesOf(count, unitOf({}), (range) => found.every(([, tensor]) => rowsBytes(tensor, range, 1) <= cutting.most));
  if (!ranges) return undefined;
  const lanes = Math.ceil(partials / ranges.length / unitOf({})) * unitOf({});
  if (lanes * (ranges.length - 1) >= partials) return undefined;
  const names = new Set(found.map(([name]) => name));
  return ranges.map(({ first, count: own }, index) => {
    const share = Math.min(lanes, partials - index * lanes);
    const parts = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
      Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, names.has(name) ? cutting.part(tensor, first, [Math.min(own, sizeOf(tensor.shape) - first)]) : tensor]));
    return {
      ...request, spec: { ...request.spec, count: own, partials: share }, reads: parts(request.reads), ...(request.updates ? { updates: parts(request.updates) } : {}),
      writes: { partials: cutting.part(writes.partials!, index * lanes, [share]) },
    };
  });
};
