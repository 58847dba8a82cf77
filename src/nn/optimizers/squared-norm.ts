import { squaredNorm as squaredNormKernel } from '../../../shaders/squared-norm.wgsl.ts';
import { reduce } from '../../ops/reduce.ts';
import type { Request } from '../../ops/request.ts';
import type { Shape, Tensor } from '../../ops/tensor.ts';
import { sizeOf } from '../../ops/tensor.ts';
import { arenaFamily } from './optimizer.ts';

const family = /* @__PURE__ */ arenaFamily('squared-norm', squaredNormKernel, 2, 'partials');

/** Groups of four that one lane sums at least: a launch more is cheaper than more partial sums than these. */
const FOURS_PER_LANE = 64;
/** Enough lanes to fill a large GPU. */
const MOST_LANES = 16_384;

/**
 * Σ x² as a tensor [1], in one launch or two and always in the same order. What lies behind x up to a multiple of four numbers is
 * added, too: it must be 0.
 */
export function squaredNorm(x: Tensor, value: (name: string, shape: Shape) => Tensor, label: string): { requests: Request[]; total: Tensor } {
  const count = Math.ceil(sizeOf(x.shape) / 4) * 4;
  const partials = partialsOf(count);
  const sums = value('partialNorms', [partials]);
  const first: Request = { family, spec: { count, partials }, reads: { x }, writes: { partials: sums }, label };
  if (partials === 1) return { requests: [first], total: sums };
  const total = value('squaredNorm', [1]);
  return { requests: [first, { ...reduce(sums, { outer: 1, size: partials, inner: 1, scale: 1 }, total), label }], total };
}

/** How many partial sums of squares `count` numbers, a multiple of 4, are worth. */
export const partialsOf = (count: number): number => Math.min(MOST_LANES, Math.ceil(count / 4 / FOURS_PER_LANE));
