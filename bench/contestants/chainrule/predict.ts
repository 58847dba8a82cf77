import { compile, crossEntropy, openDevice, sgd } from 'chainrule';
import type { PredictCase } from '../../cases/case.ts';
import { deviceOpenedBy } from '../../harness/counters.ts';
import type { Running } from '../contestant.ts';
import { modelOf } from './nets.ts';

export async function predict(work: PredictCase): Promise<Running> {
  const { result: device, device: raw } = await deviceOpenedBy(() => openDevice());
  const trainer = await compile(modelOf({ type: 'mlp', sizes: work.sizes }), { device, loss: crossEntropy(), optimizer: sgd(), batchSize: work.rows });
  await trainer.load({ parameters: work.parameters() });
  const { data } = work.data();
  return {
    device: raw, mode: 'trainer.predict', granularity: 1,
    run: async (times) => {
      for (let i = 0; i < times; i++) await trainer.predict(data);
    },
    flush: () => undefined,
    prove: async () => ({ kind: 'outputs', outputs: { out: await trainer.predict(data) } }),
  };
}
