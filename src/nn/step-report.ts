import type { StepDiagnostics } from './diagnostics.ts';
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
  /** With `diagnostics: true`; with `accumulate` on the steps that change the weights, and of the gradients' mean. */
  readonly diagnostics?: StepDiagnostics;
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

/** Takes a report apart; `updated` says whether the optimiser ran, without which there is nothing to diagnose. */
export async function readReport(step: CompiledStep, number: number, words: Uint32Array, updated: boolean): Promise<StepReport> {
  const values = new Float32Array(words.buffer, words.byteOffset, words.length);
  const loss = values[1]!;
  const hits = readHits(step.reports, values);
  // Only who asks for diagnostics loads what they say.
  const diagnostics = step.reports.statistics && updated ? (await import('./diagnostics.ts')).readDiagnostics(step, number, words, Number.isFinite(loss)) : undefined;
  return {
    step: number, loss,
    ...(hits ? { accuracy: shareOf(hits) } : {}),
    ...(step.reports.hasGradientNorm && updated ? { gradientNorm: Math.sqrt(values[step.reports.report.shape[0]! - 1]!) } : {}),
    ...(diagnostics ? { diagnostics } : {}),
  };
}
