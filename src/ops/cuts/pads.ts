import { fullAccess } from '../../../shaders/chain.wgsl.ts';
import type { PadSpec } from '../../../shaders/pad.wgsl.ts';
import type { PlaceSpec } from '../../../shaders/place.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import { elementwiseFamily } from '../map.ts';
import type { Request } from '../request.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { lcm, pieceOf, rangesOrSteps, rowsBytes, rowsOf, stepOf, type Range } from './ranges.ts';

/** The outermost of some axes that has more than one place. */
const outermost = (sizes: readonly number[]): number => Math.max(0, sizes.findIndex((size) => size > 1));

/** Elements from anywhere in a tensor, copied to where a binding may begin. */
function copyOf(tensor: Tensor, { first, count }: Range, each: number, copies: Request[], cutting: Cutting): Tensor {
  if (first % stepOf(tensor, each) === 0) return rowsOf(tensor, { first, count }, each, cutting);
  const out = cutting.value(`${tensor.name}.copy`, [count, each], tensor.type);
  const access = { ...fullAccess(count, each), count: sizeOf(tensor.shape), offset: first * each };
  copies.push({ family: elementwiseFamily, spec: { rows: count, columns: each, start: access, steps: [], ...(tensor.type === 'u32' ? { type: tensor.type } : {}) }, reads: { x: tensor }, writes: { out } });
  return out;
}

/** What stands in ranges of a larger tensor: ranges of its outermost axis, each with what of x stands there. */
export const cutPlace: CutRule<PlaceSpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  const at = outermost(spec.axes.map(({ size }) => size));
  const { size, start, count, step } = spec.axes[at]!;
  const [x, out] = [reads.x!, writes.out!];
  const [own, each] = [pieceOf(x, count), pieceOf(out, size)];
  // The elements of x that stand in a range of the axis.
  const held = (range: Range): Range => {
    const [from, to] = [range.first, range.first + range.count].map((place) => Math.min(count, Math.max(0, Math.ceil((place - start) / step)))) as [number, number];
    return { first: from, count: to - from };
  };
  const unit = stepOf(out, each);
  // Where x fills the axis both begin where a binding may.
  const ranges = rangesOrSteps(size, count === size ? lcm(unit, stepOf(x, own)) : unit, (range) => rowsBytes(out, range, each) <= cutting.most && rowsBytes(x, held(range), own) <= cutting.most);
  return ranges?.flatMap((range): Request[] => {
    const copies: Request[] = [];
    const inside = held(range);
    // Where nothing of x stands there is one element of it, beyond the end.
    const part = copyOf(x, inside.count > 0 ? inside : { first: 0, count: 1 }, own, copies, cutting);
    const axis = inside.count > 0 ? { size: range.count, start: start + inside.first * step - range.first, count: inside.count, step } : { size: range.count, start: range.count, count: 1, step: 1 };
    return [...copies, { ...request, spec: { ...spec, axes: spec.axes.with(at, axis) }, reads: { x: part }, writes: { out: rowsOf(out, range, each, cutting) } }];
  });
};

/** Elements repeated at the edges, and their gradient: ranges of the outermost axis, where that is not padded itself. */
export const cutPad: CutRule<PadSpec> = (request, cutting) => {
  const { spec, reads, writes } = request;
  const at = outermost(spec.axes.map(({ size, before, after }) => before + size + after));
  const { size, before, after } = spec.axes[at]!;
  if (before + after > 0) return undefined;
  const all = Object.values({ ...reads, ...writes }).map((tensor) => ({ tensor, each: pieceOf(tensor, size) }));
  const ranges = rangesOrSteps(size, all.map(({ tensor, each }) => stepOf(tensor, each)).reduce(lcm), (range) => all.every(({ tensor, each }) => rowsBytes(tensor, range, each) <= cutting.most));
  const inRange = (tensors: Readonly<Record<string, Tensor>>, range: Range): Record<string, Tensor> => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, rowsOf(tensor, range, pieceOf(tensor, size), cutting)]));
  return ranges?.map((range) => ({ ...request, spec: { ...spec, axes: spec.axes.with(at, { size: range.count, before, after }) }, reads: inRange(reads, range), writes: inRange(writes, range) }));
};
