import type { TensorReport, Verdict } from './verdict.ts';

/** The objective: for a net, its loss. */
export interface ObjectiveReport {
  readonly gpu: number;
  readonly reference: number;
}

/** All that a check found, as plain data: it may be posted from a worker. */
export interface ReportData {
  readonly verdict: Verdict;
  /** Where the gradients were computed, for people. */
  readonly adapter: string;
  /** Elements whose verdict is known: passed or failed. */
  readonly checked: number;
  /** Elements of all gradients of the snapshot. */
  readonly total: number;
  /** Elements within tolerance: among them those below noise, which each tensor counts. */
  readonly proven: number;
  /** Gradients, in the order of the graph. */
  readonly tensors: readonly TensorReport[];
  /** Forward values that the snapshot holds, compared with the reference. */
  readonly values: readonly TensorReport[];
  readonly objective: ObjectiveReport;
  /** Disagreements between the fast and the slow reference: faults of the proof itself. */
  readonly faults: readonly string[];
  /** The backward pass that made the first wrong gradient, as far as the gradients tell. */
  readonly blame?: string;
  readonly seconds: number;
}

/** The verdict on all: the worst of its parts; green only where something was proven. */
export function overallVerdict(tensors: readonly TensorReport[], values: readonly TensorReport[], faults: readonly string[]): Verdict {
  // A forward value may well be all zero: only a gradient must have something to check.
  const all = [...tensors, ...values.filter((value) => value.verdict !== 'nothing-to-check')];
  const wrong = all.filter(({ verdict }) => verdict === 'fail' || verdict === 'unwritten');
  if (wrong.length > 0) return wrong.every(({ verdict }) => verdict === 'unwritten') ? 'unwritten' : 'fail';
  if (faults.length > 0 || all.some(({ verdict }) => verdict === 'reference-suspect')) return 'reference-suspect';
  if (tensors.length === 0 || tensors.some(({ verdict }) => verdict === 'nothing-to-check')) return 'nothing-to-check';
  if (tensors.every(({ verdict }) => verdict === 'below-noise')) return 'below-noise';
  return all.some(({ verdict }) => verdict === 'kink') ? 'kink' : 'pass';
}

/** Whether a verdict is a proof. */
export function isProof(verdict: Verdict): boolean {
  return verdict === 'pass' || verdict === 'kink';
}
