import { checkNumber, checkOptionNames, OptionError, show } from '../../errors.ts';
import { checkGroups } from '../../ops/convolution.ts';
import type { Shape, Tensor } from '../../ops/tensor.ts';
import { pairOption, steps, type Rank } from '../../ops/window.ts';
import * as functional from '../functional/convolution.ts';
import type { Sizes } from '../functional/convolution.ts';
import { checkInitializer } from '../initial-values.ts';
import { defaultLinearBias, defaultLinearWeight, fans, type Initializer } from '../initializers.ts';
import { defineModule, type Module } from '../module.ts';

export interface ConvolutionOptions {
  /** From one place of the kernel to the next, ≥ 1: a number, or one for each axis. Default 1. */
  readonly stride?: Sizes;
  /** Zeros around the input; `same` keeps its size (stride 1), `valid` is 0. Default 0. */
  readonly padding?: Sizes | 'same' | 'valid';
  /** From one element of the kernel to the next, ≥ 1. Default 1. */
  readonly dilation?: Sizes;
  /** Groups of channels that do not see each other: divides both numbers of channels. Default 1. */
  readonly groups?: number;
  /** Whether there is a bias. Default true. */
  readonly bias?: boolean;
  /** How the weight starts. Default PyTorch's: uniform in ±1/√fanIn, with fanIn = in-channels / groups · elements of the kernel. */
  readonly weightInitializer?: Initializer;
  /** How the bias starts. Default PyTorch's: uniform in ±1/√fanIn of the weight. */
  readonly biasInitializer?: Initializer;
}

export interface ConvTransposeOptions extends ConvolutionOptions {
  readonly padding?: Sizes;
  /** More rows and columns at the end of the output, smaller than stride or dilation. Default 0. */
  readonly outputPadding?: Sizes;
}

const NAMES = ['stride', 'padding', 'dilation', 'groups', 'bias', 'weightInitializer', 'biasInitializer'] as const;

interface Kind {
  readonly kind: 'conv1d' | 'conv2d' | 'convTranspose2d';
  readonly rank: Rank;
  readonly names: readonly string[];
  /** The weight's first two sizes. */
  readonly channels: (inChannels: number, outChannels: number, groups: number) => Shape;
  readonly apply: (x: Tensor, weight: Tensor, bias: Tensor | undefined, options: object) => Tensor;
}

function convolution({ kind, rank, names, channels, apply }: Kind, inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvTransposeOptions | ConvolutionOptions): Module {
  checkNumber(kind, 'inChannels', inChannels, { integer: true, min: 1 });
  checkNumber(kind, 'outChannels', outChannels, { integer: true, min: 1 });
  checkOptionNames(kind, options, names);
  const kernel = pairOption(kind, { kernelSize }, 'kernelSize', rank, { min: 1, single: 1 }).slice(2 - rank);
  const { groups = 1, bias = true, weightInitializer = defaultLinearWeight(), biasInitializer, ...rest } = options;
  checkNumber(kind, 'groups', groups, { integer: true, min: 1 });
  checkGroups(kind, 'in-channels', inChannels, groups);
  checkGroups(kind, 'out-channels', outChannels, groups);
  steps(kind, options as object as Record<string, unknown>, 'stride', rank);
  steps(kind, options as object as Record<string, unknown>, 'dilation', rank);
  if (typeof bias !== 'boolean') throw new OptionError(kind, 'bias to be true or false', show(bias));
  const shape = [...channels(inChannels, outChannels, groups), ...kernel];
  const startOfBias = biasInitializer ?? defaultLinearBias(fans(shape, kind).fanIn);
  checkInitializer(kind, 'weightInitializer', weightInitializer);
  checkInitializer(kind, 'biasInitializer', startOfBias);
  return defineModule({
    kind,
    // Any height and width will do, so what follows does not tell the model's input.
    reshapes: true,
    parameters: { weight: { shape, initializer: weightInitializer }, ...(bias ? { bias: { shape: [outChannels], initializer: startOfBias } } : {}) },
    forward: ({ parameters: { weight, bias: added } }, x) => apply(x, weight!, added, { groups, ...rest }),
  });
}

/** Convolution of x [batch, inChannels, height, width] to [batch, outChannels, …]. Parameters: weight [outChannels, inChannels / groups, height, width], bias [outChannels]. */
export function conv2d(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvolutionOptions = {}): Module {
  return convolution({
    kind: 'conv2d', rank: 2, names: NAMES, channels: (inputs, outputs, groups) => [outputs, inputs / groups], apply: functional.conv2d,
  }, inChannels, outChannels, kernelSize, options);
}

/** Convolution of x [batch, inChannels, length] to [batch, outChannels, …]. Parameters: weight [outChannels, inChannels / groups, length], bias [outChannels]. */
export function conv1d(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvolutionOptions = {}): Module {
  return convolution({
    kind: 'conv1d', rank: 1, names: NAMES, channels: (inputs, outputs, groups) => [outputs, inputs / groups], apply: functional.conv1d,
  }, inChannels, outChannels, kernelSize, options);
}

/**
 * Transposed convolution of x [batch, inChannels, height, width] to [batch, outChannels, …]: the way back of a conv2d's sizes. Parameters:
 * weight [inChannels, outChannels / groups, height, width], bias [outChannels].
 */
export function convTranspose2d(inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvTransposeOptions = {}): Module {
  return convolution({
    kind: 'convTranspose2d', rank: 2, names: [...NAMES, 'outputPadding'], channels: (inputs, outputs, groups) => [inputs, outputs / groups], apply: functional.convTranspose2d,
  }, inChannels, outChannels, kernelSize, options);
}
