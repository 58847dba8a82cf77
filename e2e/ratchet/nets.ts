// Nets as people train them: what one step of each costs is counted in Node, and watched in the page.
import * as chainrule from '../../src/index.ts';
import type { CompileOptions, Module } from '../../src/index.ts';

const {
  adam, adamW, add, avgPool2d, batchNorm2d, bceWithLogits, concat, conv2d, convTranspose2d, crossEntropy, dropout, embedding, flatten, globalAvgPool2d, gru, l2, layerNorm,
  leakyRelu, linear, lstm, maxPool2d, module, mse, narrow, positionalEmbedding, relu, reshape, sequential, sgd, sigmoid, tanh, transformerEncoderLayer,
} = chainrule;

export interface RatchetNet {
  readonly model: Module;
  readonly options: Omit<CompileOptions, 'device'> & { readonly batchSize: number };
}

/** `small`: the same layers, narrow and on few examples, so that a step takes milliseconds in software. */
type Make = (small: boolean) => RatchetNet;

const mlp = (...sizes: readonly number[]): Module =>
  sequential(...sizes.slice(1).flatMap((size, layer) => [linear(sizes[layer]!, size), ...(layer < sizes.length - 2 ? [relu()] : [])]));

const conv = (from: number, to: number, kernel: number, stride = 1): Module => conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, bias: false });

function block(from: number, to: number, stride: number): Module {
  const layers = { conv1: conv(from, to, 3, stride), bn1: batchNorm2d(to), conv2: conv(to, to, 3), bn2: batchNorm2d(to), act: relu() };
  if (from === to && stride === 1) return module(layers, ({ conv1, bn1, conv2, bn2, act }, x) => act(add(x, bn2(conv2(act(bn1(conv1(x))))))));
  return module({ ...layers, downsample: sequential(conv(from, to, 1, stride), batchNorm2d(to)) }, ({ conv1, bn1, conv2, bn2, act, downsample }, x) =>
    act(add(downsample(x), bn2(conv2(act(bn1(conv1(x))))))));
}

/** A decoder-only language model with learned positions as GPT-2, or with rotary ones as examples/character-transformer.ts. */
function transformer(layers: number, width: number, length: number, small: boolean, rotary = false): RatchetNet {
  const [classes, units] = [65, small ? 16 : width];
  const layer = (): Module => transformerEncoderLayer(units, 4, { causal: true, normFirst: true, rotary, activation: 'gelu', dropout: 0 }) as unknown as Module;
  return {
    model: sequential(embedding(classes, units), ...(rotary ? [] : [positionalEmbedding(length, units)]), ...Array.from({ length: small ? 2 : layers }, layer), layerNorm(units), linear(units, classes)),
    options: { loss: crossEntropy(), optimizer: adamW({ lr: 0.004 }), clipGradients: { norm: 1 }, batchSize: small ? 2 : 8, inputShape: [length] },
  };
}

export const ratchetNets: Readonly<Record<string, Make>> = {
  'mlp-784-128-10': (small) => ({
    model: small ? mlp(20, 12, 10) : mlp(784, 128, 10), options: { loss: crossEntropy(), optimizer: adam(), batchSize: small ? 8 : 64 },
  }),
  'mlp-784-512-512-10': (small) => ({
    model: small ? mlp(20, 16, 16, 10) : mlp(784, 512, 512, 10), options: { loss: crossEntropy(), optimizer: adam(), batchSize: small ? 8 : 64 },
  }),
  // All that a step may do beside: dropout, a penalty, frozen and grouped parameters, batches added up, clipping, an average, diagnostics.
  'mlp-with-everything': (small) => ({
    model: small ? sequential(linear(20, 12), relu(), dropout(0.2), linear(12, 12), tanh(), linear(12, 10)) : sequential(linear(784, 128), relu(), dropout(0.2), linear(128, 128), tanh(), linear(128, 10)),
    options: {
      loss: crossEntropy(), optimizer: sgd({ lr: 0.1, momentum: 0.9 }), groups: [{ parameters: (_, shape) => shape.length < 2, lr: 0.01 }], frozen: ['3'],
      regularization: l2(1e-4), accumulate: 2, average: { decay: 0.99 }, clipGradients: { norm: 1 }, metrics: ['accuracy'], diagnostics: true, batchSize: small ? 8 : 64,
    },
  }),
  'lenet': (small) => ({
    model: sequential(conv2d(1, 6, 5, { padding: 2 }), relu(), maxPool2d(2), conv2d(6, 16, 5), relu(), maxPool2d(2), flatten(), linear(400, 120), relu(), linear(120, 84), relu(), linear(84, 10)),
    options: { loss: crossEntropy(), optimizer: adam(), inputShape: [1, 28, 28], batchSize: small ? 2 : 32 },
  }),
  'resnet': (small) => {
    const width = small ? 4 : 8;
    return {
      model: sequential(
        avgPool2d(2), conv(1, width, 3), batchNorm2d(width), relu(), block(width, width, 1), block(width, 2 * width, 2), block(2 * width, 4 * width, 2),
        globalAvgPool2d(), flatten(), linear(4 * width, 10),
      ),
      options: { loss: crossEntropy(), optimizer: adamW({ lr: 0.01 }), inputShape: [1, 28, 28], batchSize: small ? 2 : 32 },
    };
  },
  'autoencoder': (small) => {
    const width = small ? 2 : 8;
    return {
      model: module({
        encoder: sequential(conv2d(1, width, 3, { stride: 2, padding: 1 }), relu(), conv2d(width, 2 * width, 3, { stride: 2, padding: 1 }), relu(), flatten(), linear(98 * width, 32)),
        spread: sequential(linear(32, 98 * width), relu()),
        decoder: sequential(convTranspose2d(2 * width, width, 4, { stride: 2, padding: 1 }), relu(), convTranspose2d(width, 1, 4, { stride: 2, padding: 1 }), sigmoid()),
      }, ({ encoder, spread, decoder }, x) => decoder(reshape(spread(encoder(x)), [x.shape[0]!, 2 * width, 7, 7]))),
      options: { loss: mse(), optimizer: adam(), inputShape: [1, 28, 28], batchSize: small ? 2 : 40 },
    };
  },
  // Two layers over 16 places; the launches grow with the places, for each is a launch of its own.
  'lstm-2x128': (small) => ({
    model: sequential(lstm(small ? 4 : 32, small ? 8 : 128, { numLayers: 2 }), linear(small ? 8 : 128, 10)),
    options: { loss: crossEntropy(), optimizer: adam(), clipGradients: { norm: 1 }, inputShape: [small ? 4 : 16, small ? 4 : 32], batchSize: small ? 2 : 32 },
  }),
  'gru-addition': (small) => ({
    model: module({ digit: embedding(10, 8), cells: gru(16, small ? 8 : 48), answer: linear(small ? 8 : 48, 10) }, ({ digit, cells, answer }, x) =>
      answer(cells(reshape(digit(x), [x.shape[0]!, 9, 16])))),
    options: { loss: crossEntropy(), optimizer: adam(), clipGradients: { norm: 1 }, inputShape: [9, 2], batchSize: small ? 4 : 64 },
  }),
  'skip-gram': (small) => ({
    model: sequential(embedding(50, 16), linear(16, 50)), options: { loss: crossEntropy(), optimizer: adam(), inputShape: [1], batchSize: small ? 8 : 256 },
  }),
  'gan-critic': (small) => {
    const units = small ? 8 : 64;
    return {
      model: module({
        generator: sequential(linear(2, units), relu(), linear(units, units), relu(), linear(units, 2)),
        critic: sequential(linear(2, units), leakyRelu({ negativeSlope: 0.2 }), linear(units, units), leakyRelu({ negativeSlope: 0.2 }), linear(units, 1)),
      }, ({ generator, critic }, x) => concat([critic(narrow(x, 1, 0, 2)), critic(generator(narrow(x, 1, 2, 2)))], 1), { inputShape: [4] }),
      options: { loss: bceWithLogits(), optimizer: adam({ beta1: 0.5 }), frozen: ['generator'], batchSize: small ? 8 : 128 },
    };
  },
  // Its weights of 64 by 64 are stored; those of 256 by 256 are not, and its attention is fused.
  'transformer-4x128x64': (small) => transformer(4, 128, small ? 8 : 64, small),
  'transformer-4x128x64-rotary': (small) => transformer(4, 128, small ? 8 : 64, small, true),
  'transformer-6x384x256': (small) => transformer(6, 384, small ? 130 : 256, small),
};
