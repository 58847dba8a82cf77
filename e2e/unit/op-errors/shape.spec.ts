import { expect, test } from 'playwright/test';
import { reshape } from '../../../src/nn/functional.ts';
import { concat, expand, flip, narrow, pad, permute, select, slice, split, squeeze, stack, tile, transpose } from '../../../src/nn/functional/shape.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal } from './kit.ts';

const X = { x: [2, 3, 4] } as const;

/** What is refused, and what it says. */
const REFUSED: readonly [(x: Tensor) => unknown, string][] = [
  [(x) => permute(x, [0, 1]), 'OptionError: transpose: needs permutation to hold each axis of [2, 3, 4] once, got [0, 1].'],
  [(x) => permute(x, [0, 1, 3]), 'ShapeError: permute: needs permutation between -3 and 2, got 3.'],
  [(x) => transpose(x, 0, 5), 'ShapeError: transpose: needs axis between -3 and 2, got 5.'],
  [(x) => slice(x, { start: [2] }), 'ShapeError: slice: needs something left of axis 0, which has 2 elements, got 2 to 2.'],
  [(x) => slice(x, { step: [-1] }), 'OptionError: slice: needs steps ≥ 1, got [-1]. flip reverses an axis.'],
  [(x) => slice(x, { start: [0, 0, 0, 0] }), 'ShapeError: slice: needs at most 3 numbers in start for [2, 3, 4], got [0, 0, 0, 0].'],
  [(x) => slice(x, { from: [1] } as never), 'OptionError: slice: needs options among start, end, step, got an unknown option "from".'],
  [(x) => narrow(x, 2, 3, 2), 'OptionError: narrow: needs length to be an integer ≥ 1 and ≤ 1, got 2.'],
  [(x) => select(x, 1, 3), 'OptionError: select: needs index to be an integer ≥ -3 and ≤ 2, got 3.'],
  [(x) => squeeze(x, 1), 'ShapeError: squeeze: needs an axis of size 1, got axis 1 of [2, 3, 4].'],
  [(x) => expand(x, [5, 3, 4]), 'ShapeError: expand: needs a shape to which [2, 3, 4] broadcasts, got [5, 3, 4]. Only axes of size 1 stretch; -1 keeps an axis; new axes come first.'],
  [(x) => concat([x, narrow(x, 1, 0, 2)], 0), 'ShapeError: concat: needs tensors that differ along axis 0 alone, got [2, 3, 4] and [2, 2, 4].'],
  [() => concat([]), 'OptionError: concat: needs at least one tensor in a list, got [].'],
  [(x) => stack([x], 4), 'ShapeError: stack: needs axis between -4 and 3, got 4.'],
  [(x) => split(x, [1, 1], 1), 'ShapeError: split: needs sizes ≥ 1 that add up to 3, got [1, 1].'],
  [(x) => pad(x, [[1, 1]]), 'ShapeError: pad: needs [before, after] for each of 3 axes, got 1 of them for [2, 3, 4].'],
  [(x) => pad(x, [[0, 0], [0, 0], [4, 0]], { mode: 'reflect' }), 'ShapeError: pad: needs at most 3 mirrored elements on each side of axis 2, got [4, 0].'],
  [(x) => pad(x, [[0, 0], [0, 0], [1, 0]], { mode: 'wrap' as never }), 'OptionError: pad: needs mode among "constant", "reflect", "replicate", got "wrap".'],
  [(x) => pad(x, [[0, 0], [0, 0], [-1, 0]]), 'OptionError: pad: needs padding as [before, after] for each axis, integers ≥ 0, got [[0, 0], [0, 0], [-1, 0]].'],
  // What is no list reaches the rule of its op.
  [(x) => reshape(x, -1 as never), 'ShapeError: reshape: needs a shape of 24 elements for [2, 3, 4], got -1.'],
  [(x) => flip(x, 1 as never), 'OptionError: flip: needs axes to be a list of integers, got 1.'],
  [(x) => expand(x, 5 as never), 'ShapeError: expand: needs a shape to which [2, 3, 4] broadcasts, got 5. Only axes of size 1 stretch; -1 keeps an axis; new axes come first.'],
  [(x) => split(x, undefined as never), 'ShapeError: split: needs sizes ≥ 1 that add up to 2, got undefined.'],
  [(x) => tile(x, [2]), 'OptionError: tile: needs repeats as at least 3 integers ≥ 1, got [2].'],
];

for (const [index, [body, message]] of REFUSED.entries()) {
  test(`shape ops refuse by rule, ${index + 1}: ${message.slice(0, 60)}`, () => {
    expect(refusal(X, ({ x }) => body(x!))).toBe(message);
  });
}
