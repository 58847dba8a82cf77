import type { Kernel } from './kernel.ts';
import { arenaKernel } from './optimizer.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

export interface SgdSpec {
  /** Elements of an arena; a multiple of 4. */
  readonly count: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
}

/**
 * step.scalars = (learning rate, weight of the gradient in the momentum buffer, -, -).
 * PyTorch's SGD: the buffer starts as the first gradient, so the host passes weight 1 at step 1, else 1 - dampening.
 */
export function sgd({ count, momentum, nesterov, weightDecay }: SgdSpec): Kernel {
  return arenaKernel('sgd', 'g = dw + weightDecay · w; buffer = momentum · buffer + g; w -= lr · buffer (Nesterov: g + momentum · buffer)',
    count, momentum !== 0 ? ['momentumBuffer'] : [], wgsl`
let weight = parameters[lane];
  let gradient = gradients[lane]${weightDecay !== 0 ? ` + ${float(weightDecay)} * weight` : ''};
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
  parameters[lane] = weight - step.scalars.x * direction;`);
}
