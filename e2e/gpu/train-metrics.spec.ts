import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

// A layer whose weight is the identity: its outputs are its inputs, so that everything can be counted by hand.

test('class metrics over batches of two sizes are those counted by hand, with a class that never occurs and a row left out', async ({ run }) => {
  const found = await run(async (lib) => {
    const { crossEntropy, linear, metrics, sequential, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(4, 4)), { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), batchSize: 4, inputShape: [4] });
    await trainer.load({ parameters: { '0.weight': { shape: [4, 4], data: Float32Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0)) }, '0.bias': { shape: [4], data: new Float32Array(4) } } });
    const labels = [0, 0, 0, 1, 1, 2, 2, 2, 2, -100];
    const first = [0, 1, 0, 1, 0, 2, 2, 1, 0, 1];
    const second = [1, 0, 2, 0, 2, 1, 0, 2, 1, 0];
    const inputs = Float32Array.from({ length: 40 }, (_, i) => {
      const [row, c] = [Math.floor(i / 4), i % 4];
      return c === 3 ? -5 : c === first[row] ? 2 : c === second[row] ? 1 : 0;
    });
    const data = lib.chainrule.dataset({ inputs, inputShape: [4], targets: labels, classes: 4, ignoreIndex: -100 });
    const { accuracy, confusionMatrix, f1, perplexity, precision, recall, topK } = metrics;
    const asked = [accuracy(), topK(1), topK(2), topK(4), precision(), recall(), f1(), f1({ average: 'micro', name: 'microF1' }), confusionMatrix(), perplexity()];
    const one = await trainer.evaluate(data, { metrics: asked });
    // The counters begin anew, also where another set was asked for in between.
    const other = await trainer.evaluate(data, { metrics: [recall()] });
    const again = await trainer.evaluate(data, { metrics: asked });
    const plain = await trainer.evaluate(data);
    return { one, again, other: other.metrics, plain };
  });
  const { one, again, other, plain } = found;
  expect(again).toEqual(one);
  expect(one.accuracy).toBeCloseTo(one.metrics.accuracy as number, 12);
  expect(plain).toEqual({ ...one, metrics: {} });
  expect(other.recall).toBe(one.metrics.recall);
  const surprise = (sum: number): number => Math.exp(Math.log(Math.exp(2) + Math.exp(1) + 1 + Math.exp(-5)) - sum / 9);
  const expected = {
    accuracy: 5 / 9, top1: 5 / 9, top2: 7 / 9, top4: 1, precision: (1 / 2 + 1 / 3 + 1) / 3, recall: (2 / 3 + 1 / 2 + 1 / 2) / 3, f1: (4 / 7 + 2 / 5 + 2 / 3) / 3, microF1: 5 / 9,
    perplexity: surprise(5 * 2 + 2 * 1),
  };
  const { confusionMatrix, ...numbers } = one.metrics;
  expect(confusionMatrix).toEqual([[2, 1, 0, 0], [1, 1, 0, 0], [1, 1, 2, 0], [0, 0, 0, 0]]);
  expect(Object.keys(numbers).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) expect(numbers[name], name).toBeCloseTo(value, 6);
});

test('metrics of yes and no, and of numbers far from 0', async ({ run }) => {
  const { signs, none, numbers } = await run(async (lib) => {
    const { bceWithLogits, huber, linear, metrics, sequential, sgd } = lib.chainrule;
    const { accuracy, f1, mae, precision, r2, recall } = metrics;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using binary = await compileShared(sequential(linear(1, 1)), { loss: bceWithLogits({ posWeight: 2 }), optimizer: sgd({ lr: 0.1 }), batchSize: 3, inputShape: [1] });
    await binary.load({ parameters: { '0.weight': { shape: [1, 1], data: Float32Array.of(1) }, '0.bias': { shape: [1], data: Float32Array.of(0) } } });
    const answers = (x: number[], t: number[]) => lib.chainrule.dataset({ inputs: x.map((value) => [value]), targets: t });
    const asked = { metrics: [accuracy(), precision(), recall(), f1(), f1({ average: 'macro', name: 'both' })] };
    const signs = (await binary.evaluate(answers([1, -1, 2, -2, 3], [1, 1, 0, 0, 1]), asked)).metrics;
    const none = (await binary.evaluate(answers([-1, -1], [0, 0]), asked)).metrics;

    await using regression = await compileShared(sequential(linear(2, 2)), { loss: huber({ reduction: 'sum' }), optimizer: sgd({ lr: 0.1 }), batchSize: 4, inputShape: [2] });
    await regression.load({ parameters: { '0.weight': { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) }, '0.bias': { shape: [2], data: new Float32Array(2) } } });
    const targets = Float32Array.from({ length: 22 }, (_, i) => (i % 2 ? 1000 + i / 16 : Math.sin(i)));
    const inputs = targets.map((value, i) => value + ((i * 7) % 5 - 2) / 8);
    const evaluated = await regression.evaluate(lib.chainrule.dataset({ inputs, inputShape: [2], targets, targetShape: [2] }), { metrics: [mae(), r2()] });
    const errors = [...inputs].map((value, i) => value - targets[i]!);
    const column = (values: ArrayLike<number>, c: number): number[] => Array.from(values).filter((_, i) => i % 2 === c);
    const squares = (values: number[], around = 0): number => values.reduce((sum, value) => sum + (value - around) ** 2, 0);
    const share = [0, 1].map((c) => {
      const own = column(targets, c);
      return 1 - squares(column(errors, c)) / squares(own, own.reduce((sum, value) => sum + value, 0) / own.length);
    });
    return {
      signs, none,
      numbers: {
        mae: evaluated.metrics.mae, r2: evaluated.metrics.r2, loss: evaluated.loss, expectedMae: errors.reduce((sum, value) => sum + Math.abs(value), 0) / 22, expectedR2: (share[0]! + share[1]!) / 2,
        expectedLoss: errors.reduce((sum, value) => sum + value * value / 2, 0) / 11,
      },
    };
  });
  const expected = { accuracy: 3 / 5, precision: 2 / 3, recall: 2 / 3, f1: 2 / 3, both: (2 / 3 + 1 / 2) / 2 };
  for (const [name, value] of Object.entries(expected)) expect(signs[name], name).toBeCloseTo(value, 6);
  // Nothing positive, and nothing taken for it: 0 where it divides by 0, and only the class that occurs counts in the mean.
  expect(none).toEqual({ accuracy: 1, precision: 0, recall: 0, f1: 0, both: 1 });
  expect(numbers.mae).toBeCloseTo(numbers.expectedMae, 5);
  expect(numbers.r2).toBeCloseTo(numbers.expectedR2, 5);
  expect(numbers.loss).toBeCloseTo(numbers.expectedLoss, 5);
});

test('with ignored labels the accuracy of a step counts the other rows', async ({ run }) => {
  const accuracy = await run(async (lib) => {
    const { crossEntropy, linear, sequential, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(2, 2)), { loss: crossEntropy({ ignoreIndex: 5 }), optimizer: sgd({ lr: 0.1 }), batchSize: 4, inputShape: [2], metrics: ['accuracy'] });
    await trainer.load({ parameters: { '0.weight': { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) }, '0.bias': { shape: [2], data: new Float32Array(2) } } });
    const { report } = await trainer.step({ inputs: Float32Array.of(1, 0, 0, 1, 1, 0, 1, 0), targets: Uint32Array.of(0, 0, 5, 0) });
    return (await report).accuracy;
  });
  expect(accuracy).toBeCloseTo(2 / 3, 6);
});

test('evaluate gives what one batch of all examples gives, with rows left out, class weights, and labels in many places', async ({ run }) => {
  const found = await run(async (lib) => {
    const { crossEntropy, linear, logSoftmax, nll, sequential, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const [rows, places, classes, ignored] = [7, 3, 3, 2 ** 32 - 100];
    const weight = [0.5, 2, 3];
    const inputs = Float32Array.from({ length: rows * places * classes }, (_, i) => 2 * Math.sin(3 * i + 1));
    // Whole examples are left out, and of the others some places.
    const targets = Uint32Array.from({ length: rows * places }, (_, i) => (i < 6 || i % 4 === 1 ? ignored : (i * i + i) % 3));
    const identity = { '0.weight': { shape: [3, 3], data: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) }, '0.bias': { shape: [3], data: new Float32Array(3) } };
    const data = (length: number) => ({ name: 'labels', length, inputs, inputShape: [places, classes], targets: length === rows ? targets : targets.subarray(0, length * places), targetShape: [places], classes, ignoreIndex: -100 });
    let [plain, weighted, mass, sum, hits, counted] = [0, 0, 0, 0, 0, 0];
    targets.forEach((label, row) => {
      if (label === ignored) return;
      const numbers = [...inputs.subarray(row * classes, (row + 1) * classes)];
      const loss = Math.log(numbers.reduce((total, value) => total + Math.exp(value), 0)) - numbers[label]!;
      counted += 1;
      plain += loss;
      weighted += weight[label]! * loss;
      mass += weight[label]!;
      sum += loss;
      hits += Number(numbers.indexOf(Math.max(...numbers)) === label);
    });
    const cases = {
      crossEntropy: [crossEntropy(), plain / counted], weight: [crossEntropy({ weight }), weighted / mass], nll: [nll({ weight }), weighted / mass], sum: [crossEntropy({ reduction: 'sum' }), sum / rows],
    } as const;
    const results: { name: string; batchSize: number; loss: number; expected: number; accuracy: number | undefined }[] = [];
    for (const [name, [loss, expected]] of Object.entries(cases)) {
      for (const batchSize of [2, 7]) {
        const model = name === 'nll' ? sequential(linear(3, 3), logSoftmax()) : sequential(linear(3, 3));
        await using trainer = await compileShared(model, { loss, optimizer: sgd({ lr: 0.1 }), batchSize, inputShape: [places, classes] });
        await trainer.load({ parameters: identity });
        const all = await trainer.evaluate(data(rows));
        results.push({ name, batchSize, loss: all.loss, accuracy: all.accuracy, expected });
        if (name !== 'weight') continue;
        const nothing = await trainer.evaluate({ ...data(2), inputs: inputs.subarray(0, 2 * places * classes) });
        results.push({ name: 'nothing counts', batchSize, loss: nothing.loss, accuracy: nothing.accuracy, expected: 0 });
      }
    }
    return { results, share: hits / counted, counted };
  });
  // Neither no row nor all of them.
  expect(found.counted).toBeGreaterThan(5);
  expect(found.counted).toBeLessThan(15);
  expect(found.share).toBeGreaterThan(0);
  expect(found.results).toHaveLength(10);
  for (const { name, batchSize, loss, expected, accuracy } of found.results) {
    expect(loss, `${name} in batches of ${batchSize}`).toBeCloseTo(expected, 5);
    expect(accuracy, `${name} in batches of ${batchSize}`).toBeCloseTo(name === 'nothing counts' ? 0 : found.share, 12);
  }
});
