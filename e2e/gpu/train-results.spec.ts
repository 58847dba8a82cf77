import { expect, test } from '../harness.ts';

// What training must reach from fixed seeds. The bounds are those of the problem, not of one run: several seeds pass.

type Kit = typeof import('./page-kit.ts');

test('the example of the README learns its spiral to more than 98 %, and all its gradients are proven', async ({ run }) => {
  const { accuracy, steps, seconds, report } = await run(async (lib) => {
    const { spiral, sequential, linear, relu, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = spiral({ points: 1000, seed: 1 });
    await using trainer = await compileShared(sequential(linear(2, 16), relu(), linear(16, 2)), { loss: crossEntropy(), optimizer: adam({ lr: 0.03 }), batchSize: 32, seed: 42 });
    const started = performance.now();
    const { steps } = await trainer.fit(data, { epochs: 50 });
    const seconds = (performance.now() - started) / 1000;
    return { accuracy: (await trainer.evaluate(data)).accuracy!, steps, seconds, report: String(await lib.gradcheck.checkGradients(trainer)) };
  });
  expect(report).toMatch(/^82 of 82 gradients proven on /);
  console.log(`spiral: ${(100 * accuracy).toFixed(1)} % after ${steps} steps, ${seconds.toFixed(1)} s`);
  expect(accuracy).toBeGreaterThan(0.98);
});

for (const name of ['sigmoid', 'tanh', 'relu'] as const) {
  test(`moons are learnt to more than 97 % with ${name}, on points that training never saw`, async ({ run }) => {
    const accuracy = await run(async (lib, name) => {
      const { moons, sequential, linear, crossEntropy, adam } = lib.chainrule;
      const activation = lib.chainrule[name as 'relu'];
      const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      await using trainer = await compileShared(sequential(linear(2, 16), activation(), linear(16, 16), activation(), linear(16, 2)), { loss: crossEntropy(), optimizer: adam({ lr: 0.03 }), batchSize: 50, seed: 1 });
      await trainer.fit(moons({ points: 500, seed: 1 }), { epochs: 40 });
      return (await trainer.evaluate(moons({ points: 500, seed: 2 }))).accuracy!;
    }, name);
    console.log(`moons, ${name}: ${(100 * accuracy).toFixed(1)} %`);
    expect(accuracy).toBeGreaterThan(0.97);
  });
}

test('a sine is fitted by 1-16-1 with tanh to a loss below 0.01', async ({ run }) => {
  const { loss, worst } = await run(async (lib) => {
    const { sineRegression, sequential, linear, tanh, mse, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(1, 16), tanh(), linear(16, 1)), { loss: mse(), optimizer: adam({ lr: 0.02 }), batchSize: 30, seed: 1 });
    await trainer.fit(sineRegression({ points: 300, noise: 0.05 }), { epochs: 120 });
    const xs = Float32Array.from({ length: 41 }, (_, i) => -1 + i / 20);
    const ys = await trainer.predict(xs);
    return { loss: (await trainer.evaluate(sineRegression({ points: 300, noise: 0.05, seed: 9 }))).loss, worst: xs.reduce((most, x, i) => Math.max(most, Math.abs(ys[i] - Math.sin(Math.PI * x))), 0) };
  });
  console.log(`sine: loss ${loss.toFixed(4)} (noise 0.0025), worst ${worst.toFixed(3)}`);
  expect(loss).toBeLessThan(0.01);
  expect(worst).toBeLessThan(0.2);
});

test('linear regression recovers the weights that made the data', async ({ run }) => {
  const { weight, bias } = await run(async (lib) => {
    const { linearRegression, sequential, linear, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(4, 1)), { loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 200, seed: 1 });
    // Full batches: gradient descent goes to the least squares itself, which the noise puts within 0.01/√200 of the truth.
    await trainer.fit(linearRegression({ points: 200, noise: 0.01, weights: [1.5, -2, 0.25, 0], bias: -0.75 }), { epochs: 300 });
    const { parameters } = await trainer.state();
    return { weight: [...parameters['0.weight'].data], bias: parameters['0.bias'].data[0] };
  });
  [1.5, -2, 0.25, 0].forEach((value, i) => expect(Math.abs(weight[i] - value)).toBeLessThan(0.01));
  expect(Math.abs(bias + 0.75)).toBeLessThan(0.01);
});

test('binary cross-entropy and soft targets learn the same moons', async ({ run }) => {
  const accuracies = await run(async (lib) => {
    const { moons, oneHot, toValues, sequential, linear, tanh, crossEntropy, bceWithLogits, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 400, seed: 1 });
    const accuracies: number[] = [];
    for (const [loss, examples, outputs] of [[bceWithLogits(), toValues(data), 1], [crossEntropy({ targets: 'probabilities' }), oneHot(data), 2]] as const) {
      await using trainer = await compileShared(sequential(linear(2, 16), tanh(), linear(16, outputs)), { loss, optimizer: adam({ lr: 0.05 }), batchSize: 50, seed: 1 });
      await trainer.fit(examples, { epochs: 40 });
      accuracies.push((await trainer.evaluate(examples)).accuracy!);
    }
    return accuracies;
  });
  for (const accuracy of accuracies) expect(accuracy).toBeGreaterThan(0.97);
});
