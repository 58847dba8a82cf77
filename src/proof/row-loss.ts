import type { BuiltinErrors } from '../reference/rounding.ts';
import { meanError } from '../reference/rounding.ts';
import { exact, sizeOf } from '../reference/tensor.ts';
import type { Shape } from '../reference/tensor.ts';
import type { Options } from './proof.ts';

/** The cotangent of a loss that is the end of its graph: what its own launch saves its gradient for. */
export const ONE = exact([], [1]);

/** What the sum over all elements is multiplied by, and the relative error of that. `parts` is how many terms the mean is over. */
export interface MeanFactor {
  readonly factor: number;
  readonly relative: number;
}

export function meanFactor(parts: number, { reduction = 'mean' }: Options, builtins: BuiltinErrors): MeanFactor {
  return reduction === 'sum' ? { factor: 1, relative: 0 } : { factor: 1 / parts, relative: meanError(builtins) };
}

/** The terms of a mean over elements: all of them, or with `batchMean` as many as there are rows. */
export function elementParts(shape: Shape, { reduction }: Options): number {
  return reduction === 'batchMean' ? shape[0] ?? 1 : sizeOf(shape);
}

/** How many elements a lane adds up: the largest divisor of their number up to 32. */
export function pieceLength(count: number): number {
  let length = Math.min(32, count);
  while (count % length > 0) length--;
  return length;
}

