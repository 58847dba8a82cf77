import type { Dataset } from '../data/dataset.ts';
import { blobs, moons, spiral } from '../data/generators.ts';
import { sineRegression } from '../data/regression.ts';
import { oneHot, toValues } from '../data/transform.ts';
import { gelu, linear, relu, sequential, tanh } from '../nn/layers.ts';
import { bceWithLogits, crossEntropy, mse, type Loss } from '../nn/losses.ts';
import type { Module } from '../nn/module.ts';

/** A small net with data that it learns in a few hundred steps: what people try a new runtime on. */
export interface MutationNet {
  readonly name: string;
  readonly model: () => Module;
  readonly loss: () => Loss;
  /** One batch holds all examples, so that a run has no chance in it. */
  readonly data: () => Dataset;
  readonly steps: number;
  readonly lr: number;
}

/** Sizes as people choose them, and some that no tile divides. */
export const mutationNets: readonly MutationNet[] = [
  {
    name: 'tanh 2-16-2, cross-entropy', model: () => sequential(linear(2, 16), tanh(), linear(16, 2)), loss: crossEntropy,
    data: () => moons({ points: 64, noise: 0.08, seed: 3 }), steps: 150, lr: 0.05,
  },
  {
    name: 'ReLU 2-33-17-3, cross-entropy', model: () => sequential(linear(2, 33), relu(), linear(33, 17), relu(), linear(17, 3)), loss: crossEntropy,
    data: () => spiral({ points: 75, turns: 0.6, classes: 3, noise: 0.02, seed: 5 }), steps: 200, lr: 0.02,
  },
  {
    name: 'GELU 2-24-3, cross-entropy over probabilities', model: () => sequential(linear(2, 24), gelu(), linear(24, 3)), loss: () => crossEntropy({ targets: 'probabilities' }),
    data: () => oneHot(blobs({ points: 60, classes: 3, noise: 0.6, seed: 7 })), steps: 120, lr: 0.03,
  },
  {
    name: 'tanh 1-20-20-1, mean squared error', model: () => sequential(linear(1, 20), tanh(), linear(20, 20), tanh(), linear(20, 1)), loss: mse,
    data: () => sineRegression({ points: 64, noise: 0.03, seed: 11 }), steps: 200, lr: 0.02,
  },
  {
    name: 'ReLU 2-32-2, mean squared error', model: () => sequential(linear(2, 32), relu(), linear(32, 2)), loss: mse,
    data: () => oneHot(moons({ points: 65, noise: 0.05, seed: 13 })), steps: 150, lr: 0.02,
  },
  {
    name: 'GELU 2-19-1, binary cross-entropy', model: () => sequential(linear(2, 19), gelu(), linear(19, 1)), loss: bceWithLogits,
    data: () => toValues(moons({ points: 66, noise: 0.08, seed: 17 })), steps: 150, lr: 0.05,
  },
];
