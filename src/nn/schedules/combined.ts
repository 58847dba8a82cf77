import { OptionError, show } from '../../errors.ts';
import { checkMilestones } from './closed-forms.ts';
import { checkSchedule, readNumbers, readWord, type Schedule, type ScheduleState } from './schedule.ts';

/** The same schedule by epochs of `fit` instead of steps: perEpoch(step({ stepSize: 10 })). */
export function perEpoch(schedule: Schedule): Schedule {
  checkSchedule('schedules.perEpoch', schedule);
  return { ...schedule, per: 'epoch' };
}

interface PlateauState extends Readonly<Record<string, number>> {
  readonly best: number;
  readonly badEpochs: number;
  readonly cooldown: number;
  /** What the learning rate is multiplied by. */
  readonly scale: number;
}

export interface PlateauOptions {
  /** Whether a smaller or a larger metric is better. Default min. */
  readonly mode?: 'min' | 'max';
  /** What the rate is multiplied by, in (0, 1). Default 0.1. */
  readonly factor?: number;
  /** Epochs without improvement that it waits for. Default 10. */
  readonly patience?: number;
  /** How much better counts. Default 1e-4. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best metric or an amount. Default rel. */
  readonly thresholdMode?: 'rel' | 'abs';
  /** Epochs after a reduction that don't count. Default 0. */
  readonly cooldown?: number;
  /** Default 0. */
  readonly minLr?: number;
  /** A smaller reduction is left out. Default 1e-8. */
  readonly eps?: number;
}

/**
 * Lowers the rate when a metric no longer improves (ReduceLROnPlateau). `fit` gives it the validation loss after each epoch, or
 * without validation the epoch's training loss; who trains by `step` calls `trainer.observe(metric)`. Its state is saved with the trainer.
 */
export function reduceOnPlateau(options: PlateauOptions = {}): Schedule {
  const who = 'schedules.reduceOnPlateau';
  const { factor, patience, threshold, cooldown, minLr, eps } = readNumbers(who, options, {
    factor: { default: 0.1, above: 0, below: 1 }, patience: { default: 10, integer: true, min: 0 }, threshold: { default: 1e-4, min: 0 },
    cooldown: { default: 0, integer: true, min: 0 }, minLr: { default: 0, min: 0 }, eps: { default: 1e-8, min: 0 },
  }, ['mode', 'thresholdMode']);
  const sign = readWord(who, 'mode', options.mode, ['min', 'max']) === 'min' ? -1 : 1;
  const relative = readWord(who, 'thresholdMode', options.thresholdMode, ['rel', 'abs']) === 'rel';
  const isBetter = (metric: number, best: number): boolean => {
    const bound = relative ? best * (1 + sign * threshold) : best + sign * threshold;
    return sign < 0 ? metric < bound : metric > bound;
  };
  return {
    name: 'reduceOnPlateau', per: 'epoch', timeless: true,
    start: (): PlateauState => ({ best: -sign * Number.MAX_VALUE, badEpochs: 0, cooldown: 0, scale: 1 }),
    at: (_, lr, state) => lr * ((state as PlateauState | undefined)?.scale ?? 1),
    observe: (before, metric, lr): PlateauState => {
      const { best, badEpochs, cooldown: waiting, scale } = before as PlateauState;
      // The first metric is always the best: no bound is made from a start that stands for none.
      const better = Math.abs(best) === Number.MAX_VALUE || isBetter(metric, best);
      const bad = waiting > 0 ? 0 : better ? 0 : badEpochs + 1;
      const now = { best: better ? metric : best, badEpochs: bad, cooldown: Math.max(0, waiting - 1), scale };
      if (bad <= patience) return now;
      const [old, reduced] = [lr * scale, Math.max(lr * scale * factor, Math.min(minLr, lr * scale))];
      return { ...now, badEpochs: 0, cooldown, scale: old - reduced > eps ? reduced / lr : scale };
    },
  };
}

function checkList(who: string, schedules: readonly Schedule[], least: number): void {
  if (!Array.isArray(schedules) || schedules.length < least) throw new OptionError(who, `a list of at least ${least} schedules`, show(schedules));
  for (const schedule of schedules) checkSchedule(who, schedule);
}

/** The state of several schedules: of those that have none, null. */
function states(schedules: readonly Schedule[]): Pick<Schedule, 'start' | 'observe'> {
  if (!schedules.some(({ start }) => start)) return {};
  return {
    start: () => schedules.map(({ start }) => start?.() ?? null),
    observe: (state, metric, lr) => schedules.map(({ observe }, index) => {
      const own = (state as readonly (ScheduleState | null)[])[index];
      return own && observe ? observe(own, metric, lr) : own ?? null;
    }),
  };
}

const stateOf = (state: ScheduleState | undefined, index: number): ScheduleState | undefined => (state as readonly (ScheduleState | null)[] | undefined)?.[index] ?? undefined;

/** All that take part must count the same time; one that follows a metric alone needs no time of its own. */
function timeOf(who: string, schedules: readonly Schedule[]): Schedule['per'] {
  const timed = schedules.filter(({ timeless }) => !timeless);
  const [first = { per: 'epoch' as const }] = timed;
  if (timed.some(({ per }) => per !== first.per)) throw new OptionError(who, 'schedules that all count steps, or all epochs', timed.map(({ name, per }) => `${name} per ${per}`).join(', '));
  return first.per;
}

/**
 * Each schedule changes what the one before it gives: a warm-up and a decay at once. For schedules that multiply the rate (all but
 * cosine with minLr, cosineWarmRestarts with minLr, and oneCycle) it is PyTorch's ChainedScheduler.
 */
export function chained(schedules: readonly Schedule[]): Schedule {
  const who = 'schedules.chained';
  checkList(who, schedules, 1);
  return {
    name: 'chained', per: timeOf(who, schedules), ...states(schedules), ...(schedules.every(({ timeless }) => timeless) ? { timeless: true } : {}),
    at: (time, lr, state) => schedules.reduce((rate, schedule, index) => schedule.at(time, rate, stateOf(state, index)), lr),
  };
}

/**
 * One schedule after the other: the next begins, at its own time 0, at each milestone (SequentialLR). One that follows a metric
 * follows it from the start; where all do, milestones are epochs.
 */
export function sequential(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  const who = 'schedules.sequential';
  checkList(who, schedules, 2);
  const ends = checkMilestones(who, milestones);
  if (ends.length !== schedules.length - 1) throw new OptionError(who, `one milestone between each two of ${schedules.length} schedules`, String(ends.length));
  return {
    name: 'sequential', per: timeOf(who, schedules), ...states(schedules),
    at: (time, lr, state) => {
      const index = ends.filter((end) => end <= time).length;
      return schedules[index]!.at(time - (index === 0 ? 0 : ends[index - 1]!), lr, stateOf(state, index));
    },
  };
}
