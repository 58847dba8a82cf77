import { expect, test } from 'playwright/test';
import { narrow } from '../../../src/nn/functional/shape.ts';
import { module } from '../../../src/nn/layers.ts';
import { multiHeadAttention, type AttentionModule } from '../../../src/nn/layers/attention.ts';
import { gru, lstm, rnn, type StatefulModule } from '../../../src/nn/layers/recurrent.ts';
import { positionalEmbedding, transformerDecoderLayer, transformerEncoderLayer } from '../../../src/nn/layers/transformer.ts';
import type { AnyModule, Module } from '../../../src/nn/module.ts';
import { traceNet } from '../../../src/nn/net.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal, refusalOf } from './kit.ts';

/** What an op refuses, and what it says. */
const OPS: readonly [op: string, shapes: Readonly<Record<string, readonly number[]>>, options: object, message: string][] = [
  ['rnn', { x: [2, 3, 4], weight: [4, 5] }, {}, 'ShapeError: rnn: needs a weight [hidden, hidden], got [4, 5].'],
  ['gru', { x: [2, 3, 12], weight: [8, 4] }, {}, 'ShapeError: gru: needs a weight [3 · hidden, hidden], got [8, 4].'],
  ['lstm', { x: [2, 3, 16], weight: [16] }, {}, 'ShapeError: lstm: needs a weight [4 · hidden, hidden], got [16].'],
  ['lstm', { x: [2, 3, 12], weight: [16, 4] }, {}, 'ShapeError: lstm: needs x [batch, time, 16] for its weight [16, 4], got [2, 3, 12].'],
  ['gru', { x: [3, 12], weight: [12, 4] }, {}, 'ShapeError: gru: needs x [batch, time, 12] for its weight [12, 4], got [3, 12].'],
  ['gru', { x: [2, 3, 12], weight: [12, 4], bias: [4] }, {}, 'ShapeError: gru: needs bias [12], got [4].'],
  ['rnn', { x: [2, 3, 4], weight: [4, 4], initialHidden: [3, 4] }, {}, 'ShapeError: rnn: needs initialHidden [2, 4], got [3, 4].'],
  ['lstm', { x: [2, 3, 16], weight: [16, 4], initialHidden: [2, 4], initialCell: [1, 2, 4] }, {}, 'ShapeError: lstm: needs initialCell [2, 4], got [1, 2, 4].'],
  ['rnn', { x: [2, 3, 4], weight: [4, 4] }, { nonlinearity: 'gelu' }, 'OptionError: rnn: needs nonlinearity to be "tanh" or "relu", got "gelu".'],
  ['gru', { x: [2, 3, 12], weight: [12, 4] }, { reverse: 1 }, 'OptionError: gru: needs reverse to be true or false, got 1.'],
  ['rotary', { x: [2, 3, 4096] }, {}, 'ShapeError: rotary: needs at most 4094 columns (a limit of WGSL), got [2, 3, 4096]. Split them into heads.'],
  ['lstm', { x: [2, 3, 16], weight: [16, 4] }, { nonlinearity: 'relu' }, 'OptionError: lstm: needs options among reverse, got an unknown option "nonlinearity".'],
];

for (const [index, [op, shapes, options, message]] of OPS.entries()) {
  test(`recurrent ops refuse by rule, ${index + 1}: ${message.slice(0, 80)}`, () => {
    expect(refusalOf(op, shapes, options)).toBe(message);
  });
}

/** What layers refuse when they are made. What they say of tensors needs a model: e2e/gpu/layers-sequence.spec.ts. */
const LAYERS: readonly [body: () => unknown, message: string][] = [
  [() => rnn(0, 4), 'OptionError: rnn: needs inputSize to be an integer ≥ 1, got 0.'],
  [() => gru(4, 2.5), 'OptionError: gru: needs hiddenSize to be an integer ≥ 1, got 2.5.'],
  [() => lstm(4, 4, { numLayers: 0 }), 'OptionError: lstm: needs numLayers to be an integer ≥ 1, got 0.'],
  [() => lstm(4, 4, { numLayers: 2, dropout: 1 }), 'OptionError: lstm: needs dropout to be a finite number ≥ 0 and < 1, got 1.'],
  [() => lstm(4, 4, { dropout: 0.2 }), 'OptionError: lstm: needs at least two layers for dropout, which stands between them, got dropout 0.2 and numLayers 1.'],
  [() => gru(4, 4, { bidirectional: 1 as never }), 'OptionError: gru: needs bidirectional to be true or false, got 1.'],
  [() => gru(4, 4, { bias: 'no' as never }), 'OptionError: gru: needs bias to be true or false, got "no".'],
  [() => lstm(4, 4, { returnState: 1 as never }), 'OptionError: lstm: needs returnState to be true or false, got 1.'],
  [() => rnn(4, 4, { nonlinearity: 'sigmoid' as never }), 'OptionError: rnn: needs nonlinearity to be "tanh" or "relu", got "sigmoid".'],
  [() => lstm(4, 4, { batchFirst: true } as never), 'OptionError: lstm: needs options among numLayers, bidirectional, bias, dropout, returnState, got an unknown option "batchFirst".'],
  [() => multiHeadAttention(10, 4), 'OptionError: multiHeadAttention: needs embedDim divisible by numHeads, got 10 and 4.'],
  [() => multiHeadAttention(12, 4, { numKeyValueHeads: 3 }), 'OptionError: multiHeadAttention: needs numHeads divisible by numKeyValueHeads, got 4 and 3.'],
  [() => multiHeadAttention(12, 4, { numKeyValueHeads: 8 }), 'OptionError: multiHeadAttention: needs numKeyValueHeads to be an integer ≥ 1 and ≤ 4, got 8.'],
  [() => multiHeadAttention(8, 0), 'OptionError: multiHeadAttention: needs numHeads to be an integer ≥ 1, got 0.'],
  [() => multiHeadAttention(8, 2, { causal: 1 as never }), 'OptionError: multiHeadAttention: needs causal to be true or false, got 1.'],
  [() => multiHeadAttention(12, 4, { rotary: true }), 'OptionError: multiHeadAttention: needs heads of an even width for rotary positions, got 3.'],
  [() => multiHeadAttention(8, 2, { rotary: 'yes' as never }), 'OptionError: multiHeadAttention: needs rotary to be true, false or { base }, got "yes".'],
  [() => multiHeadAttention(8, 2, { rotary: { offset: 2 } as never }), 'OptionError: multiHeadAttention: needs options among base, got an unknown option "offset".'],
  [() => multiHeadAttention(8, 2, { dropout: 0.1 } as never), 'OptionError: multiHeadAttention: needs options among bias, numKeyValueHeads, causal, rotary, got an unknown option "dropout".'],
  [() => transformerEncoderLayer(10, 4), 'OptionError: multiHeadAttention: needs embedDim divisible by numHeads, got 10 and 4.'],
  [() => transformerEncoderLayer(8, 2, { activation: 'tanh' as never }), 'OptionError: transformerEncoderLayer: needs activation among relu, gelu, silu, got "tanh".'],
  [() => transformerEncoderLayer(8, 2, { normFirst: 'yes' as never }), 'OptionError: transformerEncoderLayer: needs normFirst to be true or false, got "yes".'],
  [() => transformerEncoderLayer(8, 2, { feedForwardDim: 0 }), 'OptionError: transformerEncoderLayer: needs feedForwardDim to be an integer ≥ 1, got 0.'],
  [() => transformerDecoderLayer(8, 2, { memory: 3 } as never),
    'OptionError: transformerDecoderLayer: needs options among bias, numKeyValueHeads, rotary, feedForwardDim, dropout, activation, normFirst, eps, causal, got an unknown option "memory".'],
  [() => positionalEmbedding(0, 8), 'OptionError: positionalEmbedding: needs maxLength to be an integer ≥ 1, got 0.'],
];

for (const [index, [body, message]] of LAYERS.entries()) {
  test(`sequence layers refuse by rule, ${index + 1}: ${message.slice(0, 80)}`, () => {
    expect(refusal({}, body)).toBe(message);
  });
}

/** What they refuse of tensors, in a model that takes x [2, 5, 6] (a batch of two). */
const CALLS: readonly [layers: Readonly<Record<string, AnyModule>>, forward: (layers: never, x: Tensor) => Tensor, message: string][] = [
  [{ cells: lstm(4, 3) }, ({ cells }: { cells: Module }, x) => cells(x), 'ShapeError: lstm: needs x [batch, time, 4], got [2, 5, 6].'],
  [{ cells: gru(6, 3, { returnState: true }) }, ({ cells }: { cells: StatefulModule }, x) => cells(x, { hidden: x }).output, 'ShapeError: gru: needs hidden [1, 2, 3], got [2, 5, 6].'],
  [{ cells: lstm(6, 3, { returnState: true }) }, ({ cells }: { cells: StatefulModule }, x) => cells(x, { hidden: cells(x).hidden }).output, 'ShapeError: lstm: needs cell [1, 2, 3], got undefined.'],
  [{ cells: rnn(6, 3, { returnState: true }) }, ({ cells }: { cells: StatefulModule }, x) => cells(x, x as never).output, 'OptionError: rnn: needs a state { hidden }, got Object.'],
  [{ attend: multiHeadAttention(8, 2) }, ({ attend }: { attend: AttentionModule }, x) => attend(x), 'ShapeError: multiHeadAttention: needs query [2, time, 8], got [2, 5, 6].'],
  [{ attend: multiHeadAttention(6, 2) }, ({ attend }: { attend: AttentionModule }, x) => attend(x, { key: narrow(x, 2, 0, 3) }), 'ShapeError: multiHeadAttention: needs key [2, time, 6], got [2, 5, 3].'],
  [{ attend: multiHeadAttention(6, 2) }, ({ attend }: { attend: AttentionModule }, x) => attend(x, { value: x }), 'OptionError: multiHeadAttention: needs a key where there is a value, got none.'],
  [{ attend: multiHeadAttention(6, 2) }, ({ attend }: { attend: AttentionModule }, x) => attend(x, { key: x, value: narrow(x, 1, 0, 3) }),
    'ShapeError: multiHeadAttention: needs as many values as keys, got [2, 5, 6] and [2, 3, 6].'],
  [{ block: transformerEncoderLayer(4, 2) }, ({ block }: { block: Module }, x) => block(x), 'ShapeError: multiHeadAttention: needs query [2, time, 4], got [2, 5, 6].'],
  [{ block: transformerDecoderLayer(6, 2) }, ({ block }: { block: Module<[Tensor, Tensor]> }, x) => block(x, narrow(x, 2, 0, 3)), 'ShapeError: multiHeadAttention: needs key [2, time, 6], got [2, 5, 3].'],
  [{ places: positionalEmbedding(4, 6) }, ({ places }: { places: Module }, x) => places(x), 'ShapeError: positionalEmbedding: needs x [batch, time ≤ 4, 6], got [2, 5, 6].'],
];

for (const [index, [layers, forward, message]] of CALLS.entries()) {
  test(`sequence layers refuse tensors by rule, ${index + 1}: ${message.slice(0, 80)}`, () => {
    const said = (): string => {
      try {
        traceNet(module(layers, forward as never, { inputShape: [5, 6] }), [5, 6], 2);
        return 'nothing';
      } catch (error) {
        return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      }
    };
    expect(said()).toBe(message);
  });
}
