import type { Kernel } from './kernel.ts';
import { arenaKernel, type DecaySpec } from './optimizer.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

/** What the kernels with Adam's two running means are told. */
export interface MeansSpec extends DecaySpec {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

export interface AdamSpec extends MeansSpec {
  /** Divides by the largest second moment so far. */
  readonly amsgrad: boolean;
  /** AdamW: the decay acts on the weight itself, not through the gradient. */
  readonly decoupled: boolean;
}

/** The running means of the gradient and of its square, updated and stored: `first` and `second`. */
export const runningMeans = ({ beta1, beta2 }: MeansSpec): string => wgsl`
let first = ${float(beta1)} * expAvg[lane] + ${float(1 - beta1)} * gradient;
  let second = ${float(beta2)} * expAvgSq[lane] + ${float(1 - beta2)} * (gradient * gradient);
  expAvg[lane] = first;
  expAvgSq[lane] = second;`;

/**
 * step.scalars = (lr / (1 - beta1^t), 1 / √(1 - beta2^t), lr, -): the corrections come from the host in float64.
 * Kingma and Ba 2015, in PyTorch's order of operations; the decoupled form is Loshchilov and Hutter 2019, AMSGrad is Reddi,
 * Kale and Kumar 2018.
 */
export function adam(spec: AdamSpec): Kernel {
  const { eps, weightDecay, decoupled, amsgrad } = spec;
  return arenaKernel({
    name: `adam${decoupled ? '-w' : ''}${amsgrad ? '-amsgrad' : ''}`,
    formula: `m = β1·m + (1 - β1)·g; v = β2·v + (1 - β2)·g²;${amsgrad ? ' u = max(u, v);' : ''} w -= lr / (1 - β1^t) · m / (√${amsgrad ? 'u' : 'v'} / √(1 - β2^t) + eps)`,
    spec, moments: ['expAvg', 'expAvgSq', ...(amsgrad ? ['maxExpAvgSq'] : [])],
    decay: { weightDecay, ...(decoupled ? { rate: 'step.scalars.z' } : {}) },
    body: wgsl`
  ${runningMeans(spec).trim()}
#if ${amsgrad}
  let largest = max(maxExpAvgSq[lane], second);
  maxExpAvgSq[lane] = largest;
#endif
  // The root is taken of what is certainly not negative, and eps keeps the divisor away from 0.
  let scale = sqrt(max(${amsgrad ? 'largest' : 'second'}, vec4f(0.0))) * step.scalars.y + ${float(eps)};
  parameters[lane] = weight - step.scalars.x * first / scale;`,
  });
}

export interface AdamaxSpec extends MeansSpec {}

/** step.scalars = (lr / (1 - beta1^t), -, -, -). Kingma and Ba 2015, section 7.1: the largest gradient in place of the mean square. */
export function adamax(spec: AdamaxSpec): Kernel {
  const { beta1, beta2, eps, weightDecay } = spec;
  return arenaKernel({
    name: 'adamax',
    formula: 'm = β1·m + (1 - β1)·g; u = max(β2·u, |g| + eps); w -= lr / (1 - β1^t) · m / u',
    spec, moments: ['expAvg', 'expInf'], decay: { weightDecay },
    body: wgsl`
  let first = ${float(beta1)} * expAvg[lane] + ${float(1 - beta1)} * gradient;
  let largest = max(${float(beta2)} * expInf[lane], abs(gradient) + ${float(eps)});
  expAvg[lane] = first;
  expInf[lane] = largest;
  parameters[lane] = weight - step.scalars.x * first / largest;`,
  });
}

export interface NadamSpec extends MeansSpec {
  readonly decoupled: boolean;
}

/**
 * step.scalars = (lr (1 - μt) / (1 - μ1…μt), lr μ(t+1) / (1 - μ1…μ(t+1)), 1 / √(1 - beta2^t), lr), with PyTorch's
 * μt = beta1 (1 - 0.96^(t · momentumDecay) / 2). Dozat 2016: Adam with Nesterov's momentum.
 */
export function nadam(spec: NadamSpec): Kernel {
  const { eps, weightDecay, decoupled } = spec;
  return arenaKernel({
    name: decoupled ? 'nadam-w' : 'nadam',
    formula: 'm = β1·m + (1 - β1)·g; v = β2·v + (1 - β2)·g²; w -= (x·g + y·m) / (√v / √(1 - β2^t) + eps)',
    spec, moments: ['expAvg', 'expAvgSq'], decay: { weightDecay, ...(decoupled ? { rate: 'step.scalars.w' } : {}) },
    body: wgsl`
  ${runningMeans(spec).trim()}
  let scale = sqrt(max(second, vec4f(0.0))) * step.scalars.z + ${float(eps)};
  parameters[lane] = weight - (step.scalars.x * gradient + step.scalars.y * first) / scale;`,
  });
}

export interface RadamSpec extends MeansSpec {
  readonly decoupled: boolean;
}

/**
 * step.scalars = (lr / (1 - beta1^t), times the rectification and √(1 - beta2^t) where it is adaptive; 1 where the step is
 * adaptive, else 0; lr; -). Liu et al. 2020: momentum alone until the variance of 1/√v is known to be small.
 */
export function radam(spec: RadamSpec): Kernel {
  const { eps, weightDecay, decoupled } = spec;
  return arenaKernel({
    name: decoupled ? 'radam-w' : 'radam',
    formula: 'm = β1·m + (1 - β1)·g; v = β2·v + (1 - β2)·g²; w -= x · m / (√v + eps), or x · m in the first steps',
    spec, moments: ['expAvg', 'expAvgSq'], decay: { weightDecay, ...(decoupled ? { rate: 'step.scalars.z' } : {}) },
    body: wgsl`
  ${runningMeans(spec).trim()}
  let scale = select(vec4f(1.0), sqrt(max(second, vec4f(0.0))) + ${float(eps)}, step.scalars.y > 0.0);
  parameters[lane] = weight - step.scalars.x * first / scale;`,
  });
}
