import { ChainruleError, checkOptionNames } from '../errors.ts';
import { sizeOf } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import { proofs as allProofs } from '../proof/index.ts';
import { DEFAULT_ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors, Rounding } from '../reference/rounding.ts';
import { analyticGradients, gradientOf } from './analytic.ts';
import { blame } from './blame.ts';
import { differences } from './differences.ts';
import { nudger } from './nudge.ts';
import { checkConsistent, evaluate } from './point.ts';
import type { Point, Proofs } from './point.ts';
import { Report } from './report.ts';
import { overallVerdict } from './report-data.ts';
import { barLimits, judge } from './verdict.ts';
import type { TensorReport } from './verdict.ts';

/** How far a check has come, in elements. */
export interface Progress {
  readonly checked: number;
  readonly total: number;
  /** The tensor that is being checked. */
  readonly tensor: string;
}

export interface SnapshotCheckOptions {
  /** Largest errors of the builtins on this adapter. Default: what WGSL promises. */
  readonly builtins?: BuiltinErrors;
  /** Proofs by op name. Default: those of every op of the library. */
  readonly proofs?: Proofs;
  /** Called now and then while the check runs. */
  readonly onProgress?: (progress: Progress) => void;
  /** Asked now and then: true ends the check with an error whose code is `aborted`. */
  readonly cancelled?: () => boolean;
}

/**
 * Compares every gradient of a snapshot, element by element, with the float64 reference: the analytic gradient, itself
 * certified by finite differences. Runs to its end in this thread.
 * Throws DataError for a snapshot that does not fit its graph or holds values that are not finite, and a ChainruleError
 * with code `aborted` where `cancelled` says so.
 */
export function checkSnapshot(snapshot: Snapshot, options: SnapshotCheckOptions = {}): Report {
  checkOptionNames('checkSnapshot', options, ['builtins', 'proofs', 'onProgress', 'cancelled']);
  const steps = checkSteps(snapshot, options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    options.onProgress?.(step.value);
    if (options.cancelled?.()) throw aborted('checkSnapshot');
  }
}

export function aborted(who: string): ChainruleError {
  return new ChainruleError('aborted', who, 'to run to its end', 'an abort');
}

/** The check in slices of some 20 ms, with the progress between them. */
export function* checkSteps(snapshot: Snapshot, options: SnapshotCheckOptions): Generator<Progress, Report> {
  const started = performance.now();
  const proofs = options.proofs ?? allProofs;
  const rounding: Rounding = { ...DEFAULT_ROUNDING, builtins: options.builtins ?? DEFAULT_ROUNDING.builtins };
  checkConsistent(snapshot);
  const { graph } = snapshot;
  const ids = Object.keys(snapshot.gradients).map(Number).sort((a, b) => a - b);
  const total = ids.reduce((sum, id) => sum + sizeOf(graph.tensors[id].shape), 0);
  const point = evaluate(snapshot, rounding, proofs);
  const analytic = analyticGradients(snapshot, point, rounding, proofs);
  // Without branches there is no kink to be uncertain about.
  const firm = point.branches.some(Boolean) ? analyticGradients(snapshot, point, { ...rounding, kinkWidth: 0 }, proofs) : analytic;
  const nudge = nudger(snapshot, point, rounding, proofs);
  const tensors: TensorReport[] = [];
  const faults: string[] = [];
  let checked = 0;
  for (const id of ids) {
    const { name, shape } = graph.tensors[id];
    yield { checked, total, tensor: name };
    const reference = gradientOf(analytic, snapshot, id);
    const firmVariance = gradientOf(firm, snapshot, id).variance;
    const { value } = point.tensors[id];
    faults.push(...compareSome(nudge, id, value));
    const limits = barLimits(reference.value, firmVariance);
    const search = differences(nudge, id, value, limits);
    let step = search.next();
    while (!step.done) {
      yield { checked: checked + step.value, total, tensor: name };
      step = search.next();
    }
    checked += value.length;
    tensors.push(judge({
      id, name, shape, gpu: snapshot.gradients[id], reference: reference.value, variance: reference.variance, firmVariance, differences: step.value,
    }));
  }
  yield { checked, total, tensor: '' };
  const values = judgeValues(snapshot, point);
  return new Report({
    verdict: overallVerdict(tensors, values, faults),
    adapter: snapshot.adapter,
    checked: tensors.reduce((sum, { count, suspect }) => sum + count - suspect, 0),
    total,
    proven: tensors.reduce((sum, { passed }) => sum + passed, 0),
    tensors,
    values,
    objective: objectives(snapshot, point),
    faults,
    blame: blame(snapshot, tensors),
    seconds: (performance.now() - started) / 1000,
  });
}

/** Compares the fast re-evaluation with the slow one where an element of a tensor stands first, last and in between. */
function compareSome(nudge: ReturnType<typeof nudger>, id: number, value: Float64Array): string[] {
  nudge.select(id);
  const n = value.length;
  const picks = new Set([0, n - 1, Math.floor(n * 0.381966), Math.floor(n * 0.763932)].filter((i) => i >= 0 && i < n));
  for (const element of picks) {
    const fault = nudge.compare(element, 1e-3 * (Math.abs(value[element]) || 1));
    if (fault) return [fault];
  }
  return [];
}

/** Forward values on the GPU against the reference: a wrong value explains a wrong gradient. */
function judgeValues(snapshot: Snapshot, point: Point): TensorReport[] {
  return Object.entries(snapshot.computed).map(([key, gpu]) => {
    const id = Number(key);
    const { value, variance } = point.tensors[id];
    const { name, shape } = snapshot.graph.tensors[id];
    return judge({ id, name, shape, gpu, reference: value, variance, firmVariance: variance });
  });
}

function objectives(snapshot: Snapshot, point: Point): { gpu: number; reference: number } {
  let gpu = 0;
  let reference = 0;
  for (const { tensor, cotangent } of snapshot.seeds) {
    const values = snapshot.computed[tensor];
    cotangent.forEach((factor, i) => {
      gpu += factor * (values?.[i] ?? NaN);
      reference += factor * point.tensors[tensor].value[i];
    });
  }
  return { gpu, reference };
}
