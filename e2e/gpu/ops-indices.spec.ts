import { expect, test } from '../harness.ts';

// Indices that are moved or counted with before they are looked up: each number must still be the one that was given.

type Kit = typeof import('./page-kit.ts');

test('tokens that were sliced, joined, padded, repeated and turned are looked up as themselves, and the gradients are proven', async ({ run }) => {
  const found = await run(async (lib) => {
    const { traceObjective, checkGradients, normals } = lib.gradcheck;
    const { concat, crossEntropy, embedding, flip, matmul, mul, narrow, pad, permute, reshape, scale, slice, stack, tile, add, sub, sum } = lib.chainrule.functional;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const tokens = { shape: [2, 6], data: Uint32Array.of(3, 1, 4, 1, 5, 8, 2, 6, 5, 3, 5, 7) };
    const others = { shape: [2, 2], data: Uint32Array.of(7, 0, 8, 2) };
    type Tensors = Record<'tokens' | 'others' | 'weight' | 'logits' | 'three', Parameters<typeof reshape>[0]>;
    const values = { tokens, others, weight: normals(31, [9, 4]), logits: normals(32, [10, 9]), three: { shape: [1], data: Float32Array.of(3) } };
    const moved: Record<string, { body: (tensors: Tensors) => Tensors['tokens']; indices: number[] }> = {
      narrow: { body: ({ tokens: x }) => narrow(x, 1, 1, 4), indices: [1, 4, 1, 5, 6, 5, 3, 5] },
      'slice and reshape': { body: ({ tokens: x }) => reshape(slice(x, { start: [0, 1] }), [-1]), indices: [1, 4, 1, 5, 8, 6, 5, 3, 5, 7] },
      concat: { body: ({ tokens: x, others: y }) => concat([x, y], 1), indices: [3, 1, 4, 1, 5, 8, 7, 0, 2, 6, 5, 3, 5, 7, 8, 2] },
      'stack of views': { body: ({ tokens: x, others: y }) => stack([narrow(x, 1, 2, 2), y]), indices: [4, 1, 5, 3, 7, 0, 8, 2] },
      tile: { body: ({ others: y }) => tile(y, [1, 2]), indices: [7, 0, 7, 0, 8, 2, 8, 2] },
      'pad with 6': { body: ({ others: y }) => pad(y, [[0, 1], [1, 0]], { value: 6 }), indices: [6, 7, 0, 6, 8, 2, 6, 6, 6] },
      'pad by mirroring': { body: ({ others: y }) => pad(y, [[0, 1], [1, 0]], { mode: 'reflect' }), indices: [0, 7, 0, 2, 8, 2, 0, 7, 0] },
      'pad by edges': { body: ({ others: y }) => pad(y, [[0, 0], [1, 2]], { mode: 'replicate' }), indices: [7, 7, 0, 0, 0, 8, 8, 2, 2, 2] },
      'flip and permute': { body: ({ others: y }) => permute(flip(y, [1]), [1, 0]), indices: [0, 2, 7, 8] },
    };
    const lookups = [];
    for (const [name, { body, indices }] of Object.entries(moved)) {
      for (const fusion of [true, false]) {
        const objective = traceObjective(device, values, (tensors) => embedding(body(tensors), tensors.weight), { frozen: ['logits', 'three'], fusion });
        const report = await checkGradients(objective, { worker: false });
        const { graph, computed, launches } = await objective.snapshot();
        const out = graph.nodes.at(-1)!.outputs.out!;
        const copied = graph.nodes.at(-1)!.inputs.indices!;
        const observed = launches.flatMap(({ outputs }) => outputs).find(({ meaning }) => meaning?.kind === 'value' && meaning.tensor === copied);
        lookups.push({
          name: `${name}${fusion ? '' : ', not fused'}`, passed: report.passed, text: String(report), out: [...computed[out]!], expected: indices.flatMap((index) => Array.from(values.weight.data.slice(4 * index, 4 * index + 4))),
          observed: observed && [...observed.data], indices,
        });
      }
    }
    // Labels of the next token, and arithmetic whose first operand are indices: alone, in the terms of a sum, before a product.
    const results: Record<string, { passed: boolean; text: string; value: number }> = {};
    const prove = async (name: string, unused: 'weight' | 'logits', body: (tensors: Tensors) => Tensors['tokens']) => {
      for (const fusion of [true, false]) {
        const report = await checkGradients(traceObjective(device, values, body, { fusion, frozen: ['three', unused] }), { worker: false });
        results[`${name}${fusion ? '' : ', not fused'}`] = { passed: report.passed, text: String(report), value: report.objective.gpu };
      }
    };
    await prove('labels', 'weight', ({ tokens: x, logits }) => crossEntropy(logits, reshape(slice(x, { start: [0, 1] }), [-1])));
    await prove('scaled', 'logits', ({ others: y, weight }) => sum(mul(scale(y, 1 / 255), narrow(narrow(weight, 0, 0, 2), 1, 0, 2))));
    await prove('minus 3', 'logits', ({ tokens: x, three, weight }) => add(sum(sub(x, three)), sum(weight)));
    await prove('times weights', 'weight', ({ tokens: x, logits }) => sum(mul(x, narrow(narrow(logits, 0, 0, 2), 1, 0, 6))));
    await prove('of a view', 'logits', ({ tokens: x, weight }) => sum(mul(narrow(x, 1, 2, 4), narrow(weight, 0, 0, 2))));
    await prove('product', 'weight', ({ tokens: x, logits }) => sum(matmul(scale(x, 0.25), narrow(logits, 0, 0, 6))));
    const [w, l] = [values.weight.data, values.logits.data];
    const labels = [1, 4, 1, 5, 8, 6, 5, 3, 5, 7];
    const rows = (data: ArrayLike<number>, width: number, height: number, of: (row: number, column: number, value: number) => number): number =>
      Array.from({ length: height }, (_, row) => Array.from({ length: width }, (_unused, column) => of(row, column, data[row * (data === w ? 4 : 9) + column]!))).flat().reduce((a, b) => a + b, 0);
    const expected: Record<string, number> = {
      labels: labels.reduce((total, label, row) => total + Math.log(Array.from(l.slice(9 * row, 9 * row + 9)).reduce((a, b) => a + Math.exp(b), 0)) - l[9 * row + label]!, 0) / 10,
      scaled: rows(w, 2, 2, (row, column, value) => others.data[2 * row + column]! / 255 * value),
      'minus 3': tokens.data.reduce((a, b) => a + b, 0) - 36 + rows(w, 4, 9, (_, _unused, value) => value),
      'times weights': rows(l, 6, 2, (row, column, value) => tokens.data[6 * row + column]! * value),
      'of a view': rows(w, 4, 2, (row, column, value) => tokens.data[6 * row + column + 2]! * value),
      product: rows(l, 9, 6, (row, _, value) => 0.25 * (tokens.data[row]! + tokens.data[6 + row]!) * value),
    };
    return { lookups, results, expected };
  });
  expect(found.lookups.length).toBe(18);
  for (const { name, passed, text, out, expected, observed, indices } of found.lookups) {
    expect(out, name).toEqual(expected);
    expect(passed, `${name}: ${text}`).toBe(true);
    expect(observed, name).toEqual(indices);
  }
  for (const [name, { passed, text, value }] of Object.entries(found.results)) {
    expect(passed, `${name}: ${text}`).toBe(true);
    expect(value, name).toBeCloseTo(found.expected[name.replace(', not fused', '')]!, 4);
  }
});

test('a value may be called like a slot of working memory', async ({ run }) => {
  const { passed, value } = await run(async (lib) => {
    const { traceObjective, checkGradients, normals } = lib.gradcheck;
    const { embedding, mul, tanh, exp } = lib.chainrule.functional;
    const { sum } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const weight = { shape: [4, 1], data: Float32Array.of(1, 2, 3, 4) };
    const objective = traceObjective(device, { 'activations.0': { shape: [2], data: Uint32Array.of(3, 1) }, weight, other: normals(3, [2, 1]) }, ({ 'activations.0': indices, weight: of, other }) =>
      sum(mul(tanh(exp(other)), embedding(indices, of))), { fusion: false, frozen: ['other'] });
    const report = await checkGradients(objective, { worker: false });
    return { passed: report.passed, value: report.objective.gpu - [4, 2].reduce((total, row, i) => total + row * Math.tanh(Math.exp(normals(3, [2, 1]).data[i]!)), 0) };
  });
  expect(Math.abs(value)).toBeLessThan(1e-5);
  expect(passed).toBe(true);
});

test('a net with tokens that are joined, padded and scaled trains, and is proven', async ({ run }) => {
  const found = await run(async (lib) => {
    const { add, compile, crossEntropy, adam, dataset, embedding, linear, module, sequential } = lib.chainrule;
    const { concat, narrow, pad, scale, unsqueeze } = lib.chainrule.functional;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const [places, classes] = [4, 7];
    const tokens = Array.from({ length: 42 }, (_, row) => Array.from({ length: places }, (_unused, at) => (row * 3 + at * (1 + row % 5)) % classes));
    // What stands two places before: the net must see the moved token, or it can't know.
    const data = dataset({ inputs: tokens, inputType: 'u32', targets: tokens.flatMap((row) => [0, 0, row[0]!, row[1]!]), targetShape: [places], classes });
    const children = { before: embedding(classes, 8), size: linear(1, 8), head: sequential(linear(8, classes)) };
    const model = module(children, ({ before, size, head }, x) => {
      const moved = narrow(pad(x, [[0, 0], [2, 0]]), 1, 0, places);
      const again = concat([narrow(moved, 1, 0, 1), narrow(moved, 1, 1, places - 1)], 1);
      return head(add(before(again), size(unsqueeze(scale(x, 1 / classes), 2))));
    });
    await using trainer = await compile(model, { device: await sharedDevice(), loss: crossEntropy(), optimizer: adam({ lr: 0.05 }), batchSize: 14, seed: 3, inputShape: [places], inputType: 'u32', inputClasses: classes, metrics: ['accuracy'] });
    await trainer.fit(data, { epochs: 60 });
    const report = await lib.gradcheck.checkGradients(trainer);
    return { accuracy: (await trainer.evaluate(data)).accuracy, passed: report.passed, text: String(report) };
  });
  expect(found.accuracy).toBe(1);
  expect(found.passed, found.text).toBe(true);
});
