import type { readDiagnostics, StepDiagnostics } from './diagnostics.ts';
import type { CompiledStep } from './step-engine.ts';
import type { Reports } from './step-plans.ts';

/** Examples for one step: `inputs` row by row as the model takes them (indices as u32), `targets` as the loss takes them. */
export interface Batch {
  readonly inputs: Float32Array | Uint32Array;
  readonly targets: Float32Array | Uint32Array;
}

/** What a step reported. */
export interface StepReport {
  /** Counted from 1. */
  readonly step: number;
  /** The batch's mean loss, and with a regularisation its penalty on top. */
  readonly loss: number;
  /** Share of right predictions among the rows of the batch that count, with `metrics: ['accuracy']`. */
  readonly accuracy?: number;
  /** The norm of all gradients together before it was clipped, with `clipGradients: { norm }`; with `accumulate` on the steps that change the weights. */
  readonly gradientNorm?: number;
  /** With `precision: 'mixed'`. */
  readonly lossScale?: LossScale;
  /** With `diagnostics: true`; with `accumulate` on the steps that change the weights, and of the gradients' mean. */
  readonly diagnostics?: StepDiagnostics;
}

/** How far a loss scale is. */
export interface LossScaleState {
  /** What the loss of the next step is multiplied by. */
  readonly scale: number;
  /** Steps of the optimiser since the scale last changed. */
  readonly goodSteps: number;
  /** Steps of the optimiser that were left out so far, because a gradient was infinite or NaN. */
  readonly skippedSteps: number;
}

/** What a step of mixed precision reports of its loss scale. */
export interface LossScale extends Omit<LossScaleState, 'goodSteps'> {
  /** Whether this step was left out: weights and all state of the optimiser stayed as they were. It then reports no gradient norm and no diagnostics. */
  readonly skipped: boolean;
}

/** A step on its way to the GPU. */
export interface PendingStep {
  readonly step: number;
  /** The batch's loss, a few steps later. */
  readonly loss: Promise<number>;
  /** Everything that the step reports, a few steps later. */
  readonly report: Promise<StepReport>;
}

/** How many rows of the batch are right, and how many count; undefined where the report has no accuracy. */
export function readHits({ accuracy }: Reports, values: Float32Array): { readonly right: number; readonly counted: number } | undefined {
  return accuracy && { right: values[2]!, counted: accuracy.tellsCounted ? values[3]! : accuracy.rows };
}

/** 0 where nothing counts. */
export const shareOf = ({ right, counted }: { readonly right: number; readonly counted: number }): number => (counted === 0 ? 0 : right / counted);

/** Takes a report apart; `updated` says whether the optimiser ran, without which there is nothing to diagnose; `diagnose` does that. */
export function readReport(step: CompiledStep, number: number, words: Uint32Array, updated: boolean, diagnose: typeof readDiagnostics | undefined): StepReport {
  const values = new Float32Array(words.buffer, words.byteOffset, words.length);
  const loss = values[1]!;
  const hits = readHits(step.reports, values);
  const { lossScaleAt: at } = step.reports;
  const lossScale = at === undefined ? undefined : { scale: values[at]!, skippedSteps: values[at + 2]!, skipped: updated && values[at + 3] === 0 };
  const changed = updated && !lossScale?.skipped;
  const diagnostics = changed ? diagnose?.(step, number, words, Number.isFinite(loss)) : undefined;
  return {
    step: number, loss,
    ...(hits ? { accuracy: shareOf(hits) } : {}),
    ...(step.reports.hasGradientNorm && changed ? { gradientNorm: Math.sqrt(values[step.reports.report.shape[0]! - 1]!) } : {}),
    ...(lossScale ? { lossScale } : {}),
    ...(diagnostics ? { diagnostics } : {}),
  };
}
