import type { Kernel } from './kernel.ts';
import { arenaKernel, type DecaySpec } from './optimizer.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

// Optimisers that divide by the size of past gradients and came before Adam.

export interface AdagradSpec extends DecaySpec {
  readonly eps: number;
}

/**
 * step.scalars = (lr / (1 + (t - 1) · lrDecay), what the sum starts from at step 1 and 0 later, -, -).
 * Duchi, Hazan and Singer 2011.
 */
export function adagrad(spec: AdagradSpec): Kernel {
  const { eps, weightDecay } = spec;
  return arenaKernel({
    name: 'adagrad', formula: 'sum += g²; w -= lr · g / (√sum + eps)',
    spec, moments: ['sum'], decay: { weightDecay },
    body: wgsl`
  let total = sum[lane] + step.scalars.y + gradient * gradient;
  sum[lane] = total;
  parameters[lane] = weight - step.scalars.x * gradient / (sqrt(max(total, vec4f(0.0))) + ${float(eps)});`,
  });
}

export interface AdadeltaSpec extends DecaySpec {
  readonly rho: number;
  readonly eps: number;
}

/** step.scalars = (lr, -, -, -). Zeiler 2012: steps as long as past steps, in units of past gradients. */
export function adadelta(spec: AdadeltaSpec): Kernel {
  const { rho, eps, weightDecay } = spec;
  return arenaKernel({
    name: 'adadelta', formula: 'v = ρ·v + (1 - ρ)·g²; d = √(a + eps) / √(v + eps) · g; a = ρ·a + (1 - ρ)·d²; w -= lr · d',
    spec, moments: ['squareAvg', 'accDelta'], decay: { weightDecay },
    body: wgsl`
  let square = ${float(rho)} * squareAvg[lane] + ${float(1 - rho)} * (gradient * gradient);
  squareAvg[lane] = square;
  let steps = accDelta[lane];
  let delta = sqrt(max(steps, vec4f(0.0)) + ${float(eps)}) / sqrt(max(square, vec4f(0.0)) + ${float(eps)}) * gradient;
  accDelta[lane] = ${float(rho)} * steps + ${float(1 - rho)} * (delta * delta);
  parameters[lane] = weight - step.scalars.x * delta;`,
  });
}

export interface RmspropSpec extends DecaySpec {
  readonly alpha: number;
  readonly eps: number;
  readonly momentum: number;
  readonly centered: boolean;
}

/** step.scalars = (lr, -, -, -). Tieleman and Hinton 2012 (lecture 6.5); the centred form is Graves 2013. */
export function rmsprop(spec: RmspropSpec): Kernel {
  const { alpha, eps, momentum, centered, weightDecay } = spec;
  return arenaKernel({
    name: 'rmsprop',
    formula: `v = α·v + (1 - α)·g²;${centered ? ' a = α·a + (1 - α)·g;' : ''} d = g / (√${centered ? '(v - a²)' : 'v'} + eps); ${momentum !== 0 ? 'buffer = momentum · buffer + d; w -= lr · buffer' : 'w -= lr · d'}`,
    spec, moments: ['squareAvg', ...(centered ? ['gradAvg'] : []), ...(momentum !== 0 ? ['momentumBuffer'] : [])], decay: { weightDecay },
    body: wgsl`
  let square = ${float(alpha)} * squareAvg[lane] + ${float(1 - alpha)} * (gradient * gradient);
  squareAvg[lane] = square;
#if ${centered}
  let average = ${float(alpha)} * gradAvg[lane] + ${float(1 - alpha)} * gradient;
  gradAvg[lane] = average;
  // Rounding may leave the variance of a gradient that never changes below 0.
  let variance = square - average * average;
#else
  let variance = square;
#endif
  let scaled = gradient / (sqrt(max(variance, vec4f(0.0))) + ${float(eps)});
#if ${momentum !== 0}
  let direction = ${float(momentum)} * momentumBuffer[lane] + scaled;
  momentumBuffer[lane] = direction;
#else
  let direction = scaled;
#endif
  parameters[lane] = weight - step.scalars.x * direction;`,
  });
}
