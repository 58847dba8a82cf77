import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

test('the same seed gives the same weights bit for bit, another seed others; fused and unfused agree', async ({ run }) => {
  const { hashes, starts, worst, launches } = await run(async (lib) => {
    const { moons, openDevice, compile, sequential, linear, tanh, relu, crossEntropy, adam } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 200, seed: 3 });
    const own = await openDevice();
    const hashes: Record<string, string> = {};
    const starts: Record<string, string> = {};
    const launches: Record<string, number> = {};
    const ends: Float32Array[] = [];
    for (const [name, seed, fusion, device] of [
      ['first', 5, true, await sharedDevice()], ['again', 5, true, await sharedDevice()], ['on another device', 5, true, own], ['other seed', 6, true, own],
      ['largest seed', Number.MAX_SAFE_INTEGER, true, own], ['unfused', 5, false, own],
    ] as const) {
      await using trainer = await compile(sequential(linear(2, 16), tanh(), linear(16, 16), relu(), linear(16, 2)), { device, loss: crossEntropy(), optimizer: adam({ lr: 0.01 }), batchSize: 32, seed, fusion });
      starts[name] = await trainer.hash();
      await trainer.fit(data, { epochs: 5 });
      hashes[name] = await trainer.hash();
      launches[name] = trainer.plan.launches.length;
      if (seed === 5) ends.push((await trainer.state()).parameters['2.weight'].data);
    }
    own.destroy();
    const [fused, , , unfused] = ends;
    return { hashes, starts, launches, worst: fused.reduce((most, value, i) => Math.max(most, Math.abs(value - unfused[i])), 0) };
  });
  const { first, again, 'on another device': elsewhere, unfused, ...different } = hashes;
  expect([again, elsewhere]).toEqual([first, first]);
  expect(new Set([first, ...Object.values(different)]).size).toBe(3);
  expect(new Set(Object.values(starts)).size).toBe(3);
  // 35 steps: a few roundings of the sums differ, and nothing more.
  expect(launches.unfused).toBeGreaterThan(launches.first);
  expect(worst).toBeLessThan(1e-5);
  console.log(`fused ${launches.first} launches, unfused ${launches.unfused}; weights differ by ${worst.toExponential(1)}${unfused === first ? ' (bit-identical)' : ''}`);
});

test('state and load: training that was interrupted goes on to the very same weights', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, adam, sgd, adamW } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 100 });
    const found: Record<string, { whole: string; resumed: string; slots: string[]; counters: number[] }> = {};
    for (const [name, make] of Object.entries({ sgd: () => sgd({ lr: 0.1 }), momentum: () => sgd({ lr: 0.1, momentum: 0.9, nesterov: true }), adam: () => adam({ lr: 0.02 }), adamW: () => adamW({ lr: 0.02 }) })) {
      const compiled = (seed: number) => compileShared(sequential(linear(2, 8), tanh(), linear(8, 2)), { loss: crossEntropy(), optimizer: make(), batchSize: 32, seed });
      await using whole = await compiled(4);
      await whole.fit(data, { epochs: 3 });
      whole.lr = 0.005;
      await whole.fit(data, { epochs: 3 });
      await using first = await compiled(4);
      await first.fit(data, { epochs: 3 });
      first.lr = 0.005;
      // As a page would store it.
      const state = structuredClone(await first.state());
      await using second = await compiled(99);
      await second.load(state);
      const counters = [second.stepCount, second.lr, (await second.state()).epoch];
      await second.fit(data, { epochs: 3, seed: 4 });
      found[name] = { whole: await whole.hash(), resumed: await second.hash(), slots: Object.keys(state.optimizer.state), counters };
    }
    return found;
  });
  for (const [name, { whole, resumed, counters }] of Object.entries(result)) {
    expect(resumed, name).toBe(whole);
    expect(counters).toEqual([12, 0.005, 3]);
  }
  expect(result.sgd.slots).toEqual([]);
  expect(result.momentum.slots).toContain('0.weight.momentumBuffer');
  expect(result.adam.slots.sort()).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'].flatMap((name) => [`${name}.expAvg`, `${name}.expAvgSq`]).sort());
});

test('parameters alone can be loaded: the optimiser starts anew', async ({ run }) => {
  const [fresh, loaded] = await run(async (lib) => {
    const { moons, sequential, linear, crossEntropy, adam } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 64 });
    const hashes: string[] = [];
    await using trainer = await compileShared(sequential(linear(2, 2)), { loss: crossEntropy(), optimizer: adam(), batchSize: 32 });
    const { parameters } = await trainer.state();
    for (let round = 0; round < 2; round++) {
      await trainer.fit(data, { epochs: 3, seed: 1 });
      hashes.push(await trainer.hash());
      await trainer.load({ parameters });
    }
    return hashes;
  });
  expect(loaded).toBe(fresh);
});

test('a state that does not fit changes nothing', async ({ run }) => {
  const { errors, hashes } = await run(async (lib) => {
    const { moons, sequential, linear, crossEntropy, adam, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const compiled = (optimizer = adam()) => compileShared(sequential(linear(2, 3), linear(3, 2)), { loss: crossEntropy(), optimizer, batchSize: 8 });
    await using other = await compiled();
    await other.fit(moons({ points: 32 }));
    const good = await other.state();
    await using bySgd = await compiled(sgd());
    const sgdState = await bySgd.state();
    await using trainer = await compiled();
    const state = () => structuredClone(good) as { -readonly [K in keyof typeof good]: typeof good[K] } & { parameters: Record<string, { shape: number[]; data: Float32Array }>; optimizer: { name: string; names?: Record<string, string>; state: Record<string, unknown> } };
    const bad: Record<string, (s: ReturnType<typeof state>) => unknown> = {
      'wrong shape': (s) => { s.parameters['1.weight'] = { shape: [3, 2], data: new Float32Array(6) }; },
      'wrong length': (s) => { s.parameters['1.bias'] = { shape: [2], data: new Float32Array(3) }; },
      missing: (s) => { delete s.parameters['1.bias']; },
      extra: (s) => { s.parameters['2.weight'] = { shape: [1], data: new Float32Array(1) }; },
      prototype: (s) => { delete s.parameters['0.weight']; Object.setPrototypeOf(s.parameters, { '0.weight': good.parameters['0.weight'] }); },
      'hostile name': (s) => { s.parameters[`${'x'.repeat(500)}\u2028\u0007`] = { shape: [1], data: new Float32Array(1) }; },
      NaN: (s) => { s.parameters['1.weight'].data[4] = NaN; },
      Infinity: (s) => { s.parameters['0.bias'].data[0] = -Infinity; },
      'NaN in the optimiser': (s) => { (s.optimizer.state['1.bias.expAvgSq'] as { data: Float32Array }).data[1] = NaN; },
      'Float64Array': (s) => { s.parameters['0.bias'].data = new Float64Array(3) as never; },
      detached: (s) => { structuredClone(s.parameters['1.bias'].data, { transfer: [s.parameters['1.bias'].data.buffer as ArrayBuffer] }); },
      'no data': (s) => { s.parameters['0.bias'] = { shape: [3] } as never; },
      'null tensor': (s) => { s.parameters['0.bias'] = null as never; },
      'wrong optimiser': (s) => { s.optimizer = sgdState.optimizer as never; },
      'optimiser without its step': (s) => { delete (s.optimizer as { step?: number }).step; },
      'another optimiser of a parameter': (s) => { s.optimizer.names = { ...s.optimizer.names, '1.bias': 'adamW' }; },
      'names as text': (s) => { s.optimizer.names = 'adam' as never; },
      'missing slot': (s) => { delete s.optimizer.state['0.bias.expAvg']; },
      'no slots': (s) => { s.optimizer.state = null as never; },
      'negative step': (s) => { s.step = -1; },
      'half an epoch': (s) => { s.epoch = 0.5; },
      'learning rate': (s) => { s.lr = NaN; },
      'no parameters': (s) => { delete (s as Partial<typeof s>).parameters; },
      null: () => null, text: () => 'state', undefined: () => 0,
    };
    const counters = () => [trainer.stepCount, trainer.lr];
    const hashes = [`${await trainer.hash()} ${counters()}`];
    const errors: Record<string, { name: string; message: string; code?: string }> = {};
    for (const [name, change] of Object.entries(bad)) {
      const changed = state();
      const replaced = change(changed);
      errors[name] = await lib.caught(() => trainer.load(replaced === undefined ? changed : replaced as never));
      hashes.push(`${await trainer.hash()} ${counters()}`);
    }
    // The optimiser's state has stayed too: training goes on as if nothing had been tried.
    await using untouched = await compiled();
    for (const one of [trainer, untouched]) {
      await one.fit(moons({ points: 32 }));
      hashes.push(await one.hash());
    }
    return { errors, hashes };
  });
  const [last, untouched] = hashes.splice(-2);
  expect(last).toBe(untouched);
  expect(new Set(hashes).size).toBe(1);
  for (const [name, { message, code }] of Object.entries(errors)) {
    expect(code, `${name}: ${message}`).toMatch(/^(data|shape|option|state)$/);
    expect(message, name).toMatch(/^load: needs .+, got .+\./);
    expect(message.length, name).toBeLessThanOrEqual(300);
    expect(message, name).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
  }
  expect(errors['wrong shape'].message).toBe('load: needs 1.weight of shape [2, 3], got [3, 2] with 6 numbers.');
  expect(errors.missing.message).toContain('the parameters 1.bias');
  expect(errors['wrong optimiser'].message).toContain('the state of adam, got that of "sgd"');
  expect(errors['optimiser without its step'].message).toContain('optimizer.step to be an integer ≥ 0, got undefined');
  expect(errors['another optimiser of a parameter'].message).toContain('the state of adam for 1.bias, got that of "adamW"');
  expect(errors.NaN.message).toBe('load: needs finite numbers, got NaN at element 4 of 1.weight.');
});

test('names and layouts are PyTorch\'s: position, nesting, [out, in]; a shared layer appears once', async ({ run }) => {
  const names = await run(async (lib) => {
    const { module, sequential, linear, relu, mse, sgd } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const shared = linear(4, 4);
    const encoder = module({ fc1: linear(3, 4), shared }, ({ fc1, shared }, x) => shared(shared(fc1(x))));
    const model = module({ encoder, head: sequential(relu(), shared, linear(4, 2, { bias: false })) }, ({ encoder, head }, x) => head(encoder(x)));
    await using trainer = await compileShared(model, { loss: mse(), optimizer: sgd(), batchSize: 2 });
    const { parameters } = await trainer.state();
    return { shapes: Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape])), count: trainer.parameterCount };
  });
  expect(names).toEqual({
    shapes: { 'encoder.fc1.weight': [4, 3], 'encoder.fc1.bias': [4], 'encoder.shared.weight': [4, 4], 'encoder.shared.bias': [4], 'head.2.weight': [2, 4] },
    count: 12 + 4 + 16 + 4 + 8,
  });
});

test('a state says which optimiser each parameter has, and goes to no other groups; one that does not say still loads', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, crossEntropy, adam, adamW } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const make = (groups: NonNullable<Parameters<typeof compileShared>[1]['groups']>) => compileShared(sequential(linear(2, 3), linear(3, 2)), { loss: crossEntropy(), optimizer: adam(), groups, frozen: ['0.bias'], batchSize: 8 });
    await using grouped = await make([{ parameters: ['1'], optimizer: adamW() }]);
    await grouped.fit(moons({ points: 32 }));
    const state = await grouped.state();
    // The same groups with other options are the same optimisers.
    await using alike = await make([{ parameters: ['1'], optimizer: adamW({ lr: 0.1, weightDecay: 0 }) }, { parameters: ['0'], lr: 0.5 }]);
    await alike.load(state);
    await using plain = await make([]);
    const refused = (await lib.caught(() => plain.load(state))).message;
    const { names, ...before } = state.optimizer;
    await plain.load({ ...state, optimizer: before });
    return { names, refused, same: [await grouped.hash(), await alike.hash(), await plain.hash()] };
  });
  expect(result.names).toEqual({ '0.weight': 'adam', '1.weight': 'adamW', '1.bias': 'adamW' });
  expect(result.refused).toMatch(/^load: needs the state of adam for 1\.weight, got that of "adamW"\. Compile with the groups/);
  expect(new Set(result.same).size).toBe(1);
});
