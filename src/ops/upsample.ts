import { upsample as upsampleKernel, upsampleBackward, type UpsampleSpec } from '../../shaders/upsample.wgsl.ts';
import { OptionError, show } from '../errors.ts';
import type { LibraryOp, Options } from './op.ts';
import { type KernelFamily, type Request } from './request.ts';
import type { Tensor } from './tensor.ts';
import { each, pairOption, planeOf, shapeWith } from './window.ts';

/** What is nearest is moved, and its gradients are added; between four neighbours each place takes four multiply-adds. */
const upsampleFlops = ({ spec: { planes, input, scale, mode } }: Request<UpsampleSpec>): number =>
  planes * input[0] * scale[0] * input[1] * scale[1] * (mode === 'nearest' ? 1 : 8);

const forwardFamily: KernelFamily<UpsampleSpec> = { name: 'upsample', cut: { axis: 'planes', along: ['x', 'out'] }, flops: upsampleFlops, variants: [{ name: 'row', suits: () => true, kernel: upsampleKernel }] };
const backwardFamily: KernelFamily<UpsampleSpec> = { name: 'upsample-backward', cut: { axis: 'planes', along: ['dout', 'out'] }, flops: upsampleFlops, variants: [{ name: 'row', suits: () => true, kernel: upsampleBackward }] };

function specOf(who: string, x: Tensor, options: Options): UpsampleSpec & { batch: number; channels: number } {
  const { batch, channels, plane: input } = planeOf(who, 'x', x, 2);
  const scale = pairOption(who, options, 'scale', 2, { min: 1, single: 1 });
  const { mode = 'nearest' } = options;
  if (mode !== 'nearest' && mode !== 'bilinear') throw new OptionError(who, 'mode to be "nearest" or "bilinear"', show(mode));
  return { planes: batch * channels, input, scale, mode, batch, channels };
}

/** Planes `scale` times as high and wide (integers): the nearest element, or between the four around (`bilinear`, alignCorners false). */
export const upsample2d: LibraryOp = {
  name: 'upsample2d',
  group: 'convolution',
  formula: 'out[i, j] = x at (i, j) / scale',
  notes: 'The nearest element, or with mode: \'bilinear\' between the four around (alignCorners false).',
  inputs: ['x'],
  options: ['scale', 'mode'],
  shapes: ({ x }, options, who) => {
    const { batch, channels, input, scale } = specOf(who, x!, options);
    return { out: shapeWith(batch, channels, each((axis) => input[axis] * scale[axis]), 2) };
  },
  forward: ({ inputs: { x }, outputs, options }) => {
    const { planes, input, scale, mode } = specOf('upsample2d', x!, options);
    return [{ family: forwardFamily, spec: { planes, input, scale, mode }, reads: { x: x! }, writes: { out: outputs.out! } }];
  },
  backward: ({ inputs: { x }, gradients, wanted, options }) => {
    const { planes, input, scale, mode } = specOf('upsample2d', x!, options);
    return { requests: wanted.x ? [{ family: backwardFamily, spec: { planes, input, scale, mode }, reads: { dout: gradients.out! }, writes: { out: wanted.x } }] : [] };
  },
};
