import { lion as lionKernel } from '../../../shaders/lion.wgsl.ts';
import { arenaFamily, arenaOptimizer, readOptions, type Optimizer } from './optimizer.ts';

const family = /* @__PURE__ */ arenaFamily('lion', lionKernel, 8);

export interface LionOptions {
  /** Learning rate, > 0: how far every weight moves in a step. Default 1e-4; a third to a tenth of Adam's is usual. */
  readonly lr?: number;
  /** How much of the momentum is in a step's direction. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the momentum. Default 0.99. */
  readonly beta2?: number;
  /** Decay of the weight itself. Default 0. */
  readonly weightDecay?: number;
}

/** Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms"), with the paper's defaults; PyTorch has none. A gradient of 0 without momentum moves nothing. */
export function lion(options: LionOptions = {}): Optimizer {
  const all = readOptions('lion', options, { lr: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 0 });
  const { beta1, beta2, weightDecay } = all;
  return arenaOptimizer({
    name: 'lion', options: all, make: lion, slots: ['expAvg'], family, spec: { beta1, beta2, weightDecay }, scalars: (_, lr) => [lr],
  });
}
