import { DataError, show, ShapeError } from '../errors.ts';
import type { AnyDataset } from './dataset.ts';

/** Elements of a shape whose dimensions are positive integers; [] has one. Throws a ShapeError that names `name`. */
export function checkShape(who: string, name: string, shape: unknown): number {
  const fits = Array.isArray(shape) && shape.length <= 8
    && shape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0);
  const size = fits ? (shape as number[]).reduce((product, dimension) => product * dimension, 1) : 0;
  if (!fits || size >= 2 ** 32) {
    throw new ShapeError(who, `${name} to be at most 8 positive integers with a product < 2^32`, show(shape));
  }
  return size;
}

/**
 * Refuses an array that the GPU could not be given as it is: another element type, memory shared between threads, or
 * memory that has gone to a worker (`detached`: it reads as empty, so a net would train on nothing).
 */
export function checkArray(who: string, name: string, array: unknown, type: 'Float32Array' | 'Uint32Array'): void {
  const fits = type === 'Float32Array' ? array instanceof Float32Array : array instanceof Uint32Array;
  if (!fits) {
    throw new DataError(who, `${name} as a ${type}`, show(array), `Convert it: ${type}.from(values).`);
  }
  checkMemory(who, name, array as Float32Array | Uint32Array);
}

/** The part of `checkArray` that does not depend on the element type. */
export function checkMemory(who: string, name: string, view: ArrayBufferView): void {
  if (!(view.buffer instanceof ArrayBuffer)) {
    throw new DataError(who, `${name} in memory of its own`, 'a SharedArrayBuffer', 'Copy it: array.slice().');
  }
  if (isDetached(view.buffer)) {
    throw new DataError(who, `${name} that still holds its memory`, 'a detached array', 'Send a copy to the worker, or make the array again.');
  }
}

/** `ArrayBuffer.detached` is younger than some engines: there, a view of a detached buffer throws. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (typeof buffer.detached === 'boolean') return buffer.detached;
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Refuses NaN and infinities, naming the first row that has one. */
export function checkFinite(who: string, name: string, values: ArrayLike<number>, width: number): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new DataError(who, `finite ${name}`, `${values[i]} in row ${Math.floor(i / width)}, column ${i % width}`,
        'Remove the row or fill in the value.');
    }
  }
}

/** Refuses class indices that are not integers in [0, classes) nor the ignored one, naming the first row. */
export function checkLabels(who: string, labels: ArrayLike<unknown>, classes: number, ignoreIndex?: number): void {
  const ignored = ignoreIndex === undefined ? undefined : ignoreIndex >>> 0;
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row];
    // −100 and 4294967196 are one label.
    if (ignored !== undefined && (label === ignoreIndex || label === ignored)) continue;
    if (typeof label !== 'number' || !Number.isInteger(label) || label < 0 || label >= classes) {
      throw new DataError(who, `class indices in [0, ${classes - 1}]`, `${show(label)} in row ${row}`);
    }
  }
}

/** Refuses a number of classes that is not an integer in [1, 2^24]: above, float32 cannot tell the classes apart. */
export function checkClasses(who: string, classes: unknown): number {
  if (typeof classes !== 'number' || !Number.isInteger(classes) || classes < 1 || classes > 2 ** 24) {
    throw new DataError(who, 'classes to be an integer in [1, 2^24]', show(classes));
  }
  return classes;
}

/**
 * Checks everything that training relies on: shapes, lengths, array types, finite numbers, classes in range.
 * Call it before an upload; it reads each number once.
 * @param who The caller, as the message names it.
 * @param ignoreIndex The label that need not be a class. Default the data set's own.
 * @throws ShapeError for shapes and lengths that do not fit, DataError for what the arrays hold.
 */
export function checkDataset(dataset: unknown, who: string, ignoreIndex?: number): asserts dataset is AnyDataset {
  if (dataset === null || typeof dataset !== 'object') {
    throw new DataError(who, 'a data set', show(dataset), 'Make one: dataset({ inputs, targets }).');
  }
  const { name, length, inputs, inputShape, targets, targetShape, classes } = dataset as Partial<AnyDataset>;
  if (typeof name !== 'string') throw new DataError(who, 'a data set with a name', show(name));
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) throw new DataError(who, 'length to be an integer', show(length));
  if (length === 0) throw new DataError(who, 'at least one example', 'an empty data set');
  const width = checkShape(who, 'inputShape', inputShape);
  const targetWidth = checkShape(who, 'targetShape', targetShape);
  checkArray(who, 'inputs', inputs, inputs instanceof Uint32Array ? 'Uint32Array' : 'Float32Array');
  // What is neither array is asked for by what the data set says of itself.
  const areClasses = targets instanceof Uint32Array || (!(targets instanceof Float32Array) && classes !== undefined);
  checkArray(who, 'targets', targets, areClasses ? 'Uint32Array' : 'Float32Array');
  checkLength(who, 'inputs', inputs!.length, length, width);
  checkLength(who, 'targets', targets!.length, length, targetWidth);
  checkFinite(who, 'inputs', inputs!, width);
  if (!areClasses) return checkFinite(who, 'targets', targets!, targetWidth);
  checkLabels(who, targets!, checkClasses(who, classes), ignoreIndex ?? (dataset as Partial<AnyDataset>).ignoreIndex);
}

function checkLength(who: string, name: string, got: number, rows: number, width: number): void {
  if (got !== rows * width) {
    throw new ShapeError(who, `${name} to hold ${rows} × ${width} = ${rows * width} numbers`, String(got));
  }
}
