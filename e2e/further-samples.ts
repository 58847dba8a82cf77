// Samples beyond those of the proofs, for bugs that those let live.
import type { Sample } from '../src/proof/proof.ts';
import { filled, normals } from '../src/proof/sample-data.ts';

export const furtherSamples: Readonly<Record<string, readonly Sample[]>> = {
  // Targets whose sum is not 1 are allowed, and only they tell whether a kernel relies on it.
  crossEntropy: [{ name: 'targets that do not sum to one', options: {}, inputs: { input: normals(5, [4, 7], 2), target: filled([4, 7], (i) => (i % 3) / 4) } }],
  // Without the row's maximum subtracted e^150 overflows; two neighbours near the maximum leave a gradient to prove.
  softmax: [{ name: 'two peaks beyond the range of e^x', options: {}, inputs: { x: filled([5, 7], (i) => (i % 7 === 1 ? 150 : i % 7 === 4 ? 149.5 : -20 - i / 9)) } }],
};
