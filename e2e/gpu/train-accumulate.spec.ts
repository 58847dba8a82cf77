import { expect, test } from '../harness.ts';

// Several batches for one step of the optimiser.

type Kit = typeof import('./page-kit.ts');

test('n batches train like one that is n times as large, within rounding; so do the steps of a fit', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, sgd, adam, l2 } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 48, seed: 3 });
    const found: { name: string; worst: number; moved: number; counts: number[] }[] = [];
    for (const [name, optimizer, accumulate, options] of [
      ['sgd', () => sgd({ lr: 0.5, momentum: 0.9 }), 3, {}], ['adam', () => adam({ lr: 0.05 }), 4, {}], ['penalty', () => sgd({ lr: 0.5 }), 2, { regularization: l2(0.1) }], ['whole', () => sgd({ lr: 0.5 }), 12, {}],
      ['groups and clipping', () => adam({ lr: 0.05 }), 3, { groups: [{ parameters: ['2'], optimizer: sgd({ lr: 0.5 }) }], clipGradients: { norm: 0.05 }, average: { decay: 0.9 } }],
    ] as const) {
      const model = () => sequential(linear(2, 8), tanh(), linear(8, 2));
      await using large = await compileShared(model(), { loss: crossEntropy(), optimizer: optimizer(), batchSize: 4 * accumulate, seed: 1, ...options });
      await using small = await compileShared(model(), { loss: crossEntropy(), optimizer: optimizer(), batchSize: 4, seed: 1, accumulate, ...options });
      const start = (await small.state()).parameters;
      await large.fit(data, { shuffle: false, epochs: 3 });
      await small.fit(data, { shuffle: false, epochs: 3 });
      const [a, b] = [(await large.state()).parameters, (await small.state()).parameters];
      const far = (from: typeof a, to: typeof a) => Math.max(...Object.keys(from).flatMap((key) => Array.from(from[key]!.data, (value, i) => Math.abs(value - to[key]!.data[i]!))));
      found.push({ name, worst: far(a, b), moved: far(start, b), counts: [large.stepCount, small.stepCount, (await small.state()).optimizer.step] });
    }
    return found;
  });
  for (const { name, worst, moved } of result) {
    expect(worst, name).toBeLessThan(2e-5);
    expect(moved, name).toBeGreaterThan(0.1);
  }
  expect(result.map(({ counts }) => counts)).toEqual([[12, 36, 12], [9, 36, 9], [18, 36, 18], [3, 36, 3], [12, 36, 12]]);
  console.log(result.map(({ name, worst }) => `${name} ${worst.toExponential(1)}`).join(', '));
});

test('weights change at every n-th step alone; each step reports its own batch; one submit and nothing created', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, mse, adam } = lib.chainrule;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(2, 3), linear(3, 1)), { loss: mse(), optimizer: adam({ lr: 0.1 }), batchSize: 2, seed: 1, accumulate: 3, diagnostics: true });
    await using plain = await compileShared(sequential(linear(2, 3), linear(3, 1)), { loss: mse(), optimizer: adam({ lr: 0.1 }), batchSize: 2, seed: 1 });
    const batch = (i: number) => ({ inputs: Float32Array.of(i, 1, -i, 2), targets: Float32Array.of(i, 1) });
    const hashes = [await trainer.hash()];
    const reports: unknown[] = [];
    let evaluated = 0;
    for (let i = 0; i < 7; i += 1) {
      if (i === 2) evaluated = (await plain.evaluate(lib.chainrule.dataset({ ...batch(2), inputShape: [2], targetShape: [1] }))).loss;
      const { report, step } = await trainer.step(batch(i));
      const { loss, diagnostics } = await report;
      reports.push([step, loss > 0, diagnostics !== undefined, diagnostics?.tensors.every(({ gradientNorm }) => gradientNorm > 0)]);
      if (i === 2) reports.push(Math.abs(loss - evaluated) < 1e-6);
      hashes.push(await trainer.hash());
    }
    const { calls } = await counted(async () => {
      let last;
      for (let i = 0; i < 6; i += 1) last = await trainer.step(batch(i));
      await last!.loss;
    });
    const { launches, memory } = trainer.plan;
    const of = (...sections: string[]) => launches.filter(({ section }) => sections.includes(section)).length;
    return { hashes, reports, calls: calls.count, all: launches.length, first: of('firstSum'), further: of('sum'), update: of('update'), memory, plainMemory: plain.plan.memory };
  });
  const changes = result.hashes.slice(1).map((hash, i) => hash !== result.hashes[i]);
  expect(changes).toEqual([false, false, true, false, false, true, false]);
  // The first three are computed at the first weights; what the third reports is the loss of its own batch.
  expect(result.reports).toEqual([[1, true, false, undefined], [2, true, false, undefined], [3, true, true, true], true, [4, true, false, undefined], [5, true, false, undefined], [6, true, true, true], [7, true, false, undefined]]);
  const { submit, beginComputePass, dispatchWorkgroups, writeBuffer, mapAsync, createBuffer, createBindGroup, createComputePipelineAsync } = result.calls;
  expect({ submit, beginComputePass, mapAsync, writeBuffer, createBuffer, createBindGroup, createComputePipelineAsync }).toEqual(
    { submit: 6, beginComputePass: 6, mapAsync: 6, writeBuffer: 18, createBuffer: 0, createBindGroup: 0, createComputePipelineAsync: 0 });
  expect([result.first, result.further]).toEqual([1, 1]);
  // Six steps are two of the optimiser: each is one launch for the sum, and every third runs the update.
  const { all, first, further, update } = result;
  expect(dispatchWorkgroups).toBe(6 * (all - first - further - update) + 6 + 2 * update);
  expect(result.memory.gradients).toBe(2 * result.plainMemory.gradients!);
});

test('a training that was interrupted between two steps of the optimiser goes on to the very same weights', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 40 });
    const compiled = (seed: number, options: object = { accumulate: 3 }) =>
      compileShared(sequential(linear(2, 8), tanh(), linear(8, 2)), { loss: crossEntropy(), optimizer: adam({ lr: 0.02 }), batchSize: 8, seed, ...options });
    await using whole = await compiled(4);
    await whole.fit(data, { epochs: 4 });
    await using first = await compiled(4);
    // Five steps in an epoch: two of them wait when it ends.
    await first.fit(data);
    const state = structuredClone(await first.state());
    await using second = await compiled(99);
    await second.fit(data);
    await second.load(state);
    const before = await second.state();
    // A check runs forward and backward in between: what waits must not change.
    await second.snapshot({ batchSize: 3 });
    const after = await second.state();
    await second.fit(data, { epochs: 3, seed: 4 });
    const errors: Record<string, string> = {};
    await using plain = await compiled(1, {});
    const bad = (accumulated: unknown) => ({ ...state, accumulated }) as never;
    const good = state.accumulated!;
    for (const [name, [trainer, wrong]] of Object.entries({
      plain: [plain, state], 'too many': [second, bad({ ...good, batches: 3 })], none: [second, bad({ ...good, batches: 0 })], null: [second, bad(null)],
      missing: [second, bad({ batches: 1, gradients: { '0.weight': good.gradients['0.weight'] } })], 'no gradients': [second, bad({ batches: 1 })],
    } as const)) errors[name] = (await lib.caught(() => trainer.load(wrong))).message;
    // Without what waited, the next three batches make the next step.
    const { accumulated, ...rest } = state;
    await second.load(rest);
    return {
      hashes: [await whole.hash(), ''], resumed: after.accumulated?.batches, kept: JSON.stringify(before.accumulated) === JSON.stringify(after.accumulated), errors,
      batches: [good.batches, (await whole.state()).accumulated?.batches], anew: (await second.state()).accumulated === undefined, names: Object.keys(good.gradients), nonzero: accumulated!.gradients['0.weight']!.data.some((value) => value !== 0),
      end: await (async () => { await second.load(state); await second.fit(data, { epochs: 3, seed: 4 }); return second.hash(); })(),
    };
  });
  expect(result.end).toBe(result.hashes[0]);
  expect([result.resumed, result.kept, result.anew, result.nonzero]).toEqual([2, true, true, true]);
  // 20 steps are six of the optimiser, and two wait.
  expect(result.batches).toEqual([2, 2]);
  expect(result.names).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
  expect(result.errors).toEqual({
    plain: 'load: needs a trainer compiled with accumulate, got one without it, and a state with accumulated. Compile with accumulate, or leave accumulated out of the state.',
    'too many': 'load: needs accumulated.batches to be an integer ≥ 1 and < 3, got 3.',
    none: 'load: needs accumulated.batches to be an integer ≥ 1 and < 3, got 0.',
    null: 'load: needs accumulated as state() returns it, got null.',
    missing: 'load: needs the accumulated gradients 0.bias, got a state without it (it has "0.weight").',
    'no gradients': 'load: needs accumulated gradients by name, got undefined.',
  });
});

test('bad counts are refused', async ({ run }) => {
  const errors = await run(async (lib) => {
    const { sequential, linear, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const errors: Record<string, string> = {};
    for (const accumulate of [0, -1, 1.5, NaN, '2', null, 1e9]) {
      errors[String(accumulate)] = (await lib.caught(() => compileShared(sequential(linear(2, 1)), { loss: mse(), optimizer: sgd(), accumulate: accumulate as never }))).message;
    }
    return errors;
  });
  for (const [name, message] of Object.entries(errors)) expect(message, name).toMatch(/^compile: needs accumulate to be an integer .+, got .+\./);
});
