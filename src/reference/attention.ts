import { broadcastMap } from './axes.ts';
import { divisionError, expError, FLUSH, ROUNDING, type BuiltinErrors } from './rounding.ts';
import type { RefTensor, Shape } from './tensor.ts';

/** What an attention is: sizes, and what each row of queries may see. */
export interface AttentionShape {
  readonly matrices: number;
  readonly group: number;
  readonly queries: number;
  readonly keys: number;
  /** Columns of query and key, and of value. */
  readonly depth: number;
  readonly width: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly maskKind: 'additive' | 'boolean' | undefined;
  /** The mask's element for each (row, key). */
  readonly maskMap: Int32Array | undefined;
}

export function attentionShape(query: Shape, key: Shape, value: Shape, mask: Shape | undefined, options: Readonly<Record<string, unknown>>): AttentionShape {
  const [queries, depth] = query.slice(-2);
  const keys = key[key.length - 2];
  const count = (shape: Shape): number => shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return {
    matrices: count(query), group: count(query) / count(key), queries, keys, depth, width: value[value.length - 1],
    scale: typeof options.scale === 'number' ? options.scale : 1 / Math.sqrt(depth), causal: options.causal === true,
    maskKind: mask ? (options.maskKind === 'boolean' ? 'boolean' : 'additive') : undefined,
    maskMap: mask ? broadcastMap(mask, [...query.slice(0, -1), keys]) : undefined,
  };
}

/** A mask that is no more than this hides. */
export const HIDING = -1e30;

/** The score of a key, or undefined where it is hidden. `dot` is query · key. */
export function scoreOf(shape: AttentionShape, row: number, s: number, dot: number, mask: ArrayLike<number> | undefined): number | undefined {
  if (shape.causal && s > row % shape.queries) return undefined;
  const score = shape.scale * dot;
  if (!mask || !shape.maskMap) return score;
  const given = mask[shape.maskMap[row * shape.keys + s]];
  if (shape.maskKind === 'boolean') return given === 0 ? undefined : score;
  return given <= HIDING ? undefined : score + given;
}

/** One row of queries: which keys it sees, and with which probabilities. */
export interface AttentionRow {
  /** Position of its head among all, and of the head of keys that it reads. */
  readonly matrix: number;
  readonly shared: number;
  readonly seen: readonly number[];
  /** By position in `seen`. */
  readonly p: readonly number[];
  /** Relative variance of each weight e^(z − max): of its score and of the exponential. */
  readonly relative: readonly number[];
  readonly largest: number;
  readonly largestVariance: number;
  /** 1 / Σ e^(z − max); 0 where nothing is seen. */
  readonly inverse: number;
  /** Relative variance of the sum. */
  readonly sumVariance: number;
}

/** The probabilities of one row with the errors of float32 code that goes over the keys once, with the largest score so far subtracted. */
export function attentionRow(shape: AttentionShape, query: RefTensor, key: RefTensor, mask: RefTensor | undefined, row: number, builtins: BuiltinErrors): AttentionRow {
  const { depth, keys, scale, queries, group, maskMap } = shape;
  const matrix = Math.floor(row / queries);
  const shared = Math.floor(matrix / group);
  const seen: number[] = [];
  const z: number[] = [];
  const variances: number[] = [];
  for (let s = 0; s < keys; s++) {
    let dot = 0;
    let size = 0;
    let variance = 0;
    for (let i = 0; i < depth; i++) {
      const [q, k] = [row * depth + i, (shared * keys + s) * depth + i];
      const term = query.value[q] * key.value[k];
      dot += term;
      size += Math.abs(term);
      variance += query.value[q] ** 2 * key.variance[k] + query.variance[q] * key.value[k] ** 2;
    }
    const score = scoreOf(shape, row, s, dot, mask?.value);
    if (score === undefined) continue;
    seen.push(s);
    z.push(score);
    const ofMask = mask && maskMap && shape.maskKind === 'additive' ? mask.variance[maskMap[row * keys + s]] + (ROUNDING * score) ** 2 : 0;
    variances.push(scale * scale * (variance + (ROUNDING * Math.sqrt(depth) * size) ** 2) + 2 * (ROUNDING * scale * dot) ** 2 + ofMask);
  }
  const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = z.map((score) => Math.exp(score - largest));
  const total = weights.reduce((a, b) => a + b, 0);
  const p = weights.map((weight) => weight / total);
  // Where a larger score turned up later, the weight was multiplied by a second exponential: the exponents add up.
  const relative = z.map((score, i) => variances[i] + 2 * (expError(score - largest, 1, builtins, 2) ** 2));
  const sumVariance = p.reduce((sum, one, i) => sum + one * one * relative[i], 0)
    + (ROUNDING * Math.sqrt(z.length)) ** 2 + divisionError(1, builtins) ** 2;
  return {
    matrix, shared, seen, p, relative, largest, largestVariance: variances.reduce((a, b) => Math.max(a, b), 0), inverse: seen.length > 0 ? 1 / total : 0, sumVariance,
  };
}

/** Writes one row of out = Σ p · v, and its variance. */
export function attentionOut({ p, seen, relative, shared, sumVariance }: AttentionRow, { keys, width }: AttentionShape, value: RefTensor, out: RefTensor, row: number): void {
  for (let j = 0; j < width; j++) {
    let sum = 0;
    let size = 0;
    seen.forEach((s, i) => {
      const term = p[i] * value.value[(shared * keys + s) * width + j];
      sum += term;
      size += Math.abs(term);
    });
    // An error of one weight moves the sum that it is divided by, too: what counts is how far its value lies from the mean.
    let variance = (ROUNDING * Math.sqrt(seen.length + 1) * size) ** 2 + (size > 0 ? sumVariance * sum * sum + seen.length * FLUSH ** 2 : 0);
    seen.forEach((s, i) => {
      const at = (shared * keys + s) * width + j;
      variance += p[i] ** 2 * (relative[i] * (value.value[at] - sum) ** 2 + value.variance[at]);
    });
    out.value[row * width + j] = sum;
    out.variance[row * width + j] = variance;
  }
}
