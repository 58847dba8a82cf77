import type { IndexSpec, ScatterSpec } from '../../../shaders/indexing.wgsl.ts';
import type { CutRule } from '../cut.ts';
import { cutAlong } from './along-axis.ts';
import { lcm, rangesOf, rowsBytes, rowsOf, stepOf } from './ranges.ts';

/** Rows by index: ranges of the indices where what is written is too large, else of the table, of which each launch writes what it has. */
export const cutGather: CutRule<IndexSpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  if (spec.outer !== 1 || !spec.eachRow) return spec.outer > 1 ? cutAlong(request, { axis: 'outer', along: spec.eachRow || spec.outer > 1 ? ['x', 'indices', 'out'] : [] }, cutting) : undefined;
  if ([writes.out!, reads.indices!].some((tensor) => cutting.bytes(tensor) > cutting.most)) return cutAlong(request, { axis: 'count', along: ['indices', 'out'] }, cutting);
  const { first = 0, total = spec.size } = spec.range ?? {};
  const ranges = rangesOf(spec.size, stepOf(reads.x!, spec.inner), (range) => rowsBytes(reads.x!, range, spec.inner) <= cutting.most);
  return ranges?.map((range) => ({ ...request, spec: { ...spec, size: range.count, range: { first: first + range.first, total } }, reads: { ...reads, x: rowsOf(reads.x!, range, spec.inner, cutting) } }));
};

/** Sums by index: ranges of the table's rows, each of which looks through all indices. */
export const cutScatter: CutRule<ScatterSpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  if (spec.outer !== 1) return cutAlong(request, { axis: 'outer', along: ['x', 'indices', 'source', 'keys', 'order', 'out'] }, cutting);
  const { first = 0, total = spec.size } = spec.range ?? {};
  const tables = [writes.out!, ...(reads.x ? [reads.x] : [])];
  const ranges = rangesOf(spec.size, tables.map((tensor) => stepOf(tensor, spec.inner)).reduce(lcm), (range) => tables.every((tensor) => rowsBytes(tensor, range, spec.inner) <= cutting.most));
  return ranges?.map((range) => ({
    ...request, spec: { ...spec, size: range.count, range: { first: first + range.first, total } },
    reads: { ...reads, ...(reads.x ? { x: rowsOf(reads.x, range, spec.inner, cutting) } : {}) }, writes: { out: rowsOf(writes.out!, range, spec.inner, cutting) },
  }));
};
