// What the checker says of gradients that are right, wrong, missing or too small.

import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import type { Verdict } from '../../src/check/verdict.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { POISON_BITS } from '../../src/program/poison.ts';
import { setBuiltinNoise } from '../unit/float32-ops.ts';
import { mlp, Net } from '../unit/simulated-gpu.ts';
import { expect, expectSame, expectThrows } from './expect.ts';
import { copyOf, idOf, runNet } from './snapshots.ts';
import type { Case } from './suite.ts';

/** The net that most cases plant their errors in. */
export function tanhNet(): Snapshot {
  setBuiltinNoise(0);
  const { net, loss } = mlp(5, 5, [3, 7, 4], 'tanh', 'crossEntropy');
  return runNet(net, [{ tensor: loss }]);
}

const ACTIVATIONS = ['relu', 'tanh', 'gelu', 'sigmoid', 'silu', 'leakyRelu'];
const LOSSES = ['crossEntropy', 'mse', 'bceWithLogits'];

const PLANTS: Readonly<Record<string, { plant: (gradient: Float32Array, columns: number) => void; verdict: Verdict }>> = {
  'scaled by 1.001': { plant: (g) => g.forEach((value, i) => { g[i] = value * 1.001; }), verdict: 'fail' },
  'one element off by 1e-4': { plant: (g) => { g[7] *= 1 + 1e-4; }, verdict: 'fail' },
  'the first element off by 1e-4': { plant: (g) => { g[0] *= 1 + 1e-4; }, verdict: 'fail' },
  'the last element zeroed': { plant: (g) => { g[g.length - 1] = 0; }, verdict: 'fail' },
  'transposed': { plant: (g, columns) => { const copy = g.slice(); copy.forEach((value, i) => { g[(i % columns) * (g.length / columns) + Math.floor(i / columns)] = value; }); }, verdict: 'fail' },
  'one NaN': { plant: (g) => { g[3] = NaN; }, verdict: 'fail' },
  'one infinity': { plant: (g) => { g[3] = Infinity; }, verdict: 'fail' },
  'negated': { plant: (g) => g.forEach((value, i) => { g[i] = -value; }), verdict: 'fail' },
  'all zero': { plant: (g) => g.fill(0), verdict: 'unwritten' },
  'all poison': { plant: (g) => new Uint32Array(g.buffer).fill(POISON_BITS), verdict: 'unwritten' },
  'last two poison': { plant: (g) => new Uint32Array(g.buffer).fill(POISON_BITS, g.length - 2), verdict: 'fail' },
};

export const verdictCases: readonly Case[] = [
  {
    name: 'correct nets pass, and the report counts all of them',
    run: () => {
      const sigmas: number[] = [];
      for (let seed = 1; seed <= 6; seed++) {
        setBuiltinNoise(seed % 3 / 2, seed);
        const { net, loss } = mlp(seed, 1 + seed * 7 % 12, [1 + seed % 5, 3 + seed * 5 % 11, 2 + seed * 3 % 7, 2 + seed % 4], ACTIVATIONS[seed % 6], LOSSES[seed % 3]);
        const report = checkSnapshot(runNet(net, [{ tensor: loss }]));
        const total = report.tensors.reduce((sum, { count }) => sum + count, 0);
        expect(report.passed, `seed ${seed} to pass`, String(report));
        expectSame([report.checked, report.proven, report.total, report.faults, report.blame ?? null, report.explanations], [total, total, total, [], null, []], `seed ${seed}`);
        for (const { name, ratio, cosine, bits, failed, passed, count, worst, coverage } of report.tensors) {
          expect(Math.abs(ratio - 1) < 1e-4 && Math.abs(cosine - 1) < 1e-8 && bits > 14, `${name} to agree`, { ratio, cosine, bits });
          // The differences themselves are exact enough here: no complex step has to stand in for them.
          expectSame([failed, passed, coverage?.method, coverage?.differenced, coverage?.complexSteps], [0, count, 'every element', count, 0], name);
          if (worst) expect(worst.margin >= 0 && worst.margin < 0.75, `${name} to be within its tolerance`, worst);
        }
        sigmas.push(...report.tensors.map(({ worstSigma }) => worstSigma));
        expect(Math.abs(report.objective.gpu / report.objective.reference - 1) < 1e-5, 'the same objective', report.objective);
      }
      // Neither so wide that float32's own errors are out of sight, nor so narrow that a false alarm is near.
      const largest = Math.max(...sigmas);
      expect(largest > 0.2 && largest < 3, 'a largest error between 0.2σ and 3σ', largest);
    },
  },
  ...Object.entries(PLANTS).map(([name, { plant, verdict }]): Case => ({
    name: `caught: ${name}`,
    run: () => {
      const good = tanhNet();
      for (const tensor of ['0.weight', '2.weight']) {
        const bad = { ...copyOf(good), launches: [] };
        const id = idOf(bad, tensor);
        plant(bad.gradients[id], bad.graph.tensors[id].shape[1]);
        const report = checkSnapshot(bad);
        expectSame([report.passed, report.verdict], [false, verdict], tensor);
        expectSame(report.tensors.filter((found) => found.verdict !== 'pass').map((found) => [found.name, found.verdict]), [[tensor, verdict]], 'tensors');
      }
    },
  })),
  {
    name: 'every tensor is judged, at its first and at its last element',
    run: () => {
      const good = tanhNet();
      for (const id of Object.keys(good.gradients).map(Number)) {
        const { name, shape } = good.graph.tensors[id];
        for (const at of [0, good.gradients[id].length - 1]) {
          const bad = copyOf(good);
          bad.gradients[id][at] += 0.01;
          const report = checkSnapshot(bad);
          const found = report.tensors.find((tensor) => tensor.id === id);
          const index = shape.length === 2 ? [Math.floor(at / shape[1]), at % shape[1]] : [at];
          expectSame([report.verdict, found?.failed, found?.worst?.index, report.blame?.tensor], ['fail', 1, index, `d ${name}`], name);
          expectSame(report.tensors.filter(({ verdict }) => verdict !== 'pass').length, 1, 'wrong tensors');
        }
      }
    },
  },
  {
    name: 'poison is counted, and a single poisoned element fails',
    run: () => {
      const bad = tanhNet();
      const gradient = bad.gradients[idOf(bad, '0.weight')];
      new Uint32Array(gradient.buffer).fill(POISON_BITS, gradient.length - 2);
      const [tensor] = checkSnapshot(bad).tensors;
      expectSame([tensor.failed, tensor.unwritten, tensor.passed], [2, 2, gradient.length - 2], 'failed, unwritten, passed');
    },
  },
  {
    name: 'a wrong loss is red though all gradients are right',
    run: () => {
      const bad = tanhNet();
      bad.computed[bad.seeds[0].tensor][0] *= 1.001;
      expectSame(checkSnapshot({ ...bad, launches: [] }).verdict, 'fail', 'verdict');
    },
  },
  {
    name: 'a wrong value inside is red though it reached nothing that is read at the end',
    run: () => {
      const good = tanhNet();
      const launches = good.launches.map(({ outputs, ...launch }, index) => ({
        ...launch, outputs: outputs.map((output) => (index === 1 ? { ...output, data: output.data.map((value, i) => (i === 2 ? NaN : value)) } : output)),
      }));
      const report = checkSnapshot({ ...good, launches });
      expectSame([report.passed, report.verdict], [false, 'fail'], 'verdict');
    },
  },
  {
    name: 'a dead net is nothing to check',
    run: () => {
      const net = new Net();
      const x = net.leaf('x', 'input', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
      const weight = net.leaf('0.weight', 'parameter', [4, 2], new Float32Array(8).fill(-1));
      const hidden = net.apply('relu', '1', { x: net.apply('linear', '0', { x, weight }) });
      const report = checkSnapshot(runNet(net, [{ tensor: net.apply('sum', 'loss', { x: hidden }) }]));
      expectSame([report.passed, report.verdict], [false, 'nothing-to-check'], 'verdict');
    },
  },
  {
    name: 'a snapshot without gradients is nothing to check',
    run: () => {
      const net = new Net();
      const x = net.random('x', 'input', [3, 2], 4);
      const report = checkSnapshot(runNet(net, [{ tensor: net.apply('tanh', 'loss', { x }) }]));
      expectSame([report.passed, report.verdict, report.total], [false, 'nothing-to-check', 0], 'verdict');
    },
  },
  {
    name: 'gradients below rounding noise prove nothing',
    run: () => {
      // The rows of a softmax sum to 1, so a cotangent of ones has no gradient but for rounding.
      const net = new Net();
      const x = net.random('x', 'parameter', [4, 7], 3);
      const report = checkSnapshot(runNet(net, [{ tensor: net.apply('softmax', 'loss', { x }) }]));
      expectSame([report.passed, report.verdict], [false, 'below-noise'], 'verdict');
    },
  },
  {
    name: 'a snapshot that does not fit its graph is refused',
    run: () => {
      const good = tanhNet();
      const id = idOf(good, '0.weight');
      const { [id]: _, ...gradients } = good.gradients;
      expectThrows(() => checkSnapshot({ ...good, gradients }), /needs a gradient of every parameter, got none for 0\.weight/);
      expectThrows(() => checkSnapshot({ ...good, gradients: { ...good.gradients, [id]: new Float32Array(3) } }), /needs 21 gradients for 0\.weight \[7, 3\], got 3/);
      expectThrows(() => checkSnapshot({ ...good, values: { ...good.values, [id]: new Float32Array(21).fill(NaN) } }), /needs finite values, got NaN/);
      expectThrows(() => checkSnapshot({ ...good, computed: {} }), /needs the computed value of every tensor that is a seed/);
    },
  },
];
