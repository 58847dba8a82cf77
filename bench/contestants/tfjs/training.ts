import { ADAM, type TrainingCase } from '../../cases/case.ts';
import { sizeOf, type HostTensor, type Named } from '../../harness/host-tensor.ts';
import { enough, type Running } from '../contestant.ts';
import { fromTensorFlow, inputToTensorFlow, toTensorFlow } from './layout.ts';
import { forward } from './nets.ts';
import { flush, get, openTfjs, put, tf } from './session.ts';

/** Class indices as rows of zeros with a one: what the library's cross-entropy takes. */
function oneHotOf(indices: Uint32Array, classes: number): Float32Array {
  const rows = new Float32Array(indices.length * classes);
  indices.forEach((index, row) => { rows[row * classes + index] = 1; });
  return rows;
}

/** The batches on the GPU, one after the other; targets as rows. */
function batchesOf({ batch, batches, inputShape, targetShape, classes, data }: TrainingCase): { x: tf.Tensor; oneHot: tf.Tensor }[] {
  const { inputs, targets } = data();
  const rows = oneHotOf(targets, classes);
  const [shape, targetRows] = [[batch, ...inputShape], [batch * sizeOf(targetShape), classes]];
  const part = <A extends Float32Array | Uint32Array>(from: A, of: readonly number[], index: number): A => from.slice(index * sizeOf(of), (index + 1) * sizeOf(of)) as A;
  return Array.from({ length: batches }, (_, index) => ({
    x: inputs instanceof Uint32Array
      ? tf.tensor(Int32Array.from(part(inputs, shape, index)), shape, 'int32') : put(inputToTensorFlow({ shape, data: part(inputs, shape, index) })),
    oneHot: put({ shape: targetRows, data: part(rows, targetRows, index) }),
  }));
}

/**
 * optimizer.minimize, without reading the loss back. model.trainOnBatch of tf.layers computes the same with the same kernels, but waits
 * for its loss in every step.
 */
export async function train(work: TrainingCase): Promise<Running> {
  const device = await openTfjs();
  const start = work.parameters();
  const variables: Named<tf.Variable> = Object.fromEntries(Object.entries(start).map(([name, tensor]) => [name, tf.variable(put(toTensorFlow(work.net, name, tensor)), true)]));
  const all = Object.values(variables);
  const data = batchesOf(work);
  const optimizer = tf.train.adam(work.learningRate, ADAM.beta1, ADAM.beta2, ADAM.eps);
  let count = 0;
  const step = (returnCost: boolean): tf.Scalar | null => {
    const { x, oneHot } = data[count % data.length];
    count++;
    return optimizer.minimize(() => {
      const logits = forward(work.net, variables, x);
      return tf.losses.softmaxCrossEntropy(oneHot, tf.reshape(logits, [-1, work.classes])) as tf.Scalar;
    }, returnCost, all);
  };
  return {
    device, mode: 'optimizer.minimize with fused layers', granularity: 1,
    run: (times) => {
      for (let i = 0; i < times; i++) step(false);
    },
    flush,
    prove: async () => {
      const losses: number[] = [];
      let first: Record<string, HostTensor> | undefined;
      const since = performance.now();
      while (!enough(losses.length, work.batches, since)) {
        const cost = step(true)!;
        losses.push((await get(cost))[0]);
        cost.dispose();
        if (first) continue;
        first = {};
        for (const [name, { shape }] of Object.entries(start)) first[name] = fromTensorFlow(work.net, name, shape, await get(variables[name]));
      }
      return { kind: 'training', losses, parameters: first! };
    },
  };
}
