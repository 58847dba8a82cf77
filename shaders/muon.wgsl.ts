import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { clipping, guarding, type ArenaSpec } from './optimizer.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

// Muon's own kernels work on one matrix; `count` is that matrix's elements, rounded up to a multiple of 4.

export interface MuonMomentumSpec extends ArenaSpec {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** buffer += (1 - momentum) (g - buffer); update = buffer, or with Nesterov g + momentum (buffer - g). */
export function muonMomentum({ count, clip, guarded, momentum, nesterov }: MuonMomentumSpec): Kernel {
  const guard = guarding({ guarded });
  const { declarations, functions, gradient } = clipping(clip);
  return laneKernel({
    name: 'muon-momentum',
    formula: `buffer = momentum · buffer + (1 - momentum) · g; direction = ${nesterov ? '(1 - momentum) · g + momentum · buffer' : 'buffer'}`,
    declarations: [
      { name: 'gradients', access: 'read', type: arrayType(count, true) }, ...declarations, ...guard.declarations,
      { name: 'momentumBuffer', access: 'update', type: arrayType(count, true) },
      { name: 'direction', access: 'write', type: arrayType(count, true) },
    ],
    ...(functions ? { functions } : {}),
    count: count / 4,
    body: wgsl`
#if ${guarded === true}
${guard.text}
#endif
let gradient = ${gradient};
  let buffer = ${float(momentum)} * momentumBuffer[lane] + ${float(1 - momentum)} * gradient;
  momentumBuffer[lane] = buffer;
#if ${nesterov}
  direction[lane] = ${float(1 - momentum)} * gradient + ${float(momentum)} * buffer;
#else
  direction[lane] = buffer;
#endif`,
  });
}

export interface MuonNormalizeSpec {
  readonly count: number;
  readonly eps: number;
}

/** out = direction / max(‖direction‖, eps): its largest singular value is then at most 1. */
export function muonNormalize({ count, eps }: MuonNormalizeSpec): Kernel {
  return laneKernel({
    name: 'muon-normalize',
    formula: 'out = direction / max(‖direction‖, eps)',
    declarations: [
      { name: 'direction', access: 'read', type: arrayType(count, true) },
      { name: 'squaredNorm', access: 'read', type: arrayType(1) },
      { name: 'out', access: 'write', type: arrayType(count, true) },
    ],
    count: count / 4,
    body: `out[lane] = direction[lane] / max(sqrt(squaredNorm[0]), ${float(eps)});`,
  });
}

export interface MuonApplySpec extends Pick<ArenaSpec, 'guarded'> {
  readonly count: number;
  /** Elements of the matrix itself: what lies behind them is padding. */
  readonly size: number;
  readonly weightDecay: number;
  /** The learning rate is multiplied by it: it makes updates of all shapes comparable. */
  readonly ratio: number;
}

/** step.scalars = (lr, -, -, -). w -= lr · weightDecay · w + lr · ratio · direction. */
export function muonApply({ count, size, guarded, weightDecay, ratio }: MuonApplySpec): Kernel {
  const guard = guarding({ guarded });
  return laneKernel({
    name: 'muon-apply',
    formula: 'w -= lr · weightDecay · w; w -= lr · ratio · direction',
    declarations: [
      { name: 'step', access: 'uniform', type: 'Step' },
      { name: 'direction', access: 'read', type: arrayType(size) }, ...guard.declarations,
      { name: 'parameters', access: 'update', type: arrayType(count) },
    ],
    count: size,
    body: wgsl`
#if ${guarded === true}
${guard.text}
#endif
let stored = parameters[lane];
  let weight = stored - step.scalars.x * ${float(weightDecay)} * stored;
  parameters[lane] = weight - step.scalars.x * ${float(ratio)} * direction[lane];`,
  });
}
