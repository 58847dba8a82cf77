import { expect, test } from 'playwright/test';
import { fitRows, type Row } from '../../src/data/rows-encoding.ts';
import { splitList } from '../../src/data/split-list.ts';
import { checkDataset } from '../../src/data/check.ts';

const ROWS = [
  { size: '1', place: 'sea', kind: 'cat' }, { size: '3', place: 'land', kind: 'dog' }, { size: '', place: 'sea', kind: 'cat' },
  { size: '5', place: '', kind: 'cat' }, { size: '7', place: 'land', kind: '' },
];

const messageOf = (body: () => unknown): string => {
  try {
    body();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

test('numbers are normalised, categories become one-hot, missing cells are imputed, rows without a target left out', () => {
  const encoding = fitRows(ROWS, { target: 'kind' });
  expect(encoding.features).toEqual(['size', 'place=land', 'place=sea', 'place=(missing)']);
  expect(encoding.classes).toEqual(['cat', 'dog']);
  const data = encoding.dataset(ROWS);
  checkDataset(data, 'test');
  // Mean 3 and deviation √(8/3) over 1, 3, 5: the row without a target taught nothing.
  const scale = Math.sqrt(8 / 3);
  const expected = [-2 / scale, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 2 / scale, 0, 0, 1];
  expect([...data.inputs]).toEqual(expected.map(Math.fround));
  expect([...data.targets]).toEqual([0, 1, 0, 0]);
  expect(data).toMatchObject({ length: 4, inputShape: [4], targetShape: [], classes: 2 });
});

test('the test rows teach nothing: means, deviations and categories are those of the training rows', () => {
  const encoding = fitRows(ROWS.slice(0, 2), { target: 'kind' });
  const [size] = encoding.inputs([{ size: '101', place: 'sea' }]);
  expect(size).toBe(99);
  expect(messageOf(() => encoding.inputs([{ size: 1, place: 'air' }]))).toBe('inputs: needs categories of "place" that the training rows have (land, sea), got "air" in row 0. Pass unknown: "zeros" to let them be nothing.');
  const open = fitRows(ROWS.slice(0, 2), { target: 'kind', unknown: 'zeros', normalize: false });
  expect([...open.inputs([{ size: 4, place: 'air' }])]).toEqual([4, 0, 0]);
});

test('columns as they are asked for; numbers as targets; drop and refuse', () => {
  const indexed = fitRows(ROWS, { target: 'size', columns: { place: 'index', kind: 'ignore' } });
  expect([...indexed.dataset(ROWS).inputs]).toEqual([1, 0, 2, 0]);
  expect([...indexed.dataset(ROWS).targets]).toEqual([1, 3, 5, 7]);
  expect(indexed.dataset(ROWS).targetShape).toEqual([1]);
  expect(fitRows(ROWS, { target: 'kind', missing: 'drop' }).dataset(ROWS).length).toBe(2);
  expect(messageOf(() => fitRows(ROWS, { target: 'kind', missing: 'refuse' }))).toBe('fitRows: needs no missing cells, got one in row 2, column "size".');
  expect(messageOf(() => fitRows(ROWS, { target: 'colour' }))).toBe('fitRows: needs target among the columns size, place, kind, got "colour".');
  expect(messageOf(() => fitRows(ROWS, { target: 'kind', columns: { place: 'number' } }))).toBe('fitRows: needs numbers in the column "place", got "sea". Make it oneHot or index in columns.');
  expect(messageOf(() => fitRows([], { target: 'kind' }))).toBe('fitRows: needs at least one row, got [].');
  expect(messageOf(() => fitRows([{ kind: 'cat' }, {}], { target: 'kind' }))).toContain('fitRows: needs');
});

test('rows to predict are refused as training rows are: columns that they lack, cells that may not be missing', () => {
  const encoding = fitRows(ROWS, { target: 'kind' });
  expect(messageOf(() => encoding.inputs([{ size: 1, place: 'sea' }, { size: 1, plaice: 'sea' }]))).toBe('inputs: needs the column "place" in every row, got row 1 without it.');
  expect([...encoding.inputs([{ size: null, place: '' }])]).toEqual([0, 0, 0, 1]);
  const whole = ROWS.slice(0, 2);
  const strict = fitRows(whole, { target: 'kind', missing: 'refuse' });
  expect(messageOf(() => strict.inputs([{ size: 1, place: 'sea' }, { size: ' ', place: 'sea' }]))).toBe('inputs: needs no missing cells, got one in row 1, column "size".');
  const dropping = fitRows(ROWS, { target: 'kind', missing: 'drop' });
  for (const row of [{ size: 1, place: '' }, { size: '', place: 'sea' }]) {
    expect(messageOf(() => dropping.inputs([{ size: 1, place: 'sea' }, row])))
      .toBe(`inputs: needs no missing cells, got one in row 1, column "${row.size === '' ? 'size' : 'place'}". Leave such rows out, or fit with missing: "impute".`);
  }
  expect(dropping.dataset(ROWS).length).toBe(2);
});

test('errors name the row that was given, whatever was left out before it', () => {
  const encoding = fitRows(ROWS, { target: 'kind', missing: 'drop' });
  const left = { size: '', place: 'sea', kind: 'cat' };
  expect(messageOf(() => encoding.dataset([left, { size: 'big', place: 'sea', kind: 'cat' }]))).toBe('dataset: needs numbers in the column "size", got "big" in row 1.');
  expect(messageOf(() => encoding.dataset([left, { size: 1, place: 'air', kind: 'cat' }]))).toContain('got "air" in row 1.');
  expect(messageOf(() => encoding.dataset([left, left, { size: 1, place: 'sea', kind: 'cow' }]))).toBe('dataset: needs targets that the training rows have (cat, dog), got "cow" in row 2.');
  const numbers = fitRows(ROWS, { target: 'size' });
  expect(messageOf(() => numbers.dataset([{ ...ROWS[0]!, size: '' }, { ...ROWS[0]!, size: 'big' }]))).toBe('dataset: needs numbers as targets, got "big" in row 1.');
});

test('a column may be called as what every object has', () => {
  const rows = [{ constructor: 1, toString: 'a', kind: 'cat' }, { constructor: 3, toString: 'b', kind: 'dog' }] as unknown as Row[];
  const encoding = fitRows(rows, { target: 'kind', normalize: false });
  expect(encoding.features).toEqual(['constructor', 'toString=a', 'toString=b']);
  expect([...encoding.dataset(rows).inputs]).toEqual([1, 1, 0, 3, 0, 1]);
  expect(fitRows(rows, { target: 'kind', columns: { constructor: 'ignore' } as never }).features).toEqual(['toString=a', 'toString=b']);
});

test('numbers as classes: targetKind', () => {
  const rows = [{ x: 1, grade: 10 }, { x: 2, grade: '9' }, { x: 3, grade: 10 }, { x: 4, grade: null }];
  expect(fitRows(rows, { target: 'grade' }).classes).toBeUndefined();
  const encoding = fitRows(rows, { target: 'grade', targetKind: 'class' });
  // In the order of numbers, not of texts.
  expect(encoding.classes).toEqual(['9', '10']);
  const data = encoding.dataset(rows);
  checkDataset(data, 'test');
  expect(data).toMatchObject({ targets: Uint32Array.of(1, 0, 1), targetShape: [], classes: 2 });
  expect(fitRows(ROWS, { target: 'size', targetKind: 'number' }).dataset(ROWS).targetShape).toEqual([1]);
  expect(messageOf(() => fitRows(ROWS, { target: 'kind', targetKind: 'number' }))).toBe('fitRows: needs numbers as targets, got "cat" in row 0. Leave targetKind out, or make it "class".');
  expect(messageOf(() => fitRows(ROWS, { target: 'kind', targetKind: 'classes' as never }))).toBe('fitRows: needs targetKind to be "class" or "number", got "classes".');
});

test('a list in two parts: nothing in both, nothing lost, the same for one seed', () => {
  const list = Array.from({ length: 10 }, (_, i) => i);
  const { train, test: rest } = splitList(list, 0.8, { seed: 3 });
  expect([train.length, rest.length]).toEqual([8, 2]);
  expect([...train, ...rest].toSorted((a, b) => a - b)).toEqual(list);
  expect(splitList(list, 0.8, { seed: 3 })).toEqual({ train, test: rest });
  expect(splitList(list, 0.8, { seed: 4 }).train).not.toEqual(train);
  expect(messageOf(() => splitList([1], 0.5))).toBe('splitList: needs a list of at least two, got [1].');
});
