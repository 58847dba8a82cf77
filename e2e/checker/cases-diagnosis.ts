// Whether the first wrong tensor is blamed, and whether explanations are said only where they hold.

import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import type { Report } from '../../src/check/report.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { normal } from '../../src/proof/sample-data.ts';
import { setBuiltinNoise } from '../unit/float32-ops.ts';
import { mlp } from '../unit/simulated-gpu.ts';
import { expect, expectSame } from './expect.ts';
import { idOf, runNet } from './snapshots.ts';
import type { RunOptions } from './snapshots.ts';
import type { Case } from './suite.ts';

function reluNet(options: RunOptions = {}): Snapshot {
  setBuiltinNoise(0);
  const { net, loss } = mlp(6, 12, [8, 8, 5], 'relu', 'crossEntropy');
  return runNet(net, [{ tensor: loss }], options);
}

/** The report on a net in which one launch's output is changed before anything reads it. */
function tampered(label: string, tensor: string, kind: string, change: (data: Float32Array) => void): Report {
  let applied = 0;
  const snapshot = reluNet({
    tamper: (output, data) => {
      if (output.label !== label || output.name !== tensor || output.meaning.kind !== kind) return;
      applied++;
      change(data);
    },
  });
  expectSame(applied, 1, `the output ${tensor} of ${label}`);
  return checkSnapshot(snapshot);
}

const symptoms = (report: Report): string[] => report.explanations.map(({ symptom }) => symptom);

const PATTERNS: Readonly<Record<string, (data: Float32Array) => void>> = {
  'factor': (data) => data.forEach((value, i) => { data[i] = 32 * value; }),
  'transposed': (data) => { const copy = data.slice(); copy.forEach((value, i) => { data[(i % 8) * 8 + (i >> 3)] = value; }); },
  'zero-block': (data) => data.fill(0, 32),
  'edge': (data) => { for (let row = 0; row < 8; row++) data[8 * row + 7] *= 1.5 + row; },
};

export const diagnosisCases: readonly Case[] = [
  {
    name: 'the first wrong launch is blamed, whatever follows from it',
    run: () => {
      const report = tampered('1.backward', '0.out', 'gradient', (data) => data.forEach((value, i) => { data[i] = 1.25 * value; }));
      expectSame([report.verdict, report.blame?.launch?.label, report.blame?.node, report.blame?.tensor], ['fail', '1.backward', { op: 'relu', label: '1' }, 'd 0.out'], 'blame');
      expect((report.blame?.follows.length ?? 0) >= 2 && report.blame!.follows.every((name) => /^d (0\.weight|0\.bias|inputs)$/.test(name)), 'the gradients of the first layer to follow', report.blame?.follows);
      expectSame(report.blame?.others, [], 'others');
      expectSame(report.tensors.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name), ['0.weight', '0.bias'], 'wrong gradients');
    },
  },
  {
    name: 'a wrong forward value is blamed before the gradients that it spoils',
    run: () => {
      const report = tampered('0', '0.out', 'value', (data) => { data[5] += 0.25; });
      expectSame([report.verdict, report.blame?.launch?.label, report.blame?.kind, report.blame?.tensor], ['fail', '0', 'value', '0.out'], 'blame');
    },
  },
  {
    name: 'two mistakes are told apart',
    run: () => {
      const snapshot = reluNet({
        tamper: ({ label, name, meaning }, data) => {
          if (meaning.kind === 'gradient' && ((label === '2.backward' && name === '2.bias') || (label === '0.backward' && name === '0.weight'))) data[1] += 0.5;
        },
      });
      const report = checkSnapshot(snapshot);
      expectSame([report.blame?.launch?.label, report.blame?.tensor, report.blame?.follows, report.blame?.others], ['2.backward', 'd 2.bias', [], ['d 0.weight']], 'blame');
    },
  },
  ...Object.entries(PATTERNS).map(([symptom, change]): Case => ({
    name: `explained: ${symptom}`,
    run: () => {
      const report = tampered('0.backward', '0.weight', 'gradient', change);
      expectSame([report.blame?.launch?.label, report.blame?.tensor], ['0.backward', 'd 0.weight'], 'blame');
      expect(symptoms(report).includes(symptom), `${symptom} among the explanations`, symptoms(report));
      expect(report.explanations.every(({ tensor }) => tensor === 'd 0.weight'), 'explanations of the blamed tensor', report.explanations);
    },
  })),
  {
    name: 'explained: stale',
    run: () => {
      setBuiltinNoise(0);
      const { net, loss } = mlp(6, 12, [8, 8, 5], 'relu', 'crossEntropy');
      const earlier = net.data[0].data.slice();
      net.data[0].data.forEach((_, i, data) => { data[i] = normal(77, i); });
      const previous = runNet(net, [{ tensor: loss }]).gradients;
      net.data[0].data.set(earlier);
      const id = net.tensors.find(({ name }) => name === '0.weight')!.id;
      const snapshot = runNet(net, [{ tensor: loss }], { tamper: ({ name, meaning }, data) => { if (name === '0.weight' && meaning.kind === 'gradient') data.set(previous[id]); } });
      const report = checkSnapshot({ ...snapshot, previous });
      expect(symptoms(report).slice(0, 2).includes('stale'), 'stale among the first two explanations', symptoms(report));
    },
  },
  {
    name: 'numbers without a pattern are not given one',
    run: () => {
      const report = tampered('0.backward', '0.weight', 'gradient', (data) => data.forEach((value, i) => { data[i] = value + 0.1 * normal(5, i); }));
      expectSame(symptoms(report).filter((symptom) => symptom !== 'upstream-only'), ['formula'], 'explanations');
    },
  },
  {
    name: 'a factor that does not hold everywhere is not said',
    run: () => {
      const report = tampered('0.backward', '0.weight', 'gradient', (data) => {
        const largest = data.reduce((at, value, i) => (Math.abs(value) > Math.abs(data[at]) ? i : at), 0);
        const row = largest - largest % 8;
        data.forEach((value, i) => { data[i] = (i >= row && i < row + 3 ? 2.5 : 2) * value; });
      });
      expect(!symptoms(report).includes('factor'), 'no factor', report.explanations);
    },
  },
  {
    name: 'a report says what is wrong in its first lines',
    run: () => {
      const bad = reluNet();
      const gradient = bad.gradients[idOf(bad, '2.weight')];
      for (const i of [0, 5, 9]) gradient[i] = gradient[i] * 1.5 + 0.25;
      const lines = String(checkSnapshot(bad)).split('\n');
      expect(lines[0] === '✗ 3 of 117 gradients fail on simulated float32: 2.weight', 'the counts and the tensor in the first line', lines[0]);
      const json = JSON.parse(JSON.stringify(checkSnapshot(bad)));
      expectSame([json.passed, json.verdict, json.tensors.filter((tensor: { failed: number }) => tensor.failed > 0).length], [false, 'fail', 1], 'JSON');
      const good = checkSnapshot(reluNet());
      expect(String(good).startsWith('117 of 117 gradients proven on simulated float32'), 'a green first line', String(good).split('\n')[0]);
      expectSame(JSON.parse(JSON.stringify(good)).passed, true, 'JSON');
    },
  },
];
