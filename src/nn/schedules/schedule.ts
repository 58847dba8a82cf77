import { checkNumber, checkOptionNames, OptionError, show } from '../../errors.ts';

/** What a schedule that follows a metric remembers: plain data, saved with the trainer. */
export type ScheduleState = Readonly<Record<string, number>> | readonly (ScheduleState | null)[];

/** How the learning rate changes while training goes on. Plain functions of the time: nothing is remembered, but by reduceOnPlateau. */
export interface Schedule {
  readonly name: string;
  /** What time counts: steps of the optimiser, or epochs of `fit`. `perEpoch` changes it. */
  readonly per: 'step' | 'epoch';
  /** The learning rate at time t (the first step or epoch is 0), where the optimiser's own is `lr`. ≥ 0. */
  at(time: number, lr: number, state?: ScheduleState): number;
  /** Whether it asks nothing of the time, because it follows a metric alone: then `per` is whatever others count. */
  readonly timeless?: true;
  /** The state at the start, where it follows a metric. */
  readonly start?: () => ScheduleState;
  /** The state after an epoch with this metric (a loss). */
  observe?(state: ScheduleState, metric: number, lr: number): ScheduleState;
}

/** Number options with their rules, all checked; one without default is needed. */
export function readNumbers<K extends string>(
  who: string, options: object, rules: Readonly<Record<K, { readonly default?: number } & NonNullable<Parameters<typeof checkNumber>[3]>>>, more: readonly string[] = [],
): Record<K, number> {
  checkOptionNames(who, options, [...Object.keys(rules), ...more]);
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => {
    const { default: byDefault, ...range } = rule as { default?: number };
    return [name, checkNumber(who, name, (options as Record<string, unknown>)[name] ?? byDefault, range)];
  })) as Record<K, number>;
}

/** An option that is one of a few words. */
export function readWord<W extends string>(who: string, name: string, value: unknown, words: readonly [W, ...W[]]): W {
  const word = (value ?? words[0]) as W;
  if (!words.includes(word)) throw new OptionError(who, `${name} among ${words.join(', ')}`, show(value));
  return word;
}

export function checkSchedule(who: string, value: unknown): asserts value is Schedule {
  const { at, per } = (value ?? {}) as Partial<Schedule>;
  if (typeof at !== 'function' || (per !== 'step' && per !== 'epoch')) throw new OptionError(who, 'a schedule such as schedules.cosine({ totalSteps: 1000 })', show(value));
}
