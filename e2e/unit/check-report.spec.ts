import { expect, test } from 'playwright/test';
import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import { packError, unpackError } from '../../src/check/messages.ts';
import { Report } from '../../src/check/report.ts';
import { DataError } from '../../src/errors.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { recordLaunches } from '../../src/program/launch-record.ts';
import { planProgram } from '../../src/program/plan.ts';
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
  expect(table[0]).toMatch(/^gradient {2}shape {4}verdict {2}passed {2}worst\/tolerance {2}bits/);
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
  expect(lines[2]).toMatch(/^ {2}2\.weight: at \[0, \d\] the GPU has .*, the reference .* ± .*; σ .*, tolerance .*$/);
  expect(lines.some((line) => line.startsWith('worst element'))).toBe(false);
});

/** The launches that a device would run for the snapshot's graph. */
function launchesOf({ graph, seeds, gradients }: Snapshot, fusion = true): Snapshot['launches'] {
  const plan = planProgram({
    name: 'net', graph, target: { adapterClass: 'cpu', maxBindings: 10, fusion, variants: {} },
    seeds: seeds.map(({ tensor }) => ({ tensor, cotangent: 'one' })), wanted: Object.keys(gradients).map(Number),
  });
  return recordLaunches(plan.launches, plan.gradients);
}

test('the launch that wrote the first wrong gradient is named, also where it wrote two', () => {
  const good = snapshot();
  const launches = launchesOf(good);
  expect(launches.filter(({ gradientsOf }) => gradientsOf.length > 0).map(({ label, kernel, gradientsOf }) => [label, kernel, gradientsOf.map((id) => good.graph.tensors[id].name)])).toEqual([
    ['2.backward', 'matmul-tn/small', ['2.weight', '2.bias']],
    ['0.backward', 'matmul-tn/small', ['0.weight', '0.bias']],
  ]);
  for (const [names, blame] of [
    [['2.weight'], "the backward of linear '2' to its weight (launch 2.backward, kernel matmul-tn/small)"],
    [['0.bias'], "the backward of linear '0' to its bias (launch 0.backward, kernel matmul-tn/small)"],
    [['0.weight', '0.bias'], "the backward of linear '0' to its weight and bias (launch 0.backward, kernel matmul-tn/small), or the backward to the input of relu '1', linear '2'"],
  ] as const) {
    const bad = snapshot();
    for (const { id, name } of bad.graph.tensors) if (names.some((wrong) => wrong === name)) bad.gradients[id].fill(0);
    expect(checkSnapshot({ ...bad, launches }).blame).toBe(blame);
  }
});

test('without fusion two launches write the two gradients, and both are named', () => {
  const bad = snapshot();
  for (const { id, name } of bad.graph.tensors) if (name.startsWith('2.') && bad.gradients[id]) bad.gradients[id].fill(0);
  const report = checkSnapshot({ ...bad, launches: launchesOf(bad, false) });
  expect(report.blame).toMatch(/^the backward of linear '2' to its weight and bias \(launch 2\.backward, kernel matmul-tn\/small; 2\.backward, kernel reduce\/serial\)/);
  expect(String(report).split('\n')[0]).toBe('✗ 34 of 82 gradients fail on simulated float32: 2.weight (never written), 2.bias (never written)');
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
  expect(String(report)).toMatch(/gradient {2}shape {3}verdict {6}passed {2}below noise {2}worst\/tolerance.*\nx {9}\[3, 5\] {2}below-noise {3}15\/15 {11}15 /);
  expect(String(checkSnapshot(snapshot()))).not.toContain('below noise');
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
