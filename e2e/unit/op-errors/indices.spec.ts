import { expect, test } from 'playwright/test';
import { concat, flip, narrow, pad, slice, stack, tile, transpose } from '../../../src/nn/functional/shape.ts';
import { reshape } from '../../../src/nn/functional.ts';
import type { Tensor } from '../../../src/ops/tensor.ts';
import { refusal, refusalOf } from './kit.ts';

// Indices are u32: read as f32, their bits are numbers near 0, and nobody would notice.

const ADVICE = 'scale(x, 1) makes numbers of indices.';

/** What knows of no indices, with shapes that fit, and the input that is one. */
const NUMBERS: readonly [op: string, shapes: Readonly<Record<string, readonly number[]>>, options: object, input: string][] = [
  ...['sum', 'mean', 'prod', 'max', 'min', 'variance', 'logSumExp', 'norm', 'softmax', 'logSoftmax', 'cumsum', 'sumOfSquares', 'layerNorm', 'rotary', 'runningMean']
    .map((op): typeof NUMBERS[number] => [op, { x: [4, 4], ...(op === 'runningMean' ? { running: [4] } : {}), ...(op === 'layerNorm' ? { weight: [4], bias: [4] } : {}) }, {}, 'x']),
  ['matmul', { a: [4, 4], b: [4, 4] }, {}, 'b'],
  ['linear', { x: [4, 4], weight: [3, 4], bias: [3] }, {}, 'x'],
  ['conv1d', { x: [1, 2, 8], weight: [3, 2, 3] }, {}, 'x'],
  ['conv1d', { x: [1, 2, 8], weight: [3, 2, 3] }, {}, 'weight'],
  ['dropout', { x: [4], counter: [3] }, { p: 0.5, layer: 0 }, 'x'],
  ['batchNorm', { x: [4, 3], weight: [3], bias: [3], mean: [3], variance: [3] }, {}, 'variance'],
  ['gather', { x: [4], indices: [2] }, { axis: 0 }, 'x'],
  ['scatterAdd', { x: [4], indices: [2], source: [2] }, { axis: 0 }, 'source'],
  ['embedding', { weight: [4, 2], indices: [2] }, {}, 'weight'],
  ['crossEntropy', { input: [2, 3], target: [2] }, {}, 'input'],
  ['mse', { input: [2, 3], target: [2, 3] }, {}, 'input'],
  ['scaledDotProductAttention', { query: [2, 4], key: [2, 4], value: [2, 4] }, {}, 'key'],
];

for (const [op, shapes, options, input] of NUMBERS) {
  test(`${op} takes numbers as ${input}, and says how indices become such`, () => {
    expect(refusalOf(op, shapes, options, { [input]: 'u32' })).toBe(`ShapeError: ${op}: needs ${input} of f32, got u32. ${ADVICE}`);
  });
}

test('what moves elements keeps their type, and joins no two types', () => {
  const types = { tokens: 'u32' } as const;
  const traced: Record<string, string> = {};
  const moved: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    slice: (x) => slice(x, { start: [0, 1] }), reshape: (x) => reshape(slice(x, { start: [0, 1] }), [-1]), transposed: (x) => reshape(transpose(x), [-1]), flip: (x) => flip(x, [0]),
    concat: (x) => concat([x, narrow(x, 0, 0, 1)]), stack: (x) => stack([x, x]), tile: (x) => tile(x, [2, 2]), constant: (x) => pad(x, [[1, 0], [0, 2]], { value: 4 }), reflect: (x) => pad(x, [[1, 0], [0, 2]], { mode: 'reflect' }),
  };
  for (const type of ['u32', 'f32'] as const) {
    for (const [name, body] of Object.entries(moved)) expect(refusal({ x: [3, 5] }, ({ x }) => { traced[`${name} ${type}`] = body(x!).type; }, type === 'u32' ? { x: type } : {}), name).toBeUndefined();
  }
  expect(traced).toEqual(Object.fromEntries(['u32', 'f32'].flatMap((type) => Object.keys(moved).map((name) => [`${name} ${type}`, type]))));
  expect(refusal({ tokens: [2], x: [2] }, ({ tokens, x }) => concat([tokens!, x!]), types)).toBe(`ShapeError: concat: needs tensors of one type, got x0 of u32 and x1 of f32. ${ADVICE}`);
  expect(refusal({ tokens: [2] }, ({ tokens }) => pad(tokens!, [[1, 1]], { value: -1 }), types)).toBe('OptionError: pad: needs a value that is an index: an integer from 0, got -1. x holds indices.');
  expect(refusal({ tokens: [2] }, ({ tokens }) => pad(tokens!, [[1, 1]], { value: 0.5 }), types)).toBe('OptionError: pad: needs a value that is an index: an integer from 0, got 0.5. x holds indices.');
});

test('arithmetic takes indices and makes numbers', () => {
  for (const [op, names] of [['scale', ['x']], ['relu', ['x']], ['floor', ['x']], ['sub', ['a', 'b']], ['mul', ['a', 'b']], ['where', ['condition', 'a', 'b']]] as const) {
    for (const name of names) expect(refusalOf(op, Object.fromEntries(names.map((input) => [input, [4]])), op === 'scale' ? { factor: 2 } : {}, { [name]: 'u32' }), `${op} ${name}`).toBeUndefined();
  }
});
