import { expect, test } from 'playwright/test';
import { rotary, scaledDotProductAttention } from '../../../src/nn/functional/attention.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal } from './kit.ts';

const SHAPES = {
  query: [2, 4, 5, 8], key: [2, 2, 7, 8], value: [2, 2, 7, 3], three: [2, 3, 7, 8], short: [2, 2, 6, 3], odd: [5, 7], row: [5], examples: [3, 2, 7, 8], seen: [5, 7], wrongMask: [7, 5],
} as const;
type Tensors = Readonly<Record<keyof typeof SHAPES, Tensor>>;

/** What is refused, and what it says. */
const REFUSED: readonly [(tensors: Tensors) => unknown, string][] = [
  [({ query, key, short }) => scaledDotProductAttention(query, key, short),
    'ShapeError: scaledDotProductAttention: needs a query [..., heads, T, D], a key [..., heads, S, D] and a value [..., heads, S, E], got query [2, 4, 5, 8], key [2, 2, 7, 8] and value [2, 2, 6, 3].'],
  [({ query, value }) => scaledDotProductAttention(query, value, value),
    'ShapeError: scaledDotProductAttention: needs a query [..., heads, T, D], a key [..., heads, S, D] and a value [..., heads, S, E], got query [2, 4, 5, 8], key [2, 2, 7, 3] and value [2, 2, 7, 3].'],
  [({ query, three }) => scaledDotProductAttention(query, three, three), 'ShapeError: scaledDotProductAttention: needs heads of the query divisible by those of key and value, got 4 and 3.'],
  [({ query, examples }) => scaledDotProductAttention(query, examples, examples),
    'ShapeError: scaledDotProductAttention: needs the same examples in query, key and value, and as many heads in value as in key, got query [2, 4, 5, 8], key [3, 2, 7, 8] and value [3, 2, 7, 8].'],
  [({ query, key, value, wrongMask }) => scaledDotProductAttention(query, key, value, { mask: wrongMask }),
    'ShapeError: scaledDotProductAttention: needs a mask that broadcasts to [2, 4, 5, 7], got [7, 5].'],
  [({ query, key, value, seen }) => scaledDotProductAttention(query, key, value, { mask: seen, maskKind: 'additive' }),
    'OptionError: scaledDotProductAttention: needs maskKind "boolean" for a mask of u32, got "additive".'],
  [({ query, key, value, seen }) => scaledDotProductAttention(query, key, value, { mask: seen, maskKind: 'hiding' as never }),
    'OptionError: scaledDotProductAttention: needs maskKind to be "additive" (added to the scores) or "boolean" (0 hides a key), got "hiding".'],
  [({ query, key, value }) => scaledDotProductAttention(query, key, value, { maskKind: 'boolean' }), 'OptionError: scaledDotProductAttention: needs maskKind only with a mask, got "boolean".'],
  [({ query, key, value }) => scaledDotProductAttention(query, key, value, { causal: 1 as never }), 'OptionError: scaledDotProductAttention: needs causal to be true or false, got 1.'],
  [({ query, key, value }) => scaledDotProductAttention(query, key, value, { scale: Infinity }), 'OptionError: scaledDotProductAttention: needs scale to be a finite number, got Infinity.'],
  [({ query, key, value }) => scaledDotProductAttention(query, key, value, { dropout: 0.1 } as never),
    'OptionError: scaledDotProductAttention: needs options among causal, mask, maskKind, scale, got an unknown option "dropout".'],
  [({ odd }) => rotary(odd), 'ShapeError: rotary: needs an x [..., T, D] with an even D, got [5, 7].'],
  [({ row }) => rotary(row), 'ShapeError: rotary: needs an x [..., T, D] with an even D, got [5].'],
  [({ query }) => rotary(query, { base: 0.5 }), 'OptionError: rotary: needs base to be a finite number ≥ 1, got 0.5.'],
  [({ query }) => rotary(query, { offset: -1 }), 'OptionError: rotary: needs offset to be an integer ≥ 0 and < 65536, got -1.'],
  [({ query }) => rotary(query, { offset: 65_532 }), 'OptionError: rotary: needs positions below 65536, got 5 from 65532 on.'],
  [({ query }) => rotary(query, { interleaved: true } as never), 'OptionError: rotary: needs options among base, offset, got an unknown option "interleaved".'],
];

for (const [index, [body, message]] of REFUSED.entries()) {
  test(`attention refuses by rule, ${index + 1}: ${message.slice(0, 80)}`, () => {
    expect(refusal(SHAPES, (tensors) => body(tensors as Tensors), { seen: 'u32' })).toBe(message);
  });
}
