import { expect, test } from 'playwright/test';
import { RandomStream } from '../../../src/data/philox.ts';
import { embedding, gather, oneHot, scatterAdd } from '../../../src/nn/functional/indexing.ts';
import * as layers from '../../../src/nn/layers/embedding.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal } from './kit.ts';

const SHAPES = { x: [2, 3, 4], weight: [5, 3], indices: [2, 7, 4], wrong: [2, 3], long: [2 ** 24 + 1], longest: [2 ** 24], tall: [2 ** 24 + 1, 1] } as const;

/** What is refused, and what it says. */
const REFUSED: readonly [(tensors: Readonly<Record<keyof typeof SHAPES, Tensor>>) => unknown, string][] = [
  [({ x, indices }) => embedding(indices, x), 'ShapeError: embedding: needs weight [numEmbeddings, embeddingDim], got [2, 3, 4].'],
  [({ weight, indices }) => embedding(indices, weight, { paddingIndex: 5 }), 'OptionError: embedding: needs paddingIndex to be an integer ≥ 0 and ≤ 4, got 5.'],
  [({ weight, indices }) => embedding(indices, weight, { padding: 1 } as never), 'OptionError: embedding: needs options among paddingIndex, got an unknown option "padding".'],
  [({ x, wrong }) => gather(x, wrong, 1), 'ShapeError: gather: needs indices [2, n, 4] for [2, 3, 4] along axis 1, got [2, 3].'],
  [({ x, indices }) => gather(x, indices, 0), 'ShapeError: gather: needs indices [n, 3, 4] for [2, 3, 4] along axis 0, got [2, 7, 4].'],
  [({ x, indices }) => gather(x, indices, 3), 'OptionError: gather: needs axis to be an integer ≥ -3 and ≤ 2, got 3.'],
  [({ x, indices }) => scatterAdd(x, indices, x, 1), 'ShapeError: scatterAdd: needs a source of the indices\' shape [2, 7, 4], got [2, 3, 4].'],
  [({ x, wrong }) => scatterAdd(x, wrong, x, -2), 'ShapeError: scatterAdd: needs indices [2, n, 4] for [2, 3, 4] along axis 1, got [2, 3].'],
  [({ indices }) => oneHot(indices, 0), 'OptionError: oneHot: needs classes to be an integer ≥ 1, got 0.'],
  [({ longest, long }) => gather(longest, long, 0), 'LimitError: gather: needs at most 16777216 indices along axis 0 (f32 tells no more apart), got 16777217. Split the axis.'],
  [({ longest, long }) => scatterAdd(long, longest, longest, 0), 'LimitError: scatterAdd: needs at most 16777216 places along axis 0 (f32 tells no more apart), got 16777217. Split the axis.'],
  [({ tall, wrong }) => embedding(wrong, tall), 'LimitError: embedding: needs at most 16777216 rows of weight (f32 tells no more apart), got 16777217. Split the axis.'],
  [({ weight, long }) => embedding(long, weight), 'LimitError: embedding: needs at most 16777216 indices (f32 tells no more apart), got 16777217. Split the axis.'],
  [() => layers.embedding(0, 3), 'OptionError: embedding: needs numEmbeddings to be an integer ≥ 1, got 0.'],
  [() => layers.embedding(5, 2.5), 'OptionError: embedding: needs embeddingDim to be an integer ≥ 1, got 2.5.'],
  [() => layers.embedding(5, 3, { paddingIndex: -6 }), 'OptionError: embedding: needs paddingIndex to be an integer ≥ -5 and ≤ 4, got -6.'],
  [() => layers.embedding(5, 3, { weightInitializer: 1 as never }), 'OptionError: embedding: needs weightInitializer to be an initializer such as kaimingUniform(), got 1.'],
];

for (const [index, [body, message]] of REFUSED.entries()) {
  test(`indexing refuses by rule, ${index + 1}: ${message.slice(0, 60)}`, () => {
    expect(refusal(SHAPES, (tensors) => body(tensors as Record<keyof typeof SHAPES, Tensor>), { indices: 'u32', wrong: 'u32' })).toBe(message);
  });
}

test('an embedding takes indices below its size, and the row of its padding starts at 0', () => {
  const { inputType, inputClasses, parameters: { weight } } = layers.embedding(4, 3, { paddingIndex: -2 });
  expect([inputType, inputClasses]).toEqual(['u32', 4]);
  const values = weight!.initializer.fill(weight!.shape, new RandomStream(1, 0));
  expect([...values].map((value) => value === 0)).toEqual([...Array<boolean>(6).fill(false), true, true, true, false, false, false]);
});
