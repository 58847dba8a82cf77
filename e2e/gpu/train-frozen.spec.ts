import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

test('frozen parameters keep their bits, are saved, cost no gradient work and are listed as frozen', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, mse, adamW, sineRegression } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = sineRegression({ points: 40, seed: 1 });
    const make = (frozen: string[]) => compileShared(sequential(linear(1, 8), tanh(), linear(8, 8), tanh(), linear(8, 1)), {
      loss: mse(), optimizer: adamW({ lr: 0.01, weightDecay: 0.1 }), batchSize: 20, seed: 2, frozen, diagnostics: true,
    });
    await using all = await make([]);
    await using some = await make(['0', '2.bias']);
    const before = await some.state();
    await some.fit(data, { epochs: 3 });
    const after = await some.state();
    const { report } = await some.step({ inputs: data.inputs.slice(0, 20), targets: data.targets.slice(0, 20) as Float32Array });
    const same = Object.fromEntries(Object.entries(after.parameters).map(([name, { data: numbers }]) => [name, numbers.every((value, i) => Object.is(value, before.parameters[name]!.data[i]))]));
    const checked = await lib.gradcheck.checkGradients(some, { batchSize: 5 });
    // A state goes into another trainer of the same kind, and parameters alone into one with nothing frozen.
    await using other = await make(['0', '2.bias']);
    await other.load(after);
    await all.load({ parameters: after.parameters });
    return {
      same, slots: Object.keys(after.optimizer.state), counts: [all.parameterCount, some.parameterCount], diagnosed: (await report).diagnostics!.tensors.map(({ name }) => name),
      launches: [all.plan.launches.length, some.plan.launches.length], passed: checked.passed, text: String(checked), frozen: checked.frozen, proven: checked.proven,
      json: JSON.stringify(checked), hashes: [(await other.hash()), (await all.hash())], predictions: [await other.predict(data.inputs), await all.predict(data.inputs)].map((values) => values.join()),
    };
  });
  expect(result.same).toEqual({ '0.weight': true, '0.bias': true, '2.weight': false, '2.bias': true, '4.weight': false, '4.bias': false });
  expect(result.slots).toEqual(['2.weight.expAvg', '4.weight.expAvg', '4.bias.expAvg', '2.weight.expAvgSq', '4.weight.expAvgSq', '4.bias.expAvgSq']);
  expect(result.counts).toEqual([97, 73]);
  expect(result.diagnosed).toEqual(['2.weight', '4.weight', '4.bias']);
  expect(result.launches[1]).toBeLessThan(result.launches[0]!);
  expect(result.passed, result.text).toBe(true);
  expect(result.proven).toBe(73);
  expect(result.frozen).toEqual(['0.weight', '0.bias', '2.bias']);
  expect(result.text).toContain('frozen (no gradient): 0.weight, 0.bias, 2.bias');
  expect(JSON.parse(result.json).frozen).toEqual(result.frozen);
  expect(result.hashes[0]).toBe(result.hashes[1]);
  expect(result.predictions[0]).toBe(result.predictions[1]);
});

test('a shared layer is frozen wherever it stands, and names that freeze nothing are refused', async ({ run }) => {
  const { errors, passed, frozen, total } = await run(async (lib) => {
    const { sequential, linear, module, tanh, add, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const shared = linear(3, 3);
    const model = () => module({ encoder: sequential(shared, tanh()), last: linear(3, 1), again: shared }, ({ encoder, last, again }, x) => last(add(encoder(x), again(encoder(x)))));
    await using trainer = await compileShared(model(), { loss: mse(), optimizer: sgd(), batchSize: 4, frozen: ['encoder'] });
    const report = await lib.gradcheck.checkGradients(trainer);
    const errors: Record<string, string> = {};
    for (const [name, frozen] of Object.entries({ unknown: ['encoder.1'], part: ['enc'], second: ['again'], all: ['encoder', 'last'], text: 'encoder', number: [1], null: null })) {
      errors[name] = (await lib.caught(() => compileShared(model(), { loss: mse(), optimizer: sgd(), frozen: frozen as never }))).message;
    }
    return { errors, passed: report.passed, frozen: report.frozen, total: report.total };
  });
  expect(passed).toBe(true);
  expect(frozen).toEqual(['encoder.0.weight', 'encoder.0.bias']);
  expect(total).toBe(4);
  for (const [name, message] of Object.entries(errors)) expect(message, name).toMatch(/^compile: needs .+, got .+\./);
  expect(errors.unknown).toContain('needs frozen to name parameters or layers that have some (encoder.0.weight, ');
  expect(errors.second).toContain('goes by its first name');
  expect(errors.all).toContain('at least one parameter that is not frozen, got all 4 of them frozen');
});
