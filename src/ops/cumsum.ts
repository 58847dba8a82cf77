import { cumsumSerial, cumsumWorkgroup, type CumsumSpec } from '../../shaders/cumsum.wgsl.ts';
import type { LibraryOp, Options } from './op.ts';
import type { KernelFamily, Request } from './request.ts';
import { alongAxis } from './softmax.ts';
import type { Tensor } from './tensor.ts';

const cumsumFamily: KernelFamily<CumsumSpec> = {
  name: 'cumsum',
  cut: 'cumsum',
  variants: [
    // A workgroup pays off where a few long sums would leave most of the GPU idle.
    { name: 'workgroup', suits: ({ outer, size, inner }, { adapterClass }) => adapterClass === 'gpu' && size >= 512 && outer * inner <= 1024, kernel: cumsumWorkgroup },
    { name: 'serial', suits: () => true, kernel: cumsumSerial },
  ],
};

const running = (x: Tensor, options: Options, reverse: boolean, out: Tensor): Request =>
  ({ family: cumsumFamily, spec: { ...alongAxis('cumsum', x.shape, options), reverse } satisfies CumsumSpec, reads: { x }, writes: { out } });

/** out[i] = Σ over j ≤ i of x[j] along `axis` (default -1). A gradient runs back from the end. */
export const cumsum: LibraryOp = {
  name: 'cumsum',
  group: 'reduction',
  formula: 'out[i] = Σ over j ≤ i of x[j] along axis',
  notes: 'axis is -1 by default.',
  families: [cumsumFamily],
  inputs: ['x'],
  options: ['axis'],
  shapes: ({ x }, options, who) => {
    alongAxis(who, x!.shape, options);
    return { out: x!.shape };
  },
  forward: ({ inputs: { x }, outputs, options }) => [running(x!, options, false, outputs.out!)],
  backward: ({ gradients, wanted, options }) => ({ requests: wanted.x ? [running(gradients.out!, options, true, wanted.x)] : [] }),
};
