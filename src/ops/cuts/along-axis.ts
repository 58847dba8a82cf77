import type { CutAxis, Cutting } from '../cut.ts';
import type { Request } from '../request.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { boundBy, lcm, pieceOf, rangesOf, rowsBytes, rowsOf, stepOf, type Range } from './ranges.ts';

/** Requests over ranges of an axis whose pieces are independent: each binding that holds a piece for each place follows. */
export function cutAlong<S extends object>(request: Request<S>, { axis, along }: CutAxis, cutting: Cutting): Request<S>[] | undefined {
  const size = (request.spec as Readonly<Record<string, unknown>>)[axis] as number;
  const follows = (name: string, tensor: Tensor): boolean => (along ? along.includes(name) : sizeOf(tensor.shape) === size);
  const all = boundBy(request).filter(([name, tensor]) => follows(name, tensor));
  // Numbers in the text that repeat along the elements begin anew with each range.
  const lists = Object.values(request.spec).flatMap((value) => (Array.isArray(value) && value.length > 1 ? [value.length] : []));
  const widest = Math.max(...all.map(([, tensor]) => pieceOf(tensor, size)));
  const step = [...all.map(([, tensor]) => stepOf(tensor, pieceOf(tensor, size))), ...lists.map((length) => lcm(length, widest) / widest)].reduce(lcm, 1);
  const ranges = rangesOf(size, step, (range) => all.every(([, tensor]) => rowsBytes(tensor, range, pieceOf(tensor, size)) <= cutting.most));
  return ranges?.map((range) => rangeOf(request, axis, range, (name, tensor) => (follows(name, tensor) ? partOf(tensor, range, size, cutting) : tensor)));
}

/** Elements in a row stay a list. */
function partOf(tensor: Tensor, range: Range, size: number, cutting: Cutting): Tensor {
  const columns = pieceOf(tensor, size);
  return columns === 1 ? cutting.part(tensor, range.first, [range.count]) : rowsOf(tensor, range, columns, cutting);
}

function rangeOf<S extends object>(request: Request<S>, axis: string, { count }: Range, tensorOf: (name: string, tensor: Tensor) => Tensor): Request<S> {
  const mapped = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensorOf(name, tensor)]));
  const { reads, writes, updates, spec } = request;
  return { ...request, spec: { ...spec, [axis]: count }, reads: mapped(reads), writes: mapped(writes), ...(updates ? { updates: mapped(updates) } : {}) };
}
