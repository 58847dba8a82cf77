import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

test('device.destroy() during fit: a typed error there and from every later call, no hang, nothing unhandled', async ({ run }) => {
  const result = await run(async (lib) => {
    const { openDevice, compile, moons, sequential, linear, tanh, crossEntropy, adam } = lib.chainrule;
    const { unhandled } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 64 });
    const calls: Record<string, { code?: string; name: string; message: string }> = {};
    let slowest = 0;
    let destroyed = false;
    const rejections = await unhandled(async () => {
      const device = await openDevice();
      const options = { device, loss: crossEntropy(), optimizer: adam(), batchSize: 4 };
      const trainer = await compile(sequential(linear(2, 8), tanh(), linear(8, 2)), options);
      const timed = async (name: string, call: () => unknown): Promise<void> => {
        const started = performance.now();
        calls[name] = await lib.caught(call);
        slowest = Math.max(slowest, performance.now() - started);
      };
      await timed('fit', () => trainer.fit(data, { epochs: 1e6, onStep: ({ step }) => { if (step === 20) device.destroy(); } }));
      // At once, before the browser has said anything.
      await timed('check', () => device.check());
      const batch = { inputs: new Float32Array(8), targets: new Uint32Array(4) };
      await timed('step', () => trainer.step(batch));
      await timed('fit again', () => trainer.fit(data));
      await timed('evaluate', () => trainer.evaluate(data));
      await timed('predict', () => trainer.predict([[1, 2]]));
      await timed('state', () => trainer.state());
      await timed('hash', () => trainer.hash());
      await timed('snapshot', () => trainer.snapshot());
      await timed('load', async () => {
        await trainer.load({ parameters: {} });
      });
      await timed('compile', () => compile(sequential(linear(2, 2)), options));
      await timed('checkGradients', () => lib.gradcheck.checkGradients(trainer));
      await trainer.destroy();
      destroyed = true;
      const lost = await device.lost;
      calls.lost = { code: lost.code, name: lost.name, message: lost.message };
    });
    return { calls, rejections, slowest, destroyed };
  });
  const { load, ...others } = result.calls;
  for (const [name, { message, ...error }] of Object.entries(others)) {
    expect({ name: error.name, code: error.code }, `${name}: ${message}`).toEqual({ name: 'DeviceLostError', code: 'device-lost' });
    expect(message).toMatch(/: needs a live GPU device, got a lost one \(destroyed: .+\)\. Open a new device and load the last saved state\./);
  }
  expect(load.code).toMatch(/^(device-lost|data)$/);
  expect(result.rejections).toEqual([]);
  expect(result.destroyed).toBe(true);
  // The grace in which a loss may follow a rejection, and some work.
  expect(result.slowest).toBeLessThan(2000);
});

test('device.destroy() with steps on their way: their losses reject, also where nobody listens', async ({ run }) => {
  const result = await run(async (lib) => {
    const { openDevice, compile, sequential, linear, mse, sgd } = lib.chainrule;
    const { unhandled } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const codes: (string | undefined)[] = [];
    const rejections = await unhandled(async () => {
      const device = await openDevice();
      const trainer = await compile(sequential(linear(2, 1)), { device, loss: mse(), optimizer: sgd(), batchSize: 1 });
      const batch = { inputs: new Float32Array(2), targets: new Float32Array(1) };
      const pending = [await trainer.step(batch), await trainer.step(batch), await trainer.step(batch)];
      device.destroy();
      codes.push((await lib.caught(() => pending[0].loss)).code);
      codes.push((await lib.caught(() => pending[2].report)).code);
      await device.lost;
    });
    return { codes, rejections };
  });
  expect(result).toEqual({ codes: ['device-lost', 'device-lost'], rejections: [] });
});

test('device.destroy() while kernels compile', async ({ run }) => {
  const result = await run(async (lib) => {
    const { openDevice, compile, sequential, linear, mse, sgd } = lib.chainrule;
    const { unhandled } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    let code: string | undefined;
    const rejections = await unhandled(async () => {
      const device = await openDevice();
      const compiling = lib.caught(() => compile(sequential(linear(2, 1)), { device, loss: mse(), optimizer: sgd(), onCompile: (done) => { if (done === 1) device.destroy(); } }));
      ({ code } = await compiling);
    });
    return { code, rejections };
  });
  expect(result).toEqual({ code: 'device-lost', rejections: [] });
});

test('a crash of the GPU process during fit: a typed error, and a new device goes on from the saved state', async ({ playwright, launchOptions, baseURL }) => {
  test.setTimeout(60_000);
  // A browser of its own: the crash would take the device of every page. The flags lift Chrome's limit of three crashes.
  const browser = await playwright.chromium.launch({
    ...launchOptions, args: [...launchOptions.args ?? [], '--disable-domain-blocking-for-3d-apis', '--disable-gpu-process-crash-limit'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`${baseURL}e2e/harness.html`);
    await page.waitForFunction('globalThis.harness !== undefined');
    const devtools = await browser.newBrowserCDPSession();
    const crashed: Promise<unknown>[] = [];
    await page.exposeFunction('crashGpu', () => { crashed.push(devtools.send('Browser.crashGpuProcess').catch(() => undefined)); });
    const result = await page.evaluate(async () => {
      const { importAsIs, crashGpu } = globalThis as unknown as { importAsIs(path: string): Promise<unknown>; crashGpu(): Promise<void> };
      const { openDevice, compile, moons, sequential, linear, tanh, crossEntropy, adam, DeviceLostError } = await importAsIs('/src/index.ts') as typeof import('../../src/index.ts');
      const { unhandled } = await importAsIs('/e2e/gpu/page-kit.ts') as Kit;
      const data = moons({ points: 128 });
      const open = async () => {
        const device = await openDevice();
        return { device, trainer: await compile(sequential(linear(2, 8), tanh(), linear(8, 2)), { device, loss: crossEntropy(), optimizer: adam({ lr: 0.02 }), batchSize: 16, seed: 3 }) };
      };
      const whole = await open();
      await whole.trainer.fit(data, { epochs: 6 });
      const expected = await whole.trainer.hash();
      whole.device.destroy();

      const rounds: { code: string; typed: boolean; reason: string; slow: number; later: string }[] = [];
      let { device, trainer } = await open();
      await trainer.fit(data, { epochs: 2 });
      let state = await trainer.state();
      const rejections = await unhandled(async () => {
        for (let round = 0; round < 2; round++) {
          let error: unknown;
          let at = 0;
          try {
            await trainer.fit(data, { epochs: 1e6, onStep: ({ step }) => {
              if (step !== state.step + 30) return;
              at = performance.now();
              void crashGpu();
            } });
          } catch (thrown) {
            error = thrown;
          }
          const slow = performance.now() - at;
          const later = await trainer.step({ inputs: new Float32Array(32), targets: new Uint32Array(16) }).then(() => 'went through', (thrown: { code: string }) => thrown.code);
          const { code, reason } = error as { code: string; reason: string };
          rounds.push({ code, typed: error instanceof DeviceLostError, reason, slow, later });
          await trainer.destroy();
          ({ device, trainer } = await open());
          await trainer.load(state);
          await trainer.fit(data, { epochs: 2 });
          state = await trainer.state();
        }
      });
      const hash = await trainer.hash();
      device.destroy();
      return { rounds, rejections, expected, hash };
    });
    await Promise.all(crashed);
    expect(crashed).toHaveLength(2);
    for (const { slow, ...round } of result.rounds) {
      expect(round).toEqual({ code: 'device-lost', typed: true, reason: 'unknown', later: 'device-lost' });
      expect(slow).toBeLessThan(10_000);
    }
    expect(result.rounds).toHaveLength(2);
    expect(result.rejections).toEqual([]);
    // Three times two epochs with two crashes between are six epochs.
    expect(result.hash).toBe(result.expected);
  } finally {
    await browser.close();
  }
});
