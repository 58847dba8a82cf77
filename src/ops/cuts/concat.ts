import { fullAccess, type Access } from '../../../shaders/chain.wgsl.ts';
import type { ConcatSpec } from '../../../shaders/concat.wgsl.ts';
import type { ElementwiseSpec } from '../../../shaders/elementwise.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import { elementwiseFamily } from '../map.ts';
import type { Request } from '../request.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { lcm, operandFits, operandOf, periodOf, rangesOf, rowsBytes, rowsOf, stepOf, type Block, type Range } from './ranges.ts';

/** Parts one behind the other along an axis: ranges of what lies before that axis, each part read where it stands; else copies of what stands too far apart. */
export const cutConcat: CutRule<ConcatSpec> = (request, cutting) => inRanges(request, cutting) ?? ofCopies(request, cutting);

/** Parts whose elements stand apart in what is too large: they are put row by row before. */
function ofCopies(request: Request<ConcatSpec>, cutting: Cutting): Request[] | undefined {
  const { spec, reads } = request;
  const { type, sizes, outer, inner, accesses = [] } = spec;
  const copies = accesses.flatMap((given, index) => {
    const name = `x${index}`;
    const x = reads[name]!;
    if (!given || cutting.bytes(x) <= cutting.most) return [];
    const { access: start, columns } = given;
    const count = outer * sizes[index]! * inner;
    const out = cutting.value(`${x.name}.copy`, [count], type);
    const copy: Request<ElementwiseSpec> = { family: elementwiseFamily, spec: { rows: count / columns, columns, start, steps: [], ...(type === 'u32' ? { type } : {}) }, reads: { x }, writes: { out } };
    return [{ index, name, out, copy }];
  });
  if (copies.length === 0) return undefined;
  return [
    ...copies.map(({ copy }) => copy),
    { ...request, spec: { ...spec, accesses: accesses.map((given, part) => (copies.some(({ index }) => index === part) ? undefined : given)) }, reads: { ...reads, ...Object.fromEntries(copies.map(({ name, out }) => [name, out])) } } satisfies Request<ConcatSpec>,
  ];
}

function inRanges(request: Request<ConcatSpec>, cutting: Cutting): Request[] | undefined {
  const { spec, reads, writes } = request;
  const { outer, inner, sizes, accesses = [] } = spec;
  const out = writes.out!;
  const each = sizeOf(out.shape) / outer;
  const parts = sizes.map((size, index) => {
    const given = accesses[index];
    const own = size * inner;
    const [access, columns] = given ? [given.access, given.columns] : [fullAccess(outer, own), own];
    return { name: `x${index}`, access, columns, rows: own / columns, tensor: reads[`x${index}`]! };
  });
  if (!parts.every(({ rows }) => Number.isInteger(rows))) return undefined;
  const blockOf = ({ columns, rows }: { columns: number; rows: number }, { first, count }: Range): Block => ({ rows: { first: first * rows, count: count * rows }, columns: { first: 0, count: columns } });
  const step = [stepOf(out, each), ...parts.map(({ access, rows }) => lcm(periodOf([access]), rows) / rows)].reduce(lcm);
  const ranges = rangesOf(outer, step, (range) => rowsBytes(out, range, each) <= cutting.most && parts.every((part) => operandFits(part.tensor, part.access, blockOf(part, range), cutting.most)));
  const made = ranges?.map((range) => {
    const found = parts.map((part) => ({ name: part.name, columns: part.columns, operand: operandOf(part.tensor, part.access, blockOf(part, range), cutting) }));
    const own: Record<string, Tensor> = {};
    const moved: { access: Access; columns: number }[] = [];
    for (const { name, columns, operand } of found) {
      if (!operand) return undefined;
      own[name] = operand.tensor;
      moved.push({ access: operand.access, columns });
    }
    return { ...request, spec: { ...spec, outer: range.count, accesses: moved }, reads: own, writes: { out: rowsOf(out, range, each, cutting) } };
  });
  return made?.every((part) => part !== undefined) ? made : undefined;
}
