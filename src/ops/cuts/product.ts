import { fullAccess, loadedBy } from '../../../shaders/chain.wgsl.ts';
import { placeOf, productCount, storedSizes, type StoredMatrix } from '../../../shaders/matmul-batch.wgsl.ts';
import { outRows, type MatmulSpec } from '../../../shaders/matmul.wgsl.ts';
import type { ReduceSpec } from '../../../shaders/reduce.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import { join } from '../join.ts';
import { elementwiseFamily, map } from '../map.ts';
import { reduceFamily } from '../reduce.ts';
import type { Request } from '../request.ts';
import type { Tensor } from '../tensor.ts';
import { chainFits, chainOf, lcm, periodOf, rangesOf, rowsBytes, rowsOf, savedBy, stepOf, windowBytes, windowOf, type Block, type Range } from './ranges.ts';

type Product = Request<MatmulSpec>;
type Side = 'a' | 'b';

const whole = (count: number): Range => ({ first: 0, count });
const prologueOf = ({ prologueA, prologueB }: MatmulSpec, side: Side): MatmulSpec['prologueA'] => (side === 'a' ? prologueA : prologueB);

/** The first and the last element of a block of an operand's matrices, of those that the axes in `spec.batch` reach. */
function extentOf(spec: MatmulSpec, side: Side, { rows, columns }: Block): { min: number; max: number } {
  const { offset, rowStride, columnStride } = placeOf(spec, side);
  const min = offset + rows.first * rowStride + columns.first * columnStride;
  const matrices = spec.batch.reduce((sum, { size, strideA, strideB }) => sum + (size - 1) * (side === 'a' ? strideA : strideB), 0);
  return { min, max: min + (rows.count - 1) * rowStride + (columns.count - 1) * columnStride + matrices };
}

const operandFits = (request: Product, side: Side, block: Block, most: number): boolean => {
  const { min, max } = extentOf(request.spec, side, block);
  const tensor = request.reads[side]!;
  return windowBytes(tensor, windowOf(tensor, min, max)) <= most && chainFits(prologueOf(request.spec, side), request, block, most);
};

/** An operand of a single product, or of the first of some, as a block of it is read. */
function operandOf(request: Product, side: Side, block: Block, cutting: Cutting): { reads: Record<string, Tensor>; stored: StoredMatrix; chain: MatmulSpec['prologueA'] } | undefined {
  const tensor = request.reads[side]!;
  const { min, max } = extentOf(request.spec, side, block);
  const window = windowOf(tensor, min, max);
  const chain = chainOf(prologueOf(request.spec, side), request, block, cutting);
  const { rowStride, columnStride } = placeOf(request.spec, side);
  return chain && { reads: { [side]: cutting.part(tensor, window.start, [window.count]), ...chain.reads }, stored: { offset: min - window.start, rowStride, columnStride }, chain: chain.steps };
}

/** Where it lies row by row from its first element on nothing is said of it, so that the text is the usual one. */
const storedOf = (key: 'storedA' | 'storedB', { offset, rowStride, columnStride }: StoredMatrix, { rows, columns }: Block): Partial<MatmulSpec> =>
  (offset === 0 && columnStride === 1 && (rows.count === 1 || rowStride === columns.count) ? {} : { [key]: { offset, rowStride, columnStride } });

/** The product over ranges of its rows, columns and steps along k, without its epilogue and what it writes. */
function productOf(request: Product, { m, n, k }: { m: Range; n: Range; k: Range }, cutting: Cutting): { spec: MatmulSpec; reads: Record<string, Tensor> } | undefined {
  const { storedA: _, storedB: __, ...spec } = request.spec;
  const [blockA, blockB] = [spec.transposeA ? { rows: k, columns: m } : { rows: m, columns: k }, spec.transposeB ? { rows: n, columns: k } : { rows: k, columns: n }];
  const [a, b] = [operandOf(request, 'a', blockA, cutting), operandOf(request, 'b', blockB, cutting)];
  return a && b && {
    spec: {
      ...spec, m: m.count, n: n.count, k: k.count, prologueA: a.chain, prologueB: b.chain, epilogue: [], rowSums: false,
      ...storedOf('storedA', a.stored, blockA), ...storedOf('storedB', b.stored, blockB),
    },
    reads: { ...a.reads, ...b.reads },
  };
}

const chainNames = (steps: MatmulSpec['epilogue']): { reads: string[]; writes: string[] } => ({ reads: steps.flatMap(({ operands }) => operands.map(({ name }) => name)), writes: savedBy(steps) });
const picked = (tensors: Readonly<Record<string, Tensor>>, names: readonly string[]): Record<string, Tensor> => Object.fromEntries(names.map((name) => [name, tensors[name]!]));

/** Rows of out: each range is a product of its own, and all that follows it comes along. */
function cutRows(request: Product, cutting: Cutting): Request[] | undefined {
  const { spec, writes } = request;
  const { m, n, k, transposeA, epilogue, prologueA } = spec;
  const blockOf = (rows: Range): Block => ({ rows, columns: whole(n) });
  const rowsOfA = (rows: Range): Block => (transposeA ? { rows: whole(k), columns: rows } : { rows, columns: whole(k) });
  const step = [stepOf(writes.out!, n), ...(spec.rowSums ? [stepOf(writes.rowSums!, 1)] : []), ...chainNames(epilogue).writes.map((name) => stepOf(writes[name]!, n))]
    .reduce(lcm, periodOf(loadedBy([...epilogue, ...(transposeA ? [] : prologueA)])));
  // Where a lies across, a range of rows binds nearly all of it: then it is for k to be cut.
  const ranges = rangesOf(m, step, (rows) => rowsBytes(writes.out!, rows, n) <= cutting.most && (transposeA || operandFits(request, 'a', rowsOfA(rows), cutting.most))
    && (!spec.rowSums || rowsBytes(writes.rowSums!, rows, 1) <= cutting.most) && chainFits(epilogue, request, blockOf(rows), cutting.most));
  const parts = ranges?.map((rows): Product | undefined => {
    const [product, after] = [productOf(request, { m: rows, n: whole(n), k: whole(k) }, cutting), chainOf(epilogue, request, blockOf(rows), cutting)];
    return product && after && {
      ...request, spec: { ...product.spec, epilogue: after.steps, rowSums: spec.rowSums }, reads: { ...product.reads, ...after.reads },
      writes: { out: rowsOf(writes.out!, rows, n, cutting), ...after.writes, ...(spec.rowSums ? { rowSums: cutting.part(writes.rowSums!, rows.first, [rows.count]) } : {}) },
    };
  });
  return parts?.every((part) => part !== undefined) ? parts : undefined;
}

/** What follows a product as a launch of its own, over the product that `x` holds. */
function finished({ spec, reads, writes }: Product, x: Tensor): Request {
  const [rows, columns] = [outRows(spec), spec.n];
  const names = chainNames(spec.epilogue);
  return {
    family: elementwiseFamily,
    spec: { rows, columns, start: fullAccess(rows, columns), steps: spec.epilogue, ...(spec.half?.includes('out') ? { half: ['out'] } : {}) } as object,
    reads: { x, ...picked(reads, names.reads) }, writes: { ...picked(writes, names.writes), out: writes.out! },
  };
}

/** Columns of out, because a weight is stored along them: they are put side by side. */
function cutColumns(request: Product, cutting: Cutting): Request[] | undefined {
  const { spec, writes } = request;
  const { m, n, k } = spec;
  const fits = (columns: Range): boolean => operandFits(request, 'b', { rows: columns, columns: whole(k) }, cutting.most);
  const period = periodOf(loadedBy(spec.prologueB));
  const ranges = rangesOf(n, lcm(stepOf({}, k), period), fits) ?? rangesOf(n, period, fits);
  if (!ranges) return undefined;
  const isPlain = spec.epilogue.length === 0 && !spec.half?.includes('out');
  const out = isPlain ? writes.out! : cutting.value(`${writes.out!.name}.product`, [m, n]);
  const blocks = ranges.map(({ count }) => cutting.value(`${writes.out!.name}.columns`, [m, count]));
  const parts = ranges.map((columns, index): Product | undefined => {
    const product = productOf(request, { m: whole(m), n: columns, k: whole(k) }, cutting);
    const hasSums = spec.rowSums && index === 0;
    return product && { ...request, spec: { ...withoutHalfOut(product.spec), rowSums: hasSums }, reads: product.reads, writes: { out: blocks[index]!, ...(hasSums ? { rowSums: writes.rowSums! } : {}) } };
  });
  if (!parts.every((part) => part !== undefined)) return undefined;
  return [...parts, ...join(blocks, 1, { ...out, shape: [m, n] }, (shape) => cutting.value(`${writes.out!.name}.columns`, shape)), ...(isPlain ? [] : [finished(request, out)])];
}

function withoutHalfOut(spec: MatmulSpec): MatmulSpec {
  const { half, ...rest } = spec;
  return half ? { ...rest, half: half.filter((name) => name !== 'out') } : spec;
}

/** Sums of products, added up in the order of `terms`: the last one goes on with what follows. */
function summed(request: Product, terms: readonly ({ spec: MatmulSpec; reads: Record<string, Tensor> } | undefined)[], cutting: Cutting): Request[] | undefined {
  const { spec, reads, writes } = request;
  const rows = outRows(spec);
  const requests: Request[] = [];
  const names = chainNames(spec.epilogue);
  // A launch binds so many tensors: where adding is one too many, what follows is a launch of its own.
  const bound = 4 + names.reads.length + names.writes.length + spec.prologueA.concat(spec.prologueB).flatMap(({ operands }) => operands).length + (spec.rowSums ? 1 : 0);
  const goesOn = bound <= cutting.maxBindings && !spec.epilogue.some(({ saveDrawn }) => saveDrawn);
  const raw = goesOn ? writes.out! : cutting.value(`${writes.out!.name}.product`, [rows, spec.n]);
  let [sum, sums]: (Tensor | undefined)[] = [undefined, undefined];
  for (const [index, term] of terms.entries()) {
    if (!term) return undefined;
    const isLast = index === terms.length - 1;
    const out = isLast ? raw : cutting.value(`${writes.out!.name}.sum`, [rows, spec.n]);
    const add = sum ? [{ formula: 'add', parameters: [], operands: [{ name: 'earlier', access: fullAccess(rows, spec.n) }] }] : [];
    const own = spec.rowSums ? cutting.value(`${writes.rowSums!.name}.sum`, [rows]) : undefined;
    const ends = isLast && goesOn;
    requests.push({
      ...request, spec: { ...(ends ? term.spec : withoutHalfOut(term.spec)), epilogue: [...add, ...(ends ? spec.epilogue : [])], rowSums: spec.rowSums },
      reads: { ...term.reads, ...(sum ? { earlier: sum } : {}), ...(ends ? picked(reads, names.reads) : {}) },
      writes: { ...(ends ? picked(writes, names.writes) : {}), out, ...(own ? { rowSums: own } : {}) },
    } satisfies Product);
    sum = out;
    if (own) {
      const total: Tensor = !sums ? own : isLast ? writes.rowSums! : cutting.value(`${writes.rowSums!.name}.sum`, [rows]);
      if (sums) requests.push(map({ ...sums, shape: [rows] }, [{ formula: 'add', operands: [own] }], { ...total, shape: [rows] }));
      sums = total;
    }
  }
  return goesOn ? requests : [...requests, finished(request, raw)];
}

/** Slices of k, because both what is read lies along it: their products are added up in their order. */
function cutSteps(request: Product, cutting: Cutting): Request[] | undefined {
  const { m, n, k, transposeA, transposeB, prologueA, prologueB } = request.spec;
  const fits = (steps: Range): boolean => (!transposeA || operandFits(request, 'a', { rows: steps, columns: whole(m) }, cutting.most))
    && (transposeB || operandFits(request, 'b', { rows: steps, columns: whole(n) }, cutting.most));
  const period = periodOf(loadedBy([...(transposeA ? prologueA : []), ...(transposeB ? [] : prologueB)]));
  const step = [...(transposeA ? [stepOf({}, m)] : [64]), ...(transposeB ? [] : [stepOf({}, n)])].reduce(lcm, period);
  const ranges = rangesOf(k, step, fits) ?? rangesOf(k, lcm(4, period), fits) ?? rangesOf(k, period, fits);
  return ranges && summed(request, ranges.map((steps) => productOf(request, { m: whole(m), n: whole(n), k: steps }, cutting)), cutting);
}

/** Many products: ranges of the outermost axis along which they lie. Each is a result of its own, or a term of one. */
function cutBatch(request: Product, cutting: Cutting): Request[] | undefined {
  const { spec, reads, writes } = request;
  const [axis, ...others] = spec.batch as [MatmulSpec['batch'][number], ...MatmulSpec['batch']];
  const each = outRows(spec) / (axis.summed ? 1 : axis.size);
  const operand = (side: Side, range: Range): { spec: MatmulSpec; place: StoredMatrix; block: Block } => {
    const { rows, columns, matrices } = storedSizes(spec, side);
    const stride = side === 'a' ? axis.strideA : axis.strideB;
    const own = stride > 0 ? matrices / axis.size * range.count : matrices;
    const place = placeOf(spec, side);
    // A chain on its loads counts the rows of all matrices, which then lie one behind the other.
    return { spec, place: { ...place, offset: place.offset + range.first * stride }, block: { rows: { first: stride > 0 ? range.first * matrices / axis.size * rows : 0, count: own * rows }, columns: whole(columns) } };
  };
  const windowFor = (side: Side, range: Range): { start: number; count: number; offset: number } => {
    const { rows, columns } = storedSizes(spec, side);
    const { min, max } = extentOf({ ...spec, batch: [{ ...axis, size: range.count }, ...others], [side === 'a' ? 'storedA' : 'storedB']: operand(side, range).place }, side, { rows: whole(rows), columns: whole(columns) });
    return { ...windowOf(reads[side]!, min, max), offset: min };
  };
  const fits = (range: Range): boolean => (['a', 'b'] as const).every((side) => windowBytes(reads[side]!, windowFor(side, range)) <= cutting.most
    && chainFits(prologueOf(spec, side), request, operand(side, range).block, cutting.most));
  const rowsFor = ({ first, count }: Range): Range => ({ first: first * each, count: count * each });
  const blockOf = (range: Range): Block => ({ rows: rowsFor(range), columns: whole(spec.n) });
  const part = (range: Range): { spec: MatmulSpec; reads: Record<string, Tensor> } | undefined => {
    const { storedA: _, storedB: __, ...plain } = spec;
    let all: Record<string, Tensor> = {};
    let made: MatmulSpec = { ...plain, epilogue: [], rowSums: false, batch: range.count === 1 ? others : [{ ...axis, size: range.count }, ...others] };
    for (const side of ['a', 'b'] as const) {
      const { rows, columns } = storedSizes(spec, side);
      const { start, count, offset } = windowFor(side, range);
      const chain = chainOf(prologueOf(spec, side), request, operand(side, range).block, cutting);
      if (!chain) return undefined;
      const { rowStride, columnStride } = placeOf(spec, side);
      made = {
        ...made, [side === 'a' ? 'prologueA' : 'prologueB']: chain.steps,
        ...storedOf(side === 'a' ? 'storedA' : 'storedB', { offset: offset - start, rowStride, columnStride }, { rows: whole(rows), columns: whole(columns) }),
      };
      all = { ...all, [side]: cutting.part(reads[side]!, start, [count]), ...chain.reads };
    }
    return { spec: made, reads: all };
  };
  if (axis.summed) {
    const ranges = rangesOf(axis.size, 1, fits);
    return ranges && summed(request, ranges.map(part), cutting);
  }
  const step = [stepOf(writes.out!, each * spec.n), ...(spec.rowSums ? [stepOf(writes.rowSums!, each)] : [])].reduce(lcm, 1);
  const period = periodOf(loadedBy(spec.epilogue));
  const ranges = rangesOf(axis.size, lcm(step, lcm(period, each) / each), (range) => fits(range) && rowsBytes(writes.out!, rowsFor(range), spec.n) <= cutting.most && chainFits(spec.epilogue, request, blockOf(range), cutting.most));
  const parts = ranges?.map((range): Product | undefined => {
    const [product, after] = [part(range), chainOf(spec.epilogue, request, blockOf(range), cutting)];
    return product && after && {
      ...request, spec: { ...product.spec, epilogue: after.steps, rowSums: spec.rowSums }, reads: { ...product.reads, ...after.reads },
      writes: { out: rowsOf(writes.out!, rowsFor(range), spec.n, cutting), ...after.writes, ...(spec.rowSums ? { rowSums: cutting.part(writes.rowSums!, range.first * each, [range.count * each]) } : {}) },
    };
  });
  return parts?.every((one) => one !== undefined) ? parts : undefined;
}

/** The sums of a's rows as a launch of their own: they begin only where 64 rows do, which may be too many at once. */
function withoutSums({ spec, reads, writes: { rowSums, ...writes }, ...request }: Product): Request[] | undefined {
  if (!rowSums || spec.storedA || !spec.transposeA) return undefined;
  const { k, m, prologueA } = spec;
  const start = { ...fullAccess(k, m), ...(spec.half?.includes('a') ? { type: 'f16' as const } : {}) };
  return [
    { ...request, spec: { ...spec, rowSums: false }, reads, writes } satisfies Product,
    {
      family: reduceFamily, spec: { fold: 'sum', shape: [k, m], folded: [true, false], scale: 1, start, prologue: prologueA, epilogue: [], columns: m },
      reads: { x: reads.a!, ...picked(reads, chainNames(prologueA).reads) }, writes: { out: rowSums },
    } satisfies Request<ReduceSpec>,
  ];
}

/**
 * A product, cut where what is too large lies: along the rows of out for a and what is written, along its columns for a weight that is stored [n, k],
 * along k for what is stored along that. Bits stay the same but where k is cut, where sums of slices are added in their order.
 */
export const cutProduct: CutRule<MatmulSpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  if (spec.batch.length > 0 && productCount(spec) >= 1) return cutBatch(request, cutting);
  const [m, n, k] = [whole(spec.m), whole(spec.n), whole(spec.k)];
  const fitsA = operandFits(request, 'a', spec.transposeA ? { rows: k, columns: m } : { rows: m, columns: k }, cutting.most);
  const fitsB = operandFits(request, 'b', spec.transposeB ? { rows: n, columns: k } : { rows: k, columns: n }, cutting.most);
  const fitsOut = Object.values(writes).every((tensor) => cutting.bytes(tensor) <= cutting.most) && chainFits(spec.epilogue, request, { rows: m, columns: n }, cutting.most);
  if (fitsA && fitsB && fitsOut) {
    // All that was too large was the tensor around what it reads.
    const product = productOf(request, { m, n, k }, cutting);
    return product && [{ ...request, spec: { ...product.spec, epilogue: spec.epilogue, rowSums: spec.rowSums }, reads: { ...reads, ...product.reads } } satisfies Product];
  }
  if (!fitsOut || (!fitsA && !spec.transposeA)) return cutRows(request, cutting) ?? withoutSums(request);
  return !fitsB && spec.transposeB ? cutColumns(request, cutting) : cutSteps(request, cutting);
};
