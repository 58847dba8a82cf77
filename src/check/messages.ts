import { ChainruleError, DataError, ShapeError } from '../errors.ts';
import type { Snapshot } from '../program/graph.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import type { Progress } from './check-snapshot.ts';
import type { ReportData } from './report-data.ts';

/** What the worker is asked. */
export interface Request {
  readonly snapshot: Snapshot;
  readonly builtins?: BuiltinErrors;
}

/** What the worker answers: any number of `progress`, then one of the others. */
export type Answer =
  | { readonly kind: 'progress'; readonly progress: Progress }
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
