import { checkArray, checkDataset, checkFinite } from '../data/check.ts';
import type { AnyDataset } from '../data/dataset.ts';
import { DataError, show, ShapeError } from '../errors.ts';
import { showShape, sizeOf, type ElementType, type Shape } from '../ops/tensor.ts';
import { checkFits, checkTargetType, type Loss } from './losses.ts';
import type { Batch } from './step-report.ts';

/** What examples must fit. */
export interface Expected {
  readonly inputShape: Shape;
  readonly inputType: ElementType;
  /** Where inputs are indices: they are below this number, if that is known. */
  readonly inputClasses: number | undefined;
  readonly outputShape: Shape;
  readonly loss: Loss;
}

type Inputs = Pick<Expected, 'inputShape' | 'inputType' | 'inputClasses'>;

/** Refuses a data set that this model and loss cannot take. */
export function checkData(who: string, data: AnyDataset, expected: Expected): void {
  checkDataset(data, who, expected.loss.ignoreIndex);
  checkFits(who, data, expected.inputShape, expected.loss, expected.outputShape);
  checkType(who, data.inputs, expected);
  checkIndices(who, data.inputs, expected);
}

/** Refuses inputs of another type than the model takes. */
function checkType(who: string, inputs: unknown, { inputType }: Inputs): void {
  if (inputType === 'u32' && inputs instanceof Float32Array) {
    throw new DataError(who, 'inputs as a Uint32Array, because the model takes indices', 'a Float32Array', 'Convert them: Uint32Array.from(values).');
  }
  if (inputType === 'f32' && inputs instanceof Uint32Array) {
    throw new DataError(who, 'inputs as a Float32Array, because the model takes numbers', 'a Uint32Array', 'Convert them: Float32Array.from(values); for indices compile with inputType: "u32".');
  }
  checkArray(who, 'inputs', inputs, inputType === 'u32' ? 'Uint32Array' : 'Float32Array');
}

/** Refuses indices that an embedding has no row for: a kernel cannot throw. */
function checkIndices(who: string, inputs: Float32Array | Uint32Array, { inputShape, inputType, inputClasses }: Inputs): void {
  if (inputType !== 'u32' || inputClasses === undefined) return;
  const wrong = inputs.findIndex((index) => index >= inputClasses);
  if (wrong >= 0) throw new DataError(who, `indices below ${inputClasses}, as many as the model knows`, `${inputs[wrong]} in row ${Math.floor(wrong / sizeOf(inputShape))}`);
}

/** The number of examples in a batch that fits this model. */
export function checkBatch(who: string, batch: Batch, expected: Expected): number {
  const { inputShape, outputShape, loss } = expected;
  if (batch === null || typeof batch !== 'object') throw new DataError(who, 'a batch { inputs, targets }', show(batch));
  checkType(who, batch.inputs, expected);
  const rows = batch.inputs.length / sizeOf(inputShape);
  if (!Number.isInteger(rows) || rows < 1) {
    throw new ShapeError(who, `whole examples of shape ${showShape(inputShape)}`, `${batch.inputs.length} numbers`);
  }
  checkTargetType(who, batch.targets, loss, outputShape);
  const { shape, classes } = loss.target(outputShape);
  checkData(who, {
    name: 'batch', length: rows, inputs: batch.inputs, inputShape, targets: batch.targets, targetShape: shape, ...(classes ? { classes } : {}),
  }, expected);
  return rows;
}

/** Inputs to predict, as one array: whole examples of finite numbers, or of indices. */
export function checkInputs(who: string, inputs: Float32Array | Uint32Array | readonly (readonly number[])[], expected: Inputs): Float32Array | Uint32Array {
  const { inputShape, inputType } = expected;
  const size = sizeOf(inputShape);
  const flat = inputs instanceof Float32Array || inputs instanceof Uint32Array ? inputs : flatten(who, inputs, size, inputType);
  checkType(who, flat, expected);
  if (flat.length === 0 || flat.length % size !== 0) {
    throw new ShapeError(who, `whole examples of shape ${showShape(inputShape)} (${size} numbers each)`, `${flat.length} numbers`);
  }
  checkFinite(who, 'inputs', flat, size);
  checkIndices(who, flat, expected);
  return flat;
}

function flatten(who: string, rows: readonly (readonly number[])[], size: number, type: ElementType): Float32Array | Uint32Array {
  if (!Array.isArray(rows)) throw new DataError(who, `a ${type === 'u32' ? 'Uint32Array' : 'Float32Array'} or an array of examples`, show(rows));
  const wrong = rows.findIndex((row) => !Array.isArray(row) || row.length !== size);
  if (wrong >= 0) throw new ShapeError(who, `examples of ${size} numbers`, `${show(rows[wrong])} in row ${wrong}`);
  // Row by row: flat() would skip a hole and move what follows it.
  const numbers = rows.flatMap((row: readonly number[]) => Array.from(row));
  if (type === 'f32') {
    // A Float32Array makes 0 of null and 3 of "3".
    const other = numbers.findIndex((value) => typeof value !== 'number');
    if (other >= 0) throw new DataError(who, 'numbers as inputs', `${show(numbers[other])} in row ${Math.floor(other / size)}, column ${other % size}`);
    return Float32Array.from(numbers);
  }
  // A Uint32Array would wrap what is no index.
  const bad = numbers.findIndex((value) => !Number.isInteger(value) || value < 0 || value >= 2 ** 32);
  if (bad >= 0) throw new DataError(who, 'indices: integers from 0', `${show(numbers[bad])} in row ${Math.floor(bad / size)}`);
  return Uint32Array.from(numbers);
}
