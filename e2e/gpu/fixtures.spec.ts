import { missing, readFixtures, type Fixture } from '../fixtures/torch.ts';
import { expect, test } from '../harness.ts';

/** The files of op cases, with how many each holds: a file that lost its cases must not pass. */
const FAMILIES: Readonly<Record<string, number>> = {
  elementwise: 32, broadcast: 32, ties: 10, matmul: 13, reduce: 45, shape: 14, conv: 25, norm: 9, loss: 10, attention: 4, recurrent: 3,
};

for (const [family, count] of Object.entries(FAMILIES)) {
  const cases = readFixtures<Fixture[]>(family);
  test(`fixtures › ${family}: all its cases are there`, () => {
    if (!cases) missing(family);
    expect(cases).toHaveLength(count);
  });
  // One test for each op: its cases share a page, and so their kernels.
  for (const op of new Set((cases ?? []).map((one) => one.op))) {
    test(`fixtures › ${family} › ${op}: output and gradients are PyTorch's`, async ({ run }) => {
      const own = cases!.filter((one) => one.op === op);
      const found = await run(async ({ load }, { family, own }) => {
        const { runCase } = await load<typeof import('../fixtures/run-case.ts')>('/e2e/fixtures/run-case.ts');
        const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
        const results = [];
        for (const one of own) results.push(await runCase(await sharedDevice(), family, one));
        return results;
      }, { family, own });
      expect(found.flatMap(({ wrong }) => wrong).join('\n')).toBe('');
      for (const { looked } of found) expect(looked).toBeGreaterThan(0);
    });
  }
}
