import { checkNumber, checkObject, checkOptionNames, OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Snapshot } from '../program/graph.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { calibrate } from './calibrate.ts';
import { checkInWorkers } from './check-in-workers.ts';
import { aborted, checkCoverage, checkSteps } from './check-snapshot.ts';
import type { Progress } from './check-snapshot.ts';
import type { CoverageWish } from './coverage.ts';
import type { Proofs } from './point.ts';
import { Report } from './report.ts';
import type { CalibrationNote } from './report-data.ts';

/** Examples to check the gradients at. */
export interface CheckBatch {
  readonly inputs: Float32Array | Uint32Array;
  readonly targets: Float32Array | Uint32Array;
}

/** Whatever can leave a snapshot of one forward and backward pass: a trainer. */
export interface Checkable {
  snapshot(options?: { batch?: CheckBatch; batchSize?: number }): Promise<Snapshot>;
  /** Where it runs: its functions' errors are then measured, once, and tolerances computed from them. */
  readonly device?: Device;
}

export interface CheckOptions {
  /** The examples to check at. Default: the trainer's choice. */
  readonly batch?: CheckBatch;
  /** How many examples the trainer shall take from its data. */
  readonly batchSize?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the check with an error whose code is `aborted`. */
  readonly signal?: AbortSignal;
  /** Whether to compute in a worker. Default: where there are workers, and one starts. */
  readonly worker?: boolean;
  /**
   * Exactly how many workers share the work, from 1 to 16; the report is the same for any number but for `seconds`. Default:
   * one for each core besides this thread's, at most 4, where the work is worth it; else one.
   */
  readonly workers?: number;
  /**
   * How forward code certifies the float64 reference: by a finite difference of every element, or along Gaussian directions
   * and at some elements. Every element of the GPU is compared with that reference in any case. Default `auto`: every element
   * of as many tensors as some 5 s allow, cheapest first; the report says what was done.
   */
  readonly coverage?: CoverageWish;
  /** Largest errors of the builtins on this adapter. Default: measured on the trainer's device; without one, what WGSL promises. */
  readonly builtins?: BuiltinErrors;
  /**
   * Proofs of your own ops by their names, beside the library's. Functions can't go to a worker: with them the check runs in
   * this thread, in slices between which other tasks run.
   */
  readonly proofs?: Proofs;
}

/**
 * Proves the gradients of a net at its present parameters: runs one forward and backward pass on the GPU and compares
 * every element of every gradient with a float64 reference on the CPU, which forward code alone certifies.
 * Throws OptionError for bad options, DataError where values are not finite, and an error with code `aborted` after
 * `signal`.
 */
export async function checkGradients(trainer: Checkable, options: CheckOptions = {}): Promise<Report> {
  const who = 'checkGradients';
  checkOptionNames(who, options, ['batch', 'batchSize', 'onProgress', 'signal', 'worker', 'workers', 'coverage', 'builtins', 'proofs']);
  const { batch, batchSize, signal, worker, workers, coverage, proofs } = options;
  if (batchSize !== undefined) checkNumber(who, 'batchSize', batchSize, { min: 1, integer: true });
  if (batch !== undefined && batchSize !== undefined) throw new OptionError(who, 'batch or batchSize', 'both');
  if (worker !== undefined && typeof worker !== 'boolean') throw new OptionError(who, 'worker to be true or false', show(worker));
  if (worker && typeof Worker === 'undefined') throw new OptionError(who, 'worker: false where there are no workers', 'worker: true');
  if (proofs !== undefined) checkObject(who, 'proofs as an object of proofs by op', proofs);
  if (proofs && (worker || workers !== undefined)) throw new OptionError(who, 'no worker with proofs of your own', 'both', 'A worker has only the library\'s proofs.');
  if (workers !== undefined) checkNumber(who, 'workers', workers, { min: 1, max: 16, integer: true });
  checkCoverage(who, coverage);
  if (signal?.aborted) throw aborted(who);
  options.onProgress?.({ phase: 'snapshot', checked: 0, total: 0, tensor: '' });
  if (signal?.aborted) throw aborted(who);
  const snapshot = await trainer.snapshot({ ...(batch ? { batch } : {}), ...(batchSize !== undefined ? { batchSize } : {}) });
  if (signal?.aborted) throw aborted(who);
  const calibration = options.builtins || !trainer.device ? undefined : await calibrate(trainer.device);
  if (signal?.aborted) throw aborted(who);
  const calibrated = calibration ? { ...options, builtins: calibration.builtins } : options;
  const inWorker = !proofs && (worker ?? typeof Worker !== 'undefined') ? await checkInWorkers(snapshot, { ...calibrated, asked: worker }) : undefined;
  const report = inWorker ?? await checkInSlices(snapshot, calibrated);
  return calibration ? new Report({ ...report, calibration: noteOf(calibration) }) : report;
}

/** What a report tells of a calibration. */
export function noteOf({ adapter, browser, builtins, beyondPromise }: CalibrationNote): CalibrationNote {
  return { adapter, browser, builtins, beyondPromise };
}

/** In this thread, which stays responsive: other tasks run between the slices. */
async function checkInSlices(snapshot: Snapshot, { onProgress, signal, builtins, coverage, proofs }: CheckOptions): Promise<Report> {
  const steps = checkSteps(snapshot, { builtins, coverage, proofs });
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    onProgress?.(step.value);
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
    if (signal?.aborted) throw aborted('checkGradients');
  }
}
