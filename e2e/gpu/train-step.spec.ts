import { expect, test } from '../harness.ts';

// What one step costs, counted at WebGPU's own methods: figures that no adapter changes.

type Kit = typeof import('./page-kit.ts');

test('a step on resident data: one submit, one pass, nothing created, at most 12 dispatches', async ({ run }) => {
  const { calls, steps, launches } = await run(async (lib) => {
    const { dataset, sequential, linear, relu, crossEntropy, adam } = lib.chainrule;
    const { counted, compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(784, 128), relu(), linear(128, 10)), { loss: crossEntropy(), optimizer: adam(), batchSize: 64 });
    const data = dataset({
      inputs: Float32Array.from({ length: 640 * 784 }, (_, i) => Math.sin(i)), inputShape: [784], targets: Uint32Array.from({ length: 640 }, (_, i) => i % 10), classes: 10,
    });
    // The first call uploads the data and compiles the launch that gathers batches.
    await trainer.fit(data);
    const { calls, value } = await counted(() => trainer.fit(data));
    return { calls, steps: value.steps, launches: trainer.plan.launches.length };
  });
  expect(steps).toBe(10);
  const { submit, beginComputePass, dispatchWorkgroups, createCommandEncoder, mapAsync, copyBufferToBuffer, writeBuffer, ...created } = calls.count;
  expect({ submit, beginComputePass, createCommandEncoder, mapAsync, copyBufferToBuffer }).toEqual({ submit: 10, beginComputePass: 10, createCommandEncoder: 10, mapAsync: 10, copyBufferToBuffer: 10 });
  expect(created).toEqual({
    createBuffer: 0, createBindGroup: 0, createBindGroupLayout: 0, createShaderModule: 0, createComputePipeline: 0, createComputePipelineAsync: 0,
  });
  // The step's scalars; once for the epoch the order of the examples; once for the fit inputs and targets, which may have changed.
  expect(writeBuffer).toBe(10 + 1 + 2);
  // The plan's launches and the one that gathers the batch.
  expect(dispatchWorkgroups).toBe(10 * (launches + 1));
  expect(launches + 1).toBeLessThanOrEqual(12);
  console.log(`784-128-10 with Adam: ${launches + 1} dispatches, 1 submit, 1 pass, 0 buffers, 0 bind groups, 0 pipelines a step`);
});

test('a step on a batch of its own: the same, with two uploads', async ({ run }) => {
  const { calls, launches } = await run(async (lib) => {
    const { sequential, linear, relu, crossEntropy, adam } = lib.chainrule;
    const { counted, compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(784, 128), relu(), linear(128, 10)), { loss: crossEntropy(), optimizer: adam(), batchSize: 64 });
    const batch = { inputs: new Float32Array(64 * 784).fill(0.1), targets: new Uint32Array(64).fill(3) };
    const { calls } = await counted(async () => {
      let last;
      for (let i = 0; i < 8; i++) last = await trainer.step(batch);
      await last!.loss;
    });
    return { calls, launches: trainer.plan.launches.length };
  });
  const { submit, beginComputePass, dispatchWorkgroups, createCommandEncoder, mapAsync, copyBufferToBuffer, writeBuffer, ...created } = calls.count;
  expect({ submit, beginComputePass, createCommandEncoder, mapAsync, copyBufferToBuffer, writeBuffer }).toEqual(
    { submit: 8, beginComputePass: 8, createCommandEncoder: 8, mapAsync: 8, copyBufferToBuffer: 8, writeBuffer: 3 * 8 });
  expect(Object.values(created).every((times) => times === 0), JSON.stringify(created)).toBe(true);
  expect(dispatchWorkgroups).toBe(8 * launches);
});

test('nothing waits for a step\'s own report: three are sent before the first is read, and no fourth, also across batch sizes', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, sgd } = lib.chainrule;
    const { counted, compileShared, patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(2, 16), tanh(), linear(16, 2)), { loss: crossEntropy(), optimizer: sgd(), batchSize: 32 });
    const data = moons({ points: 32 * 2 + 5 });
    const batchOf = (rows: number) => ({ inputs: new Float32Array(rows * 2), targets: new Uint32Array(rows) });
    await trainer.fit(data);
    const submitted: Record<string, number> = {};
    const numbers: number[] = [];
    const sources: Record<string, () => Promise<unknown>> = {
      fit: () => trainer.fit(data, { epochs: 2, onStep: ({ step }) => { numbers.push(step); } }),
      steps: async () => {
        const pending = await Promise.all(Array.from({ length: 6 }, (_, i) => trainer.step(batchOf(i % 2 === 0 ? 32 : 5))));
        for (const { report } of pending) numbers.push((await report).step);
      },
      evaluate: () => trainer.evaluate(moons({ points: 32 * 5 + 5 })),
    };
    for (const [name, start] of Object.entries(sources)) {
      let open = (): void => undefined;
      const gate = new Promise<void>((resolve) => { open = resolve; });
      await patched(GPUBuffer.prototype, 'mapAsync', (original) => async function (...args) {
        await original.apply(this, args);
        await gate;
      }, async () => {
        const { calls, value } = await counted(async () => {
          const running = start();
          await new Promise((resolve) => { setTimeout(resolve, 60); });
          return { running };
        });
        submitted[name] = calls.count.submit;
        open();
        await value.running;
      });
    }
    return { submitted, numbers };
  });
  // No report can be read while the gate is shut.
  expect(result.submitted).toEqual({ fit: 3, steps: 3, evaluate: 3 });
  expect(result.numbers).toEqual(Array.from({ length: 12 }, (_, i) => 4 + i));
});

test('step copies its batch at once: the arrays may be used again', async ({ run }) => {
  const [reused, fresh] = await run(async (lib) => {
    const { sequential, linear, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const hashes: string[] = [];
    for (const reuse of [true, false]) {
      await using trainer = await compileShared(sequential(linear(3, 2)), { loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 4 });
      const shared = { inputs: new Float32Array(12), targets: new Float32Array(8) };
      const pending = [];
      for (let step = 0; step < 5; step++) {
        const batch = reuse ? shared : { inputs: new Float32Array(12), targets: new Float32Array(8) };
        batch.inputs.forEach((_, i) => { batch.inputs[i] = Math.sin(step * 12 + i); });
        batch.targets.forEach((_, i) => { batch.targets[i] = Math.cos(step * 8 + i); });
        pending.push(trainer.step(batch));
      }
      shared.inputs.fill(7);
      // A batch that went to a worker meanwhile: only its copy is uploaded.
      structuredClone(shared.targets, { transfer: [shared.targets.buffer] });
      await Promise.all(pending);
      hashes.push(await trainer.hash());
    }
    return hashes;
  });
  expect(reused).toBe(fresh);
});

for (const [name, diagnostics, metrics] of [['plain', false, []], ['with diagnostics and accuracy', true, ['accuracy']]] as const) {
  test(`the plan knows the memory before the first step: ${name}`, async ({ run }) => {
    const { memory, sizes, launches } = await run(async (lib, { diagnostics, metrics }) => {
      const { sequential, linear, relu, crossEntropy, adam } = lib.chainrule;
      const { counted, compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      const { calls, value: trainer } = await counted(() => compileShared(sequential(linear(784, 128), relu(), linear(128, 10)), {
        loss: crossEntropy(), optimizer: adam(), batchSize: 64, diagnostics, metrics,
      }));
      const { memory, launches } = trainer.plan;
      await trainer.destroy();
      return { memory, sizes: calls.bufferSizes, launches };
    }, { diagnostics, metrics: [...metrics] });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(memory.total);
    const { total, ...roles } = memory;
    expect(Object.values(roles).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
    // 784·128 + 128 + 128·10 + 10 numbers, each tensor from a multiple of 256 bytes on.
    const arena = 784 * 128 * 4 + 512 + 1280 * 4 + 256;
    expect(roles).toMatchObject({ parameters: arena, gradients: arena, optimizer: 2 * arena, batch: 64 * 784 * 4 + 64 * 4 });
    expect(Object.keys(roles).sort()).toEqual(['activations', 'batch', ...(diagnostics ? ['diagnostics'] : []), 'gradients', 'optimizer', 'parameters', 'staging', 'step'].sort());
    expect(new Set(launches.map(({ section }) => section))).toEqual(new Set(['forward', 'backward', 'update', 'report']));
  });
}

test('a step that the GPU did not run is refused, not believed', async ({ run }) => {
  const { dropped, later } = await run(async (lib) => {
    const { openDevice, compile, sequential, linear, mse, sgd } = lib.chainrule;
    const { patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    // After a load the step numbers repeat, so the stale report of the same slot carries the very number that is due.
    const device = await openDevice();
    await using trainer = await compile(sequential(linear(2, 1)), { device, loss: mse(), optimizer: sgd(), batchSize: 2 });
    const batch = { inputs: new Float32Array(4).fill(1), targets: new Float32Array(2) };
    const start = await trainer.state();
    for (let i = 0; i < 3; i++) await (await trainer.step(batch)).loss;
    await trainer.load(start);
    const dropped = await patched(GPUQueue.prototype, 'submit', () => () => undefined, () => lib.caught(async () => (await trainer.step(batch)).loss));
    const later = await lib.caught(() => patched(GPUQueue.prototype, 'submit', () => () => undefined, () => trainer.fit({ name: 'x', length: 2, ...batch, inputShape: [2], targetShape: [1] })));
    device.destroy();
    return { dropped, later };
  });
  for (const error of [dropped, later]) {
    expect(error).toMatchObject({ name: 'GpuError', code: 'gpu' });
    expect(error.message).toMatch(/^step \d+: needs its own tag from its last launch, got \d+\. The GPU did not run this step/);
  }
});
