import { expect, test } from 'playwright/test';
import * as functional from '../../../src/nn/functional/convolution.ts';
import * as layers from '../../../src/nn/layers/convolution.ts';
import { linear, relu, sequential } from '../../../src/nn/layers.ts';
import * as pools from '../../../src/nn/layers/pooling.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal, refusalOf } from './kit.ts';

const SHAPES = {
  x: [2, 4, 9, 8], five: [2, 5, 9, 8], row: [2, 4, 9], weight: [6, 4, 3, 3], halves: [6, 2, 3, 3], odd: [5, 2, 3, 3], kernel1d: [6, 4, 3], up: [4, 3, 3, 3], three: [3],
} as const;
type Tensors = Readonly<Record<keyof typeof SHAPES, Tensor>>;

/** What is refused, and what it says. */
const REFUSED: readonly [(tensors: Tensors) => unknown, string][] = [
  [({ row, weight }) => functional.conv2d(row, weight), 'ShapeError: conv2d: needs x [batch, channels, height, width], got [2, 4, 9].'],
  [({ x, kernel1d }) => functional.conv2d(x, kernel1d), 'ShapeError: conv2d: needs a weight [channels, channels / groups, height, width], got [6, 4, 3].'],
  [({ five, halves }) => functional.conv2d(five, halves, undefined, { groups: 2 }), 'ShapeError: conv2d: needs in-channels divisible by groups, got 5 and 2.'],
  [({ x, odd }) => functional.conv2d(x, odd, undefined, { groups: 2 }), 'ShapeError: conv2d: needs out-channels divisible by groups, got 5 and 2.'],
  [({ five, weight }) => functional.conv2d(five, weight), 'ShapeError: conv2d: needs an input of 4 channels for its weight [6, 4, 3, 3], got [2, 5, 9, 8].'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { groups: 2 }), 'ShapeError: conv2d: needs an input of 8 channels for its weight [6, 4, 3, 3] and 2 groups, got [2, 4, 9, 8].'],
  [({ x, weight, three }) => functional.conv2d(x, weight, three), 'ShapeError: conv2d: needs a bias [6], got [3].'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { dilation: [1, 4] }), 'ShapeError: conv2d: needs a padded input of at least 3 × 9 for its kernel, got 9 × 8. Use a smaller kernel, or padding.'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { stride: 0 }), 'OptionError: conv2d: needs stride to be an integer ≥ 1, or 2 of them, got 0.'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { stride: [1, 2, 3] }), 'OptionError: conv2d: needs stride to be an integer ≥ 1, or 2 of them, got [1, 2, 3].'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { dilation: 1.5 }), 'OptionError: conv2d: needs dilation to be an integer ≥ 1, or 2 of them, got 1.5.'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { padding: -1 }), 'OptionError: conv2d: needs padding to be an integer ≥ 0, or 2 of them, got -1.'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { padding: 'full' as never }), 'OptionError: conv2d: needs padding to be "same", "valid", an integer ≥ 0, or 2 of them, got "full".'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { padding: 'same', stride: 2 }), 'OptionError: conv2d: needs stride 1 for padding "same", got 2.'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { groups: 0 }), 'OptionError: conv2d: needs groups to be an integer ≥ 1, got 0.'],
  [({ x, weight }) => functional.conv2d(x, weight, undefined, { strides: 2 } as never), 'OptionError: conv2d: needs options among stride, padding, dilation, groups, got an unknown option "strides".'],
  [({ x, kernel1d }) => functional.conv1d(x, kernel1d), 'ShapeError: conv1d: needs x [batch, channels, length], got [2, 4, 9, 8].'],
  [({ row, weight }) => functional.conv1d(row, weight), 'ShapeError: conv1d: needs a weight [channels, channels / groups, length], got [6, 4, 3, 3].'],
  [({ row, kernel1d }) => functional.conv1d(row, kernel1d, undefined, { dilation: 5 }), 'ShapeError: conv1d: needs a padded input of at least 11 for its kernel, got 9. Use a smaller kernel, or padding.'],
  [({ row, kernel1d }) => functional.conv1d(row, kernel1d, undefined, { stride: [1, 1] }), 'OptionError: conv1d: needs stride to be an integer ≥ 1, got [1, 1].'],
  [({ five, up }) => functional.convTranspose2d(five, up), 'ShapeError: convTranspose2d: needs an input of 4 channels for its weight [4, 3, 3, 3], got [2, 5, 9, 8].'],
  [({ x, up, three }) => functional.convTranspose2d(x, up, three, { groups: 2 }), 'ShapeError: convTranspose2d: needs a bias [6], got [3].'],
  [({ x, up }) => functional.convTranspose2d(x, up, undefined, { stride: 2, outputPadding: [1, 2] }),
    'OptionError: convTranspose2d: needs outputPadding smaller than stride or dilation, got [1, 2] with stride [2, 2] and dilation [1, 1].'],
  [({ x, up }) => functional.convTranspose2d(x, up, undefined, { padding: 5 }), 'ShapeError: convTranspose2d: needs an output of at least 1 × 1, got 1 × 0. Use less padding.'],
  [({ x, up }) => functional.convTranspose2d(x, up, undefined, { padding: 'same' as never }), 'OptionError: convTranspose2d: needs padding to be an integer ≥ 0, or 2 of them, got "same".'],
  [({ row }) => functional.maxPool2d(row, 2), 'ShapeError: maxPool2d: needs x [batch, channels, height, width], got [2, 4, 9].'],
  [({ x }) => functional.maxPool2d(x, 0), 'OptionError: maxPool2d: needs kernelSize to be an integer ≥ 1, or 2 of them, got 0.'],
  [({ x }) => functional.maxPool2d(x, undefined as never), 'OptionError: maxPool2d: needs kernelSize to be an integer ≥ 1, or 2 of them, got undefined.'],
  [({ x }) => functional.maxPool2d(x, 3, { padding: 2 }), 'OptionError: maxPool2d: needs padding of at most half of kernelSize, got [2, 2] for [3, 3].'],
  [({ x }) => functional.maxPool2d(x, 10), 'ShapeError: maxPool2d: needs a padded input of at least 10 × 10 for its kernel, got 9 × 8. Use a smaller kernel, or padding.'],
  [({ x }) => functional.maxPool2d(x, 2, { ceilMode: 1 as never }), 'OptionError: maxPool2d: needs ceilMode to be true or false, got 1.'],
  [({ x }) => functional.maxPool2d(x, 2, { dilation: [1, 9], padding: 1 }),
    'ShapeError: maxPool2d: needs windows that hold at least one element each, got [2, 4, 9, 8] with kernelSize [2, 2], dilation [1, 9] and padding [1, 1].'],
  [({ x }) => functional.maxPool1d(x, 2), 'ShapeError: maxPool1d: needs x [batch, channels, length], got [2, 4, 9, 8].'],
  [({ x }) => functional.avgPool2d(x, 2, { dilation: 2 } as never), 'OptionError: avgPool2d: needs options among kernelSize, stride, padding, ceilMode, countIncludePad, got an unknown option "dilation".'],
  [({ x }) => functional.avgPool2d(x, 2, { countIncludePad: 'no' as never }), 'OptionError: avgPool2d: needs countIncludePad to be true or false, got "no".'],
  [({ row }) => functional.avgPool1d(row, 4, { padding: 3 }), 'OptionError: avgPool1d: needs padding of at most half of kernelSize, got [3] for [4].'],
  [({ row }) => functional.globalAvgPool2d(row), 'ShapeError: globalAvgPool2d: needs x [batch, channels, height, width], got [2, 4, 9].'],
  [({ row }) => functional.globalMaxPool2d(row), 'ShapeError: globalMaxPool2d: needs x [batch, channels, height, width], got [2, 4, 9].'],
  [({ x }) => functional.upsample2d(x, { scale: 1.5 }), 'OptionError: upsample2d: needs scale to be an integer ≥ 1, or 2 of them, got 1.5.'],
  [({ x }) => functional.upsample2d(x, { scale: 2, mode: 'cubic' as never }), 'OptionError: upsample2d: needs mode to be "nearest" or "bilinear", got "cubic".'],
  [() => layers.conv2d(0, 4, 3), 'OptionError: conv2d: needs inChannels to be an integer ≥ 1, got 0.'],
  [() => layers.conv2d(5, 4, 3, { groups: 2 }), 'ShapeError: conv2d: needs in-channels divisible by groups, got 5 and 2.'],
  [() => layers.conv2d(4, 4, [3, 0]), 'OptionError: conv2d: needs kernelSize to be an integer ≥ 1, or 2 of them, got [3, 0].'],
  [() => layers.conv2d(4, 4, 3, { bias: 1 as never }), 'OptionError: conv2d: needs bias to be true or false, got 1.'],
  [() => layers.conv1d(4, 4, 3, { stride: [2, 2] }), 'OptionError: conv1d: needs stride to be an integer ≥ 1, got [2, 2].'],
  [() => layers.conv2d(4, 4, 3, { outputPadding: 1 } as never),
    'OptionError: conv2d: needs options among stride, padding, dilation, groups, bias, weightInitializer, biasInitializer, got an unknown option "outputPadding".'],
  [() => layers.convTranspose2d(4, 5, 3, { groups: 2 }), 'ShapeError: convTranspose2d: needs out-channels divisible by groups, got 5 and 2.'],
  [() => pools.maxPool2d(2, { stride: 0 }), 'OptionError: maxPool2d: needs stride to be an integer ≥ 1, or 2 of them, got 0.'],
  [() => pools.avgPool2d(2, { dilation: 2 } as never), 'OptionError: avgPool2d: needs options among stride, padding, ceilMode, countIncludePad, got an unknown option "dilation".'],
  [() => pools.upsample(0), 'OptionError: upsample: needs scale to be an integer ≥ 1, or 2 of them, got 0.'],
];

for (const [index, [body, message]] of REFUSED.entries()) {
  test(`convolution refuses by rule, ${index + 1}: ${message.slice(0, 60)}`, () => {
    expect(refusal(SHAPES, (tensors) => body(tensors as Tensors))).toBe(message);
  });
}

test('convolutions and pools refuse indices as x', () => {
  expect(refusalOf('maxPool2d', { x: [1, 1, 4, 4] }, { kernelSize: 2 }, { x: 'u32' })).toBe('ShapeError: maxPool2d: needs x of f32, got u32. scale(x, 1) makes numbers of indices.');
});

test('convolution layers have PyTorch\'s parameters, and a model that begins with one does not know its input', () => {
  const shapes = (layer: ReturnType<typeof layers.conv2d>): unknown => Object.fromEntries(Object.entries(layer.parameters).map(([name, { shape }]) => [name, shape]));
  expect(shapes(layers.conv2d(4, 6, [3, 5], { groups: 2 }))).toEqual({ weight: [6, 2, 3, 5], bias: [6] });
  expect(shapes(layers.conv1d(4, 6, 3, { bias: false }))).toEqual({ weight: [6, 4, 3] });
  expect(shapes(layers.convTranspose2d(4, 6, 3, { groups: 2 }))).toEqual({ weight: [4, 3, 3, 3], bias: [6] });
  expect(sequential(layers.conv2d(1, 6, 5), relu(), pools.maxPool2d(2), linear(12, 10)).inputShape).toBeUndefined();
});
