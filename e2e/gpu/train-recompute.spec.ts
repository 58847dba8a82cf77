import { expect, test } from '../harness.ts';

test('a recomputed block trains to the same bits, and its inner tensors are not kept', async ({ run }) => {
  const found = await run(async ({ gradcheck, load }) => {
    const { compileShared } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const { adam, dropout, linear, module, mse, recompute, sequential, sineRegression, tanh } = await load<typeof import('../../src/index.ts')>('/src/index.ts');
    const data = sineRegression({ points: 64, seed: 3 });
    const block = () => sequential(linear(16, 48), tanh(), dropout(0.2), linear(48, 16), tanh());
    const results = [];
    for (const wrap of [<T>(part: T): T => part, recompute as <T>(part: T) => T]) {
      const model = module({ first: linear(1, 16), a: wrap(block()), b: wrap(block()), c: wrap(block()), last: linear(16, 1) }, ({ first, a, b, c, last }, x) => last(c(b(a(first(x))))));
      await using trainer = await compileShared(model, { loss: mse(), optimizer: adam({ lr: 0.01 }), batchSize: 32, seed: 5 });
      await trainer.fit(data, { epochs: 3 });
      const report = await gradcheck.checkGradients(trainer, { batchSize: 8 });
      results.push({
        passed: report.passed, text: String(report),
        hash: await trainer.hash(), names: Object.keys((await trainer.state()).parameters),
        activations: trainer.plan.memory.activations, launches: trainer.plan.launches.length,
      });
    }
    return results;
  });
  const [kept, recomputed] = found;
  for (const { passed, text } of found) expect(passed, text).toBe(true);
  expect(recomputed!.hash).toBe(kept!.hash);
  expect(recomputed!.names).toEqual(kept!.names);
  expect(recomputed!.launches).toBeGreaterThan(kept!.launches);
  expect(recomputed!.activations).toBeLessThan(kept!.activations!);
});

test('views of many kinds in one net: gradients are proven, and nothing is launched for them where strides allow', async ({ run }) => {
  const found = await run(async ({ gradcheck, load }) => {
    const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
    const { add, mul, functional, tanh } = await load<typeof import('../../src/index.ts')>('/src/index.ts');
    const { permute, slice, flip, expand, narrow, concat, unsqueeze } = functional;
    const x = gradcheck.normals(3, [4, 6, 5]);
    const weight = gradcheck.normals(5, [5]);
    const elementwise = gradcheck.traceObjective(await sharedDevice(), { x, weight }, ({ x, weight }) => {
      const turned = permute(x, [1, 0, 2]);
      const part = slice(flip(turned, [0]), { start: [1, 0, 0], end: [5, 4, 5], step: [2, 1, 2] });
      const stretched = expand(unsqueeze(narrow(weight, 0, 1, 3), 0), [4, 3]);
      return mul(tanh()(add(part, stretched)), part);
    });
    const copied = gradcheck.traceObjective(await sharedDevice(), { x, weight }, ({ x, weight }) => concat([permute(x, [2, 0, 1]), mul(permute(x, [2, 0, 1]), unsqueeze(unsqueeze(weight, 1), 1))], 1));
    const results = [];
    for (const objective of [elementwise, copied]) {
      const snapshot = await objective.snapshot();
      const report = gradcheck.checkSnapshot(snapshot);
      results.push({ text: String(report), passed: report.passed, proven: report.proven, total: report.total, launches: snapshot.launches.map(({ label, kernel }) => `${label} ${kernel}`) });
    }
    return results;
  });
  for (const { text, passed, proven, total } of found) {
    expect(passed, text).toBe(true);
    expect(proven).toBe(total);
  }
  // Forward the first is one chain of add, tanh and mul; nothing is copied.
  expect(found[0]!.launches.filter((name) => /copy/.test(name) && !/gradient/.test(name))).toEqual([]);
});
