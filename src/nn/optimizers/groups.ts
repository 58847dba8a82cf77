import { checkOptionNames, OptionError, show } from '../../errors.ts';
import { sizeOf, type Shape, type Tensor } from '../../ops/tensor.ts';
import { ALIGNMENT, bytesOf, type Placement } from '../../program/memory.ts';
import type { ProgramPlan } from '../../program/plan.ts';
import { definedOf, type Optimizer } from './optimizer.ts';

/** Parameters that are optimised in their own way. */
export interface ParameterGroup {
  /**
   * By name (`0.bias`), layers with all that is in them (`encoder`), or a function that is asked for each parameter: `(name,
   * shape) => shape.length < 2` takes biases and scales. No parameter may be in two groups; those in none are optimised as compile's `optimizer` says.
   */
  readonly parameters: readonly string[] | ((name: string, shape: Shape) => boolean);
  /** The group's learning rate. A schedule, or setting `trainer.lr`, keeps its ratio to the optimiser's. */
  readonly lr?: number;
  readonly weightDecay?: number;
  /** Another optimiser for this group; then nothing else may be given. */
  readonly optimizer?: Optimizer;
  /** Any other option of the optimiser that takes its place in this group; one that is undefined is as compile's `optimizer` has it. */
  readonly [option: string]: unknown;
}

export function checkOptimizer(value: unknown): void {
  if (typeof (value as Optimizer | null)?.requests !== 'function') throw new OptionError('compile', 'an optimizer such as adam()', show(value));
}

/** A part of the arenas with one optimiser: `first` and `size` in elements, in multiples of 64. */
export interface ArenaPart {
  readonly index: number;
  readonly optimizer: Optimizer;
  readonly first: number;
  readonly size: number;
  readonly tensors: readonly { readonly name: string; readonly tensor: Tensor; readonly at: number }[];
}

/** Where a parameter's piece of an optimiser's state lies. */
export interface SlotPart extends Placement {
  readonly name: string;
  readonly shape: Shape;
}

/** The uniform of a part's scalars. The first part has the step's own. */
export const stepName = (part: number): string => (part === 0 ? 'step' : `step.${part}`);
export const slotName = (part: number, slot: string): string => (part === 0 ? `optimizer.${slot}` : `optimizer.${part}.${slot}`);

/** Which optimiser each parameter has. Parameters of one part lie side by side in the arenas, so that a part is one launch. */
export class Grouping {
  /** The optimiser of those in no group. */
  readonly main: Optimizer;
  /** One for each part. */
  readonly optimizers: readonly Optimizer[];
  readonly #groups: readonly ParameterGroup[];
  /** The first part of each group, the main one before them. */
  readonly #starts: readonly number[];

  constructor(main: Optimizer, groups: readonly ParameterGroup[] = []) {
    if (!Array.isArray(groups)) throw new OptionError('compile', 'groups as a list of { parameters, … }', show(groups));
    this.main = main;
    this.#groups = groups;
    const own = [main, ...groups.map((group: ParameterGroup | null): Optimizer => {
      const { parameters, optimizer, ...given } = group ?? ({} as ParameterGroup);
      const changes = definedOf(given);
      const isList = Array.isArray(parameters) && parameters.length > 0 && parameters.every((name) => typeof name === 'string');
      if (!isList && typeof parameters !== 'function') throw new OptionError('compile', 'parameters of each group as a list of names, or a function of name and shape', show(parameters));
      if (optimizer === undefined) return main.with(changes);
      checkOptimizer(optimizer);
      checkOptionNames('compile', { parameters, optimizer, ...changes }, ['parameters', 'optimizer']);
      return optimizer;
    })];
    const optimizers: Optimizer[] = [];
    this.#starts = own.map((optimizer) => {
      optimizers.push(optimizer, ...(optimizer.others ? [optimizer.others] : []));
      return optimizers.length - (optimizer.others ? 2 : 1);
    });
    this.optimizers = optimizers;
  }

  /** A parameter's part: parameters stand in the arenas in the order of their parts. */
  readonly partOf = (name: string, shape: Shape): number => {
    const takes = ({ parameters }: ParameterGroup): boolean => (typeof parameters === 'function'
      ? parameters(name, shape)
      : (parameters as readonly string[]).some((given) => name === given || name.startsWith(`${given}.`)));
    const mine = this.#groups.flatMap((group, index) => (takes(group) ? [index] : []));
    if (mine.length > 1) throw new OptionError('compile', 'each parameter to be in one group', `${name} in groups ${mine[0]} and ${mine[1]}`);
    const part = this.#starts[mine.length === 0 ? 0 : mine[0]! + 1]!;
    const { takes: suits } = this.optimizers[part]!;
    return suits && !suits(shape) ? part + 1 : part;
  };

  /** Refuses a group that names what the model does not have. */
  check(names: readonly string[]): void {
    for (const { parameters } of this.#groups) {
      if (typeof parameters === 'function') continue;
      const stranger = parameters.find((given) => !names.some((name) => name === given || name.startsWith(`${given}.`)));
      if (stranger !== undefined) {
        throw new OptionError('compile', `groups to name parameters or layers that have some (${names.slice(0, 6).join(', ')}${names.length > 6 ? ', …' : ''})`, show(stranger));
      }
    }
  }

  /** The scalars of each part at a step of the optimisers (from 1), where `lr` is the main one's learning rate. */
  scalars(step: number, lr: number): readonly (readonly number[])[] {
    return this.optimizers.map((optimizer) => optimizer.scalars(step, lr * (optimizer.lr / this.main.lr)));
  }

  /** The parts that hold something, by where parameters lie. A model that trains nothing has one empty part. */
  parts(parameters: readonly { readonly name: string; readonly tensor: Tensor }[], placements: ProgramPlan['placements']): ArenaPart[] {
    const trained = parameters.filter(({ tensor }) => !tensor.frozen);
    return this.optimizers.flatMap((optimizer, index): ArenaPart[] => {
      const tensors = trained.filter(({ tensor }) => (tensor.group ?? 0) === index)
        .map(({ name, tensor }) => ({ name, tensor, at: placements.get(tensor.id)!.offset / 4 }));
      if (tensors.length === 0) return [];
      const first = Math.min(...tensors.map(({ at }) => at));
      const end = Math.max(...tensors.map(({ tensor, at }) => at + sizeOf(tensor.shape)));
      return [{ index, optimizer, first, size: Math.ceil((end - first) * 4 / ALIGNMENT) * ALIGNMENT / 4, tensors }];
    });
  }

  /** The name of each trained parameter's optimiser. */
  names(parameters: readonly { readonly name: string; readonly tensor: Tensor }[]): Readonly<Record<string, string>> {
    return Object.fromEntries(parameters.flatMap(({ name, tensor }) => (tensor.frozen ? [] : [[name, this.optimizers[tensor.group ?? 0]!.name]])));
  }

  /** All optimiser state by parameter and slot: `0.weight.expAvg`. */
  slots(parameters: readonly { readonly name: string; readonly tensor: Tensor }[], placements: ProgramPlan['placements']): SlotPart[] {
    return this.parts(parameters, placements).flatMap(({ index, optimizer, first, tensors }) => optimizer.slots.flatMap((slot) =>
      tensors.map(({ name, tensor, at }): SlotPart => ({ name: `${name}.${slot}`, shape: tensor.shape, buffer: slotName(index, slot), offset: (at - first) * 4, bytes: bytesOf(tensor) }))));
  }
}
