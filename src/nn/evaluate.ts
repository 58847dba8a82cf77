import type { AnyDataset } from '../data/dataset.ts';
import { sizeOf, type Shape } from '../ops/tensor.ts';
import { finishMetrics, measuring, resetCounters } from './metrics/measuring.ts';
import type { Metric, MetricValue } from './metrics/metrics.ts';
import type { CompiledStep, StepEngine } from './step-engine.ts';
import type { Weights } from './step-extras.ts';

export interface Evaluation {
  /** The mean loss over all examples. */
  readonly loss: number;
  /** The share of right predictions; undefined where the loss has none. */
  readonly accuracy: number | undefined;
  readonly examples: number;
  /** The metrics that were asked for, by their names. */
  readonly metrics: Readonly<Record<string, MetricValue>>;
}

/** How a data set is gone through. */
export interface Going {
  readonly batchSize: number;
  /** The shape of the model's output for one example. */
  readonly output: Shape;
  readonly weights?: Weights;
  readonly metrics?: readonly Metric[];
}

/** Every example once, in order; a smaller last batch counts by its size. */
export async function evaluate(engine: StepEngine, data: AnyDataset, { batchSize, output, weights = 'trained', metrics = [] }: Going): Promise<Evaluation> {
  const setting = { output, loss: engine.setup.loss };
  const measured = measuring('evaluate', metrics, setting);
  const inputSize = sizeOf(data.inputShape);
  const targetSize = sizeOf(data.targetShape);
  let number = 0;
  let last: CompiledStep | undefined;
  const reports: { rows: number; report: Promise<Uint32Array>; hasAccuracy: boolean }[] = [];
  for (let start = 0; start < data.length; start += batchSize) {
    const rows = Math.min(batchSize, data.length - start);
    const step = await engine.evaluation(rows, weights, measured.counters);
    await engine.ready(step);
    if (!last) resetCounters(step.program, step.reports.counters ?? [], data.targets.subarray(0, targetSize));
    last = step;
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
    // A loss that is a sum counts each of its terms once.
    loss += values[1]! * (setting.loss.reduction === 'sum' ? 1 : rows);
    hits += (values[2] ?? 0) * rows;
  }
  return {
    loss: loss / data.length, accuracy: reports[0]!.hasAccuracy ? hits / data.length : undefined, examples: data.length,
    metrics: await finishMetrics(last!.program, last!.reports.counters ?? [], measured, data.length, setting),
  };
}
