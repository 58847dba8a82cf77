import { checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import type { Tensor } from '../ops/tensor.ts';
import { apply } from '../program/trace.ts';

/** What is added to the loss in training so that parameters stay small. */
export interface Regularization {
  readonly name: string;
  /**
   * The penalty as a traced tensor [], made from the trainable parameters in the model's order; undefined where there is
   * nothing to penalise.
   */
  penalty(parameters: readonly { readonly name: string; readonly tensor: Tensor }[]): Tensor | undefined;
}

/**
 * λ/2 · Σ w² over all trainable weights (parameters with two dimensions or more; with `biases: true` over the others, too):
 * its gradient is λ·w. λ ≥ 0; 0 switches it off and launches nothing. Each weight costs one launch forward and one backward;
 * an optimiser's `weightDecay` costs none, but is no part of the loss that is reported and checked.
 */
export function l2(lambda: number, options: { readonly biases?: boolean } = {}): Regularization {
  checkNumber('l2', 'lambda', lambda, { min: 0, float32: true });
  checkOptionNames('l2', options, ['biases']);
  const { biases = false } = options;
  if (typeof biases !== 'boolean') throw new OptionError('l2', 'biases to be true or false', show(biases));
  return {
    name: 'l2',
    penalty: (parameters) => {
      if (lambda === 0) return undefined;
      const penalties = parameters.filter(({ tensor }) => biases || tensor.shape.length >= 2)
        .map(({ tensor }) => apply('sumOfSquares', { x: tensor }, { factor: lambda / 2 }));
      const [first, ...others] = penalties;
      return first && others.reduce((sum, next) => apply('add', { a: sum, b: next }), first);
    },
  };
}
