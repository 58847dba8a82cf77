import { softmax as softmaxKernel, softmaxBackward as softmaxBackwardKernel, type SoftmaxSpec } from '../../shaders/softmax.wgsl.ts';
import { ShapeError } from '../errors.ts';
import { asMatrix } from './elementwise.ts';
import type { Op } from './op.ts';
import type { KernelFamily } from './request.ts';

export const softmaxFamily: KernelFamily<SoftmaxSpec> = {
  name: 'softmax',
  variants: [{ name: 'row', suits: () => true, kernel: softmaxKernel }],
};

export const softmaxBackwardFamily: KernelFamily<SoftmaxSpec> = {
  name: 'softmax-backward',
  variants: [{ name: 'row', suits: () => true, kernel: softmaxBackwardKernel }],
};

/** Softmax over the last axis. */
export const softmax: Op = {
  name: 'softmax',
  inputs: ['x'],
  shapes: ({ x }, _, who) => {
    if (x!.shape.length === 0) throw new ShapeError(who, 'at least one axis', '[]');
    return { out: x!.shape };
  },
  forward: ({ inputs: { x }, outputs }) => [{ family: softmaxFamily, spec: asMatrix(x!.shape), reads: { x: x! }, writes: { out: outputs.out! } }],
  backward: ({ inputs: { x }, outputs, gradients, wanted }) => ({
    requests: wanted.x ? [{
      family: softmaxBackwardFamily, spec: asMatrix(x!.shape), reads: { dout: gradients.out!, y: outputs.out! }, writes: { dx: wanted.x },
    }] : [],
  }),
};
