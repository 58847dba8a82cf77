import * as ort from 'onnxruntime-web/webgpu';
import type { PredictCase } from '../../cases/case.ts';
import { deviceOpenedBy } from '../../harness/counters.ts';
import { NotPossible, type Contestant, type Running } from '../contestant.ts';
import { mlpModel } from './model.ts';

async function predict(work: PredictCase): Promise<Running> {
  // More threads need a page that is isolated from others; the work is on the GPU.
  ort.env.wasm.numThreads = 1;
  const model = mlpModel(work.sizes, work.rows, work.parameters());
  const { result: session, device } = await deviceOpenedBy(() => ort.InferenceSession.create(model, { executionProviders: ['webgpu'], graphOptimizationLevel: 'all' }));
  const { shape, data } = work.data();
  const once = async (): Promise<Float32Array> => {
    const { out } = await session.run({ x: new ort.Tensor('float32', data, [...shape]) });
    return out.data as Float32Array;
  };
  return {
    device, mode: 'session.run of a model with Gemm and Relu', granularity: 1,
    run: async (times) => {
      for (let i = 0; i < times; i++) await once();
    },
    flush: () => undefined,
    prove: async () => ({ kind: 'outputs', outputs: { out: await once() } }),
  };
}

export const onnxruntime: Contestant = {
  peer: 'onnxruntime',
  start: (work) => (work.kind === 'predict' ? predict(work) : Promise.reject(new NotPossible('it computes no gradients'))),
};
