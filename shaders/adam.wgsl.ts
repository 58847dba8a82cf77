import type { Kernel } from './kernel.ts';
import { arenaKernel } from './optimizer.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

export interface AdamSpec {
  /** Elements of an arena; a multiple of 4. */
  readonly count: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** AdamW: the decay acts on the weight itself, not through the gradient. */
  readonly decoupled: boolean;
}

/**
 * step.scalars = (lr / (1 - beta1^t), 1 / √(1 - beta2^t), lr, -): the corrections come from the host in float64.
 * Kingma and Ba 2015, in PyTorch's order of operations; the decoupled form is Loshchilov and Hutter 2019.
 */
export function adam({ count, beta1, beta2, eps, weightDecay, decoupled }: AdamSpec): Kernel {
  return arenaKernel(decoupled ? 'adam-w' : 'adam',
    'm = β1·m + (1 - β1)·g; v = β2·v + (1 - β2)·g²; w -= lr / (1 - β1^t) · m / (√v / √(1 - β2^t) + eps)',
    count, ['expAvg', 'expAvgSq'], wgsl`
let weight = parameters[lane];
#if ${weightDecay !== 0 && !decoupled}
  let gradient = gradients[lane] + ${float(weightDecay)} * weight;
#else
  let gradient = gradients[lane];
#endif
  let first = ${float(beta1)} * expAvg[lane] + ${float(1 - beta1)} * gradient;
  let second = ${float(beta2)} * expAvgSq[lane] + ${float(1 - beta2)} * (gradient * gradient);
  expAvg[lane] = first;
  expAvgSq[lane] = second;
  // The root is taken of what is certainly not negative, and eps keeps the divisor away from 0.
  let scale = sqrt(max(second, vec4f(0.0))) * step.scalars.y + ${float(eps)};
#if ${weightDecay !== 0 && decoupled}
  let decayed = weight - step.scalars.z * ${float(weightDecay)} * weight;
#else
  let decayed = weight;
#endif
  parameters[lane] = decayed - step.scalars.x * first / scale;`);
}
