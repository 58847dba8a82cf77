import { ops } from '../../src/ops/index.ts';
import { proofs } from '../../src/proof/index.ts';
import { expect, test } from '../harness.ts';

test('every op has a proof with samples, and every proof an op', () => {
  expect(Object.keys(proofs).sort()).toEqual(Object.keys(ops).sort());
  for (const [name, { samples }] of Object.entries(proofs)) expect(samples.length, `${name}'s samples`).toBeGreaterThan(4);
});

for (const op of Object.keys(proofs)) {
  test(`${op}: forward and every gradient on all samples, its conventions, the same bits twice`, async ({ run }) => {
    const { samples } = proofs[op];
    const found = await run(async ({ chainrule, gradcheck, load }, { op, samples }) => {
      const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const { differentBits, adjointGaps } = await load<typeof import('./sample-kit.ts')>('/e2e/gpu/sample-kit.ts');
      const device = await chainrule.openDevice();
      const runs: { call: import('./sample-kit.ts').Call; snapshot: import('../../src/program/graph.ts').Snapshot }[] = [];
      const report = await gradcheck.checkOpWith(async (...call) => {
        const snapshot = await runOp(device, ...call);
        runs.push({ call, snapshot });
        return snapshot;
      }, op, { samples });
      // Backwards, so that other shapes of the same op have run in between; all ones would hide a wrong order.
      const again: (string | undefined)[] = [];
      const gaps: number[] = [];
      for (const { call, snapshot } of runs.toReversed().filter(({ call: [, , , cotangent] }) => cotangent.some((value) => value !== 1))) {
        again.push(differentBits(snapshot, await runOp(device, ...call)));
        gaps.push(...adjointGaps(call, snapshot));
      }
      device.destroy();
      return {
        again, gaps,
        passed: report.passed,
        conventions: report.conventions,
        wrong: report.samples.filter(({ passed }) => !passed).map(({ sample, cotangent, report: one }) => `${sample}, ${cotangent}: ${one}`),
        looked: report.samples.map(({ sample, cotangent, report: { checked, values, verdict } }) => ({ sample, cotangent, checked, values: values.length, verdict })),
      };
    }, { op, samples });
    expect(found.wrong.join('\n\n')).toBe('');
    expect(found.conventions.filter(({ passed }) => !passed)).toEqual([]);
    expect(found.passed).toBe(true);
    expect(found.again.filter((difference) => difference !== undefined), 'a second run gives the same bits').toEqual([]);
    expect(found.again.length).toBeGreaterThanOrEqual(samples.length);
    for (const gap of found.gaps) expect(gap, 'multiples of σ between ⟨Ax, y⟩ and ⟨x, Aᵀy⟩').toBeLessThan(4);
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
