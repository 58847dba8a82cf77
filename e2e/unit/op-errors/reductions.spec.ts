import { expect, test } from 'playwright/test';
import { logSoftmax, softmax } from '../../../src/nn/layers.ts';
import { refusalOf } from './kit.ts';

const MATRIX = { x: [5, 7] };
const NUMBER = { x: [] };

/** An op, the shape of x, its options, and what it says of them. */
const REFUSED: readonly [string, { readonly x: readonly number[] }, object, string][] = [
  ...['sum', 'mean', 'prod', 'max', 'min', 'variance', 'logSumExp', 'norm'].flatMap((op): [string, typeof MATRIX, object, string][] => [
    [op, MATRIX, { axes: [2] }, `ShapeError: ${op}: needs axes between -2 and 1, got 2 for [5, 7].`],
    [op, MATRIX, { axes: -3 }, `ShapeError: ${op}: needs axes between -2 and 1, got -3 for [5, 7].`],
    [op, MATRIX, { axes: [0.5] }, `ShapeError: ${op}: needs axes between -2 and 1, got 0.5 for [5, 7].`],
    [op, MATRIX, { axes: 'rows' }, `OptionError: ${op}: needs axes to be an integer or a list of integers, got "rows".`],
    [op, MATRIX, { axes: [1, -1] }, `OptionError: ${op}: needs each axis once, got [1, -1].`],
    [op, MATRIX, { keepDims: 1 }, `OptionError: ${op}: needs keepDims to be true or false, got 1.`],
  ]),
  ['sum', NUMBER as never, { axes: [0] }, 'ShapeError: sum: needs an input with at least one axis for axes, got 0 for [].'],
  ['variance', MATRIX, { axes: [1], correction: 7 }, 'ShapeError: variance: needs more than 7 numbers along its axes, got 7. Set correction to 0, or take more axes.'],
  ['variance', NUMBER as never, {}, 'ShapeError: variance: needs more than 1 numbers along its axes, got 1. Set correction to 0, or take more axes.'],
  ['variance', MATRIX, { correction: -1 }, 'OptionError: variance: needs correction to be a finite number ≥ 0, got -1.'],
  ['norm', MATRIX, { p: 3 }, 'OptionError: norm: needs p to be 1, 2 or "infinity", got 3.'],
  ...['argMax', 'argMin'].flatMap((op): [string, typeof MATRIX, object, string][] => [
    [op, MATRIX, { axis: 2 }, `ShapeError: ${op}: needs axis between -2 and 1, got 2 for [5, 7].`],
    [op, MATRIX, { axis: [0] }, `ShapeError: ${op}: needs axis between -2 and 1, got [0] for [5, 7].`],
    [op, { x: [4097, 4096] }, {}, `LimitError: ${op}: needs at most 16777216 numbers to choose from (f32 tells no more apart), got 16781312. Split the axis.`],
    [op, MATRIX, { keepDims: 'yes' }, `OptionError: ${op}: needs keepDims to be true or false, got "yes".`],
  ]),
  ...['softmax', 'logSoftmax', 'cumsum'].flatMap((op): [string, typeof MATRIX, object, string][] => [
    [op, MATRIX, { axis: -3 }, `ShapeError: ${op}: needs axis between -2 and 1, got -3 for [5, 7].`],
    [op, NUMBER as never, {}, `ShapeError: ${op}: needs an input with at least one axis for axis, got -1 for [].`],
  ]),
];

for (const [op, shapes, options, message] of REFUSED) {
  test(`${op} of [${shapes.x.join(', ')}] with ${JSON.stringify(options)} is refused by rule`, () => {
    expect(refusalOf(op, shapes, options)).toBe(message);
  });
}

test('an option that a reduction does not have is refused', () => {
  expect(refusalOf('max', MATRIX, { axis: 1 })).toMatch(/^OptionError: max: .*axis/);
  expect(refusalOf('cumsum', MATRIX, { axes: 1 })).toMatch(/^OptionError: cumsum: .*axes/);
});

test('argMax of indices is refused', () => {
  expect(refusalOf('argMax', MATRIX, {}, { x: 'u32' })).toBe('ShapeError: argMax: needs numbers to compare (f32), got u32.');
});

test('layers take an axis and nothing else', () => {
  for (const [layer, kind] of [[softmax, 'softmax'], [logSoftmax, 'logSoftmax']] as const) {
    expect(layer({ axis: 1 }).kind).toBe(kind);
    expect(() => layer({ axis: 0.5 })).toThrow(`${kind}: needs axis to be an integer, got 0.5.`);
    expect(() => layer({ axes: 1 } as never)).toThrow(`${kind}: needs options among axis, got an unknown option "axes".`);
  }
});
