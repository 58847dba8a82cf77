import { ops } from '../../src/ops/index.ts';
import { proofs } from '../../src/proof/index.ts';
import { expect, test } from '../harness.ts';

test('every op has a proof with samples, and every proof an op', () => {
  expect(Object.keys(proofs).sort()).toEqual(Object.keys(ops).sort());
  for (const [name, { samples }] of Object.entries(proofs)) expect(samples.length, `${name}'s samples`).toBeGreaterThan(4);
});

for (const op of Object.keys(proofs)) {
  test(`${op}: forward and every gradient on all samples, and its conventions`, async ({ run }) => {
    const { samples } = proofs[op];
    const found = await run(async ({ chainrule, gradcheck, load }, { op, samples }) => {
      const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const device = await chainrule.openDevice();
      const report = await gradcheck.checkOp((...call) => runOp(device, ...call), op, { samples });
      device.destroy();
      return {
        passed: report.passed,
        conventions: report.conventions,
        wrong: report.samples.filter(({ passed }) => !passed).map(({ sample, cotangent, report: one }) => `${sample}, ${cotangent}: ${one}`),
        looked: report.samples.map(({ sample, cotangent, report: { checked, values, verdict } }) => ({ sample, cotangent, checked, values: values.length, verdict })),
      };
    }, { op, samples });
    expect(found.wrong.join('\n\n')).toBe('');
    expect(found.conventions.filter(({ passed }) => !passed)).toEqual([]);
    expect(found.passed).toBe(true);
    expect(found.looked).toHaveLength(2 * samples.length);
    expect(found.conventions).toHaveLength(proofs[op].conventions.length);
    for (const { sample, cotangent, checked, values, verdict } of found.looked) {
      expect(checked, `${sample}, ${cotangent}: gradients that were looked at`).toBeGreaterThan(0);
      expect(values, `${sample}, ${cotangent}: outputs that were looked at`).toBe(1);
      // Whatever a sum-like cotangent hides, a random one must show.
      if (cotangent === 'random') expect(verdict, sample).toMatch(/^(pass|kink)$/);
    }
  });
}
