import { ChainruleError, checkNumber, DataError, show } from '../../errors.ts';
import type { Grouping } from '../optimizers/groups.ts';
import type { Progress } from '../progress.ts';
import type { Schedule, ScheduleState } from './schedule.ts';

/** The learning rate of a training: the optimiser's, as it is set, or as a schedule makes it. */
export class LearningRate {
  /** Without a schedule the rate itself, with one what it starts from. */
  #base: number;
  #state: ScheduleState | undefined;
  readonly #schedule: Schedule | undefined;
  readonly #grouping: Grouping;
  readonly #progress: Progress;

  constructor(grouping: Grouping, schedule: Schedule | undefined, progress: Progress) {
    this.#grouping = grouping;
    this.#schedule = schedule;
    this.#progress = progress;
    this.#base = grouping.main.lr;
    this.#state = schedule?.start?.();
  }

  get base(): number {
    return this.#base;
  }

  get state(): ScheduleState | undefined {
    return this.#state;
  }

  /** Of the next step. */
  get now(): number {
    if (!this.#schedule) return this.#base;
    const { optimizerStep, epoch } = this.#progress;
    return this.#schedule.at(this.#schedule.per === 'step' ? optimizerStep : epoch, this.#base, this.#state);
  }

  set(value: number): void {
    checkNumber('trainer', 'lr', value, { above: 0, float32: true });
    if (this.#schedule) {
      throw new ChainruleError('state', 'trainer', 'no schedule where lr is set by hand', `the schedule ${this.#schedule.name}`, 'Compile without schedule, or with one that does what you want.');
    }
    this.#base = value;
  }

  /** What the optimisers need for the next step. */
  scalars(): readonly (readonly number[])[] {
    return this.#grouping.scalars(this.#progress.optimizerStep + 1, this.now);
  }

  /** Tells a schedule that follows a metric how an epoch was. */
  observe(metric: number): void {
    if (!Number.isFinite(metric)) throw new DataError('observe', 'a finite number', show(metric));
    if (this.#state !== undefined) this.#state = this.#schedule!.observe!(this.#state, metric, this.#base);
  }

  /** Checks what a state says; the function that it returns takes it over. */
  loading(base: number, state: ScheduleState | undefined): () => void {
    checkNumber('load', 'lr', base, { above: 0, float32: true });
    const fresh = this.#schedule?.start?.();
    if (state !== undefined && !sameForm(fresh, state)) {
      throw new DataError('load', `the state of ${fresh === undefined ? 'no schedule' : `the schedule ${this.#schedule!.name}`}`, show(state), 'Compile with the schedule that it was saved from, or leave schedule out of the state.');
    }
    return () => {
      this.#base = base;
      this.#state = state ?? fresh;
    };
  }
}

/** Whether two states have the same numbers in the same places. */
function sameForm(a: unknown, b: unknown): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return typeof a === typeof b && (typeof b !== 'number' || Number.isFinite(b)) && (a === null) === (b === null);
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return Array.isArray(a) === Array.isArray(b) && x.length === y.length && x.every(([name, value]) => Object.hasOwn(b, name) && sameForm(value, (b as Record<string, unknown>)[name]));
}
