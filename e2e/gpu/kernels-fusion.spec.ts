import { testNets } from '../nets.ts';
import { expect, test } from '../harness.ts';

for (const [name, { fused, unfused }] of Object.entries(testNets)) {
  test(`${name}: fused and unfused agree, and both are proven`, async ({ run }) => {
    const found = await run(async ({ chainrule, gradcheck, load }, name) => {
      const { testNets } = await load<typeof import('../nets.ts')>('/e2e/nets.ts');
      const device = await chainrule.openDevice();
      const { model, loss } = testNets[name]!;
      const results = [];
      for (const fusion of [true, false]) {
        const trainer = await chainrule.compile(model(), { device, loss: loss(), optimizer: chainrule.sgd({ lr: 0.1 }), batchSize: 6, seed: 3, fusion });
        const snapshot = await trainer.snapshot();
        const report = gradcheck.checkSnapshot(snapshot);
        const again = await trainer.snapshot();
        const sameBits = Object.entries(snapshot.gradients).every(([id, gradient]) => gradient.every((value, i) => Object.is(value, again.gradients[Number(id)]![i])));
        results.push({ sameBits, gradients: Object.values(snapshot.gradients), launches: snapshot.launches.length, passed: report.passed, text: String(report), total: report.total, proven: report.proven });
        await trainer.destroy();
      }
      device.destroy();
      return results;
    }, name);
    for (const { passed, text, proven, total, sameBits } of found) {
      expect(sameBits, 'a second run gives the same bits').toBe(true);
      expect(passed, text).toBe(true);
      expect(proven).toBe(total);
    }
    expect(found.map(({ launches }) => launches)).toEqual([fused, unfused]);
    const [one, other] = found.map(({ gradients }) => gradients);
    for (const [index, gradient] of one!.entries()) {
      const size = Math.hypot(...gradient);
      const difference = Math.hypot(...gradient.map((value, i) => value - other![index]![i]!));
      expect(size).toBeGreaterThan(0);
      // Each has passed its own tolerance; together they may differ by rounding only.
      expect(difference / size).toBeLessThan(1e-5);
    }
  });
}

for (const [variant, batchSize] of [['register', 17], ['tiled', 66], ['split', 192]] as const) {
  test(`epilogues and prologues in ${variant} kernels`, async ({ run }) => {
    const found = await run(async ({ chainrule, gradcheck }, { variant, batchSize }) => {
      const { add, compile, linear, module, mse, sgd, silu, tanh } = chainrule;
      const device = await chainrule.openDevice();
      // The residual is an operand of the second layer's epilogue; both activations' gradients are prologues.
      const model = module({ first: linear(18, 13), act: silu(), second: linear(13, 13), last: tanh() },
        ({ first, act, second, last }, x) => {
          const hidden = first(x);
          return last(add(second(act(hidden)), hidden));
        });
      const trainer = await compile(model, { device, loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize, seed: 5, variants: { matmul: variant } });
      const snapshot = await trainer.snapshot();
      const report = gradcheck.checkSnapshot(snapshot);
      await trainer.destroy();
      device.destroy();
      return { passed: report.passed, text: String(report), kernels: [...new Set(snapshot.launches.map(({ kernel }) => kernel))], launches: snapshot.launches.length };
    }, { variant, batchSize });
    expect(found.passed, found.text).toBe(true);
    expect(found.kernels.filter((kernel) => kernel.startsWith('matmul'))).toEqual(['nt', 'nn', 'tn'].map((layout) => `matmul-${layout}/${variant}`));
    // A split weight's gradient and its sums of rows are each put together by a launch more.
    expect(found.launches).toBeLessThan(variant === 'split' ? 16 : 12);
  });
}

test('a net that ends in a view predicts', async ({ run }) => {
  const predicted = await run(async ({ chainrule }) => {
    const { compile, flatten, linear, mse, sequential, sgd } = chainrule;
    const device = await chainrule.openDevice();
    const trainer = await compile(sequential(linear(3, 2), flatten()), { device, loss: mse(), optimizer: sgd(), batchSize: 2, inputShape: [4, 3] });
    const out = await trainer.predict(new Float32Array(24).fill(1));
    await trainer.destroy();
    device.destroy();
    return { shape: trainer.outputShape, out };
  });
  expect(predicted.shape).toEqual([8]);
  expect(predicted.out).toHaveLength(16);
  // Every row of the input is the same, so every pair of the output is.
  predicted.out.forEach((value, i) => expect(value).toBe(predicted.out[i % 2]));
  expect(Math.abs(predicted.out[0]!)).toBeGreaterThan(0);
});
