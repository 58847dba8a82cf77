import { placeOf } from './matmul-batch.wgsl.ts';
import type { MatmulSpec } from './matmul.wgsl.ts';
import { tileCount } from './tiles.ts';

/** Tiles of 64 × 64 that a GPU is given at least, if slices of k make as many. Not measured: what a mid-size GPU holds at once. */
const WANTED_TILES = 64;
/** Steps along k that a slice has at least: its partial sums are written and read once more. */
const LEAST_SLICE = 32;

/**
 * Into how many slices of k a product is split: a divisor of k, so that all slices are one batch of products. 1 where it is not a
 * weight's gradient (aᵀ · b), is many products, or goes on with its results, also by rounding them.
 */
export function slicesOf(spec: MatmulSpec): number {
  if (!spec.transposeA || spec.transposeB || spec.batch.length > 0 || spec.epilogue.length > 0 || spec.half?.includes('out')) return 1;
  const wanted = Math.min(Math.ceil(WANTED_TILES / tileCount(spec, '64x64')), Math.floor(spec.k / LEAST_SLICE));
  for (let slices = wanted; slices > 1; slices -= 1) if (spec.k % slices === 0) return slices;
  return 1;
}

/** The same product, whose k is an axis of slices and what is left of it: a result for each slice. */
export function sliced(spec: MatmulSpec, slices: number): MatmulSpec {
  const k = spec.k / slices;
  const stride = (operand: 'a' | 'b'): number => k * placeOf(spec, operand).rowStride;
  return { ...spec, k, batch: [{ size: slices, strideA: stride('a'), strideB: stride('b'), summed: false }] };
}
