import { softmax as softmaxRow, softmaxBackward, softmaxBackwardTogether, softmaxTogether, type SoftmaxSpec } from '../../shaders/softmax.wgsl.ts';
import type { LibraryOp, Options } from './op.ts';
import { positiveAxis } from './reductions.ts';
import { type KernelFamily, perElement, type Target, together } from './request.ts';
import { sizeOf, type Shape } from './tensor.ts';

/** A workgroup pays off where rows are long and lie one element after the other, or where there are few of them. */
const isLong = ({ outer, size, inner }: SoftmaxSpec, { adapterClass }: Target): boolean =>
  adapterClass === 'gpu' && size >= 512 && (inner === 1 || outer * inner <= 4096);

export const softmaxFamily: KernelFamily<SoftmaxSpec> = {
  // The maximum, the difference, its exponential, their sum, the quotient.
  flops: perElement('out', 5),
  name: 'softmax',
  cut: { axis: 'outer', along: ['x', 'out'] },
  variants: [
    ...together(isLong, softmaxTogether),
    { name: 'row', suits: () => true, kernel: softmaxRow },
  ],
};

export const softmaxBackwardFamily: KernelFamily<SoftmaxSpec> = {
  flops: perElement('dx', 4),
  name: 'softmax-backward',
  cut: { axis: 'outer', along: ['dout', 'y', 'dx'] },
  variants: [
    ...together(isLong, softmaxBackwardTogether),
    { name: 'row', suits: () => true, kernel: softmaxBackward },
  ],
};

/** An axis as the middle one of three, from the option `axis` (default: the last). */
export function alongAxis(who: string, shape: Shape, { axis = -1 }: Options): { outer: number; size: number; inner: number } {
  const middle = positiveAxis(who, 'axis', shape, axis);
  return { outer: sizeOf(shape.slice(0, middle)), size: shape[middle]!, inner: sizeOf(shape.slice(middle + 1)) };
}

/** A row of the family: what a softmax along `axis` (default -1) gives, or its logarithm. */
function normalized(name: string, log: boolean, formula: string): LibraryOp {
  return {
    name,
    group: 'reduction',
    formula,
    notes: 'axis is -1 by default. The largest x of a row is taken off first: nothing overflows.',
    families: [softmaxFamily, softmaxBackwardFamily],
    inputs: ['x'],
    options: ['axis'],
    shapes: ({ x }, options, who) => {
      alongAxis(who, x!.shape, options);
      return { out: x!.shape };
    },
    forward: ({ inputs: { x }, outputs, options }) => [{
      family: softmaxFamily, spec: { ...alongAxis(name, x!.shape, options), log }, reads: { x: x! }, writes: { out: outputs.out! },
    }],
    backward: ({ inputs: { x }, outputs, gradients, wanted, options }) => ({
      requests: wanted.x ? [{
        family: softmaxBackwardFamily, spec: { ...alongAxis(name, x!.shape, options), log }, reads: { dout: gradients.out!, y: outputs.out! }, writes: { dx: wanted.x },
      }] : [],
    }),
  };
}

/** e^x / Σ e^x along an axis. */
export const softmax = /* @__PURE__ */ normalized('softmax', false, 'out = e^x / Σ e^x along axis');
/** x - log Σ e^x along an axis. */
export const logSoftmax = /* @__PURE__ */ normalized('logSoftmax', true, 'out = x - log Σ e^x along axis');
