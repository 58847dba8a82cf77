import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');
type Kernels = typeof import('../../src/kernels.ts');

test('a function of several tensors is proven: shared weights, frozen ones, indices, a penalty on and off, dropout', async ({ run }) => {
  const found = await run(async (lib) => {
    const { traceObjective, checkGradients, normals, classIndices } = lib.gradcheck;
    const { applyOp } = await lib.load<Kernels>('/src/kernels.ts');
    const { add, matmul, mul, sum, tanh, relu, dropout, sequential, crossEntropy } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const values = {
      left: normals(1, [6, 4]), right: normals(2, [6, 3]), weight: normals(3, [4, 3]), bias: normals(4, [3]), gate: normals(5, [6, 1]), labels: classIndices(6, (row) => row % 3),
    };
    const results = [];
    for (const { penalty, seed, frozen } of [{ penalty: 0, seed: 0, frozen: [] }, { penalty: 0.3, seed: 7, frozen: ['right', 'gate'] }, { penalty: 0.3, seed: 8, frozen: ['right', 'gate'] }]) {
      const objective = traceObjective(device, values, ({ left, right, weight, bias, gate, labels }) => {
        const hidden = sequential(tanh(), dropout(0.3))(applyOp('linear', { x: left, weight: applyOp('reshape', { x: weight }, { shape: [3, 4] }), bias }));
        const output = add(mul(hidden, gate), add(right, relu()(matmul(left, weight))));
        const loss = crossEntropy().apply(output, labels);
        return penalty > 0 ? add(loss, applyOp('sumOfSquares', { x: weight }, { factor: penalty })) : loss;
      }, { seed, frozen });
      const report = await checkGradients(objective);
      const again = await objective.snapshot();
      results.push({ passed: report.passed, text: String(report), proven: report.proven, total: report.total, frozen: report.frozen, objective: report.objective.gpu, same: Object.values(again.computed).at(-1)!.at(-1) === report.objective.gpu, ops: objective.graph.nodes.length });
    }
    // A tensor instead of a number: the sum of all, or what a cotangent says.
    const product = (cotangent?: Float32Array) => traceObjective(device, { a: normals(8, [5, 7]), b: normals(9, [7, 3]) }, ({ a, b }) => matmul(a, b), cotangent ? { cotangent } : {});
    const reports = [await checkGradients(product()), await checkGradients(product(Float32Array.from({ length: 15 }, (_, i) => Math.sin(i)))), await checkGradients(traceObjective(device, { a: normals(8, [5]) }, ({ a }) => sum(mul(a, a))), { worker: false })];
    return { results, tensors: reports.map(({ passed, proven, total }) => ({ passed, proven, total })) };
  });
  for (const { passed, text, proven, total, same } of found.results) {
    expect(passed, text).toBe(true);
    expect(proven).toBe(total);
    expect(same, 'a snapshot repeats itself').toBe(true);
  }
  expect(found.results.map(({ total, frozen }) => ({ total, frozen }))).toEqual([{ total: 63, frozen: [] }, { total: 39, frozen: ['right', 'gate'] }, { total: 39, frozen: ['right', 'gate'] }]);
  // Another seed is another mask.
  expect(found.results[1]!.objective).not.toBe(found.results[2]!.objective);
  expect(found.tensors).toEqual([{ passed: true, proven: 56, total: 56 }, { passed: true, proven: 56, total: 56 }, { passed: true, proven: 5, total: 5 }]);
});

test('an assertion returns the report, or throws it as a readable error', async ({ run }) => {
  const found = await run(async (lib) => {
    const { traceObjective, assertGradients, GradientError, normals } = lib.gradcheck;
    const { matmul, relu, linear, sequential, mse, sgd } = lib.chainrule;
    const { sharedDevice, compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const values = { a: normals(1, [5, 7]), b: normals(2, [7, 3]) };
    const make = (from: string, to: string) => traceObjective(device, values, ({ a, b }) => relu()(matmul(a, b)), {
      alter: (plan) => ({ ...plan, launches: plan.launches.map((launch) => ({ ...launch, kernel: { ...launch.kernel, code: launch.kernel.code.replaceAll(from, to) } })) }),
    });
    const proven = await assertGradients(make('nothing', ''));
    const thrown: unknown = await assertGradients(make('select(Value(0.0), dout, y > Value(0.0))', 'dout')).catch((error: unknown) => error);
    // A dead net proves nothing, and that is no proof.
    await using dead = await compileShared(sequential(linear(2, 3, { biasInitializer: lib.chainrule.constant(-100) }), relu(), linear(3, 1)), { loss: mse(), optimizer: sgd(), batchSize: 2 });
    const nothing: unknown = await assertGradients(dead).catch((error: unknown) => error);
    if (!(thrown instanceof GradientError && nothing instanceof GradientError)) throw new Error('needs two GradientErrors');
    return {
      proven: proven.proven, name: thrown.name, code: thrown.code, isError: thrown instanceof Error, message: thrown.message, failed: thrown.report.verdict, got: thrown.got,
      nothing: { verdict: nothing.report.verdict, message: nothing.message.split('\n').slice(0, 3).join('\n') },
    };
  });
  expect(found.proven).toBe(56);
  expect(found).toMatchObject({ name: 'GradientError', code: 'gradients', isError: true, failed: 'fail' });
  expect(found.message).toMatch(/^assertGradients: needs every gradient to be proven, got:\n\n✗ \d+ of 56 gradients fail on .+: /);
  expect(found.message).toContain(found.got);
  expect(found.nothing.verdict).toBe('nothing-to-check');
  expect(found.nothing.message).toContain('✗ nothing to check');
});

test('what an objective may not be given is refused by rule', async ({ run }) => {
  const errors = await run(async (lib) => {
    const { traceObjective, checkGradients, normals } = lib.gradcheck;
    const { add, linear, relu, matmul } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const a = normals(1, [2, 3]);
    type Body = Parameters<typeof traceObjective<'a'>>[2];
    const body: Body = (tensors) => tensors.a;
    let leaked: Parameters<ReturnType<typeof relu>>[0] | undefined;
    traceObjective(device, { a }, (tensors) => leaked = relu()(tensors.a));
    const attempts: Record<string, () => unknown> = {
      'no device': () => traceObjective(null as never, { a }, body),
      'no body': () => traceObjective(device, { a }, 1 as never),
      'no values': () => traceObjective(device, {} as never, body),
      'null as values': () => traceObjective(device, null as never, body),
      'an array as value': () => traceObjective(device, { a: [1, 2] } as never, body),
      'a shape of text': () => traceObjective(device, { a: { shape: '2', data: new Float32Array(2) } } as never, body),
      'too few numbers': () => traceObjective(device, { a: { shape: [2, 3], data: new Float32Array(5) } }, body),
      'float64': () => traceObjective(device, { a: { shape: [2], data: new Float64Array(2) } } as never, body),
      'NaN': () => traceObjective(device, { a: { shape: [2], data: Float32Array.of(1, NaN) } }, body),
      'an unknown frozen name': () => traceObjective(device, { a }, body, { frozen: ['b'] }),
      'all frozen': () => traceObjective(device, { a }, body, { frozen: ['a'] }),
      'frozen indices': () => traceObjective(device, { a, i: { shape: [2], data: new Uint32Array(2) } }, (tensors) => tensors.a, { frozen: ['i'] }),
      'an unknown option': () => traceObjective(device, { a }, body, { freeze: ['a'] } as never),
      'a bad seed': () => traceObjective(device, { a }, body, { seed: -1 }),
      'an unknown variant': () => traceObjective(device, { a }, body, { variants: { matmul: 'huge' } }),
      'a short cotangent': () => traceObjective(device, { a }, body, { cotangent: new Float32Array(5) }),
      'an infinite cotangent': () => traceObjective(device, { a }, body, { cotangent: new Float32Array(6).fill(Infinity) }),
      'an async body': () => traceObjective(device, { a }, (async (tensors: { a: unknown }) => tensors.a) as never),
      'no result': () => traceObjective(device, { a }, () => undefined as never),
      'a tensor of another objective': () => traceObjective(device, { a }, (tensors) => add(tensors.a, leaked!)),
      'a layer with parameters': () => traceObjective(device, { a }, (tensors) => linear(3, 2)(tensors.a)),
      'shapes that do not fit': () => traceObjective(device, { a }, (tensors) => matmul(tensors.a, tensors.a)),
      'a batch': () => checkGradients(traceObjective(device, { a }, (tensors) => relu()(tensors.a)), { batch: { inputs: new Float32Array(1), targets: new Float32Array(1) } }),
    };
    const errors: Record<string, { code?: string; message: string }> = {};
    for (const [name, attempt] of Object.entries(attempts)) errors[name] = await lib.caught(attempt);
    return errors;
  });
  for (const [name, { code, message }] of Object.entries(errors)) {
    expect(message, name).toMatch(/^[^:]+: needs .+, got .+\./);
    expect(code, name).toMatch(/^(option|state|shape|data)$/);
  }
  expect(errors['a layer with parameters']!.message).toContain("applyOp('linear', { x, weight, bias })");
  expect(errors['a batch']!.message).toContain('snapshot of an objective');
});
