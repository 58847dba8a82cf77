import type { Kernel } from '../../../shaders/kernel.ts';

// The kernels around a net's own launches have no gradient to prove: they are held against plain loops.

export type Numbers = Float32Array | Uint32Array;

export interface StepKernelCase {
  readonly name: string;
  readonly kernel: Kernel;
  /** What the kernel reads, and what it updates in place, by binding. */
  readonly inputs: Readonly<Record<string, Numbers>>;
  /** What it must leave behind, from loops in float64. */
  readonly expected: Readonly<Record<string, readonly number[] | Uint32Array>>;
  /** Texts to replace: each must be found, and must change what comes out. */
  readonly mutants: readonly (readonly [find: string, replace: string])[];
}

export const wave = (length: number, scale = 1, shift = 0): Float32Array => Float32Array.from({ length }, (_, i) => scale * Math.sin(1.7 * i + shift) + scale * 0.1);

/** The step's words: number, cursor, and the optimiser's scalars from word 4 on. */
export function stepWords(number: number, cursor: number, scalars: readonly number[] = []): Uint32Array {
  const words = new Uint32Array(12);
  words.set([number, cursor]);
  new Float32Array(words.buffer).set(scalars, 4);
  return words;
}
