import { FORMULAS } from '../../shaders/formulas.wgsl.ts';
import { proofs } from '../../src/proof/index.ts';
import { expect, test } from '../harness.ts';

// The fast part of `npm run mutate`: most text mutants, each in the first op that has it, and a launch operator for each op.
const ops = Object.keys(proofs);

for (const op of ops) {
  test(`${op}: every planted bug is found, and what changes nothing is let pass`, async ({ run }) => {
    // Software takes seconds to compile a tiled product, and every bug is a new text.
    test.setTimeout(300_000);
    const { results, planned } = await run(async ({ load }, op) => {
      const { chosenMutations } = await load<typeof import('./mutation-kit.ts')>('/e2e/gpu/mutation-kit.ts');
      const { runMutation } = await load<typeof import('../../src/mutation/run-mutation.ts')>('/src/mutation/run-mutation.ts');
      const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      const device = await sharedDevice();
      const { texts, launches } = chosenMutations(device.traits)[op]!;
      const results = [];
      // Every op's reports are explained, but not every report: a search for the terms of a sum takes a second and more.
      for (const [list, explain] of [[texts, false], [launches, true]] as const) {
        for (const mutation of list) {
          const { id, outcome, by, blamed, rightKernel } = await runMutation(device, mutation, { explain });
          results.push({ id, outcome, by, blamed, rightKernel, expected: mutation.equivalent === undefined ? 'killed' : 'equivalent' });
        }
      }
      return { results, planned: { texts: texts.length, launches: launches.length } };
    }, op);
    expect(results.filter(({ outcome, expected }) => outcome !== expected)).toEqual([]);
    expect(results).toHaveLength(planned.texts + planned.launches);
    expect(planned.launches).toBe(1);
  });
}

test('every kernel with text mutants has its turn in some op, and every launch operator in several', async ({ run }) => {
  const found = await run(async ({ load }) => {
    const { chosenMutations } = await load<typeof import('./mutation-kit.ts')>('/e2e/gpu/mutation-kit.ts');
    const { knownMutations } = await load<typeof import('../../src/mutation/op-section.ts')>('/src/mutation/op-section.ts');
    const { operators } = await load<typeof import('../../src/mutation/operators.ts')>('/src/mutation/operators.ts');
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const { traits } = await sharedDevice();
    const chosen = chosenMutations(traits);
    const kernelsOf = ({ targets }: { targets: readonly string[] }): string[] => targets.map((target) => (JSON.parse(target) as string[])[0]!);
    const planted = new Set(Object.values(chosen).flatMap(({ texts }) => texts.flatMap(kernelsOf)));
    const texts = Object.keys(chosen).flatMap((op) => knownMutations(op, traits).filter((mutation) => mutation.class === 'text'));
    const launches = Object.values(chosen).flatMap((one) => one.launches);
    return {
      // Mutants without a target stand nowhere: they fail where they are planted.
      forgotten: [...new Set(texts.flatMap(kernelsOf))].filter((kernel) => !planted.has(kernel)),
      texts: Object.values(chosen).reduce((sum, one) => sum + one.texts.length, 0),
      turns: operators.filter(({ extra }) => !extra).map(({ name }) => [name, launches.filter(({ site }) => site.operator === name).length] as const),
      equivalent: launches.filter(({ equivalent }) => equivalent !== undefined).length,
      kernels: new Set(launches.map(({ site }) => site.kernel)).size,
    };
  });
  expect(found.forgotten).toEqual([]);
  expect(found.texts).toBeGreaterThanOrEqual(150);
  expect(found.turns.filter(([, count]) => count < 2)).toEqual([]);
  expect(found.equivalent).toBeGreaterThan(3);
  expect(found.kernels).toBeGreaterThan(60);
});

test('a wrong reason is found out: a bug that is said to change nothing', async ({ run }) => {
  const result = await run(async ({ chainrule, load }) => {
    const { mutationsOf } = await load<typeof import('../../src/mutation/op-mutations.ts')>('/src/mutation/op-mutations.ts');
    const { runMutation } = await load<typeof import('../../src/mutation/run-mutation.ts')>('/src/mutation/run-mutation.ts');
    const device = await chainrule.openDevice();
    const { traits } = device;
    const mutation = mutationsOf('relu', traits).find(({ name }) => name === 'the mask dropped')!;
    const wrong = await runMutation(device, { ...mutation, equivalent: 'nobody looks' });
    const nowhere = await runMutation(device, { ...mutation, place: () => undefined });
    const broken = await runMutation(device, {
      ...mutation,
      place: (plan) => ({
        plan: { ...plan, launches: plan.launches.map((launch) => ({ ...launch, kernel: { ...launch.kernel, code: `${launch.kernel.code}\nthis is no WGSL` } })) },
        culprits: [{ kernel: 'relu' }],
      }),
    });
    device.destroy();
    return { wrong: wrong.outcome, nowhere: nowhere.outcome, broken: [broken.outcome, broken.by] };
  });
  expect(result).toEqual({ wrong: 'wrong-reason', nowhere: 'invalid', broken: ['invalid', expect.stringContaining('WGSL that compiles')] });
});

test('a bug in a net: found beside what the usual practices make of it', async ({ run }) => {
  const results = await run(async ({ chainrule, load }) => {
    const { netSection } = await load<typeof import('../../src/mutation/net-section.ts')>('/src/mutation/net-section.ts');
    const device = await chainrule.openDevice();
    const net = 'tanh 2-16-2, cross-entropy';
    const results = [];
    for (const { id, group } of netSection.list(device.traits)) {
      if (group !== net || !/no bug|a thousandth too large, .* dx$|the bias gradient never written/.test(id)) continue;
      results.push(await netSection.run(device, id));
    }
    device.destroy();
    return results;
  });
  const clean = results.find(({ name }) => name === 'no bug')!;
  expect(clean).toMatchObject({ outcome: 'passed', net: { backward: true } });
  expect(clean.net!.lastLoss).toBeLessThan(0.5 * clean.net!.firstLoss);
  expect(Object.values(clean.practices!)).toEqual(Object.values(clean.practices!).map(() => false));
  const bugs = results.filter(({ name }) => name !== 'no bug');
  expect(bugs.length).toBeGreaterThanOrEqual(2);
  for (const bug of bugs) expect(bug).toMatchObject({ outcome: 'killed', rightKernel: true, net: { backward: true } });
  // A bias that never learns does not stop the loss from falling.
  expect(bugs.find(({ name }) => name.includes('never written'))!.practices!['the loss falls to half']).toBe(false);
});

test('there are at least 150 curated mutants, and three of every kind of kernel', async ({ run }) => {
  const { texts, steps, kernels, byKernel } = await run(async ({ chainrule, load }, ops) => {
    const { stepKernelCases } = await load<typeof import('../../src/mutation/step-kernels.ts')>('/src/mutation/step-kernels.ts');
    const { mutationsOf, plansOf } = await load<typeof import('../../src/mutation/op-mutations.ts')>('/src/mutation/op-mutations.ts');
    const { applies } = await load<typeof import('../../src/mutation/plant.ts')>('/src/mutation/plant.ts');
    const { proofs } = await load<typeof import('../../src/proof/index.ts')>('/src/proof/index.ts');
    const device = await chainrule.openDevice();
    const { traits } = device;
    const all = new Set<string>();
    const found: Record<string, Set<string>> = {};
    for (const op of ops) {
      for (const { launches } of plansOf(op, traits)) {
        for (const { kernel } of launches) {
          all.add(kernel.name);
          for (const mutant of proofs[op]!.mutants) if (applies(mutant, { kernel: kernel.name, code: kernel.code })) (found[kernel.name] ??= new Set()).add(`${mutant.find} ${mutant.replace}`);
        }
      }
    }
    const texts = ops.reduce((sum, op) => sum + mutationsOf(op, traits).filter((mutation) => mutation.class === 'text').length, 0);
    device.destroy();
    return {
      texts, kernels: [...all], byKernel: Object.fromEntries(Object.entries(found).map(([name, mutants]) => [name, mutants.size])),
      steps: stepKernelCases.map(({ kernel, mutants }) => [kernel.name, mutants.length] as const),
    };
  }, ops);
  expect(texts).toBeGreaterThanOrEqual(150);
  expect(steps.filter(([, count]) => count < 2)).toEqual([]);
  // Formulas that fusion joins are attacked one by one where they stand alone: of a chain one bug is enough.
  expect(kernels.filter((name) => !(byKernel[name]! >= (FORMULAS[name.split('+')[0]!] ? 1 : 3)))).toEqual([]);
});
