// Whether the tolerance is κ times the σ that the variance model gives: computed here once more, apart from the checker.

import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import { usedError } from '../../src/check/used-error.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { normal } from '../../src/proof/sample-data.ts';
import { DEFAULT_ROUNDING } from '../../src/reference/rounding.ts';
import { setBuiltinNoise } from '../unit/float32-ops.ts';
import { mlp, Net } from '../unit/simulated-gpu.ts';
import { expect, expectSame } from './expect.ts';
import { copyOf, idOf, runNet } from './snapshots.ts';
import type { Case } from './suite.ts';

const U = 2 ** -24;
const [M, K, H, N] = [9, 6, 7, 8];

/** Σ over p of f(i, p)·g(p, j), Σ of absolute terms and the variance by the model, for all i and j. */
function dot(rows: number, inner: number, columns: number, f: (i: number, p: number) => [number, number], g: (p: number, j: number) => [number, number]) {
  const value: number[] = [];
  const variance: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      let size = 0;
      let carried = 0;
      for (let p = 0; p < inner; p++) {
        const [a, sa] = f(i, p);
        const [b, sb] = g(p, j);
        sum += a * b;
        size += Math.abs(a * b);
        carried += a * a * sb + sa * b * b;
      }
      value.push(sum);
      variance.push(carried + (0.6 * Math.sqrt(inner) * U * size) ** 2);
    }
  }
  return { value, variance };
}

/** Two linear layers under a random cotangent, with the gradients of both weights in float64 and their variances. */
function twoLayers(): { snapshot: Snapshot; expected: Record<string, { value: number[]; variance: number[] }> } {
  setBuiltinNoise(0);
  const net = new Net();
  const x = net.random('x', 'input', [M, K], 1);
  const first = net.random('first', 'parameter', [H, K], 2);
  const second = net.random('second', 'parameter', [N, H], 3);
  const out = net.apply('linear', '1', { x: net.apply('linear', '0', { x, weight: first }), weight: second });
  const cotangent = Float32Array.from({ length: M * N }, (_, i) => normal(4, i));
  const at = (id: number, columns: number) => (i: number, j: number): [number, number] => [net.data[id].data[i * columns + j], 0];
  const [X, W1, W2] = [at(x, K), at(first, K), at(second, H)];
  const D = (i: number, j: number): [number, number] => [cotangent[i * N + j], 0];
  const h = dot(M, K, H, X, (p, j) => W1(j, p));
  const dh = dot(M, N, H, D, W2);
  return {
    snapshot: runNet(net, [{ tensor: out, cotangent }]),
    expected: {
      first: dot(H, M, K, (i, p) => [dh.value[p * H + i], dh.variance[p * H + i]], X),
      second: dot(N, M, H, (i, p) => D(p, i), (p, j) => [h.value[p * H + j], h.variance[p * H + j]]),
    },
  };
}

/** The float32 number that lies nearest to `sigmas` standard deviations off, and how far off it is. */
function off(value: number, sigma: number, sigmas: number): { at: number; sigmas: number } {
  const at = Math.fround(value + sigmas * sigma);
  return { at, sigmas: Math.abs(at - value) / sigma };
}

export const toleranceCases: readonly Case[] = [
  {
    name: 'σ is that of the model, and an error of 3.5σ passes where one of 4.5σ fails',
    run: () => {
      const { snapshot, expected } = twoLayers();
      const good = checkSnapshot(snapshot);
      expect(good.passed, 'the layers to pass', String(good));
      expectSame(good.tensors.map(({ coverage, count }) => [coverage?.differenced === count, coverage?.complexSteps]), [[true, 0], [true, 0]], 'differences of every element, and no complex step in their place');
      for (const [name, { value, variance }] of Object.entries(expected)) {
        const id = idOf(snapshot, name);
        // Where cancellation makes the value small against its σ, float32 can hold an error of any size.
        const fine = [...value.keys()].sort((a, b) => Math.abs(value[a]) / variance[a] ** 0.5 - Math.abs(value[b]) / variance[b] ** 0.5)[0];
        const places = [fine, value.length - 1];
        for (const place of places) {
          const sigma = Math.sqrt(variance[place]);
          for (const [wanted, passes] of [[3.5, true], [-3.5, true], [4.6, false], [-4.6, false]] as const) {
            const planted = off(value[place], sigma, wanted);
            const changed = copyOf(snapshot);
            changed.gradients[id][place] = planted.at;
            const report = checkSnapshot(changed);
            const tensor = report.tensors.find((found) => found.id === id);
            expectSame([planted.sigmas < 4, report.passed, tensor?.failed], [passes, passes, passes ? 0 : 1], `${name}[${place}] off by ${planted.sigmas.toFixed(2)}σ`);
            expect(Math.abs((tensor?.worst?.sigma ?? 0) / sigma - 1) < 1e-6, `σ = ${sigma} at ${name}[${place}]`, tensor?.worst);
            expect(Math.abs((tensor?.worstSigma ?? 0) / planted.sigmas - 1) < 1e-3, `${planted.sigmas}σ at ${name}[${place}]`, tensor?.worstSigma);
            expect(Math.abs((tensor?.worst?.tolerance ?? 0) / (4 * sigma) - 1) < 1e-3, `a tolerance of 4σ at ${name}[${place}]`, tensor?.worst);
            expectSame([tensor?.worst?.gpu, tensor?.worst?.margin === undefined ? undefined : Math.round(tensor.worst.margin * 100)], [planted.at, Math.round(planted.sigmas * 25)], `the worst element of ${name}`);
          }
        }
      }
    },
  },
  {
    name: 'what launches wrote is judged by the same limit',
    run: () => {
      const { snapshot } = twoLayers();
      const [hidden] = snapshot.launches[0].outputs;
      const row = Math.floor(3 / H);
      for (const [wanted, passes] of [[3.3, true], [5, false]] as const) {
        const { value, variance } = dot(1, K, 1, (_, p) => [snapshot.values[0][row * K + p], 0], (p) => [snapshot.values[1][3 * K + p], 0]);
        const planted = off(value[0], Math.sqrt(variance[0]), wanted);
        if (planted.sigmas < 4 !== passes) continue;
        const data = hidden.data.map((before, i) => (i === 3 ? planted.at : before));
        const launches = snapshot.launches.map((launch, index) => (index === 0 ? { ...launch, outputs: [{ ...hidden, data }] } : launch));
        const report = checkSnapshot({ ...snapshot, launches });
        expectSame([report.launches[0].outputs[0].verdict, report.passed], [passes ? 'pass' : 'fail', passes], `off by ${planted.sigmas}σ`);
        expect(Math.abs(report.launches[0].outputs[0].worstSigma / planted.sigmas - 1) < 1e-3, `${planted.sigmas}σ`, report.launches[0].outputs[0].worstSigma);
      }
    },
  },
  {
    name: 'what a device flushes to 0 is no error, however much it is multiplied with afterwards',
    run: () => {
      const net = new Net();
      const x = net.leaf('x', 'input', [4, 3], Float32Array.from({ length: 12 }, (_, i) => 200 + i));
      const hidden = net.apply('linear', '0', { x, weight: net.random('w', 'parameter', [5, 3], 2, 0.01) });
      const out = net.apply('linear', '1', { x: hidden, weight: net.random('v', 'parameter', [2, 5], 4, 1e-20) });
      // The terms of d hidden are about 4e-39: no normal numbers. What is made of them is 200 times as large.
      const snapshot = net.observed([{ tensor: out, cotangent: new Float32Array(8).fill(4e-19) }], undefined, (_, data) => {
        for (let i = 0; i < data.length; i++) if (Math.abs(data[i]) < 2 ** -126) data[i] = 0;
      });
      // With its launches, and without any: then nothing but the tolerance can know.
      for (const report of [checkSnapshot(snapshot), checkSnapshot({ ...snapshot, launches: [] })]) {
        expectSame(report.tensors.map(({ verdict }) => verdict), ['below-noise', 'pass'], 'verdicts');
        expect(report.passed, 'a proof', String(report));
      }
    },
  },
  {
    name: "a function of the library's own never widens the tolerance that it is checked with, a builtin a little",
    run: () => expectSame([usedError(8, 20, 'ulp', true), usedError(8, 20, 'ulp'), usedError(8, 40, 'ulp')], [8, 20, 8], 'used errors'),
  },
  {
    name: "the builtins' errors decide: what an inexact adapter may do, an exact one may not",
    run: () => {
      setBuiltinNoise(1, 3);
      const { net, loss } = mlp(8, 7, [4, 9, 3], 'tanh', 'crossEntropy');
      const noisy = runNet(net, [{ tensor: loss }]);
      setBuiltinNoise(0);
      const exact = Object.fromEntries(Object.keys(DEFAULT_ROUNDING.builtins).map((name) => [name, 0.01])) as unknown as typeof DEFAULT_ROUNDING.builtins;
      expectSame([checkSnapshot(noisy).verdict, checkSnapshot(noisy, { builtins: exact }).verdict], ['pass', 'fail'], 'verdicts');
    },
  },
];
