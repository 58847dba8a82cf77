import { checkOptionNames, DataError, OptionError, show, ShapeError } from '../errors.ts';
import { checkDataset } from './check.ts';
import type { Dataset } from './dataset.ts';
import type { TrainTest } from './transform.ts';

/** x ↦ (x − mean) / scale for each input, fitted once and then applied to whatever the net is to see. */
export interface Normalization {
  readonly inputShape: readonly number[];
  /** One number for each input. */
  readonly mean: Float32Array;
  /** Standard deviation of each input (divided by n, not n − 1); 1 where the input was constant. */
  readonly scale: Float32Array;
  /** Another data set with the same inputs, such as the test part. Throws a ShapeError for another inputShape. */
  applyTo(data: Dataset): Dataset;
  /** Inputs outside a data set: one example or several, row after row. Throws a ShapeError for a broken row. */
  apply(values: ArrayLike<number>): Float32Array<ArrayBuffer>;
}

export interface NormalizeOptions {
  /** 'input': each input by its own mean and deviation (tables). 'all': one mean and deviation for all (pixels). Default 'input'. */
  per?: 'input' | 'all';
}

/**
 * Shifts and scales the inputs to mean 0 and standard deviation 1. The numbers come from the training part alone: what
 * the test part would add must not reach the net. A constant input becomes 0.
 * @returns The parts with normalised inputs, and the transform.
 * @throws OptionError for unknown options; ShapeError where train and test have different inputs.
 */
export function normalize(data: TrainTest, options?: NormalizeOptions): TrainTest & { readonly normalization: Normalization };
/** The same for one data set, from its own numbers. */
export function normalize(data: Dataset, options?: NormalizeOptions): { readonly data: Dataset; readonly normalization: Normalization };
export function normalize(data: Dataset | TrainTest, options: NormalizeOptions = {}) {
  const who = 'normalize';
  checkOptionNames(who, options, ['per']);
  const { per = 'input' } = options;
  if (per !== 'input' && per !== 'all') throw new OptionError(who, "per to be 'input' or 'all'", show(per));
  if (data === null || typeof data !== 'object') throw new DataError(who, 'a data set or { train, test }', show(data));
  if ('train' in data) {
    const normalization = fitted(data.train, per);
    return { train: normalization.applyTo(data.train), test: normalization.applyTo(data.test), normalization };
  }
  const normalization = fitted(data, per);
  return { data: normalization.applyTo(data), normalization };
}

function fitted(data: Dataset, per: 'input' | 'all'): Normalization {
  checkDataset(data, 'normalize');
  const { inputs } = data;
  if (inputs instanceof Uint32Array) throw new DataError('normalize', 'inputs that are numbers', 'indices as a Uint32Array', 'Give indices to the model as they are.');
  const width = inputs.length / data.length;
  const columns = per === 'all' ? 1 : width;
  const { mean, scale } = statistics(inputs, columns);
  const wide = (values: Float64Array) => Float32Array.from({ length: width }, (_, j) => values[j % columns]);
  const apply = (values: ArrayLike<number>): Float32Array<ArrayBuffer> => {
    if (!(values?.length > 0) || values.length % width !== 0) {
      throw new ShapeError('normalize', `inputs in whole rows of ${width} numbers`, `${show(values?.length)} numbers`);
    }
    const out = new Float32Array(values.length);
    for (let i = 0; i < out.length; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) throw new DataError('normalize', 'finite inputs', `${show(value)} at ${i}`);
      out[i] = (value - mean[i % columns]) / scale[i % columns];
    }
    return out;
  };
  return {
    inputShape: data.inputShape,
    mean: wide(mean),
    scale: wide(scale),
    apply,
    applyTo(other) {
      checkDataset(other, 'normalize');
      if (String(other.inputShape) !== String(data.inputShape)) {
        throw new ShapeError('normalize', `inputs of shape ${show(data.inputShape)}`, show(other.inputShape));
      }
      return { ...other, inputs: apply(other.inputs) };
    },
  };
}

/** Mean and deviation of each column, in float64 and in two passes: squares of large numbers would cancel in one. */
function statistics(values: Float32Array, columns: number): { mean: Float64Array; scale: Float64Array } {
  const rows = values.length / columns;
  const mean = new Float64Array(columns);
  const scale = new Float64Array(columns);
  for (let i = 0; i < values.length; i++) mean[i % columns] += values[i] / rows;
  const constant = new Uint8Array(columns).fill(1);
  for (let i = 0; i < values.length; i++) {
    const column = i % columns;
    scale[column] += (values[i] - mean[column]) ** 2 / rows;
    if (values[i] !== values[column]) constant[column] = 0;
  }
  for (let column = 0; column < columns; column++) {
    // By comparison, not by deviation: the rounded mean of a constant differs from it, and noise would be scaled to 1.
    if (constant[column]) mean[column] = values[column];
    scale[column] = constant[column] ? 1 : Math.sqrt(scale[column]);
  }
  return { mean, scale };
}
