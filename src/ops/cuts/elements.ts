import { drawOf, fullAccess, isFull, loadedBy, type Access } from '../../../shaders/chain.wgsl.ts';
import type { ElementwiseSpec } from '../../../shaders/elementwise.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import type { Request } from '../request.ts';
import { chainFits, chainOf, lcm, operandFits, operandOf, periodOf, rangesOf, rangesOrSteps, rowsBytes, rowsOf, savedBy, stepOf, turnOf, unitOf, type Block, type Range } from './ranges.ts';

/** A chain of formulas: ranges of elements where all operands lie alike, else of rows; a row that is too long is rows of its parts. */
export const cutElements: CutRule<ElementwiseSpec> = (given, cutting) => {
  const request = flattened(given);
  const { rows, columns, steps } = request.spec;
  if (rows > 1 || steps.some(drawOf)) return inRanges(request, cutting);
  for (let parts = 2; parts < columns; parts += 1) {
    const found = columns % parts === 0 ? inRanges(inParts(request, parts), cutting) : undefined;
    if (found) return found;
  }
  return inRanges(request, cutting);
};

type ElementsRequest = Parameters<CutRule<ElementwiseSpec>>[0];

/** One row as rows of its parts. */
function inParts({ spec, ...request }: ElementsRequest, parts: number): ElementsRequest {
  const columns = spec.columns / parts;
  const apart = ({ columnStride, ...access }: Access): Access => ({ ...access, columnStride, rowTerms: [{ divide: 1, modulo: parts, stride: columnStride * columns }] });
  return {
    ...request, spec: { ...spec, rows: parts, columns, start: apart(spec.start), steps: spec.steps.map((step) => ({ ...step, operands: step.operands.map(({ name, access }) => ({ name, access: apart(access) })) })) },
  };
}

function inRanges(request: ElementsRequest, cutting: Cutting): Request[] | undefined {
  const { spec, reads, writes } = request;
  const { rows, columns, start, steps } = spec;
  const saved = [writes.out!, ...savedBy(steps).map((name) => writes[name]!)];
  const blockOf = (range: Range): Block => ({ rows: range, columns: { first: 0, count: columns } });
  const step = saved.map((tensor) => stepOf(tensor, columns)).reduce(lcm, periodOf([start, ...loadedBy(steps)]));
  const fits = (range: Range): boolean => rowsBytes(writes.out!, range, columns) <= cutting.most
    && operandFits(reads.x!, start, blockOf(range), cutting.most) && chainFits(steps, { reads, writes }, blockOf(range), cutting.most);
  // Operands that repeat along the rows, like a number for each channel, begin anew with a range: one that holds whole turns, else a part of one turn.
  const turn = lcm(step, turnOf([start, ...loadedBy(steps)], rows));
  const ranges = rangesOf(rows, turn, fits) ?? rangesOf(rows, step, fits) ?? rangesOrSteps(rows, turn, fits);
  const parts = ranges?.map((range) => {
    const [x, chain] = [operandOf(reads.x!, start, blockOf(range), cutting), chainOf(steps, { reads, writes }, blockOf(range), cutting)];
    return x && chain && {
      ...request, spec: { ...spec, rows: range.count, start: x.access, steps: chain.steps },
      reads: { x: x.tensor, ...chain.reads }, writes: { out: rowsOf(writes.out!, range, columns, cutting), ...chain.writes },
    };
  });
  return parts?.every((part) => part !== undefined) ? parts : undefined;
}

/** Elements that all lie one behind the other are rows of one each; where numbers are drawn, which come in fours, of as many as a binding begins at. */
function flattened(request: ElementsRequest): ElementsRequest {
  const { spec, writes } = request;
  const { start, steps } = spec;
  const count = spec.rows * spec.columns;
  const columns = steps.some(drawOf) ? unitOf(writes.out!) : 1;
  if (count % columns !== 0 || ![start, ...loadedBy(steps)].every((access) => isFull(access, spec.rows, spec.columns))) return request;
  const rows = count / columns;
  const full = ({ type, count: all }: Access): Access => ({ ...fullAccess(rows, columns), count: all, ...(type ? { type } : {}) });
  return {
    ...request,
    spec: {
      ...spec, rows, columns, start: full(start),
      steps: steps.map((step) => (drawOf(step) ? step : { ...step, operands: step.operands.map(({ name, access }) => ({ name, access: full(access) })) })),
    },
  };
}
