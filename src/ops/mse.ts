import { mse as mseKernel } from '../../shaders/mse.wgsl.ts';
import { map } from './elementwise.ts';
import { checkSameShape, defineLoss, overElements } from './loss.ts';

/** Mean squared error over all elements: mean((input - target)²). */
export const mse = defineLoss({
  name: 'mse',
  terms: overElements,
  check: checkSameShape,
  kernel: mseKernel,
  // The target enters with the opposite sign, and in no other way.
  targetGradient: (inputGradient, upstream, out) => map(inputGradient, [
    ...(upstream.constant === 1 ? [] : [{ formula: 'mul', operands: [upstream] }]), { formula: 'scale', parameters: [-1] },
  ], out),
});
