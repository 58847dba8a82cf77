import { checkOptionNames } from '../../errors.ts';
import type { Shape, Tensor } from '../../ops/tensor.ts';
import * as batchNormOps from '../../ops/batch-norm.ts';
import * as normalizationOps from '../../ops/normalization.ts';
import { apply } from '../../program/trace.ts';

interface Affine {
  /** Multiplies: one number for each channel, or for each place of `normalizedShape`. Default: none. */
  readonly weight?: Tensor | undefined;
  /** Is added. Default: none. */
  readonly bias?: Tensor | undefined;
  /** Is added to the variance (> 0). Default 1e-5. */
  readonly eps?: number;
}

/**
 * (x − mean)/√(variance + eps) · weight + bias over the last axes of x, which have the shape `normalizedShape` (a number for one axis);
 * the variance is biased. weight and bias have that shape. J. Ba, J. Kiros, G. Hinton, 2016.
 * Throws a ShapeError where x does not end with that shape.
 */
export function layerNorm(x: Tensor, normalizedShape: number | Shape, options: Affine = {}): Tensor {
  checkOptionNames('layerNorm', options, ['weight', 'bias', 'eps']);
  const { weight, bias, ...rest } = options;
  return apply(normalizationOps.layerNorm, { x, weight, bias }, { normalizedShape: shapeOf(normalizedShape), ...rest });
}

/**
 * x/√(mean of x² + eps) · weight over the last axes of x, which have the shape `normalizedShape` (a number for one axis), as has the
 * weight. eps is 2⁻²³ where it is left out, as PyTorch's. B. Zhang, R. Sennrich, 2019.
 */
export function rmsNorm(x: Tensor, normalizedShape: number | Shape, options: Omit<Affine, 'bias'> = {}): Tensor {
  checkOptionNames('rmsNorm', options, ['weight', 'eps']);
  const { weight, ...rest } = options;
  return apply(normalizationOps.rmsNorm, { x, weight }, { normalizedShape: shapeOf(normalizedShape), ...rest });
}

/**
 * (x − mean)/√(variance + eps) · weight + bias for x [batch, channels, ...] over `groups` groups of neighbouring channels of each
 * example; weight and bias are [channels]. Y. Wu, K. He, 2018. Throws a ShapeError where groups do not divide the channels.
 */
export function groupNorm(x: Tensor, groups: number, options: Affine = {}): Tensor {
  checkOptionNames('groupNorm', options, ['weight', 'bias', 'eps']);
  const { weight, bias, ...rest } = options;
  return apply(normalizationOps.groupNorm, { x, weight, bias }, { groups, ...rest });
}

/** groupNorm with a group for each channel: every channel of every example by itself. D. Ulyanov, A. Vedaldi, V. Lempitsky, 2016. */
export function instanceNorm(x: Tensor, options: Affine = {}): Tensor {
  checkOptionNames('instanceNorm', options, ['weight', 'bias', 'eps']);
  const { weight, bias, ...rest } = options;
  return apply(normalizationOps.groupNorm, { x, weight, bias }, { groups: x.shape[1] ?? 1, ...rest });
}

interface BatchNormInputs extends Affine {
  /** The mean [channels] to subtract, a constant. Default: that of this batch, through which gradients flow. */
  readonly mean?: Tensor | undefined;
  /** The variance [channels] to divide by, a constant; goes with `mean`. Default: the biased one of this batch. */
  readonly variance?: Tensor | undefined;
}

/**
 * (x − mean)/√(variance + eps) · weight + bias for each channel of x [batch, channels, ...]: by the statistics of this batch, as in
 * training, or by given ones, as in evaluation. weight and bias are [channels]. S. Ioffe, C. Szegedy, 2015.
 * Throws a ShapeError where a batch has only one value for a channel.
 */
export function batchNorm(x: Tensor, options: BatchNormInputs = {}): Tensor {
  checkOptionNames('batchNorm', options, ['weight', 'bias', 'mean', 'variance', 'eps']);
  const { weight, bias, mean, variance, ...rest } = options;
  return apply(batchNormOps.batchNorm, { x, weight, bias, mean, variance }, rest);
}

/** (1 − momentum) · running + momentum · mean, for each channel of x [batch, channels, ...]. No gradient flows to x. */
export const runningMean = (x: Tensor, running: Tensor, options: { momentum: number }): Tensor => apply(batchNormOps.runningMean, { x, running }, { ...options });

/** (1 − momentum) · running + momentum · unbiased variance, for each channel of x [batch, channels, ...]. No gradient flows to x. */
export const runningVariance = (x: Tensor, running: Tensor, options: { momentum: number }): Tensor => apply(batchNormOps.runningVariance, { x, running }, { ...options });

const shapeOf = (shape: number | Shape): unknown => (typeof shape === 'number' ? [shape] : Array.isArray(shape) ? [...shape] : shape);
