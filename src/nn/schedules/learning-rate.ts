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

  /** Goes on from a rate and a schedule's state. */
  restore(base: number, state: ScheduleState | undefined): void {
    this.#base = base;
    this.#state = state;
  }
}
