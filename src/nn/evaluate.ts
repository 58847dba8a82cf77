import type { AnyDataset } from '../data/dataset.ts';
import { sizeOf, type Shape } from '../ops/tensor.ts';
import type { Metric, MetricValue } from './metrics/metrics.ts';
import type { CompiledStep, StepEngine } from './step-engine.ts';
import type { Weights } from './step-extras.ts';
import { readHits, shareOf } from './step-report.ts';

export interface Evaluation {
  /**
   * The loss of all examples as one batch, whatever the batches: rows of `ignoreIndex` add nothing, class weights count as in the loss's own
   * mean. With `reduction: 'sum'` the mean of that over the examples.
   */
  readonly loss: number;
  /** The share of right predictions among the rows that count; undefined where the loss has none. */
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

/** Every example once, in order; each batch's loss counts by what its mean was divided by. */
export async function evaluate(engine: StepEngine, data: AnyDataset, { batchSize, output, weights = 'trained', metrics }: Going): Promise<Evaluation> {
  const setting = { output, loss: engine.setup.loss };
  // Only who measures something beside the loss loads what does it.
  const measured = metrics && (await import('./metrics/measuring.ts')).measuring('evaluate', metrics, setting);
  const inputSize = sizeOf(data.inputShape);
  const targetSize = sizeOf(data.targetShape);
  let number = 0;
  let last: CompiledStep | undefined;
  const isSum = setting.loss.reduction === 'sum';
  const reports: { step: CompiledStep; mass: number; report: Promise<Uint32Array> }[] = [];
  for (let start = 0; start < data.length; start += batchSize) {
    const rows = Math.min(batchSize, data.length - start);
    const step = await engine.evaluation(rows, weights, measured);
    await engine.ready(step);
    if (!last) measured?.reset(step.program, step.reports.counters!, data.targets.subarray(0, targetSize));
    last = step;
    step.program.write(step.net.inputs, data.inputs.subarray(start * inputSize, (start + rows) * inputSize));
    const targets = data.targets.subarray(start * targetSize, (start + rows) * targetSize);
    step.program.write(step.net.targets, targets);
    number += 1;
    const { report } = await engine.submit(step, ['forward', 'report'], { number });
    reports.push({ step, report, mass: isSum ? 1 : setting.loss.mass?.(targets) ?? rows });
  }
  let loss = 0;
  let allMass = 0;
  const hits = { right: 0, counted: 0 };
  for (const { step, mass, report } of reports) {
    const words = await report;
    const values = new Float32Array(words.buffer, words.byteOffset, words.length);
    loss += values[1]! * mass;
    allMass += mass;
    const own = readHits(step.reports, values);
    hits.right += own?.right ?? 0;
    hits.counted += own?.counted ?? 0;
  }
  const divisor = isSum ? data.length : allMass;
  return {
    // Where nothing counts the loss is 0, as the kernel has it.
    loss: divisor === 0 ? loss : loss / divisor, accuracy: last!.reports.accuracy ? shareOf(hits) : undefined, examples: data.length,
    metrics: await measured?.finish(last!.program, last!.reports.counters!, data.length) ?? {},
  };
}
