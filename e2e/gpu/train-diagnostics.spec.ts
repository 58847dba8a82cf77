import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

/** Layers of one width; `scale` multiplies what the initializer draws. */
interface Deep {
  readonly activation: 'sigmoid' | 'relu';
  readonly layers: number;
  readonly scale?: number;
  readonly kaiming?: boolean;
  readonly bias?: number;
}

// In a deep narrow net some units are often zero for a whole batch, so `dead` is looked at only where it is the point.
const cases: readonly [name: string, net: Deep, expected: string[]][] = [
  ['ten layers of sigmoid vanish', { activation: 'sigmoid', layers: 10 }, ['vanishing']],
  ['ten layers of ReLU with Kaiming initialisation do not', { activation: 'relu', layers: 10, kaiming: true, bias: 0 }, []],
  ['weights ten times too large explode', { activation: 'relu', layers: 10, kaiming: true, scale: 10 }, ['exploding']],
  ['biases of -100 kill every unit', { activation: 'relu', layers: 2, bias: -100 }, ['dead']],
];
for (const [name, net, expected] of cases) {
  const { bias } = net;
  test(`diagnostics: ${name}`, async ({ run }) => {
    const { kinds, messages } = await run(async (lib, { activation, layers, scale = 1, kaiming = false, bias }) => {
      const { moons, sequential, linear, crossEntropy, adam, kaimingUniform, defaultLinearWeight, constant } = lib.chainrule;
      const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      const base = kaiming ? kaimingUniform({ nonlinearity: 'relu' }) : defaultLinearWeight();
      const options = {
        weightInitializer: { name: 'scaled', fill: (shape: readonly number[], random: Parameters<typeof base.fill>[1]) => base.fill(shape, random).map((value) => scale * value) },
        ...(bias === undefined ? {} : { biasInitializer: constant(bias) }),
      };
      const hidden = Array.from({ length: layers - 1 }, (_, i) => [linear(i === 0 ? 2 : 16, 16, options), lib.chainrule[activation]()]).flat();
      await using trainer = await compileShared(sequential(...hidden, linear(16, 2, options)), { loss: crossEntropy(), optimizer: adam({ lr: 1e-4 }), batchSize: 32, seed: 2, diagnostics: true });
      const findings = new Map<string, string>();
      await trainer.fit(moons({ points: 96 }), { onStep: ({ diagnostics }) => diagnostics!.findings.forEach(({ kind, message }) => findings.set(kind, message)) });
      return { kinds: [...findings.keys()], messages: [...findings.values()] };
    }, net);
    expect(kinds.filter((kind) => kind !== 'dead' || bias === -100), messages.join('\n')).toEqual(expected);
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(300);
  });
}

test('dead units are counted: three of eight', async ({ run }) => {
  const diagnostics = await run(async (lib) => {
    const { sequential, linear, relu, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const model = sequential(linear(2, 8, { biasInitializer: { name: 'some', fill: () => Float32Array.of(9, -99, 9, -99, 9, 9, -99, 9) } }), relu(), linear(8, 1));
    await using trainer = await compileShared(model, { loss: mse(), optimizer: sgd({ lr: 1e-3 }), batchSize: 4, diagnostics: true });
    const { report } = await trainer.step({ inputs: Float32Array.of(1, 2, -1, 0, 0.5, 1, 2, -1), targets: new Float32Array(4) });
    return (await report).diagnostics!;
  });
  expect(diagnostics.deadUnits).toEqual([{ layer: '1', dead: 3, units: 8 }]);
  // 37.5 % is no finding yet.
  expect(diagnostics.findings).toEqual([]);
});

for (const [name, optimizer] of [['sgd with momentum', 'sgd'], ['adam', 'adam']] as const) {
  test(`diagnostics: norms, ratios and counts are those of the tensors themselves, with ${name}`, async ({ run }) => {
    const result = await run(async (lib, optimizer) => {
      const { moons, sequential, linear, tanh, crossEntropy, adam, sgd } = lib.chainrule;
      const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      const data = moons({ points: 64 });
      await using trainer = await compileShared(sequential(linear(2, 70), tanh(), linear(70, 33), tanh(), linear(33, 2)), {
        loss: crossEntropy(), optimizer: optimizer === 'adam' ? adam({ lr: 0.01 }) : sgd({ lr: 0.1, momentum: 0.9 }), batchSize: 64, diagnostics: true,
      });
      await trainer.fit(data, { epochs: 3 });
      const batch = { inputs: data.inputs, targets: data.targets };
      const { gradients, graph } = await trainer.snapshot({ batch });
      const before = (await trainer.state()).parameters;
      const { diagnostics, step } = await (await trainer.step(batch)).report;
      const after = (await trainer.state()).parameters;
      const named = Object.fromEntries(Object.entries(gradients).map(([id, values]) => [graph.tensors[Number(id)].name, values]));
      return { named, before, after, diagnostics: diagnostics!, step };
    }, optimizer);
    expect(result.diagnostics.step).toBe(result.step);
    expect(result.diagnostics.tensors.map(({ name }) => name)).toEqual(Object.keys(result.after));
    const norm = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
    for (const { name, gradientNorm, gradientRms, updateRatio, nonFiniteGradients, nonFiniteParameters } of result.diagnostics.tensors) {
      const gradient = norm(result.named[name]);
      const weights = result.after[name].data;
      const update = norm(weights.map((value, i) => value - result.before[name].data[i]));
      expect(gradient, name).toBeGreaterThan(0);
      expect(gradientNorm / gradient, name).toBeCloseTo(1, 5);
      expect(gradientRms * Math.sqrt(weights.length) / gradient, name).toBeCloseTo(1, 5);
      expect(updateRatio / (update / norm(weights)), name).toBeCloseTo(1, 5);
      expect([nonFiniteGradients, nonFiniteParameters]).toEqual([0, 0]);
    }
  });
}

test('diagnostics and accuracy leave the training bit-identical', async ({ run }) => {
  const hashes = await run(async (lib) => {
    const { moons, sequential, linear, relu, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const hashes: string[] = [];
    for (const options of [{}, { diagnostics: true }, { metrics: ['accuracy'] }, { diagnostics: true, metrics: ['accuracy'] }] as const) {
      await using trainer = await compileShared(sequential(linear(2, 16), relu(), linear(16, 16), tanh(), linear(16, 2)), { loss: crossEntropy(), optimizer: adam({ lr: 0.01 }), batchSize: 24, seed: 3, ...options });
      await trainer.fit(moons({ points: 100 }), { epochs: 4 });
      hashes.push(await trainer.hash());
    }
    return hashes;
  });
  expect(new Set(hashes).size, hashes.join('\n')).toBe(1);
});

test('training that diverges is stopped at the step and names the tensor', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, relu, sgd, mse, linearRegression } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const errors: { message: string; code?: string; seen: number[]; steps: number }[] = [];
    for (const diagnostics of [true, false]) {
      for (const build of [
        () => compileShared(sequential(linear(4, 1)), { loss: mse(), optimizer: sgd({ lr: 1e30 }), batchSize: 8, diagnostics }),
        () => compileShared(sequential(linear(4, 8), relu(), linear(8, 1)), { loss: mse(), optimizer: sgd({ lr: 1e30 }), batchSize: 8, diagnostics }),
        () => compileShared(sequential(linear(4, 8), tanh(), linear(8, 1)), { loss: mse(), optimizer: sgd({ lr: 1e30 }), batchSize: 8, diagnostics }),
      ]) {
        await using trainer = await build();
        const seen: number[] = [];
        const error = await lib.caught(() => trainer.fit(linearRegression({ points: 400, features: 4 }), { epochs: 3, onStep: ({ step }) => { seen.push(step); } }));
        errors.push({ ...error, seen, steps: trainer.stepCount });
      }
    }
    return errors;
  });
  result.forEach(({ message, code, seen, steps }, index) => {
    expect(code, message).toBe('diverged');
    expect(message).toMatch(/^fit: needs finite numbers, got a loss of \S+ at step \d+\./);
    const step = Number(/at step (\d+)/.exec(message)![1]);
    // The step itself is still reported, and at most three more were on their way.
    expect(seen.at(-1)).toBe(step);
    expect(steps).toBeLessThanOrEqual(step + 4);
    expect(step).toBeLessThanOrEqual(6);
    if (index < 3) expect(message).toMatch(new RegExp(`Training diverged at step ${step} in tensor \\d\\.(weight|bias) \\(\\d+ gradients and \\d+ parameters are not finite\\)\\. Lower the learning rate`));
    else expect(message).toMatch(/Compile with diagnostics: true to learn in which tensor/);
  });
});

test('a NaN never becomes a number: it passes through every activation and every loss, so that a diverged layer shows', async ({ run }) => {
  const found = await run(async (lib) => {
    const { runOp } = await lib.load<typeof import('../../src/kernels.ts')>('/src/kernels.ts');
    const device = await lib.chainrule.openDevice();
    const vector = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
    const matrix = (columns: number, ...data: number[]) => ({ shape: [data.length / columns, columns], data: Float32Array.from(data) });
    const labels = { shape: [2], data: Uint32Array.of(0, 1) };
    type Call = readonly [op: string, options: object, inputs: Record<string, { shape: number[]; data: Float32Array | Uint32Array }>];
    const x = vector(NaN, -1, 0, 2);
    const rows = matrix(2, NaN, 1, 2, 3);
    const calls: readonly Call[] = [
      ...['relu', 'relu6', 'leakyRelu', 'elu', 'selu', 'gelu', 'silu', 'mish', 'softplus', 'softsign', 'hardSigmoid', 'hardSwish', 'sigmoid', 'tanh', 'erf', 'exp', 'expm1']
        .map((op): Call => [op, {}, { x }]),
      ['gelu', { approximate: 'tanh' }, { x }], ['clamp', { min: -1, max: 1 }, { x }], ['maximum', {}, { a: x, b: vector(0, 0, 0, 0) }], ['minimum', {}, { a: vector(0, 0, 0, 0), b: x }],
      ['logSumExp', { axes: [1] }, { x: matrix(4, NaN, 1, 2, 3) }], ['logSumExp', { axes: [1] }, { x: matrix(4, 1, 2, NaN, 3) }],
      ['hinge', { reduction: 'sum' }, { input: x, target: vector(1, 1, 1, 1) }], ['mse', {}, { input: x, target: x }], ['huber', {}, { input: x, target: vector(0, 0, 0, 0) }],
      ['bceWithLogits', {}, { input: x, target: vector(1, 1, 1, 1) }], ['klDiv', {}, { input: x, target: vector(1, 1, 1, 1) }],
      // At t = 0 the loss is 0 for every number, but not for NaN; targets may be NaN, too.
      ['klDiv', {}, { input: x, target: vector(0, 1, 1, 1) }], ['klDiv', {}, { input: vector(0, 0, 0, 0), target: x }], ['mae', {}, { input: x, target: vector(0, 0, 0, 0) }],
      ['pow', {}, { a: x, b: vector(2, 2, 2, 2) }], ['pow', {}, { a: vector(0, 1, 1, 1), b: x }], ['log', {}, { x }], ['log1p', {}, { x }], ['sin', {}, { x }], ['cos', {}, { x }], ['sqrt', {}, { x }],
      ['cosineEmbedding', {}, { a: rows, b: matrix(2, 1, 1, 1, 1), target: vector(-1, -1) }], ['cosineEmbedding', {}, { a: rows, b: matrix(2, 1, 1, 1, 1), target: vector(1, 1) }],
      ['crossEntropy', {}, { input: rows, target: labels }], ['nll', {}, { input: rows, target: labels }],
    ];
    const results: [string, number][] = [];
    for (const [op, options, inputs] of calls) {
      // Losses give one number.
      const snapshot = await runOp(device, op, options as never, inputs, new Float32Array(inputs.target || op === 'logSumExp' ? 1 : 4).fill(1));
      results.push([op, Object.values(snapshot.computed)[0]![0]!]);
      // That of klDiv is -t, whatever the input is.
      if (inputs.input === x && op !== 'klDiv') results.push([`gradient of ${op}`, Object.values(snapshot.gradients)[0]![0]!]);
    }
    device.destroy();
    return results;
  });
  // Of NaN some adapters' exp makes infinity, which shows as well.
  expect(found.filter(([, first]) => Number.isFinite(first))).toEqual([]);
  expect(found.length).toBeGreaterThan(28);
});

test('a label that is no class gives NaN, in the loss and in its row of the gradient', async ({ run }) => {
  const found = await run(async (lib) => {
    const { runOp } = await lib.load<typeof import('../../src/kernels.ts')>('/src/kernels.ts');
    const device = await lib.chainrule.openDevice();
    const results = [];
    for (const op of ['crossEntropy', 'nll']) {
      for (const labels of [Uint32Array.of(0, 2, 1), Uint32Array.of(0, 3, 1), Float32Array.of(0, 3, 1), Float32Array.of(0, -1, 1), Float32Array.of(0, NaN, 1)]) {
        const inputs = { input: { shape: [3, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) }, target: { shape: [3], data: labels } };
        const snapshot = await runOp(device, op, { reduction: 'sum' }, inputs, Float32Array.of(1));
        const gradient = Object.values(snapshot.gradients)[0]!;
        results.push([Object.values(snapshot.computed)[0]![0], gradient.subarray(0, 3), gradient.subarray(3, 6), gradient.subarray(6)].map((part) => Number.isNaN(typeof part === 'number' ? part : part!.reduce((sum, one) => sum + one, 0))));
      }
    }
    device.destroy();
    return results;
  });
  const [right, wrong] = [[false, false, false, false], [true, false, true, false]];
  expect(found).toEqual([right, wrong, wrong, wrong, wrong, right, wrong, wrong, wrong, wrong]);
});

test("rows filled with float32's lowest number, as masks are, are uniform", async ({ run }) => {
  const found = await run(async (lib) => {
    const { runOp } = await lib.load<typeof import('../../src/kernels.ts')>('/src/kernels.ts');
    const device = await lib.chainrule.openDevice();
    const x = { shape: [1, 4], data: new Float32Array(4).fill(-3.4028234663852886e38) };
    const results = [];
    for (const op of ['softmax', 'logSoftmax']) results.push(...Object.values((await runOp(device, op, {}, { x }, new Float32Array(4).fill(1))).computed)[0]!);
    device.destroy();
    return results;
  });
  expect(found.slice(0, 4)).toEqual([0.25, 0.25, 0.25, 0.25]);
  for (const value of found.slice(4)) expect(value).toBeCloseTo(-Math.log(4), 6);
});
