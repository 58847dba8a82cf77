import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

/** Replaces what openDevice finds in the page; `null` removes it. */
const broken: readonly [name: string, change: 'no gpu' | 'insecure' | 'null' | 'rejects' | 'no device', code: string, message: RegExp][] = [
  ['no WebGPU', 'no gpu', 'no-webgpu', /^openDevice: needs a browser with WebGPU, got one without navigator\.gpu\. Use Chrome/],
  ['an insecure origin', 'insecure', 'insecure-origin', /^openDevice: needs a secure origin \(https or localhost\), got an insecure one\. Serve/],
  ['no adapter', 'null', 'no-adapter', /^openDevice: needs a WebGPU adapter, got none\. On Linux/],
  ['an adapter request that fails', 'rejects', 'no-adapter', /^openDevice: needs a WebGPU adapter, got a refusal \(OperationError: blocked again\)\./],
  ['a device that is refused', 'no device', 'no-adapter', /^openDevice: needs a device from the adapter, got a refusal \(OperationError: no more\)\./],
];
for (const [name, change, code, message] of broken) {
  test(`openDevice says so: ${name}`, async ({ run }) => {
    const error = await run(async (lib, change) => {
      const { patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      const open = () => lib.caught(() => lib.chainrule.openDevice());
      if (change === 'null') return patched(GPU.prototype, 'requestAdapter', () => async () => null, open);
      if (change === 'rejects') return patched(GPU.prototype, 'requestAdapter', () => async () => { throw new DOMException('blocked\u2028again', 'OperationError'); }, open);
      if (change === 'no device') return patched(GPUAdapter.prototype, 'requestDevice', () => async () => { throw new DOMException('no more', 'OperationError'); }, open);
      const [owner, property, value] = change === 'insecure' ? [globalThis, 'isSecureContext', false] as const : [navigator, 'gpu', undefined] as const;
      Object.defineProperty(owner, property, { value, configurable: true });
      try {
        return await open();
      } finally {
        Reflect.deleteProperty(owner, property);
        // The window's own property went with it.
        if (owner === globalThis) Object.defineProperty(globalThis, 'isSecureContext', { value: true, configurable: true });
      }
    }, change);
    expect(error).toMatchObject({ name: 'GpuError', code });
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThanOrEqual(300);
  });
}

test('limits: as much as the adapter has, at most what is asked for, and nothing that WebGPU does not know', async ({ run }) => {
  const result = await run(async (lib) => {
    const { openDevice } = lib.chainrule;
    const { patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const asked: Record<string, number>[] = [];
    const open = (limits?: Record<string, number>) => patched(GPUAdapter.prototype, 'requestDevice', (original) => function (...args) {
      asked.push((args[0] as { requiredLimits: Record<string, number> }).requiredLimits);
      return original.apply(this, args);
    }, () => openDevice(limits === undefined ? {} : { limits }));
    const adapter = await navigator.gpu.requestAdapter();
    const most = (name: 'maxBufferSize' | 'maxStorageBufferBindingSize' | 'maxStorageBuffersPerShaderStage') => adapter!.limits[name];
    const all = await open();
    const greedy = await open({ maxBufferSize: Number.MAX_SAFE_INTEGER, minStorageBufferOffsetAlignment: 1 });
    const modest = await open({ maxBufferSize: 4096, maxStorageBuffersPerShaderStage: 5 });
    const tensors = [all.maxTensorBytes, greedy.maxTensorBytes, modest.maxTensorBytes];
    const bindings = [all.maxBindings, modest.maxBindings];
    for (const device of [all, greedy, modest]) device.destroy();
    const errors: string[] = [];
    for (const limits of [{ maxBuffer: 1 }, { maxBufferSize: 0 }, { maxBufferSize: 1.5 }, { maxBufferSize: '1' }, { maxBufferSize: NaN }, null, []]) {
      errors.push((await lib.caught(() => openDevice({ limits: limits as never }))).message);
    }
    for (const options of [{ adapterClass: 'tpu' }, { powerPreference: 'some' }]) errors.push((await lib.caught(() => openDevice(options as never))).message);
    return { asked, adapterMost: [most('maxBufferSize'), most('maxStorageBufferBindingSize'), most('maxStorageBuffersPerShaderStage')], alignment: adapter!.limits.minStorageBufferOffsetAlignment, tensors, bindings, errors };
  });
  const [size, binding, perStage] = result.adapterMost;
  expect(result.asked[0]).toEqual({ maxBufferSize: size, maxStorageBufferBindingSize: binding, maxStorageBuffersPerShaderStage: perStage });
  expect(result.asked[1]).toMatchObject({ maxBufferSize: size, minStorageBufferOffsetAlignment: result.alignment });
  expect(result.tensors).toEqual([Math.min(size, binding), Math.min(size, binding), 4096]);
  expect(result.bindings).toEqual([perStage, 5]);
  expect(result.errors).toEqual([
    'openDevice: needs limits that WebGPU knows, got an unknown limit "maxBuffer".',
    'openDevice: needs limits.maxBufferSize to be an integer ≥ 1, got 0.',
    'openDevice: needs limits.maxBufferSize to be an integer ≥ 1, got 1.5.',
    'openDevice: needs limits.maxBufferSize to be an integer ≥ 1, got "1".',
    'openDevice: needs limits.maxBufferSize to be an integer ≥ 1, got NaN.',
    'openDevice: needs limits as an object of numbers, got null.',
    'openDevice: needs limits as an object of numbers, got [].',
    'openDevice: needs adapterClass to be "cpu" or "gpu", got "tpu".',
    'openDevice: needs powerPreference to be "low-power" or "high-performance", got "some".',
  ]);
});

test('five buffers a launch are enough to train: fusion keeps to the device\'s limit', async ({ run }) => {
  const hashes = await run(async (lib) => {
    const { openDevice, compile, moons, sequential, linear, tanh, crossEntropy, sgd } = lib.chainrule;
    const hashes: Record<string, number> = {};
    for (const [name, limits] of [['five', { maxStorageBuffersPerShaderStage: 5 }], ['all', {}]] as const) {
      const device = await openDevice({ limits });
      const trainer = await compile(sequential(linear(2, 8), tanh(), linear(8, 2)), { device, loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 20 });
      await trainer.fit(moons({ points: 100 }), { epochs: 2, resident: false });
      hashes[name] = (await trainer.evaluate(moons({ points: 100 }))).loss;
      device.destroy();
    }
    return hashes;
  });
  expect(hashes.five).toBeCloseTo(hashes.all, 5);
});

test('a net is planned and compiled while the adapter is asked for its quads; where it has none, it is planned anew without them', async ({ run }) => {
  const { quads, none, whole } = await run(async (lib) => {
    const { openDevice, compile, sequential, linear, relu, crossEntropy, sgd } = lib.chainrule;
    const { patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const trained = async (): Promise<{ early: boolean; later: boolean; kernels: string[]; loss: number; passed: boolean }> => {
      const device = await openDevice();
      const early = device.hasQuads;
      await using trainer = await compile(sequential(linear(64, 64), relu(), linear(64, 64)), { device, loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 64 });
      const batch = { inputs: Float32Array.from({ length: 64 * 64 }, (_, i) => Math.sin(i)), targets: Uint32Array.from({ length: 64 }, (_, i) => i) };
      await (await trainer.step(batch)).loss;
      const loss = await (await trainer.step(batch)).loss;
      const kernels = trainer.plan.launches.map(({ kernel }) => kernel).filter((name) => name.endsWith('/quad'));
      const passed = (await lib.gradcheck.checkGradients(trainer)).passed;
      const later = device.hasQuads;
      device.destroy();
      return { early, later, kernels, loss, passed };
    };
    /** Trains on a device whose probe answers only after the first kernel is asked for; with the answer changed or not. */
    const held = (isWrong: boolean) => {
      let ask: () => void = () => undefined;
      const asked = new Promise<void>((resolve) => { ask = resolve; });
      const isProbe = (buffer: unknown): boolean => (buffer as GPUBuffer).label === 'read quad probe';
      return patched(GPUBuffer.prototype, 'mapAsync', (original) => async function (...args) {
        if (isProbe(this)) await asked;
        return original.apply(this, args);
      }, () => patched(GPUBuffer.prototype, 'getMappedRange', (original) => function (...args) {
        const range = original.apply(this, args) as ArrayBuffer;
        if (isProbe(this) && isWrong) new Uint32Array(range).reverse();
        return range;
      }, () => patched(GPUDevice.prototype, 'createComputePipelineAsync', (original) => function (...args) {
        ask();
        return original.apply(this, args);
      }, trained)));
    };
    return { quads: await held(false), none: await held(true), whole: await trained() };
  });
  expect(quads).toMatchObject({ early: true, later: true, passed: true, loss: whole.loss });
  expect(quads.kernels.length).toBeGreaterThan(3);
  expect(whole.kernels).toEqual(quads.kernels);
  expect(none).toMatchObject({ early: true, later: false, kernels: [], passed: true });
  expect(none.loss).toBeCloseTo(whole.loss, 4);
});

test('bad WGSL is reported with its line', async ({ run, problems }) => {
  problems.allow(/WGSL|ShaderModule|ComputePipeline|error:/);
  const result = await run(async (lib) => {
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { laneKernel } = await lib.load<typeof import('../../shaders/kernel.ts')>('/shaders/kernel.ts');
    const { openDevice } = lib.chainrule;
    await sharedDevice();
    const device = await openDevice();
    const kernel = laneKernel({ name: 'broken/test', formula: 'nothing', declarations: [{ name: 'out', access: 'write', type: 'array<f32, 4>' }], body: 'let a = 1.0;\n  out[lane] = a + noSuchName;', count: 4 });
    const first = await lib.caught(() => device.compile([kernel]));
    const again = await lib.caught(() => device.compile([kernel]));
    const line = kernel.code.split('\n').findIndex((text) => text.includes('noSuchName')) + 1;
    device.destroy();
    return { first, again, line };
  });
  expect(result.first).toMatchObject({ name: 'GpuError', code: 'gpu' });
  expect(result.first.message).toMatch(new RegExp(`^broken/test: needs WGSL that compiles, got line ${result.line}:\\d+ "out\\[lane\\] = a \\+ noSuchName;": .*noSuchName`));
  expect(result.first.message.length).toBeLessThanOrEqual(300);
  expect(result.again.message).toMatch(/noSuchName|every command to be valid/);
});

test('a command that WebGPU refuses in silence surfaces in the next call, and in every later one', async ({ run, problems }) => {
  problems.allow(/Buffer|CommandBuffer|Queue|copy|usage/i);
  const result = await run(async (lib) => {
    const { openDevice, compile, moons, sequential, linear, crossEntropy, sgd } = lib.chainrule;
    const device = await openDevice();
    const trainer = await compile(sequential(linear(2, 2)), { device, loss: crossEntropy(), optimizer: sgd(), batchSize: 4 });
    const data = moons({ points: 16 });
    await trainer.fit(data);
    const good = device.createBuffer('good', 16, 'storage');
    // Beyond the buffer: WebGPU drops it without an exception.
    device.raw.queue.writeBuffer(good, 8, new Uint32Array(8));
    const read = await lib.caught(() => device.read(good, 0, 16));
    const calls: Record<string, () => unknown> = {
      fit: () => trainer.fit(data), evaluate: () => trainer.evaluate(data), predict: () => trainer.predict([[1, 2]]), state: () => trainer.state(), idle: () => device.idle(),
      step: async () => (await trainer.step({ inputs: new Float32Array(8), targets: new Uint32Array(4) })).loss, buffer: () => device.createBuffer('x', 16, 'storage'),
      compile: () => compile(sequential(linear(3, 3)), { device, loss: crossEntropy(), optimizer: sgd() }),
    };
    const later: Record<string, string | undefined> = {};
    for (const [name, call] of Object.entries(calls)) later[name] = (await lib.caught(call)).code;
    device.destroy();
    return { read, later };
  });
  expect(result.read).toMatchObject({ name: 'GpuError', code: 'gpu' });
  expect(result.read.message).toMatch(/^WebGPU: needs every command to be valid, got .*[Ww]rite/);
  expect(result.read.message.length).toBeLessThanOrEqual(300);
  expect(new Set(Object.values(result.later))).toEqual(new Set(['gpu']));
});

test('memory that runs out has a code of its own', async ({ run, problems }) => {
  problems.allow(/Buffer|memory|OutOfMemory/i);
  const error = await run(async (lib) => {
    const { openDevice } = lib.chainrule;
    const device = await openDevice();
    device.raw.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error: new GPUOutOfMemoryError('vkAllocateMemory failed') }));
    const error = await lib.caught(() => device.check());
    device.destroy();
    return error;
  });
  expect(error).toMatchObject({ name: 'GpuError', code: 'memory' });
  expect(error.message).toMatch(/^WebGPU: needs enough GPU memory, got vkAllocateMemory failed\. Open a new device/);
});

test('writes that WebGPU would drop in silence are refused: beyond the end, unaligned, detached', async ({ run }) => {
  const errors = await run(async (lib) => {
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const buffer = device.createBuffer('target', 16, 'storage');
    const detached = new Float32Array(4);
    structuredClone(detached, { transfer: [detached.buffer] });
    const errors: { code?: string; message: string }[] = [];
    for (const [offset, data] of [[4, new Float32Array(4)], [2, new Float32Array(1)], [0, detached], [-4, new Float32Array(1)]] as const) {
      errors.push(await lib.caught(() => device.write(buffer, offset, data)));
    }
    await device.idle();
    buffer.destroy();
    return errors;
  });
  expect(errors.map(({ code }) => code)).toEqual(['gpu', 'gpu', 'data', 'gpu']);
  expect(errors[2].message).toMatch(/^target: needs numbers to write, got an empty or detached array/);
});
