import type { ReduceSpec } from '../../../shaders/reduce.wgsl.ts';
import { fullAccess } from '../../../shaders/chain.wgsl.ts';
import type { CutRule } from '../cut.ts';
import type { Request } from '../request.ts';
import { sizeOf, type Shape, type Tensor } from '../tensor.ts';
import { chainFits, chainOf, lcm, operandFits, operandOf, periodOf, rangesOf, rowsBytes, rowsOf, stepOf, type Block, type Range } from './ranges.ts';

/** The outermost axis that has more than one place, and the places of all within it. */
function outermost({ shape }: ReduceSpec): { axis: number; size: number; inner: number } {
  const axis = Math.max(0, shape.findIndex((size) => size > 1));
  return { axis, size: shape[axis] ?? 1, inner: sizeOf(shape.slice(axis + 1)) };
}

/** The rows and columns that a range of the outermost axis is. */
function blockOf({ shape }: ReduceSpec, { axis, inner }: ReturnType<typeof outermost>, { first, count }: Range): Block {
  const columns = shape[shape.length - 1] ?? 1;
  if (axis >= shape.length - 1) return { rows: { first: 0, count: 1 }, columns: { first, count } };
  const rows = inner / columns;
  return { rows: { first: first * rows, count: count * rows }, columns: { first: 0, count: columns } };
}

/**
 * A fold: ranges of the outermost axis, results of their own where it is kept. Where it is folded each range gives a sum, and they are added in their
 * order; other folds are not cut there.
 */
export const cutFold: CutRule<ReduceSpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  const at = outermost(spec);
  const accesses = [spec.start, ...spec.prologue.flatMap(({ operands }) => operands.map(({ access }) => access))];
  const [rows] = [blockOf(spec, at, { first: 0, count: 1 }).rows.count];
  const before = periodOf(accesses);
  // A step of the axis is `rows` rows: so many of them make whole periods.
  const step = lcm(before, rows) / rows;
  const readsFit = (range: Range): boolean => operandFits(reads.x!, spec.start, blockOf(spec, at, range), cutting.most) && chainFits(spec.prologue, request, blockOf(spec, at, range), cutting.most);
  const shapeOf = ({ count }: Range): Shape => spec.shape.map((size, axis) => (axis === at.axis ? count : size));
  const partOf = (range: Range): { spec: ReduceSpec; reads: Record<string, Tensor> } | undefined => {
    const [x, chain] = [operandOf(reads.x!, spec.start, blockOf(spec, at, range), cutting), chainOf(spec.prologue, request, blockOf(spec, at, range), cutting)];
    return x && chain && { spec: { ...spec, shape: shapeOf(range), start: x.access, prologue: chain.steps }, reads: { x: x.tensor, ...chain.reads } };
  };
  if (!spec.folded[at.axis]) {
    // Results of one place of the axis lie side by side: rows of out, or a part of its only one.
    const outer = sizeOf(spec.shape.filter((_, axis) => !spec.folded[axis]));
    const each = outer / at.size;
    const isRows = each % spec.columns === 0;
    if (!isRows && (each !== 1 || outer !== spec.columns)) return undefined;
    const outBlock = ({ first, count }: Range): Block => (isRows
      ? { rows: { first: first * each / spec.columns, count: count * each / spec.columns }, columns: { first: 0, count: spec.columns } }
      : { rows: { first: 0, count: 1 }, columns: { first, count } });
    if (!isRows && spec.epilogue.some(({ save }) => save)) return undefined;
    const others = Object.entries(writes).filter(([name]) => !spec.epilogue.some(({ save }) => save === name));
    const whole = [step, ...Object.values(writes).map((tensor) => stepOf(tensor, each))].reduce(lcm, 1);
    const ranges = rangesOf(at.size, whole, (range) => readsFit(range) && others.every(([, tensor]) => rowsBytes(tensor, range, each) <= cutting.most) && chainFits(spec.epilogue, request, outBlock(range), cutting.most));
    const parts = ranges?.map((range): Request<ReduceSpec> | undefined => {
      const [part, after] = [partOf(range), chainOf(spec.epilogue, request, outBlock(range), cutting)];
      return part && after && {
        ...request, spec: { ...part.spec, epilogue: after.steps, columns: isRows ? spec.columns : range.count }, reads: { ...part.reads, ...after.reads },
        writes: { ...Object.fromEntries(others.map(([name, tensor]) => [name, rowsOf(tensor, range, each, cutting)])), ...after.writes },
      };
    });
    return parts?.every((part) => part !== undefined) ? parts : undefined;
  }
  if (spec.fold !== 'sum') return undefined;
  const ranges = rangesOf(at.size, step, readsFit);
  const outRows = sizeOf(spec.shape.filter((_, axis) => !spec.folded[axis])) / spec.columns;
  let sum: Tensor | undefined;
  const parts = ranges?.map((range, index): Request<ReduceSpec> | undefined => {
    const part = partOf(range);
    const isLast = index === ranges.length - 1;
    const out = isLast ? writes.out! : cutting.value(`${writes.out!.name}.sum`, [outRows, spec.columns]);
    const earlier = sum;
    sum = out;
    const add = earlier ? [{ formula: 'add', parameters: [], operands: [{ name: 'earlier', access: fullAccess(outRows, spec.columns) }] }] : [];
    const own = isLast ? spec.epilogue.flatMap(({ operands }) => operands.map(({ name }) => [name, reads[name]!])) : [];
    return part && {
      ...request, spec: { ...part.spec, epilogue: [...add, ...(isLast ? spec.epilogue : [])] },
      reads: { ...part.reads, ...(earlier ? { earlier } : {}), ...Object.fromEntries(own) }, writes: isLast ? writes : { out },
    };
  });
  return parts?.every((part) => part !== undefined) ? parts : undefined;
};
