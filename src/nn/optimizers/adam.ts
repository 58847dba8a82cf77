import * as kernels from '../../../shaders/adam.wgsl.ts';
import { arenaFamily, arenaOptimizer, readOptions, type Optimizer } from './optimizer.ts';

const adamFamily = /* @__PURE__ */ arenaFamily('adam', kernels.adam, 13);
const adamaxFamily = /* @__PURE__ */ arenaFamily('adamax', kernels.adamax, 9);
const nadamFamily = /* @__PURE__ */ arenaFamily('nadam', kernels.nadam, 14);
const radamFamily = /* @__PURE__ */ arenaFamily('radam', kernels.radam, 13);

interface MeansOptions {
  /** Decay of the running means of the gradient and of its square, in [0, 1). Default 0.9 and 0.999. */
  readonly beta1?: number;
  readonly beta2?: number;
  /** Added to the divisor. Default 1e-8. */
  readonly eps?: number;
}

export interface AdamOptions extends MeansOptions {
  /** Learning rate, > 0. Default 1e-3. */
  readonly lr?: number;
  /** Default 0 for adam (an L2 penalty), 0.01 for adamW (decay of the weight itself). */
  readonly weightDecay?: number;
  /** Divides by the largest mean square so far instead of the last one (Reddi, Kale and Kumar 2018). Default false. */
  readonly amsgrad?: boolean;
}

function adamWith(name: 'adam' | 'adamW', options: AdamOptions, defaultDecay: number): Optimizer {
  const all = readOptions(name, options, { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: defaultDecay, amsgrad: false });
  const { beta1, beta2, eps, weightDecay, amsgrad } = all;
  return arenaOptimizer({
    name, options: all, make: name === 'adam' ? adam : adamW, slots: ['expAvg', 'expAvgSq', ...(amsgrad ? ['maxExpAvgSq'] : [])],
    family: adamFamily, spec: { beta1, beta2, eps, weightDecay, amsgrad, decoupled: name === 'adamW' },
    scalars: (step, lr) => [lr / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step), lr],
  });
}

/** Adam (Kingma and Ba 2015) with PyTorch's defaults. */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamWith('adam', options, 0);
}

/** AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019), default 0.01. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamWith('adamW', options, 0.01);
}

export interface AdamaxOptions extends MeansOptions {
  /** Learning rate, > 0. Default 2e-3. */
  readonly lr?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
}

/** Adamax: Adam with the largest past gradient in place of the mean square (Kingma and Ba 2015, section 7.1), as PyTorch computes it. */
export function adamax(options: AdamaxOptions = {}): Optimizer {
  const all = readOptions('adamax', options, { lr: 2e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 });
  const { beta1, beta2, eps, weightDecay } = all;
  return arenaOptimizer({
    name: 'adamax', options: all, make: adamax, slots: ['expAvg', 'expInf'], family: adamaxFamily, spec: { beta1, beta2, eps, weightDecay },
    scalars: (step, lr) => [lr / (1 - beta1 ** step)],
  });
}

export interface NadamOptions extends AdamaxOptions {
  /**
   * PyTorch before 2.0 had one μt too many in the product that corrects the momentum, which makes the first steps shorter (its pull
   * request 92699 mended it); true computes as it did. Default false.
   */
  readonly repeatedMomentum?: boolean;
  /** How fast the momentum rises to beta1: μt = beta1 (1 - 0.96^(t · momentumDecay) / 2). Default 4e-3. */
  readonly momentumDecay?: number;
  /** Whether the decay acts on the weight itself instead of the gradient. Default false. */
  readonly decoupledWeightDecay?: boolean;
}

/** NAdam: Adam with Nesterov's momentum (Dozat 2016), as PyTorch ≥ 2.0 computes it. Default lr 2e-3. */
export function nadam(options: NadamOptions = {}): Optimizer {
  const all = readOptions('nadam', options, { lr: 2e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, momentumDecay: 4e-3, decoupledWeightDecay: false, repeatedMomentum: false });
  const { beta1, beta2, eps, weightDecay, momentumDecay, decoupledWeightDecay, repeatedMomentum } = all;
  const momentum = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
  // The product μ1…μt so far: steps come one after the other, so each call multiplies once.
  let known = { step: 0, product: 1 };
  const productTo = (step: number): number => {
    if (known.step > step) known = { step: 0, product: 1 };
    let { product } = known;
    for (let at = known.step + 1; at <= step && product > 0; at += 1) product *= momentum(at);
    known = { step, product };
    return product;
  };
  return arenaOptimizer({
    name: 'nadam', options: all, make: nadam, slots: ['expAvg', 'expAvgSq'], family: nadamFamily,
    spec: { beta1, beta2, eps, weightDecay, decoupled: decoupledWeightDecay },
    scalars: (step, lr) => {
      const [now, next, product] = [momentum(step), momentum(step + 1), productTo(step)];
      return [lr * (1 - now) / (1 - product), lr * next / (1 - product * next * (repeatedMomentum ? now : 1)), 1 / Math.sqrt(1 - beta2 ** step), lr];
    },
  });
}

export interface RadamOptions extends MeansOptions {
  /** Learning rate, > 0. Default 1e-3. */
  readonly lr?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Whether the decay acts on the weight itself instead of the gradient. Default false. */
  readonly decoupledWeightDecay?: boolean;
}

/** RAdam: Adam that waits until the variance of its divisor is known to be small (Liu et al. 2020), as PyTorch computes it. */
export function radam(options: RadamOptions = {}): Optimizer {
  const all = readOptions('radam', options, { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupledWeightDecay: false });
  const { beta1, beta2, eps, weightDecay, decoupledWeightDecay } = all;
  const longest = 2 / (1 - beta2) - 1;
  return arenaOptimizer({
    name: 'radam', options: all, make: radam, slots: ['expAvg', 'expAvgSq'], family: radamFamily,
    spec: { beta1, beta2, eps, weightDecay, decoupled: decoupledWeightDecay },
    scalars: (step, lr) => {
      const power = beta2 ** step;
      const length = longest - 2 * step * power / (1 - power);
      const rate = lr / (1 - beta1 ** step);
      if (!(length > 5)) return [rate, 0, lr];
      const rectified = Math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
      return [rate * rectified * Math.sqrt(1 - power), 1, lr];
    },
  });
}
