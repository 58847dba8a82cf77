import { checkOptionNames, OptionError, show } from '../../errors.ts';
import type { Shape } from '../../ops/tensor.ts';
import { checkOptimizer, type ChosenGroups } from './groups.ts';
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

/** The groups that compile is given, checked: what they leave open is as `main` has it. */
export function chosenGroups(main: Optimizer, groups: readonly ParameterGroup[]): ChosenGroups {
  if (!Array.isArray(groups)) throw new OptionError('compile', 'groups as a list of { parameters, … }', show(groups));
  const optimizers = groups.map((group: ParameterGroup | null): Optimizer => {
    const { parameters, optimizer, ...given } = group ?? ({} as ParameterGroup);
    const changes = definedOf(given);
    const isList = Array.isArray(parameters) && parameters.length > 0 && parameters.every((name) => typeof name === 'string');
    if (!isList && typeof parameters !== 'function') throw new OptionError('compile', 'parameters of each group as a list of names, or a function of name and shape', show(parameters));
    if (optimizer === undefined) return main.with(changes);
    checkOptimizer(optimizer);
    checkOptionNames('compile', { parameters, optimizer, ...changes }, ['parameters', 'optimizer']);
    return optimizer;
  });
  const takes = ({ parameters }: ParameterGroup, name: string, shape: Shape): boolean => (typeof parameters === 'function'
    ? parameters(name, shape)
    : parameters.some((given) => name === given || name.startsWith(`${given}.`)));
  return {
    optimizers,
    groupOf: (name, shape) => {
      const mine = groups.flatMap((group, index) => (takes(group, name, shape) ? [index] : []));
      if (mine.length > 1) throw new OptionError('compile', 'each parameter to be in one group', `${name} in groups ${mine[0]} and ${mine[1]}`);
      return mine[0];
    },
    check: (names) => {
      for (const { parameters } of groups) {
        if (typeof parameters === 'function') continue;
        const stranger = parameters.find((given: string) => !names.some((name) => name === given || name.startsWith(`${given}.`)));
        if (stranger !== undefined) {
          throw new OptionError('compile', `groups to name parameters or layers that have some (${names.slice(0, 6).join(', ')}${names.length > 6 ? ', …' : ''})`, show(stranger));
        }
      }
    },
  };
}
