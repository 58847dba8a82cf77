import type { Shape, Tensor } from '../ops/tensor.ts';
import * as broadcastOps from '../ops/broadcast.ts';
import * as matmulOps from '../ops/matmul.ts';
import * as reductionsOps from '../ops/reductions.ts';
import * as reshapeOps from '../ops/reshape.ts';
import { apply } from '../program/trace.ts';
import type { FoldOptions } from './functional/reductions.ts';

// Ops on tensors, for the forward function of module(children, forward).

/** a + b with NumPy's broadcasting. */
export const add = (a: Tensor, b: Tensor): Tensor => apply(broadcastOps.add, { a, b });
/** a - b with NumPy's broadcasting. */
export const sub = (a: Tensor, b: Tensor): Tensor => apply(broadcastOps.sub, { a, b });
/** a · b element by element, with NumPy's broadcasting. */
export const mul = (a: Tensor, b: Tensor): Tensor => apply(broadcastOps.mul, { a, b });
/**
 * The matrix product of a [..., m, k] and b [..., k, n]; a stored [..., k, m] or b stored [..., n, k] with the options. The axes before the last two
 * broadcast. One axis alone is a vector, whose axis the result does not have: [k] · [k, n] gives [n], [k] · [k] a single number.
 */
export const matmul = (a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor => apply(matmulOps.matmul, { a, b }, { ...options });
/** The sum over `axes` (a number or a list, default all); with keepDims the summed axes stay as 1. */
export const sum = (x: Tensor, options: FoldOptions = {}): Tensor => apply(reductionsOps.sum, { x }, { ...options });
/** The mean over `axes` (a number or a list, default all); with keepDims the reduced axes stay as 1. */
export const mean = (x: Tensor, options: FoldOptions = {}): Tensor => apply(reductionsOps.mean, { x }, { ...options });
/** The same elements under another shape; one dimension may be -1. */
export const reshape = (x: Tensor, shape: Shape): Tensor => apply(reshapeOps.reshape, { x }, { shape: Array.isArray(shape) ? [...shape] : shape });
