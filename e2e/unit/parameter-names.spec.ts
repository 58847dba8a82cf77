import { expect, test } from 'playwright/test';
import * as plain from '../../src/nn/layers.ts';
import * as activations from '../../src/nn/layers/activations.ts';
import * as attention from '../../src/nn/layers/attention.ts';
import * as convolutions from '../../src/nn/layers/convolution.ts';
import * as embeddings from '../../src/nn/layers/embedding.ts';
import * as norms from '../../src/nn/layers/normalization.ts';
import * as pools from '../../src/nn/layers/pooling.ts';
import * as recurrents from '../../src/nn/layers/recurrent.ts';
import * as transformers from '../../src/nn/layers/transformer.ts';
import type { Module } from '../../src/nn/module.ts';
import { traceNet } from '../../src/nn/net.ts';
import type { Shape } from '../../src/ops/tensor.ts';

const { linear, module, recompute, sequential, relu } = plain;
const { lstm } = recurrents;
const { multiHeadAttention } = attention;
const { transformerDecoderLayer } = transformers;
const files = [plain, activations, attention, convolutions, embeddings, norms, pools, recurrents, transformers];

/** Names and shapes as `state()` saves them and as PyTorch's `state_dict()` has them: parameters, then buffers. */
function stateOf(model: Module, inputShape: Shape): Record<string, Shape> {
  const { parameters, buffers } = traceNet(model, inputShape, 2, { training: true });
  return Object.fromEntries([...parameters, ...buffers].map(({ name, tensor }) => [name, tensor.shape]));
}

/** `gates` matrices of an RNN's layer and direction as torch.nn has them. */
function cell(end: string, gates: number, input: number, hidden: number): Record<string, Shape> {
  return {
    [`weight_ih_${end}`]: [gates * hidden, input], [`weight_hh_${end}`]: [gates * hidden, hidden], [`bias_ih_${end}`]: [gates * hidden], [`bias_hh_${end}`]: [gates * hidden],
  };
}

const under = (name: string, state: Readonly<Record<string, Shape>>): Record<string, Shape> => Object.fromEntries(Object.entries(state).map(([own, shape]) => [`${name}.${own}`, shape]));
const affine = (...shape: number[]): Record<string, Shape> => ({ weight: shape, bias: shape });
const dense = (inputs: number, outputs: number): Record<string, Shape> => ({ weight: [outputs, inputs], bias: [outputs] });
const heads = (width: number): Record<string, Shape> => ({ in_proj_weight: [3 * width, width], in_proj_bias: [3 * width], ...under('out_proj', dense(width, width)) });
/** A module that is called with more than x, below the name `own`. */
const wrapped = <Own extends Parameters<typeof module>[0][string]>(own: Own, call: (own: Own, x: Parameters<Module>[0]) => Parameters<Module>[0]): Module =>
  module({ own }, ({ own: inner }, x) => call(inner, x));

interface Case {
  /** What it is in PyTorch. */
  readonly torch: string;
  readonly model: Module;
  readonly input: Shape;
  readonly state: Readonly<Record<string, Shape>>;
}

const cases: Readonly<Record<string, readonly Case[]>> = {
  linear: [
    { torch: 'Linear(5, 3)', model: linear(5, 3), input: [5], state: dense(5, 3) },
    { torch: 'Linear(5, 3, bias=False)', model: linear(5, 3, { bias: false }), input: [5], state: { weight: [3, 5] } },
  ],
  conv1d: [{ torch: 'Conv1d(4, 6, 3, groups=2)', model: convolutions.conv1d(4, 6, 3, { groups: 2 }), input: [4, 9], state: { weight: [6, 2, 3], bias: [6] } }],
  conv2d: [
    { torch: 'Conv2d(4, 6, (3, 5), groups=2)', model: convolutions.conv2d(4, 6, [3, 5], { groups: 2 }), input: [4, 9, 9], state: { weight: [6, 2, 3, 5], bias: [6] } },
    { torch: 'Conv2d(4, 4, 3, groups=4, bias=False)', model: convolutions.conv2d(4, 4, 3, { groups: 4, bias: false }), input: [4, 9, 9], state: { weight: [4, 1, 3, 3] } },
  ],
  convTranspose2d: [{ torch: 'ConvTranspose2d(4, 6, (3, 2), groups=2)', model: convolutions.convTranspose2d(4, 6, [3, 2], { groups: 2 }), input: [4, 5, 5], state: { weight: [4, 3, 3, 2], bias: [6] } }],
  embedding: [{ torch: 'Embedding(7, 3, padding_idx=0)', model: embeddings.embedding(7, 3, { paddingIndex: 0 }), input: [4], state: { weight: [7, 3] } }],
  positionalEmbedding: [{ torch: 'Embedding(9, 4), of positions', model: transformers.positionalEmbedding(9, 4), input: [5, 4], state: { weight: [9, 4] } }],
  prelu: [
    { torch: 'PReLU()', model: activations.prelu(), input: [4, 3], state: { weight: [1] } },
    { torch: 'PReLU(4)', model: activations.prelu(4), input: [4, 3], state: { weight: [4] } },
  ],
  layerNorm: [
    { torch: 'LayerNorm((3, 4))', model: norms.layerNorm([3, 4]), input: [3, 4], state: affine(3, 4) },
    { torch: 'LayerNorm(4, bias=False)', model: norms.layerNorm(4, { bias: false }), input: [3, 4], state: { weight: [4] } },
    { torch: 'LayerNorm(4, elementwise_affine=False)', model: norms.layerNorm(4, { elementwiseAffine: false }), input: [3, 4], state: {} },
  ],
  rmsNorm: [{ torch: 'RMSNorm(4)', model: norms.rmsNorm(4), input: [3, 4], state: { weight: [4] } }],
  groupNorm: [
    { torch: 'GroupNorm(2, 6)', model: norms.groupNorm(2, 6), input: [6, 3], state: affine(6) },
    { torch: 'GroupNorm(2, 6, affine=False)', model: norms.groupNorm(2, 6, { affine: false }), input: [6, 3], state: {} },
  ],
  instanceNorm2d: [
    { torch: 'InstanceNorm2d(6)', model: norms.instanceNorm2d(6), input: [6, 3, 3], state: {} },
    { torch: 'InstanceNorm2d(6, affine=True)', model: norms.instanceNorm2d(6, { affine: true }), input: [6, 3, 3], state: affine(6) },
  ],
  // num_batches_tracked is not kept: nothing depends on it where the momentum is a number.
  batchNorm1d: [{ torch: 'BatchNorm1d(5)', model: norms.batchNorm1d(5), input: [5], state: { ...affine(5), running_mean: [5], running_var: [5] } }],
  batchNorm2d: [
    { torch: 'BatchNorm2d(5)', model: norms.batchNorm2d(5), input: [5, 3, 3], state: { ...affine(5), running_mean: [5], running_var: [5] } },
    { torch: 'BatchNorm2d(5, affine=False)', model: norms.batchNorm2d(5, { affine: false }), input: [5, 3, 3], state: { running_mean: [5], running_var: [5] } },
    { torch: 'BatchNorm2d(5, track_running_stats=False)', model: norms.batchNorm2d(5, { trackRunningStats: false }), input: [5, 3, 3], state: affine(5) },
  ],
  rnn: [{ torch: 'RNN(5, 3)', model: recurrents.rnn(5, 3), input: [4, 5], state: cell('l0', 1, 5, 3) }],
  gru: [
    { torch: 'GRU(5, 3, num_layers=2)', model: recurrents.gru(5, 3, { numLayers: 2 }), input: [4, 5], state: { ...cell('l0', 3, 5, 3), ...cell('l1', 3, 3, 3) } },
    { torch: 'GRU(5, 3, bias=False)', model: recurrents.gru(5, 3, { bias: false }), input: [4, 5], state: { weight_ih_l0: [9, 5], weight_hh_l0: [9, 3] } },
  ],
  lstm: [
    {
      torch: 'LSTM(5, 3, num_layers=2, bidirectional=True)', model: lstm(5, 3, { numLayers: 2, bidirectional: true }), input: [4, 5],
      state: { ...cell('l0', 4, 5, 3), ...cell('l0_reverse', 4, 5, 3), ...cell('l1', 4, 6, 3), ...cell('l1_reverse', 4, 6, 3) },
    },
    { torch: 'LSTM(5, 3), with its state', model: wrapped(lstm(5, 3, { returnState: true }), (inner, x) => inner(x, inner(x)).output), input: [4, 5], state: under('own', cell('l0', 4, 5, 3)) },
  ],
  multiHeadAttention: [
    { torch: 'MultiheadAttention(8, 2)', model: wrapped(multiHeadAttention(8, 2), (inner, x) => inner(x)), input: [4, 8], state: under('own', heads(8)) },
    { torch: 'MultiheadAttention(8, 2, bias=False)', model: wrapped(multiHeadAttention(8, 2, { bias: false }), (inner, x) => inner(x, { key: x })), input: [4, 8], state: { 'own.in_proj_weight': [24, 8], 'own.out_proj.weight': [8, 8] } },
  ],
  transformerEncoderLayer: [{
    torch: 'TransformerEncoderLayer(8, 2, dim_feedforward=12)', model: wrapped(transformers.transformerEncoderLayer(8, 2, { feedForwardDim: 12 }), (inner, x) => inner(x)), input: [4, 8],
    state: under('own', { ...under('self_attn', heads(8)), ...under('linear1', dense(8, 12)), ...under('linear2', dense(12, 8)), ...under('norm1', affine(8)), ...under('norm2', affine(8)) }),
  }],
  transformerDecoderLayer: [{
    torch: 'TransformerDecoderLayer(8, 2, dim_feedforward=12)', model: wrapped(transformerDecoderLayer(8, 2, { feedForwardDim: 12 }), (inner, x) => inner(x, x)), input: [4, 8],
    state: under('own', {
      ...under('self_attn', heads(8)), ...under('multihead_attn', heads(8)), ...under('linear1', dense(8, 12)), ...under('linear2', dense(12, 8)),
      ...under('norm1', affine(8)), ...under('norm2', affine(8)), ...under('norm3', affine(8)),
    }),
  }],
  sequential: [{
    torch: 'Sequential(Linear(5, 4), ReLU(), Sequential(Linear(4, 3), BatchNorm1d(3)))', model: sequential(linear(5, 4), relu(), sequential(linear(4, 3), norms.batchNorm1d(3))), input: [5],
    state: { ...under('0', dense(5, 4)), ...under('2.0', dense(4, 3)), ...under('2.1', { ...affine(3), running_mean: [3], running_var: [3] }) },
  }],
  module: [{
    // PyTorch lists a shared weight under each of its names; here it has the first one alone.
    torch: 'a Module with the children encoder, head', input: [5], state: { ...under('encoder.0', dense(5, 5)), ...under('head', dense(5, 2)) },
    model: module({ encoder: sequential(linear(5, 5)), head: linear(5, 2) }, ({ encoder, head }, x) => head(encoder(encoder(x)))),
  }],
  recompute: [{ torch: 'a block under checkpoint', model: sequential(recompute(linear(5, 5)), linear(5, 2)), input: [5], state: { ...under('0', dense(5, 5)), ...under('1', dense(5, 2)) } }],
};

for (const [layer, list] of Object.entries(cases)) {
  for (const { torch, model, input, state } of list) {
    test(`${layer}: names and shapes are those of torch.nn's ${torch}`, () => {
      const got = stateOf(model, input);
      expect(got).toEqual(state);
      expect(Object.keys(got)).toEqual(Object.keys(state));
    });
  }
}

/** Layers that hold nothing: called without options, or with these. */
const empty: Readonly<Record<string, readonly [model: Module, input: Shape]>> = {
  ...Object.fromEntries(['relu', 'sigmoid', 'tanh', 'silu', 'softmax', 'logSoftmax', 'leakyRelu', 'gelu', 'dropout', 'flatten'].map((name) => [name, [(plain as never as Record<string, () => Module>)[name]!(), [4, 3]]])),
  ...Object.fromEntries(['relu6', 'selu', 'mish', 'softsign', 'hardSigmoid', 'hardSwish', 'elu', 'softplus'].map((name) => [name, [(activations as never as Record<string, () => Module>)[name]!(), [4, 3]]])),
  maxPool1d: [pools.maxPool1d(2), [3, 4]], avgPool1d: [pools.avgPool1d(2), [3, 4]], maxPool2d: [pools.maxPool2d(2), [3, 4, 4]], avgPool2d: [pools.avgPool2d(2), [3, 4, 4]],
  globalAvgPool2d: [pools.globalAvgPool2d(), [3, 4, 4]], globalMaxPool2d: [pools.globalMaxPool2d(), [3, 4, 4]], upsample: [pools.upsample(2), [3, 4, 4]],
};

test('layers without parameters add no name', () => {
  for (const [name, [model, input]] of Object.entries(empty)) expect(stateOf(sequential(model), input), name).toEqual({});
});

test('every layer that there is stands in these tables', () => {
  const layers = files.flatMap((file) => Object.entries(file).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])));
  expect(layers.filter((name) => !Object.hasOwn(cases, name) && !Object.hasOwn(empty, name))).toEqual([]);
});
