import { jit, nn, type numpy as np, valueAndGrad, vjp } from '@jax-js/jax';
import type { RowsCase } from '../../cases/case.ts';
import type { Running } from '../contestant.ts';
import { get, openJax, put, send } from './session.ts';

type Compute = (inputs: np.Array[]) => np.Array[];

const layerNorm = (x: np.Array, weight: np.Array, bias: np.Array): np.Array => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(weight).add(bias);

/** What each op takes, what it gives, and how it is written in jax-js. */
const OPS: Readonly<Record<RowsCase['op'], { readonly inputs: readonly string[]; readonly outputs: readonly string[]; readonly compute: Compute }>> = {
  softmax: { inputs: ['x'], outputs: ['out'], compute: ([x]) => [nn.softmax(x, -1)] },
  'softmax and gradient': {
    inputs: ['x', 'cotangent'], outputs: ['out', 'd x'],
    compute: ([x, cotangent]) => {
      const [out, pull] = vjp((value: np.Array) => nn.softmax(value, -1), [x]);
      return [out, ...pull(cotangent)];
    },
  },
  layerNorm: { inputs: ['x', 'weight', 'bias'], outputs: ['out'], compute: ([x, weight, bias]) => [layerNorm(x, weight, bias)] },
  'layerNorm and gradients': {
    inputs: ['x', 'weight', 'bias', 'cotangent'], outputs: ['out', 'd x', 'd weight', 'd bias'],
    compute: ([x, weight, bias, cotangent]) => {
      const [out, pull] = vjp(layerNorm, [x, weight, bias]);
      return [out, ...pull(cotangent)];
    },
  },
  'crossEntropy and gradient': {
    inputs: ['x', 'oneHot'], outputs: ['loss', 'gradient'],
    compute: ([x, oneHot]) => valueAndGrad((logits: np.Array) => nn.logSoftmax(logits, -1).mul(oneHot).sum(-1).mean().neg())(x),
  },
};

export async function rows({ op, rows: count, columns, data }: RowsCase): Promise<Running> {
  const device = await openJax();
  const { inputs: names, outputs: outputNames, compute } = OPS[op];
  const { tensors, labels } = data();
  const oneHot = new Float32Array(names.includes('oneHot') ? count * columns : 0);
  if (oneHot.length > 0) labels!.forEach((label, row) => { oneHot[row * columns + label] = 1; });
  const inputs = names.map((name) => put(name === 'oneHot' ? { shape: [count, columns], data: oneHot } : tensors[name]));
  const compiled = jit(compute);
  const call = (): np.Array[] => compiled(inputs.map((input) => input.ref));
  return {
    device, mode: names.includes('oneHot') ? 'jit, targets as one-hot rows' : 'jit', granularity: 1,
    run: (times) => {
      for (let i = 0; i < times; i++) {
        for (const output of call()) {
          send(output);
          output.dispose();
        }
      }
    },
    flush: () => undefined,
    prove: async () => {
      const values = call();
      const outputs: Record<string, Float32Array> = {};
      for (const [index, name] of outputNames.entries()) {
        outputs[name] = await get(values[index]);
        values[index].dispose();
      }
      return { kind: 'outputs', outputs };
    },
  };
}
