import { expect, test } from '../harness.ts';

// State of a model that is not trained: running sums stand in for running means, so that every number can be told.

type Kit = typeof import('./page-kit.ts');
type Buffers = typeof import('./buffers-kit.ts');

test('buffers take their next values after each step; evaluation, prediction, checks and snapshots only read them', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, mse, adam, dataset } = lib.chainrule;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const layer = (await lib.load<Buffers>('/e2e/gpu/buffers-kit.ts')).summing(3);
    await using trainer = await compileShared(sequential(layer, linear(3, 2)), { loss: mse(), optimizer: adam({ lr: 0.1 }), batchSize: 4, seed: 1 });
    const inputs = Float32Array.from({ length: 24 }, (_, i) => (i * 7) % 5);
    const data = dataset({ inputs, inputShape: [3], targets: new Float32Array(16), targetShape: [2] });
    const start = (await trainer.state()).buffers;
    const { calls } = await counted(() => trainer.fit(data, { shuffle: false, epochs: 2 }));
    const { buffers, parameters } = await trainer.state();
    const hash = await trainer.hash();
    const predicted = await trainer.predict(inputs);
    await trainer.evaluate(data);
    const snapshot = await trainer.snapshot();
    const report = await lib.gradcheck.checkGradients(trainer, { batchSize: 3 });
    const leaves = snapshot.graph.tensors.filter(({ role }) => role === 'buffer').map(({ id, name }) => [name, [...snapshot.values[id]!]]);
    // What a prediction is, in numbers: (x + running_sum + shift) · wᵀ + b.
    const [w, b, sum] = [parameters['1.weight']!.data, parameters['1.bias']!.data, buffers['0.running_sum']!.data];
    const expected = Array.from(predicted, (_, at) => [0, 1, 2].reduce((total, i) => total + (inputs[Math.floor(at / 2) * 3 + i]! + sum[i]! + 0.5) * w[(at % 2) * 3 + i]!, b[at % 2]!));
    return {
      start: Object.fromEntries(Object.entries(start).map(([name, { shape, data: numbers }]) => [name, [shape, [...numbers]]])),
      ends: Object.fromEntries(Object.entries(buffers).map(([name, { data: numbers }]) => [name, [...numbers]])), leaves: Object.fromEntries(leaves),
      names: Object.keys(parameters), same: hash === await trainer.hash(), passed: report.passed, text: String(report), proven: report.total,
      worst: Math.max(...expected.map((value, i) => Math.abs(value - predicted[i]!))),
      sections: trainer.plan.launches.filter(({ section }) => section === 'buffers').map(({ kernel }) => kernel), calls: calls.count, memory: trainer.plan.memory.buffers,
    };
  });
  expect(result.start).toEqual({ '0.running_sum': [[3], [0, 0, 0]], '0.previous': [[3], [0, 0, 0]], '0.shift': [[1, 3], [0.5, 0.5, 0.5]] });
  expect(result.names).toEqual(['1.weight', '1.bias']);
  // Two epochs over 8 rows in batches of 4; the sum before the last batch is that of the other three. All numbers are exact in float32.
  const inputs = Array.from({ length: 24 }, (_, i) => (i * 7) % 5);
  const means = [0, 1].map((batch) => [0, 1, 2].map((column) => [0, 1, 2, 3].reduce((sum, row) => sum + inputs[(batch * 4 + row) * 3 + column]!, 0) / 4));
  expect(result.ends['0.running_sum']).toEqual([0, 1, 2].map((i) => 2 * (means[0]![i]! + means[1]![i]!)));
  expect(result.ends['0.previous']).toEqual([0, 1, 2].map((i) => 2 * means[0]![i]! + means[1]![i]!));
  expect(result.leaves).toEqual(result.ends);
  expect(result.same).toBe(true);
  expect(result.worst).toBeLessThan(1e-5);
  expect(result.passed, result.text).toBe(true);
  expect(result.proven).toBe(8);
  // A buffer that becomes another's value is copied first; then one launch for all.
  expect(result.sections).toEqual(['copy', 'store-buffers']);
  expect(result.memory).toBe(3 * 256);
  expect([result.calls.submit, result.calls.beginComputePass]).toEqual([4, 4]);
});

test('buffers are saved, resumed, hashed and needed by name; a model without any takes a state without them', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, mse, adam, dataset, moons, crossEntropy } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { summing } = await lib.load<Buffers>('/e2e/gpu/buffers-kit.ts');
    const compiled = (seed: number) => compileShared(sequential(summing(3), linear(3, 2)), { loss: mse(), optimizer: adam({ lr: 0.1 }), batchSize: 4, seed });
    const data = dataset({ inputs: Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)), inputShape: [3], targets: new Float32Array(20), targetShape: [2] });
    await using whole = await compiled(1);
    await whole.fit(data, { epochs: 4 });
    await using first = await compiled(1);
    await first.fit(data, { epochs: 2 });
    const state = structuredClone(await first.state());
    await using second = await compiled(9);
    await second.load(state);
    await second.fit(data, { epochs: 2, seed: 1 });
    const hashes = [await whole.hash(), await second.hash()];
    const before = await second.hash();
    const { buffers, ...older } = state;
    const errors: Record<string, string> = {};
    for (const [name, wrong] of Object.entries({
      none: older, missing: { ...state, buffers: { '0.shift': buffers['0.shift'] } }, shape: { ...state, buffers: { ...buffers, '0.shift': { shape: [3], data: new Float32Array(3) } } },
      NaN: { ...state, buffers: { ...buffers, '0.shift': { shape: [1, 3], data: Float32Array.of(0, NaN, 0) } } }, null: { ...state, buffers: null },
    })) errors[name] = (await lib.caught(() => second.load(wrong as never))).message;
    const untouched = await second.hash() === before;
    await second.load({ ...(await second.state()), buffers: { ...buffers, '0.shift': { shape: [1, 3], data: new Float32Array(3) } } });
    const changed = await second.hash() !== before;
    await using plain = await compileShared(sequential(linear(2, 2)), { loss: crossEntropy(), optimizer: adam(), batchSize: 8 });
    await plain.fit(moons({ points: 16 }));
    const { buffers: none, ...old } = await plain.state();
    await plain.load(old);
    errors.strange = (await lib.caught(() => plain.load({ ...old, buffers }))).message;
    return { hashes, errors, untouched, changed, none };
  });
  expect(result.hashes[0]).toBe(result.hashes[1]);
  expect([result.untouched, result.changed]).toEqual([true, true]);
  expect(result.none).toEqual({});
  expect(result.errors).toEqual({
    none: 'load: needs the buffers 0.running_sum, got a state without it (it has none).',
    missing: 'load: needs the buffers 0.running_sum, got a state without it (it has "0.shift").',
    shape: 'load: needs 0.shift of shape [1, 3], got [3] with 3 numbers.',
    NaN: 'load: needs finite numbers, got NaN at element 1 of 0.shift.',
    null: 'load: needs buffers by name, got null.',
    strange: 'load: needs buffers that this model has, got one more, "0.running_sum". Load it into the model that it was saved from.',
  });
});

test('more buffers than one launch binds take as few launches as there must be, of any size', async ({ run }) => {
  const { sums, expected, kernels, maxBindings } = await run(async (lib) => {
    const { defineModule, sequential, linear, mse, sgd, sum, zeros, add } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const count = 21;
    // Buffer i takes the sums over the batch of its first columns, which sizes from 1 to 101 hold.
    const layer = defineModule({
      kind: 'many', inputShape: [101],
      buffers: Object.fromEntries(Array.from({ length: count }, (_, i) => [`sum${i}`, { shape: i % 2 === 0 ? [101] : [1], initializer: zeros() }])),
      forward: ({ buffers, training, update }, x) => {
        for (let i = 0; training && i < count; i += 1) update(`sum${i}`, add(buffers[`sum${i}`]!, i % 2 === 0 ? sum(x, { axes: [0] }) : sum(x, { axes: [0, 1] })));
        return x;
      },
    });
    await using trainer = await compileShared(sequential(layer, linear(101, 1)), { loss: mse(), optimizer: sgd({ lr: 1e-6 }), batchSize: 2 });
    const inputs = Float32Array.from({ length: 202 }, (_, i) => i % 9);
    for (let step = 0; step < 2; step += 1) await trainer.step({ inputs, targets: new Float32Array(2) });
    const columns = Array.from({ length: 101 }, (_, i) => 2 * (inputs[i]! + inputs[101 + i]!));
    const all = columns.reduce((total, value) => total + value, 0);
    const { buffers } = await trainer.state();
    return {
      sums: Object.values(buffers).map(({ data }) => [...data]), expected: Array.from({ length: count }, (_, i) => (i % 2 === 0 ? columns : [all])),
      kernels: trainer.plan.launches.filter(({ section }) => section === 'buffers').map(({ kernel }) => kernel), maxBindings: trainer.device.maxBindings,
    };
  });
  expect(sums).toEqual(expected);
  expect(kernels).toEqual(Array.from({ length: Math.ceil(21 / (maxBindings - 1)) }, () => 'store-buffers'));
});
