import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { expect, test } from '../harness.ts';

/** Variants that no small sample asks for by itself: a mutant that names one gets it by force. */
const FORCED: readonly (readonly [RegExp, Readonly<Record<string, string>>])[] = [
  [/register/, { matmul: 'register' }], [/tiled/, { matmul: 'tiled' }], [/workgroup/, { reduce: 'workgroup' }],
];

for (const [op, { mutants, samples }] of Object.entries(proofs)) {
  test(`${op}: every planted bug is found`, async ({ run }) => {
    expect(mutants.length, 'mutants').toBeGreaterThanOrEqual(3);
    const plain = mutants.map(({ name, kernel, find, replace, reason }) => {
      const variants = FORCED.find(([pattern]) => pattern.test(kernel.source))?.[1] ?? {};
      // Barriers and edges of tiles show only in large samples, everything else in the smallest.
      return { name, kernel: kernel.source, find, replace, reason, variants, samples: Object.keys(variants).length > 0 ? samples.toSorted((a, b) => sizeOf(b) - sizeOf(a)) : samples };
    });
    const results = await run(async ({ chainrule, gradcheck, load }, { op, plain }) => {
      const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const device = await chainrule.openDevice();
      const results = [];
      for (const { name, kernel, find, replace, reason, variants, samples } of plain) {
        const pattern = new RegExp(kernel);
        const untouched = new Error('the mutant stands in no kernel of this sample');
        let applied = 0;
        const runner: import('../../src/check/check-op.ts').OpRunner = async (...call) => {
          const before = applied;
          const snapshot = await runOp(device, ...call, {
            target: { variants },
            rewrite: (original) => {
              if (!pattern.test(original.name) || !original.code.includes(find)) return original;
              applied += 1;
              return { ...original, code: original.code.replaceAll(find, replace) };
            },
          });
          if (applied === before) throw untouched;
          return snapshot;
        };
        const unlessUntouched = (error: unknown): undefined => {
          if (error !== untouched) throw error;
        };
        let by: string | undefined;
        const stop = new Error('killed');
        for (const sample of samples) {
          // One failing cotangent is enough.
          await gradcheck.checkSample(runner, op, sample, {
            onSample: ({ passed, sample: name, cotangent }) => {
              if (passed) return;
              by = `${name}, ${cotangent}`;
              throw stop;
            },
          }).catch((error: unknown) => (error === stop ? undefined : unlessUntouched(error)));
          if (by) break;
        }
        for (const convention of by ? [] : gradcheck.proofs[op].conventions) {
          const only = { [op]: { ...gradcheck.proofs[op], conventions: [convention] } };
          const report = await gradcheck.checkOp(runner, op, { samples: [], proofs: only }).catch(unlessUntouched);
          if (report?.conventions.some(({ passed }) => !passed)) by = convention.name;
        }
        results.push({ name, reason, applied, by });
      }
      device.destroy();
      return results;
    }, { op, plain });
    expect(results.filter(({ applied }) => applied === 0).map(({ name }) => name), 'mutants whose text stands in no kernel').toEqual([]);
    expect(results.filter(({ by, reason }) => !by && !reason).map(({ name }) => name), 'survivors').toEqual([]);
  });
}

test('there are mutants of every kind of kernel, and each can be told from the others', () => {
  const all = Object.entries(proofs).flatMap(([op, { mutants }]) => mutants.map((mutant) => ({ op, ...mutant })));
  expect(all.length).toBeGreaterThan(100);
  const keys = all.map(({ op, kernel, find, replace }) => `${op} ${kernel} ${find} ${replace}`);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  for (const [pattern] of FORCED) expect(all.filter(({ kernel }) => pattern.test(kernel.source)).length, String(pattern)).toBeGreaterThan(2);
});

function sizeOf({ inputs }: Sample): number {
  return Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);
}
