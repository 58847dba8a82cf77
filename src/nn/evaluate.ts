import type { Dataset } from '../data/dataset.ts';
import { sizeOf } from '../ops/tensor.ts';
import type { StepEngine } from './step-engine.ts';

export interface Evaluation {
  /** The mean loss over all examples. */
  readonly loss: number;
  /** The share of right predictions; undefined where the loss has none. */
  readonly accuracy: number | undefined;
  readonly examples: number;
}

/** Every example once, in order; a smaller last batch counts by its size. */
export async function evaluate(engine: StepEngine, data: Dataset, batchSize: number): Promise<Evaluation> {
  const inputSize = sizeOf(data.inputShape);
  const targetSize = sizeOf(data.targetShape);
  let number = 0;
  const reports: { rows: number; report: Promise<Uint32Array>; hasAccuracy: boolean }[] = [];
  for (let start = 0; start < data.length; start += batchSize) {
    const rows = Math.min(batchSize, data.length - start);
    const step = await engine.evaluation(rows);
    await engine.ready(step);
    step.program.write(step.net.inputs, data.inputs.subarray(start * inputSize, (start + rows) * inputSize));
    step.program.write(step.net.targets, data.targets.subarray(start * targetSize, (start + rows) * targetSize));
    number += 1;
    const { report } = await engine.submit(step, ['forward', 'report'], { number });
    reports.push({ rows, report, hasAccuracy: step.reports.hasAccuracy });
  }
  let loss = 0;
  let hits = 0;
  for (const { rows, report } of reports) {
    const words = await report;
    const values = new Float32Array(words.buffer, words.byteOffset, words.length);
    loss += values[1]! * rows;
    hits += (values[2] ?? 0) * rows;
  }
  return { loss: loss / data.length, accuracy: reports[0]!.hasAccuracy ? hits / data.length : undefined, examples: data.length };
}
