import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

test('a net of a million parameters: every gradient proven, the reference certified along directions', async ({ run }) => {
  test.setTimeout(300_000);
  const result = await run(async (lib) => {
    const { sequential, linear, relu, crossEntropy, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const model = sequential(linear(784, 1000), relu(), linear(1000, 250), relu(), linear(250, 10));
    await using trainer = await compileShared(model, { loss: crossEntropy(), optimizer: sgd(), batchSize: 8, seed: 1 });
    const batch = { inputs: Float32Array.from({ length: 8 * 784 }, (_, i) => Math.max(0, Math.sin(i * 0.37))), targets: Uint32Array.from({ length: 8 }, (_, i) => i * 3 % 10) };
    const phases: string[] = [];
    const started = performance.now();
    const report = await lib.gradcheck.checkGradients(trainer, { batch, onProgress: ({ phase }) => { if (phases.at(-1) !== phase) phases.push(phase); } });
    const seconds = (performance.now() - started) / 1000;
    return { seconds, phases, text: String(report), passed: report.passed, proven: report.proven, total: report.total, coverage: report.tensors.map(({ name, count, coverage }) => ({ name, count, coverage })) };
  });
  expect([result.passed, result.proven, result.total], result.text).toEqual([true, 1_037_760, 1_037_760]);
  expect(result.phases).toEqual(['snapshot', 'references', 'witnesses', 'verdict']);
  const [weight, ...others] = result.coverage;
  expect([weight.name, weight.coverage?.method, weight.coverage?.directions?.count]).toEqual(['0.weight', 'directions', 7]);
  expect(weight.coverage!.directions!.miss).toBeLessThan(1e-9);
  for (const { count, coverage } of others) expect([coverage?.method, coverage?.differenced]).toEqual(['every element', count]);
  test.info().annotations.push({ type: 'seconds', description: result.seconds.toFixed(1) });
  // 20 s on two idle cores; the suite shares them.
  expect(result.seconds).toBeLessThan(120);
});

test('any number of workers gives the same report, and an abort ends them all', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, crossEntropy, sgd } = lib.chainrule;
    const { checkGradients } = lib.gradcheck;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(30, 20), tanh(), linear(20, 5)), { loss: crossEntropy(), optimizer: sgd(), batchSize: 6, seed: 2 });
    const batch = { inputs: Float32Array.from({ length: 180 }, (_, i) => Math.sin(i)), targets: Uint32Array.from({ length: 6 }, (_, i) => i % 5) };
    const reports: string[] = [];
    const progress: { of: number; checked: number; total: number; phase: string }[] = [];
    for (const coverage of ['every element', 'directions'] as const) {
      for (const options of [{ worker: false }, { workers: 1 }, { workers: 2 }, { workers: 3 }]) {
        const report = await checkGradients(trainer, { batch, coverage, ...options, onProgress: ({ checked, total, phase }) => { progress.push({ of: reports.length, checked, total, phase }); } });
        reports.push(JSON.stringify({ ...report, seconds: 0 }));
      }
    }
    const errors: Record<string, { code?: string; message: string }> = {};
    const controller = new AbortController();
    errors.abort = await lib.caught(() => checkGradients(trainer, { batch, workers: 3, signal: controller.signal, onProgress: ({ phase }) => { if (phase === 'witnesses') controller.abort(); } }));
    for (const [name, options] of Object.entries({ workers: { workers: 0 }, many: { workers: 17 }, half: { workers: 1.5 }, coverage: { coverage: 'some' } })) {
      errors[name] = await lib.caught(() => checkGradients(trainer, { batch, ...options } as never));
    }
    return { reports, progress, errors, after: (await checkGradients(trainer, { batch, workers: 2 })).passed };
  });
  const [every, directions] = [result.reports.slice(0, 4), result.reports.slice(4)];
  for (const of of [every, directions]) expect(new Set(of).size).toBe(1);
  expect(every[0]).not.toBe(directions[0]);
  expect(JSON.parse(every[0])).toMatchObject({ passed: true, proven: 725, total: 725 });
  for (let of = 0; of < 8; of++) {
    const steps = result.progress.filter((step) => step.of === of);
    steps.forEach(({ checked }, i) => expect(checked).toBeGreaterThanOrEqual(steps[i - 1]?.checked ?? 0));
    expect(steps[0]).toMatchObject({ phase: 'snapshot', total: 0 });
    expect(steps.at(-1)).toMatchObject({ phase: 'verdict', checked: 725, total: 725 });
  }
  const codes = Object.fromEntries(Object.entries(result.errors).map(([name, { code }]) => [name, code]));
  expect(codes).toEqual({ abort: 'aborted', workers: 'option', many: 'option', half: 'option', coverage: 'option' });
  expect(result.after).toBe(true);
});
