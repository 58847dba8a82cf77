import { proofs } from '../../src/proof/index.ts';
import { expect, test } from '../harness.ts';

/** Kernels with barriers take long to compile on a software adapter: so many bugs in one test stay well inside its time. */
const IN_ONE_TEST = 5;

for (const [op, { mutants }] of Object.entries(proofs)) {
  for (let first = 0; first < mutants.length; first += IN_ONE_TEST) {
    const count = Math.min(IN_ONE_TEST, mutants.length - first);
    test(`${op}: every bug planted in the text of a kernel is found, ${first + 1} to ${first + count}`, async ({ run }) => {
      const results = await run(async ({ load }, { op, first, count }) => {
        const { opSection } = await load<typeof import('../../src/mutation/op-section.ts')>('/src/mutation/op-section.ts');
        const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
        const device = await sharedDevice();
        const jobs = opSection.list(device).filter((job) => job.group === op && job.class === 'text').slice(first, first + count);
        const results = [];
        for (const job of jobs) results.push(await opSection.run(device, job.id));
        return results;
      }, { op, first, count });
      expect(results).toHaveLength(count);
      expect(results.filter(({ outcome }) => outcome !== 'killed' && outcome !== 'equivalent').map(({ id, outcome, by }) => `${id}: ${outcome}, ${by}`)).toEqual([]);
    });
  }
}
