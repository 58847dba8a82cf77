// Rounding that all of a row inherits: correct code passes by what each launch had read, and a bug behind it does not.

import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { Net } from '../unit/simulated-gpu.ts';
import { setBuiltinNoise } from '../unit/float32-ops.ts';
import { expect, expectSame } from './expect.ts';
import { runNet } from './snapshots.ts';
import type { Case } from './suite.ts';

const WIDTH = 24;

const ramp = (count: number, from: number, to: number): Float32Array => Float32Array.from({ length: count }, (_, i) => from + (to - from) * ((i * 7) % count) / count);

/**
 * Linear layers whose weights have one sign, before a loss that is nearly sure: p - 1 is nearly nothing, so its rounding is large,
 * and every number of its row inherits it. `scaled` multiplies the gradients of some launches' outputs. With `kink` one number passes
 * a ReLU on another side than in exact arithmetic.
 */
function sureNet(scaled: Readonly<Record<string, number>> = {}, margin = 7, kink = false): Snapshot {
  setBuiltinNoise(0);
  const net = new Net();
  let x = net.leaf('x', 'input', [3, WIDTH], ramp(3 * WIDTH, 0.5, 1.5));
  for (const label of ['0', '1', '2']) x = net.apply('linear', label, { x, weight: net.leaf(`${label}.weight`, 'parameter', [WIDTH, WIDTH], ramp(WIDTH ** 2, 0.03, 0.05)) });
  const ulp = 2 ** -23;
  if (kink) {
    // Nothing but the first number is near 0: exactly a little below, on the GPU, which rounds it up, above.
    const offset = new Float32Array(3 * WIDTH);
    offset[0] = -net.data[x]!.data[0]! * (1 + ulp);
    x = net.apply('relu', 'relu', { x: net.apply('add', 'shift', { a: x, b: net.leaf('offset', 'input', [3, WIDTH], offset) }) });
  }
  const weight = net.leaf('last.weight', 'parameter', [2, WIDTH], Float32Array.from({ length: 2 * WIDTH }, (_, i) => (i < WIDTH ? 0.05 : -0.05)));
  // The two logits differ by the same in all rows, but for their own differences.
  const apart = net.apply('linear', 'apart', { x, weight });
  const [first, second] = net.data[apart]!.data;
  const bias = net.leaf('last.bias', 'parameter', [2], Float32Array.of(margin - (first! - second!), 0));
  const input = net.apply('linear', 'last', { x, weight, bias });
  const target = net.leaf('targets', 'target', [3], new Uint32Array(3));
  return runNet(net, [{ tensor: net.apply('crossEntropy', 'loss', { input, target }) }], {
    tamper: ({ label, meaning }, data) => {
      if (kink && label === '2' && meaning.kind === 'value') data[0] = data[0]! * (1 + 3 * ulp);
      const factor = scaled[label];
      if (factor === undefined || meaning.kind === 'value') return;
      // Of the loss only p - 1 of the right class, whose digits cancel; the other class's p has all of its own.
      data.forEach((value, i) => { data[i] = label === 'loss.backward' && i % 2 === 1 ? value : factor * value; });
    },
  });
}

export const groundedCases: readonly Case[] = [
  {
    name: 'rounding that a whole row inherits is no bug, and the report says how many elements it took out of their tolerance',
    run: () => {
      const report = checkSnapshot(sureNet({ 'loss.backward': 1 + 8e-5 }));
      expectSame([report.passed, report.verdict, report.blame], [true, 'pass', undefined], String(report));
      const count = report.tensors.reduce((sum, { amplified: of = 0 }) => sum + of, 0);
      expect(count > 100, 'elements beyond the tolerance of the whole run', count);
      expect(report.tensors.every(({ worst, worstSigma }) => worst!.margin <= 1 && worstSigma <= 4), 'every element within the tolerance that it was judged by', report.tensors.map(({ worst }) => worst));
      expect(String(report).split('\n')[0]!.includes(`; ${count.toLocaleString('en-US')} judged by what each launch had read`), 'the first line to say so', String(report).split('\n')[0]);
      expectSame(checkSnapshot(sureNet()).tensors.map(({ amplified }) => amplified), [undefined, undefined, undefined, undefined, undefined], 'without that rounding');
    },
  },
  {
    name: 'a bug that the inherited rounding would hide is found, where it is',
    run: () => {
      for (const [label, tensor, factor] of [['1.backward', 'd 0.out', 1 + 4e-6], ['loss.backward', 'd last.out', 1 + 2e-3], ['2.backward', 'd 1.out', 0.5]] as const) {
        const report = checkSnapshot(sureNet({ 'loss.backward': 1 + 8e-5, [label]: factor }));
        expectSame([report.passed, report.verdict, report.blame?.launch?.label, report.blame?.tensor], [false, 'fail', label, tensor], String(report));
      }
    },
  },
  {
    name: 'an element off by more than a thousandth is below noise, even where every launch is right, and behind a kink',
    run: () => {
      for (const kink of [false, true]) {
        const report = checkSnapshot(sureNet({ 'loss.backward': 1 + 9e-3 }, 12, kink));
        const { belowNoise, amplified } = report.tensors[0]!;
        expectSame([report.verdict, report.kinks.length, report.total - report.proven, amplified], [kink ? 'kink' : 'pass', kink ? 1 : 0, belowNoise, belowNoise], String(report));
        expect(belowNoise > 100, 'elements below noise', belowNoise);
      }
    },
  },
  {
    name: 'rounding that sends a whole layer to the other side of a kink is no bug, and a threshold that does is one',
    run: () => {
      setBuiltinNoise(0);
      const layers = ['0', '1', '2', '3', '4', '5'];
      const weights = layers.map((_, layer) => ramp(WIDTH ** 2, 0.03 + layer / 1e3, 0.05));
      const inputs = ramp(3 * WIDTH, 0.5, 1.5);
      const exactly = weights.reduce<readonly number[]>((x, weight) => Array.from({ length: 3 * WIDTH }, (_, at) => {
        const [row, column] = [Math.floor(at / WIDTH), at % WIDTH];
        return Array.from({ length: WIDTH }, (_, k) => x[row * WIDTH + k]! * weight[column * WIDTH + k]!).reduce((sum, term) => sum + term, 0);
      }), [...inputs]);
      const net = new Net();
      let x = net.leaf('x', 'input', [3, WIDTH], inputs);
      for (const [layer, label] of layers.entries()) x = net.apply('linear', label, { x, weight: net.leaf(`${label}.weight`, 'parameter', [WIDTH, WIDTH], weights[layer]!) });
      const offset = net.leaf('offset', 'input', [3, WIDTH], Float32Array.from(exactly, (value) => -value * (1 + 1.2e-6)));
      const relu = net.apply('relu', 'relu', { x: net.apply('add', 'shift', { a: x, b: offset }) });
      const out = net.apply('linear', 'last', { x: net.apply('add', 'back', { a: relu, b: net.leaf('one', 'input', [1], Float32Array.of(1)) }), weight: net.random('w', 'parameter', [3, WIDTH], 5) });
      for (const [threshold, verdict] of [[0, 'pass'], [1e-3, 'fail']] as const) {
        const report = checkSnapshot(runNet(net, [{ tensor: out }], {
          tamper: ({ label, meaning, name }, data) => {
            // Each layer rounds up, by less than it may.
            if (layers.includes(label) && meaning.kind === 'value') data.forEach((value, i) => { data[i] = value * (1 + 4.5e-7); });
            if (threshold > 0 && (name === 'relu.out' || (label === 'relu.backward' && name === 'shift.out'))) data.fill(0);
          },
        }));
        expectSame([report.passed, report.kinks], [verdict === 'pass', []], `${threshold}: ${report}`);
      }
    },
  },
];
