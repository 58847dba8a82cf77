import { drawOf, fullAccess, isFull, loadedBy, type Access } from '../../../shaders/chain.wgsl.ts';
import type { ElementwiseSpec } from '../../../shaders/elementwise.wgsl.ts';
import type { CutRule } from '../cut.ts';
import { chainFits, chainOf, lcm, operandFits, operandOf, periodOf, rangesOf, rowsBytes, rowsOf, stepOf, type Block, type Range } from './ranges.ts';

/** A chain of formulas: ranges of elements where all operands lie alike, else of rows. */
export const cutElements: CutRule<ElementwiseSpec> = (request, cutting) => {
  const { spec, reads, writes } = flattened(request);
  if (spec.steps.some(drawOf)) return undefined;
  const { rows, columns, start, steps } = spec;
  const saved = [writes.out!, ...steps.flatMap(({ save }) => (save ? [writes[save]!] : []))];
  const blockOf = (range: Range): Block => ({ rows: range, columns: { first: 0, count: columns } });
  const step = saved.map((tensor) => stepOf(tensor, columns)).reduce(lcm, periodOf([start, ...loadedBy(steps)]));
  const ranges = rangesOf(rows, step, (range) => rowsBytes(writes.out!, range, columns) <= cutting.most
    && operandFits(reads.x!, start, blockOf(range), cutting.most) && chainFits(steps, { reads, writes }, blockOf(range), cutting.most));
  const parts = ranges?.map((range) => {
    const [x, chain] = [operandOf(reads.x!, start, blockOf(range), cutting), chainOf(steps, { reads, writes }, blockOf(range), cutting)];
    return x && chain && {
      ...request, spec: { ...spec, rows: range.count, start: x.access, steps: chain.steps },
      reads: { x: x.tensor, ...chain.reads }, writes: { out: rowsOf(writes.out!, range, columns, cutting), ...chain.writes },
    };
  });
  return parts?.every((part) => part !== undefined) ? parts : undefined;
};

/** Elements that all lie one behind the other are rows of one each. */
function flattened(request: Parameters<CutRule<ElementwiseSpec>>[0]): typeof request {
  const { spec } = request;
  const { rows, columns, start, steps } = spec;
  if (steps.some(drawOf) || ![start, ...loadedBy(steps)].every((access) => isFull(access, rows, columns))) return request;
  const full = ({ type, count }: Access): Access => ({ ...fullAccess(rows * columns, 1), count, ...(type ? { type } : {}) });
  return {
    ...request,
    spec: { ...spec, rows: rows * columns, columns: 1, start: full(start), steps: steps.map((step) => ({ ...step, operands: step.operands.map(({ name, access }) => ({ name, access: full(access) })) })) },
  };
}
