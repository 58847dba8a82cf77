import { ops } from '../../src/ops/index.ts';
import { expect, test } from '../harness.ts';

test('proves every op on this adapter in seconds, and compiles each kernel once', async ({ run }) => {
  const found = await run(async ({ chainrule, gradcheck, load }) => {
    const { counted } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const runs = [];
    // All ops once, and some of them on two more devices.
    const some = ['matmul', 'relu', 'softmax', 'lstm', 'sum'];
    for (const ops of [undefined, some, some]) {
      const device = await chainrule.openDevice();
      const progress: (readonly [done: number, total: number, result: string | undefined])[] = [];
      const { value, calls } = await counted(() => gradcheck.selfTest(device, { ...(ops ? { ops } : {}), onProgress: ({ done, total, result }) => progress.push([done, total, result?.op]) }));
      runs.push({ test: { ...value }, text: String(value), progress, pipelines: calls.count.createComputePipelineAsync, shaders: calls.shaders.length, different: new Set(calls.shaders).size, dispatches: calls.count.dispatchWorkgroups });
      device.destroy();
    }
    return runs;
  });
  const [{ test: first, progress, pipelines, shaders, different, dispatches }, { test: second }, { test: third }] = found;
  console.log(found[0].text);
  expect(first.passed, found[0].text).toBe(true);
  expect([first.schema, first.extent]).toEqual(['chainrule/self-test/1', 'core']);
  expect(first.ops.map(({ op }) => op)).toEqual(Object.keys(ops));
  for (const { op, runs, failed, elements, worstSigma, margin, kernels, verdict } of first.ops) {
    expect([op, verdict === 'pass' || verdict === 'kink', runs > 0, failed, elements > 0, kernels.length > 0]).toEqual([op, true, true, 0, true, true]);
    expect(worstSigma, op).toBeGreaterThanOrEqual(0);
    expect(margin, op).toBeLessThanOrEqual(1);
  }
  // Compiling is what takes time: each text once, and no more of them than a few seconds have room for.
  expect([pipelines, shaders, different]).toEqual([different, different, first.kernels.count + 1]);
  expect(pipelines / first.ops.length).toBeLessThan(4.5);
  expect(dispatches / first.ops.length).toBeLessThan(9);
  // Some seconds on a machine with nothing else to do: a factor of ten is room for others.
  expect(first.seconds.total).toBeLessThan(60);
  expect(first.calibration.rows.length).toBeGreaterThan(8);
  for (const { name, measured, used, points } of first.calibration.rows) expect([name, measured <= used || measured > 100, points > 100]).toEqual([name, true, true]);
  // Progress ends where it said it would, with one result for each op.
  expect(progress.at(-1)!.slice(0, 2)).toEqual([progress[0][1], progress[0][1]]);
  expect(progress.flatMap(([, , op]) => op ?? [])).toEqual(Object.keys(ops));
  // Two reports can be compared.
  expect(first.kernels.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(third.kernels).toEqual(second.kernels);
  expect(second.kernels.hash).not.toBe(first.kernels.hash);
  const errors = (ops: typeof first.ops): string[] => ops.map(({ op, worstSigma }) => `${op} ${worstSigma}`);
  expect(errors(third.ops)).toEqual(errors(second.ops));
  // In the order of the library, not of the list.
  expect(second.ops.map(({ op }) => op)).toEqual(Object.keys(ops).filter((op) => ['matmul', 'relu', 'softmax', 'lstm', 'sum'].includes(op)));
});

test('a planted bug fails its op, with the report, and no other', async ({ run }) => {
  const { test: found, text } = await run(async ({ gradcheck, load }) => {
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const mutant = gradcheck.proofs.softmax.mutants.find(({ name }) => name === 'the inner product forgotten')!;
    const test = await gradcheck.selfTest(device, { ops: ['relu', 'max', 'softmax', 'logSoftmax', 'sum', 'layerNorm', 'crossEntropy'], alter: gradcheck.plantText(mutant) });
    return { test: { ...test }, text: test.toMarkdown() };
  });
  expect(found.passed).toBe(false);
  expect(found.ops.filter(({ passed }) => !passed).map(({ op }) => op)).toEqual(['softmax']);
  const wrong = found.ops.find(({ op }) => op === 'softmax')!;
  expect(wrong.failed).toBeGreaterThan(0);
  expect(wrong.margin).toBeGreaterThan(1);
  expect(wrong.failure!.text).toContain('softmax-backward/row');
  expect(wrong.failure!.report).toMatchObject({ passed: false });
  expect(text).toContain('#### ✗ softmax');
});

test('a kernel that does not compile is a finding about its op, not the end of the test', async ({ run, problems }) => {
  problems.allow(/WGSL|ShaderModule|ComputePipeline|unresolved|parsing/);
  const found = await run(async ({ chainrule, gradcheck }) => {
    const device = await chainrule.openDevice();
    const test = await gradcheck.selfTest(device, {
      ops: ['sigmoid', 'tanh', 'exp', 'mul'],
      alter: (plan) => ({ ...plan, launches: plan.launches.map((launch) => (launch.kernel.name === 'tanh' ? { ...launch, kernel: { ...launch.kernel, code: `${launch.kernel.code}\nfn broken() { return missing; }` } } : launch)) }),
    });
    device.destroy();
    return { ...test, text: String(test) };
  });
  expect(found.passed).toBe(false);
  expect(found.ops.filter(({ passed }) => !passed).map(({ op, verdict }) => [op, verdict])).toEqual([['tanh', 'error']]);
  expect(found.ops.find(({ op }) => op === 'tanh')!.error).toContain('needs WGSL that compiles');
  expect(found.text).toContain('It did not come to its end');
  expect(found.ops.map(({ op, passed }) => `${op} ${passed}`).toSorted()).toEqual(['exp true', 'mul true', 'sigmoid true', 'tanh false']);
});

test('with all: every variant is forced in its turn; a signal ends it; bad options are refused', async ({ run }) => {
  const { results, total, core, errors } = await run(async ({ gradcheck, caught, load }) => {
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const controller = new AbortController();
    const results: import('../../src/gradcheck.ts').SelfTestOp[] = [];
    let total = 0;
    const ended = await caught(() => gradcheck.selfTest(device, {
      all: true, signal: controller.signal,
      onProgress: (progress) => {
        total = progress.total;
        if (progress.result) results.push(progress.result);
        // The first op is enough of the real thing.
        if (results.length === 1) controller.abort();
      },
    }));
    let core = 0;
    const late = new AbortController();
    const errors = [
      ended,
      // In the midst of the second op, while the first is still awaited and others run: nothing may be left unhandled.
      await caught(() => gradcheck.selfTest(device, {
        signal: late.signal,
        onProgress: (progress) => {
          core = progress.total;
          if (progress.done === 3) late.abort();
        },
      })),
      await caught(() => gradcheck.selfTest(device, { signal: AbortSignal.abort() })),
      await caught(() => gradcheck.selfTest(device, { all: 1 as unknown as boolean })),
      await caught(() => gradcheck.selfTest(device, { every: true } as object)),
      await caught(() => gradcheck.selfTest(device, { ops: ['relu', 'rely'] })),
      await caught(() => gradcheck.selfTest(device, { ops: [] })),
      await caught(() => gradcheck.selfTest({} as typeof device)),
    ];
    return { results, total, core, errors };
  });
  expect(results).toHaveLength(1);
  expect([results[0].passed, results[0].failed]).toEqual([true, 0]);
  // Its reductions over stretched axes come in two variants.
  expect(results[0].kernels).toEqual(expect.arrayContaining(['reduce/serial', 'reduce/workgroup']));
  expect(total).toBeGreaterThan(10 * core);
  expect(errors.map(({ code }) => code)).toEqual(['aborted', 'aborted', 'aborted', 'option', 'option', 'option', 'option', 'option']);
  expect(errors[3].message).toContain('selfTest: needs all to be true or false');
  expect(errors[5].message).toContain('selfTest: needs ops to be a list of names of ops, one at least, got "rely"');
});

test('a check leaves no trace, not even in kernels that forget to write', async ({ run }) => {
  const found = await run(async ({ chainrule, gradcheck }) => {
    const device = await chainrule.openDevice();
    const mutants = gradcheck.proofs.linear.mutants;
    const unwritten = mutants.find(({ name }) => name === 'the bias gradient never written')!;
    const data = chainrule.spiral({ points: 64, seed: 1 });
    const batch = { inputs: data.inputs.slice(0, 64), targets: data.targets.slice(0, 32) };
    const train = async (check: boolean): Promise<string> => {
      const trainer = await chainrule.compile(chainrule.sequential(chainrule.linear(2, 8), chainrule.relu(), chainrule.linear(8, 2)), {
        device, loss: chainrule.crossEntropy(), optimizer: chainrule.adam(), batchSize: 32, seed: 3, alter: gradcheck.plantText(unwritten),
      });
      for (let step = 0; step < 4; step++) {
        await (await trainer.step(batch)).loss;
        if (check) await trainer.snapshot({ batch });
      }
      const hash = await trainer.hash();
      await trainer.destroy();
      return hash;
    };
    const hashes = [await train(false), await train(true)];
    device.destroy();
    return hashes;
  });
  expect(found[1]).toBe(found[0]);
});
