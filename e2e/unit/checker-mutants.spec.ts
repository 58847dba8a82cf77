import { expect, test } from 'playwright/test';
import { checkerMutants, misplaced, mutateChecker } from '../../src/cli/mutate-checker.mjs';

test('bugs planted in the checker itself are caught', async () => {
  // One bundle and one run of a suite for each: every sixth here, all of them in `npm run mutate`.
  test.setTimeout(600_000);
  const mutants = await checkerMutants();
  expect(mutants.length).toBeGreaterThan(100);
  expect(new Set(mutants.map(({ name }) => name)).size, 'names').toBe(mutants.length);
  expect(misplaced(mutants)).toEqual([]);
  const { cases, mutants: results } = await mutateChecker({ mutants: mutants.filter((_, index) => index % 6 === 0) });
  expect(results.length).toBe(Math.ceil(mutants.length / 6));
  expect(cases).toBeGreaterThan(60);
  expect(results.filter(({ caught }) => !caught).map(({ name, file }) => `${name} (${file})`), 'survivors').toEqual([]);
});

test('a mutant that changes nothing survives, and one without a place is refused', async () => {
  const harmless = { name: 'harmless', file: 'src/check/verdict.ts', find: 'export const KAPPA = 4;', replace: 'export const KAPPA = 2 + 2;' };
  const { mutants: [result] } = await mutateChecker({ mutants: [harmless] });
  expect(result).toEqual({ name: 'harmless', file: 'src/check/verdict.ts', caught: false, by: 'no case of the suite fails' });
  const lost = { ...harmless, name: 'lost', find: 'no such text' };
  expect(misplaced([harmless, lost])).toEqual(["mutants of the checker: 'lost' needs its text 1 times in src/check/verdict.ts, got 0."]);
  await expect(mutateChecker({ mutants: [lost] })).rejects.toThrow("'lost' needs its text 1 times");
});
