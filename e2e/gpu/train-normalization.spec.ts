import { expect, test } from '../harness.ts';

// Layers with state of their own: what batch normalisation remembers, and the row of an embedding that stands for nothing.

type Kit = typeof import('./page-kit.ts');

test('batch normalisation remembers mean and unbiased variance as PyTorch does, and evaluates by them', async ({ run }) => {
  const inputs = Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) / 4 + (i % 3));
  const result = await run(async (lib, inputs) => {
    const { sequential, batchNorm1d, linear, relu, mse, adam, dataset } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(batchNorm1d(3), linear(3, 4), batchNorm1d(4, { momentum: 0.25 }), relu(), linear(4, 1)), {
      loss: mse(), optimizer: adam({ lr: 0.01 }), batchSize: 4, inputShape: [3], seed: 3,
    });
    const data = dataset({ inputs: Float32Array.from(inputs), inputShape: [3], targets: Float32Array.from({ length: 8 }, (_, i) => i / 3), targetShape: [1] });
    await trainer.fit(data, { shuffle: false, epochs: 1 });
    const state = await trainer.state();
    const report = await lib.gradcheck.checkGradients(trainer, { batchSize: 4 });
    const numbers = (list: typeof state.parameters) => Object.fromEntries(Object.entries(list).map(([name, { data: values }]) => [name, [...values]]));
    return {
      parameters: numbers(state.parameters), buffers: numbers(state.buffers), predicted: [...await trainer.predict(Float32Array.from(inputs))],
      passed: report.passed, text: String(report),
    };
  }, inputs);
  expect(Object.keys(result.buffers)).toEqual(['0.running_mean', '0.running_var', '2.running_mean', '2.running_var']);
  const near = (got: readonly number[], expected: readonly number[]): void => {
    expect(got).toHaveLength(expected.length);
    got.forEach((value, i) => expect(Math.abs(value - expected[i]!), `[${i}] ${value}, expected ${expected[i]}`).toBeLessThan(2e-6 * (1 + Math.abs(expected[i]!))));
  };
  // The first layer's statistics follow from the data alone: two batches of 4 rows.
  const mean = [0, 0, 0];
  const variance = [1, 1, 1];
  for (const batch of [0, 1]) {
    for (const c of [0, 1, 2]) {
      const values = [0, 1, 2, 3].map((row) => inputs[(batch * 4 + row) * 3 + c]!);
      const average = values.reduce((sum, value) => sum + value, 0) / 4;
      mean[c] = 0.9 * mean[c]! + 0.1 * average;
      variance[c] = 0.9 * variance[c]! + 0.1 * values.reduce((sum, value) => sum + (value - average) ** 2, 0) / 3;
    }
  }
  near(result.buffers['0.running_mean']!, mean);
  near(result.buffers['0.running_var']!, variance);
  // A prediction is what the formulas say with these numbers, whatever the batch is.
  const p = (name: string): readonly number[] => ({ ...result.parameters, ...result.buffers })[name]!;
  const normalize = (layer: number, x: readonly number[]): number[] =>
    x.map((value, c) => (value - p(`${layer}.running_mean`)[c]!) / Math.sqrt(p(`${layer}.running_var`)[c]! + 1e-5) * p(`${layer}.weight`)[c]! + p(`${layer}.bias`)[c]!);
  const dense = (layer: number, x: readonly number[]): number[] =>
    [...p(`${layer}.bias`)].map((bias, o) => x.reduce((sum, value, i) => sum + value * p(`${layer}.weight`)[o * x.length + i]!, bias));
  near(result.predicted, Array.from({ length: 8 }, (_, row) => dense(4, normalize(2, dense(1, normalize(0, inputs.slice(row * 3, row * 3 + 3)))).map((value) => Math.max(value, 0)))[0]!));
  expect(result.passed, result.text).toBe(true);
});

test('an embedding trains on u32 inputs, duplicates and all; the row of its padding stays 0', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, embedding, layerNorm, flatten, linear, crossEntropy, adamW, dataset } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const inputs = Uint32Array.from({ length: 12 * 5 }, (_, i) => (i * i + 3 * i) % 7);
    const data = dataset({ inputs, inputType: 'u32', inputShape: [5], targets: Array.from({ length: 12 }, (_, row) => row % 3), classes: 3 });
    const train = async () => {
      await using trainer = await compileShared(sequential(embedding(7, 4, { paddingIndex: 0 }), layerNorm(4), flatten(), linear(20, 3)), {
        loss: crossEntropy(), optimizer: adamW({ lr: 0.05 }), batchSize: 6, inputShape: [5], seed: 3,
      });
      const { epochs } = await trainer.fit(data, { epochs: 12 });
      const { parameters } = await trainer.state();
      const report = await lib.gradcheck.checkGradients(trainer, { batchSize: 6 });
      return { weight: [...parameters['0.weight']!.data], losses: epochs.map(({ loss }) => loss), hash: await trainer.hash(), passed: report.passed, text: String(report) };
    };
    const first = await train();
    return { ...first, again: (await train()).hash };
  });
  expect(result.weight.slice(0, 4)).toEqual([0, 0, 0, 0]);
  expect(result.weight.slice(4).every((value) => value !== 0)).toBe(true);
  expect(result.losses.at(-1)!).toBeLessThan(result.losses[0]! / 2);
  expect(result.again).toBe(result.hash);
  expect(result.passed, result.text).toBe(true);
});

test('an index out of range reads nothing outside of the table: the result is NaN there, and nowhere else', async ({ run }) => {
  const result = await run(async (lib) => {
    const { runOp } = await lib.load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const out = async (op: string, options: object, inputs: Parameters<typeof runOp>[3], length: number): Promise<string[]> => {
      const { computed, graph } = await runOp(device, op, options as never, inputs, new Float32Array(length));
      return [...computed[graph.nodes[0]!.outputs.out!]!].map(String);
    };
    const table = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
    const indices = [
      { shape: [4], data: Uint32Array.of(1, 2, 0, 2 ** 32 - 1) },
      { shape: [4], data: Float32Array.of(1, -1, 0, Infinity) },
    ];
    const found: Record<string, string[]> = {};
    for (const [k, list] of indices.entries()) {
      found[`embedding ${k}`] = await out('embedding', {}, { weight: table, indices: list }, 8);
      found[`oneHot ${k}`] = await out('oneHot', { classes: 2 }, { indices: list }, 8);
      found[`scatterAdd ${k}`] = await out('scatterAdd', { axis: 0 }, { x: { shape: [2], data: Float32Array.of(5, 6) }, indices: list, source: { shape: [4], data: Float32Array.of(1, 1, 1, 1) } }, 2);
      // So many that they are sorted.
      const many = { shape: [600], data: list.data instanceof Uint32Array ? new Uint32Array(600) : new Float32Array(600) };
      many.data.set(list.data, 300);
      found[`sorted ${k}`] = await out('scatterAdd', { axis: 0 }, { x: { shape: [300], data: new Float32Array(300) }, indices: many, source: { shape: [600], data: new Float32Array(600).fill(1) } }, 300);
    }
    return found;
  });
  const nan = 'NaN';
  for (const k of [0, 1]) {
    expect(result[`embedding ${k}`]).toEqual(['3', '4', nan, nan, '1', '2', nan, nan]);
    expect(result[`oneHot ${k}`]).toEqual(['0', '1', nan, nan, '1', '0', nan, nan]);
    expect(result[`scatterAdd ${k}`]).toEqual([nan, nan]);
  }
  // As u32 one index is beyond 300, as f32 two are none.
  expect(result['sorted 0']).toEqual(Array<string>(300).fill(nan));
  expect(result['sorted 1']).toEqual(Array<string>(300).fill(nan));
});
