import { expect, test } from '../harness.ts';
import { testPlantedBugs } from './cut-net-tests.ts';
import { furthest } from './furthest.ts';

type Kit = typeof import('./cut-kit.ts');

// Nets whose tensors are larger than what a launch may bind: their requests are cut, and what they learn stays the same.

// Kernels that only ranges of a table have, and masks: bugs in them, as proofs of ops plant them.
testPlantedBugs([
  ['rows of a range read from the first', 'embedding', 'gather-range/lane', 'index - 512u', 'index - 513u'],
  ['the last row of a range left out', 'embedding', 'gather-range/lane', 'index < 512u', 'index < 511u'],
  ['sums of a later range in the places of the first', 'embedding', 'scatter', '% 489u \\+ 512u', '% 489u'],
  ['the masks of all ranges those of the first', 'dropout', '', 'let index = \\d+u \\+ ', 'let index = '],
]);

for (const [kind, most] of [['mlp', 30_000], ['embedding', 30_000], ['embedding', 25_000]] as const) {
  test(`${kind}: with at most ${most} bytes in a binding it trains as without a limit, its gradients proven, in one submit a step`, async ({ run }) => {
    const [cut, whole] = await run(async (lib, { kind, most }) => {
      const { trained } = await lib.load<Kit>('/e2e/gpu/cut-kit.ts');
      return [await trained(kind, most), await trained(kind)] as const;
    }, { kind, most });
    expect(cut.launches).toBeGreaterThan(whole.launches + 8);
    expect([cut.submits, cut.made]).toEqual([3, 0]);
    expect(cut.verdict).toBe('pass');
    // Where k is cut sums are added in another order.
    expect(furthest(cut.losses, whole.losses)).toBeLessThan(1e-5);
    expect(furthest(cut.predicted, whole.predicted)).toBeLessThan(1e-3);
  });
}

for (const [kind, most] of [['numbers', 40_000], ['numbers', 20_000], ['classes', 40_000]] as const) {
  test(`data of ${kind} beyond ${most} bytes stay on the GPU and train as batches that go up one by one`, async ({ run }) => {
    const [resident, uploaded, whole] = await run(async (lib, { kind, most }) => {
      const { fitted } = await lib.load<Kit>('/e2e/gpu/cut-kit.ts');
      return [await fitted(kind, true, most), await fitted(kind, false, most), await fitted(kind, true)] as const;
    }, { kind, most });
    expect(resident.losses).toEqual(uploaded.losses);
    expect(furthest(resident.losses, whole.losses)).toBeLessThan(1e-5);
    expect(resident.losses).toHaveLength(10);
    expect([resident.writes, resident.submits]).toEqual([whole.writes, whole.submits]);
    expect(resident.writes).toBeLessThan(uploaded.writes);
  });
}
