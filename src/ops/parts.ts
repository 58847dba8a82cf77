import { join } from './join.ts';
import type { Part, Range } from './op.ts';
import { place } from './place.ts';
import type { Request } from './request.ts';
import type { Shape, Tensor } from './tensor.ts';

/** A gradient that is `tensor` in these ranges and 0 elsewhere, for `Backward.parts`: it brings the kernels that put parts together. */
export function partOf(tensor: Tensor, ranges: readonly Range[]): Part {
  return { tensor, ranges, place: (out) => place(tensor, ranges, 0, out), joining };
}

/** Where all parts cover a tensor along one axis, each place once: what puts them one behind the other. */
function joining(parts: readonly Part[], shape: Shape): ((out: Tensor, scratch: (shape: Shape) => Tensor) => Request[]) | undefined {
  if (parts.length < 2 || parts.some(({ ranges }) => ranges.some(({ step }) => step !== 1))) return undefined;
  const axis = shape.findIndex((size, at) => parts[0]!.ranges[at]!.count < size);
  const whole = (ranges: readonly Range[]): boolean => ranges.every(({ start, count }, at) => at === axis || (start === 0 && count === shape[at]));
  if (axis < 0 || !parts.every(({ ranges }) => whole(ranges))) return undefined;
  const sorted = parts.toSorted((a, b) => a.ranges[axis]!.start - b.ranges[axis]!.start);
  let end = 0;
  for (const { ranges } of sorted) {
    if (ranges[axis]!.start !== end) return undefined;
    end += ranges[axis]!.count;
  }
  return end === shape[axis] ? (out, scratch) => join(sorted.map(({ tensor }) => tensor), axis, out, scratch) : undefined;
}
