import { bringTiles } from '../../shaders/loaded-kernels.ts';
import { checkNumber, checkObject, checkOptionNames, OptionError, show } from '../errors.ts';
import { checkVariants } from '../ops/variants.ts';
import type { CompileOptions } from './compile.ts';
import { extraLaunches } from './extra-launches.ts';
import { chosenGroups } from './optimizers/parameter-groups.ts';
import type { Clip } from './optimizers/optimizer.ts';
import { penalised } from './regularization.ts';
import { checkSchedule } from './schedules/schedule.ts';
import type { Extras } from './step-engine.ts';
import { checkTune, Tuner } from './tuning/tuner.ts';

// What a training has beside a model, a loss and an optimiser: loaded by those who ask for something of it.

const OPTIONS: readonly (keyof CompileOptions)[] = [
  'device', 'loss', 'optimizer', 'groups', 'schedule', 'clipGradients', 'batchSize', 'seed', 'inputShape', 'inputType', 'inputClasses', 'frozen', 'regularization', 'accumulate', 'average', 'precision', 'lossScale', 'memoryBudget', 'metrics', 'diagnostics', 'fusion', 'longRun', 'tune', 'variants', 'onCompile',
  'alter',
];

function checkFlag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new OptionError('compile', `${name} to be true or false`, show(value));
  return value;
}

/** How compile takes a clip, checked. */
export function checkClip(clip: unknown): Clip {
  checkOptionNames('compile', clip as object, ['norm', 'value']);
  const entries = Object.entries(clip as object);
  if (entries.length !== 1) throw new OptionError('compile', 'clipGradients as { norm } or { value }', `${entries.length} of them`);
  const [[name, value]] = entries as [[string, unknown]];
  checkNumber('compile', `clipGradients.${name}`, value, { above: 0, float32: true });
  return { [name]: value } as unknown as Clip;
}

/** Refuses options that compile does not have. */
export function checkNames(options: CompileOptions): void {
  checkOptionNames('compile', options, OPTIONS);
}

/** What compile's further options ask for, or an OptionError. The device and the optimiser are checked already. */
export async function extrasOf(options: CompileOptions): Promise<Extras> {
  const { device, optimizer, groups, schedule, clipGradients, frozen = [], regularization, accumulate = 1, average, precision, lossScale, memoryBudget, diagnostics = false, fusion = true, tune = false, longRun = false, variants = {}, onCompile, alter } = options;
  const chosen = groups === undefined ? undefined : chosenGroups(optimizer, groups);
  if (schedule !== undefined) checkSchedule('compile', schedule);
  const clip = clipGradients === undefined ? undefined : checkClip(clipGradients);
  if (onCompile !== undefined && typeof onCompile !== 'function') throw new OptionError('compile', 'onCompile to be a function', show(onCompile));
  if (alter !== undefined && typeof alter !== 'function') throw new OptionError('compile', 'alter to be a function', show(alter));
  if (!Array.isArray(frozen) || frozen.some((name) => typeof name !== 'string')) throw new OptionError('compile', 'frozen as a list of names', show(frozen));
  const penalties = regularization === undefined ? undefined : penalised('compile', regularization);
  checkVariants('compile', variants);
  // Whatever the device's class, all kernels may be forced or compete.
  if (Object.keys(variants).length > 0 || tune !== false) bringTiles((await import('../../shaders/tile-kernels.ts')).tileKernels);
  checkNumber('compile', 'accumulate', accumulate, { integer: true, min: 1, max: 65_536 });
  if (memoryBudget !== undefined) checkNumber('compile', 'memoryBudget', memoryBudget, { integer: true, min: 1 });
  if (average !== undefined) {
    checkObject('compile', 'average as { decay: 0.999 }', average);
    checkOptionNames('compile', average, ['decay']);
    checkNumber('compile', 'average.decay', average.decay, { min: 0, below: 1 });
  }
  // Only who computes in mixed precision loads it.
  const mixed = precision === undefined && lossScale === undefined ? undefined : (await import('./mixed-precision.ts')).mixedPrecision(device, precision, lossScale);
  const tuned = checkTune(tune);
  // Now: at the first report it would hold up the reports of a training under way.
  const diagnose = checkFlag('diagnostics', diagnostics) ? (await import('./diagnostics.ts')).readDiagnostics : undefined;
  return {
    launches: extraLaunches, diagnose, groups: chosen, schedule, clip, frozen: [...frozen], penalised: penalties, accumulate, averageDecay: average?.decay, memoryBudget, mixed, onCompile, alter,
    tuner: tuned && new Tuner(tuned), diagnostics, fusion: checkFlag('fusion', fusion), longRun: checkFlag('longRun', longRun), variants,
  };
}
