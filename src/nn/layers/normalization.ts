import { checkNumber, checkOptionNames, OptionError, show, ShapeError } from '../../errors.ts';
import { showShape, type Shape, type Tensor } from '../../ops/tensor.ts';
import { constant, zeros } from '../initializers.ts';
import * as functional from '../functional/normalization.ts';
import { defineModule, type Module, type Parameter } from '../module.ts';

function checkFlag(who: string, name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new OptionError(who, `${name} to be true or false`, show(value));
  return value;
}

const checkEps = (who: string, eps: number): number => checkNumber(who, 'eps', eps, { above: 0, float32: true });

/** PyTorch's weight of ones and bias of zeros, those that there are. */
function affine(shape: Shape, weight: boolean, bias: boolean): Record<string, Parameter> {
  return { ...(weight ? { weight: { shape, initializer: constant(1) } } : {}), ...(bias ? { bias: { shape, initializer: zeros() } } : {}) };
}

function lastAxes(who: string, normalizedShape: number | Shape): Shape {
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
  if (!Array.isArray(shape) || shape.length === 0) throw new OptionError(who, 'normalizedShape to be a size or a list of sizes', show(normalizedShape));
  for (const size of shape as readonly unknown[]) checkNumber(who, 'normalizedShape', size, { integer: true, min: 1 });
  return [...shape as Shape];
}

export interface LayerNormOptions {
  /** Is added to the variance (> 0). Default 1e-5. */
  readonly eps?: number;
  /** Whether there are a weight of ones and a bias of zeros. Default true. */
  readonly elementwiseAffine?: boolean;
  /** Whether there is a bias beside the weight. Default true. */
  readonly bias?: boolean;
}

/**
 * Layer normalisation over the last axes of x, which have the shape `normalizedShape` (a number for one axis): (x − mean)/√(variance +
 * eps) · weight + bias. Parameters: weight and bias of that shape.
 */
export function layerNorm(normalizedShape: number | Shape, options: LayerNormOptions = {}): Module {
  const kind = 'layerNorm';
  checkOptionNames(kind, options, ['eps', 'elementwiseAffine', 'bias']);
  const shape = lastAxes(kind, normalizedShape);
  const eps = checkEps(kind, options.eps ?? 1e-5);
  const hasWeight = checkFlag(kind, 'elementwiseAffine', options.elementwiseAffine ?? true);
  const hasBias = checkFlag(kind, 'bias', options.bias ?? true) && hasWeight;
  return defineModule({
    kind, inputShape: shape, parameters: affine(shape, hasWeight, hasBias),
    forward: ({ parameters: { weight, bias } }, x) => functional.layerNorm(x, shape, { weight, bias, eps }),
  });
}

/**
 * Normalisation by the root mean square over the last axes of x, which have the shape `normalizedShape`: x/√(mean of x² + eps) ·
 * weight. Parameter: weight of that shape. eps is 2⁻²³ where it is left out, as PyTorch's.
 */
export function rmsNorm(normalizedShape: number | Shape, options: { readonly eps?: number; readonly elementwiseAffine?: boolean } = {}): Module {
  const kind = 'rmsNorm';
  checkOptionNames(kind, options, ['eps', 'elementwiseAffine']);
  const shape = lastAxes(kind, normalizedShape);
  const eps = checkEps(kind, options.eps ?? 2 ** -23);
  const hasWeight = checkFlag(kind, 'elementwiseAffine', options.elementwiseAffine ?? true);
  return defineModule({
    kind, inputShape: shape, parameters: affine(shape, hasWeight, false),
    forward: ({ parameters: { weight } }, x) => functional.rmsNorm(x, shape, { weight, eps }),
  });
}

export interface GroupNormOptions {
  /** Is added to the variance (> 0). Default 1e-5. */
  readonly eps?: number;
  /** Whether there are a weight of ones and a bias of zeros, [channels]. */
  readonly affine?: boolean;
}

function channelLayer(kind: string, numChannels: number, groups: number, options: GroupNormOptions, isAffine: boolean, check: (x: Tensor) => void): Module {
  checkOptionNames(kind, options, ['eps', 'affine']);
  const eps = checkEps(kind, options.eps ?? 1e-5);
  const has = checkFlag(kind, 'affine', options.affine ?? isAffine);
  return defineModule({
    kind, parameters: affine([numChannels], has, has),
    forward: ({ parameters: { weight, bias } }, x) => {
      check(x);
      return functional.groupNorm(x, groups, { weight, bias, eps });
    },
  });
}

/** Refuses what is not [batch, channels, …] of one of these ranks. */
function checkInput(kind: string, x: Tensor, channels: number, ranks: readonly number[], rule: string): void {
  if (!ranks.includes(x.shape.length) || x.shape[1] !== channels) throw new ShapeError(kind, rule, showShape(x.shape));
}

/**
 * Group normalisation of x [batch, numChannels, ...]: `numGroups` groups of neighbouring channels of each example, each by its own mean
 * and variance. Parameters (unless affine is false): weight and bias [numChannels].
 * Throws an OptionError where groups do not divide the channels.
 */
export function groupNorm(numGroups: number, numChannels: number, options: GroupNormOptions = {}): Module {
  const kind = 'groupNorm';
  checkNumber(kind, 'numGroups', numGroups, { integer: true, min: 1 });
  checkNumber(kind, 'numChannels', numChannels, { integer: true, min: 1 });
  if (numChannels % numGroups !== 0) throw new OptionError(kind, 'numChannels divisible by numGroups', `${numChannels} and ${numGroups}`);
  return channelLayer(kind, numChannels, numGroups, options, true, (x) => {
    if (x.shape.length < 2 || x.shape[1] !== numChannels) throw new ShapeError(kind, `x [batch, ${numChannels}, ...]`, showShape(x.shape));
  });
}

/**
 * Instance normalisation of x [batch, numFeatures, height, width]: every channel of every example by its own mean and variance, in
 * training and evaluation alike. Without parameters unless affine is true (PyTorch's default): then weight and bias [numFeatures].
 */
export function instanceNorm2d(numFeatures: number, options: GroupNormOptions = {}): Module {
  const kind = 'instanceNorm2d';
  checkNumber(kind, 'numFeatures', numFeatures, { integer: true, min: 1 });
  return channelLayer(kind, numFeatures, numFeatures, options, false, (x) => checkInput(kind, x, numFeatures, [4], `x [batch, ${numFeatures}, height, width]`));
}

export interface BatchNormOptions {
  /** Is added to the variance (> 0). Default 1e-5. */
  readonly eps?: number;
  /** How much of the running statistics a step replaces by those of its batch, in [0, 1]. Default 0.1. */
  readonly momentum?: number;
  /** Whether there are a weight of ones and a bias of zeros. Default true. */
  readonly affine?: boolean;
  /** Whether running statistics are kept and used in evaluation; without them evaluation uses those of its batch. Default true. */
  readonly trackRunningStats?: boolean;
}

function batchNormOf(kind: string, numFeatures: number, options: BatchNormOptions, ranks: readonly number[], rule: string): Module {
  checkNumber(kind, 'numFeatures', numFeatures, { integer: true, min: 1 });
  checkOptionNames(kind, options, ['eps', 'momentum', 'affine', 'trackRunningStats']);
  const eps = checkEps(kind, options.eps ?? 1e-5);
  const momentum = checkNumber(kind, 'momentum', options.momentum ?? 0.1, { min: 0, max: 1, float32: true });
  const has = checkFlag(kind, 'affine', options.affine ?? true);
  const tracks = checkFlag(kind, 'trackRunningStats', options.trackRunningStats ?? true);
  const shape = [numFeatures];
  return defineModule({
    kind, parameters: affine(shape, has, has),
    ...(tracks ? { buffers: { running_mean: { shape, initializer: zeros() }, running_var: { shape, initializer: constant(1) } } } : {}),
    forward: ({ parameters: { weight, bias }, buffers, training, update }, x) => {
      checkInput(kind, x, numFeatures, ranks, rule);
      const { running_mean: mean, running_var: variance } = buffers;
      if (!mean || !variance) return functional.batchNorm(x, { weight, bias, eps });
      if (!training) return functional.batchNorm(x, { weight, bias, mean, variance, eps });
      update('running_mean', functional.runningMean(x, mean, { momentum }));
      update('running_var', functional.runningVariance(x, variance, { momentum }));
      return functional.batchNorm(x, { weight, bias, eps });
    },
  });
}

/**
 * Batch normalisation of x [batch, numFeatures] or [batch, numFeatures, length]. In training each channel is normalised by the mean and the
 * (biased) variance of the batch; running_mean and running_var (unbiased) move towards them by `momentum` and take their place in
 * evaluation. Parameters: weight and bias [numFeatures]; buffers: running_mean (0 at first) and running_var (1), saved with the
 * model. PyTorch's num_batches_tracked is not kept: nothing depends on it where momentum is a number.
 *
 * Training on a batch with a single value for a channel throws a ShapeError.
 */
export const batchNorm1d = (numFeatures: number, options: BatchNormOptions = {}): Module =>
  batchNormOf('batchNorm1d', numFeatures, options, [2, 3], `x [batch, ${numFeatures}] or [batch, ${numFeatures}, length]`);

/** Batch normalisation of x [batch, numFeatures, height, width]: see `batchNorm1d`. */
export const batchNorm2d = (numFeatures: number, options: BatchNormOptions = {}): Module =>
  batchNormOf('batchNorm2d', numFeatures, options, [4], `x [batch, ${numFeatures}, height, width]`);
