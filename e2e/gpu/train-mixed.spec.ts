import { expect, test } from '../harness.ts';

// Mixed precision where there is no shader-f16, as in a browser's software adapter; with it, npm run test:float16 trains and measures.

type Kit = typeof import('./page-kit.ts');

test('a device has 16-bit floats just where its adapter does, and mixed precision is refused where it does not, in words and before anything is made', async ({ run }) => {
  const result = await run(async (lib) => {
    const { adam, compile, linear, mse, openDevice, sequential } = lib.chainrule;
    const { patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const adapter = await navigator.gpu.requestAdapter();
    const asked: string[][] = [];
    const device = await patched(GPUAdapter.prototype, 'requestDevice', (original) => function (...args) {
      asked.push([...(args[0] as { requiredFeatures: string[] }).requiredFeatures]);
      return original.apply(this, args);
    }, () => openDevice());
    // The same device as one of an adapter without: what a browser says is what counts.
    const features = device.raw.features;
    Object.defineProperty(device.raw, 'features', { value: new Set([...features].filter((name) => name !== 'shader-f16')), configurable: true });
    const made: string[] = [];
    const options = { device, loss: mse(), optimizer: adam(), batchSize: 2 };
    const refused = await patched(GPUDevice.prototype, 'createBuffer', (original) => function (...args) {
      made.push((args[0] as { label: string }).label);
      return original.apply(this, args);
    }, () => lib.caught(() => compile(sequential(linear(2, 1)), { ...options, precision: 'mixed' })));
    const scale = await lib.caught(() => compile(sequential(linear(2, 1)), { ...options, lossScale: { initial: 8 } }));
    await using trainer = await compile(sequential(linear(2, 1)), { ...options, precision: 'float32' });
    const batch = { inputs: Float32Array.of(1, 2, 3, 4), targets: Float32Array.of(1, 2) };
    const report = await (await trainer.step(batch)).report;
    const state = await trainer.state();
    const strange = await lib.caught(() => trainer.load({ ...state, lossScale: { scale: 8, goodSteps: 0, skippedSteps: 0 } }));
    const codes = trainer.plan.launches.map(({ code }) => code).join();
    const found = {
      has: adapter!.features.has('shader-f16'), asked, without: device.hasFloat16, name: device.name, refused, made, scale, strange,
      report: Object.keys(report).sort(), state: Object.keys(state), traces: /f16|lossScale/.exec(codes)?.[0],
    };
    device.destroy();
    return found;
  });
  expect(result.asked.map((names) => names.includes('shader-f16'))).toEqual([result.has]);
  expect(result.without).toBe(false);
  expect(result.refused).toMatchObject({ name: 'OptionError', code: 'option' });
  expect(result.refused.message).toBe(`compile: needs a device with shader-f16 for precision "mixed", got ${result.name}, which has none. Leave precision out: float32 runs everywhere. device.hasFloat16 tells beforehand.`);
  expect(result.made).toEqual([]);
  expect(result.scale.message).toBe('compile: needs precision "mixed" with lossScale, got undefined.');
  expect(result.strange.message).toContain('load: needs a trainer compiled with precision "mixed", got one without it, and a state with lossScale.');
  // Nothing of it is anywhere in float32.
  expect([result.report, result.state, result.traces]).toEqual([['loss', 'step'], ['step', 'epoch', 'lr', 'parameters', 'buffers', 'optimizer'], undefined]);
});

test('the drift of float32 is that of its roundings, and a planted bug is beyond the limit', async ({ run }) => {
  const result = await run(async (lib) => {
    const { crossEntropy, linear, relu, sequential, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { gradientDrift } = lib.gradcheck;
    const options = { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 9, seed: 4 };
    const model = () => sequential(linear(6, 8), relu(), linear(8, 4));
    await using right = await compileShared(model(), options);
    await using wrong = await compileShared(model(), {
      ...options, alter: (plan) => ({ ...plan, launches: plan.launches.map((launch) => (launch.label === '0.backward' ? { ...launch, kernel: { ...launch.kernel, code: launch.kernel.code.replaceAll(/sum0 \+= (?=a0)/g, 'sum0 += 1.5 * ') } } : launch)) }),
    });
    const [good, bad] = [await gradientDrift(right), await gradientDrift(wrong)];
    const strict = await gradientDrift(right, { limit: 1e-12 });
    return {
      good: { passed: good.passed, ...good.all, precision: good.precision, scale: good.scale, names: good.tensors.map(({ name }) => name), text: String(good) },
      bad: { passed: bad.passed, relative: bad.tensors.map(({ relative }) => relative), cosine: bad.all.cosine },
      strict: strict.passed, negative: await lib.caught(() => gradientDrift(right, { limit: -1 })),
    };
  });
  expect(result.good).toMatchObject({ passed: true, precision: 'float32', scale: 1, names: ['0.weight', '0.bias', '2.weight', '2.bias'] });
  expect(result.good.relative).toBeGreaterThan(0);
  expect(result.good.relative).toBeLessThan(4 * result.good.expected);
  expect(result.good.expected).toBeLessThan(1e-6);
  expect(result.good.cosine).toBeGreaterThan(1 - 1e-12);
  expect(result.good.text).toContain('gradient drift within the limit of 0.01 (float32, loss scale 1, ');
  expect(result.bad.passed).toBe(false);
  expect(result.bad.relative[0]).toBeGreaterThan(0.05);
  expect(result.bad.relative[2]).toBeLessThan(1e-5);
  expect(result.bad.cosine).toBeLessThan(0.9999);
  expect([result.strict, result.negative.message]).toEqual([false, 'gradientDrift: needs limit to be a finite number > 0, got -1.']);
});

test('a check of float32 refuses the snapshot of a trainer of mixed precision', async ({ run }) => {
  const message = await run(async (lib) => {
    const { linear, mse, sequential, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(2, 1)), { loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 2 });
    const snapshot = await trainer.snapshot();
    lib.gradcheck.checkSnapshot(snapshot);
    return (await lib.caught(async () => lib.gradcheck.checkSnapshot({ ...snapshot, precision: 'mixed' }))).message;
  });
  expect(message).toBe('gradient check: needs gradients computed in float32, got those of a trainer of mixed precision. Check the model in a trainer without precision, and measure this one with gradientDrift.');
});
