import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

test('watched training ends with the same bits as unwatched training, and its steps cost nothing more', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, relu, crossEntropy, adam, spiral } = lib.chainrule;
    const { verifyEvery } = lib.gradcheck;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = spiral({ points: 500, seed: 1 });
    const found = [];
    for (const every of [0, 20]) {
      // The net of the README.
      await using trainer = await compileShared(sequential(linear(2, 16), relu(), linear(16, 2)), { loss: crossEntropy(), optimizer: adam({ lr: 0.03 }), batchSize: 32, seed: 42 });
      // What is made once, for the data and for the device's calibration, is no cost of a step.
      await trainer.fit(data);
      await lib.gradcheck.checkGradients(trainer, { batchSize: 32 });
      const reports: { step: number; passed: boolean; proven: number; total: number; differenced: number[] }[] = [];
      const losses: number[] = [];
      const watch = every > 0 ? verifyEvery(every, { elements: 3, onReport: (report, step) => {
        reports.push({ step, passed: report.passed, proven: report.proven, total: report.total, differenced: report.tensors.map(({ coverage }) => coverage!.differenced) });
      } }) : undefined;
      const { calls } = await counted(() => trainer.fit(data, { epochs: 8, onStep: (step, training) => {
        losses.push(step.loss);
        return watch?.(step, training);
      } }));
      const { optimizer, step } = await trainer.state();
      found.push({ hash: await trainer.hash(), losses: losses.join(), step, moments: Object.values(optimizer.state).map(({ data: numbers }) => numbers.join()).join(), reports, count: calls.count, launches: trainer.plan.launches.length });
    }
    return found;
  });
  const [plain, watched] = result as [typeof result[0], typeof result[0]];
  for (const key of ['hash', 'losses', 'step', 'moments'] as const) expect(watched[key], key).toBe(plain[key]);
  // 128 steps follow the 16 of the first epoch: 6 checks at most, fewer where one was still busy.
  expect(watched.reports.length).toBeGreaterThanOrEqual(1);
  expect(watched.reports.length).toBeLessThanOrEqual(7);
  for (const { passed, proven, total, differenced } of watched.reports) {
    expect(passed).toBe(true);
    expect([proven, total]).toEqual([82, 82]);
    expect(differenced).toEqual([3, 3, 3, 2]);
  }
  // A step: one submit, and its launches. A check: the forward and backward launches once more.
  const checks = watched.reports.length;
  const extra = { dispatches: watched.count.dispatchWorkgroups! - plain.count.dispatchWorkgroups!, submits: watched.count.submit! - plain.count.submit!, pipelines: watched.count.createComputePipelineAsync! - plain.count.createComputePipelineAsync! };
  console.log(`${checks} checks in 128 steps: ${extra.dispatches} dispatches and ${extra.submits} submits besides training's ${plain.count.dispatchWorkgroups} and ${plain.count.submit}`);
  expect(extra.dispatches).toBeLessThanOrEqual(checks * plain.launches);
  expect(extra.dispatches).toBeGreaterThan(0);
  expect(extra.pipelines).toBe(0);
});

test('a bug planted in a kernel stops training at the first check, with a report that names the kernel', async ({ run }) => {
  const result = await run(async (lib) => {
    const { compile, openDevice, sequential, linear, relu, crossEntropy, adam, spiral } = lib.chainrule;
    const { verifyEvery, GradientError } = lib.gradcheck;
    const device = await openDevice();
    let planted = 0;
    const trainer = await compile(sequential(linear(2, 16), relu(), linear(16, 2)), {
      device, loss: crossEntropy(), optimizer: adam({ lr: 0.03 }), batchSize: 32, seed: 42,
      alter: (plan) => ({ ...plan, launches: plan.launches.map((launch) => {
        const code = launch.kernel.code.replaceAll('select(Value(0.0), dout, y > Value(0.0))', 'dout');
        if (code !== launch.kernel.code) planted += 1;
        return { ...launch, kernel: { ...launch.kernel, code } };
      }) }),
    });
    const losses: number[] = [];
    const watch = verifyEvery(10);
    const checked: number[] = [];
    const error: unknown = await trainer.fit(spiral({ points: 1000, seed: 1 }), { epochs: 400, onStep: (step, training) => {
      losses.push(step.loss);
      const check = watch(step, training);
      if (check) checked.push(step.step);
      return check;
    } }).catch((reason: unknown) => reason);
    if (!(error instanceof GradientError)) throw new Error(`needs a GradientError, got ${String(error)}`);
    // The trainer is whole: it goes on.
    const { steps } = await trainer.fit(spiral({ points: 64, seed: 1 }));
    const { blame, verdict } = error.report;
    device.destroy();
    return { planted, losses, checked, message: error.message, code: error.code, verdict, blame, steps, kernels: trainer.plan.launches.map(({ kernel }) => kernel) };
  });
  expect(result.planted).toBeGreaterThan(0);
  expect(result.checked).toEqual([10]);
  expect(result.losses.length).toBeLessThan(400 * 32);
  // The loss falls all the same: nobody would have noticed.
  expect(result.losses.slice(-5).reduce((a, b) => a + b) / 5).toBeLessThan(result.losses[0]!);
  expect(result.code).toBe('gradients');
  expect(result.verdict).toBe('fail');
  expect(result.message).toMatch(/^verifyEvery: needs right gradients after step 10, got:\n\n✗ \d+ of 82 gradients fail on .+: /);
  expect(result.kernels).toContain(result.blame!.launch!.kernel);
  expect(result.message).toContain(result.blame!.launch!.kernel);
  expect(result.steps).toBe(2);
});

test('a snapshot in fit is that of the moment; a promise of onStep that rejects ends fit; an abort ends what is waiting', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, mse, sgd, sineRegression } = lib.chainrule;
    const { compileShared, unhandled } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = sineRegression({ points: 30, seed: 1 });
    const make = () => compileShared(sequential(linear(1, 4), tanh(), linear(4, 1)), { loss: mse(), optimizer: sgd(), batchSize: 8, seed: 1 });
    await using trainer = await make();
    const rows: (number | undefined)[] = [];
    let kept: { snapshot(): Promise<unknown> } | undefined;
    await trainer.fit(data, { epochs: 2, onStep: async ({ step }, training) => {
      if (step !== 1 && step !== 8) return;
      // The last step's request is served after the last step.
      const snapshots = [await training.snapshot(), await training.snapshot({ batchSize: 3 })];
      rows.push(...snapshots.map(({ graph }) => graph.tensors.find(({ name }) => name === 'inputs')!.shape[0]));
      kept = training;
    } });
    const errors: Record<string, unknown> = { late: await lib.caught(() => kept!.snapshot()) };
    const loose = await unhandled(async () => {
      errors.rejects = await lib.caught(() => trainer.fit(data, { epochs: 50, onStep: async ({ step }) => { if (step % 8 === 3) throw new RangeError('mine'); } }));
      errors.throws = await lib.caught(() => trainer.fit(data, { onStep: () => { throw new RangeError('mine'); } }));
      errors.batchSize = await lib.caught(() => trainer.fit(data, { onStep: async (_, training) => { await training.snapshot({ batchSize: 0 }); } }));
      errors.option = await lib.caught(() => trainer.fit(data, { onStep: async (_, training) => { await training.snapshot({ rows: 1 } as never); } }));
      const controller = new AbortController();
      let signalled = false;
      errors.aborted = await lib.caught(() => trainer.fit(data, { signal: controller.signal, onStep: (_, training) => new Promise((resolve) => {
        training.signal.addEventListener('abort', () => { signalled = true; resolve(); });
        setTimeout(() => controller.abort(), 30);
      }) }));
      errors.signalled = signalled;
      const other = await make();
      errors.destroyed = await lib.caught(() => other.fit(data, { onStep: () => { void other.destroy(); return new Promise(() => undefined); } }));
    });
    for (const [name, call] of Object.entries<() => unknown>({
      zero: () => lib.gradcheck.verifyEvery(0), text: () => lib.gradcheck.verifyEvery('5' as never), elements: () => lib.gradcheck.verifyEvery(5, { elements: 0 }), unknown: () => lib.gradcheck.verifyEvery(5, { element: 1 } as never), report: () => lib.gradcheck.verifyEvery(5, { onReport: 1 as never }),
    })) errors[`verifyEvery ${name}`] = await lib.caught(call);
    return { rows, errors: errors as Record<string, { name: string; code?: string; message: string }>, loose };
  });
  // The step that comes next has 8 examples, or 6 where it is the last of an epoch.
  expect([6, 8]).toContain(result.rows[0]);
  expect(result.rows.slice(1)).toEqual([3, 6, 3]);
  expect(result.loose).toEqual([]);
  const { errors } = result;
  expect(errors.late).toMatchObject({ code: 'state', message: expect.stringContaining('one that has ended') });
  for (const name of ['rejects', 'throws']) expect(errors[name], name).toMatchObject({ name: 'RangeError', message: 'mine' });
  expect(errors.batchSize).toMatchObject({ code: 'option', message: 'snapshot: needs batchSize to be an integer ≥ 1, got 0.' });
  expect(errors.option).toMatchObject({ code: 'option' });
  expect(errors.aborted).toMatchObject({ code: 'aborted' });
  expect(errors.signalled).toBe(true);
  expect(errors.destroyed).toMatchObject({ code: 'disposed' });
  for (const name of ['zero', 'text', 'elements', 'unknown', 'report']) expect(errors[`verifyEvery ${name}`], name).toMatchObject({ code: 'option', message: expect.stringMatching(/^verifyEvery: needs .+, got .+\.$/) });
});

test('checks that prove nothing are told once where nobody asked for reports', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, relu, mse, sgd, sineRegression, constant } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    // Dead from the start: all of the first layer's gradients are 0.
    const dead = sequential(linear(1, 4, { weightInitializer: constant(0), biasInitializer: constant(-1) }), relu(), linear(4, 1));
    const warnings: string[] = [];
    const warn = console.warn;
    console.warn = (...parts: unknown[]) => { warnings.push(parts.join(' ')); };
    const verdicts: string[] = [];
    try {
      for (const onReport of [undefined, (report: { verdict: string }) => { verdicts.push(report.verdict); }]) {
        await using trainer = await compileShared(dead, { loss: mse(), optimizer: sgd(), batchSize: 10, seed: 1 });
        const watch = lib.gradcheck.verifyEvery(2, { worker: false, ...(onReport ? { onReport } : {}) });
        await trainer.fit(sineRegression({ points: 40, seed: 1 }), { epochs: 3, onStep: (step, training) => watch(step, training) });
      }
    } finally {
      console.warn = warn;
    }
    return { warnings, verdicts };
  });
  expect(result.verdicts.length).toBeGreaterThan(0);
  expect(new Set(result.verdicts)).toEqual(new Set(['nothing-to-check']));
  expect(result.warnings).toEqual([expect.stringMatching(/^verifyEvery: the check after step \d+ proved nothing \(nothing-to-check\): a gradient is all zero, .+ This is said once\.$/)]);
});
