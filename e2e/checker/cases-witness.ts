// Whether the two witnesses really control each other, and what is done where a branch is uncertain.

import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Proof } from '../../src/proof/proof.ts';
import { scaled } from '../../src/reference/arithmetic.ts';
import type { RefTensor } from '../../src/reference/tensor.ts';
import { Net } from '../unit/simulated-gpu.ts';
import { tanhNet } from './cases-verdict.ts';
import { expect, expectSame } from './expect.ts';
import { copyOf, idOf, runNet } from './snapshots.ts';
import type { RunOptions } from './snapshots.ts';
import type { Case } from './suite.ts';

const { tanh } = proofs;

/** The proofs with another one of tanh. */
const withTanh = (change: Partial<Proof>): Readonly<Record<string, Proof>> => ({ ...proofs, tanh: { ...tanh, ...change } });

/** tanh whose hand-written gradient is off by a factor. */
const wrongBackward = (factor: number): Readonly<Record<string, Proof>> => withTanh({
  backward: (...call) => Object.fromEntries(Object.entries(tanh.backward(...call)).map(([name, gradient]) => [name, scaled(gradient, factor, 0)])),
});

/** tanh with noise far above float64's: its differences are worth nothing, and no complex step helps. */
const noisyForward = withTanh({
  forward: (...call): RefTensor => {
    const out = tanh.forward(...call);
    return { ...out, value: out.value.map((value, i) => value + 1e-7 * Math.sin(1e9 * call[0].x.value[i])) };
  },
  perturb: undefined, complex: undefined,
});

/** x·w is 2⁻²⁶ in exact arithmetic, and 0 in float32: rounding sends the two to different sides of a ReLU. */
function kinkNet(options: RunOptions = {}): Snapshot {
  const net = new Net();
  const x = net.leaf('x', 'input', [3, 3], Float32Array.of(1, 1, 1, 1, 2, 3, 2, 1, 5));
  const weight = net.leaf('weight', 'parameter', [1, 3], Float32Array.of(1, 2 ** -26, -1));
  const bias = net.leaf('bias', 'parameter', [1], Float32Array.of(0));
  const shifted = net.apply('add', 'shift', { a: net.apply('linear', '0', { x, weight, bias }), b: net.leaf('offset', 'input', [3, 1], Float32Array.of(0, 4, 6)) });
  // What comes behind hides the ReLU's output from whoever reads only the end.
  const out = net.apply('mul', '2', { a: net.apply('relu', '1', { x: shifted }), b: net.leaf('gain', 'input', [3, 1], Float32Array.of(1, 2, 3)) });
  return runNet(net, [{ tensor: out, cotangent: Float32Array.of(3, 5, 2) }], options);
}

export const witnessCases: readonly Case[] = [
  {
    name: 'a wrong analytic gradient makes the reference suspect, not the GPU wrong, and not a proof',
    run: () => {
      for (const factor of [1 + 1e-6, 1.5]) {
        const report = checkSnapshot(tanhNet(), { proofs: wrongBackward(factor) });
        expectSame([report.passed, report.verdict], [false, 'reference-suspect'], `a factor of ${factor}`);
        expect(report.tensors[0].suspect > 15 && report.tensors[2].suspect === 0, 'suspects below the tanh only', report.tensors.map(({ suspect }) => suspect));
        expectSame(report.tensors.map(({ failed, passed, suspect, count }) => [failed, passed + suspect - count]), report.tensors.map(() => [0, 0]), 'failed, and what is neither passed nor suspect');
        expect(report.checked < report.total, 'suspects to be left out of what was checked', report.checked);
      }
    },
  },
  {
    name: 'a GPU with the mistake of the analytic gradient is not proven',
    run: () => {
      const fooled = tanhNet();
      for (const name of ['0.weight', '0.bias']) fooled.gradients[idOf(fooled, name)].forEach((value, i, gradient) => { gradient[i] = 1.5 * value; });
      const report = checkSnapshot({ ...fooled, launches: [] }, { proofs: wrongBackward(1.5) });
      expectSame([report.passed, report.verdict], [false, 'reference-suspect'], 'verdict');
    },
  },
  {
    name: 'differences that are too uncertain certify nothing',
    run: () => {
      const report = checkSnapshot(tanhNet(), { proofs: noisyForward });
      expectSame([report.passed, report.tensors[0].verdict], [false, 'reference-suspect'], 'verdict');
      // Each of them, also where the difference happens to lie within its wide bar.
      expect(report.tensors[0].suspect > 0.9 * report.tensors[0].count, 'nearly all suspect', report.tensors[0].suspect);
    },
  },
  {
    name: 'a sparse re-evaluation that forgets an element is a fault',
    run: () => {
      const forgetful = withTanh({
        perturb: (place) => {
          const whole = tanh.perturb!(place);
          return () => {
            whole();
            if (place.out.change.count > 1) place.out.change.count--;
          };
        },
      });
      const report = checkSnapshot(tanhNet(), { proofs: forgetful });
      expectSame([report.passed, report.verdict], [false, 'reference-suspect'], 'verdict');
      expect(report.faults.length > 0 && /sparse re-evaluation/.test(report.faults[0]), 'a fault that names the re-evaluation', report.faults);
    },
  },
  {
    name: 'the references start from the leaves of the GPU, not from what it made of them',
    run: () => {
      // Every value behind the first layer is wrong, and consistently so.
      const net = new Net();
      const x = net.random('x', 'input', [5, 3], 1);
      const out = net.apply('tanh', '1', { x: net.apply('linear', '0', { x, weight: net.random('weight', 'parameter', [4, 3], 2) }) });
      const wrong = runNet(net, [{ tensor: out, cotangent: Float32Array.from({ length: 20 }, (_, i) => i - 7.5) }], {
        tamper: ({ label }, data) => { if (label === '0') data.forEach((value, i) => { data[i] = 1.01 * value; }); },
      });
      const report = checkSnapshot(wrong);
      expectSame([report.passed, report.tensors.map(({ verdict }) => verdict)], [false, ['fail']], 'verdicts');
      expectSame(report.values.filter(({ verdict }) => verdict === 'fail').length, 2, 'wrong values');
    },
  },
  {
    name: 'a weight that is used twice gets the sum of both gradients, and each part is judged',
    run: () => {
      const net = new Net();
      const weight = net.random('weight', 'parameter', [4, 4], 5, 0.5);
      const first = net.apply('tanh', '1', { x: net.apply('linear', '0', { x: net.random('x', 'input', [3, 4], 6), weight }) });
      const out = net.apply('add', '3', { a: net.apply('linear', '2', { x: first, weight }), b: first });
      const seeds = [{ tensor: out, cotangent: Float32Array.from({ length: 12 }, (_, i) => 1 + i % 5) }, { tensor: first, cotangent: Float32Array.from({ length: 12 }, (_, i) => 2 - i % 3) }];
      const good = checkSnapshot(runNet(net, seeds));
      expectSame([good.verdict, good.faults, good.launches.flatMap(({ outputs }) => outputs).filter(({ meaning }) => meaning.kind === 'contribution').length >= 4], ['pass', [], true], 'verdict and parts');
      for (const label of ['0.backward', '2.backward']) {
        const bad = runNet(net, seeds, { tamper: ({ label: at, meaning, name }, data) => { if (at === label && meaning.kind === 'contribution' && name === 'weight') data[3] += 0.125; } });
        const report = checkSnapshot(bad);
        expectSame([report.verdict, report.blame?.launch?.label, report.blame?.kind, report.tensors[0].failed], ['fail', label, 'contribution', 1], `a wrong part by ${label}`);
      }
    },
  },
  {
    name: 'a branch that rounding left open is adopted from the GPU, and said to be',
    run: () => {
      const report = checkSnapshot(kinkNet());
      expectSame([report.passed, report.verdict, report.kinks], [true, 'kink', [{ node: 'relu', label: '1', adopted: 1, of: 3 }]], 'verdict');
      expectSame(report.tensors.map(({ failed, suspect }) => [failed, suspect]), [[0, 0], [0, 0]], 'failed and suspect');
    },
  },
  {
    name: 'where the GPU kept its branch to itself, either side of an open one passes as a kink',
    run: () => {
      const whole = kinkNet();
      const [seed] = whole.seeds;
      const hidden = { ...whole, launches: [], computed: { [seed.tensor]: whole.computed[seed.tensor] } };
      const report = checkSnapshot(hidden);
      expectSame([report.passed, report.verdict], [true, 'kink'], 'verdict');
    },
  },
  {
    name: 'a branch that rounding cannot excuse is wrong, however consistently the GPU followed it',
    run: () => {
      // The second row lies at 2, far from the kink; the GPU takes it for the negative side.
      const wrong = kinkNet({
        tamper: ({ label }, data) => { if (label.startsWith('1')) data[1] = 0; },
      });
      const report = checkSnapshot(wrong);
      expectSame([report.passed, report.verdict], [false, 'fail'], 'verdict');
      const right = kinkNet();
      const [seed] = right.seeds;
      const blind = checkSnapshot({ ...copyOf(right), gradients: wrong.gradients, launches: [], computed: { [seed.tensor]: right.computed[seed.tensor] } });
      expectSame([blind.passed, blind.verdict], [false, 'fail'], 'verdict without a trace of the branch');
    },
  },
];
