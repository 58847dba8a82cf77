import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { judge, table } from '../../src/cli/verify-report.mjs';
import { findMnist } from '../../src/cli/verify.mjs';
import type { VerifiedGradients, VerifyMeasured } from '../../src/lab/verify-result.ts';

const proven: VerifiedGradients = { passed: true, verdict: 'pass', checked: 101_770, total: 101_770, worst: { tensor: 'fc1.weight', error: 1e-7, allowed: 1e-5 } };
const good: VerifyMeasured = {
  adapter: 'SwiftShader (google, software)',
  data: { source: 'mnist', name: 'MNIST', train: 8000, test: 1000 },
  net: { layers: '784-128-10, ReLU', parameters: 101_770 },
  training: { optimizer: 'Adam', learningRate: 1e-3, batchSize: 64, epochs: 10, steps: 1250, seed: 42, firstLoss: 2.3, lastLoss: 0.05, seconds: 12 },
  step: { ms: 9.5, dispatches: 12, submits: 1, buffersCreated: 0, bindGroupsCreated: 0 },
  gradients: { before: proven, after: proven },
  test: { accuracy: 0.95, loss: 0.2 },
};

test('a good measurement passes', () => expect(judge(good)).toEqual([]));

const bad: readonly [what: string, measured: VerifyMeasured, problem: string][] = [
  ['no adapter', { ...good, adapter: '' }, 'adapter'],
  ['wrong gradients before', { ...good, gradients: { before: { ...proven, passed: false, verdict: 'fail' }, after: proven } }, 'before training are not proven (fail): fc1.weight'],
  ['wrong gradients after', { ...good, gradients: { before: proven, after: { ...proven, passed: false } } }, 'after training are not proven'],
  ['nothing checked', { ...good, gradients: { before: { ...proven, checked: 0, total: 0 }, after: proven } }, '0 of 0 were checked'],
  ['not all checked', { ...good, gradients: { before: proven, after: { ...proven, checked: 9 } } }, '9 of 101770 were checked'],
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
  for (const part of ['SwiftShader', 'MNIST: 8,000 to train', '101,770 of 101,770 checked', '95.00 % (required 93.00 %)', '9.50 ms, 12 dispatches, 1 submit']) expect(text).toContain(part);
  expect(text.split('\n').at(-1)).toBe('Verified.');
  const failed = table({ ...result, passed: false, problems: ['No browser.'], measured: null });
  expect(failed.split('\n').slice(-2)).toEqual(['- No browser.', 'NOT verified.']);
});

test('a folder that MNIST_DIR names must hold MNIST', () => {
  const empty = mkdtempSync(join(tmpdir(), 'chainrule-mnist-'));
  expect(() => findMnist({ MNIST_DIR: empty })).toThrow('got a folder without train-images-idx3-ubyte.gz');
  rmSync(empty, { recursive: true });
});
