import { fullAccess, type ChainStep } from '../../../shaders/chain.wgsl.ts';
import { keptOf, reduceRange, type ReduceRangeSpec } from '../../../shaders/reduce-range.wgsl.ts';
import { reduceSizes, type ReduceSpec } from '../../../shaders/reduce.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import { join } from '../join.ts';
import { elementwiseFamily, map } from '../map.ts';
import { foldAxes, reduceFamily } from '../reduce.ts';
import type { KernelFamily, Request } from '../request.ts';
import { sizeOf, type Shape, type Tensor } from '../tensor.ts';
import { chainFits, chainOf, lcm, operandFits, operandOf, periodOf, pieceOf, rangesOf, rangesOrSteps, rowsBytes, rowsOf, savedBy, stepOf, type Block, type Range } from './ranges.ts';

type Tensors = Readonly<Record<string, Tensor>>;
type FoldSpec = ReduceSpec & Partial<ReduceRangeSpec>;

const rangeFamily: KernelFamily<ReduceRangeSpec> = { ...reduceFamily, name: 'reduce-range', cut: 'reduce', variants: [{ name: 'lane', suits: () => true, kernel: reduceRange }] };

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

/** A fold as ranges of its outermost axis see it. */
interface Cuts {
  readonly size: number;
  /** Of how many places a range is a multiple. */
  readonly step: number;
  fits(range: Range): boolean;
  /** The spec and the operands of a range; undefined where they can't be cut so. */
  part(range: Range): { readonly spec: FoldSpec; readonly reads: Tensors } | undefined;
}

function cutsOf(request: Request<FoldSpec>, cutting: Cutting): Cuts {
  const { spec, reads } = request;
  const at = outermost(spec);
  const block = (range: Range): Block => blockOf(spec, at, range);
  // A place of the axis is so many rows: what it is a multiple of makes whole periods of all operands.
  const rows = block({ first: 0, count: 1 }).rows.count;
  const period = periodOf([spec.start, ...spec.prologue.flatMap(({ operands }) => operands.map(({ access }) => access))]);
  const shapeOf = ({ count }: Range): Shape => spec.shape.map((size, axis) => (axis === at.axis ? count : size));
  return {
    size: at.size, step: lcm(period, rows) / rows,
    fits: (range) => operandFits(reads.x!, spec.start, block(range), cutting.most) && chainFits(spec.prologue, request, block(range), cutting.most),
    part: (range) => {
      const [x, chain] = [operandOf(reads.x!, spec.start, block(range), cutting), chainOf(spec.prologue, request, block(range), cutting)];
      return x && chain && { spec: { ...spec, shape: shapeOf(range), start: x.access, prologue: chain.steps }, reads: { x: x.tensor, ...chain.reads } };
    },
  };
}

const allThere = <T>(parts: readonly (T | undefined)[] | undefined): readonly T[] | undefined => (parts?.every((part) => part !== undefined) ? parts : undefined);

/** Ranges of an axis that is kept, each with results of its own where these may begin. */
function keptInPlace(request: Request<FoldSpec>, { size, step, fits, part }: Cuts, cutting: Cutting): readonly Request[] | undefined {
  const { spec, reads, writes } = request;
  // Results of one place of the axis lie side by side: rows of out, or a part of its only one.
  const { outputs } = reduceSizes(spec);
  const each = outputs / size;
  const isRows = each % spec.columns === 0;
  const saved = savedBy(spec.epilogue);
  if (!isRows && (each !== 1 || outputs !== spec.columns || saved.length > 0)) return undefined;
  const outBlock = ({ first, count }: Range): Block => (isRows
    ? { rows: { first: first * each / spec.columns, count: count * each / spec.columns }, columns: { first: 0, count: spec.columns } }
    : { rows: { first: 0, count: 1 }, columns: { first, count } });
  const isOwn = (name: string): boolean => !saved.includes(name);
  const own = [...Object.entries(writes).filter(([name]) => isOwn(name)), ...Object.entries(reads).filter(([name]) => name === 'before')].map(([, tensor]) => tensor);
  const whole = [step, ...own.map((tensor) => stepOf(tensor, pieceOf(tensor, size)))].reduce(lcm, 1);
  const ranges = rangesOf(size, whole, (range) => fits(range) && own.every((tensor) => rowsBytes(tensor, range, pieceOf(tensor, size)) <= cutting.most) && chainFits(spec.epilogue, request, outBlock(range), cutting.most));
  const stretch = (range: Range, tensor: Tensor): Tensor => rowsOf(tensor, range, pieceOf(tensor, size), cutting);
  return allThere(ranges?.map((range): Request<FoldSpec> | undefined => {
    const [found, after] = [part(range), chainOf(spec.epilogue, request, outBlock(range), cutting)];
    return found && after && {
      ...request, spec: { ...found.spec, epilogue: after.steps, columns: isRows ? spec.columns : range.count },
      reads: { ...found.reads, ...after.reads, ...(reads.before ? { before: stretch(range, reads.before) } : {}) },
      writes: { ...Object.fromEntries(Object.entries(writes).filter(([name]) => isOwn(name)).map(([name, tensor]) => [name, stretch(range, tensor)])), ...after.writes },
    };
  }));
}

/** Ranges of an axis that is kept whose results lie too close for that: each makes its own, and they are put side by side. */
function keptSideBySide(request: Request<FoldSpec>, { size, step, fits, part }: Cuts, cutting: Cutting): Request[] | undefined {
  const { spec, reads, writes } = request;
  const { before } = reads;
  const { outputs } = reduceSizes(spec);
  const { columns, epilogue } = spec;
  const saved = savedBy(epilogue);
  const results = Object.fromEntries(Object.entries(writes).filter(([name]) => !saved.includes(name)));
  const made = epilogue.length > 0 ? { ...results, out: cutting.value(`${writes.out!.name}.folded`, [outputs]) } : results;
  const blocks = new Map(Object.keys(made).map((name): [string, Tensor[]] => [name, []]));
  const ranges = rangesOrSteps(size, before ? lcm(step, stepOf(before, pieceOf(before, size))) : step, fits);
  const parts = allThere(ranges?.map((range): Request<FoldSpec> | undefined => {
    const found = part(range);
    const given: Tensors = before ? { before: rowsOf(before, range, pieceOf(before, size), cutting) } : {};
    const own = Object.fromEntries(Object.entries(made).map(([name, tensor]) => {
      const block = cutting.value(`${tensor.name}.block`, [range.count * pieceOf(tensor, size)]);
      blocks.get(name)!.push(block);
      return [name, block];
    }));
    return found && { ...request, spec: { ...found.spec, epilogue: [], columns: range.count * outputs / size }, reads: { ...found.reads, ...given }, writes: own };
  }));
  const rows = outputs / columns;
  const after: Record<string, Tensor> = Object.fromEntries(epilogue.flatMap(({ operands }) => operands.map(({ name }) => [name, reads[name]!])));
  return parts && [
    ...parts,
    ...Object.entries(made).flatMap(([name, tensor]) => join(blocks.get(name)!, 0, { ...tensor, shape: [sizeOf(tensor.shape)] }, (shape) => cutting.value(`${tensor.name}.blocks`, shape))),
    ...(epilogue.length > 0 ? [{
      family: elementwiseFamily, spec: { rows, columns, start: fullAccess(rows, columns), steps: epilogue }, reads: { ...after, x: made.out! },
      writes: { out: writes.out!, ...Object.fromEntries(saved.map((name) => [name, writes[name]!])) },
    }] : []),
  ];
}

/** Ranges of an axis that is added up: each gives a sum, and they are added in their order. */
function summed(request: Request<FoldSpec>, { size, step, fits, part }: Cuts, cutting: Cutting): readonly Request[] | undefined {
  const { spec, reads, writes } = request;
  const ranges = rangesOrSteps(size, step, fits);
  const rows = reduceSizes(spec).outputs / spec.columns;
  // A sum of ranges may be one of ranges itself.
  const name = 'earlier' in reads ? 'earliest' : 'earlier';
  let sum: Tensor | undefined;
  return 'earliest' in reads ? undefined : allThere(ranges?.map((range, index): Request<FoldSpec> | undefined => {
    const found = part(range);
    const isLast = index === ranges.length - 1;
    const out = isLast ? writes.out! : cutting.value(`${writes.out!.name}.sum`, [rows, spec.columns]);
    const earlier = sum;
    sum = out;
    const add: ChainStep[] = earlier ? [{ formula: 'add', parameters: [], operands: [{ name, access: fullAccess(rows, spec.columns) }] }] : [];
    const own = isLast ? spec.epilogue.flatMap(({ operands }) => operands.map((operand) => [operand.name, reads[operand.name]!])) : [];
    return found && {
      ...request, spec: { ...found.spec, epilogue: [...add, ...(isLast ? spec.epilogue : [])] },
      reads: { ...found.reads, ...(earlier ? { [name]: earlier } : {}), ...Object.fromEntries(own) }, writes: isLast ? writes : { out },
    };
  }));
}

/** Ranges of an axis that is folded otherwise: each goes on from what the ranges before it have found, and the last makes the results. */
function continued(request: Request<FoldSpec>, { size, step, fits, part }: Cuts, cutting: Cutting): readonly Request[] | undefined {
  const { spec, reads, writes } = request;
  const { outputs, terms } = reduceSizes(spec);
  const { first, isLast } = spec.range ?? { first: 0, isLast: true };
  const ranges = rangesOrSteps(size, step, fits);
  let before = reads.before;
  return allThere(ranges?.map((range, index): Request<ReduceRangeSpec> | undefined => {
    const found = part(range);
    const endsHere = index === ranges.length - 1;
    const after = endsHere ? writes.after : cutting.value(`${request.writes.out?.name ?? writes.after!.name}.state`, [outputs, keptOf(spec)]);
    const given = before;
    before = after;
    const own = endsHere && isLast ? spec.epilogue.flatMap(({ operands }) => operands.map(({ name }) => [name, reads[name]!])) : [];
    return found && {
      ...request, family: rangeFamily,
      spec: { ...found.spec, epilogue: endsHere && isLast ? spec.epilogue : [], range: { first: first + range.first * (terms / size), isLast: endsHere && isLast } },
      reads: { ...found.reads, ...(given ? { before: given } : {}), ...Object.fromEntries(own) },
      writes: endsHere && isLast ? writes : { after: after! },
    };
  }));
}

/** A fold: ranges of the outermost axis, with results of their own where it is kept; where it is folded they go on from each other. */
export const cutFold: CutRule<FoldSpec> = (request, cutting) => {
  const { spec } = request;
  const cuts = cutsOf(request, cutting);
  if (!spec.folded[outermost(spec).axis]) return keptInPlace(request, cuts, cutting) ?? keptSideBySide(request, cuts, cutting);
  return spec.fold === 'sum' ? summed(request, cuts, cutting) : continued(request, cuts, cutting);
};

/**
 * The gradient of a product: ranges of the outermost axis. Where that is folded, a range's cotangent is multiplied by the products of all others: of those
 * before it and of those behind it, so that it is right where numbers are 0.
 */
export const cutProdBackward: CutRule<Pick<ReduceSpec, 'shape' | 'folded'>> = (request, cutting) => {
  const { spec, reads, writes } = request;
  const axis = Math.max(0, spec.shape.findIndex((size) => size > 1));
  const size = spec.shape[axis]!;
  if (spec.folded[axis]) return amongOthers(request, axis, cutting);
  const all = Object.values({ ...reads, ...writes });
  const ranges = rangesOf(size, all.map((tensor) => stepOf(tensor, pieceOf(tensor, size))).reduce(lcm), (range) => all.every((tensor) => rowsBytes(tensor, range, pieceOf(tensor, size)) <= cutting.most));
  const inRange = (tensors: Tensors, range: Range): Record<string, Tensor> => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, rowsOf(tensor, range, pieceOf(tensor, size), cutting)]));
  return ranges?.map((range) => ({ ...request, spec: { ...spec, shape: spec.shape.with(axis, range.count) }, reads: inRange(reads, range), writes: inRange(writes, range) }));
};

/** dx of each range, with the products of all other ranges in its cotangent. */
function amongOthers(request: Request<Pick<ReduceSpec, 'shape' | 'folded'>>, axis: number, cutting: Cutting): Request[] | undefined {
  const { spec: { shape, folded }, reads, writes } = request;
  const [size, { outputs }] = [shape[axis]!, reduceSizes(request.spec)];
  const [x, dx] = [reads.x!, writes.dx!];
  const each = pieceOf(x, size);
  const ranges = rangesOf(size, stepOf(x, each), (range) => rowsBytes(x, range, each) <= cutting.most);
  const flat = (tensor: Tensor): Tensor => ({ ...tensor, shape: [outputs] });
  const requests: Request[] = [];
  const times = (a: Tensor, b: Tensor): Tensor => {
    const out = cutting.value('cotangent', [outputs]);
    requests.push(map(flat(a), [{ formula: 'mul', operands: [flat(b)] }], out));
    return out;
  };
  const parts = ranges?.map((range) => ({ range, x: rowsOf(x, range, each, cutting), own: cutting.value('product', [outputs]) }));
  for (const { range, x: part, own } of parts ?? []) requests.push(foldAxes({ ...part, shape: shape.with(axis, range.count) }, { fold: 'prod', axes: folded.flatMap((isFolded, at) => (isFolded ? [at] : [])) }, own));
  // The cotangent with the products of all before a range, then with those of all behind it.
  const before: Tensor[] = [reads.dout!];
  for (const { own } of parts?.slice(0, -1) ?? []) before.push(times(before.at(-1)!, own));
  let behind: Tensor | undefined;
  return parts && [...parts.entries()].toReversed().flatMap(([index, { range, x: part, own }]): Request[] => {
    const dout = behind ? times(before[index]!, behind) : before[index]!;
    if (index > 0) behind = behind ? times(behind, own) : own;
    return [...requests.splice(0), { ...request, spec: { shape: shape.with(axis, range.count), folded }, reads: { x: part, dout }, writes: { dx: rowsOf(dx, range, each, cutting) } }];
  });
}
