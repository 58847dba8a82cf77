import { OptionError, show } from '../../errors.ts';
import { readNumbers, readWord, type Schedule } from './schedule.ts';

// PyTorch's torch.optim.lr_scheduler in closed form. `t` below is the time: steps, or epochs with perEpoch.

const made = (name: string, at: Schedule['at']): Schedule => ({ name, per: 'step', at });
const steps = { integer: true, min: 1 } as const;

/** lr · factor until time totalSteps, then lr (PyTorch's ConstantLR). Defaults: 1/3 and 5. */
export function constant(options: { readonly factor?: number; readonly totalSteps?: number } = {}): Schedule {
  const { factor, totalSteps } = readNumbers('schedules.constant', options, { factor: { default: 1 / 3, min: 0, max: 1 }, totalSteps: { default: 5, ...steps } });
  return made('constant', (time, lr) => (time < totalSteps ? lr * factor : lr));
}

/** lr · gamma^⌊t / stepSize⌋ (StepLR). Default gamma 0.1. */
export function step(options: { readonly stepSize: number; readonly gamma?: number }): Schedule {
  const { stepSize, gamma } = readNumbers('schedules.step', options, { stepSize: steps, gamma: { default: 0.1, above: 0 } });
  return made('step', (time, lr) => lr * gamma ** Math.floor(time / stepSize));
}

/** lr · gamma^(milestones that are over), with milestones in ascending order (MultiStepLR). Default gamma 0.1. */
export function multiStep(options: { readonly milestones: readonly number[]; readonly gamma?: number }): Schedule {
  const { gamma } = readNumbers('schedules.multiStep', options, { gamma: { default: 0.1, above: 0 } }, ['milestones']);
  const milestones = checkMilestones('schedules.multiStep', options.milestones);
  return made('multiStep', (time, lr) => lr * gamma ** milestones.filter((milestone) => milestone <= time).length);
}

/** Times ≥ 1 in ascending order. */
export function checkMilestones(who: string, milestones: unknown): readonly number[] {
  const fits = Array.isArray(milestones) && milestones.length > 0 && milestones.every((at, index) => Number.isSafeInteger(at) && at >= 1 && (index === 0 || at >= milestones[index - 1]));
  if (!fits) throw new OptionError(who, 'milestones as integers ≥ 1 in ascending order', show(milestones));
  return [...milestones as readonly number[]];
}

/** lr · gamma^t (ExponentialLR). */
export function exponential(options: { readonly gamma: number }): Schedule {
  const { gamma } = readNumbers('schedules.exponential', options, { gamma: { above: 0 } });
  return made('exponential', (time, lr) => lr * gamma ** time);
}

/**
 * From lr to minLr along half a cosine in totalSteps: minLr + (lr - minLr)(1 + cos(π t / totalSteps)) / 2 (CosineAnnealingLR;
 * Loshchilov and Hutter 2017). Beyond totalSteps it rises again, as PyTorch's does. Default minLr 0.
 */
export function cosine(options: { readonly totalSteps: number; readonly minLr?: number }): Schedule {
  const { totalSteps, minLr } = readNumbers('schedules.cosine', options, { totalSteps: steps, minLr: { default: 0, min: 0 } });
  return made('cosine', (time, lr) => minLr + (lr - minLr) * (1 + Math.cos(Math.PI * time / totalSteps)) / 2);
}

/**
 * Cosines one after the other, each from lr to minLr: the first takes firstSteps, every further one `factor` times as long
 * as the one before (CosineAnnealingWarmRestarts; Loshchilov and Hutter 2017). Defaults: factor 1, minLr 0.
 */
export function cosineWarmRestarts(options: { readonly firstSteps: number; readonly factor?: number; readonly minLr?: number }): Schedule {
  const { firstSteps, factor, minLr } = readNumbers('schedules.cosineWarmRestarts', options, { firstSteps: steps, factor: { default: 1, ...steps }, minLr: { default: 0, min: 0 } });
  return made('cosineWarmRestarts', (time, lr) => {
    let [start, length] = [0, firstSteps];
    if (factor === 1) start = Math.floor(time / length) * length;
    else for (; time >= start + length; length *= factor) start += length;
    return minLr + (lr - minLr) * (1 + Math.cos(Math.PI * (time - start) / length)) / 2;
  });
}

/**
 * lr · factor, with the factor going in a straight line from startFactor to endFactor in totalSteps and staying there (LinearLR): a warm-up
 * with the defaults 1/3, 1 and 5.
 */
export function linear(options: { readonly startFactor?: number; readonly endFactor?: number; readonly totalSteps?: number } = {}): Schedule {
  const { startFactor, endFactor, totalSteps } = readNumbers('schedules.linear', options, {
    startFactor: { default: 1 / 3, above: 0, max: 1 }, endFactor: { default: 1, min: 0, max: 1 }, totalSteps: { default: 5, ...steps },
  });
  return made('linear', (time, lr) => lr * (startFactor + (endFactor - startFactor) * Math.min(time, totalSteps) / totalSteps));
}

/** lr · (1 - t / totalSteps)^power, and 0 from totalSteps on (PolynomialLR). Defaults: 5 and 1. */
export function polynomial(options: { readonly totalSteps?: number; readonly power?: number } = {}): Schedule {
  const { totalSteps, power } = readNumbers('schedules.polynomial', options, { totalSteps: { default: 5, ...steps }, power: { default: 1, above: 0 } });
  return made('polynomial', (time, lr) => lr * (1 - Math.min(time, totalSteps) / totalSteps) ** power);
}

export interface OneCycleOptions {
  /** The highest rate, > 0; the optimiser's own lr does not count. */
  readonly maxLr: number;
  readonly totalSteps: number;
  /** The share of the steps in which the rate rises. Default 0.3. */
  readonly pctStart?: number;
  /** It starts at maxLr / divFactor. Default 25. */
  readonly divFactor?: number;
  /** It ends at (maxLr / divFactor) / finalDivFactor. Default 1e4. */
  readonly finalDivFactor?: number;
  /** How it goes from one to the other. Default cosine. */
  readonly annealing?: 'cosine' | 'linear';
  /** Whether it first falls to where it started, as fast as it rose. Default false. */
  readonly threePhase?: boolean;
}

/**
 * Up to maxLr and down to almost 0 (OneCycleLR; Smith and Topin 2018). Momentum stays as it is (PyTorch's cycleMomentum: false).
 * From totalSteps on it stays where it ended.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const who = 'schedules.oneCycle';
  const { maxLr, totalSteps, pctStart, divFactor, finalDivFactor } = readNumbers(who, options, {
    maxLr: { above: 0 }, totalSteps: steps, pctStart: { default: 0.3, min: 0, max: 1 }, divFactor: { default: 25, above: 0 }, finalDivFactor: { default: 1e4, above: 0 },
  }, ['annealing', 'threePhase']);
  const { threePhase = false } = options;
  if (typeof threePhase !== 'boolean') throw new OptionError(who, 'threePhase to be true or false', show(threePhase));
  const annealing = readWord(who, 'annealing', options.annealing, ['cosine', 'linear']);
  const start = maxLr / divFactor;
  const end = start / finalDivFactor;
  const top = pctStart * totalSteps - 1;
  const phases = threePhase
    ? [{ until: top, from: start, to: maxLr }, { until: 2 * top, from: maxLr, to: start }, { until: totalSteps - 1, from: start, to: end }]
    : [{ until: top, from: start, to: maxLr }, { until: totalSteps - 1, from: maxLr, to: end }];
  return made('oneCycle', (time) => {
    const now = Math.min(time, totalSteps - 1);
    const found = phases.findIndex(({ until }) => now <= until);
    const index = found < 0 ? phases.length - 1 : found;
    const { until, from, to } = phases[index]!;
    const since = index === 0 ? 0 : phases[index - 1]!.until;
    const share = until === since ? 1 : (now - since) / (until - since);
    return annealing === 'linear' ? from + (to - from) * share : to + (from - to) / 2 * (1 + Math.cos(Math.PI * share));
  });
}
