import { expect, test } from '../harness.ts';

test('16 seeded problems without a bug raise no alarm, and stay far from the limit', async ({ run }) => {
  const summary = await run(async ({ chainrule, load }) => {
    const { cleanProblems, summarizeClean } = await load<typeof import('../../src/mutation/clean.ts')>('/src/mutation/clean.ts');
    const device = await chainrule.openDevice();
    const started = performance.now();
    const results = [];
    for await (const result of cleanProblems(device, { count: 16 })) results.push(result);
    device.destroy();
    return summarizeClean(results, (performance.now() - started) / 1000);
  });
  expect(summary.falseAlarms.map(({ text }) => text)).toEqual([]);
  expect(summary.problems).toBe(16);
  expect(summary.proven).toBeGreaterThan(8);
  expect(summary.byClass).toEqual({ cpu: 12, gpu: 4 });
  // κ = 4 has room on both sides: correct code stays below a half of it, and σ is not so wide that nothing comes near it.
  expect(Math.max(summary.gradients.largest, summary.outputs.largest)).toBeLessThan(summary.kappa / 2);
  expect(summary.outputs.largest).toBeGreaterThan(0.3);
});
