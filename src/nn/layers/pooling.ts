import { checkOptionNames, OptionError, show } from '../../errors.ts';
import type { Tensor } from '../../ops/tensor.ts';
import { pairOption, steps, type Rank } from '../../ops/window.ts';
import * as functional from '../functional/convolution.ts';
import type { Sizes } from '../functional/convolution.ts';
import { defineModule, type Module } from '../module.ts';

export interface PoolingOptions {
  /** From one window to the next, ≥ 1. Default: kernelSize. */
  readonly stride?: Sizes;
  /** Places around the input, at most half of kernelSize. Default 0. */
  readonly padding?: Sizes;
  /** Whether a last window that reaches beyond the padding counts. Default false. */
  readonly ceilMode?: boolean;
}

export interface MaxPoolingOptions extends PoolingOptions {
  /** From one element of the window to the next, ≥ 1. Default 1. */
  readonly dilation?: Sizes;
}

export interface AveragePoolingOptions extends PoolingOptions {
  /** Whether the padding counts as zeros. Default true. */
  readonly countIncludePad?: boolean;
}

const NAMES = ['stride', 'padding', 'ceilMode'] as const;

function pooling(kind: string, rank: Rank, names: readonly string[], kernelSize: Sizes, options: object, forward: (x: Tensor) => Tensor): Module {
  checkOptionNames(kind, options, names);
  pairOption(kind, { kernelSize }, 'kernelSize', rank, { min: 1, single: 1 });
  for (const name of ['stride', 'dilation']) steps(kind, options as Readonly<Record<string, unknown>>, name, rank);
  return defineModule({ kind, reshapes: true, forward: (_, x) => forward(x) });
}

/** The largest element of each window of x [batch, channels, height, width]. The first of equal ones gets the gradient. */
export const maxPool2d = (kernelSize: Sizes, options: MaxPoolingOptions = {}): Module =>
  pooling('maxPool2d', 2, [...NAMES, 'dilation'], kernelSize, options, (x) => functional.maxPool2d(x, kernelSize, options));
/** The largest element of each window of x [batch, channels, length]. The first of equal ones gets the gradient. */
export const maxPool1d = (kernelSize: Sizes, options: MaxPoolingOptions = {}): Module =>
  pooling('maxPool1d', 1, [...NAMES, 'dilation'], kernelSize, options, (x) => functional.maxPool1d(x, kernelSize, options));
/** The mean of each window of x [batch, channels, height, width]. */
export const avgPool2d = (kernelSize: Sizes, options: AveragePoolingOptions = {}): Module =>
  pooling('avgPool2d', 2, [...NAMES, 'countIncludePad'], kernelSize, options, (x) => functional.avgPool2d(x, kernelSize, options));
/** The mean of each window of x [batch, channels, length]. */
export const avgPool1d = (kernelSize: Sizes, options: AveragePoolingOptions = {}): Module =>
  pooling('avgPool1d', 1, [...NAMES, 'countIncludePad'], kernelSize, options, (x) => functional.avgPool1d(x, kernelSize, options));

/** The mean of each channel: [batch, channels, height, width] becomes [batch, channels, 1, 1]. */
export const globalAvgPool2d = (): Module => defineModule({ kind: 'globalAvgPool2d', reshapes: true, forward: (_, x) => functional.globalAvgPool2d(x) });
/** The largest element of each channel: [batch, channels, height, width] becomes [batch, channels, 1, 1]. */
export const globalMaxPool2d = (): Module => defineModule({ kind: 'globalMaxPool2d', reshapes: true, forward: (_, x) => functional.globalMaxPool2d(x) });

/** Images `scale` times as high and wide (an integer ≥ 1, or [height, width]): each element repeated (`nearest`, the default), or `bilinear`. */
export function upsample(scale: Sizes, options: { readonly mode?: 'nearest' | 'bilinear' } = {}): Module {
  checkOptionNames('upsample', options, ['mode']);
  pairOption('upsample', { scale }, 'scale', 2, { min: 1, single: 1 });
  const { mode = 'nearest' } = options;
  if (mode !== 'nearest' && mode !== 'bilinear') throw new OptionError('upsample', 'mode to be "nearest" or "bilinear"', show(mode));
  return defineModule({ kind: 'upsample', reshapes: true, forward: (_, x) => functional.upsample2d(x, { scale, mode }) });
}
