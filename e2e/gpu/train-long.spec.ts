import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

// 64 · 256 · 128 multiplications are 2^21: from there on wide tiles pay in a training that goes on. Those of the small layer begin with a short text.
test('a training that goes on changes its kernels, compiles nothing after that, and its weights stay the same bit for bit', async ({ run }) => {
  const { proven, before, after, compiled, fromTheStart, grown, hashes, profiled } = await run(async (lib) => {
    const { sequential, linear, relu, crossEntropy, adam, compile } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const inputs = Float32Array.from({ length: 64 * 256 }, (_, i) => Math.sin(i * i));
    const targets = Uint32Array.from({ length: 64 }, (_, i) => i % 10);
    const options = { device, loss: crossEntropy(), optimizer: adam(), batchSize: 64, seed: 3 };
    const model = sequential(linear(256, 128), relu(), linear(128, 10));
    const kernels = (trainer: { readonly plan: { readonly launches: readonly { readonly kernel: string }[] } }): string[] => trainer.plan.launches.map(({ kernel }) => kernel);
    const hashes: Record<string, string> = {};

    await using trainer = await compile(model, options);
    const before = kernels(trainer);
    for (let step = 0; step < 199; step++) await (await trainer.step({ inputs, targets })).loss;
    const compiled = [device.pipelines.size];
    for (let step = 199; step < 210; step++) await (await trainer.step({ inputs, targets })).loss;
    // The kernels come while it trains; until they are there it trains with those that it has.
    while (kernels(trainer).some((name) => /\/(quad|short)$/.test(name))) await new Promise((resolve) => { setTimeout(resolve, 20); });
    compiled.push(device.pipelines.size);
    for (let step = 210; step < 230; step++) await (await trainer.step({ inputs, targets })).loss;
    compiled.push(device.pipelines.size);
    hashes.changed = await trainer.hash();
    const after = kernels(trainer);
    const profiled = (await trainer.profile({ inputs, targets })).launches.map(({ kernel }) => kernel);

    await using other = await compile(model, { ...options, longRun: true });
    const fromTheStart = kernels(other);
    for (let step = 0; step < 230; step++) await (await other.step({ inputs, targets })).loss;
    hashes.longRun = await other.hash();

    // A check comes before the change: it makes the change, so that what it proves is what trains on.
    await using checked = await compile(model, options);
    const report = await lib.gradcheck.checkGradients(checked);
    const proven = { ok: report.passed, kernels: kernels(checked) };
    return { proven, before, after, compiled, fromTheStart, grown: compiled[1]! - compiled[0]!, hashes, profiled };
  });
  const wide = (names: readonly string[]): string[] => names.filter((name) => name.endsWith('/quad-wide'));
  expect(wide(before)).toEqual([]);
  expect(before.filter((name) => name.endsWith('/quad'))).toEqual(['matmul-nt/quad', 'matmul-tn/quad']);
  expect(wide(after)).toEqual(['matmul-nt/quad-wide', 'matmul-tn/quad-wide']);
  expect(wide(profiled)).toHaveLength(2);
  const small = (names: readonly string[]): string[] => names.filter((name) => /\/(short|small)$/.test(name));
  expect(small(before)).toEqual(['matmul-nt/short', 'matmul-nn/short', 'matmul-tn/short']);
  expect(small(after)).toEqual(['matmul-nt/small', 'matmul-nn/small', 'matmul-tn/small']);
  expect(grown).toBe(5);
  expect(compiled[2]).toBe(compiled[1]);
  expect(fromTheStart).toEqual(after);
  expect(proven).toEqual({ ok: true, kernels: after });
  expect(hashes.longRun).toBe(hashes.changed);
});
