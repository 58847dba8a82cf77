import { Random } from '../harness/random.ts';
import { sizeOf } from '../harness/host-tensor.ts';
import type { Net, TrainingCase } from './case.ts';
import { initialBuffers, initialParameters, stepFlops } from './nets.ts';

interface Options {
  readonly large?: true;
  readonly batches?: number;
}

function inputsOf(net: Net): { inputShape: readonly number[]; targetShape: readonly number[]; classes: number } {
  switch (net.type) {
    case 'mlp': return { inputShape: [net.sizes[0]], targetShape: [], classes: net.sizes.at(-1)! };
    case 'lenet': return { inputShape: [1, 28, 28], targetShape: [], classes: 10 };
    case 'resnet': return { inputShape: [3, 16, 16], targetShape: [], classes: 10 };
    case 'lstm': return { inputShape: [net.time, net.features], targetShape: [], classes: net.classes };
    case 'transformer': return { inputShape: [net.time], targetShape: [net.time], classes: net.vocabulary };
  }
}

/** Training of a net on noise: what a step costs does not depend on what there is to learn. */
export function training(name: string, net: Net, batch: number, { large, batches = 8 }: Options = {}): TrainingCase {
  const shapes = inputsOf(net);
  return {
    kind: 'training', name, net, batch, batches, ...shapes, learningRate: 1e-3, flops: stepFlops(net, batch), ...(large ? { large } : {}),
    data: () => {
      const random = new Random(batch + batches);
      const count = batches * batch * sizeOf(shapes.inputShape);
      const inputs = net.type === 'transformer' ? random.classes(count, net.vocabulary) : random.uniform([count]).data;
      return { inputs, targets: random.classes(batches * batch * sizeOf(shapes.targetShape), shapes.classes) };
    },
    parameters: () => initialParameters(net),
    buffers: () => initialBuffers(net),
  };
}

const transformer = (layers: number, width: number, time: number): Net => ({ type: 'transformer', layers, width, heads: width / 32, time, vocabulary: 64 });

export const trainings: readonly TrainingCase[] = [
  training('MLP 784-128-10, batch 64', { type: 'mlp', sizes: [784, 128, 10] }, 64),
  training('MLP 784-128-10, batch 256', { type: 'mlp', sizes: [784, 128, 10] }, 256),
  training('MLP 784-512-512-10, batch 64', { type: 'mlp', sizes: [784, 512, 512, 10] }, 64),
  training('MLP 784-512-512-10, batch 256', { type: 'mlp', sizes: [784, 512, 512, 10] }, 256),
  training('LeNet, batch 32', { type: 'lenet' }, 32),
  training('ResNet of 3 blocks, batch 32', { type: 'resnet', width: 8 }, 32, { batches: 4 }),
  training('LSTM 2×128, 16 times, batch 32', { type: 'lstm', features: 64, units: 128, layers: 2, time: 16, classes: 10 }, 32, { batches: 4 }),
  training('transformer 4×128, 64 tokens, batch 2', transformer(4, 128, 64), 2, { batches: 4 }),
  training('transformer 6×384, 256 tokens, batch 8', transformer(6, 384, 256), 8, { large: true, batches: 2 }),
];
