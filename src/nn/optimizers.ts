import { adam as adamKernel, type AdamSpec } from '../../shaders/adam.wgsl.ts';
import { sgd as sgdKernel, type SgdSpec } from '../../shaders/sgd.wgsl.ts';
import { checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import type { KernelFamily, Request } from '../ops/request.ts';
import type { Tensor } from '../ops/tensor.ts';

/** How parameters follow their gradients: one launch over all of them. */
export interface Optimizer {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean>>;
  /** The learning rate at the start. */
  readonly lr: number;
  /** State kept for each parameter, by PyTorch's names. */
  readonly slots: readonly string[];
  /** The one launch: `slots` are arenas of the parameters' layout, all zero at step 1. */
  request(arenas: { parameters: Tensor; gradients: Tensor; slots: Readonly<Record<string, Tensor>>; step: Tensor }): Request;
  /** Numbers that change with the step (from 1) and the learning rate, at most 8, computed in float64. */
  scalars(step: number, lr: number): readonly number[];
}

const sgdFamily: KernelFamily<SgdSpec> = { name: 'sgd', variants: [{ name: 'arena', suits: () => true, kernel: sgdKernel }] };
const adamFamily: KernelFamily<AdamSpec> = { name: 'adam', variants: [{ name: 'arena', suits: () => true, kernel: adamKernel }] };

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
  checkOptionNames('sgd', options, ['lr', 'momentum', 'dampening', 'nesterov', 'weightDecay']);
  const lr = checkNumber('sgd', 'lr', options.lr ?? 0.01, { above: 0, float32: true });
  const momentum = checkNumber('sgd', 'momentum', options.momentum ?? 0, { min: 0, float32: true });
  const dampening = checkNumber('sgd', 'dampening', options.dampening ?? 0, { float32: true });
  const weightDecay = checkNumber('sgd', 'weightDecay', options.weightDecay ?? 0, { min: 0, float32: true });
  const { nesterov = false } = options;
  if (typeof nesterov !== 'boolean') throw new OptionError('sgd', 'nesterov to be true or false', show(nesterov));
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new OptionError('sgd', 'momentum > 0 and dampening 0 with nesterov', `momentum ${momentum} and dampening ${dampening}`);
  }
  return {
    name: 'sgd',
    options: { lr, momentum, dampening, nesterov, weightDecay },
    lr,
    slots: momentum === 0 ? [] : ['momentumBuffer'],
    request: ({ parameters, gradients, slots, step }) => ({
      family: sgdFamily,
      spec: { count: parameters.shape[0]!, momentum, nesterov, weightDecay } satisfies SgdSpec,
      reads: { step, gradients }, writes: {}, updates: { parameters, ...slots }, label: 'optimizer',
    }),
    // The momentum buffer starts as the first gradient itself, whatever the dampening.
    scalars: (step, rate) => [rate, step === 1 ? 1 : 1 - dampening],
  };
}

export interface AdamOptions {
  /** Learning rate, > 0. Default 1e-3. */
  readonly lr?: number;
  /** Decay of the running means of the gradient and of its square. Default 0.9 and 0.999. */
  readonly beta1?: number;
  readonly beta2?: number;
  /** Added to the divisor. Default 1e-8. */
  readonly eps?: number;
  /** Default 0 for adam (an L2 penalty), 0.01 for adamW (decay of the weight itself). */
  readonly weightDecay?: number;
}

function adamWith(name: 'adam' | 'adamW', options: AdamOptions, defaultDecay: number): Optimizer {
  checkOptionNames(name, options, ['lr', 'beta1', 'beta2', 'eps', 'weightDecay']);
  const lr = checkNumber(name, 'lr', options.lr ?? 1e-3, { above: 0, float32: true });
  const beta1 = checkNumber(name, 'beta1', options.beta1 ?? 0.9, { min: 0, below: 1 });
  const beta2 = checkNumber(name, 'beta2', options.beta2 ?? 0.999, { min: 0, below: 1 });
  // A parameter without gradient is divided by eps alone.
  const eps = checkNumber(name, 'eps', options.eps ?? 1e-8, { min: 1e-12, float32: true });
  const weightDecay = checkNumber(name, 'weightDecay', options.weightDecay ?? defaultDecay, { min: 0, float32: true });
  return {
    name,
    options: { lr, beta1, beta2, eps, weightDecay },
    lr,
    slots: ['expAvg', 'expAvgSq'],
    request: ({ parameters, gradients, slots, step }) => ({
      family: adamFamily,
      spec: { count: parameters.shape[0]!, beta1, beta2, eps, weightDecay, decoupled: name === 'adamW' } satisfies AdamSpec,
      reads: { step, gradients }, writes: {}, updates: { parameters, ...slots }, label: 'optimizer',
    }),
    scalars: (step, rate) => [rate / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step), rate],
  };
}

/** Adam (Kingma and Ba 2015) with PyTorch's defaults. */
export const adam = (options: AdamOptions = {}): Optimizer => adamWith('adam', options, 0);
/** AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019), default 0.01. */
export const adamW = (options: AdamOptions = {}): Optimizer => adamWith('adamW', options, 0.01);
