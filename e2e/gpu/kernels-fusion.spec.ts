import { testNets } from '../nets.ts';
import { expect, test } from '../harness.ts';

for (const [name, { fused, unfused }] of Object.entries(testNets)) {
  test(`${name}: fused and unfused agree, and both are proven`, async ({ run }) => {
    const found = await run(async ({ chainrule, gradcheck, load }, name) => {
      const { testNets } = await load<typeof import('../nets.ts')>('/e2e/nets.ts');
      const device = await chainrule.openDevice();
      const { model, loss } = testNets[name]!;
      const results = [];
      for (const fusion of [true, false]) {
        const trainer = await chainrule.compile(model(), { device, loss: loss(), optimizer: chainrule.sgd({ lr: 0.1 }), batchSize: 6, seed: 3, fusion });
        const snapshot = await trainer.snapshot();
        const report = gradcheck.checkSnapshot(snapshot);
        results.push({ gradients: Object.values(snapshot.gradients), launches: snapshot.launches.length, passed: report.passed, text: String(report), total: report.total, proven: report.proven });
        await trainer.dispose();
      }
      device.destroy();
      return results;
    }, name);
    for (const { passed, text, proven, total } of found) {
      expect(passed, text).toBe(true);
      expect(proven).toBe(total);
    }
    expect(found.map(({ launches }) => launches)).toEqual([fused, unfused]);
    const [one, other] = found.map(({ gradients }) => gradients);
    for (const [index, gradient] of one!.entries()) {
      const size = Math.hypot(...gradient);
      const difference = Math.hypot(...gradient.map((value, i) => value - other![index]![i]!));
      expect(size).toBeGreaterThan(0);
      // Each has passed its own tolerance; together they may differ by rounding only.
      expect(difference / size).toBeLessThan(1e-5);
    }
  });
}
