import { expect, test } from '../harness.ts';

// Inputs that are indices: tokens for an embedding.

type Kit = typeof import('./page-kit.ts');

test('tokens train a next-token net: resident and uploaded alike, in batches that divide the data or not; all gradients are proven', async ({ run }) => {
  const result = await run(async (lib) => {
    const { dataset, embedding, sequential, linear, crossEntropy, adam, take } = lib.chainrule;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    // The next token is 3 · token + 1 modulo 11: something that each place's token tells alone.
    const [places, classes] = [6, 11];
    const tokens = Array.from({ length: 30 }, (_, row) => Array.from({ length: places }, (_unused, at) => (row * 5 + at * 7) % classes));
    const data = dataset({ inputs: tokens, inputType: 'u32', targets: tokens.flat().map((token) => (3 * token + 1) % classes), targetShape: [places], classes });
    const compiled = () => compileShared(sequential(embedding(classes, 8), linear(8, classes)), { loss: crossEntropy(), optimizer: adam({ lr: 0.05 }), batchSize: 8, seed: 1, inputShape: [places], metrics: ['accuracy'] });
    await using resident = await compiled();
    await using uploaded = await compiled();
    await resident.fit(data, { epochs: 2 });
    await uploaded.fit(data, { epochs: 2, resident: false });
    const hashes = [await resident.hash(), await uploaded.hash()];
    await resident.fit(data, { epochs: 20 });
    const { calls } = await counted(() => resident.fit(data));
    const rows = tokens.slice(0, 3);
    const flat = await resident.predict(Uint32Array.from(rows.flat()));
    const nested = await resident.predict(rows);
    const likely = Array.from({ length: rows.length * places }, (_, at) => flat.subarray(at * classes, (at + 1) * classes)).map((scores) => scores.indexOf(Math.max(...scores)));
    const report = await lib.gradcheck.checkGradients(resident, { batchSize: 4 });
    await using fresh = await compiled();
    const random = await fresh.snapshot();
    const step = await (await fresh.step({ inputs: data.inputs.slice(0, 48), targets: data.targets.slice(0, 48) })).report;
    return {
      hashes, evaluation: await resident.evaluate(take(data, [1, 2, 3, 4, 5, 6, 7, 8, 9])), same: flat.join() === nested.join(), likely, expected: rows.flat().map((token) => (3 * token + 1) % classes),
      passed: report.passed, text: String(report), type: data.inputs.constructor.name, inputs: [...random.values[random.graph.tensors.find(({ name }) => name === 'inputs')!.id]!], step: step.loss,
      gather: calls.count.dispatchWorkgroups! / calls.count.submit! - resident.plan.launches.length, created: calls.count.createBuffer,
    };
  });
  expect(result.type).toBe('Uint32Array');
  expect(result.hashes[0]).toBe(result.hashes[1]);
  expect(result.evaluation.accuracy).toBe(1);
  expect(result.likely).toEqual(result.expected);
  expect(result.same).toBe(true);
  expect(result.passed, result.text).toBe(true);
  expect([result.gather, result.created]).toEqual([1, 0]);
  expect(result.inputs.every((token) => Number.isInteger(token) && token >= 0 && token < 11)).toBe(true);
  expect(new Set(result.inputs).size).toBeGreaterThan(5);
  expect(result.step).toBeCloseTo(Math.log(11), 0);
});

test('inputs of the wrong type and indices out of range are refused before anything is uploaded', async ({ run }) => {
  const { errors, writes, classesOf } = await run(async (lib) => {
    const { dataset, embedding, sequential, linear, flatten, crossEntropy, sgd, moons, normalize } = lib.chainrule;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const options = { loss: crossEntropy(), optimizer: sgd(), batchSize: 2 };
    const model = () => sequential(embedding(5, 2), flatten(), linear(6, 2));
    await using tokens = await compileShared(model(), { ...options, inputShape: [3] });
    await using numbers = await compileShared(sequential(linear(2, 2)), options);
    const good = dataset({ inputs: [[0, 1, 2], [4, 3, 2]], inputType: 'u32', targets: [0, 1], classes: 2 });
    const floats = dataset({ inputs: [[0, 1, 2], [4, 3, 2]], targets: [0, 1], classes: 2 });
    const batch = { inputs: Uint32Array.of(0, 1, 2), targets: Uint32Array.of(1) };
    const moon = moons({ points: 4 });
    const errors: Record<string, string> = {};
    const { calls } = await counted(async () => {
      for (const [name, call] of Object.entries<() => unknown>({
        'fit floats': () => tokens.fit(floats), 'fit tokens': () => numbers.fit({ ...moon, inputs: new Uint32Array(8) }), 'fit 5': () => tokens.fit({ ...good, inputs: Uint32Array.of(0, 1, 2, 3, 5, 0) }),
        'evaluate 9': () => tokens.evaluate({ ...good, inputs: Uint32Array.of(0, 1, 9, 3, 5, 0) }), 'validation 5': () => tokens.fit(good, { validation: { ...good, inputs: Uint32Array.of(0, 1, 2, 3, 5, 0) } }),
        'step floats': () => tokens.step({ ...batch, inputs: new Float32Array(3) }), 'step 7': () => tokens.step({ ...batch, inputs: Uint32Array.of(1, 7, 0) }), 'step bytes': () => tokens.step({ ...batch, inputs: new Uint8Array(3) as never }),
        'step tokens': () => numbers.step({ inputs: new Uint32Array(2), targets: batch.targets }), 'snapshot 7': () => tokens.snapshot({ batch: { ...batch, inputs: Uint32Array.of(1, 7, 0) } }),
        'predict floats': () => tokens.predict(new Float32Array(3)), 'predict half': () => tokens.predict([[0, 0.5, 1]]), 'predict negative': () => tokens.predict([[0, 1, -1]]), 'predict large': () => tokens.predict([[0, 1, 5]]),
        'predict NaN': () => tokens.predict([[0, NaN, 1]]), 'predict tokens': () => numbers.predict(new Uint32Array(2)), 'predict text': () => tokens.predict('abc' as never),
        'normalize': () => normalize(good as never), 'data half': () => dataset({ inputs: [[0.5]], inputType: 'u32', targets: [1] }), 'data large': () => dataset({ inputs: [[2 ** 32]], inputType: 'u32', targets: [1] }),
        'data type': () => dataset({ inputs: [[1]], inputType: 'i32' as never, targets: [1] }),
      })) errors[name] = (await lib.caught(call)).message;
    });
    for (const [name, wrong] of Object.entries({ 'type i32': { inputType: 'i32' }, 'classes 0': { inputType: 'u32', inputClasses: 0 }, 'classes half': { inputClasses: 1.5 } })) {
      errors[name] = (await lib.caught(() => compileShared(model(), { ...options, inputShape: [3], ...wrong as object }))).message;
    }
    // What the first layer says may be too narrow for a model that does more with its inputs than this layer.
    await using fewer = await compileShared(model(), { ...options, inputShape: [3], inputClasses: 2 });
    return { errors, writes: calls.count.writeBuffer! + calls.count.submit!, classesOf: (await lib.caught(() => fewer.predict([[0, 1, 2]]))).message };
  });
  expect(writes).toBe(0);
  const takesIndices = 'inputs as a Uint32Array, because the model takes indices, got a Float32Array. Convert them: Uint32Array.from(values).';
  const takesNumbers = 'inputs as a Float32Array, because the model takes numbers, got a Uint32Array. Convert them: Float32Array.from(values); for indices compile with inputType: "u32".';
  expect(errors).toEqual({
    'fit floats': `fit: needs ${takesIndices}`, 'fit tokens': `fit: needs ${takesNumbers}`, 'fit 5': 'fit: needs indices below 5, as many as the model knows, got 5 in row 1.',
    'evaluate 9': 'evaluate: needs indices below 5, as many as the model knows, got 9 in row 0.', 'validation 5': 'fit: needs indices below 5, as many as the model knows, got 5 in row 1.',
    'step floats': `step: needs ${takesIndices}`, 'step 7': 'step: needs indices below 5, as many as the model knows, got 7 in row 0.',
    'step bytes': 'step: needs inputs as a Uint32Array, got Uint8Array(3). Convert it: Uint32Array.from(values).', 'step tokens': `step: needs ${takesNumbers}`,
    'snapshot 7': 'snapshot: needs indices below 5, as many as the model knows, got 7 in row 0.', 'predict floats': `predict: needs ${takesIndices}`,
    'predict half': 'predict: needs indices: integers from 0, got 0.5 in row 0.', 'predict negative': 'predict: needs indices: integers from 0, got -1 in row 0.',
    'predict large': 'predict: needs indices below 5, as many as the model knows, got 5 in row 0.', 'predict NaN': 'predict: needs indices: integers from 0, got NaN in row 0.',
    'predict tokens': `predict: needs ${takesNumbers}`, 'predict text': 'predict: needs a Uint32Array or an array of examples, got "abc".',
    normalize: 'normalize: needs inputs that are numbers, got indices as a Uint32Array. Give indices to the model as they are.',
    'data half': 'dataset: needs indices in inputs: integers from 0, got 0.5 in row 0.', 'data large': 'dataset: needs indices in inputs: integers from 0, got 4294967296 in row 0.',
    'data type': 'dataset: needs inputType to be \'f32\' or \'u32\', got "i32".',
    'type i32': 'compile: needs inputType to be "f32" or "u32", got "i32".',
    'classes 0': 'compile: needs inputClasses to be an integer ≥ 1 and ≤ 4294967296, got 0.', 'classes half': 'compile: needs inputClasses to be an integer ≥ 1 and ≤ 4294967296, got 1.5.',
  });
  expect(classesOf).toBe('predict: needs indices below 2, as many as the model knows, got 2 in row 0.');
});
