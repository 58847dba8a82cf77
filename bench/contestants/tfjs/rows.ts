import type { RowsCase } from '../../cases/case.ts';
import type { HostTensor, Named } from '../../harness/host-tensor.ts';
import type { Running } from '../contestant.ts';
import { flush, get, openTfjs, put, tf } from './session.ts';

type Outputs = Record<string, tf.Tensor>;

/** Also used by the nets. */
export function layerNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), weight), bias);
}

/** The op's outputs with the gradients of what it takes. */
function withGradients(inputs: Named<tf.Tensor>, cotangent: tf.Tensor | undefined, compute: (...inputs: tf.Tensor[]) => tf.Tensor): Outputs {
  const names = Object.keys(inputs);
  const { value, grads } = tf.valueAndGrads(compute)(names.map((name) => inputs[name]), cotangent);
  return { out: value, ...Object.fromEntries(names.map((name, index) => [`d ${name}`, grads[index]])) };
}

function compute(op: RowsCase['op'], tensors: Named<tf.Tensor>): Outputs {
  const { x, cotangent, weight, bias, oneHot } = tensors;
  switch (op) {
    case 'softmax': return { out: tf.softmax(x, -1) };
    case 'softmax and gradient': return withGradients({ x }, cotangent, (value) => tf.softmax(value, -1));
    case 'layerNorm': return { out: layerNorm(x, weight, bias) };
    case 'layerNorm and gradients': return withGradients({ x, weight, bias }, cotangent, layerNorm);
    case 'crossEntropy and gradient': {
      const { out, 'd x': gradient } = withGradients({ x }, undefined, (logits) => tf.losses.softmaxCrossEntropy(oneHot, logits));
      return { loss: out, gradient };
    }
  }
}

function oneHotOf(labels: Uint32Array, classes: number): HostTensor {
  const data = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => { data[row * classes + label] = 1; });
  return { shape: [labels.length, classes], data };
}

export async function rows({ op, columns, data }: RowsCase): Promise<Running> {
  const device = await openTfjs();
  const { tensors: given, labels } = data();
  const isLoss = op === 'crossEntropy and gradient';
  const tensors = Object.fromEntries(Object.entries({ ...given, ...(isLoss ? { oneHot: oneHotOf(labels!, columns) } : {}) }).map(([name, tensor]) => [name, put(tensor)]));
  return {
    device, mode: isLoss ? 'tf.valueAndGrads, targets as one-hot rows' : 'tensors of tfjs-core', granularity: 1,
    run: (times) => {
      for (let i = 0; i < times; i++) tf.tidy(() => { compute(op, tensors); });
    },
    flush,
    prove: async () => {
      const values = tf.tidy(() => compute(op, tensors));
      const outputs: Record<string, Float32Array> = {};
      for (const [name, tensor] of Object.entries(values)) outputs[name] = await get(tensor);
      tf.dispose(values);
      return { kind: 'outputs', outputs };
    },
  };
}
