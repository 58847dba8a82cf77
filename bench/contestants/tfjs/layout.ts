import type { Net } from '../../cases/case.ts';
import { inverse, permuted, type HostTensor } from '../../harness/host-tensor.ts';

// PyTorch's layouts and TensorFlow's: convolutions [out, in, h, w] and [h, w, in, out], images [channels, h, w] and [h, w, channels],
// linear layers [out, in] and [in, out].

interface Change {
  /** How PyTorch's tensor is looked at before its axes change places. */
  readonly view: readonly number[];
  readonly order: readonly number[];
  readonly result: readonly number[];
}

function changeOf(net: Net, name: string, shape: readonly number[]): Change | undefined {
  if (shape.length === 4) return { view: shape, order: [2, 3, 1, 0], result: [shape[2], shape[3], shape[1], shape[0]] };
  if (shape.length !== 2) return undefined;
  // Tables of vectors lie alike.
  if (net.type === 'transformer' && (name === '0.weight' || name === '1.weight')) return undefined;
  // The first layer behind 16 maps of 5 × 5, which are flattened in another order.
  if (net.type === 'lenet' && name === '7.weight') return { view: [120, 16, 5, 5], order: [2, 3, 1, 0], result: [400, 120] };
  return { view: shape, order: [1, 0], result: [shape[1], shape[0]] };
}

export function toTensorFlow(net: Net, name: string, { shape, data }: HostTensor): HostTensor {
  const change = changeOf(net, name, shape);
  return change ? { shape: change.result, data: permuted({ shape: change.view, data }, change.order).data } : { shape, data };
}

/** Numbers in TensorFlow's layout, for a parameter of this shape in PyTorch's. */
export function fromTensorFlow(net: Net, name: string, shape: readonly number[], data: Float32Array): HostTensor {
  const change = changeOf(net, name, shape);
  return { shape, data: change ? permuted({ shape: change.order.map((axis) => change.view[axis]), data }, inverse(change.order)).data : data };
}

/** Images [n, channels, h, w] as [n, h, w, channels]; everything else as it is. */
export function inputToTensorFlow(input: HostTensor): HostTensor {
  return input.shape.length === 4 ? permuted(input, [0, 2, 3, 1]) : input;
}
