import type { Kernel } from './kernel.ts';
import { arenaKernel, type DecaySpec } from './optimizer.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

export interface LionSpec extends DecaySpec {
  readonly beta1: number;
  readonly beta2: number;
}

/** step.scalars = (lr, -, -, -). Chen et al. 2023: every weight moves by lr, in the direction of a mix of momentum and gradient. */
export function lion(spec: LionSpec): Kernel {
  const { beta1, beta2, weightDecay } = spec;
  return arenaKernel({
    name: 'lion', formula: 'w -= lr · weightDecay · w; w -= lr · sign(β1·m + (1 - β1)·g); m = β2·m + (1 - β2)·g',
    spec, moments: ['expAvg'], decay: { weightDecay, rate: 'step.scalars.x' },
    body: wgsl`
  let average = expAvg[lane];
  let mixed = ${float(beta1)} * average + ${float(1 - beta1)} * gradient;
  expAvg[lane] = ${float(beta2)} * average + ${float(1 - beta2)} * gradient;
  parameters[lane] = weight - step.scalars.x * sign(mixed);`,
  });
}
