import { expect, test } from 'playwright/test';
import fc from 'fast-check';
import { batches } from '../../src/data/batches.ts';
import { checkDataset } from '../../src/data/check.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { dataset, type DatasetOptions } from '../../src/data/from-arrays.ts';
import { normalize } from '../../src/data/normalize.ts';
import { oneHot, shuffle, split, take, toValues } from '../../src/data/transform.ts';
import { ChainruleError } from '../../src/errors.ts';

/** n rows (i, −i) with class i mod classes: a row can be recognised wherever it went. */
function rows(n: number, classes = 3): Dataset {
  return dataset({ inputs: Array.from({ length: n }, (_, i) => [i, -i]), targets: Array.from({ length: n }, (_, i) => i % classes), classes });
}

const firsts = (data: Dataset) => Array.from({ length: data.length }, (_, i) => data.inputs[2 * i]);
const intact = (data: Dataset, classes = 3) => firsts(data).every((x, i) => data.inputs[2 * i + 1] === -x && data.targets[i] === x % classes);

function failure(call: () => unknown): ChainruleError {
  try {
    call();
  } catch (error) {
    if (error instanceof ChainruleError) return error;
    throw error;
  }
  throw new Error('needs an error, got none');
}

test('dataset: rows, flat arrays, class indices and numbers', () => {
  const points = dataset({ inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [0, 1, 1, 0], classes: 2, name: 'xor' });
  expect(points).toEqual({
    name: 'xor', length: 4, inputs: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), inputShape: [2],
    targets: Uint32Array.of(0, 1, 1, 0), targetShape: [], classes: 2,
  });
  const source = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const images = dataset({ inputs: source, inputShape: [1, 2, 2], targets: [0.5, 1.5] });
  expect([images.length, images.inputShape, images.targetShape, images.targets]).toEqual([2, [1, 2, 2], [1], Float32Array.of(0.5, 1.5)]);
  source[0] = NaN;
  expect(images.inputs[0]).toBe(1);
  expect(dataset({ inputs: [[1], [2]], targets: [[1, 2, 3], [4, 5, 6]] }).targetShape).toEqual([3]);
  expect(dataset({ inputs: [[1], [2]], targets: Float32Array.of(1, 2, 3, 4), targetShape: [2] }).targetShape).toEqual([2]);
  expect(dataset({ inputs: Uint8Array.of(1, 2), inputShape: [1], targets: Uint8Array.of(0, 1), classes: 2 }).targets).toEqual(Uint32Array.of(0, 1));
  checkDataset(points, 'test');
  checkDataset(images, 'test');
});

test('dataset: each kind of bad data has its own message', () => {
  const good = { inputs: [[1, 2], [3, 4]], targets: [0, 1], classes: 2 };
  const gone = Float32Array.of(1, 2);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  const cases: [object, string, RegExp][] = [
    [{ inputs: [] }, 'option', /inputShape/],
    [{ inputs: [], inputShape: [2] }, 'data', /at least one example, got empty/],
    [{ inputs: [[1, 2], [3]] }, 'shape', /2 numbers in each row of inputs, got 1 in row 1/],
    [{ inputs: [[1, 2], [3, NaN]] }, 'data', /finite inputs, got NaN in row 1, column 1/],
    [{ inputs: [[1, 2], [1e39, 4]] }, 'data', /Infinity in row 1, column 0/],
    [{ inputs: [[1, 2], ['3', 4]] }, 'data', /numbers in inputs, got "3" in row 1/],
    [{ inputs: [[1, 2], 3] }, 'data', /rows of numbers, got 3 in row 1/],
    [{ inputs: [[], []] }, 'shape', /inputShape/],
    [{ inputs: new Float64Array(4), inputShape: [2] }, 'data', /Float32Array.*Convert it/],
    [{ inputs: new BigInt64Array(4), inputShape: [2] }, 'data', /Convert it/],
    [{ inputs: gone, inputShape: [1] }, 'data', /detached/],
    [{ inputs: new Float32Array(new SharedArrayBuffer(16)), inputShape: [2] }, 'data', /SharedArrayBuffer/],
    [{ inputs: Float32Array.of(1, 2, 3), inputShape: [2] }, 'shape', /whole rows of 2/],
    [{ inputs: Float32Array.of(1, 2) }, 'option', /inputShape/],
    [{ inputs: 'text' }, 'data', /got "text"/],
    [{ inputShape: [3] }, 'shape', /3 numbers in each row/],
    [{ inputShape: [0] }, 'shape', /positive integers/],
    [{ targets: [0] }, 'shape', /2 inputs and 1 targets/],
    [{ targets: [0, 2] }, 'data', /class indices in \[0, 1\], got 2 in row 1/],
    [{ targets: [-1, 0] }, 'data', /got -1 in row 0/],
    [{ targets: [0, 0.5] }, 'data', /0\.5 in row 1/],
    [{ targets: [0, NaN] }, 'data', /NaN in row 1/],
    [{ targets: ['0', 1] }, 'data', /"0" in row 0/],
    [{ targets: [0, 1], classes: 0 }, 'data', /classes/],
    [{ targets: [0, 1], classes: 2 ** 24 + 1 }, 'data', /2\^24/],
    [{ targets: [1, Infinity], classes: undefined }, 'data', /finite targets, got Infinity in row 1/],
    [{ targets: Uint32Array.of(0, 1), classes: undefined }, 'option', /classes where targets is a Uint32Array/],
    [{ targets: [[0], [1]] }, 'data', /class indices/],
    [{ name: 3 }, 'option', /name/],
    [{ labels: [0, 1] }, 'option', /unknown option "labels"/],
  ];
  for (const [change, code, message] of cases) {
    const error = failure(() => dataset({ ...good, ...change } as DatasetOptions));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.who).toBe('dataset');
  }
});

test('checkDataset finds what was broken later', () => {
  const broken: [object, RegExp][] = [
    [{ length: 4 }, /inputs to hold 4 × 2/], [{ length: 0 }, /empty/], [{ length: 1.5 }, /length/], [{ classes: undefined }, /classes/],
    [{ inputs: Float64Array.of(1, 2, 3, 4, 5, 6) }, /Float32Array.*Convert/], [{ inputs: Float32Array.of(1, 2, 3, 4, 5, Infinity) }, /row 2, column 1/],
    [{ targets: Uint32Array.of(0, 1, 3) }, /3 in row 2/], [{ targets: [0, 1, 2] }, /targets as a Uint32Array/], [{ targets: [0, 1, 2], classes: undefined }, /targets as a Float32Array/], [{ targetShape: [2] }, /targets to hold/],
    [{ inputShape: [-2] }, /positive integers/], [{ targets: Uint32Array.of(0, 1) }, /targets to hold 3/], [{ name: undefined }, /name/],
  ];
  for (const [change, message] of broken) expect(() => checkDataset({ ...rows(3), ...change }, 'fit')).toThrow(message);
  for (const value of [null, undefined, 3, 'data']) expect(() => checkDataset(value, 'fit')).toThrow(/^fit: needs a data set/);
  const data = rows(3);
  structuredClone(data.inputs.buffer, { transfer: [data.inputs.buffer as ArrayBuffer] });
  expect(() => checkDataset(data, 'fit')).toThrow(/detached/);
});

test('shuffle and split: every row once, in one piece, the same for the same seed', () => {
  fc.assert(fc.property(fc.integer({ min: 2, max: 60 }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.nat(), (n, fraction, seed) => {
    const data = rows(n);
    const all = Array.from({ length: n }, (_, i) => i);
    const mixed = shuffle(data, seed);
    const { train, test: held } = split(data, fraction, { seed });
    expect([intact(mixed), intact(train), intact(held)]).toEqual([true, true, true]);
    expect(firsts(mixed).sort((a, b) => a - b)).toEqual(all);
    expect([...firsts(train), ...firsts(held)].sort((a, b) => a - b)).toEqual(all);
    expect(Math.abs(train.length - n * fraction)).toBeLessThanOrEqual(1);
    expect(split(data, fraction, { seed })).toEqual({ train, test: held });
  }), { numRuns: 40, seed: 1 });
  expect(firsts(shuffle(rows(50), 1))).not.toEqual(firsts(shuffle(rows(50), 2)));
  expect(firsts(shuffle(rows(50), 1))).not.toEqual(firsts(rows(50)));
  const { train, test: held } = split(rows(10), { train: 5, test: 2 });
  expect([train.length, held.length, new Set([...firsts(train), ...firsts(held)]).size]).toEqual([5, 2, 7]);
  for (const part of [0, 1, -1, NaN, '0.5', { train: 8, test: 3 }, { train: 0, test: 3 }, { train: 1 }, null]) {
    expect(failure(() => split(rows(10), part as number)).code).toBe('option');
  }
  expect(failure(() => split(rows(1), 0.5)).code).toBe('option');
  expect(failure(() => shuffle(rows(3), 1.5)).code).toBe('option');
});

test('take: rows in the order asked for', () => {
  expect(firsts(take(rows(5), [4, 0, 4]))).toEqual([4, 0, 4]);
  for (const [indices, code] of [[[5], 'data'], [[-1], 'data'], [[0.5], 'data'], [[], 'option'], ['12', 'option']] as const) {
    expect(failure(() => take(rows(5), indices as unknown as number[])).code).toBe(code);
  }
});

test('oneHot and toValues', () => {
  const hot = oneHot(rows(4));
  expect([hot.targetShape, hot.classes, hot.targets]).toEqual([[3], undefined, Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0)]);
  const values = toValues(rows(4, 2));
  expect([values.targetShape, values.classes, values.targets]).toEqual([[1], undefined, Float32Array.of(0, 1, 0, 1)]);
  checkDataset(hot, 'test');
  checkDataset(values, 'test');
  // One label for each place of a sequence: the places stay.
  const places: Dataset = { ...rows(2), targets: Uint32Array.of(0, 1, 1, 1, 0, 0), targetShape: [3], classes: 2 };
  expect([oneHot(places).targetShape, oneHot(places).targets]).toEqual([[3, 2], Float32Array.of(1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0)]);
  expect([toValues(places).targetShape, toValues(places).targets]).toEqual([[3], Float32Array.of(0, 1, 1, 1, 0, 0)]);
  checkDataset(oneHot(places), 'test');
  checkDataset(toValues(places), 'test');
  expect(failure(() => toValues(rows(4))).advice).toContain('oneHot');
  expect(failure(() => oneHot(values)).rule).toBe('class indices as targets');
});

test('normalize: statistics of the training part alone, also for the test part and for single inputs', () => {
  const train = dataset({ inputs: [[1, 5, 1e6], [3, 5, 1e6 + 2], [5, 5, 1e6 + 4]], targets: [0, 0, 0] });
  const held = dataset({ inputs: [[7, 6, 1e6]], targets: [0] });
  const result = normalize({ train, test: held });
  const deviation = Math.sqrt(8 / 3);
  const expected = [-2 / deviation, 0, -2 / deviation, 0, 0, 0, 2 / deviation, 0, 2 / deviation];
  expected.forEach((value, i) => expect(result.train.inputs[i]).toBeCloseTo(value, 6));
  // The second input is constant while training: shifted, not divided by 0.
  [4 / deviation, 1, -2 / deviation].forEach((value, i) => expect(result.test.inputs[i]).toBeCloseTo(value, 6));
  expect([...result.normalization.mean]).toEqual([3, 5, 1e6 + 2]);
  expect(result.normalization.scale[1]).toBe(1);
  expect(result.normalization.apply([7, 6, 1e6])).toEqual(result.test.inputs);
  expect(normalize(train).data).toEqual(result.train);
  expect(train.inputs[0]).toBe(1);
  const all = normalize(dataset({ inputs: [[0, 2], [4, 6]], targets: [0, 0] }), { per: 'all' });
  expect([...all.normalization.mean]).toEqual([3, 3]);
  expect([...all.data.inputs].reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(4, 5);
  expect(failure(() => result.normalization.apply([1, 2])).code).toBe('shape');
  expect(failure(() => result.normalization.apply([1, 2, NaN])).code).toBe('data');
  expect(failure(() => result.normalization.applyTo(rows(3))).code).toBe('shape');
  expect(failure(() => normalize({ train, test: rows(2) })).code).toBe('shape');
  expect(failure(() => normalize(train, { per: 'row' as 'all' })).code).toBe('option');
  expect(failure(() => normalize(null as unknown as Dataset)).code).toBe('data');
});

test('normalize: any data that is not constant gets mean 0 and deviation 1', () => {
  const value = fc.float({ min: -1000, max: 1000, noNaN: true });
  fc.assert(fc.property(fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 30 }), (inputs) => {
    const { data } = normalize(dataset({ inputs: inputs.map((row) => [...row]), targets: inputs.map(() => 0) }));
    for (const column of [0, 1]) {
      const values = inputs.map((_, i) => data.inputs[2 * i + column]);
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const spread = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
      const isConstant = new Set(inputs.map((row) => Math.fround(row[column]) + 0)).size === 1;
      expect(Math.abs(mean)).toBeLessThan(1e-4);
      expect(Math.abs(spread - (isConstant ? 0 : 1))).toBeLessThan(1e-4);
    }
  }), { numRuns: 60, seed: 1 });
});

test('batches: every row once, the last batch smaller, another order each epoch', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }), fc.nat(), fc.boolean(), (length, size, epoch, isShuffled) => {
    const batchSize = Math.min(size, length);
    const cut = batches(length, batchSize, { seed: 3, epoch, shuffle: isShuffled });
    const parts = [...cut];
    expect(parts.map((part) => part.length)).toEqual([
      ...new Array<number>(Math.floor(length / batchSize)).fill(batchSize), ...(length % batchSize > 0 ? [length % batchSize] : []),
    ]);
    expect(cut.count).toBe(parts.length);
    expect(parts.flatMap((part) => [...part])).toEqual([...cut.order]);
    expect([...cut.order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
    expect([...batches(length, batchSize, { seed: 3, epoch, shuffle: isShuffled }).order]).toEqual([...cut.order]);
  }), { numRuns: 60, seed: 1 });
  const order = (options: object) => batches(50, 5, options).order.join();
  expect(new Set([order({}), order({ epoch: 1 }), order({ seed: 1 }), order({ shuffle: false })]).size).toBe(4);
  expect(order({ shuffle: false })).toBe(Array.from({ length: 50 }, (_, i) => i).join());
});

test('batches: sizes that do not fit are refused', () => {
  for (const size of [0, -1, 1.5, NaN, Infinity, '4', 11]) expect(failure(() => batches(10, size as number)).code).toBe('option');
  expect(failure(() => batches(10, 11)).message).toBe('batches: needs batchSize ≤ the number of examples, got batchSize 11 and 10 examples. Use smaller batches.');
  expect(failure(() => batches(0, 1)).rule).toContain('length');
  for (const options of [{ seed: -1 }, { epoch: 0.5 }, { shuffle: 1 }, { sed: 1 }]) {
    expect(failure(() => batches(10, 5, options as object)).code).toBe('option');
  }
});
