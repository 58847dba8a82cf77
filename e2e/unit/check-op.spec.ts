import { expect, test } from 'playwright/test';
import { checkOpWith } from '../../src/check/check-op.ts';
import type { OpRunner } from '../../src/check/check-op.ts';
import { ops } from '../../src/ops/index.ts';
import { proofs } from '../../src/proof/index.ts';
import { float32Ops, setBuiltinNoise } from './float32-ops.ts';
import { simulatedRunner } from './simulated-gpu.ts';

for (const op of Object.keys(float32Ops)) {
  for (const noise of [0, 1]) {
    test(`${op}: correct float32 code passes every sample, builtins at ${noise} of WGSL's promise`, async () => {
      setBuiltinNoise(noise, 7);
      const report = await checkOpWith(simulatedRunner, op);
      const bad = report.samples.filter(({ passed }) => !passed);
      expect(bad.map(({ sample, cotangent, report: found }) => `${sample} ${cotangent}\n${found}`).join('\n')).toBe('');
      expect(report.conventions.filter(({ passed }) => !passed)).toEqual([]);
      expect(report.passed).toBe(true);
      expect(report.samples).toHaveLength(2 * proofs[op].samples.length);
    });
  }
}

/** Every op with a bug planted in its first gradient, or in its output. */
const BUGS: Record<string, (gradient: Float32Array) => void> = {
  'scaled by 1.001': (gradient) => gradient.forEach((value, i) => { gradient[i] = value * 1.001; }),
  'sign': (gradient) => gradient.forEach((value, i) => { gradient[i] = -value; }),
  'last element doubled': (gradient) => { gradient[gradient.length - 1] *= 2; },
  'one element NaN': (gradient) => { gradient[gradient.length >> 1] = NaN; },
};
for (const op of Object.keys(float32Ops)) {
  test(`${op}: a bug in each of its gradients, or in its output, is caught`, async () => {
    setBuiltinNoise(0);
    for (const input of proofs[op].differentiable) {
      for (const [bug, plant] of Object.entries(BUGS)) {
        const broken: OpRunner = async (...call) => {
          const snapshot = await simulatedRunner(...call);
          const gradient = snapshot.gradients[snapshot.graph.nodes[0].inputs[input]];
          if (gradient) plant(gradient);
          return snapshot;
        };
        const report = await checkOpWith(broken, op, { samples: proofs[op].samples.slice(0, 4) });
        expect(report.passed, `${bug} in d${input}`).toBe(false);
      }
    }
    const wrongForward: OpRunner = async (...call) => {
      const snapshot = await simulatedRunner(...call);
      const [values] = Object.values(snapshot.computed);
      values[values.length - 1] = values[values.length - 1] * 1.001 + 1e-3;
      return snapshot;
    };
    expect((await checkOpWith(wrongForward, op, { samples: proofs[op].samples.slice(0, 2) })).passed).toBe(false);
  });
}

test('a runner that computes no gradient proves nothing', async () => {
  const report = await checkOpWith(async (...call) => ({ ...(await simulatedRunner(...call)), gradients: {} }), 'tanh');
  expect(report.passed).toBe(false);
  expect(report.samples.every((sample) => sample.report.verdict === 'nothing-to-check')).toBe(true);
});

test('a runner that reads back no output is refused', async () => {
  const running = checkOpWith(async (...call) => ({ ...(await simulatedRunner(...call)), computed: {} }), 'tanh');
  await expect(running).rejects.toThrow('gradient check: needs the computed value of every tensor that is a seed, got none for tanh.out.');
});

test('proofs and ops agree about which inputs get a gradient', () => {
  const ofOps = Object.fromEntries(Object.entries(ops).map(([name, { inputs, constants = [] }]) => [name, inputs.filter((input) => !constants.includes(input))]));
  expect(Object.fromEntries(Object.entries(proofs).map(([name, { differentiable }]) => [name, differentiable]))).toEqual(ofOps);
});

test('no samples prove nothing, and an unknown op is refused', async () => {
  expect((await checkOpWith(simulatedRunner, 'tanh', { samples: [] })).passed).toBe(false);
  await expect(checkOpWith(simulatedRunner, 'tan')).rejects.toThrow(/checkOp: needs an op among matmul, .*, got "tan"/);
});

test("relu'(0) = 1 breaks the convention though no sample sees it", async () => {
  const broken: OpRunner = async (op, options, inputs, cotangent) => {
    const snapshot = await simulatedRunner(op, options, inputs, cotangent);
    const [id] = Object.keys(snapshot.gradients).map(Number);
    Object.values(inputs)[0].data.forEach((x, i) => { if (x === 0) snapshot.gradients[id][i] = cotangent[i]; });
    return snapshot;
  };
  const report = await checkOpWith(broken, 'relu');
  expect(report.conventions).toEqual([{ name: "relu'(0) = 0", passed: false, got: 'dx[0] = 3, expected 0' }]);
  expect(report.passed).toBe(false);
});
