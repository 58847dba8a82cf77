import type { AttentionBackwardSpec, AttentionInput, AttentionSpec } from '../../../shaders/attention-parts.wgsl.ts';
import type { MaskGradientSpec } from '../../../shaders/attention-mask.wgsl.ts';
import type { WeightsSpec } from '../../../shaders/attention-weights.wgsl.ts';
import type { Access } from '../../../shaders/chain.wgsl.ts';
import type { RotarySpec } from '../../../shaders/rotary.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import type { Request } from '../request.ts';
import type { Tensor } from '../tensor.ts';
import { boundBy, lcm, operandFits, operandOf, periodOf, pieceOf, rangesOf, rowsBytes, rowsOf, stepOf, type Block, type Range } from './ranges.ts';
import { addUp } from './sums.ts';

/** An operand that is read where an access says, and the block of it for a range of heads. */
interface Read {
  readonly access: Access;
  readonly block: (range: Range) => Block;
}

/** Ranges of so many heads, with what lies in stretches of one for each, and what is read elsewhere (`others`) by access. */
function cutHeads<S extends object>(request: Request<S>, heads: number, others: Readonly<Record<string, Read>>, specOf: (range: Range, accesses: Readonly<Record<string, Access>>) => S, cutting: Cutting): Request[] | undefined {
  const own = boundBy(request).filter(([name]) => !(name in others)).map(([name, tensor]) => ({ name, tensor, each: pieceOf(tensor, heads) }));
  const step = [
    ...own.map(({ tensor, each }) => stepOf(tensor, each)), ...Object.values(others).map(({ access, block }) => {
      const rows = block({ first: 0, count: 1 }).rows.count;
      return lcm(periodOf([access]), rows) / rows;
    }),
  ].reduce(lcm);
  const ranges = rangesOf(heads, step, (range) => own.every(({ tensor, each }) => rowsBytes(tensor, range, each) <= cutting.most)
    && Object.entries(others).every(([name, { access, block }]) => operandFits(request.reads[name]!, access, block(range), cutting.most)));
  const parts = ranges?.map((range): Request<S> | undefined => {
    const reads: Record<string, Tensor> = {};
    const accesses: Record<string, Access> = {};
    for (const [name, { access, block }] of Object.entries(others)) {
      const operand = operandOf(request.reads[name]!, access, block(range), cutting);
      if (!operand) return undefined;
      reads[name] = operand.tensor;
      accesses[name] = operand.access;
    }
    const named = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> => Object.fromEntries(own.flatMap(({ name, tensor, each }) => (name in tensors ? [[name, rowsOf(tensor, range, each, cutting)]] : [])));
    return { ...request, spec: specOf(range, accesses), reads: { ...reads, ...named(request.reads) }, writes: named(request.writes) };
  });
  return parts?.every((part) => part !== undefined) ? parts : undefined;
}

/** What is read for rows of `each` heads a unit. */
const rowsRead = (access: Access, each: number, queries: number, keys: number): Read =>
  ({ access, block: ({ first, count }) => ({ rows: { first: first * each * queries, count: count * each * queries }, columns: { first: 0, count: keys } }) });

/** Stored weights and their gradient: ranges of heads. */
export const cutAttentionWeights: CutRule<WeightsSpec> = (request, cutting) => {
  const { spec, reads } = request;
  const { matrices, queries, keys, mask } = spec;
  const others: Readonly<Record<string, Read>> = mask && reads.mask ? { mask: rowsRead(mask.access, 1, queries, keys) } : {};
  return cutHeads(request, matrices, others, ({ count }, accesses) => ({ ...spec, matrices: count, ...(mask && accesses.mask ? { mask: { ...mask, access: accesses.mask } } : {}) }), cutting);
};

const INPUTS = ['query', 'key', 'value', 'dout'] as const;
type LongSpec = AttentionSpec & Partial<AttentionBackwardSpec>;

/** What attention that stores no weights reads by access, where a unit is so many of the query's heads, and its spec for a range of them. */
function longReads<S extends LongSpec>({ spec, reads }: Request<S>, each: number): { others: Readonly<Record<string, Read>>; specOf: (range: Range, accesses: Readonly<Record<string, Access>>) => S } {
  const { group, queries, keys, mask } = spec;
  const given = INPUTS.filter((name) => spec[name] && reads[name]);
  const readOf = (name: (typeof INPUTS)[number]): Read => {
    const { matrixTerms, offset, rowStride, columns, size } = spec[name]!;
    const [rows, heads] = name === 'key' || name === 'value' ? [keys, each / group] : [queries, each];
    return {
      access: { rowTerms: matrixTerms, columnStride: 1, count: size, offset },
      block: ({ first, count }) => ({ rows: { first: first * heads, count: count * heads }, columns: { first: 0, count: (rows - 1) * rowStride + columns } }),
    };
  };
  return {
    others: { ...Object.fromEntries(given.map((name) => [name, readOf(name)])), ...(mask && reads.mask ? { mask: rowsRead(mask.access, each, queries, keys) } : {}) },
    specOf: ({ count }, accesses) => {
      const moved = given.map((name): [string, AttentionInput] => {
        const { rowTerms: matrixTerms, offset = 0, count: size } = accesses[name]!;
        return [name, { ...spec[name]!, matrixTerms, offset, size }];
      });
      return { ...spec, matrices: count * each, ...Object.fromEntries(moved), ...(mask && accesses.mask ? { mask: { ...mask, access: accesses.mask } } : {}) };
    },
  };
}

/** Attention that stores no weights, and its way back: ranges of the heads that share keys. */
export const cutAttention: CutRule<LongSpec> = (request, cutting) => {
  const { matrices, group } = request.spec;
  const { others, specOf } = longReads(request, group);
  return cutHeads(request, matrices / group, others, specOf, cutting);
};

/** The gradient of a mask that is added: ranges of the scores' outermost axis, with sums of their own where the mask is stretched along it. */
export const cutMaskGradient: CutRule<MaskGradientSpec> = (request, cutting) => {
  const { spec, writes } = request;
  const { matrices, group, scores, shape } = spec;
  const each = matrices / scores[0]!;
  if (scores.length < 3 || each % group !== 0) return undefined;
  const { others, specOf } = longReads(request, each);
  const isOwn = shape.length === scores.length && shape[0] === scores[0];
  const ranged = (range: Range, accesses: Readonly<Record<string, Access>>): MaskGradientSpec =>
    ({ ...specOf(range, accesses), scores: scores.with(0, range.count), shape: isOwn ? shape.with(0, range.count) : shape });
  if (isOwn) return cutHeads(request, scores[0]!, others, ranged, cutting);
  const dmask = writes.dmask!;
  const sums: Tensor[] = [];
  const parts = cutHeads({ ...request, writes: {} }, scores[0]!, others, ranged, cutting)?.map((part) => {
    const sum = cutting.value(`${dmask.name}.sum`, dmask.shape);
    sums.push(sum);
    return { ...part, writes: { dmask: sum } };
  });
  return parts && [...parts, ...addUp(sums, dmask, cutting)];
};

/** Rotary positions: ranges of heads. */
export const cutRotary: CutRule<RotarySpec> = (request, cutting) => {
  const { spec } = request;
  const { matrices, positions, columns, access } = spec;
  return cutHeads(request, matrices, { x: rowsRead(access, 1, positions, columns) }, ({ count }, accesses) => ({ ...spec, matrices: count, access: accesses.x! }), cutting);
};
