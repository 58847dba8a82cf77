import { expect, test } from 'playwright/test';
import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import { packError, unpackError } from '../../src/check/messages.ts';
import { Report } from '../../src/check/report.ts';
import { DataError } from '../../src/errors.ts';
import { setBuiltinNoise } from './float32-ops.ts';
import { mlp, Net } from './simulated-gpu.ts';

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
  expect(table[0]).toMatch(/^gradient {2}shape {4}verdict {2}passed {2}worst σ {2}bits {2}worst\/tolerance .* relative error$/);
  expect(table[1]).toMatch(/^0\.weight {2}\[16, 2\] {2}pass {6}32\/32 /);
  // Aligned: every number column ends at the same place.
  const end = table[0].indexOf('worst/tolerance') + 'worst/tolerance'.length;
  for (const line of table.slice(1, 5)) expect(line.slice(end - 5, end)).toMatch(/\d\.\d{3}$/);
  // How close it was, of all tensors: the element with the largest margin.
  const closest = [...report.tensors].sort((a, b) => b.worst!.margin - a.worst!.margin)[0];
  expect(lines[8]).toMatch(/^worst element: .* at \[.*\] the GPU has .*, the reference .* ± .*; σ .*, tolerance .*, relative error .*$/);
  expect(lines[8]).toContain(`worst element: ${closest.name} at [${closest.worst!.index.join(', ')}] `);
});

test('the first line of a bad report names the tensors and counts the elements', () => {
  const bad = snapshot();
  const id = bad.graph.tensors.findIndex(({ name }) => name === '2.weight');
  for (const i of [0, 5, 9]) bad.gradients[id][i] = bad.gradients[id][i] * 1.5 + 0.25;
  const lines = String(checkSnapshot(bad)).split('\n');
  expect(lines[0]).toBe('✗ 3 of 82 gradients fail on simulated float32: 2.weight');
  expect(lines[1]).toBe("  first wrong: the backward of linear '2' to its weight");
  expect(lines[2]).toMatch(/^ {2}looks like formula: wrong at 3 elements of 32/);
  expect(lines[3]).toMatch(/^ {2}2\.weight \[2, 16\]: at \[0, \d\] the GPU has .*, the reference .* ± .*; σ .*, tolerance .*$/);
  expect(lines.some((line) => line.startsWith('worst element'))).toBe(false);
});

test('the launch that wrote the first wrong tensor is named, and what it does', () => {
  setBuiltinNoise(0);
  const { net, loss } = mlp(3, 16, [2, 16, 2], 'relu', 'crossEntropy');
  const report = checkSnapshot(net.observed([{ tensor: loss }], undefined, (meaning, data, label) => {
    if (label === '2.backward' && meaning.kind === 'gradient' && net.tensors[meaning.tensor].name === '2.bias') data.fill(0);
  }));
  expect(report.launches.map(({ label, kernel }) => [label, kernel]).slice(-2)).toEqual([['1.backward', 'relu-backward'], ['0.backward', 'linear-backward']]);
  expect(report.blame).toEqual({
    launch: { label: '2.backward', kernel: 'linear-backward' }, node: { op: 'linear', label: '2' }, tensor: 'd 2.bias', kind: 'gradient', follows: [], others: [],
    problems: [expect.stringMatching(/^linear .*seed=1$/)],
    text: "d 2.bias: the backward of linear '2', launch 2.backward, kernel linear-backward",
  });
  expect(String(report).split('\n')[0]).toBe('✗ 2 of 82 gradients fail on simulated float32: 2.bias (never written)');
});

test('elements below noise have a column of their own, where there are any', () => {
  setBuiltinNoise(0);
  const net = new Net();
  const x = net.random('x', 'parameter', [3, 5], 3);
  const noisy = net.snapshot([{ tensor: net.apply('sum', 'loss', { x: net.apply('softmax', 'soft', { x }) }) }]);
  const report = checkSnapshot(noisy);
  const json = JSON.parse(JSON.stringify(report));
  expect(report.tensors[0].belowNoise).toBe(15);
  expect(json.tensors[0].belowNoise).toBe(15);
  expect(String(report)).toMatch(/gradient {2}shape {3}verdict {6}passed {2}below noise {2}worst σ.*\nx {9}\[3, 5\] {2}below-noise {3}15\/15 {11}15 /);
  expect(String(checkSnapshot(snapshot()))).not.toContain('below noise');
});

test('a report survives a structured clone and JSON', () => {
  const bad = snapshot();
  bad.gradients[Number(Object.keys(bad.gradients)[0])][0] = NaN;
  const report = checkSnapshot(bad);
  const again = new Report(structuredClone({ ...report }));
  expect(String(again)).toBe(String(report));
  const json = JSON.parse(JSON.stringify(report));
  expect(json).toMatchObject({ schema: 'chainrule/gradient-report/2', passed: false, verdict: 'fail', total: 82, adapter: 'simulated float32' });
  expect(json.tensors[0].worst).toMatchObject({ index: [0, 0], gpu: 'NaN', margin: 'Infinity' });
});

test('an error keeps its class and code on the way from a worker', () => {
  const error = unpackError(structuredClone(packError(new DataError('who', 'rule', 'got', 'Advice.'))));
  expect(error).toBeInstanceOf(DataError);
  expect(error).toMatchObject({ message: 'who: needs rule, got got. Advice.', code: 'data' });
  expect(unpackError(packError(new TypeError('plain'))).message).toBe('plain');
});
