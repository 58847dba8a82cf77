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
