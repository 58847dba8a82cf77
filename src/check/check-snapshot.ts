import { ChainruleError, checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import type { Snapshot } from '../program/graph.ts';
import { proofs as allProofs } from '../proof/index.ts';
import { DEFAULT_ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors, Rounding } from '../reference/rounding.ts';
import type { Certificate } from './certify.ts';
import type { CoverageWish } from './coverage.ts';
import { diagnose } from './diagnose.ts';
import { judgeAll } from './judge-all.ts';
import { checkConsistent, proofOf } from './point.ts';
import type { Point, Proofs } from './point.ts';
import { checkRange } from './range.ts';
import { referencesAt } from './references.ts';
import { Report } from './report.ts';
import { overallVerdict } from './report-data.ts';
import { benchOf, certifyTensor, measure, totalOf, unmeasured } from './witnesses.ts';
import type { Bench, Measured } from './witnesses.ts';

/**
 * What a check is doing: running the net on the GPU, evaluating it in float64, letting the witnesses certify each other, or
 * judging the GPU's numbers.
 */
export type Phase = 'snapshot' | 'references' | 'witnesses' | 'verdict';

/** How far a check has come, in elements. */
export interface Progress {
  readonly phase: Phase;
  readonly checked: number;
  /** Elements of all gradients; 0 before the snapshot is there. */
  readonly total: number;
  /** The tensor that is being checked; empty where it is about all. */
  readonly tensor: string;
}

export interface SnapshotCheckOptions {
  /** Largest errors of the builtins on this adapter. Default: what WGSL promises. */
  readonly builtins?: BuiltinErrors;
  /** Proofs of your own ops by their names, beside the library's. */
  readonly proofs?: Proofs;
  /**
   * How forward code certifies the analytic reference, with which every element is compared in any case: by a finite
   * difference of every element, or along Gaussian directions and at some elements. Default `auto`: every element of as many
   * tensors as some 5 s allow, by an estimate that depends on nothing but the net.
   */
  readonly coverage?: CoverageWish;
  /** Whether a check that fails tries explanations, which may take seconds. Default true; without them it still says which launch is wrong. */
  readonly explain?: boolean;
  /** Called now and then while the check runs. */
  readonly onProgress?: (progress: Progress) => void;
  /** Asked now and then: true ends the check with an error whose code is `aborted`. */
  readonly cancelled?: () => boolean;
}

/**
 * Compares every gradient of a snapshot, element by element, with the float64 reference: the analytic gradient, itself
 * certified by finite differences. Runs to its end in this thread.
 * Throws DataError for a snapshot that does not fit its graph or holds values that are not finite, or where the net has
 * left float32's range, and a ChainruleError with code `aborted` where `cancelled` says so.
 */
export function checkSnapshot(snapshot: Snapshot, options: SnapshotCheckOptions = {}): Report {
  checkOptionNames('checkSnapshot', options, ['builtins', 'proofs', 'coverage', 'explain', 'onProgress', 'cancelled']);
  checkCoverage('checkSnapshot', options.coverage);
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

/** Refuses anything but the ways of covering. */
export function checkCoverage(who: string, coverage: unknown): void {
  if (coverage !== null && typeof coverage === 'object') {
    checkOptionNames(`${who}: coverage`, coverage, ['elements', 'seed']);
    const { elements, seed = 0 } = coverage as { elements?: unknown; seed?: unknown };
    checkNumber(who, 'coverage.elements', elements, { min: 1, integer: true });
    checkNumber(who, 'coverage.seed', seed, { min: 0, integer: true });
    return;
  }
  if (coverage !== undefined && !['auto', 'every element', 'directions'].some((way) => way === coverage)) {
    throw new OptionError(who, "coverage to be 'auto', 'every element', 'directions' or { elements }", show(coverage));
  }
}

/** The check in slices of some 20 ms, with the progress between them. */
export function* checkSteps(snapshot: Snapshot, options: SnapshotCheckOptions): Generator<Progress, Report> {
  const check = yield* prepareSteps(snapshot, options);
  return yield* concludeSteps(check, yield* measureSteps(check, 0, 1));
}

/** A check whose references stand. */
export interface Check {
  readonly bench: Bench;
  readonly rounding: Rounding;
  readonly total: number;
  readonly explain: boolean;
  /** When it began, by `performance.now`. */
  readonly started: number;
}

/** First part of a check: the references and the plan. */
export function* prepareSteps(snapshot: Snapshot, options: SnapshotCheckOptions): Generator<Progress, Check> {
  const started = performance.now();
  const proofs = { ...allProofs, ...options.proofs };
  const rounding: Rounding = { ...DEFAULT_ROUNDING, builtins: options.builtins ?? DEFAULT_ROUNDING.builtins };
  if (snapshot.precision === 'mixed') {
    throw new ChainruleError('state', 'gradient check', 'gradients computed in float32', 'those of a trainer of mixed precision', 'Check the model in a trainer without precision, and measure this one with gradientDrift.');
  }
  checkConsistent(snapshot);
  const total = totalOf(snapshot);
  yield { phase: 'references', checked: 0, total, tensor: '' };
  const references = referencesAt(snapshot, rounding, proofs);
  checkRange(snapshot, references);
  yield { phase: 'references', checked: 0, total, tensor: '' };
  return { bench: benchOf(snapshot, references, rounding, proofs, options.coverage ?? 'auto'), rounding, total, explain: options.explain ?? true, started };
}

/** Second part: forward code measures what the analytic gradients are worth. Piece `index` of `of`. */
export function* measureSteps({ bench, total }: Check, index: number, of: number): Generator<Progress, readonly Measured[]> {
  const steps = measure(bench, index, of);
  let step = steps.next();
  for (; !step.done; step = steps.next()) yield { phase: 'witnesses', total, ...step.value };
  return step.value;
}

/** Last part: the witnesses' agreement, then the verdict on the GPU's numbers. `measured` is whole. */
export function* concludeSteps({ bench, rounding, total, explain, started }: Check, measured: readonly Measured[]): Generator<Progress, Report> {
  const { snapshot, references, proofs } = bench;
  const certificates = new Map<number, Certificate>();
  for (const plan of bench.plans) {
    const one = measured.find(({ id }) => id === plan.id) ?? unmeasured(plan);
    const { name } = snapshot.graph.tensors[plan.id];
    const steps = certifyTensor(bench, one);
    let step = steps.next();
    for (; !step.done; step = steps.next()) yield { phase: 'witnesses', checked: total, total, tensor: name };
    certificates.set(plan.id, step.value);
  }
  yield { phase: 'verdict', checked: total, total, tensor: '' };
  const findings = { snapshot, references, rounding, proofs };
  const judgements = judgeAll(findings, certificates);
  const { tensors, values, launches } = judgements;
  const faults = measured.flatMap(({ fault, directionFault }) => fault ?? directionFault ?? []);
  const valuesOnly = snapshot.graph.nodes.length > 0 && snapshot.graph.nodes.every((node) => proofOf(node, proofs).differentiable.length === 0);
  const proven = valuesOnly ? values : tensors;
  return new Report({
    verdict: overallVerdict(tensors, values, faults, launches, valuesOnly),
    adapter: snapshot.adapter,
    checked: proven.reduce((sum, { count, suspect }) => sum + count - suspect, 0),
    total: valuesOnly ? proven.reduce((sum, { count }) => sum + count, 0) : total,
    proven: proven.reduce((sum, { passed, belowNoise }) => sum + passed - belowNoise, 0),
    tensors,
    values,
    launches,
    objective: objectives(snapshot, references.point),
    faults,
    ...diagnose(findings, judgements, explain),
    frozen: snapshot.graph.tensors.filter(({ frozen }) => frozen).map(({ name }) => name),
    seconds: (performance.now() - started) / 1000,
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
