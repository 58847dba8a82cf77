import { expect, test } from '../harness.ts';

test('more than 65,535 workgroups: every element of 4.2 million is made', async ({ run }) => {
  const found = await run(async ({ chainrule, load }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const device = await chainrule.openDevice();
    // An odd length has no vec4 form: one lane for each element.
    const length = 65_535 * 64 + 101;
    const x = Float32Array.from({ length }, (_, i) => (i % 4099) - 2048);
    const dout = Float32Array.from({ length }, (_, i) => (i % 31) + 1);
    const snapshot = await runOp(device, 'relu', {}, { x: { shape: [length], data: x } }, dout);
    device.destroy();
    const [dx] = Object.values(snapshot.gradients);
    const [y] = Object.values(snapshot.computed);
    return {
      groups: length / 64, checked: y!.length + dx!.length,
      forward: y!.findIndex((value, i) => value !== Math.max(0, x[i]!)),
      backward: dx!.findIndex((value, i) => value !== (x[i]! > 0 ? dout[i] : 0)),
    };
  });
  expect(found.groups).toBeGreaterThan(65_535);
  expect(found).toMatchObject({ checked: 2 * (65_535 * 64 + 101), forward: -1, backward: -1 });
});

test('more than 65,535 workgroups that work together: every sum is made', async ({ run }) => {
  const found = await run(async ({ chainrule, load }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const device = await chainrule.openDevice();
    const rows = 65_535 + 4;
    const x = Float32Array.from({ length: rows * 3 }, (_, i) => i % 1021);
    const snapshot = await runOp(device, 'sum', { axes: [1] }, { x: { shape: [rows, 3], data: x } }, new Float32Array(rows).fill(1), { target: { variants: { reduce: 'workgroup' } } });
    device.destroy();
    const [y] = Object.values(snapshot.computed);
    return { kernel: snapshot.launches[0]!.kernel, wrong: y!.findIndex((value, i) => value !== x[3 * i]! + x[3 * i + 1]! + x[3 * i + 2]!), checked: y!.length };
  });
  expect(found).toEqual({ kernel: 'reduce/workgroup', wrong: -1, checked: 65_539 });
});
