import type { Net } from '../../cases/case.ts';
import { residualBlocks } from '../../cases/nets.ts';
import type { Named } from '../../harness/host-tensor.ts';
import { layerNorm } from './rows.ts';
import { tf } from './session.ts';

// tf.layers' own kernels (fused products and convolutions, batchNorm, maxPool) without its bookkeeping around them.

export type Parameters = Named<tf.Tensor>;

type Activation = 'relu' | 'linear';

/** x [..., in] by a product of two axes, as the library's gradients want it. */
function linear(x: tf.Tensor, parameters: Parameters, name: string, activation: Activation = 'linear'): tf.Tensor {
  return product(x, parameters[`${name}.weight`], parameters[`${name}.bias`], activation);
}

function product(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor, activation: Activation = 'linear'): tf.Tensor {
  const flat = tf.reshape(x, [-1, weight.shape[0]]) as tf.Tensor2D;
  const out = tf.fused.matMul({ a: flat, b: weight as tf.Tensor2D, ...(bias ? { bias } : {}), activation });
  return x.shape.length === 2 ? out : tf.reshape(out, [...x.shape.slice(0, -1), weight.shape[1]!]);
}

/** Sizes stay, or are halved by the stride. PyTorch pads both sides alike. */
const convolution = (x: tf.Tensor, filter: tf.Tensor, stride: number, pad: number): tf.Tensor4D => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad);

/** Over the batch's own statistics. Running ones, which a step does not need, are left out. */
function batchNorm(x: tf.Tensor4D, parameters: Parameters, name: string): tf.Tensor {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, parameters[`${name}.bias`] as tf.Tensor1D, parameters[`${name}.weight`] as tf.Tensor1D, 1e-5);
}

function residual(x: tf.Tensor, parameters: Parameters, name: string, isSame: boolean, stride: number): tf.Tensor {
  const inner = tf.relu(batchNorm(convolution(x, parameters[`${name}.conv1.weight`], stride, 1), parameters, `${name}.bn1`));
  const left = batchNorm(convolution(inner, parameters[`${name}.conv2.weight`], 1, 1), parameters, `${name}.bn2`);
  const right = isSame ? x : batchNorm(convolution(x, parameters[`${name}.downsample.0.weight`], stride, 0), parameters, `${name}.downsample.1`);
  return tf.relu(tf.add(left, right));
}

function lstm(x: tf.Tensor, parameters: Parameters, { layers, units, time }: Net & { type: 'lstm' }): tf.Tensor {
  let states: tf.Tensor[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const input = layer === 0 ? x : tf.stack(states, 1);
    // The input's part of all gates is one product.
    const fed = tf.unstack(product(input, parameters[`lstm.weight_ih_l${layer}`]), 1);
    const weight = parameters[`lstm.weight_hh_l${layer}`] as tf.Tensor2D;
    let hidden: tf.Tensor2D | undefined;
    let cell: tf.Tensor | undefined;
    states = [];
    for (let t = 0; t < time; t++) {
      const all = hidden ? tf.add(fed[t], tf.matMul(hidden, weight)) : fed[t];
      const [entry, forget, candidate, exit] = tf.split(all, 4, 1);
      const fresh = tf.mul(tf.sigmoid(entry), tf.tanh(candidate));
      cell = cell ? tf.add(tf.mul(tf.sigmoid(forget), cell), fresh) : fresh;
      hidden = tf.mul(tf.sigmoid(exit), tf.tanh(cell)) as tf.Tensor2D;
      states.push(hidden);
    }
  }
  if (states[0].shape[1] !== units) throw new Error(`tfjs: needs states of ${units} units`);
  return linear(states.at(-1)!, parameters, 'last');
}

function attention(x: tf.Tensor, parameters: Parameters, name: string, heads: number, mask: tf.Tensor): tf.Tensor {
  const [batch, time, width] = x.shape as [number, number, number];
  const all = product(x, parameters[`${name}.in_proj_weight`], parameters[`${name}.in_proj_bias`]);
  const [query, key, value] = tf.split(all, 3, 2).map((part) => tf.transpose(tf.reshape(part, [batch, time, heads, width / heads]), [0, 2, 1, 3]));
  const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width / heads)), mask);
  const mixed = tf.matMul(tf.softmax(scores, -1), value);
  return linear(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, time, width]), parameters, `${name}.out_proj`);
}

function transformer(tokens: tf.Tensor, parameters: Parameters, { layers, heads, time }: Net & { type: 'transformer' }): tf.Tensor {
  // A large negative number where a place would see a later one.
  const places = tf.range(0, time);
  const mask = tf.mul(tf.cast(tf.greater(tf.reshape(places, [1, time]), tf.reshape(places, [time, 1])), 'float32'), -1e9);
  let x: tf.Tensor = tf.add(tf.gather(parameters['0.weight'], tokens as tf.Tensor2D), parameters['1.weight']);
  for (let layer = 0; layer < layers; layer++) {
    const name = String(2 + layer);
    const norm = (which: string): tf.Tensor => layerNorm(x, parameters[`${name}.${which}.weight`], parameters[`${name}.${which}.bias`]);
    x = tf.add(x, attention(norm('norm1'), parameters, `${name}.self_attn`, heads, mask));
    x = tf.add(x, linear(linear(norm('norm2'), parameters, `${name}.linear1`, 'relu'), parameters, `${name}.linear2`));
  }
  const last = String(2 + layers);
  return linear(layerNorm(x, parameters[`${last}.weight`], parameters[`${last}.bias`]), parameters, String(3 + layers));
}

/** The net's logits. */
export function forward(net: Net, parameters: Parameters, x: tf.Tensor): tf.Tensor {
  switch (net.type) {
    case 'mlp': {
      const layers = net.sizes.length - 1;
      let value = x;
      for (let i = 0; i < layers; i++) value = linear(value, parameters, String(2 * i), i < layers - 1 ? 'relu' : 'linear');
      return value;
    }
    case 'lenet': {
      const layer = (value: tf.Tensor, name: string, pad: number): tf.Tensor => tf.maxPool(tf.fused.conv2d({
        x: value as tf.Tensor4D, filter: parameters[`${name}.weight`] as tf.Tensor4D, strides: 1, pad, bias: parameters[`${name}.bias`], activation: 'relu',
      }), 2, 2, 'valid');
      const flat = tf.reshape(layer(layer(x, '0', 2), '3', 0), [-1, 400]);
      return linear(linear(linear(flat, parameters, '7', 'relu'), parameters, '9', 'relu'), parameters, '11');
    }
    case 'resnet': {
      let value: tf.Tensor = tf.relu(batchNorm(convolution(x, parameters['0.weight'], 1, 1), parameters, '1'));
      for (const [name, from, to, stride] of residualBlocks(net.width)) value = residual(value, parameters, name, from === to, stride);
      return linear(tf.mean(value, [1, 2]), parameters, '8');
    }
    case 'lstm': return lstm(x, parameters, net);
    case 'transformer': return transformer(x, parameters, net);
  }
}
