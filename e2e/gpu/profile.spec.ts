import { expect, test } from '../harness.ts';

// Where a step's time goes. Times are the machine's own and not judged: what is, is that nothing is left out, nothing changes, and rates follow from times.

type Kit = typeof import('./page-kit.ts');

// The first has momentum, sums of gradients and an average, the second running means: what else a launch updates in place.
for (const name of ['mlp-with-everything', 'resnet', 'lstm-2x128']) {
  test(`${name}: a profile has every launch of the step, and leaves the training bit for bit as it was`, async ({ run }) => {
    const { launches, sections, before, after, next, undisturbed, counts, method, kernels, planned, trace, text, sum, together } = await run(async (lib, name) => {
      const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      const { ratchetNets } = await lib.load<typeof import('../ratchet/nets.ts')>('/e2e/ratchet/nets.ts');
      const trainers = await Promise.all([0, 1].map(() => {
        const { model, options } = ratchetNets[name]!(true);
        return compileShared(model, options);
      }));
      const [trainer, other] = trainers as [typeof trainers[0], typeof trainers[0]];
      const size = (shape: readonly number[]): number => shape.reduce((product, dimension) => product * dimension, trainer.batchSize);
      const { loss } = ratchetNets[name]!(true).options;
      const target = loss.target(trainer.outputShape);
      const batch = { inputs: Float32Array.from({ length: size(trainer.inputShape) }, (_, i) => Math.sin(i)), targets: Uint32Array.from({ length: size(target.shape) }, (_, i) => i % 10) };
      // Three steps: with accumulate: 2 a sum of gradients waits for its second batch.
      for (let step = 0; step < 3; step++) for (const one of trainers) await (await one.step(batch)).loss;
      const before = await trainer.hash();
      const profile = await trainer.profile(batch, { rounds: 1 });
      const after = await trainer.hash();
      const counts = [trainer.stepCount, other.stepCount];
      const reports = [];
      for (const one of trainers) {
        for (let step = 0; step < 2; step++) reports.push(await (await one.step(batch)).report);
      }
      const result = {
        launches: profile.launches, sections: [...new Set(profile.launches.map(({ section }) => section))], before, after, counts, method: profile.method,
        next: [await trainer.hash(), JSON.stringify(reports.slice(0, 2))], undisturbed: [await other.hash(), JSON.stringify(reports.slice(2))],
        kernels: profile.launches.map(({ kernel, label }) => `${label} ${kernel}`), planned: trainer.plan.launches.filter(({ section }) => section === 'forward' || section === 'backward').map(({ kernel, label }) => `${label} ${kernel}`),
        trace: JSON.parse(JSON.stringify(profile.toChromeTrace())) as ReturnType<typeof profile.toChromeTrace>, text: String(profile), sum: profile.microseconds, together: profile.stepMicroseconds,
      };
      for (const one of trainers) await one.destroy();
      return result;
    }, name);
    expect(after).toBe(before);
    expect(counts).toEqual([3, 3]);
    // What comes next is what would have come without: weights, losses, norms and masks.
    expect(next).toEqual(undisturbed);
    expect(sections.slice(0, 2)).toEqual(['forward', 'backward']);
    expect(sections.slice(2)).toEqual({ 'mlp-with-everything': ['sum', 'update', 'average', 'report'], 'resnet': ['buffers', 'update', 'report'] }[name] ?? ['update', 'report']);
    expect(kernels.slice(0, planned.length)).toEqual(planned);
    expect(['timestamps', 'repeats']).toContain(method);
    for (const { microseconds, bytes, flops, gigaflopsPerSecond, gigabytesPerSecond, ofCeiling, label } of launches) {
      expect(microseconds, label).toBeGreaterThanOrEqual(0);
      expect(bytes, label).toBeGreaterThan(0);
      expect(flops, label).toBeGreaterThanOrEqual(0);
      expect(gigaflopsPerSecond * microseconds * 1000, label).toBeCloseTo(microseconds > 0 ? flops : 0, 3);
      expect(gigabytesPerSecond * microseconds * 1000, label).toBeCloseTo(microseconds > 0 ? bytes : 0, 3);
      expect(ofCeiling, label).toBeGreaterThanOrEqual(0);
    }
    // One by one launches take about what they take together: an order of magnitude either way would be a wrong unit.
    expect(sum).toBeGreaterThan(together / 10);
    expect(sum).toBeLessThan(together * 10);
    const spans = trace.traceEvents.filter(({ ph }) => ph === 'X');
    expect(spans.map(({ name }) => name)).toEqual(launches.map(({ label, kernel }) => `${label} (${kernel})`));
    spans.forEach(({ ts, dur, cat }, index) => {
      expect(cat).toBe(launches[index]!.section);
      expect(dur).toBe(launches[index]!.microseconds);
      if (index > 0) expect(ts).toBeCloseTo(spans[index - 1]!.ts! + spans[index - 1]!.dur!, 6);
    });
    expect(text.split('\n').filter((line) => launches.some(({ kernel }) => line.endsWith(kernel)))).toHaveLength(launches.length);
  });
}

test('both ways of timing run on this device, or the first is refused by name', async ({ run }) => {
  const { has, repeats, stamps, first } = await run(async (lib) => {
    const { sequential, linear, relu, crossEntropy, adam } = lib.chainrule;
    const { compileShared, sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { hasTimestamps } = await lib.load<typeof import('../../src/gpu/timing.ts')>('/src/gpu/timing.ts');
    await using trainer = await compileShared(sequential(linear(64, 64), relu(), linear(64, 10)), { loss: crossEntropy(), optimizer: adam(), batchSize: 16 });
    const batch = { inputs: new Float32Array(16 * 64).fill(0.5), targets: new Uint32Array(16).fill(3) };
    const before = await trainer.hash();
    const profiled = async (method: 'timestamps' | 'repeats') => {
      const profile = await trainer.profile(batch, { method, rounds: 2 });
      return { method: profile.method, count: profile.launches.length, sum: profile.microseconds };
    };
    const repeats = await profiled('repeats');
    const has = hasTimestamps(await sharedDevice());
    const stamps = has ? await profiled('timestamps') : (await lib.caught(() => profiled('timestamps'))).message;
    return { has, repeats, stamps, first: [before, await trainer.hash()] };
  });
  expect(first[1]).toBe(first[0]);
  expect(repeats).toMatchObject({ method: 'repeats', count: 9 });
  expect(repeats.sum).toBeGreaterThan(0);
  if (has) expect(stamps).toMatchObject({ method: 'timestamps', count: 9 });
  else expect(stamps).toMatch(/^profile: needs a device with timestamp-query for the method "timestamps", got .+\. Leave method out, or take "repeats"\.$/);
  console.log(`profile: ${has ? 'the device has timestamp-query' : 'no timestamp-query'}`);
});

test('what a profile refuses', async ({ run }) => {
  const errors = await run(async (lib) => {
    const { sequential, linear, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const trainer = await compileShared(sequential(linear(2, 1)), { loss: mse(), optimizer: sgd(), batchSize: 2 });
    const batch = { inputs: new Float32Array(4), targets: new Float32Array(2) };
    const said = async (body: () => Promise<unknown>): Promise<string> => (await lib.caught(body)).message;
    const during = trainer.profile(batch, { rounds: 1 });
    const busy = await said(() => trainer.step(batch));
    await during;
    const found = [
      busy, await said(() => trainer.profile({ ...batch, inputs: new Float32Array(3) })), await said(() => trainer.profile(batch, { rounds: 0 })),
      await said(() => trainer.profile(batch, { method: 'guess' as never })), await said(() => trainer.profile(batch, { repeats: 3 } as never)),
    ];
    await trainer.destroy();
    return [...found, await said(() => trainer.profile(batch))];
  });
  expect(errors).toEqual([
    'step: needs one call at a time, got a call during profile. Await profile() first.',
    'profile: needs whole examples of shape [2], got 3 numbers.',
    'profile: needs rounds to be an integer ≥ 1 and ≤ 1000, got 0.',
    'profile: needs method to be "timestamps" or "repeats", got "guess".',
    'profile: needs options among method, rounds, got an unknown option "repeats".',
    'profile: needs a trainer that is still there, got one after destroy(). Compile the model again.',
  ]);
});

test('ceilings are measured once per device, and kernels that measure do what they say', async ({ run }) => {
  const { ceilings, again, created, copied, sums } = await run(async (lib) => {
    const { counted, sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { measureCeilings } = await lib.load<typeof import('../../src/gpu/ceilings.ts')>('/src/gpu/ceilings.ts');
    const { copyMemory, multiplyAdd } = await lib.load<typeof import('../../shaders/ceilings.wgsl.ts')>('/shaders/ceilings.wgsl.ts');
    const { createDispatch, submit } = await lib.load<typeof import('../../src/gpu/sequence.ts')>('/src/gpu/sequence.ts');
    const device = await sharedDevice();
    const ceilings = await measureCeilings(device);
    const { calls, value: again } = await counted(() => measureCeilings(device));
    const ran = async (kernel: ReturnType<typeof copyMemory>, inputs: Float32Array[], outputs: number): Promise<number[]> => {
      const buffers = [...inputs.map(({ byteLength }) => byteLength), outputs * 4].map((bytes, index) => device.createBuffer(`${kernel.name} ${index}`, bytes, 'storage'));
      inputs.forEach((data, index) => device.write(buffers[index]!, 0, data));
      const [pipeline] = await device.compile([kernel]);
      submit(device, kernel.name, [createDispatch(device, kernel.name, kernel, pipeline!, buffers.map((buffer) => ({ buffer, offset: 0, bytes: buffer.size })))]);
      const result = [...new Float32Array(await device.read(buffers.at(-1)!, 0, outputs * 4))];
      for (const buffer of buffers) buffer.destroy();
      return result;
    };
    const copied = await ran(copyMemory(8), [Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)], 8);
    return { ceilings, again, created: calls.count.createBuffer, copied, sums: await ran(multiplyAdd({ lanes: 4, rounds: 1 }), [], 4) };
  });
  expect(ceilings.gigaflopsPerSecond).toBeGreaterThan(0.01);
  expect(ceilings.gigabytesPerSecond).toBeGreaterThan(0.01);
  expect(again).toEqual(ceilings);
  expect(created).toBe(0);
  expect(copied).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  // Σ over 8 chains and four numbers of (start + lane + chain)/2 + 1/2.
  expect(sums).toEqual([0, 1, 2, 3].map((lane) => 8 * (5.5 / 2 + 4 * lane / 2) + 4 * 28 / 2 + 32 / 2));
});
