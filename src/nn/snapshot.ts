import type { AnyDataset } from '../data/dataset.ts';
import { RandomStream, randomStreams } from '../data/philox.ts';
import { takeRows } from '../data/rows.ts';
import { sizeOf, type ElementType } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import { forwardValues } from '../program/launch-record.ts';
import { observeProgram, poisonProgram } from '../program/observe-program.ts';
import type { StepEngine } from './step-engine.ts';
import type { Batch } from './step-report.ts';

export interface SnapshotOptions {
  /** Examples to differentiate on. Default: the first of the data last trained on, else random ones. */
  readonly batch?: Batch;
  /** How many examples to take where no batch is given. Default the trainer's batch size. */
  readonly batchSize?: number;
}

/** The first rows of the data, from its start again where it is short; without data, random examples. */
function defaultBatch(engine: StepEngine, rows: number, data: AnyDataset | undefined, outputShape: readonly number[]): Batch {
  const { inputShape, inputType, inputClasses = 1, loss, seed } = engine.setup;
  const { shape, type, classes } = loss.target(outputShape);
  if (data) {
    const first = Uint32Array.from({ length: rows }, (_, row) => row % data.length);
    return { inputs: takeRows(data.inputs, sizeOf(inputShape), first), targets: takeRows(data.targets, sizeOf(shape), first) };
  }
  const random = new RandomStream(seed, randomStreams.check);
  const numbers = (length: number, kind: ElementType, below: number, draw: () => number): Float32Array | Uint32Array =>
    (kind === 'u32' ? Uint32Array.from({ length }, () => random.integer(below)) : Float32Array.from({ length }, draw));
  // Indices of a layer that does not say how many it takes: 0 alone is sure to be one.
  const inputs = numbers(rows * sizeOf(inputShape), inputType, inputClasses, () => random.normal());
  return { inputs, targets: numbers(rows * sizeOf(shape), type, classes!, () => random.uniform()) };
}

/** Forward and backward of the training program on one batch, poisoned beforehand, with everything read back. */
export async function snapshot(engine: StepEngine, rows: number, given: Batch | undefined, data: AnyDataset | undefined): Promise<Snapshot> {
  const { device } = engine.setup;
  const step = await engine.training(rows);
  const { net, program } = step;
  await step.ring.drained();
  // What is proven is what trains on.
  await program.improve();
  const batch = given ?? defaultBatch(engine, rows, data, net.outputShape);
  const readGradients = async (): Promise<Record<number, Float32Array>> => {
    const gradients: Record<number, Float32Array> = {};
    for (const { tensor } of net.parameters) if (!tensor.frozen) gradients[tensor.id] = await program.read(program.plan.gradients.get(tensor.id)!);
    return gradients;
  };
  const previous = await readGradients();
  poisonProgram(program);
  program.write(net.inputs, batch.inputs);
  program.write(net.targets, batch.targets);
  engine.writeStep({ number: 0 });
  // Training counts its steps from 1: the masks of step 0 are the check's own.
  const counter = engine.writeCounter(step, 0);
  const launches = await observeProgram(program, 'gradient check', true, 'forward', 'backward');

  const values: Record<number, Float32Array | Uint32Array> = { [net.inputs.id]: batch.inputs.slice(), [net.targets.id]: batch.targets.slice() };
  if (counter) values[net.counter!.id] = counter;
  for (const { tensor } of [...net.parameters, ...net.buffers]) values[tensor.id] = await program.read(tensor);
  // The loss itself, or in mixed precision as many times it as the scale says.
  const seed = program.plan.cotangents.get(net.loss.id)!;
  const found: Snapshot = {
    graph: net.graph, values, gradients: await readGradients(), previous, launches,
    seeds: [{ tensor: net.loss.id, cotangent: seed.constant === undefined ? await program.read(seed) : Float32Array.of(seed.constant) }],
    computed: { ...forwardValues(launches), [net.loss.id]: await program.read(net.loss) },
    ...(engine.setup.mixed ? { precision: 'mixed' } : {}), adapter: device.name,
  };
  // A kernel that forgets to write would go on with the poison: a check must not change what a wrong kernel does either.
  poisonProgram(program, 0);
  for (const { tensor } of net.parameters) if (previous[tensor.id]) program.write(program.plan.gradients.get(tensor.id)!, previous[tensor.id]!);
  return found;
}
