import { ChainruleError, DataError, ShapeError } from '../errors.ts';
import type { Snapshot } from '../program/graph.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { Progress } from './check-snapshot.ts';
import type { CoverageWish } from './coverage.ts';
import type { ReportData } from './report-data.ts';
import type { Measured } from './witnesses.ts';

/**
 * What a worker is asked, in this order: to prepare a check, to measure piece `index` of `of`, and, only the first worker,
 * to join what another one has measured: piece `index`. The first worker reports once it has each piece.
 */
export type Request =
  | { readonly kind: 'prepare'; readonly snapshot: Snapshot; readonly builtins?: BuiltinErrors; readonly coverage?: CoverageWish }
  | { readonly kind: 'measure'; readonly index: number; readonly of: number }
  | { readonly kind: 'join'; readonly index: number; readonly measured: readonly Measured[] };

/** What a worker answers: `prepared` with the work of the whole plan in multiply-adds, `progress` now and then, and the outcome. */
export type Answer =
  | { readonly kind: 'prepared'; readonly work: number }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'measured'; readonly measured: readonly Measured[] }
  | { readonly kind: 'report'; readonly data: ReportData }
  | { readonly kind: 'error'; readonly error: ErrorData };

/** An error as plain data: a clone of an Error keeps neither its class nor its code. */
interface ErrorData {
  readonly message: string;
  readonly parts?: Pick<ChainruleError, 'code' | 'who' | 'rule' | 'got' | 'advice'>;
}

export function packError(error: unknown): ErrorData {
  if (error instanceof ChainruleError) {
    const { message, code, who, rule, got, advice } = error;
    return { message, parts: { code, who, rule, got, advice } };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}

export function unpackError({ message, parts }: ErrorData): Error {
  if (!parts) return new Error(message);
  const { code, who, rule, got, advice } = parts;
  if (code === 'data') return new DataError(who, rule, got, advice);
  if (code === 'shape') return new ShapeError(who, rule, got, advice);
  return new ChainruleError(code, who, rule, got, advice);
}
