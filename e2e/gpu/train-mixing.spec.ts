import { expect, test } from '../harness.ts';

// Cases in which a program's size, its state or its data could be mistaken for another's.

type Kit = typeof import('./page-kit.ts');

test('predict computes just the examples that it is given, also for a model that mixes them', async ({ run }) => {
  const result = await run(async (lib) => {
    const { module, linear, sub, mean, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    // Each output minus the mean of all: a stale or a padded row would change every one.
    const model = module({ l: linear(2, 1) }, ({ l }, x) => {
      const h = l(x);
      return sub(h, mean(h, { axes: [0], keepDims: true }));
    });
    await using trainer = await compileShared(model, { loss: mse(), optimizer: sgd(), batchSize: 4, seed: 3 });
    const { parameters } = await trainer.state();
    const [w0, w1] = parameters['l.weight']!.data;
    const worst: number[] = [];
    for (const rows of [7, 5, 1, 5000, 5, 2, 3, 4, 6, 8, 9, 10, 11, 7]) {
      const inputs = Float32Array.from({ length: rows * 2 }, (_, i) => Math.sin(i * 0.7 + rows));
      const outputs = await trainer.predict(inputs);
      if (outputs.length !== rows) throw new Error(`${outputs.length} outputs for ${rows} rows`);
      const values = Array.from({ length: rows }, (_, row) => inputs[row * 2]! * w0! + inputs[row * 2 + 1]! * w1!);
      // Up to 4,096 examples are computed together.
      const center = (from: number, to: number): number => values.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
      worst.push(Math.max(...values.map((value, row) => {
        const from = row < 4096 ? 0 : 4096;
        return Math.abs(value - center(from, Math.min(rows, from + 4096)) - outputs[row]!);
      })));
    }
    return worst;
  });
  for (const worst of result) expect(worst).toBeLessThan(1e-5);
});

test('many batch sizes, more than stay compiled, train like one after the other', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, mse, adam, sineRegression } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = sineRegression({ points: 64, seed: 1 });
    const hashes: string[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      await using trainer = await compileShared(sequential(linear(1, 8), tanh(), linear(8, 1)), { loss: mse(), optimizer: adam(), batchSize: 16, seed: 1 });
      await trainer.fit(data, { epochs: 1, batchSize: 5 });
      for (const rows of [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 5, 16, 2]) {
        await trainer.step({ inputs: data.inputs.slice(0, rows), targets: (data.targets as Float32Array).slice(0, rows) });
      }
      await trainer.fit(data, { epochs: 2, batchSize: 5 });
      hashes.push(await trainer.hash());
    }
    return hashes;
  });
  expect(result[1]).toBe(result[0]);
});

test('parameters loaded without optimiser state start it anew; with it, it goes on', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, mse, adam, sineRegression } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = sineRegression({ points: 32, seed: 2 });
    const make = () => compileShared(sequential(linear(1, 4), linear(4, 1)), { loss: mse(), optimizer: adam({ lr: 0.01 }), batchSize: 32, seed: 7 });
    await using trained = await make();
    await trained.fit(data, { epochs: 40 });
    const state = await trained.state();
    const batch = { inputs: data.inputs, targets: data.targets as Float32Array };
    const after = async (given: Parameters<typeof trained.load>[0]): Promise<{ hash: string; step: number; optimizerStep: number; moved: number }> => {
      await using trainer = await make();
      await trainer.load(given);
      await trainer.step(batch);
      const now = await trainer.state();
      const moved = Math.max(...Object.entries(now.parameters).flatMap(([name, { data: values }]) => Array.from(values, (value, i) => Math.abs(value - state.parameters[name]!.data[i]!))));
      return { hash: await trainer.hash(), step: now.step, optimizerStep: now.optimizer.step, moved };
    };
    const { optimizer: _, ...without } = state;
    return { whole: await after(state), without: await after(without), parametersAlone: await after({ parameters: state.parameters }) };
  });
  expect([result.whole.step, result.whole.optimizerStep]).toEqual([41, 41]);
  expect([result.without.step, result.without.optimizerStep]).toEqual([41, 1]);
  // Adam's first step moves every weight that has a gradient by the learning rate, whatever came before.
  expect(result.without.moved).toBeCloseTo(0.01, 4);
  expect(result.without.hash).toBe(result.parametersAlone.hash);
  expect(result.whole.hash).not.toBe(result.without.hash);
});

test('data changed in place between two fits is seen, resident or not', async ({ run }) => {
  const hashes = await run(async (lib) => {
    const { sequential, linear, mse, sgd, sineRegression } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const found: string[] = [];
    for (const resident of [true, false]) {
      const data = sineRegression({ points: 16, seed: 2 });
      await using trainer = await compileShared(sequential(linear(1, 1)), { loss: mse(), optimizer: sgd(), batchSize: 8, seed: 7 });
      await trainer.fit(data, { resident });
      data.inputs.reverse();
      await trainer.fit(data, { resident });
      found.push(await trainer.hash());
    }
    return found;
  });
  expect(hashes[0]).toBe(hashes[1]);
});

test('sequences have one class index for each place', async ({ run }) => {
  const result = await run(async (lib) => {
    const { dataset, module, linear, reshape, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    // Each place's class is the sign of its number.
    const inputs = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * 1.3));
    const data = dataset({ inputs, inputShape: [5], targets: Uint32Array.from(inputs, (x) => (x > 0 ? 1 : 0)), targetShape: [5], classes: 2 });
    const model = module({ l: linear(1, 2) }, ({ l }, x) => l(reshape(x, [...x.shape, 1])), { inputShape: [5] });
    await using trainer = await compileShared(model, { loss: crossEntropy(), optimizer: adam({ lr: 0.3 }), batchSize: 5, seed: 1 });
    await trainer.fit(data, { epochs: 40 });
    const report = await lib.gradcheck.checkGradients(trainer);
    return { accuracy: (await trainer.evaluate(data)).accuracy!, passed: report.passed, total: report.total };
  });
  expect(result.accuracy).toBeGreaterThan(0.95);
  expect([result.passed, result.total]).toEqual([true, 4]);
});
