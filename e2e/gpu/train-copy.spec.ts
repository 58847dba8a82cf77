import { expect, test } from '../harness.ts';

// Parameters that go from one trainer to another without leaving the GPU.

type Kit = typeof import('./page-kit.ts');

test('copyFrom copies what is named, bit for bit, and nothing else; nothing is read back', async ({ run }) => {
  const result = await run(async (lib) => {
    const { module, sequential, linear, tanh, relu, mse, adam, defineModule, add, mean, zeros } = lib.chainrule;
    const { compileShared, counted } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const counting = () => defineModule({
      kind: 'counting', buffers: { sum: { shape: [4], initializer: zeros() } },
      forward: ({ buffers, training, update }, x) => {
        if (training) update('sum', add(buffers.sum!, mean(x, { axes: [0] })));
        return x;
      },
    });
    const generator = () => sequential(linear(2, 4), counting(), tanh(), linear(4, 3));
    const options = { loss: mse(), optimizer: adam({ lr: 0.1 }), batchSize: 2 };
    await using one = await compileShared(module({ generator: generator(), critic: linear(3, 1) }, ({ generator: g, critic }, x) => critic(g(x))), { ...options, seed: 1 });
    await using two = await compileShared(sequential(generator(), relu(), linear(3, 1)), { ...options, seed: 2, frozen: ['0.0'], average: { decay: 0.5 } });
    for (let i = 0; i < 3; i += 1) await one.step({ inputs: Float32Array.of(1, i, 2, -i), targets: Float32Array.of(1, 2) });
    const [theirs, before] = [await one.state(), await two.state()];
    const { calls } = await counted(() => two.copyFrom(one, { generator: '0', 'critic.bias': '2.bias' }));
    const after = await two.state();
    const bits = (tensors: Readonly<Record<string, { data: Float32Array }>>) => Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, new Uint32Array(data.buffer).join()]));
    // The same model again: everything, under its own names.
    await using three = await compileShared(module({ generator: generator(), critic: linear(3, 1) }, ({ generator: g, critic }, x) => critic(g(x))), { ...options, seed: 3 });
    await three.copyFrom(one);
    return {
      theirs: { ...bits(theirs.parameters), ...bits(theirs.buffers) }, before: { ...bits(before.parameters), ...bits(before.buffers) }, after: { ...bits(after.parameters), ...bits(after.buffers) },
      others: [JSON.stringify(before.average) === JSON.stringify(after.average), JSON.stringify(before.optimizer) === JSON.stringify(after.optimizer)],
      calls: calls.count, hashes: [await one.hash(), await three.hash()], theirsLater: bits((await one.state()).parameters),
    };
  });
  const expected = { ...result.before };
  for (const [name, numbers] of Object.entries(result.theirs)) if (name.startsWith('generator.')) expected[name.replace('generator', '0')] = numbers;
  expected['2.bias'] = result.theirs['critic.bias']!;
  expect(result.after).toEqual(expected);
  expect(result.after['0.1.sum']).not.toBe(result.before['0.1.sum']);
  expect(result.others).toEqual([true, true]);
  expect(result.theirs).toMatchObject(result.theirsLater);
  expect(result.hashes[0]).toBe(result.hashes[1]);
  const { submit, mapAsync, createBuffer, writeBuffer, copyBufferToBuffer } = result.calls;
  expect({ submit, mapAsync, createBuffer, writeBuffer, copyBufferToBuffer }).toEqual({ submit: 1, mapAsync: 0, createBuffer: 0, writeBuffer: 0, copyBufferToBuffer: 6 });
});

test('copyFrom comes after the steps that were sent before it, on both sides', async ({ run }) => {
  const { hashes } = await run(async (lib) => {
    const { sequential, linear, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const compiled = (seed: number) => compileShared(sequential(linear(2, 1)), { loss: mse(), optimizer: sgd({ lr: 0.1 }), batchSize: 1, seed });
    const batch = { inputs: Float32Array.of(1, 2), targets: Float32Array.of(3) };
    await using one = await compiled(1);
    await using two = await compiled(2);
    const sent = Array.from({ length: 5 }, () => one.step(batch));
    const early = two.step(batch);
    const copied = two.copyFrom(one);
    await Promise.all([...sent, early, copied]);
    return { hashes: [await one.hash(), await two.hash()] };
  });
  expect(hashes[0]).toBe(hashes[1]);
});

test('what does not fit is refused before anything is copied', async ({ run }) => {
  const result = await run(async (lib) => {
    const { sequential, linear, mse, sgd, openDevice, compile } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const options = { loss: mse(), optimizer: sgd(), batchSize: 1 };
    await using ours = await compileShared(sequential(linear(2, 3), linear(3, 3), linear(3, 1)), { ...options, seed: 1 });
    await using theirs = await compileShared(sequential(linear(2, 3), linear(3, 4), linear(4, 3, { bias: false }), linear(3, 1)), { ...options, seed: 2 });
    const gone = await compileShared(sequential(linear(2, 3)), options);
    await gone.destroy();
    const device = await openDevice();
    const far = await compile(sequential(linear(2, 3)), { ...options, device });
    const hash = await ours.hash();
    const errors: Record<string, string> = {};
    for (const [name, [other, names]] of Object.entries<[unknown, unknown?]>({
      nothing: [undefined], self: [ours], far: [far], gone: [gone], text: [theirs, '0'], empty: [theirs, {}], null: [theirs, null], number: [theirs, { 0: 1 }],
      stranger: [theirs, { encoder: '0' }], part: [theirs, { '0.w': '0.w' }], place: [theirs, { 0: 'encoder' }], shape: [theirs, { 0: '0', 1: '1' }], bias: [theirs, { 2: '2' }],
      more: [theirs, { 3: '2', '3.bias': '2.bias' }], all: [theirs],
    })) errors[name] = (await lib.caught(() => ours.copyFrom(other as never, names as never))).message;
    const same = hash === await ours.hash();
    const busy = ours.fit(lib.chainrule.dataset({ inputs: [[1, 2]], targets: [1] }), { batchSize: 1 });
    errors.busy = (await lib.caught(() => ours.copyFrom(theirs))).message;
    await busy;
    await far.destroy();
    device.destroy();
    return { errors, same };
  });
  expect(result.errors).toEqual({
    nothing: 'copyFrom: needs another trainer, got undefined.',
    self: 'copyFrom: needs another trainer, got this one itself.',
    far: 'copyFrom: needs a trainer on the same device, got one on another device. Go by state() and load().',
    gone: 'copyFrom: needs a trainer that is still there, got one after destroy(). Compile the model again.',
    text: 'copyFrom: needs names as { there: \'here\' }, got "0".',
    empty: expect.stringMatching(/^copyFrom: needs names as \{ there: 'here' \}, got .+\.$/),
    null: 'copyFrom: needs names as { there: \'here\' }, got null.',
    number: expect.stringMatching(/^copyFrom: needs names as \{ there: 'here' \}, got .+\.$/),
    stranger: 'copyFrom: needs names of the other trainer (0.weight, 0.bias, 1.weight, 1.bias, 2.weight, 3.weight, …), or what they begin with, got "encoder". A parameter that stands in several places goes by its first name.',
    part: expect.stringContaining('got "0.w"'),
    place: 'copyFrom: needs "encoder.weight" in this trainer, to copy 0.weight to, got no parameter or buffer of that name.',
    shape: 'copyFrom: needs 1.weight of shape [3, 3] for 1.weight, got [4, 3].',
    bias: 'copyFrom: needs something to copy to 2.bias, got nothing of that name under "2" of the other trainer.',
    more: 'copyFrom: needs one source for 2.bias, got two.',
    all: expect.stringMatching(/^copyFrom: needs /),
    busy: 'copyFrom: needs one call at a time, got a call during fit. Await fit() first.',
  });
  expect(result.same).toBe(true);
});
