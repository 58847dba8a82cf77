import type { Kernel } from './kernel.ts';
import { arenaKernel, type DecaySpec } from './optimizer.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

export interface SgdSpec extends DecaySpec {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/**
 * step.scalars = (learning rate, weight of the gradient in the momentum buffer, -, -).
 * PyTorch's SGD: the buffer starts as the first gradient, so the host passes weight 1 at step 1, else 1 - dampening.
 */
export function sgd(spec: SgdSpec): Kernel {
  const { momentum, nesterov, weightDecay } = spec;
  return arenaKernel({
    name: 'sgd',
    formula: 'g = dw + weightDecay · w; buffer = momentum · buffer + g; w -= lr · buffer (Nesterov: g + momentum · buffer)',
    spec, moments: momentum !== 0 ? ['momentumBuffer'] : [], decay: { weightDecay },
    body: wgsl`
#if ${momentum !== 0}
  let buffer = ${float(momentum)} * momentumBuffer[lane] + step.scalars.y * gradient;
  momentumBuffer[lane] = buffer;
#endif
#if ${momentum !== 0 && nesterov}
  let direction = gradient + ${float(momentum)} * buffer;
#elif ${momentum !== 0}
  let direction = buffer;
#else
  let direction = gradient;
#endif
  parameters[lane] = weight - step.scalars.x * direction;`,
  });
}
