import { adam, compile, crossEntropy, dataset, openDevice } from 'chainrule';
import { ADAM, type TrainingCase } from '../../cases/case.ts';
import { deviceOpenedBy } from '../../harness/counters.ts';
import { sizeOf } from '../../harness/host-tensor.ts';
import { enough, type Running } from '../contestant.ts';
import { modelOf } from './nets.ts';

/** Told that the training is long, as the peers are run in their best mode; `fit` on a data set that lives on the GPU: each epoch is `batches` steps, and its losses come back at its end. */
export async function train(work: TrainingCase): Promise<Running> {
  const { batch, batches, inputShape, targetShape, classes, learningRate: lr } = work;
  const { result: device, device: raw } = await deviceOpenedBy(() => openDevice());
  const trainer = await compile(modelOf(work.net), { device, loss: crossEntropy(), optimizer: adam({ lr, ...ADAM }), inputShape, batchSize: batch, seed: 1, longRun: true });
  const parameters = work.parameters();
  await trainer.load({ parameters, buffers: work.buffers() });
  const { inputs, targets } = work.data();
  const shapes = { inputShape: [...inputShape], targets, targetShape: [...targetShape], classes };
  const data = inputs instanceof Uint32Array ? dataset({ inputs, inputType: 'u32', ...shapes }) : dataset({ inputs, ...shapes });
  return {
    device: raw, mode: 'fit on resident data', granularity: batches,
    run: async (times) => {
      await trainer.fit(data, { epochs: times / batches, shuffle: false });
    },
    flush: () => undefined,
    prove: async () => {
      const losses: number[] = [];
      let first: Awaited<ReturnType<typeof trainer.state>> | undefined;
      const since = performance.now();
      for (let step = 0; !enough(step, batches, since); step++) {
        const part = <A extends Float32Array | Uint32Array>(array: A, width: number): A => {
          const from = (step % batches) * batch * width;
          return array.subarray(from, from + batch * width) as A;
        };
        const { loss } = await trainer.step({ inputs: part(inputs, sizeOf(inputShape)), targets: part(targets, sizeOf(targetShape)) });
        losses.push(await loss);
        first ??= await trainer.state();
      }
      // Its first call puts the data on the GPU.
      await trainer.fit(data, { shuffle: false });
      return { kind: 'training', losses, parameters: first!.parameters };
    },
  };
}
