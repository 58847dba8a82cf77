import { checkNumber, checkOptionNames, OptionError, ShapeError, show } from '../errors.ts';
import { showShape, type Tensor } from '../ops/tensor.ts';
import * as broadcastOps from '../ops/broadcast.ts';
import * as elementwiseOps from '../ops/elementwise.ts';
import * as reductionsOps from '../ops/reductions.ts';
import * as sumOfSquaresOps from '../ops/sum-of-squares.ts';
import { apply, currentTrace } from '../program/trace.ts';

/** What is added to the loss in training so that parameters stay small. */
export interface Regularization {
  readonly name: string;
  /**
   * The penalty as a traced tensor [], made from the trainable parameters in the model's order; undefined where there is
   * nothing to penalise.
   */
  penalty(parameters: readonly { readonly name: string; readonly tensor: Tensor }[]): Tensor | undefined;
}

export interface PenaltyOptions {
  /** Whether parameters with fewer than two dimensions (biases, the scales of a normalisation) are penalised, too. Default false. */
  readonly biases?: boolean;
}

/** A penalty on each weight that counts: `sumOf` one weight, then what is done to the sum of all. */
function penaltyOf(name: string, lambda: number, options: PenaltyOptions, sumOf: (weight: Tensor) => Tensor, finish: (sum: Tensor) => Tensor): Regularization {
  checkNumber(name, 'lambda', lambda, { min: 0, float32: true });
  checkOptionNames(name, options, ['biases']);
  const { biases = false } = options;
  if (typeof biases !== 'boolean') throw new OptionError(name, 'biases to be true or false', show(biases));
  return {
    name,
    penalty: (parameters) => {
      if (lambda === 0) return undefined;
      const total = added(parameters.filter(({ tensor }) => biases || tensor.shape.length >= 2).map(({ tensor }) => sumOf(tensor)));
      return total && finish(total);
    },
  };
}

/**
 * λ/2 · Σ w² over all trainable weights (parameters with two dimensions or more; with `biases: true` over the others, too):
 * its gradient is λ·w. λ ≥ 0; 0 switches it off and launches nothing. Each weight costs one launch forward and one backward;
 * an optimiser's `weightDecay` costs none, but is no part of the loss that is reported and checked.
 */
export function l2(lambda: number, options: PenaltyOptions = {}): Regularization {
  return penaltyOf('l2', lambda, options, (x) => apply(sumOfSquaresOps.sumOfSquares, { x }, { factor: lambda / 2 }), (sum) => sum);
}

/**
 * λ · Σ |w| over all trainable weights (parameters with two dimensions or more; with `biases: true` over the others, too), which
 * makes weights small or 0 (Tibshirani 1996): its gradient is λ·sign(w), 0 where w is 0. λ ≥ 0; 0 switches it off and launches
 * nothing. Both penalties together are the elastic net: `regularization: [l1(1e-5), l2(1e-4)]`.
 */
export function l1(lambda: number, options: PenaltyOptions = {}): Regularization {
  return penaltyOf('l1', lambda, options, (x) => apply(reductionsOps.norm, { x }, { p: 1 }), (x) => apply(elementwiseOps.scale, { x }, { factor: lambda }));
}

/** Adds the penalties that compile was given to a loss; checked when it is made, and what they return when a step is traced. */
export type Penalised = (loss: Tensor, parameters: Parameters<Regularization['penalty']>[0]) => Tensor;

/** What adds all penalties that were given to a loss. */
export function penalised(who: string, given: Regularization | readonly Regularization[]): Penalised {
  const all: readonly Regularization[] = Array.isArray(given) ? given : [given];
  const wrong = all.findIndex((one) => typeof (one as Regularization | null)?.penalty !== 'function');
  if (wrong >= 0 || all.length === 0) {
    throw new OptionError(who, 'a regularization such as l2(1e-4), or a list of some', all.length === 0 ? 'an empty list' : show(all[wrong]));
  }
  return (loss, parameters) => {
    const trace = currentTrace('regularization');
    const penalty = trace.within('regularization', () => added(all.map((one) => one.penalty(parameters)).filter((one) => one !== undefined)));
    if (!penalty) return loss;
    if (trace.graph.tensors[penalty.id] !== penalty || penalty.shape.length > 0) {
      throw new ShapeError('regularization', 'a penalty that is one number, a tensor of shape []', penalty.shape ? showShape(penalty.shape) : String(penalty), 'Take its sum().');
    }
    return trace.within('loss', () => apply(broadcastOps.add, { a: loss, b: penalty }));
  };
}

function added(penalties: readonly Tensor[]): Tensor | undefined {
  const [first, ...others] = penalties;
  return first && others.reduce((sum, next) => apply(broadcastOps.add, { a: sum, b: next }), first);
}
