import { bceWithLogits as bceWithLogitsKernel } from '../../shaders/bce-with-logits.wgsl.ts';
import { checkSameShape, defineLoss, overElements } from './loss.ts';

/** Binary cross-entropy of sigmoid(input) against targets in [0, 1], mean over all elements, in a form that never overflows. */
export const bceWithLogits = defineLoss({
  name: 'bceWithLogits',
  terms: overElements,
  check: checkSameShape,
  kernel: bceWithLogitsKernel,
});
