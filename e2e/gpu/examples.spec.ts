import process from 'node:process';
import { exampleNames, problemOf } from '../../src/cli/examples.mjs';
import { expect, test } from '../harness.ts';

// The nets of examples/ at a reduced size: a few seconds of training to a goal that guessing does not reach, and the proof. `npm run
// examples` trains them in full.

for (const name of exampleNames()) {
  test(`examples › ${name}`, async ({ run }) => {
    const answer = await run(async (lib, name) => {
      const { runExample } = await lib.load<typeof import('../../src/lab/examples.ts')>('/src/lab/examples.ts');
      const { sharedDevice } = await lib.load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      return runExample({ name, reduced: true }, () => {}, await sharedDevice());
    }, name);
    if (answer.kind === 'missing' && process.env.CI !== 'true') test.skip(true, `${answer.path} is missing: set SHARED_DIR`);
    expect(problemOf(answer)).toBe(null);
  });
}
