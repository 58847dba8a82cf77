import { checkArray, checkDataset, checkFinite } from '../data/check.ts';
import type { Dataset } from '../data/dataset.ts';
import { DataError, show, ShapeError } from '../errors.ts';
import { showShape, sizeOf, type Shape } from '../ops/tensor.ts';
import { checkFits, type Loss } from './losses.ts';
import type { Batch } from './trainer.ts';

/** What examples must fit. */
export interface Expected {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly loss: Loss;
}

/** Refuses a data set that this model and loss cannot take. */
export function checkData(who: string, data: Dataset, { inputShape, outputShape, loss }: Expected): void {
  checkDataset(data, who);
  checkFits(who, data, inputShape, loss, outputShape);
}

/** The number of examples in a batch that fits this model. */
export function checkBatch(who: string, batch: Batch, expected: Expected): number {
  const { inputShape, outputShape, loss } = expected;
  if (batch === null || typeof batch !== 'object') throw new DataError(who, 'a batch { inputs, targets }', show(batch));
  checkArray(who, 'inputs', batch.inputs, 'Float32Array');
  const rows = batch.inputs.length / sizeOf(inputShape);
  if (!Number.isInteger(rows) || rows < 1) {
    throw new ShapeError(who, `whole examples of shape ${showShape(inputShape)}`, `${batch.inputs.length} numbers`);
  }
  const { shape, classes } = loss.target(outputShape);
  checkData(who, {
    name: 'batch', length: rows, inputs: batch.inputs, inputShape, targets: batch.targets, targetShape: shape, ...(classes ? { classes } : {}),
  }, expected);
  return rows;
}

/** Inputs to predict, as one array; whole examples of finite numbers. */
export function checkInputs(who: string, inputs: Float32Array | readonly (readonly number[])[], inputShape: Shape): Float32Array {
  const size = sizeOf(inputShape);
  const flat = inputs instanceof Float32Array ? inputs : flatten(who, inputs, size);
  checkArray(who, 'inputs', flat, 'Float32Array');
  if (flat.length === 0 || flat.length % size !== 0) {
    throw new ShapeError(who, `whole examples of shape ${showShape(inputShape)} (${size} numbers each)`, `${flat.length} numbers`);
  }
  checkFinite(who, 'inputs', flat, size);
  return flat;
}

function flatten(who: string, rows: readonly (readonly number[])[], size: number): Float32Array {
  if (!Array.isArray(rows)) throw new DataError(who, 'a Float32Array or an array of examples', show(rows));
  const wrong = rows.findIndex((row) => !Array.isArray(row) || row.length !== size);
  if (wrong >= 0) throw new ShapeError(who, `examples of ${size} numbers`, `${show(rows[wrong])} in row ${wrong}`);
  return Float32Array.from(rows.flat());
}
