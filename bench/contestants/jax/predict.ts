import { jit, type numpy as np } from '@jax-js/jax';
import type { PredictCase } from '../../cases/case.ts';
import type { Running } from '../contestant.ts';
import { forward, type Parameters } from './nets.ts';
import { openJax, put } from './session.ts';

export async function predict(work: PredictCase, jitted: boolean): Promise<Running> {
  const device = await openJax();
  const parameters: Parameters = Object.fromEntries(Object.entries(work.parameters()).map(([name, tensor]) => [name, put(tensor)]));
  const names = Object.keys(parameters);
  const infer = (given: Parameters, x: np.Array): np.Array => forward({ type: 'mlp', sizes: work.sizes }, given, x);
  const compute = jitted ? jit(infer) : infer;
  const input = work.data();
  const once = async (): Promise<Float32Array> => new Float32Array(await compute(Object.fromEntries(names.map((name) => [name, parameters[name].ref])), put(input)).data());
  return {
    device, mode: jitted ? 'jit, await data()' : 'without jit, await data()', granularity: 1,
    run: async (times) => {
      for (let i = 0; i < times; i++) await once();
    },
    flush: () => undefined,
    prove: async () => ({ kind: 'outputs', outputs: { out: await once() } }),
  };
}
