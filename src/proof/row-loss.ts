import { reduction } from '../reference/axes.ts';
import type { Reduction } from '../reference/axes.ts';
import { exact } from '../reference/tensor.ts';
import type { Shape } from '../reference/tensor.ts';

/** The cotangent of a loss that is the end of its graph: what its own launch saves its gradient for. */
export const ONE = exact([], [1]);

/** Folds the columns of a tensor whose rows are all its axes but the last. */
export function overColumns(shape: Shape): Reduction {
  return reduction(shape, shape.length > 0 ? [-1] : undefined, false);
}
