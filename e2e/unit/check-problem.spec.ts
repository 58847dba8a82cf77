import fc from 'fast-check';
import { expect, test } from 'playwright/test';
import { howToReplay, parseProblem, problemLine, sampleOf } from '../../src/check/problem.ts';
import type { Problem } from '../../src/check/problem.ts';
import { selections } from '../../src/check/selections.ts';
import { shrink } from '../../src/check/shrink.ts';
import { proofs } from '../../src/proof/index.ts';

const problems = fc.constantFrom(...Object.keys(proofs).filter((op) => proofs[op].sizes)).chain((op) => fc.record({
  op: fc.constant(op),
  sizes: fc.record(Object.fromEntries(Object.entries(proofs[op].sizes!.ranges).map(([name, [least, most]]) => [name, fc.integer({ min: least, max: most })]))),
  seed: fc.nat(1e6),
  variants: fc.constantFrom<Record<string, string>>({}, { matmul: 'tiled' }, { matmul: 'small', reduce: 'workgroup' }),
  fusion: fc.boolean(),
}).chain((problem) => fc.constantFrom<Problem>(problem, { ...problem, adapterClass: 'gpu' }, { ...problem, cotangent: 'ones' }, { ...problem, adapterClass: 'cpu', cotangent: 'random' })));

test('a problem survives its line', () => {
  fc.assert(fc.property(problems, (problem) => {
    const { sizes, ...rest } = parseProblem(problemLine(problem));
    expect(rest).toEqual(Object.fromEntries(Object.entries(problem).filter(([name]) => name !== 'sizes')));
    expect(Object.entries(problem.sizes).every(([name, value]) => (sizes[name] ?? 0) === value)).toBe(true);
  }), { numRuns: 200 });
});

test('an op of one\'s own is replayed with its proof, and by no command of the library', () => {
  const own = { ...proofs, cube: proofs.matmul };
  expect(parseProblem('cube m=3 variants=cube-family:lane', own)).toMatchObject({ op: 'cube', variants: { 'cube-family': 'lane' } });
  expect(howToReplay('cube m=3')).toBe("replay(device, 'cube m=3', { proofs }) in your code, with its proof among them");
  expect(howToReplay('matmul m=3')).toBe("npm run check -- 'matmul m=3', or replay(device, 'matmul m=3') in your code");
});

test('a line names the very sample that it was made from', () => {
  const problem = parseProblem('matmul m=3 k=17 n=5 transposeA=1 seed=7 variants=matmul:tiled');
  expect(problem).toMatchObject({ op: 'matmul', seed: 7, fusion: true, variants: { matmul: 'tiled' } });
  const { inputs, options } = sampleOf(problem);
  expect([inputs.a.shape, inputs.b.shape, options.transposeA]).toEqual([[17, 3], [17, 5], true]);
  expect(sampleOf(parseProblem(problemLine(problem)))).toEqual(sampleOf(problem));
});

for (const [line, message] of [
  ['', 'replay: needs an op among matmul'], ['conv9d n=3', 'got "conv9d"'], ['matmul m=0', 'needs m to be an integer from 1'], ['matmul m=1.5', 'got "1.5"'],
  ['matmul width=3', 'needs name=value with a name among m, k, n'], ['matmul m', 'got "m"'], ['matmul m=1 m=2', 'needs m once, got it twice'],
  ['matmul m=1 variants=tiled', 'needs variants as family:variant'], ['matmul seed=-1', 'needs seed to be an integer'], ['matmul adapterClass=tpu', 'needs adapterClass to be gpu or cpu'],
  ['matmul cotangent=zeros', 'needs cotangent to be ones or random'], ['matmul fusion=2', 'needs fusion to be an integer from 0 to 1'],
] as const) {
  test(`refused: "${line}"`, () => expect(() => parseProblem(line)).toThrow(message));
}

test('shrinking finds the smallest failing sizes of any threshold', async () => {
  const ranges = { m: [1, 300], k: [1, 300], flag: [0, 1] } as const;
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 }), fc.nat(1), async (m, k, flag) => {
    let asked = 0;
    const start: Problem = { op: 'matmul', sizes: { m: 300, k: 300, flag: 1 }, seed: 1, variants: {}, fusion: true };
    const found = await shrink(start, ranges, async ({ sizes }) => {
      asked++;
      return sizes.m >= m && sizes.k >= k && sizes.flag >= flag;
    }, 1000);
    expect(found.sizes).toEqual({ m, k, flag });
    expect(asked).toBeLessThan(600);
  }), { numRuns: 50 });
});

test('shrinking stops at its limit and never returns a problem that was not seen to fail', async () => {
  const seen = new Set<string>();
  const start: Problem = { op: 'matmul', sizes: { m: 300, k: 300 }, seed: 1, variants: {}, fusion: true };
  let asked = 0;
  const found = await shrink(start, { m: [1, 300], k: [1, 300] }, async ({ sizes }) => {
    asked++;
    const failing = (sizes.m * 7 + sizes.k) % 3 === 0;
    if (failing) seen.add(JSON.stringify(sizes));
    return failing;
  }, 9);
  expect(asked).toBeLessThanOrEqual(9);
  expect(found === start || seen.has(JSON.stringify(found.sizes))).toBe(true);
  expect(await shrink(start, { m: [1, 300], k: [1, 300] }, async () => false)).toEqual(start);
});

test('no selection of terms is the whole sum: a right sum is never explained as a wrong one', () => {
  for (const count of [2, 3, 7, 16, 33]) {
    for (const { weight, text } of selections(count)) {
      expect(Array.from({ length: count }, (_, r) => weight(r)).every((times) => times === 1), `${text} of ${count}`).toBe(false);
    }
  }
});
