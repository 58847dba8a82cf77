import { checkNumber, checkOptionNames } from '../../errors.ts';
import * as elementwiseOps from '../../ops/elementwise.ts';
import * as ternaryOps from '../../ops/ternary.ts';
import type { Op } from '../../ops/op.ts';
import { apply } from '../../program/trace.ts';
import { checkInitializer } from '../initial-values.ts';
import { constant, type Initializer } from '../initializers.ts';
import { defineModule, type Module } from '../module.ts';

// Activations of any shape. Their formulas stand with the functions of the same names in `functional`.

const activation = (op: Op, options = {}): Module => defineModule({ kind: op.name, forward: (_, x) => apply(op, { x }, options) });

/** x between 0 and 6. */
export const relu6 = (): Module => activation(elementwiseOps.relu6);
/** Scaled ELU (Klambauer et al. 2017). */
export const selu = (): Module => activation(elementwiseOps.selu);
/** x · tanh(softplus(x)). */
export const mish = (): Module => activation(elementwiseOps.mish);
/** x / (1 + |x|). */
export const softsign = (): Module => activation(elementwiseOps.softsign);
/** (x + 3)/6 between 0 and 1. */
export const hardSigmoid = (): Module => activation(elementwiseOps.hardSigmoid);
/** x · hardSigmoid(x). */
export const hardSwish = (): Module => activation(elementwiseOps.hardSwish);

/** x where x > 0, else alpha · (e^x - 1) (default 1, ≥ 0). */
export function elu(options: { alpha?: number } = {}): Module {
  checkOptionNames('elu', options, ['alpha']);
  return activation(elementwiseOps.elu, { alpha: checkNumber('elu', 'alpha', options.alpha ?? 1, { min: 0, float32: true }) });
}

/** log(1 + e^(beta · x)) / beta (default beta 1, between 1e-30 and 1e30), and x itself where beta · x > threshold (default 20). */
export function softplus(options: { beta?: number; threshold?: number } = {}): Module {
  checkOptionNames('softplus', options, ['beta', 'threshold']);
  const { beta = 1, threshold = 20 } = options;
  return activation(elementwiseOps.softplus, {
    beta: checkNumber('softplus', 'beta', beta, { min: 1e-30, max: 1e30 }), threshold: checkNumber('softplus', 'threshold', threshold, { float32: true }),
  });
}

export interface PreluOptions {
  /** How the weight starts. Default PyTorch's: 0.25 everywhere. */
  readonly weightInitializer?: Initializer;
}

/**
 * x where x > 0, else weight · x, with a learned `weight` [numParameters]: one number for all (the default), or one for each place
 * along axis 1.
 */
export function prelu(numParameters = 1, options: PreluOptions = {}): Module {
  checkNumber('prelu', 'numParameters', numParameters, { integer: true, min: 1 });
  checkOptionNames('prelu', options, ['weightInitializer']);
  const { weightInitializer = constant(0.25) } = options;
  checkInitializer('prelu', 'weightInitializer', weightInitializer);
  return defineModule({
    kind: 'prelu',
    parameters: { weight: { shape: [numParameters], initializer: weightInitializer } },
    forward: ({ parameters }, x) => apply(ternaryOps.prelu, { x, weight: parameters.weight }),
  });
}
