import { fullAccess } from '../../../shaders/chain.wgsl.ts';
import type { CumsumSpec } from '../../../shaders/cumsum.wgsl.ts';
import type { CutRule } from '../cut.ts';
import { elementwiseFamily } from '../map.ts';
import { reduceFamily } from '../reduce.ts';
import type { Request } from '../request.ts';
import type { Tensor } from '../tensor.ts';
import { cutAlong } from './along-axis.ts';
import { rangesOf, rowsBytes, rowsOf, stepOf } from './ranges.ts';

/** Running sums: ranges of what lies before their axis. Where that is one place, ranges of the axis itself: each goes on from the sum of all before it. */
export const cutCumsum: CutRule<CumsumSpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  const { outer, size, inner, reverse } = spec;
  if (outer > 1) return cutAlong(request, { axis: 'outer', along: ['x', 'out'] }, cutting);
  const [x, out] = [reads.x!, writes.out!];
  const found = rangesOf(size, stepOf(x, inner), (range) => rowsBytes(x, range, inner) <= cutting.most);
  const ranges = reverse ? found?.toReversed() : found;
  let before: Tensor | undefined;
  return ranges?.flatMap((range, index): Request[] => {
    const { count } = range;
    const [part, to] = [rowsOf(x, range, inner, cutting), rowsOf(out, range, inner, cutting)];
    const earlier = before;
    const own: Request<CumsumSpec> = { ...request, spec: { ...spec, size: count }, reads: { x: part }, writes: { out: to } };
    const requests: Request[] = [];
    if (earlier) {
      const alone = cutting.value(`${out.name}.sums`, [count, inner]);
      const start = fullAccess(count, inner);
      const access = { rowTerms: [], columnStride: inner > 1 ? 1 : 0, count: inner };
      requests.push(
        { ...own, writes: { out: alone } } satisfies Request<CumsumSpec>,
        { family: elementwiseFamily, spec: { rows: count, columns: inner, start, steps: [{ formula: 'add', parameters: [], operands: [{ name: 'before', access }] }] }, reads: { x: alone, before: earlier }, writes: { out: to } },
      );
    } else {
      requests.push(own);
    }
    if (index === ranges.length - 1) return requests;
    before = cutting.value(`${out.name}.before`, [inner]);
    requests.push({
      family: reduceFamily, reads: { x: part, ...(earlier ? { earlier } : {}) }, writes: { out: before },
      spec: {
        fold: 'sum', shape: [count, inner], folded: [true, false], scale: 1, start: fullAccess(count, inner), prologue: [], columns: inner,
        epilogue: earlier ? [{ formula: 'add', parameters: [], operands: [{ name: 'earlier', access: fullAccess(1, inner) }] }] : [],
      },
    });
    return requests;
  });
};
