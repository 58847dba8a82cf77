/**
 * Examples in memory: row i of `inputs` belongs to row i of `targets`.
 * Targets are class indices (`Uint32Array`, `targetShape` []) or numbers (`Float32Array`).
 */
export interface Dataset {
  /** A name for people: shown in reports and on the page. */
  readonly name: string;
  /** Number of examples. */
  readonly length: number;
  /** `length × product(inputShape)` numbers, row-major. */
  readonly inputs: Float32Array;
  /** The shape of one example: [2] for a point, [784] for a flattened digit. */
  readonly inputShape: readonly number[];
  /** `length × product(targetShape)` numbers, or one class index for each example. */
  readonly targets: Float32Array | Uint32Array;
  /** The shape of one target: [] for a class index, [1] for one number. */
  readonly targetShape: readonly number[];
  /** Number of classes, where targets are class indices. */
  readonly classes?: number;
}
