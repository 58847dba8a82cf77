import { expect, test } from '../harness.ts';

// Calls that end early, come at once or come too late.

type Kit = typeof import('./page-kit.ts');

test('abort ends fit with a typed error, keeps what was learnt, and the trainer goes on', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 64 });
    await using trainer = await compileShared(sequential(linear(2, 4), tanh(), linear(4, 2)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 4 });
    const start = await trainer.hash();
    const during = new AbortController();
    const error = await lib.caught(() => trainer.fit(data, { epochs: 1000, signal: during.signal, onStep: ({ step }) => { if (step === 5) during.abort(); } }));
    const steps = trainer.stepCount;
    const kept = await trainer.hash();
    const before = await lib.caught(() => trainer.fit(data, { signal: AbortSignal.abort() }));
    const stepsThen = trainer.stepCount;
    const after = await trainer.fit(data);
    return { error, steps, stepsThen, changed: kept !== start, before, after: after.steps };
  });
  expect(result.error).toMatchObject({ code: 'aborted' });
  expect(result.error.message).toMatch(/^fit: needs no abort, got one in epoch 0/);
  // Three may have been on their way when step 5 was reported.
  expect(result.steps).toBeGreaterThanOrEqual(5);
  expect(result.steps).toBeLessThanOrEqual(5 + 4);
  expect(result.before).toMatchObject({ code: 'aborted' });
  expect(result.stepsThen).toBe(result.steps);
  expect([result.changed, result.after]).toEqual([true, 16]);
});

test('what a callback throws rejects fit, and the trainer can be used again', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, crossEntropy, sgd } = lib.chainrule;
    const { compileShared, unhandled } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 64 });
    await using trainer = await compileShared(sequential(linear(2, 2)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 4 });
    const seen: number[] = [];
    const errors: string[] = [];
    const rejections = await unhandled(async () => {
      errors.push((await lib.caught(() => trainer.fit(data, { onStep: ({ step }) => {
        seen.push(step);
        if (step === 3) throw new RangeError('stop here');
      } }))).message);
      errors.push((await lib.caught(() => trainer.fit(data, { onEpoch: async () => { throw new RangeError('and here'); } }))).message);
      errors.push((await lib.caught(() => trainer.fit(data, { onEpoch: async () => { await trainer.evaluate(data); } }))).message);
    });
    return { seen, errors, rejections, after: (await trainer.fit(data)).steps };
  });
  expect(result.seen).toEqual([1, 2, 3]);
  expect(result.errors).toEqual(['stop here', 'and here', expect.stringMatching(/^evaluate: needs one call at a time, got a call during fit\./)]);
  expect(result.rejections).toEqual([]);
  expect(result.after).toBe(16);
});

test('two calls at once: the second is refused as busy and the first is not disturbed', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, crossEntropy, sgd } = lib.chainrule;
    const { compileShared, unhandled } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 64 });
    const compiled = () => compileShared(sequential(linear(2, 2)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 4 });
    await using alone = await compiled();
    await alone.fit(data, { epochs: 2 });
    await using trainer = await compiled();
    const errors: Record<string, string | undefined> = {};
    const rejections = await unhandled(async () => {
      const running = trainer.fit(data, { epochs: 2 });
      const others: Record<string, () => Promise<unknown>> = {
        fit: () => trainer.fit(data), evaluate: () => trainer.evaluate(data), predict: () => trainer.predict([[1, 2]]), state: () => trainer.state(),
        step: () => trainer.step({ inputs: new Float32Array(2), targets: new Uint32Array(1) }), snapshot: () => trainer.snapshot(),
        load: () => trainer.load({ parameters: {} }), check: () => lib.gradcheck.checkGradients(trainer),
      };
      for (const [name, call] of Object.entries(others)) errors[name] = (await lib.caught(call)).code;
      await running;
    });
    return { errors, rejections, same: await trainer.hash() === await alone.hash(), steps: trainer.stepCount };
  });
  expect(new Set(Object.values(result.errors))).toEqual(new Set(['busy']));
  expect(Object.keys(result.errors)).toHaveLength(8);
  expect(result).toMatchObject({ rejections: [], same: true, steps: 32 });
});

test('destroy: waits for calls under way, ends a fit, refuses what comes later, frees every buffer', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, sgd } = lib.chainrule;
    const { compileShared, patched, unhandled, counted, sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 64 });
    const result: Record<string, unknown> = {};
    let destroyed = 0;
    const { calls } = await counted(() => patched(GPUBuffer.prototype, 'destroy', (original) => function () {
      destroyed += 1;
      return original.apply(this);
    }, async () => {
      result.rejections = await unhandled(async () => {
        const trainer = await compileShared(sequential(linear(2, 4), tanh(), linear(4, 2)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 4 });
        const steps = [1, 2, 3, 4].map(() => trainer.step({ inputs: new Float32Array(8), targets: new Uint32Array(4) }));
        const hash = trainer.hash();
        const ended = trainer.destroy();
        result.steps = (await Promise.all(steps)).map(({ step }) => step);
        result.hash = (await hash).length;
        await ended;
        await trainer.destroy();
        result.later = [(await lib.caught(() => trainer.fit(data))).code, (await lib.caught(() => trainer.step({ inputs: new Float32Array(8), targets: new Uint32Array(4) }))).code];

        const fitting = await compileShared(sequential(linear(2, 4), tanh(), linear(4, 2)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 4 });
        const fit = lib.caught(() => fitting.fit(data, { epochs: 1e6 }));
        await new Promise((resolve) => { setTimeout(resolve, 50); });
        await fitting.destroy();
        result.fit = (await fit).code;

        const inside = await compileShared(sequential(linear(2, 4), tanh(), linear(4, 2)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 4 });
        result.inside = (await lib.caught(() => inside.fit(data, { epochs: 9, onEpoch: () => inside.destroy() }))).code;
        await inside.destroy();
      });
    }));
    (await sharedDevice()).check();
    return { ...result, alive: calls.bufferSizes.length - destroyed };
  });
  expect(result).toEqual({ rejections: [], steps: [1, 2, 3, 4], hash: 64, later: ['disposed', 'disposed'], fit: 'disposed', inside: 'disposed', alive: 0 });
});
