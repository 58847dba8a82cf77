import type { ArenaSpec, Clip, DecaySpec } from '../../../shaders/optimizer.wgsl.ts';
import type { Kernel } from '../../../shaders/kernel.ts';
import { checkNumber, checkOptionNames, OptionError, show } from '../../errors.ts';
import type { Cut } from '../../ops/cut.ts';
import type { KernelFamily, Request } from '../../ops/request.ts';
import type { Shape, Tensor } from '../../ops/tensor.ts';

export type { Clip } from '../../../shaders/optimizer.wgsl.ts';

/** One parameter with what belongs to it, as parts of the arenas: for optimisers that treat each matrix on its own. */
export interface OptimizedTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

/** What an optimiser updates: arenas in which every parameter lies at the same place, padded with zeros to multiples of 64. */
export interface OptimizerContext {
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  /** By the optimiser's own names; all zero at step 1. */
  readonly slots: Readonly<Record<string, Tensor>>;
  /** The uniform `Step` with this optimiser's scalars. */
  readonly step: Tensor;
  readonly tensors: readonly OptimizedTensor[];
  /** What kernels do to each gradient first, and what they read for it (`squaredNorm` [1], of all gradients together). */
  readonly clip: Clip | undefined;
  readonly clipReads: Readonly<Record<string, Tensor>>;
  /** In mixed precision: what every kernel that updates something reads as `lossScale`, and runs `guarded`. Default none. */
  readonly lossScale?: Tensor;
  /** Working memory for the launches of this step. */
  value(name: string, shape: Shape): Tensor;
}

export type OptimizerOption = number | boolean | string;

/** How parameters follow their gradients. */
export interface Optimizer {
  readonly name: string;
  readonly options: Readonly<Record<string, OptimizerOption>>;
  /** The learning rate at the start. */
  readonly lr: number;
  /** State kept for each parameter, by PyTorch's names. */
  readonly slots: readonly string[];
  /** The launches of one step, in order; most optimisers need one for all parameters. */
  requests(context: OptimizerContext): readonly Request[];
  /** Numbers that change with the step (from 1) and the learning rate, at most 8, computed in float64. */
  scalars(step: number, lr: number): readonly number[];
  /** The same optimiser with some options replaced (what is undefined stays); throws an OptionError as its function does. */
  with(options: Readonly<Record<string, unknown>>): Optimizer;
  /** The optimiser of the parameters whose shapes `takes` refuses. */
  readonly others?: Optimizer;
  takes?(shape: Shape): boolean;
}

/** Rules of the options that optimisers share, by name. */
const RULES: Readonly<Record<string, Parameters<typeof checkNumber>[3]>> = {
  lr: { above: 0, float32: true },
  momentum: { min: 0, float32: true },
  dampening: { float32: true },
  weightDecay: { min: 0, float32: true },
  beta1: { min: 0, below: 1 }, beta2: { min: 0, below: 1 }, alpha: { min: 0, below: 1 }, rho: { min: 0, below: 1 },
  // A parameter without gradient is divided by eps alone.
  eps: { min: 1e-12, float32: true },
  lrDecay: { min: 0 }, initialAccumulatorValue: { min: 0, float32: true }, momentumDecay: { min: 0 },
};

/** Options without those that are given as undefined: such a one is left as it is. */
export const definedOf = (options: Readonly<Record<string, unknown>>): Record<string, unknown> => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** The options with their defaults, checked: a default says the type. */
export function readOptions<D extends Readonly<Record<string, number | boolean>>>(who: string, options: object, defaults: D): { [K in keyof D]: D[K] extends boolean ? boolean : number } {
  checkOptionNames(who, options, Object.keys(defaults));
  return Object.fromEntries(Object.entries(defaults).map(([name, byDefault]) => {
    const { [name]: value = byDefault } = options as Record<string, unknown>;
    if (typeof byDefault !== 'boolean') return [name, checkNumber(who, name, value, RULES[name]!)];
    if (typeof value !== 'boolean') throw new OptionError(who, `${name} to be true or false`, show(value));
    return [name, value];
  })) as { [K in keyof D]: D[K] extends boolean ? boolean : number };
}

/** A family of the one kernel that an optimiser has, with about so many operations for each number of its arena, each number by itself. */
export const arenaFamily = <S extends { readonly count: number }>(name: string, kernel: (spec: S) => Kernel, operations: number, cut: Cut = 'count'): KernelFamily<S> =>
  ({ name, cut, flops: ({ spec }) => operations * spec.count, variants: [{ name: 'arena', suits: () => true, kernel }] });

interface ArenaOptimizer<S extends DecaySpec> {
  readonly name: string;
  readonly options: Readonly<Record<string, OptimizerOption>> & { readonly lr: number };
  readonly slots: readonly string[];
  readonly family: KernelFamily<S>;
  readonly spec: Omit<S, keyof ArenaSpec>;
  readonly scalars: Optimizer['scalars'];
  /** Makes one from other options. */
  readonly make: (options: never) => Optimizer;
}

/** An optimiser that treats every number alike: one launch over its arenas. */
export function arenaOptimizer<S extends DecaySpec>({ name, options, slots, family, spec, scalars, make }: ArenaOptimizer<S>): Optimizer {
  return {
    name, options, lr: options.lr, slots, scalars,
    requests: ({ parameters, gradients, slots: moments, step, clip, clipReads, lossScale }) => [{
      family, spec: { ...spec, count: parameters.shape[0]!, ...(clip ? { clip } : {}), ...(lossScale ? { guarded: true } : {}) } as unknown as S,
      reads: { step, gradients, ...clipReads, ...(lossScale ? { lossScale } : {}) }, writes: {}, updates: { parameters, ...moments }, label: 'optimizer',
    } satisfies Request<S> as unknown as Request],
    with: (changes) => make({ ...options, ...definedOf(changes) } as never),
  };
}
