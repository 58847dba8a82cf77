import { lax, nn, numpy as np } from '@jax-js/jax';
import type { Net } from '../../cases/case.ts';
import { residualBlocks } from '../../cases/nets.ts';

// The library counts references: each use of an array takes one, and `.ref` gives another. Every parameter is used once.

export type Parameters = Record<string, np.Array>;

const linear = (x: np.Array, parameters: Parameters, name: string): np.Array => np.dot(x, parameters[`${name}.weight`].transpose()).add(parameters[`${name}.bias`]);

const convolution = (x: np.Array, weight: np.Array, stride: number, padding: number): np.Array =>
  lax.convGeneralDilated(x, weight, [stride, stride], [[padding, padding], [padding, padding]]);

const maxPool = (x: np.Array): np.Array => lax.reduceWindow(x, (window) => window.max(), [2, 2], [2, 2]);

/** Over the batch's own statistics. Running ones, which a step does not need, are left out. */
function batchNorm(x: np.Array, parameters: Parameters, name: string): np.Array {
  const channels = x.shape[1];
  const centred = x.ref.sub(x.mean([0, 2, 3], { keepdims: true }));
  const variance = np.square(centred.ref).mean([0, 2, 3], { keepdims: true });
  const shaped = (key: string): np.Array => parameters[`${name}.${key}`].reshape([1, channels, 1, 1]);
  return centred.div(np.sqrt(variance.add(1e-5))).mul(shaped('weight')).add(shaped('bias'));
}

function residual(x: np.Array, parameters: Parameters, name: string, isSame: boolean, stride: number): np.Array {
  const inner = nn.relu(batchNorm(convolution(x.ref, parameters[`${name}.conv1.weight`], stride, 1), parameters, `${name}.bn1`));
  const left = batchNorm(convolution(inner, parameters[`${name}.conv2.weight`], 1, 1), parameters, `${name}.bn2`);
  const right = isSame ? x : batchNorm(convolution(x, parameters[`${name}.downsample.0.weight`], stride, 0), parameters, `${name}.downsample.1`);
  return nn.relu(left.add(right));
}

const layerNorm = (x: np.Array, parameters: Parameters, name: string): np.Array =>
  nn.standardize(x, -1, { epsilon: 1e-5 }).mul(parameters[`${name}.weight`]).add(parameters[`${name}.bias`]);

/** One layer over all times, from a state of zeros: the library has no loop, so the graph has every time. */
function lstmLayer(x: np.Array, inputWeight: np.Array, weight: np.Array, units: number): np.Array[] {
  const [batch, time] = x.shape;
  // The input's part of all gates is one product.
  const gates = np.dot(x, inputWeight.transpose());
  const recurrent = weight.transpose();
  let hidden: np.Array | undefined;
  let cell: np.Array | undefined;
  const states: np.Array[] = [];
  for (let t = 0; t < time; t++) {
    const fed = gates.ref.slice([], t, []);
    const all = (hidden ? fed.add(np.dot(hidden, recurrent.ref)) : fed).reshape([batch, 4, units]);
    const gate = (index: number): np.Array => all.ref.slice([], index, []);
    const fresh = nn.sigmoid(gate(0)).mul(np.tanh(gate(2)));
    const next = cell ? fresh.add(nn.sigmoid(gate(1)).mul(cell)) : fresh;
    const state = nn.sigmoid(gate(3)).mul(np.tanh(next.ref));
    all.dispose();
    cell = next;
    hidden = state.ref;
    states.push(state);
  }
  gates.dispose();
  recurrent.dispose();
  cell?.dispose();
  hidden?.dispose();
  return states;
}

function lstm(x: np.Array, parameters: Parameters, net: Net & { type: 'lstm' }): np.Array {
  let states: np.Array[] = [];
  for (let layer = 0; layer < net.layers; layer++) {
    const input = layer === 0 ? x : np.stack(states, 1);
    states = lstmLayer(input, parameters[`lstm.weight_ih_l${layer}`], parameters[`lstm.weight_hh_l${layer}`], net.units);
  }
  const last = states.pop()!;
  for (const state of states) state.dispose();
  return linear(last, parameters, 'last');
}

function attention(x: np.Array, parameters: Parameters, name: string, heads: number): np.Array {
  const [batch, time, width] = x.shape;
  const all = np.dot(x, parameters[`${name}.in_proj_weight`].transpose()).add(parameters[`${name}.in_proj_bias`]).reshape([batch, time, 3, heads, width / heads]);
  const [query, key, value] = [0, 1, 2].map((index) => all.ref.slice([], [], index, [], []));
  all.dispose();
  return linear(nn.dotProductAttention(query, key, value, { isCausal: true }).reshape([batch, time, width]), parameters, `${name}.out_proj`);
}

function transformer(tokens: np.Array, parameters: Parameters, { layers, heads }: Net & { type: 'transformer' }): np.Array {
  let x = parameters['0.weight'].slice(tokens).add(parameters['1.weight']);
  for (let layer = 0; layer < layers; layer++) {
    const name = String(2 + layer);
    x = x.ref.add(attention(layerNorm(x, parameters, `${name}.norm1`), parameters, `${name}.self_attn`, heads));
    x = x.ref.add(linear(nn.relu(linear(layerNorm(x, parameters, `${name}.norm2`), parameters, `${name}.linear1`)), parameters, `${name}.linear2`));
  }
  return linear(layerNorm(x, parameters, String(2 + layers)), parameters, String(3 + layers));
}

/** The net's logits. */
export function forward(net: Net, parameters: Parameters, x: np.Array): np.Array {
  switch (net.type) {
    case 'mlp': {
      const layers = net.sizes.length - 1;
      let value = x;
      for (let i = 0; i < layers; i++) value = linear(i > 0 ? nn.relu(value) : value, parameters, String(2 * i));
      return value;
    }
    case 'lenet': {
      const bias = (name: string): np.Array => parameters[`${name}.bias`].reshape([1, -1, 1, 1]);
      const first = maxPool(nn.relu(convolution(x, parameters['0.weight'], 1, 2).add(bias('0'))));
      const second = maxPool(nn.relu(convolution(first, parameters['3.weight'], 1, 0).add(bias('3'))));
      const flat = second.reshape([second.shape[0], 400]);
      return linear(nn.relu(linear(nn.relu(linear(flat, parameters, '7')), parameters, '9')), parameters, '11');
    }
    case 'resnet': {
      let value = nn.relu(batchNorm(convolution(x, parameters['0.weight'], 1, 1), parameters, '1'));
      for (const [name, from, to, stride] of residualBlocks(net.width)) value = residual(value, parameters, name, from === to, stride);
      return linear(value.mean([2, 3]), parameters, '8');
    }
    case 'lstm': return lstm(x, parameters, net);
    case 'transformer': return transformer(x, parameters, net);
  }
}
