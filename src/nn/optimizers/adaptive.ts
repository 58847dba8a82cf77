import * as kernels from '../../../shaders/adaptive.wgsl.ts';
import { arenaFamily, arenaOptimizer, readOptions, type Optimizer } from './optimizer.ts';

const adagradFamily = /* @__PURE__ */ arenaFamily('adagrad', kernels.adagrad, 6);
const adadeltaFamily = /* @__PURE__ */ arenaFamily('adadelta', kernels.adadelta, 13);
const rmspropFamily = /* @__PURE__ */ arenaFamily('rmsprop', kernels.rmsprop, 8);

export interface AdagradOptions {
  /** Learning rate, > 0. Default 0.01. */
  readonly lr?: number;
  /** lr / (1 + (t - 1) · lrDecay) at step t. Default 0. */
  readonly lrDecay?: number;
  /** What the sum of squared gradients starts from. Default 0. */
  readonly initialAccumulatorValue?: number;
  /** Added to the divisor. Default 1e-10. */
  readonly eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
}

/** Adagrad (Duchi, Hazan and Singer 2011): each weight's rate falls with the sum of its squared gradients. As PyTorch computes it. */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const all = readOptions('adagrad', options, { lr: 0.01, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 });
  const { lrDecay, weightDecay, initialAccumulatorValue, eps } = all;
  return arenaOptimizer({
    name: 'adagrad', options: all, make: adagrad, slots: ['sum'], family: adagradFamily, spec: { eps, weightDecay },
    scalars: (step, lr) => [lr / (1 + (step - 1) * lrDecay), step === 1 ? initialAccumulatorValue : 0],
  });
}

export interface AdadeltaOptions {
  /** What steps are multiplied by, > 0. Default 1. */
  readonly lr?: number;
  /** Decay of the running means of squared gradients and squared steps, in [0, 1). Default 0.9. */
  readonly rho?: number;
  /** Added under both roots. Default 1e-6. */
  readonly eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
}

/** Adadelta (Zeiler 2012): steps in units of past steps over past gradients. As PyTorch computes it. */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  const all = readOptions('adadelta', options, { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0 });
  const { rho, eps, weightDecay } = all;
  return arenaOptimizer({
    name: 'adadelta', options: all, make: adadelta, slots: ['squareAvg', 'accDelta'], family: adadeltaFamily, spec: { rho, eps, weightDecay },
    scalars: (_, lr) => [lr],
  });
}

export interface RmspropOptions {
  /** Learning rate, > 0. Default 0.01. */
  readonly lr?: number;
  /** Decay of the running mean of squared gradients, in [0, 1). Default 0.99. */
  readonly alpha?: number;
  /** Added to the divisor. Default 1e-8. */
  readonly eps?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** Divides by the standard deviation of the gradient instead of its root mean square (Graves 2013). Default false. */
  readonly centered?: boolean;
}

/** RMSprop (Tieleman and Hinton 2012), as PyTorch computes it. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const all = readOptions('rmsprop', options, { lr: 0.01, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false });
  const { alpha, eps, weightDecay, momentum, centered } = all;
  return arenaOptimizer({
    name: 'rmsprop', options: all, make: rmsprop, family: rmspropFamily, spec: { alpha, eps, momentum, centered, weightDecay },
    slots: ['squareAvg', ...(centered ? ['gradAvg'] : []), ...(momentum === 0 ? [] : ['momentumBuffer'])],
    scalars: (_, lr) => [lr],
  });
}
