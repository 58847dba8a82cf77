import type { Tensor } from 'chainrule';
import { createTensor, ops, sizeOf, type BackwardApplication, type Request } from 'chainrule/kernels';
import type { RowsCase } from '../../cases/case.ts';
import type { Running } from '../contestant.ts';
import { replaying } from './replay.ts';

const OPS: Readonly<Record<RowsCase['op'], { readonly op: string; readonly inputs: readonly string[]; readonly backward: boolean }>> = {
  softmax: { op: 'softmax', inputs: ['x'], backward: false },
  'softmax and gradient': { op: 'softmax', inputs: ['x'], backward: true },
  layerNorm: { op: 'layerNorm', inputs: ['x', 'weight', 'bias'], backward: false },
  'layerNorm and gradients': { op: 'layerNorm', inputs: ['x', 'weight', 'bias'], backward: true },
  'crossEntropy and gradient': { op: 'crossEntropy', inputs: [], backward: false },
};

type Numbers = Map<Tensor, Float32Array | Uint32Array>;

/** The op's launches, forward and (where asked for) backward, as a program asks for them. */
export function rows(work: RowsCase): Promise<Running> {
  const { op: name, inputs: names, backward } = OPS[work.op];
  const { tensors: given, labels } = work.data();
  const op = ops[name];
  const numbers: Numbers = new Map();
  const load = (tensor: string, data = given[tensor].data as Float32Array | Uint32Array, shape = given[tensor].shape): Tensor => {
    const made = createTensor(tensor, shape, data instanceof Uint32Array ? 'u32' : 'f32');
    numbers.set(made, data);
    return made;
  };
  const isLoss = names.length === 0;
  const inputs = isLoss ? { input: load('x'), target: load('target', labels!, [work.rows]) } : Object.fromEntries(names.map((input) => [input, load(input)]));
  const options = name === 'layerNorm' ? { normalizedShape: [work.columns] } : {};
  const make = (shapes: Readonly<Record<string, readonly number[]>>): Record<string, Tensor> => Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, createTensor(key, shape)]));
  const outputs = make(op.shapes(inputs, options, name));
  const saved = make(op.saves?.(inputs, options) ?? {});
  const application = {
    inputs, outputs, saved, options, scratch: createTensor,
    constant: (value: number, shape: readonly number[]) => load(`constant ${value}`, new Float32Array(sizeOf(shape)).fill(value), shape),
  };
  const requests: Request[] = [...op.forward(application)];
  const read: Record<string, Tensor> = isLoss ? { loss: outputs.out, gradient: saved.gradient } : { out: outputs.out };
  if (backward) {
    const wanted = make(Object.fromEntries(names.map((input) => [`d ${input}`, given[input].shape])));
    const gradients = { out: load('cotangent') };
    const backwards: BackwardApplication = { ...application, gradients, wanted: Object.fromEntries(names.map((input) => [input, wanted[`d ${input}`]])) };
    requests.push(...op.backward(backwards).requests);
    Object.assign(read, wanted);
  }
  return replaying(requests, numbers, read);
}
