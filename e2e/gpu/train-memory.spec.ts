import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');
type Library = import('../harness-page.ts').Library;
type Refused = import('../../src/index.ts').MemoryLimitError;

test('a net that needs its whole budget trains; with one byte less it is refused before anything is allocated, and what is suggested trains', async ({ run }) => {
  const result = await run(async (lib: Library) => {
    const { compile, sequential, linear, relu, crossEntropy, adam, dataset } = lib.chainrule;
    const { counted, sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const compiled = (batchSize: number, more: object = {}) => compile(sequential(linear(40, 64), relu(), linear(64, 5)), { device, loss: crossEntropy(), optimizer: adam({ lr: 0.01 }), batchSize, seed: 3, ...more });
    const data = (length: number) => dataset({ inputs: Float32Array.from({ length: length * 40 }, (_, i) => Math.sin(i * 0.7)), inputShape: [40], targets: Uint32Array.from({ length }, (_, i) => i % 5), targetShape: [], classes: 5 });
    const fitted = async (batchSize: number, more: object) => {
      await using trainer = await compiled(batchSize, more);
      const { steps } = await trainer.fit(data(2 * batchSize), { epochs: 1 });
      const { total } = trainer.plan.memory;
      return { steps, total, hash: await trainer.hash() };
    };
    const free = await fitted(64, {});
    // Data on the GPU counts, too: without room for it batches go up one by one, to the same bits.
    const exact = await fitted(64, { memoryBudget: free.total });
    let refused: Refused | undefined;
    const { calls } = await counted(async () => {
      try {
        await compiled(64, { memoryBudget: free.total - 1 });
      } catch (error) {
        refused = error as Refused;
      }
    });
    const { refusal, message, code } = refused!;
    const suggested: { steps: number; total: number; hash: string }[] = [];
    for (const { batchSize, accumulate } of refusal.fits) suggested.push(await fitted(batchSize, { memoryBudget: free.total - 1, ...(accumulate ? { accumulate } : {}) }));
    const larger = await lib.caught(() => compiled(refusal.fits[0].batchSize + 1, { memoryBudget: free.total - 1 }));
    const tiny = await lib.caught(() => compiled(64, { memoryBudget: 30_000 }));
    const wrong = await lib.caught(() => compiled(64, { memoryBudget: 0 }));
    return { free, exact, message, code, refusal, created: calls.count.createBuffer, suggested, larger: larger.code, tiny: tiny.message, wrong: wrong.message };
  });
  expect(result.exact).toEqual(result.free);
  expect(result.code).toBe('limit');
  expect(result.created).toBe(0);
  const { limit, memory, fits } = result.refusal;
  expect(limit).toEqual({ name: 'memoryBudget', bytes: result.free.total - 1 });
  expect(memory.total).toBe(result.free.total);
  for (const role of ['parameters', 'gradients', 'optimizer', 'activations', 'batch']) expect(memory[role], role).toBeGreaterThan(0);
  expect(Object.entries(memory).filter(([role]) => role !== 'total').reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(memory.total);
  expect(fits.length).toBe(2);
  expect(fits[0].accumulate).toBeUndefined();
  expect(fits[0].batchSize).toBeLessThan(64);
  expect(fits[1].batchSize * fits[1].accumulate!).toBeGreaterThanOrEqual(64);
  for (const { total, steps } of result.suggested) {
    expect(total).toBeLessThan(result.free.total);
    expect(steps).toBe(2);
  }
  // It is the largest.
  expect(result.larger).toBe('limit');
  expect(result.message).toContain(`all buffers to have at most ${(result.free.total - 1).toLocaleString('en')} bytes together (memoryBudget), got ${result.free.total.toLocaleString('en')} bytes, most in`);
  expect(result.tiny).toMatch(/Not even one example fits; about \d+ % of the parameters would: use narrower layers\./);
  expect(result.wrong).toBe('compile: needs memoryBudget to be an integer ≥ 1, got 0.');
});

test('where the GPU has no room the same refusal comes, everything is freed, and the device goes on', async ({ run }) => {
  const result = await run(async (lib: Library) => {
    const { openDevice, compile, sequential, linear, mse, adam } = lib.chainrule;
    const { patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await openDevice();
    const compiled = (batchSize: number) => compile(sequential(linear(64, 64)), { device, loss: mse(), optimizer: adam(), batchSize });
    // A GPU with 150,000 bytes: a scope in which a buffer goes beyond tells so, as WebGPU does.
    const most = 150_000;
    let held = 0;
    let pending = false;
    const alive = new Map<GPUBuffer, number>();
    const small = <T>(body: () => Promise<T>): Promise<T> => patched(GPUDevice.prototype, 'createBuffer', (original) => function (...args) {
      const { size } = args[0] as GPUBufferDescriptor;
      const buffer = original.apply(this, args) as GPUBuffer;
      if (held + size > most) pending = true;
      else {
        held += size;
        alive.set(buffer, size);
      }
      return buffer;
    }, () => patched(GPUDevice.prototype, 'popErrorScope', (original) => function (...args) {
      const isFull = pending;
      pending = false;
      const popped = original.apply(this, args) as Promise<GPUError | null>;
      return isFull ? popped.then(() => new GPUOutOfMemoryError('not enough memory')) : popped;
    }, () => patched(GPUBuffer.prototype, 'destroy', (original) => function (...args) {
      held -= alive.get(this as GPUBuffer) ?? 0;
      alive.delete(this as GPUBuffer);
      return original.apply(this, args);
    }, body)));
    return small(async () => {
      let refused: Refused | undefined;
      try {
        await compiled(512);
      } catch (error) {
        refused = error as Refused;
      }
      const left = held;
      const { refusal, message, code } = refused!;
      const { batchSize } = refusal.fits[0];
      const trainer = await compiled(batchSize);
      const { loss } = await trainer.step({ inputs: new Float32Array(batchSize * 64).fill(0.5), targets: new Float32Array(batchSize * 64).fill(1) });
      const value = await loss;
      await trainer.destroy();
      device.check();
      device.destroy();
      return { message, code, refusal, left, afterwards: held, value };
    });
  });
  expect(result.code).toBe('limit');
  expect([result.left, result.afterwards]).toEqual([0, 0]);
  expect(result.refusal.limit.name).toBe('memory');
  expect(result.refusal.limit.bytes).toBeLessThanOrEqual(150_000);
  expect(result.message).toContain('(the GPU gave no more)');
  expect(result.value).toBeGreaterThan(0);
});

test('arenas beyond one binding are updated in pieces: what training leaves is the same', async ({ run }) => {
  const { within, pieces, whole, launches, norms, errors } = await run(async (lib: Library) => {
    const { openDevice, compile, sequential, linear, relu, mse, adam, muon, dataset } = lib.chainrule;
    const most = 20_000;
    const inputs = Float32Array.from({ length: 12 * 32 }, (_, i) => Math.sin(i));
    const data = dataset({ inputs, inputShape: [32], targets: inputs.map((value) => value * value), targetShape: [32] });
    const trained = async (limits: Record<string, number> | undefined, more: object) => {
      const device = await openDevice(limits ? { limits } : {});
      const trainer = await compile(sequential(linear(32, 64), relu(), linear(64, 64), relu(), linear(64, 32)), { device, loss: mse(), optimizer: adam({ lr: 0.01 }), batchSize: 4, seed: 5, ...more });
      await trainer.fit(data, { epochs: 2 });
      const state = await trainer.state();
      const updates = trainer.plan.launches.filter(({ section, label }) => section !== 'forward' && section !== 'backward' && label !== 'report').map(({ section }) => section);
      await trainer.destroy();
      device.destroy();
      return { updates, values: [...Object.values(state.parameters), ...Object.values(state.optimizer.state), ...Object.values(state.average?.parameters ?? {})].flatMap(({ data: values }) => [...values]) };
    };
    const limits = { maxStorageBufferBindingSize: most };
    const plain = { accumulate: 3, average: { decay: 0.9 } };
    const clipped = { clipGradients: { norm: 0.1 }, optimizer: muon({ lr: 0.01 }) };
    const [pieces, whole] = [await trained(limits, plain), await trained(undefined, plain)];
    const norms = [await trained(limits, clipped), await trained(undefined, clipped)];
    const differing = (a: number[], b: number[]): number => Math.max(...a.map((value, i) => Math.abs(value - b[i]) / (1e-3 + Math.abs(b[i]))));
    // Smaller than the second weight: it is cut itself, but for what adds up the norm of all gradients.
    const within = await trained({ maxStorageBufferBindingSize: 16_000 }, plain);
    const error = await lib.caught(() => trained({ maxStorageBufferBindingSize: 16_000 }, clipped));
    return { within: differing(within.values, whole.values), pieces: pieces.values, whole: whole.values, launches: [pieces.updates, whole.updates], norms: differing(norms[0].values, norms[1].values), errors: [error.code, error.message] };
  });
  expect(pieces).toEqual(whole);
  // The product with that weight is cut along k: its sums are added up in another order.
  expect(within).toBeLessThan(1e-2);
  const count = (section: string) => launches.map((list) => list.filter((one) => one === section).length);
  // Weights of 8, 16 and 8 KB with their biases: the second does not go with the first, the third not with the second.
  for (const section of ['update', 'firstSum', 'sum', 'firstAverage', 'average']) expect(count(section), section).toEqual([3, 1]);
  // The norm is added up in another order.
  expect(norms).toBeLessThan(1e-4);
  expect(errors[0]).toBe('limit');
  expect(errors[1]).toContain('16,384 bytes of gradients for d 2.weight [64, 64] in gradient norm (squared-norm)');
});
