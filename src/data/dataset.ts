/**
 * Examples in memory: row i of `inputs` belongs to row i of `targets`.
 * Targets are class indices (`Uint32Array`, `targetShape` []) or numbers (`Float32Array`).
 */
export interface Dataset<Inputs extends Float32Array | Uint32Array = Float32Array> {
  /** A name for people: shown in reports and on the page. */
  readonly name: string;
  /** Number of examples. */
  readonly length: number;
  /** `length × product(inputShape)` numbers, row-major; a Uint32Array for a model that takes indices, such as tokens. */
  readonly inputs: Inputs;
  /** The shape of one example: [2] for a point, [784] for a flattened digit. */
  readonly inputShape: readonly number[];
  /** `length × product(targetShape)` numbers, or one class index for each example. */
  readonly targets: Float32Array | Uint32Array;
  /** The shape of one target: [] for a class index, [1] for one number. */
  readonly targetShape: readonly number[];
  /** Number of classes, where targets are class indices. */
  readonly classes?: number;
  /** The label of what counts nothing (padding), where there may be any: −100 stands as 4294967196 in `targets`. */
  readonly ignoreIndex?: number;
}

/** A data set of numbers or of indices. */
export type AnyDataset = Dataset<Float32Array | Uint32Array>;
