import { checkOptionNames } from '../../errors.ts';
import type { Tensor } from '../../ops/tensor.ts';
import * as indexingOps from '../../ops/indexing.ts';
import { apply } from '../../program/trace.ts';

/*
 * Indices are u32 inputs, or f32 tensors that hold integers, such as argMax makes. No gradient flows to them. Where one is out of
 * range on the GPU nothing outside of the tensor is read: the result is NaN there, so that the loss and the report show it.
 */

/**
 * The rows of weight [numEmbeddings, embeddingDim] at `indices` of any shape: [..., embeddingDim]. Rows at `paddingIndex` (≥ 0; default
 * none) come out as 0, and the gradient of that row of the weight is 0. Gradients of an index that stands there several times are
 * added in the order of the indices: the same bits in every run.
 */
export function embedding(indices: Tensor, weight: Tensor, options: { paddingIndex?: number | undefined } = {}): Tensor {
  checkOptionNames('embedding', options, ['paddingIndex']);
  const { paddingIndex } = options;
  return apply(indexingOps.embedding, { weight, indices }, paddingIndex === undefined ? {} : { paddingIndex });
}

/**
 * out[…, k, …] = x[…, indices[…, k, …], …] along `axis` (negative ones count from the end). indices have x's shape but along that axis;
 * the output has the indices' shape.
 */
export const gather = (x: Tensor, indices: Tensor, axis: number): Tensor => apply(indexingOps.gather, { x, indices }, { axis });

/**
 * x with source[…, k, …] added to the element […, indices[…, k, …], …] along `axis`. source has the indices' shape, and that is x's but
 * along the axis. What meets in one place is added in the order of k: the same bits in every run. An index out of range makes
 * all sums of its line NaN.
 */
export const scatterAdd = (x: Tensor, indices: Tensor, source: Tensor, axis: number): Tensor => apply(indexingOps.scatterAdd, { x, indices, source }, { axis });

/** [..., classes] for indices of any shape: 1 at the index, else 0; a row of NaN for an index that is no class. No gradient. */
export const oneHot = (indices: Tensor, classes: number): Tensor => apply(indexingOps.oneHot, { indices }, { classes });
