import { ops } from '../../src/ops/index.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { expect, test } from '../harness.ts';

test('every op has a proof with samples, and every proof an op', () => {
  expect(Object.keys(proofs).sort()).toEqual(Object.keys(ops).sort());
  for (const [name, { samples }] of Object.entries(proofs)) expect(samples.length, `${name}'s samples`).toBeGreaterThanOrEqual(4);
});

/** Places of the samples that run again: the largest, whose sums are the longest, and an early one, which has edges. */
function repeated(samples: readonly Sample[]): number[] {
  const sizeOf = ({ inputs }: Sample): number => Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);
  const largest = samples.reduce((best, sample, at) => (sizeOf(sample) > sizeOf(samples[best]!) ? at : best), 0);
  return [largest, largest === 1 ? 0 : 1];
}

for (const op of Object.keys(proofs)) {
  test(`${op}: forward and every gradient on all samples, its conventions, the same bits twice`, async ({ run }) => {
    const { samples } = proofs[op]!;
    const twice = repeated(samples);
    const found = await run(async ({ gradcheck, load }, { op, twice }) => {
      const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const { differentBits, adjointGaps } = await load<typeof import('./sample-kit.ts')>('/e2e/gpu/sample-kit.ts');
      const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      const device = await sharedDevice();
      const { samples } = gradcheck.proofs[op]!;
      const runs: { call: import('./sample-kit.ts').Call; snapshot: import('../../src/program/graph.ts').Snapshot }[] = [];
      const report = await gradcheck.checkOpWith(async (...call) => {
        const snapshot = await runOp(device, ...call);
        runs.push({ call, snapshot });
        return snapshot;
      }, op, { samples, cotangents: ['random'] });
      const gaps = runs.slice(0, samples.length).flatMap(({ call, snapshot }) => adjointGaps(call, snapshot));
      // Sums of everything: zero where a gradient must cancel. In between runs what must come out again, bit for bit.
      const ones = [];
      for (const at of twice) ones.push(...await gradcheck.checkSample((...call) => runOp(device, ...call), op, samples[at]!, { cotangents: ['ones'] }));
      const again: (string | undefined)[] = [];
      for (const at of twice) {
        const { call, snapshot } = runs[at]!;
        again.push(differentBits(snapshot, await runOp(device, ...call)));
      }
      const all = [...report.samples, ...ones];
      return {
        again, gaps,
        passed: report.passed,
        conventions: report.conventions,
        wrong: all.filter(({ passed }) => !passed).map(({ sample, cotangent, report: one }) => `${sample}, ${cotangent}: ${one}`),
        looked: all.map(({ sample, cotangent, report: { checked, values, verdict } }) => ({ sample, cotangent, checked, values: values.length, verdict })),
      };
    }, { op, twice });
    expect(found.wrong.join('\n\n')).toBe('');
    expect(found.conventions.filter(({ passed }) => !passed)).toEqual([]);
    expect(found.passed).toBe(true);
    expect(found.again, 'a second run gives the same bits').toEqual([undefined, undefined]);
    for (const gap of found.gaps) expect(gap, 'multiples of σ between ⟨Ax, y⟩ and ⟨x, Aᵀy⟩').toBeLessThan(4);
    expect(found.looked).toHaveLength(samples.length + 2);
    expect(found.conventions).toHaveLength(proofs[op]!.conventions.length);
    for (const { sample, cotangent, checked, values, verdict } of found.looked) {
      expect(checked, `${sample}, ${cotangent}: gradients that were looked at`).toBeGreaterThan(0);
      expect(values, `${sample}, ${cotangent}: outputs that were looked at`).toBe(1);
      // Whatever a sum-like cotangent hides, a random one must show.
      if (cotangent === 'random') expect(verdict, sample).toMatch(/^(pass|kink)$/);
    }
  });
}
