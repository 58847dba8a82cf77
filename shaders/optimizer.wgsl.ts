import { arrayType, laneKernel, type Binding, type Declaration, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

/** What is done to gradients before an optimiser uses them: all of them scaled to a norm, or each cut off. */
export type Clip = { readonly norm: number } | { readonly value: number };

/** What the kernels of all optimisers are told. */
export interface ArenaSpec {
  /** Elements of an arena; a multiple of 4. */
  readonly count: number;
  readonly clip?: Clip;
  /** Set where a step with gradients that are not finite changes nothing (`lossScale`, its last number). */
  readonly guarded?: true;
}

export interface DecaySpec extends ArenaSpec {
  readonly weightDecay: number;
}

/** Added to the norm that gradients are divided by, as PyTorch does. */
const NORM_EPS = 1e-6;

/** What a kernel declares, and how it names an element's gradient, where it clips. NaN stays NaN: a clip must not hide that training diverged. */
export function clipping(clip: Clip | undefined): { readonly declarations: readonly Declaration[]; readonly functions: string; readonly gradient: string } {
  if (!clip) return { declarations: [], functions: '', gradient: 'gradients[lane]' };
  if ('value' in clip) {
    const limit = float(clip.value);
    return {
      declarations: [],
      functions: wgsl`
fn clipped(gradient: vec4f) -> vec4f {
  return select(gradient, clamp(gradient, vec4f(-${limit}), vec4f(${limit})), abs(gradient) > vec4f(${limit}));
}`,
      gradient: 'clipped(gradients[lane])',
    };
  }
  return {
    declarations: [{ name: 'squaredNorm', access: 'read', type: arrayType(1) }],
    functions: wgsl`
fn clipped(gradient: vec4f) -> vec4f {
  let factor = ${float(clip.norm)} / (sqrt(squaredNorm[0]) + ${float(NORM_EPS)});
  return gradient * select(factor, 1.0, factor >= 1.0);
}`,
    gradient: 'clipped(gradients[lane])',
  };
}

/** What a guarded kernel declares, and how its body begins. */
export function guarding({ guarded }: Pick<ArenaSpec, 'guarded'>): { readonly declarations: readonly Declaration[]; readonly text: string } {
  if (!guarded) return { declarations: [], text: '' };
  return {
    declarations: [{ name: 'lossScale', access: 'read', type: arrayType(4) }],
    text: wgsl`
if (lossScale[3] == 0.0) {
    return;
  }`,
  };
}

export interface ArenaParts {
  readonly name: string;
  readonly formula: string;
  readonly spec: ArenaSpec;
  readonly moments?: readonly string[];
  /**
   * Weight decay: without `rate` an L2 penalty, added to the gradient; with it decoupled: the weight itself shrinks by
   * rate · weightDecay, where `rate` is the scalar that holds the learning rate.
   */
  readonly decay?: { readonly weightDecay: number; readonly rate?: string };
  /** Sees `weight` (already decayed where that is decoupled) and `gradient`, four elements each. */
  readonly body: string;
}

/**
 * One dispatch over whole arenas: parameters, gradients and the optimiser's moments lie at the same offsets, so that
 * element i of each belongs together and a lane updates four of them.
 */
export function arenaKernel({ name, formula, spec, moments = [], decay = { weightDecay: 0 }, body }: ArenaParts): Kernel {
  const { count, clip } = spec;
  const guard = guarding(spec);
  const arena = (binding: string, access: Binding['access']): Declaration => ({ name: binding, access, type: arrayType(count, true) });
  const { declarations, functions, gradient } = clipping(clip);
  const decays = decay.weightDecay !== 0;
  const decoupled = decays && decay.rate !== undefined;
  return laneKernel({
    name,
    formula: clip ? `${formula}; g clipped` : formula,
    declarations: [
      { name: 'step', access: 'uniform', type: 'Step' },
      arena('gradients', 'read'), ...declarations, ...guard.declarations, arena('parameters', 'update'), ...moments.map((moment) => arena(moment, 'update')),
    ],
    ...(functions ? { functions } : {}),
    count: count / 4,
    body: wgsl`
#if ${spec.guarded === true}
${guard.text}
#endif
#if ${decoupled}
let stored = parameters[lane];
  let weight = stored - ${decay.rate ?? ''} * ${float(decay.weightDecay)} * stored;
  let gradient = ${gradient};
#elif ${decays}
let weight = parameters[lane];
  let gradient = ${gradient} + ${float(decay.weightDecay)} * weight;
#else
let weight = parameters[lane];
  let gradient = ${gradient};
#endif
  ${body.trim()}`,
  });
}
