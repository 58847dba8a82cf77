import { expect, test } from '../harness.ts';

test('a calibration: every function measured, finite, within its promise, once for each device', async ({ run, adapter }) => {
  const { one, same, other, again } = await run(async ({ chainrule, gradcheck }) => {
    const device = await chainrule.openDevice();
    const first = gradcheck.calibrate(device);
    const same = first === gradcheck.calibrate(device) && await first === await gradcheck.calibrate(device);
    const second = await chainrule.openDevice();
    const other = await gradcheck.calibrate(second);
    const one = await first;
    device.destroy();
    second.destroy();
    return { one, same, again: other !== one, other };
  });
  expect(one.schema).toBe('chainrule/calibration/1');
  expect(one.adapter).toMatch(/\w+ \(.+\)/);
  expect(one.browser).toMatch(/^chromium \d+$/);
  expect(adapter, 'the harness asks the browser itself').toContain(`(${one.browser}.`);
  expect(same, 'the same device is measured once').toBe(true);
  expect(again, 'another device is measured anew').toBe(true);
  expect(other.builtins, 'the same arithmetic on the same adapter').toEqual(one.builtins);
  expect(one.measured.length).toBeGreaterThan(10);
  for (const { name, field, measured, promised, used, points, worst } of one.measured) {
    expect(Number.isFinite(measured), `${name}, ${field}`).toBe(true);
    expect(measured, `${name}: ${field} is measured, so something errs`).toBeGreaterThan(0);
    expect(used, `${name}, ${field}`).toBeGreaterThanOrEqual(measured);
    expect(points, name).toBeGreaterThan(8000);
    expect(worst.inputs.every(Number.isFinite) && Number.isFinite(worst.got) && worst.got !== worst.expected, name).toBe(true);
    expect(one.builtins[field]).toBeGreaterThanOrEqual(used);
    expect(measured > promised, `${name} is beyond its promise just where the calibration says so`).toBe(one.beyondPromise.includes(name));
    // What tolerances are computed from must not be wider than what WGSL allows, unless the adapter is.
    if (measured <= promised) expect(used, `${name}, ${field}`).toBeLessThanOrEqual(promised);
  }
  if (one.adapter.startsWith('SwiftShader')) expect(one.beyondPromise).toEqual([]);
});

test('an inaccurate function is measured and named, a broken one keeps its promise so that checks fail', async ({ run }) => {
  const { planted, broken } = await run(async ({ chainrule, load }) => {
    const { measure } = await load<typeof import('../../src/check/calibrate.ts')>('/src/check/calibrate.ts');
    const { BUILTIN_ROWS } = await load<typeof import('../../src/check/builtin-rows.ts')>('/src/check/builtin-rows.ts');
    const device = await chainrule.openDevice();
    const exp = BUILTIN_ROWS.find(({ name }) => name === 'exp')!;
    const sqrt = BUILTIN_ROWS.find(({ name }) => name === 'sqrt')!;
    // 1 + 2⁻²⁰ is 8 ulp too much.
    const planted = await measure(device, [{ ...exp, expression: 'exp(a) * 1.00000095367431640625' }, sqrt]);
    const broken = await measure(device, [{ ...exp, expression: 'exp(a) * (1.0 + abs(a))' }, { ...sqrt, expression: 'sqrt(-a)' }]);
    device.destroy();
    return { planted, broken };
  });
  expect(planted.beyondPromise).toEqual(['exp']);
  expect(planted.builtins.expUlp).toBeGreaterThan(7.5);
  expect(planted.builtins.expUlp).toBeLessThan(12);
  expect(planted.measured.find(({ name }) => name === 'sqrt')!.measured).toBeLessThan(4.5);
  expect(planted.builtins.tanhUlp, 'not measured: as promised').toBe(8);
  expect(broken.beyondPromise.toSorted()).toEqual(['exp', 'sqrt']);
  expect(broken.measured.find(({ name }) => name === 'sqrt')!.measured, 'the root of a negative number is NaN').toBe(Infinity);
  expect(broken.builtins).toMatchObject({ expUlp: 3, expUlpPerUnit: 2, sqrtUlp: 4.5 });
});

test('a failed calibration is not remembered, and a lost device is named', async ({ run }) => {
  const errors = await run(async ({ chainrule, gradcheck, caught }) => {
    const device = await chainrule.openDevice();
    device.destroy();
    const first = gradcheck.calibrate(device);
    const error = await caught(() => first);
    const second = gradcheck.calibrate(device);
    return { error, again: await caught(() => second), fresh: first !== second };
  });
  expect(errors.error.code).toBe('device-lost');
  expect(errors.again.code).toBe('device-lost');
  expect(errors.fresh).toBe(true);
});

test('a check uses what was measured and says so; builtins of one\'s own come first', async ({ run }) => {
  const { calibrated, own, bare } = await run(async ({ chainrule, gradcheck }) => {
    const { adam, compile, crossEntropy, linear, openDevice, sequential, sigmoid } = chainrule;
    const device = await openDevice();
    const trainer = await compile(sequential(linear(3, 5), sigmoid(), linear(5, 4)), {
      inputShape: [3], batchSize: 6, loss: crossEntropy(), optimizer: adam(), device,
    });
    const promised = { ...gradcheck.DEFAULT_ROUNDING.builtins };
    const toPlain = (report: InstanceType<typeof gradcheck.Report>) => ({
      passed: report.passed, calibration: report.calibration, text: String(report), json: JSON.stringify(report),
      sigmas: report.tensors.map(({ worst }) => worst!.sigma),
    });
    const calibrated = toPlain(await gradcheck.checkGradients(trainer));
    const own = toPlain(await gradcheck.checkGradients(trainer, { builtins: promised }));
    const bare = toPlain(await gradcheck.checkGradients({ snapshot: (options) => trainer.snapshot(options) }));
    const measured = (await gradcheck.calibrate(trainer.device)).builtins;
    await trainer.destroy();
    return { calibrated: { ...calibrated, measured, same: trainer.device === device }, own, bare };
  });
  expect([calibrated.passed, own.passed, bare.passed]).toEqual([true, true, true]);
  expect(calibrated.same).toBe(true);
  expect(calibrated.calibration!.builtins).toEqual(calibrated.measured);
  expect(calibrated.json).toContain('"calibration"');
  expect(calibrated.text).toMatch(/^tolerance: 4 σ, with the errors measured on .+ in chromium \d+: exp \d/m);
  expect(own.calibration).toBeUndefined();
  expect(bare.calibration).toBeUndefined();
  expect(own.sigmas).toEqual(bare.sigmas);
  // Tighter where exp, log and division matter: everywhere in this net.
  calibrated.sigmas.forEach((sigma, i) => expect(sigma).toBeLessThan(1.01 * bare.sigmas[i]!));
  expect(Math.min(...calibrated.sigmas.map((sigma, i) => sigma / bare.sigmas[i]!))).toBeLessThan(0.8);
});

test('a wrong coefficient in a function of the library\'s own is found, though calibration measures the very text that kernels use', async ({ run }) => {
  const found = await run(async ({ chainrule, gradcheck, load }) => {
    const { HELPERS } = await load<typeof import('../../shaders/formulas.wgsl.ts')>('/shaders/formulas.wgsl.ts');
    const right = { erf: HELPERS.erf.text(), tanh: HELPERS.tanh.text() };
    const setText = (helper: 'erf' | 'tanh', text: string): void => { Object.assign(HELPERS[helper], { text: () => text }); };
    const bugs = [['erf', '-1.4531521', '-1.453', 'gelu'], ['tanh', '0.13333334', '0.133', 'tanh']] as const;
    const found = [];
    for (const [helper, find, replace, op] of bugs) {
      const device = await chainrule.openDevice();
      setText(helper, right[helper].replace(find, replace));
      try {
        const { beyondPromise, measured } = await gradcheck.calibrate(device);
        const row = measured.find(({ name }) => name === helper)!;
        const report = await gradcheck.checkOp(device, op, undefined, { mutants: false });
        found.push({ planted: HELPERS[helper].text() !== right[helper], helper, beyondPromise, used: row.used / row.promised, over: row.measured / row.promised, passed: report.passed, text: String(report) });
      } finally {
        setText(helper, right[helper]);
        device.destroy();
      }
    }
    // One self-test is enough, and three ops of it: their runs and the verdict on all.
    const device = await chainrule.openDevice();
    setText('erf', right.erf.replace('-1.4531521', '-1.45314'));
    try {
      const test = await gradcheck.selfTest(device, { ops: ['relu', 'gelu', 'erf'] });
      return { found, selfTest: { passed: test.passed, text: String(test), beyondPromise: test.calibration.beyondPromise } };
    } finally {
      setText('erf', right.erf);
      device.destroy();
    }
  });
  for (const { planted, helper, beyondPromise, used, over, passed, text } of found.found) {
    expect([planted, passed], `${helper}: ${over} of the promise\n${text.slice(0, 2000)}`).toEqual([true, false]);
    expect(beyondPromise, helper).toEqual([helper]);
    expect([used <= 1, over > 1], helper).toEqual([true, true]);
  }
  expect(found.selfTest.passed).toBe(false);
  expect(found.selfTest.beyondPromise).toEqual(['erf']);
  expect(found.selfTest.text).toContain("beyond what the library's own formula reaches: erf: wrong");
});
