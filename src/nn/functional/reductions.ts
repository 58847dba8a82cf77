import type { Tensor } from '../../ops/tensor.ts';
import * as cumsumOps from '../../ops/cumsum.ts';
import * as reductionsOps from '../../ops/reductions.ts';
import * as softmaxOps from '../../ops/softmax.ts';
import { apply } from '../../program/trace.ts';

/** Which axes are folded: a number or a list, counted from the end where negative. Default all; with keepDims they stay as 1. */
export interface FoldOptions {
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}

/** One axis, counted from the end where negative. */
export interface AxisOptions {
  readonly axis?: number;
}

/** The product over `axes` (default all). Its gradient is the product of all others, also where numbers are 0. */
export const prod = (x: Tensor, options: FoldOptions = {}): Tensor => apply(reductionsOps.prod, { x }, { ...options });

/** The largest over `axes` (default all). Several that are equal share the gradient (torch.amax). */
export const max = (x: Tensor, options: FoldOptions = {}): Tensor => apply(reductionsOps.max, { x }, { ...options });

/** The smallest over `axes` (default all). Several that are equal share the gradient (torch.amin). */
export const min = (x: Tensor, options: FoldOptions = {}): Tensor => apply(reductionsOps.min, { x }, { ...options });

/**
 * Σ (x - mean)² / (n - correction) over the n numbers along `axes` (default all). `correction` is 1 by default (Bessel's), ≥ 0
 * and less than n. By Welford's recurrence, so that numbers far from 0 lose no digits.
 */
export const variance = (x: Tensor, options: FoldOptions & { readonly correction?: number } = {}): Tensor => apply(reductionsOps.variance, { x }, { ...options });

/** log Σ e^x over `axes` (default all), without overflow. */
export const logSumExp = (x: Tensor, options: FoldOptions = {}): Tensor => apply(reductionsOps.logSumExp, { x }, { ...options });

/**
 * The norm over `axes` (default all): √(Σ x²) for p 2 (the default), Σ |x| for p 1, the largest |x| for p 'infinity'. The
 * gradient of a norm of 0 is 0; largest magnitudes that are equal share it (torch.linalg.vector_norm).
 */
export const norm = (x: Tensor, options: FoldOptions & { readonly p?: 1 | 2 | 'infinity' } = {}): Tensor => apply(reductionsOps.norm, { x }, { ...options });

/** Where the largest number stands along `axis`, or in all of x: f32 that holds integers, the first of equal ones. No gradient. */
export const argMax = (x: Tensor, options: AxisOptions & { readonly keepDims?: boolean } = {}): Tensor => apply(reductionsOps.argMax, { x }, { ...options });

/** Where the smallest number stands along `axis`, or in all of x: f32 that holds integers, the first of equal ones. No gradient. */
export const argMin = (x: Tensor, options: AxisOptions & { readonly keepDims?: boolean } = {}): Tensor => apply(reductionsOps.argMin, { x }, { ...options });

/** e^x / Σ e^x along `axis` (default the last), in x's shape. */
export const softmax = (x: Tensor, options: AxisOptions = {}): Tensor => apply(softmaxOps.softmax, { x }, { ...options });

/** x - log Σ e^x along `axis` (default the last), in x's shape: the logarithm of softmax, without its loss of digits. */
export const logSoftmax = (x: Tensor, options: AxisOptions = {}): Tensor => apply(softmaxOps.logSoftmax, { x }, { ...options });

/** Running sums along `axis` (default the last), in x's shape: out[i] = x[0] + … + x[i]. */
export const cumsum = (x: Tensor, options: AxisOptions = {}): Tensor => apply(cumsumOps.cumsum, { x }, { ...options });
