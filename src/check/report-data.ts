import type { Shape } from '../ops/tensor.ts';
import type { Meaning } from '../program/graph.ts';
import type { Symptom } from '../proof/proof.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { ElementReport, TensorReport, Verdict } from './verdict.ts';

/** The objective: for a net, its loss. */
export interface ObjectiveReport {
  readonly gpu: number;
  readonly reference: number;
}

/** One tensor that a launch wrote, compared with the reference. */
export interface LaunchOutputReport {
  /** The tensor's name; `d x` for a gradient, `d x by '0'` for what one node adds to it. */
  readonly name: string;
  readonly meaning: Meaning;
  readonly shape: Shape;
  readonly verdict: Verdict;
  /** The largest |gpu − reference|/σ: 0 where both agree exactly, Infinity where the GPU holds NaN. */
  readonly worstSigma: number;
  /** The element that is furthest outside its tolerance, where one is. */
  readonly worst?: ElementReport;
}

/** One launch of the program that ran, in its order. Working memory that only the launches of one op see is left out. */
export interface LaunchReport {
  readonly label: string;
  /** The kernel with its variant. */
  readonly kernel: string;
  readonly outputs: readonly LaunchOutputReport[];
}

/** The first wrong tensor in the order of the launches, and who made it. */
export interface Blame {
  /** The launch that wrote it; absent where the snapshot does not say. */
  readonly launch?: { readonly label: string; readonly kernel: string };
  /** The node of the graph that it belongs to. */
  readonly node?: { readonly op: string; readonly label: string };
  /** The tensor that is wrong first, as launches name it. */
  readonly tensor: string;
  readonly kind: Meaning['kind'];
  /** What is wrong later because of it, or may be. */
  readonly follows: readonly string[];
  /** What is wrong, too, but not because of it: the same mistake in another launch, or another mistake. */
  readonly others: readonly string[];
  /**
   * Problems that run the work of this tensor alone, one for each op of it, on seeded numbers of the same shapes and with
   * the same kernel variant: lines that `replay` takes. None for ops whose proof has no samples of any size.
   */
  readonly problems: readonly string[];
  /** What is wrong, where, and what follows from it, in a sentence. */
  readonly text: string;
}

/** What a wrong tensor looks like: said only where nothing beyond tolerance remains unexplained. */
export interface Explanation {
  readonly symptom: Symptom;
  readonly tensor: string;
  readonly text: string;
}

/** A node whose branches the GPU took otherwise than exact arithmetic, within rounding: the reference follows it there. */
export interface KinkReport {
  readonly node: string;
  readonly label: string;
  /** Elements whose branch was adopted. */
  readonly adopted: number;
  /** Elements that have a branch there. */
  readonly of: number;
}

/** What became of a failure when it was run again by itself: see `investigate`. */
export interface Investigation {
  /** Whether the blamed op fails alone, on seeded numbers of the same shapes. */
  readonly alone: boolean;
  /** The smallest problem that still fails, where one does: the line that `replay` and `npm run check` take. */
  readonly problem?: string;
  readonly text: string;
}

/** What the device's own arithmetic was measured to be, for the report's reader: the part of a Calibration that tolerances stand on. */
export interface CalibrationNote {
  readonly adapter: string;
  readonly browser: string;
  readonly builtins: BuiltinErrors;
  /** Functions that err more than WGSL allows. */
  readonly beyondPromise: readonly string[];
}

/** All that a check found, as plain data: it may be posted from a worker. */
export interface ReportData {
  readonly verdict: Verdict;
  /** Where the gradients were computed, for people. */
  readonly adapter: string;
  /** Elements whose verdict is known: passed or failed. */
  readonly checked: number;
  /** Elements of all gradients of the snapshot; of all outputs where no op has an input with a gradient, as comparisons have none. */
  readonly total: number;
  /** Elements within tolerance that say something: without those below rounding noise, which each tensor counts. */
  readonly proven: number;
  /** Gradients, in the order of the graph. */
  readonly tensors: readonly TensorReport[];
  /** Forward values that the snapshot holds, compared with the reference. */
  readonly values: readonly TensorReport[];
  readonly objective: ObjectiveReport;
  /** Disagreements between the fast and the slow reference: faults of the proof itself. */
  readonly faults: readonly string[];
  /** Every launch of the program and what it wrote, where the snapshot tells. */
  readonly launches: readonly LaunchReport[];
  /** Nodes whose branches were adopted from the GPU. */
  readonly kinks: readonly KinkReport[];
  /** The first wrong tensor and who made it; absent where nothing is wrong. */
  readonly blame?: Blame;
  /** What the first wrong tensor looks like, the best explanation first. */
  readonly explanations: readonly Explanation[];
  /** Present after `investigate`. */
  readonly investigation?: Investigation;
  /** Present where the tolerance stands on errors measured on this adapter. */
  readonly calibration?: CalibrationNote;
  /** Names of frozen parameters, which have no gradient. */
  readonly frozen?: readonly string[];
  readonly seconds: number;
}

/**
 * The verdict on all: the worst of its parts; green only where something was proven. `valuesOnly` says that no op of the graph has
 * an input with a gradient, as comparisons have none: there the values are what is proven.
 */
export function overallVerdict(
  tensors: readonly TensorReport[], values: readonly TensorReport[], faults: readonly string[], launches: readonly LaunchReport[] = [], valuesOnly = false,
): Verdict {
  const outputs = launches.flatMap((launch) => launch.outputs);
  // A forward value may well be all zero: only a gradient must have something to check.
  const all = [...tensors, ...[...values, ...outputs].filter((value) => value.verdict !== 'nothing-to-check' && value.verdict !== 'below-noise')];
  const wrong = all.filter(({ verdict }) => verdict === 'fail' || verdict === 'unwritten');
  if (wrong.length > 0) return wrong.every(({ verdict }) => verdict === 'unwritten') ? 'unwritten' : 'fail';
  if (faults.length > 0 || all.some(({ verdict }) => verdict === 'reference-suspect')) return 'reference-suspect';
  if (valuesOnly && tensors.length === 0 && values.length > 0) return all.some(({ verdict }) => verdict === 'kink') ? 'kink' : 'pass';
  if (tensors.length === 0 || tensors.some(({ verdict }) => verdict === 'nothing-to-check')) return 'nothing-to-check';
  if (tensors.every(({ verdict }) => verdict === 'below-noise')) return 'below-noise';
  return all.some(({ verdict }) => verdict === 'kink') ? 'kink' : 'pass';
}

/** Whether a verdict is a proof. */
export function isProof(verdict: Verdict): boolean {
  return verdict === 'pass' || verdict === 'kink';
}
