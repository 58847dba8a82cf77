import { expect, test } from 'playwright/test';
import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import { packError, unpackError } from '../../src/check/messages.ts';
import { Report } from '../../src/check/report.ts';
import { DataError } from '../../src/errors.ts';
import { setBuiltinNoise } from './float32-ops.ts';
import { mlp } from './simulated-gpu.ts';

function snapshot() {
  setBuiltinNoise(0);
  const { net, loss } = mlp(3, 16, [2, 16, 2], 'relu', 'crossEntropy');
  return net.snapshot([{ tensor: loss }]);
}

test('the first line of a good report', () => {
  const report = checkSnapshot(snapshot());
  const lines = String(report).split('\n');
  expect(lines[0]).toBe('82 of 82 gradients proven on simulated float32');
  const table = lines.slice(2, 7);
  expect(table[0]).toMatch(/^gradient {2}shape {4}verdict {2}passed {2}worst\/tolerance {2}bits/);
  expect(table[1]).toMatch(/^0\.weight {2}\[16, 2\] {2}pass {6}32\/32 /);
  // Aligned: every number column ends at the same place.
  const end = table[0].indexOf('worst/tolerance') + 'worst/tolerance'.length;
  for (const line of table.slice(1, 5)) expect(line.slice(end - 5, end)).toMatch(/\d\.\d{3}$/);
});

test('the first line of a bad report names the tensors and counts the elements', () => {
  const bad = snapshot();
  const id = bad.graph.tensors.findIndex(({ name }) => name === '2.weight');
  for (const i of [0, 5, 9]) bad.gradients[id][i] = bad.gradients[id][i] * 1.5 + 0.25;
  const lines = String(checkSnapshot(bad)).split('\n');
  expect(lines[0]).toBe('✗ 3 of 82 gradients fail on simulated float32: 2.weight');
  expect(lines[1]).toBe("  first wrong: the backward of linear '2' to its weight");
  expect(lines[2]).toMatch(/^ {2}2\.weight: at \[0, \d\] the GPU has .*, the reference .* ± .*; σ .*, tolerance .*$/);
});

test('a launch that carries the name is named', () => {
  const bad = snapshot();
  const id = bad.graph.tensors.findIndex(({ name }) => name === '2.weight');
  bad.gradients[id].fill(0);
  const report = checkSnapshot({ ...bad, launches: [{ label: 'd2.weight', kernel: 'matmul-tn 16x16' }] });
  expect(report.blame).toBe("the backward of linear '2' to its weight (launch d2.weight, kernel matmul-tn 16x16)");
  expect(String(report).split('\n')[0]).toBe('✗ 32 of 82 gradients fail on simulated float32: 2.weight (never written)');
});

test('a report survives a structured clone and JSON', () => {
  const bad = snapshot();
  bad.gradients[Number(Object.keys(bad.gradients)[0])][0] = NaN;
  const report = checkSnapshot(bad);
  const again = new Report(structuredClone({ ...report }));
  expect(String(again)).toBe(String(report));
  const json = JSON.parse(JSON.stringify(report));
  expect(json).toMatchObject({ schema: 'chainrule/gradient-report/1', passed: false, verdict: 'fail', total: 82, adapter: 'simulated float32' });
  expect(json.tensors[0].worst).toMatchObject({ index: [0, 0], gpu: 'NaN', margin: 'Infinity' });
});

test('an error keeps its class and code on the way from a worker', () => {
  const error = unpackError(structuredClone(packError(new DataError('who', 'rule', 'got', 'Advice.'))));
  expect(error).toBeInstanceOf(DataError);
  expect(error).toMatchObject({ message: 'who: needs rule, got got. Advice.', code: 'data' });
  expect(unpackError(packError(new TypeError('plain'))).message).toBe('plain');
});
