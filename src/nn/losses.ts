import { checkOptionNames, DataError, OptionError, show, ShapeError } from '../errors.ts';
import type { AccuracySpec } from '../../shaders/accuracy.wgsl.ts';
import type { Dataset } from '../data/dataset.ts';
import { sameShape, showShape, sizeOf, type ElementType, type Shape, type Tensor } from '../ops/tensor.ts';
import { apply } from '../program/trace.ts';

/** What is minimised: how the model's output is compared with targets. */
export interface Loss {
  readonly name: string;
  /**
   * The shape and type of one example's target for a model whose output for one example has this shape. With `classes`
   * targets are indices below it; with `most` they are numbers in [0, most].
   */
  target(output: Shape): { readonly shape: Shape; readonly type: ElementType; readonly classes?: number; readonly most?: number };
  apply(output: Tensor, target: Tensor): Tensor;
  /** How predictions are counted as right; undefined where accuracy means nothing. */
  readonly accuracy?: AccuracySpec['target'];
}

/** Mean squared error over all elements. Targets: f32 of the output's shape. */
export function mse(): Loss {
  return { name: 'mse', target: (shape) => ({ shape, type: 'f32' }), apply: (input, target) => apply('mse', { input, target }) };
}

/** Binary cross-entropy on logits, mean over all elements. Targets: f32 in [0, 1] of the output's shape (`toValues`, `oneHot`). */
export function bceWithLogits(): Loss {
  return {
    name: 'bceWithLogits', accuracy: 'sign',
    target: (shape) => ({ shape, type: 'f32', most: 1 }), apply: (input, target) => apply('bceWithLogits', { input, target }),
  };
}

/**
 * Softmax cross-entropy on logits [batch, classes], mean over the batch.
 * `targets: 'index'` (the default) takes class indices, `'probabilities'` takes f32 [batch, classes] (`oneHot`).
 */
export function crossEntropy(options: { targets?: 'index' | 'probabilities' } = {}): Loss {
  checkOptionNames('crossEntropy', options, ['targets']);
  const { targets = 'index' } = options;
  if (targets !== 'index' && targets !== 'probabilities') throw new OptionError('crossEntropy', 'targets to be "index" or "probabilities"', show(targets));
  return {
    name: 'crossEntropy', accuracy: targets,
    target: (shape) => {
      const classes = shape[shape.length - 1];
      if (classes === undefined) throw new ShapeError('crossEntropy', 'a model whose output has classes as its last axis', showShape(shape));
      return targets === 'index' ? { shape: shape.slice(0, -1), type: 'u32', classes } : { shape, type: 'f32', most: 1 };
    },
    apply: (input, target) => apply('crossEntropy', { input, target }),
  };
}

/** Refuses data that this model and loss cannot take, before anything is uploaded. */
export function checkFits(who: string, data: Pick<Dataset, 'inputShape' | 'targets' | 'targetShape'>, inputShape: Shape, loss: Loss, output: Shape): void {
  if (!sameShape(data.inputShape, inputShape)) {
    throw new ShapeError(who, `examples of shape ${showShape(inputShape)}, as the model's first layer expects`, showShape(data.inputShape),
      'Change the first layer or the data; flatten() makes a vector of an image.');
  }
  const target = loss.target(output);
  const type: ElementType = data.targets instanceof Uint32Array ? 'u32' : 'f32';
  if (type !== target.type) {
    throw new DataError(who, `${loss.name} targets of type ${target.type} ${showShape(target.shape)}`, type === 'u32' ? 'class indices' : 'f32 numbers',
      type === 'u32' ? 'Convert them with oneHot(data) or toValues(data).' : 'Give class indices as a Uint32Array, or choose crossEntropy({ targets: \'probabilities\' }).');
  }
  if (!sameShape(data.targetShape, target.shape)) {
    throw new ShapeError(who, `targets of shape ${showShape(target.shape)} for a model output ${showShape(output)}`, showShape(data.targetShape));
  }
  if (target.most !== undefined) {
    const { most } = target;
    const wrong = (data.targets as Float32Array).findIndex((value) => !(value >= 0 && value <= most));
    if (wrong >= 0) throw new DataError(who, `${loss.name} targets in [0, ${most}]`, `${data.targets[wrong]} in row ${Math.floor(wrong / sizeOf(target.shape))}`);
  }
  if (target.classes !== undefined) {
    const { classes } = target;
    const wrong = (data.targets as Uint32Array).findIndex((label) => label >= classes);
    if (wrong >= 0) {
      throw new DataError(who, `labels below ${classes}, the width of the model's output`, `label ${data.targets[wrong]} in row ${wrong}`, 'Make the last layer as wide as there are classes.');
    }
  }
}
