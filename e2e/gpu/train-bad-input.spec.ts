import { expect, test } from '../harness.ts';

// Every wrong argument: a typed error that says who, what it needs and what it got, with nothing half-applied.

type Kit = typeof import('./page-kit.ts');
type Library = import('../harness-page.ts').Library;

interface Found {
  readonly errors: Record<string, { name: string; message: string; code?: string }>;
  readonly intact: boolean;
}

/** Every message is whole, short and clean; `expected` gives the code and what must stand in it. */
function check(found: Found, expected: Readonly<Record<string, readonly [code: string, text: RegExp]>>): void {
  expect(Object.keys(found.errors)).toEqual(Object.keys(expected));
  for (const [name, [code, text]] of Object.entries(expected)) {
    const error = found.errors[name];
    expect(`${name}: ${error.code}`, error.message).toBe(`${name}: ${code}`);
    expect(error.message, name).toMatch(text);
    expect(error.message, name).toMatch(/^[^:]+: needs .+, got .+\./s);
    expect(error.message.length, error.message).toBeLessThanOrEqual(340);
    expect(error.message, name).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }
  expect(found.intact).toBe(true);
}

test('data that does not fit is refused by fit, evaluate, step, snapshot and predict', async ({ run }) => {
  const found = await run(async (lib: Library): Promise<Found> => {
    const { moons, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    await using trainer = await compileShared(sequential(linear(2, 4), tanh(), linear(4, 2)), { loss: crossEntropy(), optimizer: adam(), batchSize: 4, seed: 1 });
    const good = moons({ points: 8 });
    const hash = await trainer.hash();
    const data = (change: object) => ({ ...good, ...change }) as typeof good;
    const inputs = (at: number, value: number) => Float32Array.from(good.inputs, (x, i) => (i === at ? value : x));
    const detached = <A extends Float32Array | Uint32Array>(array: A): A => {
      structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
      return array;
    };
    const { sharedMemory } = { sharedMemory: typeof SharedArrayBuffer === 'function' ? new SharedArrayBuffer(64) : new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer };
    const batch = { inputs: new Float32Array(8), targets: new Uint32Array(4) };
    const calls: Record<string, () => unknown> = {
      'no data': () => trainer.fit(undefined as never),
      'data as an array': () => trainer.fit([[1, 2]] as never),
      'empty data': () => trainer.fit(data({ length: 0, inputs: new Float32Array(0), targets: new Uint32Array(0) })),
      'NaN in the inputs': () => trainer.fit(data({ inputs: inputs(5, NaN) })),
      'infinity in the inputs': () => trainer.evaluate(data({ inputs: inputs(15, -Infinity) })),
      'label out of range': () => trainer.fit(data({ targets: Uint32Array.of(0, 1, 0, 2, 0, 1, 0, 1) })),
      'more classes than outputs': () => trainer.fit(data({ targets: Uint32Array.of(0, 1, 0, 2, 0, 1, 0, 1), classes: 3 })),
      'no classes': () => trainer.fit(data({ classes: undefined })),
      'other inputs': () => trainer.fit(data({ inputs: new Float32Array(24), inputShape: [3] })),
      'too few numbers': () => trainer.fit(data({ inputs: new Float32Array(15) })),
      'values for class indices': () => trainer.fit(data({ targets: new Float32Array(8), targetShape: [1], classes: undefined })),
      'Float64Array': () => trainer.fit(data({ inputs: new Float64Array(16) })),
      'plain array': () => trainer.fit(data({ inputs: [...good.inputs] })),
      'Int32Array targets': () => trainer.fit(data({ targets: new Int32Array(8) })),
      'detached inputs': () => trainer.fit(data({ inputs: detached(new Float32Array(16)) })),
      'shared memory': () => trainer.fit(data({ inputs: new Float32Array(sharedMemory as unknown as ArrayBuffer, 0, 16) })),
      'wrong validation': () => trainer.fit(good, { validation: data({ inputs: inputs(0, NaN) }) }),
      'null validation': () => trainer.fit(good, { validation: null as never }),
      'batch larger than data': () => trainer.fit(good, { batchSize: 9 }),
      'no batch': () => trainer.step(null as never),
      'batch of Float64Array': () => trainer.step({ ...batch, inputs: new Float64Array(8) as never }),
      'batch with half an example': () => trainer.step({ ...batch, inputs: new Float32Array(7) }),
      'empty batch': () => trainer.step({ inputs: new Float32Array(0), targets: new Uint32Array(0) }),
      'detached batch': () => trainer.step({ ...batch, inputs: detached(new Float32Array(8)) }),
      'NaN in a batch': () => trainer.step({ ...batch, inputs: inputs(3, NaN).subarray(0, 8) }),
      'values in a batch of classes': () => trainer.step({ ...batch, targets: new Float32Array(4) }),
      'label of a batch': () => trainer.step({ ...batch, targets: Uint32Array.of(0, 1, 7, 0) }),
      'targets missing': () => trainer.step({ inputs: batch.inputs } as never),
      'more inputs than targets': () => trainer.step({ ...batch, targets: new Uint32Array(3) }),
      'snapshot of a wrong batch': () => trainer.snapshot({ batch: { ...batch, targets: Uint32Array.of(9, 1, 1, 0) } }),
      'snapshot batchSize': () => trainer.snapshot({ batchSize: 0 }),
      'snapshot with both': () => trainer.snapshot({ batch, batchSize: 3 }),
      'predict nothing': () => trainer.predict([]),
      'predict text': () => trainer.predict('1, 2' as never),
      'predict rows of three': () => trainer.predict([[1, 2], [1, 2, 3]]),
      'predict NaN': () => trainer.predict([[1, NaN]]),
      'predict beyond float32': () => trainer.predict([[1, 1e39]]),
      'predict half an example': () => trainer.predict(new Float32Array(5)),
      'predict Float64Array': () => trainer.predict(new Float64Array(4) as never),
    };
    const errors: Found['errors'] = {};
    const watched = await counted(async () => {
      for (const [name, call] of Object.entries(calls)) errors[name] = await lib.caught(call);
    });
    return { errors, intact: await trainer.hash() === hash && trainer.stepCount === 0 && watched.calls.count.createBuffer + watched.calls.count.submit + watched.calls.count.writeBuffer === 0 };
  });
  check(found, {
    'no data': ['data', /^fit: needs a data set, got undefined/],
    'data as an array': ['data', /^fit: needs a data set with a name/],
    'empty data': ['data', /at least one example, got an empty data set/],
    'NaN in the inputs': ['data', /finite inputs, got NaN in row 2, column 1/],
    'infinity in the inputs': ['data', /^evaluate: needs finite inputs, got -Infinity in row 7, column 1/],
    'label out of range': ['data', /class indices in \[0, 1\], got 2 in row 3/],
    'more classes than outputs': ['data', /labels below 2, the width of the model's output, got label 2 in row 3\. Make the last layer/],
    'no classes': ['data', /classes to be an integer/],
    'other inputs': ['shape', /examples of shape \[2\], as the model's first layer expects, got \[3\]/],
    'too few numbers': ['shape', /inputs to hold 8 × 2 = 16 numbers, got 15/],
    'values for class indices': ['data', /crossEntropy targets of type u32 \[\], got f32 numbers\. .*probabilities/],
    Float64Array: ['data', /inputs as a Float32Array, got Float64Array\(16\)/],
    'plain array': ['data', /inputs as a Float32Array/],
    'Int32Array targets': ['data', /targets as a Uint32Array, got Int32Array/],
    'detached inputs': ['data', /still holds its memory, got a detached array/],
    'shared memory': ['data', /memory of its own, got a SharedArrayBuffer/],
    'wrong validation': ['data', /^fit: needs finite inputs/],
    'null validation': ['data', /^fit: needs a data set, got null/],
    'batch larger than data': ['option', /^fit: needs batchSize ≤ the number of examples, got batchSize 9 and 8 examples/],
    'no batch': ['data', /^step: needs a batch \{ inputs, targets \}, got null/],
    'batch of Float64Array': ['data', /inputs as a Float32Array, got Float64Array\(8\)\. Convert/],
    'batch with half an example': ['shape', /whole examples of shape \[2\], got 7 numbers/],
    'empty batch': ['shape', /whole examples/],
    'detached batch': ['data', /detached/],
    'NaN in a batch': ['data', /NaN in row 1, column 1/],
    'values in a batch of classes': ['data', /^step: needs crossEntropy targets of type u32 \[\], got f32 numbers\. Give class indices as a Uint32Array/],
    'label of a batch': ['data', /class indices in \[0, 1\], got 7 in row 2/],
    'targets missing': ['data', /targets as a Uint32Array, got undefined/],
    'more inputs than targets': ['shape', /targets to hold 4 × 1 = 4 numbers, got 3/],
    'snapshot of a wrong batch': ['data', /^snapshot: needs class indices in \[0, 1\], got 9/],
    'snapshot batchSize': ['option', /^snapshot: needs batchSize to be an integer ≥ 1, got 0/],
    'snapshot with both': ['option', /^snapshot: needs batchSize to be the batch's 4 rows, got 3/],
    'predict nothing': ['shape', /^predict: needs whole examples/],
    'predict text': ['data', /^predict: needs a Float32Array or an array of examples/],
    'predict rows of three': ['shape', /examples of 2 numbers, got \[1, 2, 3\] in row 1/],
    'predict NaN': ['data', /NaN in row 0, column 1/],
    'predict beyond float32': ['data', /Infinity in row 0, column 1/],
    'predict half an example': ['shape', /whole examples of shape \[2\] \(2 numbers each\), got 5/],
    'predict Float64Array': ['data', /got Float64Array\(4\)/],
  });
});

test('losses take only the targets that they can compare with', async ({ run }) => {
  const found = await run(async (lib: Library): Promise<Found> => {
    const { dataset, moons, oneHot, sequential, linear, crossEntropy, mse, bceWithLogits, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const labels = moons({ points: 8 });
    const values = (targets: number[][]) => dataset({ inputs: targets.map(() => [0, 1]), targets });
    const cases: Record<string, readonly [loss: Parameters<typeof compileShared>[1]['loss'], outputs: number, data: Parameters<Awaited<ReturnType<typeof compileShared>>['fit']>[0]]> = {
      'mse with labels': [mse(), 2, labels],
      'binary with labels': [bceWithLogits(), 1, labels],
      'binary beyond 1': [bceWithLogits(), 1, values([[0], [1], [0.5], [1.5]])],
      'binary below 0': [bceWithLogits(), 1, values([[0], [-1]])],
      'probabilities with labels': [crossEntropy({ targets: 'probabilities' }), 2, labels],
      'probabilities beyond 1': [crossEntropy({ targets: 'probabilities' }), 2, values([[0, 1], [2, -1]])],
      'mse of another width': [mse(), 3, oneHot(labels)],
    };
    const errors: Found['errors'] = {};
    let intact = true;
    for (const [name, [loss, outputs, data]] of Object.entries(cases)) {
      await using trainer = await compileShared(sequential(linear(2, outputs)), { loss, optimizer: sgd(), batchSize: 2 });
      const hash = await trainer.hash();
      errors[name] = await lib.caught(() => trainer.fit(data));
      intact &&= hash === await trainer.hash();
    }
    return { errors, intact };
  });
  check(found, {
    'mse with labels': ['data', /mse targets of type f32 \[2\], got class indices\. Convert them with oneHot\(data\) or toValues/],
    'binary with labels': ['data', /bceWithLogits targets of type f32 \[1\], got class indices/],
    'binary beyond 1': ['data', /bceWithLogits targets in \[0, 1\], got 1\.5 in row 3/],
    'binary below 0': ['data', /got -1 in row 1/],
    'probabilities with labels': ['data', /crossEntropy targets of type f32 \[2\], got class indices/],
    'probabilities beyond 1': ['data', /got 2 in row 1/],
    'mse of another width': ['shape', /targets of shape \[3\] for a model output \[3\], got \[2\]/],
  });
});

test('every public factory refuses unknown options and values out of range', async ({ run }) => {
  const found = await run(async (lib: Library): Promise<Found> => {
    const c = lib.chainrule;
    const { sharedDevice, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const device = await sharedDevice();
    const x = { nope: 1 } as never;
    const model = c.sequential(c.linear(2, 2));
    const rest = { device, loss: c.mse(), optimizer: c.sgd() };
    const compile = (change: object, net = model) => c.compile(net, { ...rest, ...change });
    const trainer = await compile({ batchSize: 2 });
    const hash = await trainer.hash();
    const data = c.dataset({ inputs: [[1, 2], [3, 4]], targets: [[1, 2], [3, 4]] });
    const hostile = `${'x'.repeat(300)}\u2028\u202e\u0000`;
    const calls: Record<string, () => unknown> = {
      ...Object.fromEntries(Object.entries({
        openDevice: () => c.openDevice(x), compile: () => compile(x), linear: () => c.linear(1, 1, x), module: () => c.module({ l: c.relu() }, ({ l }, t) => l(t), x),
        leakyRelu: () => c.leakyRelu(x), gelu: () => c.gelu(x), crossEntropy: () => c.crossEntropy(x), sgd: () => c.sgd(x), adam: () => c.adam(x), adamW: () => c.adamW(x),
        fit: () => trainer.fit(data, x), snapshot: () => trainer.snapshot(x), checkGradients: () => lib.gradcheck.checkGradients(trainer, x),
        moons: () => c.moons(x), spiral: () => c.spiral(x), xor: () => c.xor(x), blobs: () => c.blobs(x), circles: () => c.circles(x), digits: () => c.digits(x),
        linearRegression: () => c.linearRegression(x), sineRegression: () => c.sineRegression(x), dataset: () => c.dataset(x), batches: () => c.batches(4, 2, x),
        kaimingUniform: () => c.kaimingUniform(x), xavierNormal: () => c.xavierNormal(x), orthogonal: () => c.orthogonal(x),
      }).map(([name, call]) => [`unknown option of ${name}`, call])),
      'hostile option name': () => c.adam({ [hostile]: 1 } as never),
      'options null': () => c.sgd(null as never),
      'zero inputs': () => c.linear(0, 3), 'half an output': () => c.linear(3, 1.5), 'text as a size': () => c.linear('2' as never, 1), 'endless layer': () => c.linear(2, Infinity),
      'bias as text': () => c.linear(1, 1, { bias: 'yes' as never }), 'no initializer': () => c.linear(1, 1, { weightInitializer: 0.1 as never }),
      'an empty sequence': () => c.sequential(), 'a number as a layer': () => c.sequential(c.relu(), 3 as never), 'a factory as a layer': () => c.sequential(c.relu as never),
      'children null': () => c.module(null as never, (_, t) => t), 'child name': () => c.module({ [hostile]: c.relu() }, (_, t) => t), 'no forward': () => c.module({ a: c.relu() }, undefined as never),
      'lr NaN': () => c.sgd({ lr: NaN }), 'lr -1': () => c.adam({ lr: -1 }), 'lr infinite': () => c.adamW({ lr: Infinity }), 'lr as text': () => c.adam({ lr: '0.1' as never }), 'lr 0': () => c.sgd({ lr: 0 }),
      'beta1 1': () => c.adam({ beta1: 1 }), 'eps 0': () => c.adam({ eps: 0 }), 'nesterov alone': () => c.sgd({ nesterov: true }), 'negative decay': () => c.adamW({ weightDecay: -1 }),
      'crossEntropy targets': () => c.crossEntropy({ targets: 'labels' as never }),
      'no device': () => compile({ device: undefined }), 'no loss': () => compile({ loss: c.mse as never }), 'no optimizer': () => compile({ optimizer: 'adam' }), 'no model': () => compile({}, null as never),
      'compile without options': () => c.compile(model, undefined as never),
      'batchSize 0': () => compile({ batchSize: 0 }), 'batchSize 1.5': () => compile({ batchSize: 1.5 }), 'seed -1': () => compile({ seed: -1 }), 'seed 0.5': () => compile({ seed: 0.5 }), 'seed too large': () => compile({ seed: 2 ** 53 }),
      'no input shape': () => compile({}, c.sequential(c.relu())), 'input shape 0': () => compile({ inputShape: [0] }), 'input shape as a number': () => compile({ inputShape: 2 }),
      'unknown metric': () => compile({ metrics: ['recall'] }), 'metric without meaning': () => compile({ metrics: ['accuracy'] }), 'diagnostics as text': () => compile({ diagnostics: 'yes' }), 'fusion null': () => compile({ fusion: null }),
      'onCompile': () => compile({ onCompile: 'log' }), 'variants null': () => compile({ variants: null }), 'variants as a list': () => compile({ variants: [] }), 'tune as a Map': () => compile({ tune: new Map() }), 'unknown variant': () => compile({ variants: { matmul: hostile } }),
      'values of a wrong initializer': () => compile({}, c.linear(2, 2, { weightInitializer: { name: 'short', fill: () => new Float32Array(3) } })),
      'NaN of an initializer': () => compile({}, c.linear(2, 2, { weightInitializer: { name: hostile, fill: () => Float32Array.of(0, 0, NaN, 0) } })),
      'an initializer without a fan': () => compile({}, c.linear(2, 2, { biasInitializer: c.kaimingUniform() })),
      'epochs 0': () => trainer.fit(data, { epochs: 0 }), 'epochs 1e12': () => trainer.fit(data, { epochs: 1e12 }), 'epochs 1.5': () => trainer.fit(data, { epochs: 1.5 }),
      'fit batchSize 0': () => trainer.fit(data, { batchSize: 0 }), 'fit seed': () => trainer.fit(data, { seed: -1 }), 'shuffle': () => trainer.fit(data, { shuffle: 1 as never }),
      'onStep': () => trainer.fit(data, { onStep: 5 as never }), 'signal': () => trainer.fit(data, { signal: {} as never }), 'resident': () => trainer.fit(data, { resident: 'no' as never }),
      'labels that are not integers': () => c.dataset({ inputs: [[1], [2]], targets: [0, 0.5], classes: 2 }), 'negative labels': () => c.dataset({ inputs: [[1], [2]], targets: [0, -1], classes: 2 }),
    };
    const errors: Found['errors'] = {};
    let balance = 0;
    const { patched } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { calls: seen } = await counted(() => patched(GPUBuffer.prototype, 'destroy', (original) => function () {
      balance -= 1;
      return original.apply(this);
    }, async () => {
      for (const [name, call] of Object.entries(calls)) errors[name] = await lib.caught(call);
    }));
    // What a failed compile had created is gone again.
    const intact = await trainer.hash() === hash && seen.count.createBuffer + balance === 0;
    await trainer.destroy();
    return { errors, intact };
  });
  const unknown = Object.keys(found.errors).filter((name) => name.startsWith('unknown option of'));
  expect(unknown).toHaveLength(26);
  for (const name of unknown) {
    const who = name.split(' ').at(-1)!;
    expect(found.errors[name].message, name).toMatch(new RegExp(`^${who}: needs options among .+, got an unknown option "nope"\\.`));
  }
  const who: Record<string, RegExp> = {
    'zero inputs': /^linear: needs inFeatures to be an integer ≥ 1, got 0\./, 'lr as text': /^adam: needs lr to be a finite number > 0, got "0\.1"\./, 'lr NaN': /^sgd: .*got NaN/,
    'no input shape': /Pass inputShape/, 'epochs 1e12': /^fit: needs epochs to be an integer ≥ 1 and ≤ 1000000, got 1000000000000\./, 'fit seed': /^fit: needs seed/,
    'metric without meaning': /^compile: needs a loss that has an accuracy, got mse/, 'no loss': /^compile: needs a loss such as crossEntropy\(\), got function mse/,
    'values of a wrong initializer': /^weight: needs an initializer that returns a Float32Array of 4 numbers, got Float32Array\(3\)/,
  };
  check(found, Object.fromEntries(Object.entries(found.errors).map(([name, { code }]) => [name, [code === 'shape' || code === 'data' ? code : 'option', who[name] ?? /./]])));
});
