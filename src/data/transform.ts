import { checkNumber, checkOptionNames, DataError, OptionError, show, ShapeError } from '../errors.ts';
import { checkDataset } from './check.ts';
import type { AnyDataset, Dataset } from './dataset.ts';
import { RandomStream, randomStreams } from './philox.ts';
import { takeRows } from './rows.ts';

/** A data set in two parts: one to learn from, one to judge by. */
export interface TrainTest<Data extends AnyDataset = Dataset> {
  readonly train: Data;
  readonly test: Data;
}

/**
 * The rows of `data` that `indices` names, in that order; a row may come more than once.
 * @throws DataError for an index that is not a row; OptionError for no index at all.
 */
export function take<Data extends AnyDataset>(data: Data, indices: ArrayLike<number>): Data {
  checkDataset(data, 'take');
  return rowsOf(data, indices, 'take');
}

function rowsOf<Data extends AnyDataset>(data: Data, indices: ArrayLike<number>, who: string): Data {
  const listed = Array.isArray(indices) || (ArrayBuffer.isView(indices) && !(indices instanceof DataView));
  if (!listed || indices.length === 0) throw new OptionError(who, 'a list of row numbers', listed ? 'an empty one' : show(indices));
  const width = data.inputs.length / data.length;
  const targetWidth = data.targets.length / data.length;
  const length = indices.length;
  for (let i = 0; i < length; i++) {
    const row = indices[i];
    if (!Number.isInteger(row) || row < 0 || row >= data.length) {
      throw new DataError(who, `row numbers in [0, ${data.length - 1}]`, `${show(row)} at ${i}`);
    }
  }
  return { ...data, length, inputs: takeRows(data.inputs, width, indices), targets: takeRows(data.targets, targetWidth, indices) };
}

/**
 * The same examples in random order.
 * @param seed Integer in [0, Number.MAX_SAFE_INTEGER]. Default 0.
 * @throws OptionError for any other seed.
 */
export function shuffle<Data extends AnyDataset>(data: Data, seed = 0): Data {
  checkDataset(data, 'shuffle');
  checkNumber('shuffle', 'seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  return rowsOf(data, new RandomStream(seed, randomStreams.shuffle).permutation(data.length), 'shuffle');
}

/**
 * Two parts without a common row, drawn at random.
 * @param part The training part as a fraction in (0, 1), rounded to whole examples with at least one in each part;
 *   or the number of examples in each part (their sum may leave examples out).
 * @param options.seed Integer in [0, Number.MAX_SAFE_INTEGER]. Default 0.
 * @throws OptionError where a part would be empty or larger than the data, or an option is unknown.
 */
export function split<Data extends AnyDataset>(data: Data, part: number | { train: number; test: number }, options: { seed?: number } = {}): TrainTest<Data> {
  const who = 'split';
  checkDataset(data, who);
  checkOptionNames(who, options, ['seed']);
  const seed = checkNumber(who, 'seed', options.seed ?? 0, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  if (data.length < 2) throw new OptionError(who, 'at least two examples', String(data.length));
  let train: number;
  let test: number;
  if (typeof part === 'number') {
    checkNumber(who, 'the fraction', part, { above: 0, below: 1 });
    train = Math.min(Math.max(Math.round(data.length * part), 1), data.length - 1);
    test = data.length - train;
  } else {
    checkOptionNames(who, part, ['train', 'test']);
    train = checkNumber(who, 'train', part.train, { min: 1, integer: true });
    test = checkNumber(who, 'test', part.test, { min: 1, integer: true });
    if (train + test > data.length) {
      throw new OptionError(who, `train + test ≤ ${data.length} examples`, `${train} + ${test}`);
    }
  }
  const order = new RandomStream(seed, randomStreams.shuffle).permutation(data.length);
  return {
    train: rowsOf(data, order.subarray(0, train), who),
    test: rowsOf(data, order.subarray(train, train + test), who),
  };
}

/**
 * Class indices as rows of numbers: target [classes], or [..., classes] where an example has several labels, is 1 at the class and 0
 * elsewhere. For mean squared error.
 * @throws DataError where the targets are not class indices.
 */
export function oneHot(data: Dataset): Dataset {
  const { labels, classes } = labelsOf(data, 'oneHot');
  if (labels.length * classes >= 2 ** 32) throw new ShapeError('oneHot', 'length × classes < 2^32', `${labels.length} × ${classes}`);
  const targets = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => { targets[row * classes + label] = 1; });
  return { ...withoutClasses(data), targets, targetShape: [...data.targetShape, classes] };
}

/**
 * Two classes as one number: target [1] is 0 or 1; labels of a sequence keep their shape. For binary cross-entropy.
 * @throws DataError where the targets are not class indices of two classes.
 */
export function toValues(data: Dataset): Dataset {
  const { labels, classes } = labelsOf(data, 'toValues');
  if (classes !== 2) throw new DataError('toValues', 'two classes', String(classes), 'Use oneHot for more.');
  return { ...withoutClasses(data), targets: Float32Array.from(labels), targetShape: data.targetShape.length > 0 ? [...data.targetShape] : [1] };
}

function labelsOf(data: Dataset, who: string): { labels: Uint32Array; classes: number } {
  checkDataset(data, who);
  if (!(data.targets instanceof Uint32Array) || data.classes === undefined) {
    throw new DataError(who, 'class indices as targets', 'numbers');
  }
  if (data.ignoreIndex !== undefined && data.targets.includes(data.ignoreIndex >>> 0)) {
    throw new DataError(who, 'a class for each example', `examples with the ignored label ${data.ignoreIndex}`, 'Leave them out.');
  }
  return { labels: data.targets, classes: data.classes };
}

function withoutClasses(data: Dataset): Dataset {
  const { classes: _, ignoreIndex: __, ...rest } = data;
  return rest;
}
