import type { AttentionBackwardSpec, AttentionInput, AttentionSpec } from '../../../shaders/attention-parts.wgsl.ts';
import type { WeightsSpec } from '../../../shaders/attention-weights.wgsl.ts';
import type { Access } from '../../../shaders/chain.wgsl.ts';
import type { RotarySpec } from '../../../shaders/rotary.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import type { Request } from '../request.ts';
import type { Tensor } from '../tensor.ts';
import { boundBy, lcm, operandFits, operandOf, periodOf, pieceOf, rangesOf, rowsBytes, rowsOf, stepOf, type Block, type Range } from './ranges.ts';

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

/** Attention that stores no weights, and its way back: ranges of the heads that share keys. */
export const cutAttention: CutRule<AttentionSpec & Partial<AttentionBackwardSpec>> = (request, cutting) => {
  const { spec, reads } = request;
  const { matrices, group, queries, keys, mask } = spec;
  const inputs = { query: [queries, group], key: [keys, 1], value: [keys, 1], dout: [queries, group] } as const;
  const given = (Object.keys(inputs) as (keyof typeof inputs)[]).filter((name) => spec[name] && reads[name]);
  const readOf = (name: keyof typeof inputs): Read => {
    const { matrixTerms, offset, rowStride, columns, size } = spec[name]!;
    const [rows, each] = inputs[name];
    return {
      access: { rowTerms: matrixTerms, columnStride: 1, count: size, offset },
      block: ({ first, count }) => ({ rows: { first: first * each, count: count * each }, columns: { first: 0, count: (rows - 1) * rowStride + columns } }),
    };
  };
  const others = { ...Object.fromEntries(given.map((name) => [name, readOf(name)])), ...(mask && reads.mask ? { mask: rowsRead(mask.access, group, queries, keys) } : {}) };
  return cutHeads(request, matrices / group, others, ({ count }, accesses) => {
    const moved = given.map((name): [string, AttentionInput] => {
      const { rowTerms: matrixTerms, offset = 0, count: size } = accesses[name]!;
      return [name, { ...spec[name]!, matrixTerms, offset, size }];
    });
    return { ...spec, matrices: count * group, ...Object.fromEntries(moved), ...(mask && accesses.mask ? { mask: { ...mask, access: accesses.mask } } : {}) };
  }, cutting);
};

/** Rotary positions: ranges of heads. */
export const cutRotary: CutRule<RotarySpec> = (request, cutting) => {
  const { spec } = request;
  const { matrices, positions, columns, access } = spec;
  return cutHeads(request, matrices, { x: rowsRead(access, 1, positions, columns) }, ({ count }, accesses) => ({ ...spec, matrices: count, access: accesses.x! }), cutting);
};
