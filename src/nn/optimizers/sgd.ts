import { sgd as sgdKernel } from '../../../shaders/sgd.wgsl.ts';
import { OptionError } from '../../errors.ts';
import { arenaFamily, arenaOptimizer, readOptions, type Optimizer } from './optimizer.ts';

const family = /* @__PURE__ */ arenaFamily('sgd', sgdKernel, 4);

export interface SgdOptions {
  /** Learning rate, > 0. Default 0.01. */
  readonly lr?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** 1 - the weight of new gradients in the momentum. Default 0. */
  readonly dampening?: number;
  /** Nesterov's momentum; needs momentum > 0 and no dampening. Default false. */
  readonly nesterov?: boolean;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
}

/** Stochastic gradient descent, as PyTorch computes it (Sutskever et al. 2013 for Nesterov). */
export function sgd(options: SgdOptions = {}): Optimizer {
  const all = readOptions('sgd', options, { lr: 0.01, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 });
  const { momentum, dampening, nesterov, weightDecay } = all;
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new OptionError('sgd', 'momentum > 0 and dampening 0 with nesterov', `momentum ${momentum} and dampening ${dampening}`);
  }
  return arenaOptimizer({
    name: 'sgd', options: all, make: sgd, slots: momentum === 0 ? [] : ['momentumBuffer'], family, spec: { momentum, nesterov, weightDecay },
    // The momentum buffer starts as the first gradient itself, whatever the dampening.
    scalars: (step, lr) => [lr, step === 1 ? 1 : 1 - dampening],
  });
}
