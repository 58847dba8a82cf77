import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');
type Kernels = typeof import('../../src/kernels.ts');
type OwnOp = typeof import('./own-op-kit.ts');

test('an op of one\'s own is proven with every variant, and each of its planted bugs is found', async ({ run }) => {
  const report = await run(async (lib) => {
    const { squaredRelu, proof } = await lib.load<OwnOp>('/e2e/gpu/own-op-kit.ts');
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const found = await lib.gradcheck.checkOp(await sharedDevice(), squaredRelu, proof);
    return { passed: found.passed, runs: found.samples.length, variants: [...new Set(found.samples.map(({ variants }) => JSON.stringify(variants)))], conventions: found.conventions, mutants: found.mutants, text: String(found), json: JSON.stringify(found), markdown: found.toMarkdown() };
  });
  expect(report.passed, report.text).toBe(true);
  // Three samples, two cotangents: as the op chooses, and with each of its two variants by force.
  expect(report.runs).toBe(18);
  expect(report.variants).toEqual([undefined, '{"squared-relu":"vector"}', '{"squared-relu":"lane"}']);
  expect(report.conventions).toHaveLength(3);
  expect(report.mutants.map(({ name, passed, by }) => [name, passed, by !== undefined])).toEqual([['the square forgotten', true, true], ['the factor 2 forgotten', true, true], ['the last lane of squared-relu does nothing', true, true]]);
  expect(report.text).toMatch(/^squaredRelu: forward and gradients proven on 18 runs, worst error 0\.\d\d of what is allowed \(.+\); 3 conventions hold; 3 planted bugs found$/);
  expect(JSON.parse(report.json)).toMatchObject({ schema: 'chainrule/op-report/1', op: 'squaredRelu', passed: true });
  expect(report.markdown).toContain('| sample | cotangent | verdict | worst/tolerance | passed |');
  expect(report.markdown).toContain('- ✓ planted bug the square forgotten: found by ');
});

test('a wrong kernel of one\'s own fails with its report; a planted bug that nothing finds is told', async ({ run }) => {
  const result = await run(async (lib) => {
    const { squaredRelu, proof, opWith } = await lib.load<OwnOp>('/e2e/gpu/own-op-kit.ts');
    const { defineOp } = await lib.load<Kernels>('/src/kernels.ts');
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const { checkOp } = lib.gradcheck;
    const wrong: Record<string, { passed: boolean; failed: string[]; text: string }> = {};
    for (const [name, code] of Object.entries({
      right: {}, 'the factor 2 forgotten': { backward: 'max(x[lane], 0.0) * dout[lane]' }, 'a thousandth too much': { forward: 'max(x[lane], 0.0) * max(x[lane], 0.0) * 1.001' },
    })) {
      const report = await checkOp(device, defineOp(opWith('broken', code), { replace: true }), proof, { mutants: false });
      wrong[name] = { passed: report.passed, failed: report.samples.filter(({ passed }) => !passed).map(({ sample }) => sample), text: String(report) };
    }
    const blind = await checkOp(device, squaredRelu, { ...proof, mutants: [
      { name: 'changes nothing', kernel: /^squared-relu\/lane/, find: 'max(x[lane], 0.0)', replace: 'max(0.0, x[lane])', symptoms: [] },
      { name: 'stands nowhere', kernel: /^squared-relu/, find: 'tanh(', replace: 'sinh(', symptoms: [] },
      { name: 'is no WGSL', kernel: /^squared-relu\/lane/, find: 'max(x[lane], 0.0)', replace: 'maximum(', symptoms: [] },
      { name: 'is known to change nothing', kernel: /^squared-relu\/lane/, find: 'max(x[lane], 0.0)', replace: 'max(0.0, x[lane])', symptoms: [], reason: 'max commutes' },
    ] });
    return { wrong, mutants: blind.mutants, passed: blind.passed, text: String(blind) };
  });
  expect(result.wrong.right).toMatchObject({ passed: true, failed: [] });
  for (const name of ['the factor 2 forgotten', 'a thousandth too much']) {
    expect(result.wrong[name]!.passed, name).toBe(false);
    expect(result.wrong[name]!.failed.length, name).toBeGreaterThan(0);
    expect(result.wrong[name]!.text, name).toMatch(/^✗ broken: \d+ of 18 runs fail/);
  }
  expect(result.wrong['the factor 2 forgotten']!.text).toMatch(/gradients fail on .+: x/);
  expect(result.passed).toBe(false);
  expect(result.mutants.map(({ name, passed }) => [name, passed])).toEqual([['changes nothing', false], ['stands nowhere', false], ['is no WGSL', false], ['is known to change nothing', true]]);
  expect(result.text).toContain('planted bug changes nothing: nothing found it');
  expect(result.text).toMatch(/planted bug is no WGSL: squared-relu\/lane: needs WGSL that compiles, got line \d+/);
  expect(result.text).toContain('planted bug stands nowhere: "tanh(" stands in no kernel that /^squared-relu/ names');
});

test('a wrong kernel of one\'s own in a net leads to the line that replays it, with its variant and its proof', async ({ run }) => {
  const result = await run(async (lib) => {
    const { proof, opWith } = await lib.load<OwnOp>('/e2e/gpu/own-op-kit.ts');
    const { defineOp } = await lib.load<Kernels>('/src/kernels.ts');
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { checkSnapshot, investigate, normals, proofs, replay } = lib.gradcheck;
    const device = await sharedDevice();
    const sized: typeof proof = { ...proof, sizes: {
      ranges: { n: [1, 100] },
      sample: ({ n = 1 }, seed) => ({ name: `[${n}]`, options: {}, inputs: { x: normals(seed, [n], 2) } }),
      measure: ({ inputs: { x } }) => (x!.shape.length === 1 ? { n: x!.shape[0]! } : undefined),
    } };
    const own = { ...proofs, wrongInNets: sized };
    const op = defineOp(opWith('wrongInNets', { forward: 'max(x[lane], 0.0) * max(x[lane], 0.0) * 1.01' }), { replace: true });
    const { runOp } = await lib.load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const report = checkSnapshot(await runOp(device, op.name, {}, { x: normals(3, [7], 2) }, new Float32Array(7).fill(1)), { proofs: own });
    const found = await investigate(device, report, { proofs: own });
    const again = await replay(device, found.investigation!.problem!, { proofs: own });
    return { problems: report.blame?.problems, text: String(report), investigated: String(found), problem: found.investigation!.problem, passed: again.passed };
  });
  expect(result.problems).toEqual(['wrongInNets n=7 seed=1 variants=squared-relu:lane']);
  expect(result.text).toContain("replay(device, 'wrongInNets n=7 seed=1 variants=squared-relu:lane', { proofs }) in your code");
  expect(result.problem).toMatch(/^wrongInNets n=\d seed=\d+ variants=squared-relu:lane cotangent=/);
  for (const text of [result.text, result.investigated]) expect(text).not.toContain('npm run check');
  expect(result.passed).toBe(false);
});

test('the library\'s ops are proven the same way, with every variant of their families', async ({ run }) => {
  const report = await run(async (lib) => {
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { samples } = lib.gradcheck.proofs.matmul!;
    const found = await lib.gradcheck.checkOp(await sharedDevice(), 'matmul', undefined, { samples: samples.slice(0, 2), mutants: false });
    return { passed: found.passed, text: String(found), variants: [...new Set(found.samples.map(({ variants }) => JSON.stringify(variants)))] };
  });
  expect(report.passed, report.text).toBe(true);
  expect(report.variants).toEqual([undefined, ...['quad-wide', 'quad', 'split', 'tiled-128x128', 'tiled-128x64', 'tiled', 'tiled-32x32', 'gemv-subgroup', 'gemv', 'register', 'short', 'small'].map((variant) => JSON.stringify({ matmul: variant }))]);
});

test('an op of one\'s own trains in a net and in a layer with parameters; its gradients are proven in this thread', async ({ run }) => {
  const result = await run(async (lib) => {
    const { squaredRelu, proof } = await lib.load<OwnOp>('/e2e/gpu/own-op-kit.ts');
    const { applyOp } = await lib.load<Kernels>('/src/kernels.ts');
    const { sequential, linear, module, defineModule, mse, adam, mul, ones, sineRegression } = { ...lib.chainrule, ones: () => lib.chainrule.constant(1) };
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const scale = defineModule({ kind: 'scale', parameters: { factor: { shape: [8], initializer: ones() } }, forward: ({ parameters: { factor } }, x) => mul(x, factor!) });
    const model = module({ first: linear(1, 8), scale, last: sequential(linear(8, 1)) }, ({ first, scale, last }, x) => last(applyOp(squaredRelu, { x: scale(first(x)) })));
    await using trainer = await compileShared(model, { loss: mse(), optimizer: adam({ lr: 0.01 }), batchSize: 10, seed: 1 });
    const data = sineRegression({ points: 40, seed: 1 });
    const before = await trainer.evaluate(data);
    await trainer.fit(data, { epochs: 10 });
    const after = await trainer.evaluate(data);
    const { checkGradients, checkSnapshot } = lib.gradcheck;
    const report = await checkGradients(trainer, { proofs: { squaredRelu: proof } });
    const snapshot = await trainer.snapshot();
    const bad: Record<string, { message: string; code?: string }> = {
      'no proof': await lib.caught(() => checkSnapshot(snapshot)),
      'a worker': await lib.caught(() => checkGradients(trainer, { proofs: { squaredRelu: proof }, worker: true })),
      'proofs': await lib.caught(() => checkGradients(trainer, { proofs: 1 as never })),
    };
    return { losses: [before.loss, after.loss], passed: report.passed, proven: report.proven, text: String(report), names: Object.keys((await trainer.state()).parameters), again: checkSnapshot(snapshot, { proofs: { squaredRelu: proof } }).passed, bad };
  });
  expect(result.passed, result.text).toBe(true);
  expect(result.proven).toBe(33);
  expect(result.names).toEqual(['first.weight', 'first.bias', 'scale.factor', 'last.0.weight', 'last.0.bias']);
  expect(result.losses[1]).toBeLessThan(result.losses[0]!);
  expect(result.again).toBe(true);
  expect(result.bad['no proof']).toMatchObject({ code: 'data', message: expect.stringContaining('the op squaredRelu') });
  expect(result.bad['a worker']).toMatchObject({ code: 'option', message: expect.stringContaining('needs no worker with proofs of your own, got both') });
  expect(result.bad.proofs).toMatchObject({ code: 'option' });
});

test('what defineOp, applyOp, checkOp and defineModule may not be given is refused by rule', async ({ run }) => {
  const errors = await run(async (lib) => {
    const { squaredRelu, proof, opWith } = await lib.load<OwnOp>('/e2e/gpu/own-op-kit.ts');
    const { defineOp, applyOp } = await lib.load<Kernels>('/src/kernels.ts');
    const { defineModule, linear, module, mse, sgd, constant } = lib.chainrule;
    const { compileShared, sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const { checkOp } = lib.gradcheck;
    const base = opWith('unknownOp', {});
    const inside = (body: (x: Parameters<ReturnType<typeof linear>>[0]) => unknown) => () =>
      compileShared(module({ layer: linear(2, 2) }, ({ layer }, x) => body(layer(x)) as never), { loss: mse(), optimizer: sgd(), batchSize: 2 });
    const attempts: Record<string, () => unknown> = {
      'a library name': () => defineOp(opWith('relu', {}), { replace: true }),
      'a taken name': () => defineOp(opWith('squaredRelu', {})),
      'no name': () => defineOp({ ...base, name: '' }),
      'a path as name': () => defineOp({ ...base, name: '../x' }),
      'no inputs': () => defineOp({ ...base, inputs: [] }),
      'inputs as text': () => defineOp({ ...base, inputs: 'x' as never }),
      'no backward': () => defineOp({ ...base, backward: undefined as never }),
      'a constant that is no input': () => defineOp({ ...base, constants: ['y'] }),
      'null': () => defineOp(null as never),
      'an op that nobody defined': inside((x) => applyOp(base, { x })),
      'another record of the name': inside((x) => applyOp({ ...squaredRelu }, { x })),
      'a name that does not exist': inside((x) => applyOp('cube', { x })),
      'an input that does not exist': inside((x) => applyOp(squaredRelu, { x, y: x })),
      'a missing input': inside(() => applyOp(squaredRelu, {})),
      'an option that does not exist': inside((x) => applyOp(squaredRelu, { x }, { p: 1 })),
      'an op outside': () => applyOp(squaredRelu, {}),
      'no device': () => checkOp({} as never, squaredRelu, proof),
      'an undefined op to check': () => checkOp(device, base, proof),
      'an own op without proof': () => checkOp(device, squaredRelu),
      'a proof without backward': () => checkOp(device, squaredRelu, { ...proof, backward: undefined as never }),
      'a proof of too few inputs': () => checkOp(device, squaredRelu, { ...proof, differentiable: [] }),
      'unknown check options': () => checkOp(device, squaredRelu, proof, { sample: 1 } as never),
      'a layer without forward': () => defineModule({ kind: 'mine' } as never),
      'a parameter without initializer': () => defineModule({ kind: 'mine', parameters: { w: { shape: [2] } as never }, forward: (_, x) => x }),
      'a parameter of no size': () => defineModule({ kind: 'mine', parameters: { w: { shape: [0], initializer: constant(1) } }, forward: (_, x) => x }),
    };
    const errors: Record<string, { code?: string; message: string }> = {};
    for (const [name, attempt] of Object.entries(attempts)) errors[name] = await lib.caught(attempt);
    // A second definition of the same record is the same op.
    return { errors, same: defineOp(squaredRelu) === squaredRelu };
  });
  expect(errors.same).toBe(true);
  for (const [name, { code, message }] of Object.entries(errors.errors)) {
    expect(message, name).toMatch(/^[^:]+: needs .+, got .+\./);
    expect(code, name).toMatch(/^(option|state|shape)$/);
  }
  expect(errors.errors['a library name']!.message).toBe('defineOp: needs a name that no op of the library has, got "relu". Choose another name.');
  expect(errors.errors['a taken name']!.message).toContain('pass { replace: true }');
  expect(errors.errors['a proof of too few inputs']!.message).toContain('the op\'s inputs that are no constants (x), got none');
});
