import type { Meaning, Snapshot } from '../program/graph.ts';
import { POISON_BITS } from '../program/poison.ts';
import type { Symptom } from '../proof/proof.ts';
import { ROUNDING } from '../reference/rounding.ts';
import type { Rounding } from '../reference/rounding.ts';
import type { Shape } from '../reference/tensor.ts';
import type { Culprit } from './blame.ts';
import type { Proofs } from './point.ts';
import { nameOf, referenceOf } from './references.ts';
import type { AllReferences } from './references.ts';
import { FLUSH_FLOOR, KAPPA } from './verdict.ts';

/** All that a diagnosis may look at. */
export interface Findings {
  readonly snapshot: Snapshot;
  readonly references: AllReferences;
  readonly rounding: Rounding;
  readonly proofs: Proofs;
}

/** A symptom that was found, in words. */
export interface Finding {
  readonly symptom: Symptom;
  readonly text: string;
}

/** The first wrong tensor, element by element. */
export interface Case extends Findings {
  readonly meaning: Meaning;
  readonly name: string;
  /** The nodes whose work the tensor shows. */
  readonly work: readonly number[];
  readonly launch?: number;
  readonly shape: Shape;
  readonly gpu: Float32Array;
  readonly bits: Uint32Array;
  /** What the GPU ought to hold, and the standard deviation of correct float32 code there. */
  readonly value: Float64Array;
  readonly sigma: Float64Array;
  /** Places outside tolerance. */
  readonly wrong: readonly number[];
  readonly isWrong: Uint8Array;
}

export function caseOf(findings: Findings, { meaning, gpu, work, launch }: Culprit): Case {
  const { shape, value, variance } = referenceOf(meaning, findings.references);
  return numbersOf({ ...findings, meaning, name: nameOf(meaning, findings.snapshot.graph), work, launch }, gpu, shape, value, variance);
}

/** A case with these numbers. */
export function numbersOf(
  about: Pick<Case, keyof Findings | 'meaning' | 'name' | 'work' | 'launch'>, gpu: Float32Array, shape: Shape, value: Float64Array, variance: Float64Array,
): Case {
  const sigma = variance.map(Math.sqrt);
  const isWrong = Uint8Array.from(value, (expected, i) => (Math.abs(gpu[i] - expected) <= KAPPA * sigma[i] + FLUSH_FLOOR ? 0 : 1));
  return {
    ...about, shape, gpu, bits: new Uint32Array(gpu.buffer, gpu.byteOffset, gpu.length), value, sigma, isWrong,
    wrong: [...isWrong.keys()].filter((i) => isWrong[i] === 1),
  };
}

/** Whether the poison stands at an element. */
export function isPoison({ bits }: Pick<Case, 'bits'>, i: number): boolean {
  return bits[i] === POISON_BITS;
}

/**
 * Whether the GPU holds what a mistake would give, at every element that it wrote. `sigma` is the expected error there;
 * default that of the right number, which a mistake of the same size shares.
 */
export function fits(one: Case, mistaken: (i: number) => number, sigma: (i: number) => number = (i) => one.sigma[i]): boolean {
  let compared = 0;
  for (let i = 0; i < one.gpu.length; i++) {
    if (isPoison(one, i)) continue;
    const expected = mistaken(i);
    if (!(Math.abs(one.gpu[i] - expected) <= KAPPA * (sigma(i) + ROUNDING * Math.abs(expected)) + FLUSH_FLOOR)) return false;
    compared++;
  }
  return compared > 0;
}

/** Wrong elements that hold a number of their own. */
export function misvalued(one: Case): number[] {
  return one.wrong.filter((i) => !isPoison(one, i));
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
