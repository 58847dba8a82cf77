import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');
type Library = import('../harness-page.ts').Library;

test('what the device cannot hold is refused before anything is allocated, with the limit and what would fit', async ({ run }) => {
  const { errors, created, fits, chunks } = await run(async (lib: Library) => {
    const { openDevice, compile, sequential, linear, relu, mse, sgd, dataset } = lib.chainrule;
    const { counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await openDevice({ limits: { maxBufferSize: 65_536, maxStorageBufferBindingSize: 32_768 } });
    const compiled = (inputs: number, outputs: number, batchSize = 4, optimizer = sgd()) => compile(sequential(linear(inputs, outputs), relu()), { device, loss: mse(), optimizer, batchSize });
    const errors: Record<string, { name: string; message: string; code?: string }> = {};
    const { calls } = await counted(async () => {
      errors.parameters = await lib.caught(() => compiled(200, 100));
      errors.batch = await lib.caught(() => compiled(10, 10, 2000));
      errors.activations = await lib.caught(() => compiled(1, 8000, 10));
      errors.absurd = await lib.caught(() => compiled(2 ** 40, 2 ** 20));
    });
    // Large data goes up batch by batch, and predictions go in smaller numbers.
    await using trainer = await compiled(1000, 4);
    const inputs = Float32Array.from({ length: 64 * 1000 }, (_, i) => Math.sin(i));
    const { steps } = await trainer.fit(dataset({ inputs, inputShape: [1000], targets: new Float32Array(256), targetShape: [4] }));
    const all = await trainer.predict(inputs);
    const one = await trainer.predict(inputs.subarray(63 * 1000));
    errors.step = await lib.caught(() => trainer.step({ inputs: new Float32Array(100_000), targets: new Float32Array(400) }));
    device.check();
    device.destroy();
    return { errors, created: calls.count.createBuffer, fits: steps, chunks: [all.length, all.subarray(252).every((value, i) => value === one[i])] };
  });
  expect(created).toBe(0);
  const { absurd, ...planned } = errors;
  expect(absurd).toMatchObject({ code: 'limit', message: 'compile: needs tensors of fewer than 2^32 numbers, got inputs [4, 1099511627776]. Use a smaller batch or a smaller layer.' });
  for (const [name, { message, code }] of Object.entries(planned)) {
    expect(`${name}: ${code}`, message).toBe(`${name}: limit`);
    expect(message, name).toMatch(/^compile: needs (what a launch binds|every buffer) to have at most [\d,]+ bytes \(this device's max\w+\), got [\d,]+ bytes of \w+ for .+ \(the program's [\d,]+: (\w+ [\d,]+(, )?)+\)\. .+\.$/);
    expect(message.length).toBeLessThanOrEqual(500);
  }
  expect(errors.parameters.message).toContain('80,640 bytes of parameters for 0.weight [100, 200]');
  expect(errors.parameters.message).toContain('Not even one example fits; about 81 % of the parameters would: use narrower layers.');
  expect([fits, chunks]).toEqual([16, [256, true]]);
});

test('more than 65,535 workgroups are folded: nothing is dropped in silence', async ({ run }) => {
  const { groups, wrong, errors } = await run(async (lib: Library) => {
    const { sequential, relu, mse, sgd } = lib.chainrule;
    const { compileShared, patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { foldGroups } = await lib.load<typeof import('../../src/gpu/sequence.ts')>('/src/gpu/sequence.ts');
    await using trainer = await compileShared(sequential(relu()), { loss: mse(), optimizer: sgd(), batchSize: 1, inputShape: [16_500] });
    const inputs = Float32Array.from({ length: 1024 * 16_500 }, (_, i) => (i % 7) - 3);
    const groups: unknown[] = [];
    const outputs = await patched(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', (original) => function (...args) {
      groups.push(args.slice(0, 2));
      return original.apply(this, args);
    }, () => trainer.predict(inputs));
    let wrong = 0;
    outputs.forEach((value, i) => { wrong += value === Math.max((i % 7) - 3, 0) ? 0 : 1; });
    const errors: Record<number, string | undefined> = {};
    for (const count of [0, 1.5, NaN, 65_535 ** 2 + 1]) errors[count] = (await lib.caught(() => foldGroups('layer', count))).code;
    return { groups, wrong, errors, folds: [65_535, 65_536, 65_537, 65_535 ** 2].map((count) => foldGroups('layer', count)) };
  });
  expect(groups).toHaveLength(1);
  const [[x, y]] = groups as [number, number][];
  // Four numbers a lane at most, 64 lanes a group.
  expect(x * y).toBeGreaterThan(65_535);
  expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
  expect(wrong).toBe(0);
  expect(Object.values(errors)).toEqual(['limit', 'limit', 'limit', 'limit']);
});

test('names of people and files never reach the WGSL', async ({ run }) => {
  const { plain, hostile } = await run(async (lib: Library) => {
    const { openDevice, compile, dataset, module, linear, relu, crossEntropy, adam, constant } = lib.chainrule;
    const { counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const texts: string[][] = [];
    for (const [child, name, initializer] of [['a', 'data', 'zeros'], ['PWNED', 'PWNED\u2028var<private> injected: f32;\n*/ }\u0000<img src=x onerror=alert(1)>', 'PWNED\u2029*/']] as const) {
      const device = await openDevice();
      const model = module({ [child]: linear(2, 3, { biasInitializer: { ...constant(0), name: initializer } }), act: relu(), last: linear(3, 2) }, (children, x) => children.last(children.act(children[child](x))));
      const { calls } = await counted(async () => {
        await using trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adam(), batchSize: 2, diagnostics: true });
        const data = dataset({ inputs: [[1, 2], [3, 4], [5, 6]], targets: [0, 1, 0], classes: 2, name });
        await trainer.fit(data, { validation: data });
        await trainer.predict(data.inputs);
        await trainer.snapshot();
      });
      texts.push([...calls.shaders].sort());
      device.destroy();
    }
    return { plain: texts[0], hostile: texts[1] };
  });
  expect(plain.length).toBeGreaterThan(5);
  expect(hostile).toEqual(plain);
  expect(hostile.join('')).not.toMatch(/PWNED|injected|[\u2028\u2029\u0085]/);
});
