import { crossEntropyIndex, crossEntropyProbabilities } from '../../shaders/cross-entropy.wgsl.ts';
import { ShapeError } from '../errors.ts';
import { defineLoss, overRows } from './loss.ts';
import { sameShape, showShape } from './tensor.ts';

/** Softmax cross-entropy of logits [rows, classes], mean over rows. Targets: u32 class indices [rows] or f32 probabilities [rows, classes]. */
export const crossEntropy = defineLoss({
  name: 'crossEntropy',
  terms: overRows,
  check: ({ input, target }, who) => {
    if (input!.shape.length < 2) throw new ShapeError(who, 'an output [rows, classes]', showShape(input!.shape));
    const expected = target!.type === 'u32' ? input!.shape.slice(0, -1) : input!.shape;
    if (!sameShape(target!.shape, expected)) {
      throw new ShapeError(who, `targets ${showShape(expected)} (${target!.type === 'u32' ? 'class indices' : 'probabilities'})`, showShape(target!.shape));
    }
  },
  kernel: (spec, target) => (target.type === 'u32' ? crossEntropyIndex(spec) : crossEntropyProbabilities(spec)),
});
