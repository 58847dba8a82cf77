import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

test('an L2 penalty is part of the loss and of its gradients; off it launches nothing', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, mse, sgd, l2 } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const batch = { inputs: Float32Array.from({ length: 21 }, (_, i) => Math.sin(i)), targets: Float32Array.from({ length: 7 }, (_, i) => Math.cos(i)) };
    const data = lib.chainrule.dataset({ inputs: Array.from({ length: 7 }, (_, i) => Array.from(batch.inputs.subarray(3 * i, 3 * i + 3))), targets: Array.from(batch.targets, (value) => [value]) });
    const found = [];
    for (const regularization of [undefined, l2(0), l2(0.3), l2(0.3, { biases: true })]) {
      await using trainer = await compileShared(sequential(linear(3, 5), tanh(), linear(5, 1)), { loss: mse(), optimizer: sgd({ lr: 1e-30 }), batchSize: 7, seed: 1, ...(regularization ? { regularization } : {}) });
      const { parameters } = await trainer.state();
      const squares = (names: string[]) => names.reduce((sum, name) => sum + parameters[name]!.data.reduce((part, w) => part + w * w, 0), 0);
      const loss = await (await trainer.step(batch)).loss;
      const report = await lib.gradcheck.checkGradients(trainer, { batch });
      found.push({
        loss, evaluated: (await trainer.evaluate(data)).loss, penalty: 0.15 * squares(['0.weight', '2.weight']), withBiases: 0.15 * squares(Object.keys(parameters)),
        passed: report.passed, text: String(report), objective: report.objective, launches: trainer.plan.launches.length,
      });
    }
    return found;
  });
  const [plain, off, on, biases] = result as [typeof result[0], typeof result[0], typeof result[0], typeof result[0]];
  for (const { passed, text, objective, loss } of result) {
    expect(passed, text).toBe(true);
    expect(objective.gpu).toBe(loss);
    expect(objective.reference).toBeCloseTo(loss, 5);
  }
  expect(off.loss).toBe(plain.loss);
  expect(off.launches).toBe(plain.launches);
  expect(on.loss).toBeCloseTo(plain.loss + on.penalty, 5);
  expect(biases.loss).toBeCloseTo(plain.loss + biases.withBiases, 5);
  // One launch forward and one backward for each weight, and one that adds the penalties to the loss.
  expect(on.launches - plain.launches).toBeLessThanOrEqual(5);
  // The loss on other data says how well the net fits: without the penalty.
  expect(on.evaluated).toBeCloseTo(plain.evaluated, 5);
});

test('one step with the penalty is one step of weight decay: PyTorch\'s weight_decay = λ', async ({ run }) => {
  const [penalty, decay] = await run(async (lib) => {
    const { sequential, linear, mse, sgd, l2 } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const ends: number[][] = [];
    for (const options of [{ optimizer: sgd({ lr: 0.1 }), regularization: l2(0.2, { biases: true }) }, { optimizer: sgd({ lr: 0.1, weightDecay: 0.2 }) }]) {
      await using trainer = await compileShared(sequential(linear(2, 3), linear(3, 1)), { loss: mse(), batchSize: 2, seed: 3, ...options });
      for (let step = 0; step < 5; step++) await trainer.step({ inputs: Float32Array.of(1, 2, 3, 4), targets: Float32Array.of(1, -1) });
      ends.push(Object.values((await trainer.state()).parameters).flatMap(({ data }) => Array.from(data)));
    }
    return ends;
  });
  penalty!.forEach((value, i) => expect(value).toBeCloseTo(decay![i]!, 5));
  expect(penalty!.length).toBe(13);
});

test('bad regularisations are refused by rule', async ({ run }) => {
  const errors = await run(async (lib) => {
    const { sequential, linear, mse, sgd, l2 } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const errors: Record<string, { code?: string; message: string }> = {};
    for (const [name, make] of Object.entries<() => unknown>({
      negative: () => l2(-1), NaN: () => l2(NaN), text: () => l2('1' as never), unknown: () => l2(1, { bias: true } as never), biases: () => l2(1, { biases: 1 } as never),
    })) errors[name] = await lib.caught(make);
    for (const [name, regularization] of Object.entries({ number: 1e-4, object: {}, vector: { name: 'mine', penalty: (parameters: { tensor: unknown }[]) => parameters[0]!.tensor } })) {
      errors[name] = await lib.caught(() => compileShared(sequential(linear(2, 1)), { loss: mse(), optimizer: sgd(), regularization: regularization as never }));
    }
    return errors;
  });
  for (const [name, { message }] of Object.entries(errors)) expect(message, name).toMatch(/^(l2|compile|regularization): needs .+, got .+\./);
  expect(errors.vector!.message).toContain('a penalty that is one number, a tensor of shape []');
});

test('L1, alone and with L2 (the elastic net), is part of the loss, and its gradient λ·sign(w) is proven', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, mse, sgd, sineRegression, l1, l2, constant } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = sineRegression({ points: 21, seed: 2 });
    const batch = { inputs: data.inputs, targets: data.targets };
    // Zeros among the weights: their gradient is that of the data alone.
    const model = () => sequential(linear(1, 5), tanh(), linear(5, 4, { weightInitializer: { name: 'sparse', fill: ([rows, columns]) => Float32Array.from({ length: rows! * columns! }, (_, i) => (i % 3) * (i % 2 ? 0.4 : -0.3)) } }), linear(4, 1, { biasInitializer: constant(0.25) }));
    const found: { loss: number; evaluated: number; ones: number; biases: number; squares: number; passed: boolean; text: string; launches: number }[] = [];
    for (const regularization of [undefined, l1(0), l1(0.2), l1(0.2, { biases: true }), [l1(0.2), l2(0.3)], [l2(0.3)]]) {
      await using trainer = await compileShared(model(), { loss: mse(), optimizer: sgd({ lr: 1e-30 }), batchSize: 21, seed: 1, ...(regularization ? { regularization } : {}) });
      const { parameters } = await trainer.state();
      const sum = (of: (w: number) => number, names: string[]) => names.reduce((total, name) => total + parameters[name]!.data.reduce((part, w) => part + of(w), 0), 0);
      const weights = ['0.weight', '2.weight', '3.weight'];
      const loss = await (await trainer.step(batch)).loss;
      const report = await lib.gradcheck.checkGradients(trainer, { batch });
      found.push({
        loss, evaluated: (await trainer.evaluate(data)).loss, ones: 0.2 * sum(Math.abs, weights), biases: 0.2 * sum(Math.abs, Object.keys(parameters)), squares: 0.15 * sum((w) => w * w, weights),
        passed: report.passed, text: String(report), launches: trainer.plan.launches.length,
      });
    }
    return found;
  });
  const [plain, off, ones, biases, elastic, squares] = result as [typeof result[0], typeof result[0], typeof result[0], typeof result[0], typeof result[0], typeof result[0]];
  for (const { passed, text, evaluated } of result) {
    expect(passed, text).toBe(true);
    expect(evaluated).toBeCloseTo(plain.evaluated, 5);
  }
  expect([off.loss, off.launches]).toEqual([plain.loss, plain.launches]);
  expect(ones.loss).toBeCloseTo(plain.loss + ones.ones, 5);
  expect(biases.loss).toBeCloseTo(plain.loss + biases.biases, 5);
  expect(biases.biases).toBeGreaterThan(ones.ones + 0.01);
  expect(elastic.loss).toBeCloseTo(plain.loss + elastic.ones + elastic.squares, 5);
  expect(squares.loss).toBeCloseTo(plain.loss + squares.squares, 5);
});

test('L1 drives weights that nothing needs towards 0', async ({ run }) => {
  const [none, some] = await run(async (lib) => {
    const { sequential, linear, mse, adam, l1, dataset } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    // The target is the first of eight inputs.
    const inputs = Float32Array.from({ length: 8 * 40 }, (_, i) => Math.sin(i * i + 1));
    const data = dataset({ inputs, inputShape: [8], targets: Float32Array.from({ length: 40 }, (_, i) => 2 * inputs[i * 8]!) });
    const ends: number[][] = [];
    for (const regularization of [[], [l1(0.1)]]) {
      await using trainer = await compileShared(sequential(linear(8, 4), linear(4, 1)), { loss: mse(), optimizer: adam({ lr: 0.02 }), batchSize: 40, seed: 1, ...(regularization.length > 0 ? { regularization } : {}) });
      await trainer.fit(data, { epochs: 300 });
      ends.push(Object.entries((await trainer.state()).parameters).flatMap(([name, { data: numbers }]) => (name.endsWith('weight') ? Array.from(numbers, Math.abs) : [])));
    }
    return ends;
  });
  const small = (weights: readonly number[]): number => weights.filter((weight) => weight < 0.01).length;
  expect(small(some!)).toBeGreaterThan(small(none!) + 15);
});

test('bad lists of penalties and bad options of l1 are refused', async ({ run }) => {
  const errors = await run(async (lib) => {
    const { sequential, linear, mse, sgd, l1, l2 } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const compiled = (regularization: unknown) => compileShared(sequential(linear(2, 1)), { loss: mse(), optimizer: sgd(), regularization: regularization as never });
    const errors: Record<string, string> = {};
    for (const [name, make] of Object.entries<() => unknown>({
      negative: () => l1(-1), infinite: () => l1(Infinity), option: () => l1(1, { bias: true } as never), biases: () => l1(1, { biases: 'yes' as never }),
      empty: () => compiled([]), null: () => compiled(null), part: () => compiled([l2(1), undefined]), nested: () => compiled([[l2(1)]]),
    })) errors[name] = (await lib.caught(make)).message;
    return errors;
  });
  for (const [name, message] of Object.entries(errors)) expect(message, name).toMatch(/^(l1|compile): needs .+, got .+\./);
  expect(errors.negative).toBe('l1: needs lambda to be a finite number ≥ 0, got -1.');
  expect(errors.empty).toBe('compile: needs a regularization such as l2(1e-4), or a list of some, got an empty list.');
  expect(errors.part).toBe('compile: needs a regularization such as l2(1e-4), or a list of some, got undefined.');
});
