import { OptionError, show } from '../../errors.ts';
import { sizeOf, type Shape, type Tensor } from '../../ops/tensor.ts';
import { ALIGNMENT, bytesOf, type Placement } from '../../program/memory.ts';
import type { ProgramPlan } from '../../program/plan.ts';
import type { Optimizer } from './optimizer.ts';

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

/** Which parameters are optimised otherwise: `parameter-groups.ts` makes it, which only those load who have groups. */
export interface ChosenGroups {
  /** The optimiser of each group. */
  readonly optimizers: readonly Optimizer[];
  /** The group of a parameter; undefined where it is in none. */
  groupOf(name: string, shape: Shape): number | undefined;
  /** Refuses a group that names what the model does not have. */
  check(names: readonly string[]): void;
}

/** Which optimiser each parameter has. Parameters of one part lie side by side in the arenas, so that a part is one launch. */
export class Grouping {
  /** The optimiser of those in no group. */
  readonly main: Optimizer;
  /** One for each part. */
  readonly optimizers: readonly Optimizer[];
  readonly #groups: ChosenGroups | undefined;
  /** The first part of each group, the main one before them. */
  readonly #starts: readonly number[];

  constructor(main: Optimizer, groups?: ChosenGroups) {
    this.main = main;
    this.#groups = groups;
    const optimizers: Optimizer[] = [];
    this.#starts = [main, ...groups?.optimizers ?? []].map((optimizer) => {
      optimizers.push(optimizer, ...(optimizer.others ? [optimizer.others] : []));
      return optimizers.length - (optimizer.others ? 2 : 1);
    });
    this.optimizers = optimizers;
  }

  /** A parameter's part: parameters stand in the arenas in the order of their parts. */
  readonly partOf = (name: string, shape: Shape): number => {
    const part = this.#starts[(this.#groups?.groupOf(name, shape) ?? -1) + 1]!;
    const { takes: suits } = this.optimizers[part]!;
    return suits && !suits(shape) ? part + 1 : part;
  };

  /** Refuses a group that names what the model does not have. */
  check(names: readonly string[]): void {
    this.#groups?.check(names);
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
