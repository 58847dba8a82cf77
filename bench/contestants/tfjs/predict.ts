import type { PredictCase } from '../../cases/case.ts';
import type { Running } from '../contestant.ts';
import { toTensorFlow } from './layout.ts';
import { forward } from './nets.ts';
import { flush, get, openTfjs, put, tf } from './session.ts';

export async function predict(work: PredictCase): Promise<Running> {
  const device = await openTfjs();
  const net = { type: 'mlp', sizes: work.sizes } as const;
  const parameters = Object.fromEntries(Object.entries(work.parameters()).map(([name, tensor]) => [name, put(toTensorFlow(net, name, tensor))]));
  const input = work.data();
  const once = async (): Promise<Float32Array> => {
    const out = tf.tidy(() => forward(net, parameters, put(input)));
    const values = await get(out);
    out.dispose();
    return values;
  };
  return {
    device, mode: 'fused products, await data()', granularity: 1,
    run: async (times) => {
      for (let i = 0; i < times; i++) await once();
    },
    flush,
    prove: async () => ({ kind: 'outputs', outputs: { out: await once() } }),
  };
}
