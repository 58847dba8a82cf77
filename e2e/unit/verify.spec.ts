import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { judge, table } from '../../src/cli/verify-report.mjs';
import { findMnist } from '../../src/cli/verify.mjs';
import type { VerifiedGradients, VerifyMeasured } from '../../src/lab/verify-result.ts';

const proven: VerifiedGradients = { passed: true, verdict: 'pass', checked: 101_770, total: 101_770, proven: 101_770, worst: { tensor: 'fc1.weight', error: 1e-7, allowed: 1e-5 } };
const op: VerifyMeasured['selfTest']['ops'][number] = {
  op: 'linear', passed: true, verdict: 'pass', runs: 2, failed: 0, elements: 200, worstSigma: 1.5, margin: 0.375, kernels: ['matmul-nt/small'], conventions: [], seconds: 0.1,
};
const failure = { sample: '[3, 2] to 5', cotangent: 'random', variants: {}, text: '✗ 3 of 30 gradients fail\nmore', report: {} } as const;
const tested: VerifyMeasured['selfTest'] = {
  schema: 'chainrule/self-test/1', passed: true, extent: 'core', browser: 'chromium 156', userAgent: '', date: '2026-01-31T12:00:00.000Z', version: '1.2.3',
  adapter: { name: 'SwiftShader (google, software)', vendor: 'google', architecture: 'swiftshader', device: '', description: '', adapterClass: 'cpu' },
  kernels: { count: 35, hash: '0123456789abcdef'.repeat(4) }, ops: [op, { ...op, op: 'relu', worstSigma: 0 }],
  calibration: { rows: [], beyondPromise: [] }, seconds: { calibration: 0.2, total: 2.4 },
};
const withOp = (change: Partial<typeof op>): VerifyMeasured => ({ ...good, selfTest: { ...tested, ops: [op, { ...op, op: 'gelu', ...change }] } });
const good: VerifyMeasured = {
  adapter: 'SwiftShader (google, software)',
  selfTest: tested,
  data: { source: 'mnist', name: 'MNIST', train: 8000, test: 1000 },
  net: { layers: '784-128-10, ReLU', parameters: 101_770 },
  training: { optimizer: 'Adam', learningRate: 1e-3, batchSize: 64, epochs: 10, steps: 1250, seed: 42, firstLoss: 2.3, lastLoss: 0.05, seconds: 12 },
  step: { ms: 9.5, dispatches: 12, submits: 1, buffersCreated: 0, bindGroupsCreated: 0 },
  gradients: { before: proven, after: proven },
  test: { accuracy: 0.95, loss: 0.2 },
};

test('a good measurement passes', () => expect(judge(good)).toEqual([]));

const bad: readonly [what: string, measured: VerifyMeasured, problem: string][] = [
  ['no op tested', { ...good, selfTest: { ...tested, ops: [] } }, 'tested no op'],
  ['a wrong op', withOp({ passed: false, verdict: 'fail', failed: 1, failure }), 'gelu is not proven (fail): 1 of 2 runs fail, worst 1.5 σ; sample [3, 2] to 5: ✗ 3 of 30 gradients fail.'],
  ['an op that did not run', withOp({ passed: false, verdict: 'error', error: 'gelu: needs WGSL that compiles.\nstack' }), 'gelu is not proven (error): gelu: needs WGSL that compiles.'],
  ['an op without runs', withOp({ runs: 0, elements: 0 }), 'gelu is not proven'],
  ['an op beyond its tolerance', withOp({ margin: 1.01 }), 'worst difference 1.01 of the tolerance'],
  ['an op whose margin is no number', withOp({ margin: 'NaN' as unknown as number }), 'worst difference NaN'],
  ['a broken convention', withOp({ passed: false, verdict: 'fail', conventions: [{ name: 'at 0', passed: false, got: 'dx[0] = 1, expected 0' }] }), 'convention at 0: dx[0] = 1, expected 0'],
  ['no adapter', { ...good, adapter: '' }, 'adapter'],
  ['wrong gradients before', { ...good, gradients: { before: { ...proven, passed: false, verdict: 'fail' }, after: proven } }, 'before training are not proven (fail): fc1.weight'],
  ['wrong gradients after', { ...good, gradients: { before: proven, after: { ...proven, passed: false } } }, 'after training are not proven'],
  ['nothing checked', { ...good, gradients: { before: { ...proven, checked: 0, total: 0 }, after: proven } }, '0 of 0 were checked'],
  ['not all checked', { ...good, gradients: { before: proven, after: { ...proven, checked: 9 } } }, '9 of 101770 were checked'],
  ['most of it noise', { ...good, gradients: { before: proven, after: { ...proven, proven: 80_000 } } }, 'after training: 80000 of 101770 are proven, 90.00 % must be'],
  ['an error beyond its bound', { ...good, gradients: { before: { ...proven, worst: { ...proven.worst, error: 1 } }, after: proven } }, 'worst error 1 is beyond'],
  ['an error that is no number', { ...good, gradients: { before: { ...proven, worst: { ...proven.worst, error: NaN } }, after: proven } }, 'NaN is beyond'],
  ['no step', { ...good, training: { ...good.training, steps: 0 } }, '0 steps'],
  ['a loss that rose', { ...good, training: { ...good.training, lastLoss: 3 } }, 'from 2.3 to 3'],
  ['no test digit', { ...good, data: { ...good.data, test: 0 } }, '0 digits'],
  ['low accuracy', { ...good, test: { ...good.test, accuracy: 0.9299 } }, 'Accuracy is 92.99 % on MNIST, required is 93.00 %'],
  ['an accuracy that is no number', { ...good, test: { ...good.test, accuracy: NaN } }, 'Accuracy is NaN'],
  ['two submits', { ...good, step: { ...good.step, submits: 2 } }, 'submits 2 times'],
  ['no kernel', { ...good, step: { ...good.step, dispatches: 0 } }, '0 kernels'],
  ['an allocation', { ...good, step: { ...good.step, buffersCreated: 1 } }, 'creates 1 buffers'],
];

for (const [what, measured, problem] of bad) {
  test(`not verified: ${what}`, () => expect(judge(measured).join('\n')).toContain(problem));
}

test('the table says what was found', () => {
  const result = { schema: 'chainrule/verify/1', version: '1.2.3', browser: 'chromium 1', requiredAccuracy: 0.93 } as const;
  const text = table({ ...result, passed: true, problems: [], measured: good });
  for (const part of ['SwiftShader', '2 of 2 ops proven, worst 1.5 σ (linear), 400 elements, 35 kernels 01234567, 2.4 s', 'MNIST: 8,000 to train', '101,770 of 101,770 checked', '95.00 % (required 93.00 %)', '9.50 ms, 12 dispatches, 1 submit']) expect(text).toContain(part);
  expect(text.split('\n').at(-1)).toBe('Verified.');
  const failed = table({ ...result, passed: false, problems: ['No browser.'], measured: null });
  expect(failed.split('\n').slice(-2)).toEqual(['- No browser.', 'NOT verified.']);
});

test('a folder that MNIST_DIR names must hold MNIST', () => {
  const empty = mkdtempSync(join(tmpdir(), 'chainrule-mnist-'));
  expect(() => findMnist({ MNIST_DIR: empty })).toThrow('got a folder without train-images-idx3-ubyte.gz');
  rmSync(empty, { recursive: true });
});
