import { expect, test } from 'playwright/test';
import { batchNorm, groupNorm, layerNorm, rmsNorm, runningMean } from '../../../src/nn/functional/normalization.ts';
import * as layers from '../../../src/nn/layers/normalization.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal } from './kit.ts';

const SHAPES = { x: [2, 6, 4], weight: [6], row: [4], one: [1, 6], image: [2, 3, 4, 5] } as const;

/** What is refused, and what it says. */
const REFUSED: readonly [(tensors: Readonly<Record<keyof typeof SHAPES, Tensor>>) => unknown, string][] = [
  [({ x }) => layerNorm(x, 5), 'ShapeError: layerNorm: needs x [..., 5], got [2, 6, 4].'],
  [({ x }) => layerNorm(x, [2, 4]), 'ShapeError: layerNorm: needs x [..., 2, 4], got [2, 6, 4].'],
  [({ x }) => layerNorm(x, []), 'OptionError: layerNorm: needs normalizedShape to be a list of sizes > 0, got [].'],
  [({ x, weight }) => layerNorm(x, 4, { weight }), 'ShapeError: layerNorm: needs weight [4], got [6].'],
  [({ x, row, weight }) => layerNorm(x, 4, { weight: row, bias: weight }), 'ShapeError: layerNorm: needs bias [4], got [6].'],
  [({ x }) => layerNorm(x, 4, { eps: 0 }), 'OptionError: layerNorm: needs eps to be a finite number > 0, got 0.'],
  [({ x }) => layerNorm(x, 4, { epsilon: 1 } as never), 'OptionError: layerNorm: needs options among weight, bias, eps, got an unknown option "epsilon".'],
  [({ x }) => rmsNorm(x, 4, { eps: -1 }), 'OptionError: rmsNorm: needs eps to be a finite number > 0, got -1.'],
  [({ x }) => rmsNorm(x, 6), 'ShapeError: rmsNorm: needs x [..., 6], got [2, 6, 4].'],
  [({ x }) => groupNorm(x, 4), 'ShapeError: groupNorm: needs channels divisible by groups, got 6 and 4.'],
  [({ x }) => groupNorm(x, 1.5), 'OptionError: groupNorm: needs groups to be an integer ≥ 1, got 1.5.'],
  [({ row }) => groupNorm(row, 1), 'ShapeError: groupNorm: needs x [batch, channels, ...], got [4].'],
  [({ one }) => groupNorm(one, 6), 'ShapeError: groupNorm: needs more than 1 value per group, got [1, 6].'],
  [({ x, row }) => groupNorm(x, 2, { weight: row }), 'ShapeError: groupNorm: needs weight [6], got [4].'],
  [({ one }) => batchNorm(one), 'ShapeError: batchNorm: needs more than 1 value per channel in training, got [1, 6]. Take larger batches: one value has no variance.'],
  [({ x, weight }) => batchNorm(x, { mean: weight }), 'ShapeError: batchNorm: needs mean and variance, or neither, got only mean.'],
  [({ x, weight, row }) => batchNorm(x, { mean: weight, variance: row }), 'ShapeError: batchNorm: needs variance [6], got [4].'],
  [({ x, row }) => batchNorm(x, { bias: row }), 'ShapeError: batchNorm: needs bias [6], got [4].'],
  [({ x, row }) => runningMean(x, row, { momentum: 0.1 }), 'ShapeError: runningMean: needs running [6], got [4].'],
  [({ x, weight }) => runningMean(x, weight, { momentum: 2 }), 'OptionError: runningMean: needs momentum to be a finite number ≥ 0 and ≤ 1, got 2.'],
  [() => layers.layerNorm(0), 'OptionError: layerNorm: needs normalizedShape to be an integer ≥ 1, got 0.'],
  [() => layers.layerNorm([]), 'OptionError: layerNorm: needs normalizedShape to be a size or a list of sizes, got [].'],
  [() => layers.layerNorm(4, { bias: 1 as never }), 'OptionError: layerNorm: needs bias to be true or false, got 1.'],
  [() => layers.rmsNorm(4, { bias: true } as never), 'OptionError: rmsNorm: needs options among eps, elementwiseAffine, got an unknown option "bias".'],
  [() => layers.groupNorm(4, 6), 'OptionError: groupNorm: needs numChannels divisible by numGroups, got 6 and 4.'],
  [() => layers.batchNorm1d(6, { momentum: 1.5 }), 'OptionError: batchNorm1d: needs momentum to be a finite number ≥ 0 and ≤ 1, got 1.5.'],
  [() => layers.batchNorm2d(-3), 'OptionError: batchNorm2d: needs numFeatures to be an integer ≥ 1, got -3.'],
  [({ x }) => layers.instanceNorm2d(6)(x), 'ShapeError: instanceNorm2d: needs x [batch, 6, height, width], got [2, 6, 4].'],
  [({ image }) => layers.instanceNorm2d(4)(image), 'ShapeError: instanceNorm2d: needs x [batch, 4, height, width], got [2, 3, 4, 5].'],
  [({ image }) => layers.batchNorm1d(3, { affine: false, trackRunningStats: false })(image), 'ShapeError: batchNorm1d: needs x [batch, 3] or [batch, 3, length], got [2, 3, 4, 5].'],
  [({ x }) => layers.groupNorm(2, 4, { affine: false })(x), 'ShapeError: groupNorm: needs x [batch, 4, ...], got [2, 6, 4].'],
];

for (const [index, [body, message]] of REFUSED.entries()) {
  test(`normalisation refuses by rule, ${index + 1}: ${message.slice(0, 60)}`, () => {
    expect(refusal(SHAPES, (tensors) => body(tensors as Record<keyof typeof SHAPES, Tensor>))).toBe(message);
  });
}

test('layers have PyTorch\'s parameters and buffers, and those that options leave out are not there', () => {
  const names = (layer: ReturnType<typeof layers.layerNorm>): unknown => [Object.keys(layer.parameters), Object.keys(layer.buffers)];
  expect(names(layers.layerNorm([3, 4]))).toEqual([['weight', 'bias'], []]);
  expect(names(layers.layerNorm(4, { bias: false }))).toEqual([['weight'], []]);
  expect(names(layers.layerNorm(4, { elementwiseAffine: false }))).toEqual([[], []]);
  expect(names(layers.rmsNorm(4))).toEqual([['weight'], []]);
  expect(names(layers.groupNorm(2, 4))).toEqual([['weight', 'bias'], []]);
  expect(names(layers.instanceNorm2d(4))).toEqual([[], []]);
  expect(names(layers.batchNorm2d(4))).toEqual([['weight', 'bias'], ['running_mean', 'running_var']]);
  expect(names(layers.batchNorm1d(4, { affine: false, trackRunningStats: false }))).toEqual([[], []]);
});
