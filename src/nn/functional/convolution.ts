import { ShapeError } from '../../errors.ts';
import { showShape, type Tensor } from '../../ops/tensor.ts';
import * as convTransposeOps from '../../ops/conv-transpose.ts';
import * as convolutionOps from '../../ops/convolution.ts';
import * as poolingOps from '../../ops/pooling.ts';
import * as upsampleOps from '../../ops/upsample.ts';
import { apply } from '../../program/trace.ts';
import { mean } from '../functional.ts';

/** One number for all axes, or one for each: [height, width]. */
export type Sizes = number | readonly number[];

interface ConvolutionOptions {
  /** From one place of the kernel to the next, ≥ 1. Default 1. */
  readonly stride?: Sizes;
  /**
   * Zeros around the input, ≥ 0; `same` for as many as keep its size (where they are odd, one more behind than before; stride 1
   * only), `valid` for none. Default 0.
   */
  readonly padding?: Sizes | 'same' | 'valid';
  /** From one element of the kernel to the next, ≥ 1. Default 1. */
  readonly dilation?: Sizes;
  /** Groups of channels that do not see each other; as many as channels for a depthwise convolution. Default 1. */
  readonly groups?: number;
}

/**
 * The cross-correlation of x [batch, in, height, width] with a weight [out, in / groups, height, width], plus bias [out] where there is
 * one: out[n, o, y, x] = bias[o] + Σ x[n, i, y · stride + ky · dilation − padding, …] · weight[o, i, ky, kx]. Returns [batch, out,
 * ⌊(height + 2 · padding − dilation · (kernel − 1) − 1) / stride⌋ + 1, …].
 * Throws a ShapeError where sizes do not fit together, an OptionError for an option out of its range.
 */
export const conv2d = (x: Tensor, weight: Tensor, bias?: Tensor, options: ConvolutionOptions = {}): Tensor => apply(convolutionOps.conv2d, { x, weight, bias }, { ...options });

/** conv2d along one axis: x [batch, in, length], weight [out, in / groups, length], bias [out]. */
export const conv1d = (x: Tensor, weight: Tensor, bias?: Tensor, options: ConvolutionOptions = {}): Tensor => apply(convolutionOps.conv1d, { x, weight, bias }, { ...options });

/**
 * What a conv2d with this weight sends back to its input, as a layer of its own: x [batch, in, height, width], weight [in, out / groups,
 * height, width], bias [out]. Returns [batch, out, (height − 1) · stride − 2 · padding + dilation · (kernel − 1) + outputPadding + 1, …].
 * outputPadding (smaller than stride or dilation) picks one of the sizes that conv2d would shrink to x's. Errors as conv2d's.
 */
export const convTranspose2d = (
  x: Tensor, weight: Tensor, bias?: Tensor,
  options: Omit<ConvolutionOptions, 'padding'> & { readonly padding?: Sizes; readonly outputPadding?: Sizes } = {},
): Tensor => apply(convTransposeOps.convTranspose2d, { x, weight, bias }, { ...options });

interface PoolingOptions {
  /** From one window to the next, ≥ 1. Default: kernelSize, so that windows do not overlap. */
  readonly stride?: Sizes;
  /** Places around the input, at most half of kernelSize. Default 0. */
  readonly padding?: Sizes;
  /** Whether a last window that reaches beyond the padding counts. Default false. */
  readonly ceilMode?: boolean;
}

interface MaxPoolingOptions extends PoolingOptions {
  /** From one element of the window to the next, ≥ 1. Default 1. */
  readonly dilation?: Sizes;
}

interface AveragePoolingOptions extends PoolingOptions {
  /** Whether the padding counts as zeros. Default true. */
  readonly countIncludePad?: boolean;
}

/** The largest element of each window of x [batch, channels, height, width]; the first one gets the gradient where several are equal. */
export const maxPool2d = (x: Tensor, kernelSize: Sizes, options: MaxPoolingOptions = {}): Tensor => apply(poolingOps.maxPool2d, { x }, { kernelSize, ...options });
/** The same for x [batch, channels, length]. */
export const maxPool1d = (x: Tensor, kernelSize: Sizes, options: MaxPoolingOptions = {}): Tensor => apply(poolingOps.maxPool1d, { x }, { kernelSize, ...options });
/** The mean of each window of x [batch, channels, height, width]; what a window has beyond the padding (ceilMode) never counts. */
export const avgPool2d = (x: Tensor, kernelSize: Sizes, options: AveragePoolingOptions = {}): Tensor => apply(poolingOps.avgPool2d, { x }, { kernelSize, ...options });
/** The same for x [batch, channels, length]. */
export const avgPool1d = (x: Tensor, kernelSize: Sizes, options: AveragePoolingOptions = {}): Tensor => apply(poolingOps.avgPool1d, { x }, { kernelSize, ...options });

function planeOf(who: string, x: Tensor): readonly number[] {
  if (x.shape.length !== 4) throw new ShapeError(who, 'x [batch, channels, height, width]', showShape(x.shape));
  return x.shape.slice(2);
}

/** The mean of each channel: x [batch, channels, height, width] becomes [batch, channels, 1, 1]. */
export function globalAvgPool2d(x: Tensor): Tensor {
  planeOf('globalAvgPool2d', x);
  return mean(x, { axes: [2, 3], keepDims: true });
}

/** The largest element of each channel, the first where several are equal: x [batch, channels, height, width] becomes [batch, channels, 1, 1]. */
export function globalMaxPool2d(x: Tensor): Tensor {
  return maxPool2d(x, planeOf('globalMaxPool2d', x));
}

/**
 * x [batch, channels, height, width] made `scale` times as high and wide (an integer ≥ 1, or two): each element repeated (`nearest`,
 * the default), or the mean of the four around by their distance (`bilinear`, as PyTorch with alignCorners false).
 */
export const upsample2d = (x: Tensor, options: { readonly scale: Sizes; readonly mode?: 'nearest' | 'bilinear' }): Tensor => apply(upsampleOps.upsample2d, { x }, { ...options });
