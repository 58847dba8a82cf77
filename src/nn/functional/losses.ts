import type { Tensor } from '../../ops/tensor.ts';
import * as cosineEmbeddingOps from '../../ops/cosine-embedding.ts';
import * as elementLossesOps from '../../ops/element-losses.ts';
import * as labelLossesOps from '../../ops/label-losses.ts';
import { apply } from '../../program/trace.ts';

// Losses as functions of tensors: for objectives of your own. All give one number, a tensor of shape []; `reduction` is 'mean' (the
// default) or 'sum'. Gradients flow to targets too where PyTorch's do.

/** How the terms of a loss become one number. */
export interface Reduced {
  readonly reduction?: 'mean' | 'sum';
}

export interface HuberLossOptions extends Reduced {
  /** Up to this error the loss is a parabola, from there on a line. Default 1. */
  readonly delta?: number;
}

export interface HingeLossOptions extends Reduced {
  /** How far on the right side an output must be to cost nothing. Default 1. */
  readonly margin?: number;
}

export interface KlDivLossOptions {
  /** `batchMean` divides by the length of the first axis: the divergence by its definition. Default `mean`, over all elements. */
  readonly reduction?: 'mean' | 'sum' | 'batchMean';
  /** True where the target holds log-probabilities, too. Default false. */
  readonly logTarget?: boolean;
}

export interface BceLossOptions extends Reduced {
  /** A factor ≥ 0 for each term: one for all, or one for each place of the last axis. Default 1. */
  readonly weight?: number | readonly number[];
  /** A factor ≥ 0 for the terms of positive targets, in the same way: above 1 it finds more of them. Default 1. */
  readonly posWeight?: number | readonly number[];
}

export interface NllLossOptions extends Reduced {
  /** A factor ≥ 0 for each class (at most 2047 classes). The mean divides by the sum of the rows' factors. Default 1. */
  readonly weight?: readonly number[];
  /** Rows with this label add nothing to loss and gradient and do not count in the mean. Default −100: 4294967196 in a Uint32Array. */
  readonly ignoreIndex?: number;
}

export interface CrossEntropyLossOptions extends NllLossOptions {
  /** So much of each target, from 0 to 1, is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number;
}

export interface CosineEmbeddingLossOptions extends Reduced {
  /** Pairs that are to differ cost nothing up to this cosine, from −1 to 1. Default 0. */
  readonly margin?: number;
}

/** Mean squared error: (input − target)². Both of one shape. */
export const mse = (input: Tensor, target: Tensor, options: Reduced = {}): Tensor => apply(elementLossesOps.mse, { input, target }, { ...options });

/** Mean absolute error: |input − target|, PyTorch's l1_loss. Both of one shape. At 0 its gradient is 0. */
export const mae = (input: Tensor, target: Tensor, options: Reduced = {}): Tensor => apply(elementLossesOps.mae, { input, target }, { ...options });

/** e²/2 for errors e = input − target up to ±delta, delta·(|e| − delta/2) beyond: outliers pull no harder than that. Both of one shape. */
export const huber = (input: Tensor, target: Tensor, options: HuberLossOptions = {}): Tensor => apply(elementLossesOps.huber, { input, target }, { ...options });

/**
 * Binary cross-entropy of sigmoid(input) with targets in [0, 1]: −w·(p·t·log σ(x) + (1 − t)·log(1 − σ(x))) with weight w and posWeight p.
 * Both of one shape. Computed from the logits x, so that nothing overflows.
 */
export const bceWithLogits = (input: Tensor, target: Tensor, options: BceLossOptions = {}): Tensor => apply(elementLossesOps.bceWithLogits, { input, target }, { ...options });

/**
 * Cross-entropy of softmax(logits) along the last axis: logits [rows…, classes] with class indices [rows…] (u32, or whole numbers in f32),
 * or with probabilities of the logits' shape. Where every row is left out, loss and gradient are 0 (PyTorch: NaN).
 */
export const crossEntropy = (logits: Tensor, target: Tensor, options: CrossEntropyLossOptions = {}): Tensor =>
  apply(labelLossesOps.crossEntropy, { input: logits, target }, { ...options });

/** −w·x at the label: log-probabilities [rows…, classes] (`logSoftmax`) with class indices [rows…]. Else as crossEntropy. */
export const nll = (logProbabilities: Tensor, target: Tensor, options: NllLossOptions = {}): Tensor =>
  apply(labelLossesOps.nll, { input: logProbabilities, target }, { ...options });

/**
 * Kullback-Leibler divergence t·(log t − x) of target probabilities t from log-probabilities x. Both of one shape. A target of 0 adds
 * nothing, and its gradient is taken as 0.
 */
export const klDiv = (logProbabilities: Tensor, target: Tensor, options: KlDivLossOptions = {}): Tensor =>
  apply(elementLossesOps.klDiv, { input: logProbabilities, target }, { ...options });

/** Binary hinge loss max(0, margin − t·x) with targets t of 1 and −1, as support vector machines have it. Both of one shape. */
export const hinge = (input: Tensor, target: Tensor, options: HingeLossOptions = {}): Tensor => apply(elementLossesOps.hinge, { input, target }, { ...options });

/**
 * Of pairs of rows of a and b [rows…, features] those with target 1 cost 1 − cos, those with target −1 max(0, cos − margin); the targets are
 * f32 [rows…].
 */
export const cosineEmbedding = (a: Tensor, b: Tensor, target: Tensor, options: CosineEmbeddingLossOptions = {}): Tensor =>
  apply(cosineEmbeddingOps.cosineEmbedding, { a, b, target }, { ...options });
