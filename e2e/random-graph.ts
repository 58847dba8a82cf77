// Random programs for property tests: a recipe is plain numbers, so that fast-check can shrink it.
import fc from 'fast-check';
import { SIZES } from '../src/mutation/random-graph.ts';
import type { Recipe, Step } from '../src/mutation/random-graph.ts';

export { buildGraph, type GraphProblem as RandomGraph, type Recipe } from '../src/mutation/random-graph.ts';

export const recipes = fc.record<Recipe>({
  rows: fc.constantFrom(1, 2, 3, 5, 8, 13, 17),
  columns: fc.constantFrom(...SIZES),
  seed: fc.nat(1e6),
  steps: fc.array(fc.record<Step>({ kind: fc.nat(11), first: fc.nat(5), second: fc.nat(7), size: fc.nat(SIZES.length - 1) }), { minLength: 1, maxLength: 8 }),
  end: fc.nat(5),
});
