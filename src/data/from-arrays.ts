import { checkOptionNames, DataError, OptionError, show, ShapeError } from '../errors.ts';
import { checkClasses, checkFinite, checkLabels, checkMemory, checkShape } from './check.ts';
import type { Dataset } from './dataset.ts';

type Integers = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;

/** Your own examples. */
export interface DatasetOptions {
  /** One row of numbers for each example, or all numbers row after row. */
  inputs: readonly (readonly number[])[] | Float32Array | Integers;
  /** The shape of one example. Default: [length of a row]; needed where `inputs` is one flat array. */
  inputShape?: readonly number[];
  /** With `classes`: a class index for each example. Else numbers: one or a row of them for each example. */
  targets: readonly number[] | readonly (readonly number[])[] | Float32Array | Integers;
  /** The shape of one target where targets are numbers. Default: [length of a row], or [1]. */
  targetShape?: readonly number[];
  /** Number of classes: makes the targets class indices in [0, classes). */
  classes?: number;
  /** A name for people. Default 'data'. */
  name?: string;
}

/**
 * A data set from arrays, checked and copied: later changes to your arrays do not reach it.
 * @example dataset({ inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [0, 1, 1, 0], classes: 2 })
 * @throws OptionError for unknown options; ShapeError for lengths that do not fit; DataError for numbers that are not
 *   finite in float32, labels out of range, no examples, or arrays of a type that would lose precision.
 */
export function dataset(options: DatasetOptions): Dataset {
  const who = 'dataset';
  checkOptionNames(who, options, ['inputs', 'inputShape', 'targets', 'targetShape', 'classes', 'name']);
  const { inputShape, targetShape, classes, name = 'data' } = options;
  if (typeof name !== 'string') throw new OptionError(who, 'name to be text', show(name));
  const inputs = table(who, 'inputs', options.inputs, inputShape);
  const length = inputs.rows;
  if (length === 0) throw new DataError(who, 'at least one example', 'empty inputs');
  const common = { name, length, inputs: inputs.values, inputShape: inputs.shape };
  if (classes === undefined) {
    if (options.targets instanceof Uint32Array) {
      throw new OptionError(who, 'classes where targets is a Uint32Array', 'none', 'Give classes for class indices, or a Float32Array for numbers.');
    }
    // A flat list of targets is one number for each example.
    const targets = table(who, 'targets', options.targets, targetShape ?? (isRows(options.targets) ? undefined : [1]));
    matchRows(who, targets.rows, length);
    return { ...common, targets: targets.values, targetShape: targets.shape };
  }
  checkClasses(who, classes);
  // One class index for each example, or with a shape several: one for each place of a sequence.
  const shape = targetShape ?? [];
  const labels = flat(who, 'targets', options.targets);
  matchRows(who, labels.length / checkShape(who, 'targetShape', shape), length);
  checkLabels(who, labels, classes);
  return { ...common, targets: Uint32Array.from(labels), targetShape: [...shape], classes };
}

interface Table {
  readonly rows: number;
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

function table(who: string, name: string, source: unknown, shape: readonly number[] | undefined): Table {
  if (!isRows(source)) {
    const numbers = flat(who, name, source);
    if (shape === undefined) {
      throw new OptionError(who, `inputShape where ${name} is one flat array`, 'none', 'Give the shape of one example: [2] for points.');
    }
    const width = checkShape(who, `${name === 'inputs' ? 'inputShape' : 'targetShape'}`, shape);
    if (numbers.length % width !== 0) {
      throw new ShapeError(who, `${name} in whole rows of ${width} numbers`, `${numbers.length} numbers`);
    }
    numbers.forEach((value, i) => checkNumeric(who, name, value, Math.floor(i / width)));
    return finish(who, name, Float32Array.from(numbers), shape, width);
  }
  const width = shape === undefined ? source[0].length : checkShape(who, `${name === 'inputs' ? 'inputShape' : 'targetShape'}`, shape);
  const values = new Float32Array(source.length * width);
  source.forEach((row, i) => {
    if (!Array.isArray(row) && !ArrayBuffer.isView(row)) throw new DataError(who, `${name} as rows of numbers`, `${show(row)} in row ${i}`);
    if (row.length !== width) throw new ShapeError(who, `${width} numbers in each row of ${name}`, `${row.length} in row ${i}`);
    for (let j = 0; j < width; j++) {
      checkNumeric(who, name, row[j], i);
      values[i * width + j] = row[j];
    }
  });
  const own = shape ?? [width];
  checkShape(who, name === 'inputs' ? 'inputShape' : 'targetShape', own);
  return finish(who, name, values, own, width);
}

function finish(who: string, name: string, values: Float32Array<ArrayBuffer>, shape: readonly number[], width: number): Table {
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
