import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');
type Parameters = Record<string, { shape: readonly number[]; data: Float32Array }>;

/** One epoch of gradient descent for linear(2, 3), tanh, linear(3, 2) with cross-entropy, in float64. */
function epochInFloat64(parameters: Parameters, inputs: Float32Array, targets: Uint32Array, order: readonly Uint32Array[], lr: number) {
  const [w1, b1, w2, b2] = ['0.weight', '0.bias', '2.weight', '2.bias'].map((name) => Float64Array.from(parameters[name].data));
  let sum = 0;
  for (const rows of order) {
    const [g1, h1, g2, h2] = [w1, b1, w2, b2].map((values) => new Float64Array(values.length));
    for (const row of rows) {
      const x = [inputs[2 * row], inputs[2 * row + 1]];
      const hidden = [0, 1, 2].map((unit) => Math.tanh(w1[2 * unit] * x[0] + w1[2 * unit + 1] * x[1] + b1[unit]));
      const logits = [0, 1].map((unit) => hidden.reduce((total, value, i) => total + value * w2[3 * unit + i], b2[unit]));
      const total = Math.exp(logits[0]) + Math.exp(logits[1]);
      sum += Math.log(total) - logits[targets[row]];
      const dlogits = [0, 1].map((unit) => (Math.exp(logits[unit]) / total - (unit === targets[row] ? 1 : 0)) / rows.length);
      dlogits.forEach((d, unit) => {
        h2[unit] += d;
        hidden.forEach((value, i) => { g2[3 * unit + i] += d * value; });
      });
      hidden.forEach((value, i) => {
        const d = (dlogits[0] * w2[i] + dlogits[1] * w2[3 + i]) * (1 - value * value);
        h1[i] += d;
        g1[2 * i] += d * x[0];
        g1[2 * i + 1] += d * x[1];
      });
    }
    for (const [values, gradients] of [[w1, g1], [b1, h1], [w2, g2], [b2, h2]]) values.forEach((_, i) => { values[i] -= lr * gradients[i]; });
  }
  return { loss: sum / inputs.length * 2, parameters: { '0.weight': w1, '0.bias': b1, '2.weight': w2, '2.bias': b2 } };
}

test('one epoch of 1000 examples at batch 64 is what float64 computes: 15 batches of 64 and one of 40', async ({ run }) => {
  const result = await run(async (lib) => {
    const { batches, blobs, shuffle, sequential, linear, tanh, crossEntropy, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = shuffle(blobs({ points: 1000, classes: 2, noise: 0.6 }));
    await using trainer = await compileShared(sequential(linear(2, 3), tanh(), linear(3, 2)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.5 }), batchSize: 64, seed: 7 });
    const before = await trainer.state();
    const value = await trainer.fit(data);
    const after = await trainer.state();
    const order = [...batches(1000, 64, { seed: 7, epoch: 0 })];
    return { inputs: data.inputs, targets: data.targets as Uint32Array, before: before.parameters, after: after.parameters, order, fit: value, step: after.step, epoch: after.epoch };
  });
  expect(result.order.map(({ length }) => length)).toEqual([...Array.from({ length: 15 }, () => 64), 40]);
  expect(result.fit.steps).toBe(16);
  expect([result.step, result.epoch]).toEqual([16, 1]);
  const reference = epochInFloat64(result.before as Parameters, result.inputs, result.targets, result.order, 0.5);
  expect(Math.abs(result.fit.epochs[0].loss - reference.loss)).toBeLessThan(1e-6);
  for (const [name, values] of Object.entries(reference.parameters)) {
    const { data } = result.after[name];
    const moved = data.reduce((most, value, i) => Math.max(most, Math.abs(value - result.before[name].data[i])), 0);
    expect(moved, `${name} has moved`).toBeGreaterThan(0.01);
    values.forEach((value, i) => expect(Math.abs(data[i] - value), `${name}[${i}]`).toBeLessThan(1e-5));
  }
});

test('every example once an epoch, in an order that seed and epoch decide; without shuffle in the order of the data', async ({ run }) => {
  const seen = await run(async (lib) => {
    const { dataset, sequential, linear, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = dataset({ inputs: Array.from({ length: 10 }, () => [0]), targets: Array.from({ length: 10 }, (_, i) => Math.sqrt(i)) });
    const orders: number[][] = [];
    // With a weight of 0 and a vanishing rate, the loss of a batch of one is its target squared: the example's number.
    for (const options of [{ seed: 1 }, { seed: 1 }, { seed: 2 }, { shuffle: false }]) {
      await using trainer = await compileShared(sequential(linear(1, 1, { bias: false })), { loss: mse(), optimizer: sgd({ lr: 1e-30 }), batchSize: 1 });
      for (let epoch = 0; epoch < 2; epoch++) {
        const order: number[] = [];
        await trainer.fit(data, { ...options, onStep: ({ loss }) => { order.push(Math.round(loss)); } });
        orders.push(order);
      }
    }
    return orders;
  });
  const inOrder = Array.from({ length: 10 }, (_, i) => i);
  for (const order of seen) expect(order.toSorted((a, b) => a - b)).toEqual(inOrder);
  const [first, second, again, againSecond, other, , plain, plainSecond] = seen;
  expect(again).toEqual(first);
  expect(againSecond).toEqual(second);
  expect(second).not.toEqual(first);
  expect(other).not.toEqual(first);
  expect([plain, plainSecond]).toEqual([inOrder, inOrder]);
});

test('reports: steps in order and without gaps, epochs, validation, batch sizes from one to all', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, split, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { train, test } = split(moons({ points: 60 }), { train: 45, test: 15 });
    await using trainer = await compileShared(sequential(linear(2, 4), tanh(), linear(4, 2)), { loss: crossEntropy(), optimizer: adam(), batchSize: 16, metrics: ['accuracy'] });
    const log: string[] = [];
    const steps: number[] = [];
    const losses: number[] = [];
    const fit = await trainer.fit(train, {
      epochs: 3, validation: test,
      onStep: (step) => {
        steps.push(step.step);
        losses.push(step.loss);
        if (step.accuracy === undefined || step.accuracy < 0 || step.accuracy > 1) log.push(`accuracy ${step.accuracy}`);
        log.push(`s${step.epoch}`);
      },
      onEpoch: async ({ epoch, validation }) => {
        await new Promise((resolve) => { setTimeout(resolve, 5); });
        log.push(`e${epoch} ${validation!.examples}`);
      },
    });
    const evaluation = await trainer.evaluate(test);
    const stochastic = await trainer.fit(train, { batchSize: 1 });
    const full = await trainer.fit(train, { batchSize: train.length });
    return { log, steps, losses, fit, evaluation, stochastic: stochastic.steps, full: full.steps, rows: train.length, count: trainer.stepCount };
  });
  expect(result.rows).toBe(45);
  expect(result.steps).toEqual(Array.from({ length: 9 }, (_, i) => i + 1));
  expect(result.log).toEqual([0, 1, 2].flatMap((epoch) => [`s${epoch}`, `s${epoch}`, `s${epoch}`, `e${epoch} 15`]));
  result.fit.epochs.forEach(({ loss }, epoch) => {
    const mean = [16, 16, 13].reduce((sum, rows, i) => sum + rows * result.losses[3 * epoch + i], 0) / 45;
    expect(loss).toBeCloseTo(mean, 10);
  });
  // Evaluated after the last epoch and again: nothing has changed in between.
  expect(result.fit.epochs[2].validation).toEqual(result.evaluation);
  expect([result.stochastic, result.full, result.count]).toEqual([45, 1, 9 + 45 + 1]);
});

test('evaluate is the mean over all examples, whatever the batches; predict gives the outputs; neither changes anything', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 100, noise: 0.2 });
    await using trainer = await compileShared(sequential(linear(2, 8), tanh(), linear(8, 2)), { loss: crossEntropy(), optimizer: adam({ lr: 0.05 }), batchSize: 32 });
    await trainer.fit(data, { epochs: 5 });
    const before = await trainer.hash();
    const evaluation = await trainer.evaluate(data);
    const logits = await trainer.predict(data.inputs);
    const rows = await trainer.predict([[...data.inputs.subarray(0, 2)], [...data.inputs.subarray(2, 4)], [...data.inputs.subarray(4, 6)]]);
    return { evaluation, logits, rows, targets: data.targets, same: before === await trainer.hash() };
  });
  let loss = 0;
  let hits = 0;
  result.targets.forEach((label, row) => {
    const [a, b] = result.logits.subarray(2 * row, 2 * row + 2);
    loss += Math.log(Math.exp(a) + Math.exp(b)) - [a, b][label];
    hits += Number((b > a ? 1 : 0) === label);
  });
  expect(result.evaluation.loss).toBeCloseTo(loss / 100, 5);
  expect(result.evaluation.accuracy).toBeCloseTo(hits / 100, 6);
  expect(result.evaluation.examples).toBe(100);
  expect([...result.rows]).toEqual([...result.logits.subarray(0, 6)]);
  expect(result.same).toBe(true);
});

test('the learning rate can be set between steps', async ({ run }) => {
  const moves = await run(async (lib) => {
    const { sequential, linear, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(1, 1, { bias: false })), { loss: mse(), optimizer: sgd({ lr: 0.25 }), batchSize: 1 });
    // d/dw (w - 0)² = 2w: a rate of 0.25 halves w, 0.5 makes it 0.
    const batch = { inputs: Float32Array.of(1), targets: Float32Array.of(0) };
    const weight = async () => (await trainer.state()).parameters['0.weight'].data[0];
    const start = await weight();
    await trainer.step(batch);
    const halved = await weight();
    trainer.lr = 0.5;
    const rate = trainer.lr;
    await trainer.step(batch);
    const errors: string[] = [];
    for (const lr of [NaN, -1, 0, Infinity, '0.1' as never]) errors.push((await lib.caught(() => { trainer.lr = lr; })).message);
    return { ratio: halved / start, zero: await weight(), rate, errors, after: trainer.lr, saved: (await trainer.state()).lr };
  });
  expect(moves).toMatchObject({ ratio: 0.5, zero: 0, rate: 0.5, after: 0.5, saved: 0.5 });
  for (const message of moves.errors) expect(message).toMatch(/^trainer: needs lr to be a finite number > 0, got /);
});

test('5 + 5 epochs are 10 epochs; data on the GPU or uploaded batch by batch: the same weights bit for bit', async ({ run }) => {
  const hashes = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 100 });
    const hashes: Record<string, string> = {};
    const uploads: Record<string, number> = {};
    for (const [name, resident, ...parts] of [['ten', true, 10], ['five and five', true, 5, 5], ['uploaded', false, 10], ['mixed', true, 3]] as const) {
      await using trainer = await compileShared(sequential(linear(2, 8), tanh(), linear(8, 2)), { loss: crossEntropy(), optimizer: adam(), batchSize: 32 });
      const { calls } = await counted(async () => {
        for (const epochs of parts) await trainer.fit(data, { epochs, resident });
      });
      if (name === 'mixed') await trainer.fit(data, { epochs: 7, resident: false });
      uploads[name] = calls.count.writeBuffer;
      hashes[name] = await trainer.hash();
    }
    return { hashes, uploads };
  });
  const { ten, ...others } = hashes.hashes;
  expect(ten).toMatch(/^[0-9a-f]{64}$/);
  expect(others).toEqual({ 'five and five': ten, uploaded: ten, mixed: ten });
  // Ten epochs of four steps: scalars each, and resident 2 uploads and 10 orders, else two for each step.
  expect(hashes.uploads.ten).toBe(40 + 10 + 2);
  expect(hashes.uploads.uploaded).toBe(40 + 80);
});

test('a validation loss that is no finite number ends fit as diverged; observe takes finite numbers alone', async ({ run }) => {
  const result = await run(async (lib) => {
    const { crossEntropy, dataset, linear, mse, schedules, sequential, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const messages: Record<string, [string | undefined, string]> = {};
    const optimizer = sgd({ lr: 1e-6 });
    const schedule = schedules.reduceOnPlateau({ patience: 0 });
    await using regression = await compileShared(sequential(linear(1, 1)), { loss: mse(), optimizer, schedule, batchSize: 2 });
    const train = dataset({ inputs: [[1], [2]], targets: [[1], [2]] });
    await regression.load({ parameters: { '0.weight': { shape: [1, 1], data: Float32Array.of(1) }, '0.bias': { shape: [1], data: Float32Array.of(0) } } });
    const note = async (name: string, call: () => unknown): Promise<void> => {
      const { code, message } = await lib.caught(call);
      messages[name] = [code, message];
    };
    await regression.fit(train, { validation: train });
    const before = JSON.stringify((await regression.state()).schedule);
    await note('infinite', () => regression.fit(train, { epochs: 3, validation: dataset({ inputs: [[1e30]], targets: [[0]] }) }));
    for (const value of [NaN, Infinity, '1' as never]) await note(`observe ${value}`, () => regression.observe(value));
    const after = JSON.stringify((await regression.state()).schedule);
    await using classes = await compileShared(sequential(linear(1, 2)), { loss: crossEntropy(), optimizer, batchSize: 2 });
    await classes.load({ parameters: { '0.weight': { shape: [2, 1], data: Float32Array.of(2, 2) }, '0.bias': { shape: [2], data: new Float32Array(2) } } });
    const labels = (inputs: number[][]) => dataset({ inputs, targets: [0, 1], classes: 2 });
    await note('not a number', () => classes.fit(labels([[1], [2]]), { validation: labels([[3e38], [3e38]]) }));
    return { messages, kept: before === after };
  });
  expect(result.messages.infinite).toEqual(['diverged', expect.stringMatching(/^fit: needs finite numbers, got a validation loss of Infinity after epoch 1\./)]);
  expect(result.messages['not a number']).toEqual(['diverged', expect.stringMatching(/^fit: needs finite numbers, got a validation loss of NaN after epoch 0\./)]);
  for (const [name, shown] of [['NaN', 'NaN'], ['Infinity', 'Infinity'], ['1', '"1"']]) expect(result.messages[`observe ${name}`]).toEqual(['data', `observe: needs a finite number, got ${shown}.`]);
  expect(result.kept).toBe(true);
});

test('snapshots of many sizes leave the programs that train alone', async ({ run }) => {
  const [plain, watched, taken] = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 125 });
    const hashes: string[] = [];
    let taken = 0;
    for (const watches of [false, true]) {
      await using trainer = await compileShared(sequential(linear(2, 4), tanh(), linear(4, 2)), { loss: crossEntropy(), optimizer: adam(), batchSize: 12 });
      await trainer.fit(data, {
        epochs: 2, batchSize: 10,
        onStep: async ({ step }, training) => {
          if (!watches) return;
          await training.snapshot({ batchSize: 1 + (step % 9) });
          taken += 1;
        },
      });
      hashes.push(await trainer.hash());
    }
    return [...hashes, taken] as const;
  });
  expect(taken).toBe(26);
  expect(watched).toBe(plain);
});

test('dropLast leaves the smaller last batch out; without it batchNorm refuses one of a single example, and says where it comes from', async ({ run }) => {
  const result = await run(async (lib) => {
    const { batchNorm1d, dataset, linear, mse, sequential, sgd, take } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = dataset({ inputs: Array.from({ length: 9 }, (_, i) => [i / 9, Math.cos(i)]), targets: Array.from({ length: 9 }, (_, i) => [Math.sin(i)]) });
    const make = () => compileShared(sequential(linear(2, 3), batchNorm1d(3), linear(3, 1)), { loss: mse(), optimizer: sgd({ lr: 0.01 }), batchSize: 4, seed: 1 });
    await using trainer = await make();
    const start = await trainer.hash();
    const single = await lib.caught(() => trainer.fit(data));
    const untouched = await trainer.hash() === start;
    const wrong = (await lib.caught(() => trainer.fit(data, { dropLast: 1 as never }))).message;
    const losses: number[] = [];
    const fitted = await trainer.fit(data, { epochs: 2, shuffle: false, dropLast: true, onStep: ({ loss }) => { losses.push(loss); } });
    await using other = await make();
    await other.fit(take(data, Uint32Array.from({ length: 8 }, (_, i) => i)), { epochs: 2, shuffle: false });
    const uploaded = await make();
    await uploaded.fit(data, { epochs: 2, shuffle: false, dropLast: true, resident: false });
    const hashes = [await trainer.hash(), await other.hash(), await uploaded.hash()];
    await uploaded.destroy();
    return { code: single.code, message: single.message, untouched, wrong, losses, fitted, hashes, all: (await trainer.fit(data, { batchSize: 3, dropLast: true })).steps };
  });
  expect(result.code).toBe('shape');
  expect(result.message).toMatch(/needs more than 1 value per channel in training, got \[1, 3\] in the last batch, which has 1 of 9 examples in batches of 4\. Pass dropLast: true to fit, or another batchSize\.$/);
  expect(result.untouched).toBe(true);
  expect(result.wrong).toBe('fit: needs dropLast to be true or false, got 1.');
  expect(result.fitted.steps).toBe(4);
  result.fitted.epochs.forEach(({ loss }, epoch) => expect(loss).toBeCloseTo((result.losses[2 * epoch]! + result.losses[2 * epoch + 1]!) / 2, 10));
  expect(new Set(result.hashes).size).toBe(1);
  expect(result.all).toBe(3);
});
