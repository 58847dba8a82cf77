import { checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import type { OnStep } from '../nn/step-watch.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { checkGradients } from './check-gradients.ts';
import { GradientError } from './gradient-error.ts';
import type { Report } from './report.ts';
import type { Verdict } from './verdict.ts';

export interface VerifyOptions {
  /** Elements of each gradient whose finite differences certify the reference, drawn anew for each check. Default 4. */
  readonly elements?: number;
  /** Examples of a check, at most the step's own. Default all of them: then it runs the very program that trains. */
  readonly batchSize?: number;
  /** Decides which elements are drawn: an integer ≥ 0. Default 0. */
  readonly seed?: number;
  /** Whether to compute in a worker. Default: where there are workers, and one starts. */
  readonly worker?: boolean;
  /** Largest errors of the builtins on this adapter. Default: measured on the trainer's device. */
  readonly builtins?: BuiltinErrors;
  /**
   * Called with every report, also with those that stop nothing because there was nothing to check. Without it such a
   * check, which proves nothing, is told on the console: the first of each kind.
   */
  readonly onReport?: (report: Report, step: number) => void;
}

/** Verdicts that stop no training although nothing is proven, and what they mean. */
const SILENT: Partial<Record<Verdict, string>> = {
  'nothing-to-check': 'a gradient is all zero, so it could not be told from one that is never computed',
  'below-noise': 'all gradients are smaller than their rounding noise',
  'reference-suspect': 'the two witnesses of the reference disagree, which says nothing about the GPU',
};

/**
 * An `onStep` for `fit` that proves gradients while the net trains: every `steps` steps it takes one snapshot between two
 * steps (the program that trains, run once more) and compares every element of every gradient with the analytic float64
 * reference, which finite differences certify at a few random elements of each tensor. That is computed while training goes
 * on; a check that is still busy when the next one is due delays it.
 *
 * Where a gradient is wrong, fit rejects with a GradientError (code `gradients`) that carries the report. Training itself is
 * untouched: its weights are the same bits as without. A check takes the examples of the step that comes next, so later checks
 * see other ones. To do more in `onStep`, call what this returns and return its promise.
 */
export function verifyEvery(steps: number, options: VerifyOptions = {}): OnStep {
  const who = 'verifyEvery';
  checkNumber(who, 'steps', steps, { integer: true, min: 1 });
  checkOptionNames(who, options, ['elements', 'batchSize', 'seed', 'worker', 'builtins', 'onReport']);
  const { elements = 4, batchSize, seed = 0, worker, builtins, onReport } = options;
  checkNumber(who, 'elements', elements, { integer: true, min: 1 });
  checkNumber(who, 'seed', seed, { integer: true, min: 0 });
  if (batchSize !== undefined) checkNumber(who, 'batchSize', batchSize, { integer: true, min: 1 });
  if (worker !== undefined && typeof worker !== 'boolean') throw new OptionError(who, 'worker to be true or false', show(worker));
  if (onReport !== undefined && typeof onReport !== 'function') throw new OptionError(who, 'onReport to be a function', show(onReport));
  /** How many times `steps` steps had passed when the last check began. */
  let begun: number | undefined;
  let busy = false;
  let checks = 0;
  const told = new Set<Verdict>();
  return ({ step }, training) => {
    begun ??= Math.floor((step - 1) / steps);
    const due = Math.floor(step / steps);
    if (busy || due <= begun) return undefined;
    begun = due;
    busy = true;
    checks += 1;
    const check = async (): Promise<void> => {
      const subject = { device: training.device, snapshot: () => training.snapshot(batchSize === undefined ? {} : { batchSize }) };
      const report = await checkGradients(subject, {
        coverage: { elements, seed: seed + checks }, signal: training.signal,
        ...(worker === undefined ? {} : { worker }), ...(builtins ? { builtins } : {}),
      });
      if (onReport) onReport(report, step);
      else if (Object.hasOwn(SILENT, report.verdict) && !told.has(report.verdict)) {
        told.add(report.verdict);
        console.warn(`verifyEvery: the check after step ${step} proved nothing (${report.verdict}): ${SILENT[report.verdict]!}. Training goes on; pass onReport to see every report. This is said once.`);
      }
      if (report.verdict === 'fail' || report.verdict === 'unwritten') {
        throw new GradientError('verifyEvery', `right gradients after step ${step}`, report, 'Training was stopped there; its weights are those of the last step.');
      }
    };
    return check().finally(() => { busy = false; });
  };
}
