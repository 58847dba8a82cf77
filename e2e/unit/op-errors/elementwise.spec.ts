import { expect, test } from 'playwright/test';
import { broadcastShape } from '../../../src/ops/broadcast.ts';
import { clamp } from '../../../src/nn/functional/elementwise.ts';
import { elu, prelu, softplus } from '../../../src/nn/layers/activations.ts';
import { refusal, refusalOf } from './kit.ts';

type Row = readonly [op: string, shapes: Readonly<Record<string, readonly number[]>>, options: object, message: string, types?: Readonly<Record<string, 'u32'>>];

const ROWS: readonly Row[] = [
  ['exp', { x: [2] }, { base: 2 }, 'OptionError: exp: needs options among (none), got an unknown option "base".'],
  ['clamp', { x: [2] }, {}, 'OptionError: clamp: needs min, max or both, got neither.'],
  ['clamp', { x: [2] }, { min: 2, max: 1 }, 'OptionError: clamp: needs min ≤ max, got 2 and 1.'],
  ['clamp', { x: [2] }, { min: NaN }, 'OptionError: clamp: needs min to be a finite number, got NaN.'],
  ['clamp', { x: [2] }, { max: 1e39 }, 'OptionError: clamp: needs max to be a number that float32 holds (0, or between 1.2e-38 and 3.4e38), got 1e+39.'],
  ['elu', { x: [2] }, { alpha: -1 }, 'OptionError: elu: needs alpha to be a finite number ≥ 0, got -1.'],
  ['leakyRelu', { x: [2] }, { negativeSlope: 1e39 }, 'OptionError: leakyRelu: needs negativeSlope to be a number that float32 holds (0, or between 1.2e-38 and 3.4e38), got 1e+39.'],
  ['sumOfSquares', { x: [2] }, { factor: 2e38 }, 'OptionError: sumOfSquares: needs factor to be a finite number ≥ -1.7e+38 and ≤ 1.7e+38, got 2e+38.'],
  ['softplus', { x: [2] }, { beta: 0 }, 'OptionError: softplus: needs beta to be a finite number ≥ 1e-30 and ≤ 1e+30, got 0.'],
  ['softplus', { x: [2] }, { threshold: '20' }, 'OptionError: softplus: needs threshold to be a finite number, got "20".'],
  ['div', { a: [2, 3], b: [2] }, {}, 'ShapeError: div: needs shapes that broadcast, got a [2, 3] and b [2]. Aligned at the end, each pair of dimensions must be equal or contain a 1.'],
  ['maximum', { a: [4], b: [3] }, {}, 'ShapeError: maximum: needs shapes that broadcast, got a [4] and b [3]. Aligned at the end, each pair of dimensions must be equal or contain a 1.'],
  ['less', { a: [4], b: [4] }, {}, 'ShapeError: less: needs numbers to compare (f32), got f32 and u32.', { b: 'u32' }],
  ['where', { condition: [3], a: [2, 4], b: [4] }, {}, 'ShapeError: where: needs a condition that broadcasts with a and b, got [3] and [2, 4].'],
  ['where', { condition: [4], a: [2, 4], b: [3] }, {}, 'ShapeError: where: needs shapes that broadcast, got a [2, 4] and b [3]. Aligned at the end, each pair of dimensions must be equal or contain a 1.'],
  ['prelu', { x: [2, 3, 4], weight: [4] }, {}, 'ShapeError: prelu: needs a weight [1], or [3] along axis 1, got [4] for [2, 3, 4].'],
  ['prelu', { x: [5], weight: [5] }, {}, 'ShapeError: prelu: needs a weight [1], got [5] for [5].'],
];

for (const [op, shapes, options, message, types] of ROWS) {
  test(`${op} ${JSON.stringify(shapes)} ${JSON.stringify(options)} is refused by its rule`, () => {
    expect(refusalOf(op, shapes, options, types)).toBe(message);
  });
}

test('functions and layers refuse bad options before there is a model', () => {
  expect(refusal({ x: [2] }, ({ x }) => clamp(x!, { low: 1 } as never))).toBe('OptionError: clamp: needs options among min, max, got an unknown option "low".');
  expect(() => elu({ alpha: Infinity })).toThrow('elu: needs alpha to be a finite number ≥ 0, got Infinity.');
  expect(() => softplus({ beta: -1 })).toThrow('softplus: needs beta to be a finite number ≥ 1e-30 and ≤ 1e+30, got -1.');
  expect(() => prelu(0)).toThrow('prelu: needs numParameters to be an integer ≥ 1, got 0.');
  expect(() => prelu(1, { init: 0.1 } as never)).toThrow('prelu: needs options among weightInitializer, got an unknown option "init".');
});

test('what is allowed is not refused', () => {
  for (const [op, shapes, options] of [
    ['clamp', { x: [2] }, { min: 0 }], ['clamp', { x: [2] }, { max: 0 }], ['clamp', { x: [2] }, { min: 1, max: 1 }], ['elu', { x: [2] }, { alpha: 0 }],
    ['prelu', { x: [2, 3, 4], weight: [3] }, {}], ['prelu', { x: [5], weight: [1] }, {}], ['pow', { a: [2, 1], b: [3] }, {}],
  ] as const) expect(refusalOf(op, shapes, options), `${op} ${JSON.stringify(shapes)}`).toBeUndefined();
  expect(refusalOf('where', { condition: [2, 1], a: [3], b: [] }, {}, { condition: 'u32' })).toBeUndefined();
  expect(broadcastShape('x', [4, 1, 3], [5, 1])).toEqual([4, 5, 3]);
});
