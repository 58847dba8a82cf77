import { tellsCounted, type AccuracySpec } from '../../../shaders/accuracy.wgsl.ts';
import type { CutRule } from '../cut.ts';
import { join } from '../join.ts';
import type { Tensor } from '../tensor.ts';
import { cutAlong } from './along-axis.ts';
import { pieceOf, rangesOf, rowsBytes, rowsOf, lcm, stepOf } from './ranges.ts';

/** Rows by themselves. Where the numbers of rows that count follow the hits, both are made for each range and put side by side. */
export const cutAccuracy: CutRule<AccuracySpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  if (!tellsCounted(spec)) return cutAlong(request, { axis: 'rows', along: ['x', 'expected', 'hits'] }, cutting);
  const pieces = Object.values(reads).map((tensor) => [tensor, pieceOf(tensor, spec.rows)] as const);
  const ranges = rangesOf(spec.rows, pieces.map(([tensor, columns]) => stepOf(tensor, columns)).reduce(lcm), (range) => pieces.every(([tensor, columns]) => rowsBytes(tensor, range, columns) <= cutting.most));
  const hits = writes.hits!;
  const blocks: Tensor[] = [];
  const parts = ranges?.map((range) => {
    const block = cutting.value(`${hits.name}.rows`, [2 * range.count]);
    blocks.push({ ...block, shape: [2, range.count] });
    const expected = cutting.part(reads.expected!, range.first, [range.count]);
    return { ...request, spec: { ...spec, rows: range.count }, reads: { x: rowsOf(reads.x!, range, spec.columns, cutting), expected }, writes: { hits: block } };
  });
  return parts && [...parts, ...join(blocks, 1, { ...hits, shape: [2, spec.rows] }, (shape) => cutting.value(`${hits.name}.rows`, shape))];
};
