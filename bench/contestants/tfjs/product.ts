import type { ProductCase } from '../../cases/case.ts';
import type { Running } from '../contestant.ts';
import { flush, get, openTfjs, put, tf } from './session.ts';

export async function product({ transposeA, transposeB, data }: ProductCase): Promise<Running> {
  const device = await openTfjs();
  const given = data();
  const [a, b] = [put(given.a), put(given.b)];
  const multiply = (): tf.Tensor => tf.matMul(a, b, transposeA, transposeB);
  return {
    device, mode: 'tf.matMul', granularity: 1,
    run: (times) => {
      for (let i = 0; i < times; i++) multiply().dispose();
    },
    flush,
    prove: async () => {
      const out = multiply();
      const values = await get(out);
      out.dispose();
      return { kind: 'outputs', outputs: { out: values } };
    },
  };
}
