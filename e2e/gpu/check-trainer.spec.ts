import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

const nets: readonly [name: string, layers: string][] = [
  ['crossEntropy', 'linear tanh linear'], ['crossEntropy', 'linear relu linear relu linear'], ['crossEntropy', 'linear sigmoid linear'], ['crossEntropy', 'linear'],
  ['mse', 'linear gelu linear'], ['mse', 'linear silu linear'], ['bceWithLogits', 'linear leakyRelu linear'], ['mse', 'flatten linear softmax linear'],
];
for (const [loss, layers] of nets) {
  test(`every gradient is proven, before training and after: ${layers}, ${loss}`, async ({ run }) => {
    const result = await run(async (lib, { loss, layers }) => {
      const c = lib.chainrule;
      const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      const kinds = layers.split(' ');
      const count = kinds.filter((kind) => kind === 'linear').length;
      let at = 0;
      const model = c.sequential(...kinds.map((kind) => (kind === 'linear' ? c.linear(at++ === 0 ? 3 : 7, at === count ? 2 : 7) : c[kind as 'relu']())));
      const labels = c.dataset({ inputs: Array.from({ length: 48 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i)]), targets: Array.from({ length: 48 }, (_, i) => i % 2), classes: 2 });
      const data = loss === 'crossEntropy' ? labels : c.oneHot(labels);
      await using trainer = await compileShared(model, { loss: c[loss as 'mse'](), optimizer: c.adam({ lr: 0.01 }), batchSize: 16, seed: 4, inputShape: [3] });
      const before = await lib.gradcheck.checkGradients(trainer, { batchSize: 8 });
      await trainer.fit(data, { epochs: 3 });
      const hash = await trainer.hash();
      const after = await lib.gradcheck.checkGradients(trainer, { batchSize: 8 });
      const same = hash === await trainer.hash();
      return { passed: [before.passed, after.passed], proven: [before.proven, after.proven], total: trainer.parameterCount, texts: [String(before), String(after)], same };
    }, { loss, layers });
    expect(result.passed, result.texts.join('\n')).toEqual([true, true]);
    expect(result.proven).toEqual([result.total, result.total]);
    expect(result.same).toBe(true);
  });
}

test('a check in the middle of training changes nothing: parameters, optimiser state, step number', async ({ run }) => {
  const [plain, checked] = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 100 });
    const ends: unknown[] = [];
    for (const checks of [false, true]) {
      await using trainer = await compileShared(sequential(linear(2, 8), tanh(), linear(8, 2)), { loss: crossEntropy(), optimizer: adam({ lr: 0.02 }), batchSize: 32, diagnostics: true });
      for (let epoch = 0; epoch < 3; epoch++) {
        await trainer.fit(data);
        if (checks) await lib.gradcheck.checkGradients(trainer, epoch === 1 ? {} : { batchSize: 5 });
      }
      const { step, epoch, optimizer } = await trainer.state();
      ends.push({ hash: await trainer.hash(), step, epoch, moments: Object.values(optimizer.state).map(({ data }) => data.join()) });
    }
    return ends;
  });
  expect(checked).toEqual(plain);
});

test('the batch can be given, or taken from the data, of any size', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, sgd } = lib.chainrule;
    const { checkGradients } = lib.gradcheck;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(2, 4), tanh(), linear(4, 2)), { loss: crossEntropy(), optimizer: sgd(), batchSize: 16 });
    const data = moons({ points: 40 });
    const batch = { inputs: data.inputs.slice(0, 6), targets: data.targets.slice(0, 3) };
    const given = await checkGradients(trainer, { batch });
    await trainer.fit(data);
    const losses: number[] = [];
    for (const rows of [1, 3, 64]) losses.push((await checkGradients(trainer, { batchSize: rows })).objective.gpu);
    const first = (await checkGradients(trainer, { batch })).objective.gpu;
    const inThread = await checkGradients(trainer, { batchSize: 3, worker: false });
    const progress: { checked: number; total: number; tensor: string }[] = [];
    await checkGradients(trainer, { batchSize: 3, onProgress: (step) => { progress.push(step); } });
    return { given: given.passed, losses, first, inThread: [inThread.passed, inThread.objective.gpu], progress };
  });
  expect(result.given).toBe(true);
  // The first three examples of the data are the batch that was given.
  expect(result.losses[1]).toBe(result.first);
  expect(result.inThread).toEqual([true, result.first]);
  expect(new Set(result.losses).size).toBe(3);
  expect(result.progress.map(({ tensor }) => tensor)).toEqual(expect.arrayContaining(['0.weight', '0.bias', '2.weight', '2.bias']));
  expect(result.progress.at(-1)).toMatchObject({ checked: 22, total: 22 });
  result.progress.forEach(({ checked }, i) => expect(checked).toBeGreaterThanOrEqual(result.progress[i - 1]?.checked ?? 0));
});

test('options are checked, and an abort ends the check', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, mse, sgd } = lib.chainrule;
    const { checkGradients } = lib.gradcheck;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(20, 30), tanh(), linear(30, 1)), { loss: mse(), optimizer: sgd(), batchSize: 2 });
    const batch = { inputs: new Float32Array(40), targets: new Float32Array(2) };
    const errors: Record<string, { code?: string; message: string }> = {};
    for (const [name, options] of Object.entries({
      unknown: { batches: 1 }, batchSize: { batchSize: 0 }, both: { batch, batchSize: 2 }, worker: { worker: 'yes' }, shape: { batch: { ...batch, inputs: new Float32Array(3) } },
      NaN: { batch: { ...batch, inputs: new Float32Array(40).fill(NaN) } }, null: null,
    })) errors[name] = await lib.caught(() => checkGradients(trainer, options as never));
    errors.early = await lib.caught(() => checkGradients(trainer, { signal: AbortSignal.abort() }));
    for (const worker of [true, false]) {
      const controller = new AbortController();
      errors[`abort ${worker}`] = await lib.caught(() => checkGradients(trainer, { worker, signal: controller.signal, onProgress: () => controller.abort() }));
    }
    return { errors, after: (await checkGradients(trainer)).passed };
  });
  const { errors } = result;
  expect(Object.fromEntries(Object.entries(errors).map(([name, { code }]) => [name, code]))).toEqual({
    unknown: 'option', batchSize: 'option', both: 'option', worker: 'option', shape: 'shape', NaN: 'data', null: 'option', early: 'aborted', 'abort true': 'aborted', 'abort false': 'aborted',
  });
  for (const { message } of Object.values(errors)) expect(message).toMatch(/^(checkGradients|snapshot): needs .+, got .+\./);
  expect(result.after).toBe(true);
});

/** Mistakes in a backward kernel as they happen, each a change of the WGSL text. `tensors` must fail; `blame` must stand in the report. */
const mistakes: readonly [name: string, from: RegExp, to: string, tensors: string[], blame: RegExp][] = [
  ['the mask of ReLU forgotten', /select\(Value\(0\.0\), dout, y > Value\(0\.0\)\)/g, 'dout', ['0.weight', '0.bias'], /relu '1'/],
  ['the mask of ReLU inverted', /select\(Value\(0\.0\), dout, y > Value\(0\.0\)\)/g, 'select(Value(0.0), dout, y <= Value(0.0))', ['0.weight', '0.bias'], /relu '1'/],
  ['the label not subtracted', /\* factor - select\(Value\(0\.0\), Value\(weight \* scale\), i == label\)/g, '* factor', ['2.weight', '2.bias'], /crossEntropy 'loss'/],
  ['a mean that is a sum', /let factor = weight \* scale \/ total;/g, 'let factor = weight / total;', ['2.weight', '2.bias'], /crossEntropy 'loss'/],
  ['a row of dW taken twice', /sum1 \+= a0\.y \* b0;/g, 'sum1 += a0.x * b0;', ['0.weight', '2.weight'], /d 2\.weight: the backward of linear '2'/],
];
for (const [name, from, to, tensors, blame] of mistakes) {
  test(`a mistake planted in a backward kernel is found: ${name}`, async ({ run }) => {
    const result = await run(async (lib, { source, to }) => {
      const { openDevice, compile, moons, sequential, linear, relu, crossEntropy, adam } = lib.chainrule;
      const { patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      // A device of its own: no pipeline is shared with the tests that need right ones.
      const device = await openDevice();
      let changed = 0;
      const report = await patched(GPUDevice.prototype, 'createShaderModule', (original) => function (descriptor) {
        const given = descriptor as GPUShaderModuleDescriptor;
        const code = given.code.replace(new RegExp(source, 'g'), () => {
          changed += 1;
          return to;
        });
        return original.call(this, { ...given, code });
      }, async () => {
        const trainer = await compile(sequential(linear(2, 6), relu(), linear(6, 2)), { device, loss: crossEntropy(), optimizer: adam(), batchSize: 8, seed: 1 });
        await trainer.fit(moons({ points: 32 }));
        return lib.gradcheck.checkGradients(trainer, { batchSize: 8 });
      });
      device.destroy();
      return { changed, passed: report.passed, verdict: report.verdict, blame: report.blame?.text ?? '', text: String(report), failed: report.tensors.filter(({ failed }) => failed > 0).map((tensor) => tensor.name) };
    }, { source: from.source, to });
    expect(result.changed, 'the kernel holds the text that the mistake replaces').toBeGreaterThan(0);
    expect(result.passed).toBe(false);
    expect(result.verdict).toBe('fail');
    expect(result.failed).toEqual(expect.arrayContaining(tensors));
    expect(result.blame).toMatch(blame);
    for (const tensor of tensors) expect(result.text).toContain(tensor);
  });
}
