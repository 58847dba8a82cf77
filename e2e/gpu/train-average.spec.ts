import { expect, test } from '../harness.ts';

// The moving average of the weights.

type Kit = typeof import('./page-kit.ts');

test('the average is the recurrence computed by hand, from the weights after the first step on; frozen and trained weights are as without it', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, mse, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const found: { worst: number; apart: number; start: boolean; first: boolean; steps: number; names: string[]; same: boolean; launches: string[] }[] = [];
    for (const [decay, accumulate] of [[0.9, 1], [0, 1], [0.75, 2]] as const) {
      const options = { loss: mse(), optimizer: adam({ lr: 0.1 }), batchSize: 2, seed: 1, frozen: ['0.bias'], accumulate };
      await using trainer = await compileShared(sequential(linear(2, 5), tanh(), linear(5, 1)), { ...options, average: { decay } });
      await using plain = await compileShared(sequential(linear(2, 5), tanh(), linear(5, 1)), options);
      const numbers = (tensors: Readonly<Record<string, { data: Float32Array }>>) => ['0.weight', '2.weight', '2.bias'].flatMap((name) => Array.from(tensors[name]!.data));
      const initial = await trainer.state();
      const start = numbers(initial.average!.parameters).join() === numbers(initial.parameters).join() && initial.average!.steps === 0;
      let average: number[] | undefined;
      let worst = 0;
      let apart = 0;
      let first = false;
      for (let i = 0; i < 8; i += 1) {
        const batch = { inputs: Float32Array.of(i, 1, -i, 2), targets: Float32Array.of(i % 3, 1) };
        await trainer.step(batch);
        await plain.step(batch);
        const state = await trainer.state();
        const weights = numbers(state.parameters);
        if ((i + 1) % accumulate === 0) average = average ? average.map((value, at) => value + (1 - decay) * (weights[at]! - value)) : weights;
        const ours = numbers(state.average!.parameters);
        if (i === accumulate - 1) first = ours.join() === weights.join();
        (average ?? weights).forEach((value, at) => {
          worst = Math.max(worst, Math.abs(value - ours[at]!));
          apart = Math.max(apart, Math.abs(weights[at]! - ours[at]!));
        });
      }
      const { average: kept } = await trainer.state();
      found.push({
        worst, apart, start, first, steps: kept!.steps, names: Object.keys(kept!.parameters), same: await trainer.hash() === await plain.hash(),
        launches: trainer.plan.launches.filter(({ label }) => label === 'average').map(({ section, kernel }) => `${section} ${kernel}`),
      });
    }
    return found;
  });
  for (const { worst, start, first, same, names, launches } of result) {
    expect(worst).toBeLessThan(1e-6);
    expect([start, first, same]).toEqual([true, true, true]);
    expect(names).toEqual(['0.weight', '2.weight', '2.bias']);
    expect(launches).toEqual(['firstAverage weight-average/first', 'average weight-average/next']);
  }
  expect(result[0]!.apart).toBeGreaterThan(0.05);
  // Without memory the average is the weights, but for the rounding of a difference that is added again.
  expect(result[1]!.apart).toBeLessThan(1e-6);
  expect(result.map(({ steps }) => steps)).toEqual([8, 8, 4]);
});

test('evaluate and predict with the average: what a trainer with those weights says, bit for bit; nothing changes, and nothing is made anew', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 50 });
    const compiled = (options: object = { average: { decay: 0.98 } }) =>
      compileShared(sequential(linear(2, 8), tanh(), linear(8, 2)), { loss: crossEntropy(), optimizer: adam({ lr: 0.05 }), batchSize: 16, seed: 2, ...options });
    await using trainer = await compiled();
    await trainer.fit(data, { epochs: 5 });
    const { average, parameters } = await trainer.state();
    const hash = await trainer.hash();
    await using other = await compiled({});
    await other.load({ parameters: average!.parameters });
    const ours = [await trainer.evaluate(data, { weights: 'average' }), [...await trainer.predict(data.inputs, { weights: 'average' })]];
    const theirs = [await other.evaluate(data), [...await other.predict(data.inputs)]];
    const trained = [await trainer.evaluate(data), await trainer.evaluate(data, { weights: 'trained' })];
    await other.load({ parameters });
    const again = await other.evaluate(data);
    const { calls } = await counted(() => trainer.evaluate(data, { weights: 'average' }));
    const after = await trainer.state();
    return {
      ours, theirs, trained, again, created: calls.count.createBuffer! + calls.count.createBindGroup! + calls.count.createShaderModule!,
      same: hash === await trainer.hash() && JSON.stringify(average) === JSON.stringify(after.average),
    };
  });
  expect(result.ours).toEqual(result.theirs);
  expect(result.trained).toEqual([result.again, result.again]);
  expect(result.trained[0]).not.toEqual(result.ours[0]);
  expect(result.same).toBe(true);
  expect(result.created).toBe(0);
});

test('the average is saved and goes on; loaded without it, it starts again from the loaded weights', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 40 });
    const compiled = (seed: number, options: object = { average: { decay: 0.9 } }) =>
      compileShared(sequential(linear(2, 8), tanh(), linear(8, 2)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.2 }), batchSize: 8, seed, ...options });
    const text = (average: unknown) => JSON.stringify(average);
    await using whole = await compiled(4);
    await whole.fit(data, { epochs: 4 });
    await using first = await compiled(4);
    await first.fit(data, { epochs: 2 });
    const state = structuredClone(await first.state());
    await using second = await compiled(99);
    await second.fit(data);
    await second.load(state);
    await second.fit(data, { epochs: 2, seed: 4 });
    const resumed = text((await whole.state()).average) === text((await second.state()).average);
    await second.load({ parameters: state.parameters });
    const fresh = await second.state();
    await second.step({ inputs: data.inputs.slice(0, 16), targets: data.targets.slice(0, 8) });
    const one = await second.state();
    await using plain = await compiled(1, {});
    const errors: Record<string, string> = {};
    for (const [name, call] of Object.entries<() => unknown>({
      plain: () => plain.load(state), steps: () => second.load({ ...state, average: { ...state.average!, steps: -1 } }), missing: () => second.load({ ...state, average: { steps: 1, parameters: {} } }),
      null: () => second.load({ ...state, average: null as never }),
      evaluate: () => plain.evaluate(data, { weights: 'average' }), predict: () => plain.predict([[1, 2]], { weights: 'average' }),
      kind: () => second.evaluate(data, { weights: 'mean' as never }), option: () => second.predict([[1, 2]], { weight: 'average' } as never),
      'no decay': () => compiled(1, { average: {} }), 'decay 1': () => compiled(1, { average: { decay: 1 } }), negative: () => compiled(1, { average: { decay: -0.1 } }),
      number: () => compiled(1, { average: 0.9 }), 'null average': () => compiled(1, { average: null }), unknown: () => compiled(1, { average: { decay: 0.9, rate: 1 } }),
    })) errors[name] = (await lib.caught(call)).message;
    const { average, ...rest } = state;
    await plain.load(rest);
    return { resumed, fresh: text(fresh.average!.parameters) === text(state.parameters) && fresh.average!.steps === 0, one: text(one.average!.parameters) === text(one.parameters), errors, steps: average!.steps };
  });
  expect([result.resumed, result.fresh, result.one, result.steps]).toEqual([true, true, true, 10]);
  expect(result.errors).toEqual({
    plain: 'load: needs a trainer compiled with average, got one without it, and a state with average. Compile with average, or leave average out of the state.',
    steps: 'load: needs average.steps to be an integer ≥ 0, got -1.',
    missing: 'load: needs the averages 0.weight, got a state without it (it has none).',
    null: 'load: needs average as state() returns it, got null.',
    evaluate: 'evaluate: needs a trainer that averages its weights, got one that does not. Compile with average: { decay: 0.999 }.',
    predict: 'predict: needs a trainer that averages its weights, got one that does not. Compile with average: { decay: 0.999 }.',
    kind: 'evaluate: needs weights to be "trained" or "average", got "mean".',
    option: expect.stringMatching(/^predict: needs /),
    'no decay': 'compile: needs average.decay to be a finite number ≥ 0 and < 1, got undefined.',
    'decay 1': 'compile: needs average.decay to be a finite number ≥ 0 and < 1, got 1.',
    negative: 'compile: needs average.decay to be a finite number ≥ 0 and < 1, got -0.1.',
    number: 'compile: needs average as { decay: 0.999 }, got 0.9.',
    'null average': 'compile: needs average as { decay: 0.999 }, got null.',
    unknown: expect.stringMatching(/^compile: needs .*decay.*, got .*rate/),
  });
});
