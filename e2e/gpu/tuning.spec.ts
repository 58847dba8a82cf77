import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

test('a tuned training measures each product once, learns the same, and is proven; the next one takes what was kept', async ({ run }) => {
  const { first, again, plain, planned, losses, progress, passed, kept, pipelines } = await run(async (lib) => {
    const { sequential, linear, relu, crossEntropy, adam, compile, moons } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const map = new Map<string, string>();
    const store = { get: async (key: string) => map.get(key), set: async (key: string, variant: string) => { map.set(key, variant); } };
    const data = moons({ points: 256, seed: 2 });
    const model = sequential(linear(2, 96), relu(), linear(96, 96), relu(), linear(96, 2));
    const options = { device, loss: crossEntropy(), optimizer: adam({ lr: 0.01 }), batchSize: 64, seed: 3 };
    const progress: string[] = [];
    const losses: Record<string, number[]> = {};
    const trained = async (name: string, tune: object | boolean) => {
      const trainer = await compile(model, { ...options, tune });
      losses[name] = [];
      await trainer.fit(data, { epochs: 10, onStep: ({ loss }) => { losses[name]!.push(loss); } });
      return trainer;
    };
    await using one = await trained('first', { store, table: false, budget: 30, minimumGain: 0, onProgress: (done: number, total: number) => { progress.push(`${done}/${total}`); } });
    const first = one.tuning!;
    const planned = one.plan.launches.map(({ kernel }) => kernel);
    const { passed } = await lib.gradcheck.checkGradients(one);
    const before = device.pipelines.size;
    await using two = await trained('again', { store, table: false, budget: 30, minimumGain: 0 });
    const again = two.tuning!;
    const pipelines = device.pipelines.size - before;
    await using three = await trained('plain', false);
    return { first, again, plain: three.tuning, planned, losses, progress, passed, kept: map.size, pipelines };
  });
  expect(plain).toBeUndefined();
  expect(first.storeProblem).toBeUndefined();
  // A fold has one kernel on a software adapter: it is settled, and there is nothing to tell.
  expect(first.work.length).toBeGreaterThan(4);
  expect(progress).toEqual(progress.map((_, index) => `${index + 1}/${progress.length}`));
  expect(progress.length).toBeGreaterThanOrEqual(first.work.length);
  const products = first.work.filter(({ family }) => family === 'matmul');
  expect(products.length).toBeGreaterThan(4);
  for (const { rule, chosen, by, variants } of products) {
    // A weight's gradient may also go in slices, without barriers where it is narrow; its small kernel has the text of `register`, and a short one may have that of `small`.
    expect(variants.map(({ variant }) => variant).filter((variant) => !['split', 'register', 'short'].includes(variant))).toEqual(['quad-wide', 'quad', 'small']);
    // All are right here, and all were timed.
    expect(variants.filter(({ refused }) => refused)).toEqual([]);
    const times = Object.fromEntries(variants.map(({ variant, milliseconds }) => [variant, milliseconds!]));
    expect(times[chosen]).toBe(Math.min(...Object.values(times)));
    expect(by).toBe(chosen === rule ? 'rule' : 'measured');
  }
  // What was chosen is what runs.
  const running = planned.filter((kernel) => kernel.startsWith('matmul')).map((kernel) => kernel.split('/')[1]!);
  for (const { chosen } of products) expect(running.splice(running.indexOf(chosen), running.includes(chosen) ? 1 : 0), chosen).toHaveLength(1);
  // The gradient of the last bias has two numbers: too few to be judged.
  expect(running).toHaveLength(1);
  expect(passed).toBe(true);
  expect(again.work.map(({ by, variants }) => `${by} ${variants.length}`)).toEqual(first.work.map(() => 'stored 0'));
  expect(again.work.map(({ chosen }) => chosen)).toEqual(first.work.map(({ chosen }) => chosen));
  expect(kept).toBe(first.work.length);
  expect(pipelines).toBe(0);
  expect(losses.again).toEqual(losses.first);
  expect(losses.first).toHaveLength(losses.plain!.length);
  expect(Math.max(...losses.plain!.map((loss, step) => Math.abs(loss - losses.first![step]!)))).toBeLessThan(1e-3);
  expect(losses.first!.at(-1)!).toBeLessThan(0.5 * losses.first![0]!);
});

test('a variant that is wrong is refused, however fast; one that does not compile, too', async ({ run }) => {
  const found = await run(async (lib) => {
    const { sequential, linear, mse, sgd, compile } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { matmulFamily } = await lib.load<typeof import('../../src/ops/matmul.ts')>('/src/ops/matmul.ts');
    const variants = matmulFamily.variants as unknown as { name: string; suits: () => boolean; kernel: (spec: object) => { code: string } }[];
    const small = variants.at(-1)!;
    const planted = (name: string, find: string, replace: string) => ({ name, suits: () => false, kernel: (spec: object) => { const kernel = small.kernel(spec); return { ...kernel, name, code: kernel.code.replace(find, replace) }; } });
    const added = [planted('half', 'k += 4u', 'k += 8u'), planted('broken', '@compute', '@compute @compute'), planted('silent', 'store_out(row, ', '// store_out(row, ')];
    variants.unshift(...added);
    try {
      await using trainer = await compile(sequential(linear(64, 8)), { device: await sharedDevice(), loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 16, tune: { table: false, budget: 10, store: { get: async () => { throw new Error('the disk is full'); }, set: async () => undefined } } });
      return { tuning: trainer.tuning!, planned: trainer.plan.launches.map(({ kernel }) => kernel) };
    } finally {
      variants.splice(0, added.length);
    }
  });
  const [forward] = found.tuning.work.filter(({ family }) => family === 'matmul');
  const refused = Object.fromEntries(forward!.variants.map(({ variant, refused: why }) => [variant, why]));
  expect(refused.half).toMatch(/^element \d+ is .* where the simplest kernel gives/);
  expect(refused.silent).toContain('is NaN where the simplest kernel gives');
  expect(refused.broken).toContain('WGSL that compiles');
  expect(refused.quad).toBeUndefined();
  expect(forward!.variants.filter(({ refused: why }) => why).every(({ milliseconds }) => milliseconds === undefined)).toBe(true);
  for (const { chosen } of found.tuning.work) expect(['half', 'broken', 'silent']).not.toContain(chosen);
  expect(found.planned.filter((kernel) => /half|broken|silent/.test(kernel))).toEqual([]);
  // The training has its choices all the same.
  expect(found.tuning.storeProblem).toBe('the disk is full');
});

test('a store that never answers holds up neither a training nor the end of its device', async ({ run }) => {
  const found = await run(async (lib) => {
    const { sequential, linear, mse, sgd, compile } = lib.chainrule;
    let asked = 0;
    const never = async (): Promise<never> => { asked += 1; return new Promise<never>(() => undefined); };
    const store = { get: never, set: never };
    const train = async (device: import('../../src/index.ts').Device) => compile(sequential(linear(64, 8)), { device, loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 16, tune: { table: false, budget: 10, store } });
    const device = await lib.chainrule.openDevice();
    await using trainer = await train(device);
    const { storeProblem, work } = trainer.tuning!;
    const askedOnce = asked;
    const lost = train(device).then(() => 'compiled', (error: Error) => error.name);
    while (asked === askedOnce) await new Promise((resolve) => { setTimeout(resolve, 5); });
    const start = performance.now();
    device.destroy();
    return { storeProblem, work: work.length, askedOnce, lost: await lost, waited: performance.now() - start };
  });
  expect(found.storeProblem).toBe('the store gave no answer in 5 seconds; it is not asked again');
  expect(found.askedOnce).toBe(1);
  expect(found.work).toBeGreaterThan(1);
  expect(found.lost).toBe('DeviceLostError');
  expect(found.waited).toBeLessThan(3000);
});

test('deterministic measures nothing and stores nothing', async ({ run }) => {
  const { tuning, predicted, touched } = await run(async (lib) => {
    const { sequential, linear, mse, sgd, compile } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    let touched = 0;
    const store = { get: async () => { touched += 1; return undefined; }, set: async () => { touched += 1; } };
    await using trainer = await compile(sequential(linear(64, 8)), { device: await sharedDevice(), loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 16, tune: { deterministic: true, store } });
    const tuning = trainer.tuning!;
    // A prediction has work of its own.
    await trainer.predict(new Float32Array(5 * 64));
    return { tuning, predicted: trainer.tuning!.work.slice(tuning.work.length), touched };
  });
  expect(predicted.map(({ family, sizeClass }) => `${family} ${sizeClass}`)).toEqual(['matmul matmul: 1 epilogue, k 64, m 4, n 8, transposeB']);
  expect(touched).toBe(0);
  expect(tuning.work.length).toBeGreaterThan(0);
  for (const { by, variants } of tuning.work) expect([by, variants.length]).toEqual([by === 'table' ? 'table' : 'rule', 0]);
});

test('trials keep to the memory budget: what has no room for one is chosen by the rules', async ({ run }) => {
  const { compiled, predicted, touched } = await run(async (lib) => {
    const { sequential, linear, mse, sgd, compile } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    let touched = 0;
    const store = { get: async () => undefined, set: async () => { touched += 1; } };
    const options = { device: await sharedDevice(), loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 16 };
    const model = sequential(linear(256, 250));
    await using plain = await compile(model, options);
    // Room for the numbers of a prediction, and not for another copy of the weight.
    const memoryBudget = plain.plan.memory.total + 50_000;
    await using trainer = await compile(model, { ...options, memoryBudget, tune: { table: false, budget: 1, store } });
    const compiled = trainer.tuning!.work;
    touched = 0;
    await trainer.predict(new Float32Array(5 * 256));
    return { compiled, predicted: trainer.tuning!.work.slice(compiled.length), touched };
  });
  // Before the first program nothing is taken: its own trials have room.
  expect(compiled.flatMap(({ variants }) => variants).filter(({ milliseconds }) => milliseconds !== undefined).length).toBeGreaterThan(2);
  expect(predicted.map(({ family, by, chosen, rule }) => [family, by, chosen === rule])).toEqual([['matmul', 'rule', true]]);
  expect(predicted[0]!.variants).toEqual([{ variant: 'small', refused: expect.stringMatching(/^its trial needs 26\d,\d{3} bytes where memoryBudget leaves 50,\d{3}$/) }]);
  expect(touched).toBe(0);
});

test('the browser keeps choices over visits, the newest, and a damaged record counts as none', async ({ run }) => {
  const found = await run(async (lib) => {
    const { databaseStore } = await lib.load<typeof import('../../src/nn/tuning/store.ts')>('/src/nn/tuning/store.ts');
    const name = `tuning-test-${Math.random()}`;
    const store = databaseStore(name, 3);
    for (const key of ['a', 'b', 'c', 'd']) {
      await store.set(key, `variant ${key}`);
      // Times are in milliseconds.
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
    const other = databaseStore(name, 3);
    const kept = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => other.get(key)));
    const database = await new Promise<IDBDatabase>((resolve) => { const request = indexedDB.open(name, 1); request.addEventListener('success', () => resolve(request.result)); });
    await new Promise<void>((resolve) => { const request = database.transaction('choices', 'readwrite').objectStore('choices').put({ key: 'b', variant: { not: 'a name' }, time: 0 }); request.addEventListener('success', () => resolve()); });
    const damaged = await other.get('b');
    database.close();
    // Two stores have it open: neither keeps it from being deleted, and both go on.
    const deleted = await new Promise<string>((resolve) => {
      const request = indexedDB.deleteDatabase(name);
      for (const event of ['success', 'error', 'blocked']) request.addEventListener(event, () => resolve(event));
    });
    await store.set('f', 'variant f');
    return { kept, damaged, deleted, anew: [await other.get('d'), await other.get('f')] };
  });
  expect(found.kept).toEqual([undefined, 'variant b', 'variant c', 'variant d', undefined]);
  expect(found.damaged).toBeUndefined();
  expect([found.deleted, ...found.anew]).toEqual(['success', undefined, 'variant f']);
});
