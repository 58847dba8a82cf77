import { philox, seedKey } from '../../src/data/philox.ts';
import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

/** The mask by the op's documented scheme. */
function maskOf(size: number, p: number, layer: number, seed: number, step: number): number[] {
  return Array.from({ length: size }, (_, i) => {
    const word = philox([Math.floor(i / 4), step, 3, layer], seedKey(seed))[i % 4];
    return (word >>> 8) < Math.round(p * 2 ** 24) ? 0 : Math.fround(1 / (1 - p));
  });
}

test('the mask is bit for bit the documented one, its share is 1 - p, and steps, layers and neighbours are independent', async ({ run }) => {
  const size = 40_001;
  const cases = [0, 1, 2].flatMap((step) => [0, 1].map((layer) => ({ p: 0.3, layer, seed: 42, step })))
    .concat([{ p: 0.5, layer: 0, seed: 2 ** 40 + 1, step: 7 }, { p: 0, layer: 0, seed: 1, step: 1 }, { p: 0.999, layer: 3, seed: 1, step: 0xffffffff }]);
  const masks = await run(async ({ chainrule, load }, { size, cases }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const { sharedDevice } = await load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    void chainrule;
    const results: { out: number[]; same: boolean }[] = [];
    for (const { p, layer, seed, step } of cases) {
      const counter = Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32), step);
      const ones = new Float32Array(size).fill(1);
      const { computed, gradients } = await runOp(device, 'dropout', { p, layer }, { x: { shape: [size], data: ones }, counter: { shape: [3], data: counter } }, ones);
      const out = Array.from(Object.values(computed)[0]!);
      // With ones everywhere the output and the gradient are the mask itself.
      results.push({ out, same: Object.values(gradients)[0]!.every((value, i) => value === out[i]) });
    }
    return results;
  }, { size, cases });
  masks.forEach(({ out, same }, k) => {
    const { p, layer, seed, step } = cases[k]!;
    expect(same, 'forward and backward have one mask').toBe(true);
    expect(out, JSON.stringify(cases[k])).toEqual(maskOf(size, p, layer, seed, step));
    const kept = out.filter((value) => value > 0).length / size;
    // Five standard deviations of a share.
    expect(Math.abs(kept - (1 - p))).toBeLessThanOrEqual(5 * Math.sqrt(p * (1 - p) / size));
  });
  const kept = masks.slice(0, 6).map(({ out }) => out.map((value) => (value > 0 ? 1 : 0)));
  const correlation = (a: number[], b: number[]): number => {
    const mean = 0.7;
    return a.reduce((sum, value, i) => sum + (value - mean) * (b[i]! - mean), 0) / (a.length * mean * (1 - mean));
  };
  const pairs: [string, number[], number[]][] = [
    ...kept.flatMap((a, i) => kept.slice(i + 1).map((b, j): [string, number[], number[]] => [`masks ${i} and ${i + 1 + j}`, a, b])),
    ...[1, 2, 4, 64].map((lag): [string, number[], number[]] => [`elements ${lag} apart`, kept[0]!.slice(lag), kept[0]!.slice(0, -lag)]),
  ];
  for (const [name, a, b] of pairs) expect(Math.abs(correlation(a, b)), name).toBeLessThan(5 / Math.sqrt(size - 64));
});

test('a mask at the end of a product or within a chain is bit for bit that of a launch, in every kernel and where rows begin within a block', async ({ run }) => {
  const shapes = [[1, 1], [5, 3], [17, 6], [66, 9], [33, 12]] as const;
  const found = await run(async ({ load }, shapes) => {
    const { createTensor, map, multiply, runRequests } = await load<typeof import('../../src/kernels.ts')>('/src/kernels.ts');
    const { sharedDevice } = await load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const fill = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i + 1)));
    const variants = ['small', 'register', 'tiled', ...(device.traits.quads ? ['quad'] : [])];
    const results: { name: string; same: boolean; masks: number[][] }[] = [];
    for (const [rows, columns] of shapes) {
      const k = 6;
      const [a, b, bias, residual, counter] = [createTensor('a', [rows, k]), createTensor('b', [columns, k]), createTensor('bias', [columns]), createTensor('residual', [rows, columns]), createTensor('counter', [3], 'u32')];
      const [product, dropped, mask, other, out, chained] = ['product', 'dropped', 'mask', 'other', 'out', 'chained'].map((name) => createTensor(name, [rows, columns]));
      const drop = (layer: number, saveDrawn: typeof mask) => ({ formula: 'dropout', parameters: [0.3 * 2 ** 24 | 0, 1 / 0.7, layer], operands: [counter], ...(saveDrawn ? { saveDrawn } : {}) });
      const requests = [
        multiply({ transposeB: true }, a, b, product!), map(product!, [{ formula: 'add', operands: [bias] }], dropped!), map(dropped!, [drop(2, mask)], out!),
        // A broadcast operand keeps rows apart: a chain that draws in rows.
        map(residual, [{ formula: 'mul', operands: [bias] }, drop(3, other), { formula: 'add', operands: [residual] }], chained!),
      ];
      const inputs = new Map<typeof a, Float32Array | Uint32Array>([[a, fill(rows * k)], [b, fill(columns * k)], [bias, fill(columns)], [residual, fill(rows * columns)], [counter, Uint32Array.of(42, 7, 5)]]);
      for (const variant of variants) {
        const runs: (Float32Array | Uint32Array)[][] = [];
        for (const fusion of [true, false]) runs.push(await runRequests(device, requests, { inputs, read: [out!, mask!, other!, chained!], target: { fusion, variants: { matmul: variant } } }));
        results.push({
          name: `${variant} ${rows} × ${columns}`, same: runs[0]!.every((values, i) => values.every((value, at) => Object.is(value, runs[1]![i]![at]))), masks: [Array.from(runs[0]![1]!), Array.from(runs[0]![2]!)],
        });
      }
    }
    return results;
  }, shapes);
  expect(found.length).toBeGreaterThanOrEqual(3 * shapes.length);
  for (const { name, same, masks } of found) {
    const [rows, columns] = name.split(' ').slice(1).filter((part) => part !== '×').map(Number);
    expect(same, name).toBe(true);
    expect(masks, name).toEqual([2, 3].map((layer) => maskOf(rows! * columns!, 0.3, layer, 42 + 7 * 2 ** 32, 5)));
  }
});

test('a counter may be a view, and a convolution leaves a mask to a launch of its own', async ({ run }) => {
  const found = await run(async (lib) => {
    const { conv2d, dropout, flatten, linear, mse, relu, sequential, sgd, slice, sum } = lib.chainrule;
    const { applyOp } = await lib.load<typeof import('../../src/kernels.ts')>('/src/kernels.ts');
    const { compileShared, sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { checkGradients, normals, traceObjective } = lib.gradcheck;
    const numbers = { shape: [7], data: Uint32Array.of(9, 1, 9, 2, 9, 3, 9) };
    const view = traceObjective(await sharedDevice(), { x: normals(1, [5, 7]), numbers }, ({ x, numbers: all }) => sum(applyOp('dropout', { x: x!, counter: slice(all!, { start: [1], end: [6], step: [2] }) }, { p: 0.4, layer: 1 })));
    const report = await checkGradients(view);
    await using trainer = await compileShared(sequential(conv2d(1, 3, 3), relu(), dropout(0.25), flatten(), linear(48, 2)), { loss: mse(), optimizer: sgd(), batchSize: 3, inputShape: [1, 6, 6] });
    const convolution = await checkGradients(trainer);
    return { passed: [report, convolution].map(({ passed }) => passed), texts: String(report) + String(convolution), launches: trainer.plan.launches.map(({ kernel }) => kernel) };
  });
  expect(found.passed, found.texts).toEqual([true, true]);
  // An epilogue over single elements would draw each block of four words four times.
  expect(found.launches.filter((kernel) => kernel.includes('dropout'))).toEqual(['dropout']);
});

test('training with dropout repeats itself bit for bit, also from a saved state, and changes with the seed', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, relu, dropout, crossEntropy, adam, moons } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 96 });
    const make = (seed: number) => compileShared(sequential(linear(2, 12), relu(), dropout(0.5), linear(12, 12), relu(), dropout(0.2), linear(12, 2)), {
      loss: crossEntropy(), optimizer: adam({ lr: 0.02 }), batchSize: 32, seed,
    });
    const hashes: string[] = [];
    for (const seed of [3, 3, 4]) {
      await using trainer = await make(seed);
      await trainer.fit(data, { epochs: 4 });
      hashes.push(await trainer.hash());
    }
    await using first = await make(3);
    await first.fit(data, { epochs: 2 });
    const state = await first.state();
    await using second = await make(3);
    await second.load(state);
    await second.fit(data, { epochs: 2 });
    const resumed = await second.hash();
    // Prediction and evaluation have no masks: they repeat themselves and agree with each other.
    const [a, b] = [await second.predict(data.inputs), await second.predict(data.inputs)];
    const { accuracy } = await second.evaluate(data);
    const right = Array.from({ length: data.length }, (_, i) => (a[2 * i]! > a[2 * i + 1]! ? 0 : 1) === data.targets[i]).filter(Boolean).length;
    return { hashes, resumed, same: a.every((value, i) => value === b[i]), accuracy, right: right / data.length, launches: second.plan.launches.map(({ kernel }) => kernel) };
  });
  expect(result.hashes[0]).toBe(result.hashes[1]);
  expect(result.hashes[2]).not.toBe(result.hashes[0]);
  expect(result.resumed).toBe(result.hashes[0]);
  expect(result.same).toBe(true);
  expect(result.accuracy).toBeCloseTo(result.right, 6);
  // Dropout has no launch of its own: products draw its masks as they store, and read them as they load.
  expect(result.launches.filter((kernel) => /dropout|mul$/.test(kernel))).toEqual([]);
});

test('gradients of a net with dropout are proven, and masks change from step to step', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, tanh, dropout, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const layer = dropout(0.4);
    await using trainer = await compileShared(sequential(linear(3, 9), tanh(), layer, linear(9, 9), layer, linear(9, 1)), { loss: mse(), optimizer: sgd({ lr: 1e-30 }), batchSize: 6, seed: 5 });
    const batch = { inputs: Float32Array.from({ length: 18 }, (_, i) => Math.sin(i)), targets: Float32Array.from({ length: 6 }, (_, i) => Math.cos(i)) };
    const losses: number[] = [];
    for (let step = 0; step < 4; step++) losses.push(await (await trainer.step(batch)).loss);
    const report = await lib.gradcheck.checkGradients(trainer, { batch });
    return { losses, passed: report.passed, proven: report.proven, total: trainer.parameterCount, text: String(report) };
  });
  expect(new Set(result.losses).size, 'the weights stay, the masks do not').toBe(4);
  expect(result.passed, result.text).toBe(true);
  expect(result.proven).toBe(result.total);
});

test('bad options of dropout are refused by rule', async ({ run }) => {
  const errors = await run(async (lib) => {
    const { dropout } = lib.chainrule;
    const { applyOp } = await lib.load<typeof import('../../src/kernels.ts')>('/src/kernels.ts');
    const { traceObjective } = lib.gradcheck;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const errors: Record<string, string> = {};
    for (const p of [1, -0.1, NaN, '0.5', null]) errors[`p ${String(p)}`] = (await lib.caught(() => dropout(p as never))).message;
    const x = { shape: [2], data: Float32Array.of(1, 2) };
    errors['a counter of f32'] = (await lib.caught(() => traceObjective(device, { x, counter: { shape: [3], data: new Float32Array(3) } }, ({ x, counter }) => applyOp('dropout', { x, counter }, { p: 0.5 })))).message;
    errors['a layer that is no integer'] = (await lib.caught(() => traceObjective(device, { x, counter: { shape: [3], data: new Uint32Array(3) } }, ({ x, counter }) => applyOp('dropout', { x, counter }, { p: 0.5, layer: 0.5 })))).message;
    return errors;
  });
  for (const [name, message] of Object.entries(errors)) expect(message, name).toMatch(/^dropout: needs .+, got .+\.$/);
  expect(errors['p 1']).toBe('dropout: needs p to be a finite number ≥ 0 and < 1, got 1.');
  expect(errors['a counter of f32']).toContain('a u32 counter [3]');
});
