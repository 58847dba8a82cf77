import fc from 'fast-check';
import { proofs } from '../src/proof/index.ts';

/** Random sizes of an op's samples within the ranges that its proof gives, and a seed. They shrink to the smallest sizes. */
export function randomSizes(op: string): fc.Arbitrary<[sizes: Record<string, number>, seed: number]> {
  const { sizes } = proofs[op]!;
  if (!sizes) throw new Error(`randomSizes: needs sizes in the proof of ${op}, got none.`);
  const each = Object.fromEntries(Object.entries(sizes.ranges).map(([name, [min, max]]) => [name, fc.integer({ min, max })]));
  return fc.tuple(fc.record(each), fc.nat(1e6)) as fc.Arbitrary<[Record<string, number>, number]>;
}
