import { jit, numpy as np } from '@jax-js/jax';
import type { ProductCase } from '../../cases/case.ts';
import type { Running } from '../contestant.ts';
import { get, openJax, put, send } from './session.ts';

export async function product({ transposeA, transposeB, data }: ProductCase, jitted: boolean): Promise<Running> {
  const device = await openJax();
  const given = data();
  const [a, b] = [put(given.a), put(given.b)];
  const multiply = (x: np.Array, y: np.Array): np.Array => np.matmul(transposeA ? x.transpose() : x, transposeB ? y.transpose() : y);
  const compute = jitted ? jit(multiply) : multiply;
  return {
    device, mode: jitted ? 'np.matmul under jit' : 'np.matmul', granularity: 1,
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const out = compute(a.ref, b.ref);
        send(out);
        out.dispose();
      }
    },
    flush: () => undefined,
    prove: async () => {
      const out = compute(a.ref, b.ref);
      const values = await get(out);
      out.dispose();
      return { kind: 'outputs', outputs: { out: values } };
    },
  };
}
