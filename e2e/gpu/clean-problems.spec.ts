import { expect, test } from '../harness.ts';

test('24 seeded problems without a bug raise no alarm, and stay far from the limit', async ({ run }) => {
  const summary = await run(async ({ chainrule, load }) => {
    const { cleanProblems, summarizeClean } = await load<typeof import('../../src/mutation/clean.ts')>('/src/mutation/clean.ts');
    const device = await chainrule.openDevice();
    const started = performance.now();
    const results = [];
    for await (const result of cleanProblems(device, { count: 24 })) results.push(result);
    device.destroy();
    return summarizeClean(results, (performance.now() - started) / 1000);
  });
  expect(summary.falseAlarms.map(({ text }) => text)).toEqual([]);
  expect(summary.problems).toBe(24);
  expect(summary.proven).toBeGreaterThan(12);
  expect(summary.byClass).toEqual({ cpu: 18, gpu: 6 });
  // κ = 4 has room on both sides: correct code stays below a half of it, and σ is not so wide that nothing comes near it.
  expect(Math.max(summary.gradients.largest, summary.outputs.largest)).toBeLessThan(summary.kappa / 2);
  expect(summary.outputs.largest).toBeGreaterThan(0.3);
});
