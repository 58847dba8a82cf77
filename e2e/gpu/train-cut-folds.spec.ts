import { expect, test } from '../harness.ts';
import { testCutNets, testPlantedBugs } from './cut-net-tests.ts';

type Kit = typeof import('./cut-requests-kit.ts');

testCutNets(['folds', 'places']);

// Folds that go on from range to range, and normalisations of which only the sums see all.
testPlantedBugs([
  ['what earlier ranges found left out', 'folds', 'logSumExp/range', 'state = join\\(state, total\\);', 'state = total;'],
  ['places of a later range counted from its own first', 'folds', 'argMax/range', 'total\\.place \\+= \\d+u;', ''],
  ['a state whose mean is kept as its squares', 'folds', 'variance/range', '= (state|total)\\.mean;', '= $1.squares;'],
  ['a sum left out of a gradient', 'batchNorm', 'sub+mul+add+sub', 'value = add\\(value, load_level\\(row, column\\)\\);', ''],
]);

test('requests over ranges give what they give in one piece, whichever axis does not fit', async ({ run }) => {
  const cases = await run(async (lib) => (await lib.load<Kit>('/e2e/gpu/cut-requests-kit.ts')).compared());
  expect(cases.length).toBeGreaterThan(40);
  for (const { name, most, bound, launches, apart } of cases) {
    expect(bound, name).toBeLessThanOrEqual(most);
    expect(launches, name).toBeGreaterThan(2);
    expect(apart, name).toBeLessThan(2e-5);
  }
});
