import { checkNumber, checkOptionNames, DataError, OptionError, show, ShapeError } from '../errors.ts';
import { checkClasses, checkFinite, checkLabels, checkMemory, checkShape } from './check.ts';
import type { AnyDataset, Dataset } from './dataset.ts';

type Integers = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;

/** Your own examples. */
export interface DatasetOptions {
  /** One row of numbers for each example, or all numbers row after row. */
  inputs: readonly (readonly number[])[] | Float32Array | Integers;
  /** The shape of one example. Default: [length of a row]; needed where `inputs` is one flat array. */
  inputShape?: readonly number[];
  /** 'u32' where inputs are indices for a model that takes such (tokens for an embedding): integers from 0. Default 'f32'. */
  inputType?: 'f32' | 'u32';
  /** With `classes`: a class index for each example. Else numbers: one or a row of them for each example. */
  targets: readonly number[] | readonly (readonly number[])[] | Float32Array | Integers;
  /** The shape of one target where targets are numbers. Default: [length of a row], or [1]. */
  targetShape?: readonly number[];
  /** Number of classes: makes the targets class indices in [0, classes). */
  classes?: number;
  /** A label that need not be a class: what has it counts nothing in losses with this `ignoreIndex`. PyTorch's is −100. Default none. */
  ignoreIndex?: number;
  /** A name for people. Default 'data'. */
  name?: string;
}

/**
 * A data set from arrays, checked and copied: later changes to your arrays do not reach it.
 * @example dataset({ inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [0, 1, 1, 0], classes: 2 })
 * @throws OptionError for unknown options; ShapeError for lengths that do not fit; DataError for numbers that are not
 *   finite in float32, labels out of range, no examples, or arrays of a type that would lose precision.
 */
export function dataset(options: DatasetOptions & { readonly inputType: 'u32' }): Dataset<Uint32Array>;
export function dataset(options: DatasetOptions): Dataset;
export function dataset(options: DatasetOptions): AnyDataset {
  const who = 'dataset';
  checkOptionNames(who, options, ['inputs', 'inputShape', 'inputType', 'targets', 'targetShape', 'classes', 'ignoreIndex', 'name']);
  const { inputShape, targetShape, classes, name = 'data' } = options;
  if (typeof name !== 'string') throw new OptionError(who, 'name to be text', show(name));
  const { inputType = 'f32' } = options;
  if (inputType !== 'f32' && inputType !== 'u32') throw new OptionError(who, "inputType to be 'f32' or 'u32'", show(inputType));
  const inputs = inputType === 'u32' ? table(who, 'inputs', options.inputs, inputShape, INDICES) : table(who, 'inputs', options.inputs, inputShape, NUMBERS);
  const length = inputs.rows;
  if (length === 0) throw new DataError(who, 'at least one example', 'empty inputs');
  const common = { name, length, inputs: inputs.values, inputShape: inputs.shape };
  if (classes === undefined) {
    if (options.targets instanceof Uint32Array) {
      throw new OptionError(who, 'classes where targets is a Uint32Array', 'none', 'Give classes for class indices, or a Float32Array for numbers.');
    }
    // A flat list of targets is one number for each example.
    const targets = table(who, 'targets', options.targets, targetShape ?? (isRows(options.targets) ? undefined : [1]), NUMBERS);
    matchRows(who, targets.rows, length);
    return { ...common, targets: targets.values, targetShape: targets.shape };
  }
  checkClasses(who, classes);
  // One class index for each example, or with a shape several: one for each place of a sequence.
  const shape = targetShape ?? [];
  const labels = flat(who, 'targets', options.targets);
  matchRows(who, labels.length / checkShape(who, 'targetShape', shape), length);
  const { ignoreIndex } = options;
  if (ignoreIndex !== undefined) checkNumber(who, 'ignoreIndex', ignoreIndex, { integer: true, min: -(2 ** 31), max: 2 ** 32 - 1 });
  checkLabels(who, labels, classes, ignoreIndex);
  return { ...common, targets: Uint32Array.from(labels), targetShape: [...shape], classes, ...(ignoreIndex === undefined ? {} : { ignoreIndex }) };
}

interface Table<Values> {
  readonly rows: number;
  readonly shape: readonly number[];
  readonly values: Values;
}

/** What a table's numbers become. */
interface Kind<Values> {
  make(length: number): Values;
  /** Refuses a value before the array would round it to something else. */
  check(who: string, name: string, value: unknown, row: number): void;
}

const NUMBERS: Kind<Float32Array<ArrayBuffer>> = { make: (length) => new Float32Array(length), check: checkNumeric };
const INDICES: Kind<Uint32Array<ArrayBuffer>> = {
  make: (length) => new Uint32Array(length),
  check: (who, name, value, row) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** 32) throw new DataError(who, `indices in ${name}: integers from 0`, `${show(value)} in row ${row}`);
  },
};

function table<Values extends Float32Array | Uint32Array>(who: string, name: string, source: unknown, shape: readonly number[] | undefined, kind: Kind<Values>): Table<Values> {
  const shapeName = name === 'inputs' ? 'inputShape' : 'targetShape';
  if (!isRows(source)) {
    const numbers = flat(who, name, source);
    if (shape === undefined) {
      throw new OptionError(who, `inputShape where ${name} is one flat array`, 'none', 'Give the shape of one example: [2] for points.');
    }
    const width = checkShape(who, shapeName, shape);
    if (numbers.length % width !== 0) {
      throw new ShapeError(who, `${name} in whole rows of ${width} numbers`, `${numbers.length} numbers`);
    }
    const values = kind.make(numbers.length);
    numbers.forEach((value, i) => {
      kind.check(who, name, value, Math.floor(i / width));
      values[i] = value;
    });
    return finish(who, name, values, shape, width);
  }
  const width = shape === undefined ? source[0].length : checkShape(who, shapeName, shape);
  const values = kind.make(source.length * width);
  source.forEach((row, i) => {
    if (!Array.isArray(row) && !ArrayBuffer.isView(row)) throw new DataError(who, `${name} as rows of numbers`, `${show(row)} in row ${i}`);
    if (row.length !== width) throw new ShapeError(who, `${width} numbers in each row of ${name}`, `${row.length} in row ${i}`);
    for (let j = 0; j < width; j++) {
      kind.check(who, name, row[j], i);
      values[i * width + j] = row[j];
    }
  });
  const own = shape ?? [width];
  checkShape(who, shapeName, own);
  return finish(who, name, values, own, width);
}

function finish<Values extends Float32Array | Uint32Array>(who: string, name: string, values: Values, shape: readonly number[], width: number): Table<Values> {
  // After the conversion: 1e39 is a finite number but not a finite float32.
  checkFinite(who, name, values, width);
  return { rows: values.length / width, shape: [...shape], values };
}

function isRows(source: unknown): source is readonly (readonly number[])[] {
  return Array.isArray(source) && source.length > 0 && typeof source[0] === 'object' && source[0] !== null;
}

/** A list of numbers or a typed array whose every value float32 can hold as well as the source does. */
function flat(who: string, name: string, source: unknown): readonly number[] | Float32Array | Integers {
  if (Array.isArray(source)) return source;
  if (source instanceof Float64Array || source instanceof BigInt64Array || source instanceof BigUint64Array) {
    throw new DataError(who, `${name} as a Float32Array or a list of numbers`, show(source),
      'The GPU computes in float32. Convert it: Float32Array.from(values, Number).');
  }
  if (ArrayBuffer.isView(source) && !(source instanceof DataView)) {
    checkMemory(who, name, source);
    return source as Float32Array | Integers;
  }
  throw new DataError(who, `${name} as a list of numbers or a typed array`, show(source));
}

function checkNumeric(who: string, name: string, value: unknown, row: number): void {
  if (typeof value !== 'number') throw new DataError(who, `numbers in ${name}`, `${show(value)} in row ${row}`);
}

function matchRows(who: string, targets: number, inputs: number): void {
  if (targets !== inputs) throw new ShapeError(who, 'as many targets as inputs', `${inputs} inputs and ${targets} targets`);
}
