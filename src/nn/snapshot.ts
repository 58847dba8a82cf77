import type { Dataset } from '../data/dataset.ts';
import { RandomStream, randomStreams } from '../data/philox.ts';
import { sizeOf } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import { forwardValues } from '../program/launch-record.ts';
import type { StepEngine } from './step-engine.ts';
import type { Batch } from './trainer.ts';

export interface SnapshotOptions {
  /** Examples to differentiate on. Default: the first of the data last trained on, else random ones. */
  readonly batch?: Batch;
  /** How many examples to take where no batch is given. Default the trainer's batch size. */
  readonly batchSize?: number;
}

/** The first rows of the data, from its start again where it is short; without data, random examples. */
function defaultBatch(engine: StepEngine, rows: number, data: Dataset | undefined, outputShape: readonly number[]): Batch {
  const { inputShape, loss, seed } = engine.setup;
  const { shape, type, classes } = loss.target(outputShape);
  const inputs = new Float32Array(rows * sizeOf(inputShape));
  const targets = type === 'u32' ? new Uint32Array(rows * sizeOf(shape)) : new Float32Array(rows * sizeOf(shape));
  if (data) {
    for (let row = 0; row < rows; row += 1) {
      const from = row % data.length;
      inputs.set(data.inputs.subarray(from * sizeOf(inputShape), (from + 1) * sizeOf(inputShape)), row * sizeOf(inputShape));
      targets.set(data.targets.subarray(from * sizeOf(shape), (from + 1) * sizeOf(shape)), row * sizeOf(shape));
    }
    return { inputs, targets };
  }
  const random = new RandomStream(seed, randomStreams.check);
  for (let i = 0; i < inputs.length; i += 1) inputs[i] = random.normal();
  for (let i = 0; i < targets.length; i += 1) targets[i] = type === 'u32' ? random.integer(classes!) : random.uniform();
  return { inputs, targets };
}

/** Forward and backward of the training program on one batch, poisoned beforehand, with everything read back. */
export async function snapshot(engine: StepEngine, rows: number, given: Batch | undefined, data: Dataset | undefined): Promise<Snapshot> {
  const { device } = engine.setup;
  const step = await engine.training(rows);
  const { net, program } = step;
  await step.ring.drained();
  const batch = given ?? defaultBatch(engine, rows, data, net.outputShape);
  const readGradients = async (): Promise<Record<number, Float32Array>> => {
    const gradients: Record<number, Float32Array> = {};
    for (const { tensor } of net.parameters) if (!tensor.frozen) gradients[tensor.id] = await program.read(program.plan.gradients.get(tensor.id)!);
    return gradients;
  };
  const previous = await readGradients();
  program.poison();
  program.write(net.inputs, batch.inputs);
  program.write(net.targets, batch.targets);
  engine.writeStep({ number: 0 });
  // Training counts its steps from 1: the masks of step 0 are the check's own.
  const counter = engine.writeCounter(step, 0);
  const launches = await program.observe('gradient check', true, 'forward', 'backward');

  const values: Record<number, Float32Array | Uint32Array> = { [net.inputs.id]: batch.inputs.slice(), [net.targets.id]: batch.targets.slice() };
  if (counter) values[net.counter!.id] = counter;
  for (const { tensor } of net.parameters) values[tensor.id] = await program.read(tensor);
  const found: Snapshot = {
    graph: net.graph, values, gradients: await readGradients(), previous, launches,
    seeds: [{ tensor: net.loss.id, cotangent: new Float32Array([1]) }],
    computed: { ...forwardValues(launches), [net.loss.id]: await program.read(net.loss) },
    adapter: device.name,
  };
  // A kernel that forgets to write would go on with the poison: a check must not change what a wrong kernel does either.
  program.poison(0);
  for (const { tensor } of net.parameters) if (previous[tensor.id]) program.write(program.plan.gradients.get(tensor.id)!, previous[tensor.id]!);
  return found;
}
