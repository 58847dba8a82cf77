import { expect, test } from 'playwright/test';
import { matmul } from '../../../src/nn/functional.ts';
import { einsum, linear, outer } from '../../../src/nn/functional/linear-algebra.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal } from './kit.ts';

const SHAPES = { number: [], vector: [3], a: [2, 3], b: [4, 5], batch: [2, 4, 3], other: [3, 3, 5], weight: [7, 3] } as const;

/** What is refused, and what it says. */
const REFUSED: readonly [(tensors: Readonly<Record<keyof typeof SHAPES, Tensor>>) => unknown, string][] = [
  [({ a, b }) => matmul(a, b), 'ShapeError: matmul: needs [m, k] and [k, n], got a [2, 3] and b [4, 5].'],
  [({ a, b }) => matmul(a, b, { transposeA: true, transposeB: true }), 'ShapeError: matmul: needs [k, m] and [n, k], got a [2, 3] and b [4, 5].'],
  [({ batch, b }) => matmul(batch, b), 'ShapeError: matmul: needs [..., m, k] and [k, n], got a [2, 4, 3] and b [4, 5].'],
  [({ vector, b }) => matmul(vector, b), 'ShapeError: matmul: needs [k] and [k, n], got a [3] and b [4, 5].'],
  [({ b, vector }) => matmul(b, vector), 'ShapeError: matmul: needs [m, k] and [k], got a [4, 5] and b [3].'],
  [({ number, b }) => matmul(number, b), 'ShapeError: matmul: needs at least one axis each, got a [] and b [4, 5]. Use mul for a product with a single number.'],
  [({ vector, a }) => matmul(vector, a, { transposeA: true }), 'ShapeError: matmul: needs at least two axes in what is transposed, got a [3] and b [2, 3].'],
  [({ batch, other }) => matmul(batch, other),
    'ShapeError: matmul: needs axes before the last two that broadcast, got a [2, 4, 3] and b [3, 3, 5]. Aligned at the end, each pair of them must be equal or contain a 1.'],
  [({ a, b }) => matmul(a, b, { transposeA: 1 } as never), 'OptionError: matmul: needs transposeA to be true or false, got 1.'],
  [({ a, b }) => matmul(a, b, { transposed: true } as never), 'OptionError: matmul: needs options among transposeA, transposeB, got an unknown option "transposed".'],
  [({ b, weight }) => linear(b, weight),
    'ShapeError: linear: needs an input [..., 3] for its weight [7, 3], got [4, 5]. Make the layer before it as wide as this one expects, or put flatten() between them.'],
  [({ a, vector }) => outer(vector, a), 'ShapeError: outer: needs a [m] and b [n], got a [3] and b [2, 3].'],
  [({ a, b }) => einsum('ij', a, b),
    'OptionError: einsum: needs an equation of two operands like "bij,jk->bik": a letter for each axis, got "ij". Axes can\'t be left out with "...": name each of them.'],
  [({ a, b }) => einsum('...j,jk->...k', a, b),
    'OptionError: einsum: needs an equation of two operands like "bij,jk->bik": a letter for each axis, got "...j,jk->...k". Axes can\'t be left out with "...": name each of them.'],
  [({ a, b }) => einsum(7 as never, a, b),
    'OptionError: einsum: needs an equation of two operands like "bij,jk->bik": a letter for each axis, got 7. Axes can\'t be left out with "...": name each of them.'],
  [({ a, b }) => einsum('ii,jk', a, b), 'OptionError: einsum: needs each letter once in an operand, got "i" twice in a. Diagonals are not taken.'],
  [({ a, b }) => einsum('ij,jk->iki', a, b), 'OptionError: einsum: needs each letter of the result once, and from an operand, got "i".'],
  [({ a, b }) => einsum('ij,jk->iz', a, b), 'OptionError: einsum: needs each letter of the result once, and from an operand, got "z".'],
  [({ a, b }) => einsum('ijk,kl', a, b), 'ShapeError: einsum: needs 3 axes of a for "ijk", got [2, 3].'],
  [({ a, b }) => einsum('ij,jk', a, b), 'ShapeError: einsum: needs j to be as long in a as in b, got 3 and 4.'],
];

for (const [index, [body, message]] of REFUSED.entries()) {
  test(`linear algebra refuses by rule, ${index + 1}: ${message.slice(0, 60)}`, () => {
    expect(refusal(SHAPES, (tensors) => body(tensors as Record<keyof typeof SHAPES, Tensor>))).toBe(message);
  });
}

test('products have the shapes of NumPy\'s matmul, and einsum those of its equation', () => {
  const shapes: (readonly number[])[] = [];
  const body = (tensors: Readonly<Record<string, Tensor>>): void => {
    const { vector, a, batch, other, weight } = tensors as Record<keyof typeof SHAPES, Tensor>;
    for (const { shape } of [
      matmul(a, weight, { transposeB: true }), matmul(batch, vector), matmul(vector, other), matmul(vector, vector), outer(vector, vector),
      einsum('bij,kj->bki', batch, weight), einsum('bij,kj', batch, weight), einsum('bij,kj->', batch, weight), einsum('ij,j->ji', a, vector),
    ]) shapes.push(shape);
  };
  expect(refusal(SHAPES, body)).toBeUndefined();
  expect(shapes).toEqual([[2, 7], [2, 4], [3, 5], [], [3, 3], [2, 7, 4], [2, 4, 7], [], [3, 2]]);
});
