import { LimitError } from '../errors.ts';

/** A number of bytes that something may have at most, by the name of what says so. */
export interface MemoryLimit {
  /** `maxBufferSize` and `maxStorageBufferBindingSize` are the device's, `memoryBudget` is compile's option, `memory` is what the GPU had left. */
  readonly name: 'maxBufferSize' | 'maxStorageBufferBindingSize' | 'memoryBudget' | 'memory';
  readonly bytes: number;
}

/** What would have fitted instead: each was planned in full before it was said. */
export interface FittingBatch {
  readonly batchSize: number;
  /** With this many batches for a step of the optimiser, which then sees at least as many examples. */
  readonly accumulate?: number;
}

export interface MemoryRefusal {
  readonly limit: MemoryLimit;
  /** Bytes of the refused program by role, and `total`. */
  readonly memory: Readonly<Record<string, number>>;
  /** The buffer that is too large, or of a program that is too large in all the largest. */
  readonly buffer: { readonly name: string; readonly role: string; readonly bytes: number; readonly tensor?: string };
  /** The largest batches that fit; empty where not even one example does. */
  readonly fits: readonly FittingBatch[];
  /** Where not even one example fits because of the parameters: the share of them that would, about. */
  readonly parameterShare?: number;
}

/** A program that needs more memory than there is: refused before anything is allocated, or after all that it had got was freed. */
export class MemoryLimitError extends LimitError {
  override readonly name: string = 'MemoryLimitError';
  readonly refusal: MemoryRefusal;
  constructor(who: string, rule: string, got: string, advice: string, refusal: MemoryRefusal) {
    super(who, rule, got, advice);
    this.refusal = refusal;
  }
}
