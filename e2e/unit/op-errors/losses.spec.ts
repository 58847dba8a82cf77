import { expect, test } from 'playwright/test';
import { bceWithLogits, cosineEmbedding, crossEntropy, hinge, huber, klDiv, mae, mse, nll } from '../../../src/nn/functional/losses.ts';
import * as losses from '../../../src/nn/losses.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal } from './kit.ts';

type Tensors = Readonly<Record<'x' | 'same' | 'rows' | 'labels' | 'wide' | 'sequence', Tensor>>;
const SHAPES = { x: [4, 3], same: [4, 3], rows: [4], labels: [4], wide: [4, 3000], sequence: [2, 5, 3] } as const;

/** What is refused, and what it says. */
const REFUSED: readonly [(tensors: Tensors) => unknown, string][] = [
  [({ x, rows }) => mse(x, rows), 'ShapeError: mse: needs f32 targets of the output\'s shape [4, 3], got f32 [4].'],
  [({ x, labels }) => mae(x, labels), 'ShapeError: mae: needs f32 targets of the output\'s shape [4, 3], got u32 [4].'],
  [({ x, same }) => mse(x, same, { reduction: 'none' as never }), 'OptionError: mse: needs reduction among mean, sum, got "none".'],
  [({ x, same }) => mae(x, same, { reduction: 'batchMean' as never }), 'OptionError: mae: needs reduction among mean, sum, got "batchMean".'],
  [({ x, same }) => mse(x, same, { delta: 1 } as never), 'OptionError: mse: needs options among reduction, got an unknown option "delta".'],
  [({ x, same }) => huber(x, same, { delta: 0 }), 'OptionError: huber: needs delta to be a finite number > 0, got 0.'],
  [({ x, same }) => hinge(x, same, { margin: NaN }), 'OptionError: hinge: needs margin to be a finite number, got NaN.'],
  [({ x, same }) => klDiv(x, same, { reduction: 'rows' as never }), 'OptionError: klDiv: needs reduction among mean, sum, batchMean, got "rows".'],
  [({ x, same }) => klDiv(x, same, { logTarget: 1 as never }), 'OptionError: klDiv: needs logTarget to be true or false, got 1.'],
  [({ x, same }) => bceWithLogits(x, same, { posWeight: [1, 2] }), 'OptionError: bceWithLogits: needs posWeight as a list of 3 numbers, one for each place of the last axis, got a list of 2.'],
  [({ x, same }) => bceWithLogits(x, same, { weight: -1 }), 'OptionError: bceWithLogits: needs weight to be a finite number ≥ 0, got -1.'],
  [({ rows, labels }) => crossEntropy(rows, labels), 'ShapeError: crossEntropy: needs an output [rows, classes], got [4].'],
  [({ sequence, labels }) => crossEntropy(sequence, labels), 'ShapeError: crossEntropy: needs targets [2, 5] (class indices), got [4].'],
  [({ wide, x }) => crossEntropy(wide, x), 'ShapeError: crossEntropy: needs targets [4, 3000] (probabilities), got [4, 3].'],
  [({ x, labels }) => crossEntropy(x, labels, { weight: [1, 2] }), 'OptionError: crossEntropy: needs weight as a list of 3 numbers, one for each class, got a list of 2.'],
  [({ x, labels }) => crossEntropy(x, labels, { weight: [1, 2, -1] }), 'OptionError: crossEntropy: needs weight[2] to be a finite number ≥ 0, got -1.'],
  [({ wide, labels }) => crossEntropy(wide, labels, { weight: Array.from({ length: 3000 }, () => 1) }), 'OptionError: crossEntropy: needs weight for at most 2047 places (a limit of WGSL), got 3000.'],
  [({ x, labels }) => crossEntropy(x, labels, { labelSmoothing: 1.5 }), 'OptionError: crossEntropy: needs labelSmoothing to be a finite number ≥ 0 and ≤ 1, got 1.5.'],
  [({ x, labels }) => crossEntropy(x, labels, { ignoreIndex: 0.5 }), 'OptionError: crossEntropy: needs ignoreIndex to be an integer ≥ -2147483648 and ≤ 4294967295, got 0.5.'],
  [({ x, same }) => crossEntropy(x, same, { ignoreIndex: 2 }), 'OptionError: crossEntropy: needs class indices for ignoreIndex, got probabilities. Leave a row out by giving it probabilities of 0.'],
  [({ x, same }) => nll(x, same), 'ShapeError: nll: needs targets [4] (class indices), got [4, 3].'],
  [({ x, labels }) => nll(x, labels, { labelSmoothing: 0.1 } as never), 'OptionError: nll: needs options among reduction, weight, ignoreIndex, got an unknown option "labelSmoothing".'],
  [({ x, rows }) => cosineEmbedding(x, rows, rows), 'ShapeError: cosineEmbedding: needs two tensors [rows, features] of one shape, got [4, 3] and [4].'],
  [({ x, same, labels }) => cosineEmbedding(x, same, labels), 'ShapeError: cosineEmbedding: needs f32 targets [4]: 1 or -1 for each pair, got u32 [4].'],
  [({ x, same, rows }) => cosineEmbedding(x, same, rows, { margin: 2 }), 'OptionError: cosineEmbedding: needs margin to be a finite number ≥ -1 and ≤ 1, got 2.'],
  // The losses that are handed to compile refuse misspelt options at once.
  [() => losses.crossEntropy({ smoothing: 0.1 } as never), 'OptionError: crossEntropy: needs options among targets, weight, ignoreIndex, labelSmoothing, reduction, got an unknown option "smoothing".'],
  [() => losses.crossEntropy({ targets: 'soft' as never }), 'OptionError: crossEntropy: needs targets to be "index" or "probabilities", got "soft".'],
  [() => losses.crossEntropy({ targets: 'probabilities', ignoreIndex: 0 }), 'OptionError: crossEntropy: needs targets "index" for ignoreIndex, got "probabilities". Leave a row out by giving it probabilities of 0.'],
  [() => losses.nll({ ignoreIndex: -(2 ** 40) }), 'OptionError: nll: needs ignoreIndex to be an integer ≥ -2147483648 and ≤ 4294967295, got -1099511627776.'],
  [() => losses.mse({ delta: 1 } as never), 'OptionError: mse: needs options among reduction, got an unknown option "delta".'],
  [() => losses.nll().target([]), 'ShapeError: nll: needs a model whose output has classes as its last axis, got [].'],
];

for (const [index, [body, message]] of REFUSED.entries()) {
  test(`losses refuse by rule, ${index + 1}: ${message.slice(0, 60)}`, () => {
    expect(refusal(SHAPES, (tensors) => body(tensors as unknown as Tensors), { labels: 'u32' })).toBe(message);
  });
}

test('losses take targets of every form that they know', () => {
  const taken: ((tensors: Tensors) => unknown)[] = [
    ({ x, rows }) => crossEntropy(x, rows), ({ x, labels }) => crossEntropy(x, labels, { ignoreIndex: -1 }), ({ x, same }) => crossEntropy(x, same, { weight: [1, 2, 0] }),
    ({ x, labels }) => nll(x, labels), ({ x, same }) => klDiv(x, same, { reduction: 'batchMean', logTarget: true }), ({ rows }) => mse(rows, rows),
    ({ x, same }) => bceWithLogits(x, same, { weight: 2, posWeight: [1, 2, 3] }), ({ sequence }) => hinge(sequence, sequence),
  ];
  for (const body of taken) expect(refusal(SHAPES, (tensors) => body(tensors as unknown as Tensors), { labels: 'u32' })).toBeUndefined();
});

test('data: labels below the classes or the ignored one, ranges of f32 targets', () => {
  const data = (targets: Float32Array | Uint32Array, targetShape: readonly number[]) => ({ inputShape: [2], targets, targetShape });
  const check = (loss: losses.Loss, ...of: Parameters<typeof data>) => () => losses.checkFits('fit', data(...of), [2], loss, [2, 3]);
  expect(check(losses.crossEntropy(), Uint32Array.of(0, -100, 2, 1), [2])).not.toThrow();
  expect(check(losses.crossEntropy({ ignoreIndex: 7 }), Uint32Array.of(0, 7, 2, 1), [2])).not.toThrow();
  expect(check(losses.nll({ ignoreIndex: 7 }), Uint32Array.of(0, 7, 2, -100), [2])).toThrow('fit: needs labels below 3, the width of the model\'s output, got label 4294967196 in row 1. ');
  expect(check(losses.hinge(), Float32Array.of(1, -1, 1, -1, 1, 1), [2, 3])).not.toThrow();
  expect(check(losses.hinge(), Float32Array.of(1, -1, 1, -1, 2, 1), [2, 3])).toThrow('fit: needs hinge targets of -1 or 1, got 2 in row 0. ');
  // A target of 0 has no gradient: such a net would learn from the rows of 1 alone.
  expect(check(losses.hinge(), Float32Array.of(1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1), [2, 3]))
    .toThrow('fit: needs hinge targets of -1 or 1, got 0 in row 1. Make signs of 0 and 1: targets.map((t) => 2 * t - 1).');
  expect(check(losses.klDiv(), Float32Array.of(1, 0, 0, -0.5, 1, 0.5), [2, 3])).toThrow('fit: needs klDiv targets in [0, 1], got -0.5 in row 0.');
  expect(check(losses.klDiv({ logTarget: true }), Float32Array.of(-1, 0, 0, -0.5, -1, -9), [2, 3])).not.toThrow();
});
