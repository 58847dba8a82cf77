import { meanError, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { Shape } from '../reference/tensor.ts';
import type { Options } from './proof.ts';

/** A target of probabilities has a number for each class; class indices have one for each row. */
export function isSoft(input: { readonly shape: Shape }, target: { readonly shape: Shape }): boolean {
  return target.shape.length === input.shape.length;
}

/** PyTorch's index of rows that are left out. */
const IGNORED = -100;

/** The label of a row, where it may be any whole number in 32 bits; undefined where the row is left out. */
function labelOf(target: ArrayLike<number>, row: number, { ignoreIndex }: Options): number | undefined {
  const label = Math.round(target[row]) >>> 0;
  return label === (typeof ignoreIndex === 'number' ? ignoreIndex : IGNORED) >>> 0 ? undefined : label;
}

/** What each element of a row is weighed by. Row r is the part from r·classes on. */
export interface Goals {
  readonly goal: Float64Array;
  /** Standard deviation of what float32 makes of a goal. */
  readonly error: Float64Array;
  /** d goal / d target of probabilities, by class. */
  readonly slope: Float64Array;
  /** The factor of the sum over all rows, with its relative error. */
  readonly factor: number;
  readonly relative: number;
}

/**
 * The goals of a loss Σ goal·(−log p) over all rows. With labels y, class weights w and smoothing s a goal is
 * (1 − s)·w_y·[c = y] + s·w_c/classes, and the mean divides by Σ w_y over the rows that count. With probabilities t it is
 * w_c·((1 − s)·t + s/classes), and the mean divides by the rows. As torch.nn.functional.cross_entropy does.
 */
export function goalsOf(input: { readonly shape: Shape }, target: { readonly shape: Shape; readonly value: ArrayLike<number> }, options: Options, builtins: BuiltinErrors): Goals {
  const classes = input.shape[input.shape.length - 1];
  const rows = input.shape.reduce((product, size) => product * size, 1) / classes;
  const weights = Array.isArray(options.weight) ? options.weight.map(Number) : undefined;
  const weight = (c: number): number => weights?.[c] ?? 1;
  const smoothing = typeof options.labelSmoothing === 'number' ? options.labelSmoothing : 0;
  const soft = isSoft(input, target);
  const goal = new Float64Array(rows * classes);
  let mass = 0;
  for (let row = 0; row < rows; row++) {
    const label = soft ? undefined : labelOf(target.value, row, options);
    if (!soft && label === undefined) continue;
    if (label !== undefined) mass += weight(label);
    for (let c = 0; c < classes; c++) {
      const i = row * classes + c;
      if (soft) goal[i] = weight(c) * ((1 - smoothing) * target.value[i] + smoothing / classes);
      else goal[i] = (c === label ? (1 - smoothing) * weight(c) : 0) + smoothing * weight(c) / classes;
    }
  }
  // A weight or a share is a literal, rounded once; their sums and products once more each.
  const roundings = (weights ? 2 : 0) + (smoothing > 0 ? 2 : 0);
  const isMean = options.reduction !== 'sum';
  const parts = soft ? rows : mass;
  return {
    goal,
    error: goal.map((value) => ROUNDING * Math.sqrt(roundings) * Math.abs(value)),
    slope: Float64Array.from({ length: classes }, (_, c) => (soft ? weight(c) * (1 - smoothing) : 0)),
    factor: !isMean ? 1 : parts === 0 ? 0 : 1 / parts,
    relative: !isMean ? 0 : meanError(builtins) + (weights && !soft ? ROUNDING * Math.sqrt(rows) : 0),
  };
}
