import { expect, test } from '../harness.ts';

test('numbers, typed arrays and objects travel unchanged', async ({ run }) => {
  const back = await run((_lib, sent: { values: Float32Array; name: string }) => ({
    kind: sent.values.constructor.name, doubled: sent.values.map((value) => value * 2), largest: new Uint32Array([4_294_967_295]), name: sent.name,
  }), { values: new Float32Array([1.5, NaN, -0, Infinity]), name: 'x' });
  expect(back).toEqual({ kind: 'Float32Array', doubled: new Float32Array([3, NaN, -0, Infinity]), largest: new Uint32Array([4_294_967_295]), name: 'x' });
});

test('a module is the same one that the sources import', async ({ run }) => {
  const same = await run(async (lib) => {
    const first = await lib.load<typeof import('../../src/errors.ts')>('/src/errors.ts');
    const second = await lib.load<typeof import('../../src/errors.ts')>('/src/errors.ts');
    // With this query of Vite's a module would be loaded a second time.
    const twice = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('?import'));
    return { same: first.ShapeError === second.ShapeError, twice };
  });
  expect(same).toEqual({ same: true, twice: [] });
});

test('errors arrive with name and code', async ({ run }) => {
  const caught = await run(async (lib) => {
    const { ShapeError } = await lib.load<typeof import('../../src/errors.ts')>('/src/errors.ts');
    return lib.caught(() => {
      throw new ShapeError('add', '[2]', '[3]');
    });
  });
  expect(caught).toEqual({ name: 'ShapeError', code: 'shape', message: 'add: needs [2], got [3].' });
  await expect(run((lib) => lib.caught(() => 1))).rejects.toThrow('lib.caught: needs a body that throws');
  await expect(run(() => {
    throw new TypeError('from the body');
  })).rejects.toThrow('in the page: TypeError: from the body');
});

test('using works in a body', async ({ run }) => {
  const log = await run(async () => {
    const log: string[] = [];
    const thing = (name: string) => ({ [Symbol.dispose]: () => void log.push(`end ${name}`), [Symbol.asyncDispose]: async () => void log.push(`late end ${name}`) });
    {
      using a = thing('a');
      using b = thing('b');
      log.push(String(a !== b));
    }
    try {
      await using c = thing('c');
      if (c) throw new Error('stop');
    } catch (error) {
      log.push(String(error));
    }
    return log;
  });
  expect(log).toEqual(['true', 'end b', 'end a', 'late end c', 'Error: stop']);
});

test('the adapter has a name', ({ adapter }) => expect(adapter).toMatch(/\S/));

for (const [name, allowed] of [['unnoticed problems fail a test', false], ['a problem that is expected does not', true]] as const) {
  test(name, async ({ run, problems }) => {
    if (allowed) problems.allow(/usage|Usage/);
    else test.fail(true, 'the page reports a GPU error that nobody caught');
    await run(async () => {
      const adapter = await navigator.gpu.requestAdapter();
      const device = await adapter!.requestDevice();
      device.createBuffer({ size: 16, usage: 0xffff });
      await device.queue.onSubmittedWorkDone();
      device.destroy();
    });
  });
}
