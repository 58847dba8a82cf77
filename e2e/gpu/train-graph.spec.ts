import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

test('the neuron of the article: ReLU(1·0.1 + 2·0.2 + 3·0.3 + 0.5) is 1.9', async ({ run }) => {
  const [out] = await run(async (lib) => {
    const { sequential, linear, relu, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(3, 1), relu()), { loss: mse(), optimizer: sgd(), batchSize: 1 });
    await trainer.load({ parameters: { '0.weight': { shape: [1, 3], data: Float32Array.of(0.1, 0.2, 0.3) }, '0.bias': { shape: [1], data: Float32Array.of(0.5) } } });
    return trainer.predict([[1, 2, 3]]);
  });
  expect(Math.abs(out - 1.9)).toBeLessThan(3e-7);
});

test('skip connections, a shared layer and functional ops train, and their gradients are proven', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, module, sequential, linear, tanh, silu, crossEntropy, adam, add, mul, sub, mean } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const block = linear(8, 8);
    const act = silu();
    const model = module({ first: linear(2, 8), block, act, gate: sequential(linear(8, 8), tanh()), last: linear(8, 2) }, ({ first, block, act, gate, last }, x) => {
      const h = act(first(x));
      const once = add(h, act(block(h)));
      const twice = add(once, mul(gate(once), block(once)));
      return last(sub(twice, mean(twice, { axes: [1], keepDims: true })));
    });
    const data = moons({ points: 300 });
    await using trainer = await compileShared(model, { loss: crossEntropy(), optimizer: adam({ lr: 0.02 }), batchSize: 50, seed: 1 });
    await trainer.fit(data, { epochs: 10 });
    const report = await lib.gradcheck.checkGradients(trainer, { batchSize: 8 });
    return { accuracy: (await trainer.evaluate(data)).accuracy!, passed: report.passed, text: report.toString(), proven: report.proven, total: report.total };
  });
  expect(result.passed, result.text).toBe(true);
  expect(result.proven).toBe(result.total);
  expect(result.accuracy).toBeGreaterThan(0.97);
});

test('one activation in two places, with widths of their own, is told apart in the diagnostics', async ({ run }) => {
  const { deadUnits, hashes } = await run(async (lib) => {
    const { module, linear, relu, constant, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const act = relu();
    // The first four units are alive, all nine of the second layer are dead.
    const model = () => module({ a: linear(2, 4, { biasInitializer: constant(100) }), act, b: linear(4, 9, { biasInitializer: constant(-1000) }), c: linear(9, 1) }, ({ a, act, b, c }, x) => c(act(b(act(a(x))))));
    const hashes: string[] = [];
    let deadUnits: unknown;
    for (const diagnostics of [true, false]) {
      await using trainer = await compileShared(model(), { loss: mse(), optimizer: sgd({ lr: 1e-4 }), batchSize: 2, diagnostics });
      const { report } = await trainer.step({ inputs: Float32Array.of(1, 2, 3, 4), targets: Float32Array.of(0, 1) });
      deadUnits ??= (await report).diagnostics?.deadUnits;
      hashes.push(await trainer.hash());
    }
    return { deadUnits, hashes };
  });
  expect(deadUnits).toEqual([{ layer: 'act', dead: 0, units: 4 }, { layer: 'act', dead: 9, units: 9 }]);
  expect(hashes[0]).toBe(hashes[1]);
});

test('what a forward function may not do is refused by name, before anything is compiled', async ({ run }) => {
  const { errors, created } = await run(async (lib) => {
    const { module, sequential, linear, relu, flatten, mse, sgd, add, matmul, reshape, sum } = lib.chainrule;
    const { compileShared, counted, sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await sharedDevice();
    const layer = linear(2, 2);
    let leaked: Parameters<typeof layer>[0] | undefined;
    await using leaking = await compileShared(module({ layer }, ({ layer }, x) => leaked = layer(x)), { loss: mse(), optimizer: sgd(), batchSize: 2 });
    void leaking;
    const stranger = linear(2, 2);
    const { calls, value } = await counted(async () => {
      const errors: Record<string, { name: string; message: string; code?: string }> = {};
      type Tensor = Parameters<typeof layer>[0];
      const forwards: Record<string, (children: { layer: (x: Tensor) => Tensor }, x: Tensor) => Tensor> = {
        'a layer that is not listed': (_, x) => stranger(x),
        'a tensor of another model': ({ layer }, x) => add(layer(x), leaked!),
        'another model\'s tensor into a layer': ({ layer }) => layer(leaked!),
        'no tensor': ({ layer }) => layer(undefined as never),
        'null as a tensor': ({ layer }) => layer(null as never),
        'a number as a tensor': ({ layer }, x) => add(layer(x), 1 as never),
        'an async function': (async () => leaked) as never,
        'no output': () => undefined as never,
        'text as output': () => 'x'.repeat(500) as never,
        'another model\'s output': () => leaked!,
        'shapes that do not broadcast': ({ layer }, x) => add(layer(x), reshape(x, [6])),
        'a product that does not fit': ({ layer }, x) => matmul(layer(x), layer(x)),
        'a batch that is summed away': ({ layer }, x) => sum(layer(x)),
        'a reshape to another size': ({ layer }, x) => reshape(layer(x), [3, 4]),
        'flatten of nothing': ({ layer }, x) => add(layer(x), flatten()(x)),
      };
      for (const [name, forward] of Object.entries(forwards)) {
        errors[name] = await lib.caught(() => compileShared(module({ layer }, forward), { loss: mse(), optimizer: sgd(), batchSize: 3 }));
      }
      errors['a call outside'] = await lib.caught(() => layer(leaked!));
      errors['an op outside'] = await lib.caught(() => add(leaked!, leaked!));
      errors['layers that do not fit'] = await lib.caught(() => compileShared(sequential(linear(784, 128), relu(), linear(64, 10)), { loss: mse(), optimizer: sgd(), batchSize: 16 }));
      errors['nested layers that do not fit'] = await lib.caught(() => compileShared(module({ encoder: module({ fc1: linear(2, 3), fc2: linear(4, 1) }, ({ fc1, fc2 }, x) => fc2(fc1(x))) }, ({ encoder }, x) => encoder(x)), { loss: mse(), optimizer: sgd(), batchSize: 16 }));
      return errors;
    });
    return { errors: value, created: calls.count.createBuffer + calls.count.createShaderModule };
  });
  expect(created).toBe(0);
  for (const [name, { message, code }] of Object.entries(errors)) {
    expect(`${name}: ${code}`, message).toMatch(/: (state|shape|option)$/);
    expect(message, name).toMatch(/^.+: needs .+, got .+\./);
    expect(message.length, name).toBeLessThanOrEqual(300);
  }
  expect(errors['a layer that is not listed'].message).toContain('among its module\'s children');
  // Both shapes and the layer.
  expect(errors['layers that do not fit'].message).toMatch(/'2'.*64.*128/);
  expect(errors['nested layers that do not fit'].message).toMatch(/'encoder\.fc2'.*4.*3/);
});
