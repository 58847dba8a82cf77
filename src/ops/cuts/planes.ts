import { loadedBy, type ChainStep } from '../../../shaders/chain.wgsl.ts';
import { convolutionMatrix, type ConvolutionSpec } from '../../../shaders/convolution.wgsl.ts';
import type { PoolingSpec } from '../../../shaders/pooling.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import type { Request } from '../request.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { boundBy, chainFits, chainOf, lcm, periodOf, pieceOf, rangesOf, rowsBytes, rowsOf, savedBy, stepOf, type Block, type Range } from './ranges.ts';

/** How work falls into independent pieces that a chain follows. */
interface Pieces<S> {
  readonly count: number;
  /** The bindings that hold a stretch for each piece; all others but the chain's are bound whole. */
  readonly along: readonly string[];
  /** What follows each element of the result, seen as rows of so many columns. */
  readonly chain: readonly ChainStep[];
  readonly columns: number;
  readonly result: Tensor;
  readonly specOf: (count: number, chain: readonly ChainStep[]) => S;
}

/** Ranges of pieces, and of what their chain reads and saves. */
export function cutPieces<S extends object>(request: Request<S>, { count, along, chain, columns, result, specOf }: Pieces<S>, cutting: Cutting): Request[] | undefined {
  const own = boundBy(request).filter(([name]) => along.includes(name)).map(([name, tensor]) => ({ name, tensor, each: pieceOf(tensor, count) }));
  const rows = sizeOf(result.shape) / columns / count;
  if (!Number.isInteger(rows)) return undefined;
  const blockOf = (range: Range): Block => ({ rows: { first: range.first * rows, count: range.count * rows }, columns: { first: 0, count: columns } });
  const saved = savedBy(chain).map((name) => stepOf(request.writes[name]!, rows * columns));
  const step = [...own.map(({ tensor, each }) => stepOf(tensor, each)), ...saved, lcm(periodOf(loadedBy(chain)), rows) / rows].reduce(lcm);
  const ranges = rangesOf(count, step, (range) => own.every(({ tensor, each }) => rowsBytes(tensor, range, each) <= cutting.most) && chainFits(chain, request, blockOf(range), cutting.most));
  const parts = ranges?.map((range): Request<S> | undefined => {
    const after = chainOf(chain, request, blockOf(range), cutting);
    const named = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
      Object.fromEntries(own.flatMap(({ name, tensor, each }) => (name in tensors ? [[name, rowsOf(tensor, range, each, cutting)]] : [])));
    return after && {
      ...request, spec: specOf(range.count, after.steps),
      reads: { ...request.reads, ...after.reads, ...named(request.reads) }, writes: { ...request.writes, ...after.writes, ...named(request.writes) },
    };
  });
  return parts?.every((part) => part !== undefined) ? parts : undefined;
}

/** A convolution, or its input's gradient: ranges of examples. */
export const cutConvolution: CutRule<ConvolutionSpec> = (request, cutting) => {
  const { spec } = request;
  return cutPieces(request, {
    count: spec.batch, along: ['source', 'out'], chain: spec.epilogue, columns: convolutionMatrix(spec).columns, result: request.writes.out!,
    specOf: (batch, epilogue) => ({ ...spec, batch, epilogue }),
  }, cutting);
};

/** Pooling and its way back: ranges of planes. */
export const cutPooling: CutRule<PoolingSpec> = (request, cutting) => {
  const { spec, writes, reads } = request;
  return cutPieces(request, {
    count: spec.planes, along: ['x', 'dout', 'index', 'out'], chain: spec.epilogue, columns: (reads.dout ? spec.input : spec.output)[1], result: writes.out!,
    specOf: (planes, epilogue) => ({ ...spec, planes, epilogue }),
  }, cutting);
};
