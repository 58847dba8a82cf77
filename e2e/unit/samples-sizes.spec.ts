import fc from 'fast-check';
import { expect, test } from 'playwright/test';
import { checkSample } from '../../src/check/check-op.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { randomSizes } from '../random-sizes.ts';
import { setBuiltinNoise } from './float32-ops.ts';
import { simulatedRunner } from './simulated-gpu.ts';

function shapesOf({ inputs }: Sample) {
  return Object.entries(inputs).map(([name, { shape, data }]) => [name, shape, data instanceof Uint32Array]);
}

for (const op of Object.keys(proofs)) {
  test(`${op}: samples of any size are valid, repeatable, the same where they are measured, and correct float32 code passes them`, async () => {
    setBuiltinNoise(1, 3);
    const { ranges, sample, measure } = proofs[op].sizes!;
    let checked = 0;
    await fc.assert(fc.asyncProperty(randomSizes(op), async ([sizes, seed]) => {
      const first = sample(sizes, seed);
      expect(sample(sizes, seed)).toEqual(first);
      // What kind of numbers there are is not measured; sizes and options are. Measured sizes give the same shapes again.
      const measured = measure?.(first);
      if (measured) {
        const again = sample(measured, seed);
        expect(again.options).toEqual(first.options);
        expect(shapesOf(again)).toEqual(shapesOf(first));
      }
      const [{ passed, report }] = await checkSample(simulatedRunner, op, first, { cotangents: ['random'] });
      if (!passed) throw new Error(`${op} ${first.name}: ${report}`);
      checked += report.proven;
    }), { numRuns: 4, seed: 5 });
    expect(checked).toBeGreaterThan(60);
    expect(Object.keys(ranges).length).toBeGreaterThan(1);
  });
}

test('sizes that are unknown or out of range are refused, and flags that are left out are off', () => {
  const { sample } = proofs.matmul.sizes!;
  expect(() => sample({ rows: 3 }, 1)).toThrow('sample: needs sizes among m, k, n, batch, batchA, batchB, transposeA, transposeB, zeros, got "rows".');
  expect(() => sample({ m: 0 }, 1)).toThrow('sample: needs m to be an integer from 1 to 67, got 0.');
  expect(() => sample({ k: 2.5 }, 1)).toThrow('sample: needs k to be an integer from 1 to 259, got 2.5.');
  const { name, options, inputs } = sample({ m: 3, k: 17, transposeA: 1 }, 7);
  expect(name).toBe('m=3 k=17 n=1 transposeA=1 seed=7');
  expect(options).toEqual({ transposeA: true, transposeB: false });
  expect([inputs.a.shape, inputs.b.shape]).toEqual([[17, 3], [17, 1]]);
});
