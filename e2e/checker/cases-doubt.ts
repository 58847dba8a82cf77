// What may not pass for a proof: noise, doubt, measurements that got lost, numbers beyond float32 and branches that no rounding explains.

import { concludeSteps, checkSnapshot, measureSteps, prepareSteps } from '../../src/check/check-snapshot.ts';
import type { Report } from '../../src/check/report.ts';
import { join } from '../../src/check/witnesses.ts';
import type { Measured } from '../../src/check/witnesses.ts';
import type { LaunchRecord, Snapshot } from '../../src/program/graph.ts';
import { POISON_BITS } from '../../src/program/poison.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Proof } from '../../src/proof/proof.ts';
import type { RefTensor } from '../../src/reference/tensor.ts';
import { mlp, Net } from '../unit/simulated-gpu.ts';
import { tanhNet } from './cases-verdict.ts';
import { expect, expectSame, expectThrows } from './expect.ts';
import { copyOf, idOf, runNet } from './snapshots.ts';
import type { RunOptions, Tamper } from './snapshots.ts';
import type { Case } from './suite.ts';

/** The proofs with another hand-written gradient of one op. */
function withBackward(op: 'tanh' | 'relu', change: (gradient: RefTensor, dout: RefTensor) => RefTensor): Readonly<Record<string, Proof>> {
  const right = proofs[op];
  return { ...proofs, [op]: { ...right, backward: (...call: Parameters<Proof['backward']>) => ({ x: change(right.backward(...call).x, call[2]) }) } };
}

/** tanh whose gradient is wrong at its first element: that spoils the references of row 0 of the first layer, and of nothing else. */
const wrongAtFirst = withBackward('tanh', (gradient) => ({ ...gradient, value: gradient.value.map((value, i) => (i === 0 ? 1.01 * value : value)) }));

/** The net of most cases with a tamper. */
function tampered(tamper: Tamper): Snapshot {
  const { net, loss } = mlp(5, 5, [3, 7, 4], 'tanh', 'crossEntropy');
  return runNet(net, [{ tensor: loss }], { tamper });
}

/** Two objectives: the sum of a softmax, whose gradients are nothing but noise, and a linear one. */
function noisyNet(): Snapshot {
  const net = new Net();
  const x = net.random('x', 'input', [16, 8], 3);
  const first = net.apply('linear', 'l', { x, weight: net.random('w', 'parameter', [6, 8], 4, 0.4), bias: net.random('b', 'parameter', [6], 6, 0.1) });
  const soft = net.apply('softmax', 'soft', { x: net.apply('linear', 'l2', { x: net.apply('tanh', 't', { x: first }), weight: net.random('w2', 'parameter', [6, 6], 14), bias: net.random('b2', 'parameter', [6], 16, 0.1) }) });
  const other = net.apply('linear', 'l3', { x, weight: net.random('w3', 'parameter', [1, 8], 24), bias: net.random('b3', 'parameter', [1], 26) });
  return runNet(net, [{ tensor: soft }, { tensor: other }]);
}

/** 1024 − 1024 + z before a ReLU, for each z: rounding of the two large terms decides about small ones. */
function nearKink(zs: readonly number[], options: RunOptions = {}): Snapshot {
  const net = new Net();
  const x = net.leaf('x', 'input', [zs.length, 3], Float32Array.from(zs.flatMap((z) => [1024, 1024, z])));
  const weight = net.leaf('w', 'parameter', [1, 3], Float32Array.of(1, -1, 1));
  const hidden = net.apply('relu', 'r', { x: net.apply('linear', 'l', { x, weight }) });
  // An offset keeps the second layer's gradients away from zero.
  const out = net.apply('linear', 'l2', { x: net.apply('add', 'shift', { a: hidden, b: net.leaf('one', 'input', [1], Float32Array.of(1)) }), weight: net.random('w2', 'parameter', [3, 1], 6) });
  return runNet(net, [{ tensor: out }], options);
}

/** The same without what the GPU made before the ReLU: as fusion keeps it out of memory. */
function hidden(snapshot: Snapshot): Snapshot {
  const computed = { ...snapshot.computed };
  delete computed[idOf(snapshot, 'l.out')];
  return { ...snapshot, computed, launches: [] };
}

/** A ReLU that takes what is not above `threshold` for the negative side, and follows that backward. */
const threshold = (zs: readonly number[], above: number): Tamper => ({ label, name }, data) => {
  if ((label === 'r' || label === 'r.backward') && (name === 'r.out' || name === 'l.out')) zs.forEach((z, i) => { if (z <= above) data[i] = 0; });
};

const outcome = <T>(steps: Generator<unknown, T>): T => {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
};

/** The report where only some pieces of four were measured. */
function fromPieces(pieces: readonly number[], change: (part: readonly Measured[]) => readonly Measured[] = (part) => part): Report {
  const check = outcome(prepareSteps(tanhNet(), {}));
  return outcome(concludeSteps(check, join(pieces.map((index) => change(outcome(measureSteps(check, index, 4)))))));
}

export const doubtCases: readonly Case[] = [
  {
    name: 'what drowns in rounding noise is not counted as proven, and the first line says so',
    run: () => {
      const report = checkSnapshot(noisyNet());
      expectSame([report.passed, report.proven, report.total, report.tensors.map(({ belowNoise }) => belowNoise)], [true, 9, 105, [48, 6, 36, 6, 0, 0]], 'counts');
      expectSame(String(report).split('\n')[0], '9 of 105 gradients proven on simulated float32, 96 below rounding noise (all of w, b, w2, b2), of which nothing is said', 'first line');
    },
  },
  {
    name: 'an element that is nought is proven where its tolerance is small against the tensor',
    run: () => {
      const net = new Net();
      const x = net.leaf('x', 'input', [2, 2], Float32Array.of(1000, 1, 1000, -1));
      const report = checkSnapshot(runNet(net, [{ tensor: net.apply('linear', 'l', { x, weight: net.leaf('w', 'parameter', [1, 2], Float32Array.of(0.5, 0.25)) }) }]));
      expectSame([report.verdict, report.proven, report.tensors[0].belowNoise], ['pass', 2, 0], 'a tolerance of 1e-7 beside a gradient of 2000');
    },
  },
  {
    name: 'a tolerance without an end proves nothing, and no GPU may answer with infinity',
    run: () => {
      const endless = withBackward('tanh', (gradient) => ({ ...gradient, variance: gradient.variance.map(() => Infinity) }));
      const snapshot = { ...copyOf(tanhNet()), launches: [] };
      snapshot.gradients[idOf(snapshot, '0.weight')].fill(123);
      const junk = checkSnapshot(snapshot, { proofs: endless });
      expectSame([junk.passed, junk.verdict, junk.tensors[0].passed, junk.tensors[0].suspect, junk.tensors[0].doubts], [false, 'reference-suspect', 0, 21, { notFinite: 21 }], 'junk');
      expect(String(junk).includes('it or its tolerance is not finite at 21 of 0.weight'), 'the reason', String(junk).split('\n')[0]);
      snapshot.gradients[idOf(snapshot, '0.weight')][3] = Infinity;
      const [tensor] = checkSnapshot(snapshot, { proofs: endless }).tensors;
      expectSame([tensor.verdict, tensor.failed, tensor.worstSigma === Infinity, tensor.worst?.margin === Infinity], ['fail', 1, true, true], 'infinity');
    },
  },
  {
    name: 'doubt about some elements hides no failure at others',
    run: () => {
      const snapshot = copyOf(tanhNet());
      const weight = snapshot.gradients[idOf(snapshot, '0.weight')];
      for (let i = 12; i < weight.length; i++) weight[i] *= 2;
      const report = checkSnapshot(snapshot, { proofs: wrongAtFirst });
      const [{ verdict, failed, suspect }] = report.tensors;
      expectSame([report.verdict, verdict, failed, suspect], ['fail', 'fail', 9, 3], 'verdict');
      const [line] = String(report).split('\n');
      expectSame(line, '✗ 9 of 60 gradients fail on simulated float32: 0.weight; the reference is suspect: its two witnesses disagree at 3 of 0.weight, 1 of 0.bias', 'first line');
      expect(report.blame !== undefined && !report.blame.text.includes('wrote it right'), 'no word on a launch whose reference is in doubt', report.blame?.text);
      const before = copyOf(tanhNet());
      before.gradients[idOf(before, '2.weight')].fill(1);
      expect(checkSnapshot(before).blame?.text.includes('wrote it right, but something changed it afterwards') === true, 'a launch that was right to be said so');
    },
  },
  {
    name: 'a reference in doubt convicts no launch, and excuses none that it has nothing to do with',
    run: () => {
      const right = checkSnapshot(tanhNet(), { proofs: wrongAtFirst });
      expectSame([right.verdict, right.blame ?? null], ['reference-suspect', null], 'a right GPU');
      const suspects = right.launches.flatMap(({ outputs }) => outputs).filter(({ verdict }) => verdict === 'reference-suspect').map(({ name }) => name);
      expectSame(suspects, ['d 0.out', 'd inputs', 'd 0.weight', 'd 0.bias'].filter((name) => suspects.includes(name)), 'launches in doubt');
      // A wrong reference that is not 0 where the GPU rightly has zeros.
      const net = new Net();
      const x = net.leaf('x', 'input', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
      const dead = net.apply('relu', 'r', { x: net.apply('linear', 'l', { x, weight: net.leaf('w', 'parameter', [4, 2], new Float32Array(8).fill(-1)) }) });
      const zeros = checkSnapshot(runNet(net, [{ tensor: dead }]), { proofs: withBackward('relu', (_, dout) => dout) });
      expectSame([zeros.verdict, zeros.blame ?? null], ['reference-suspect', null], 'zeros');
      const doubled = checkSnapshot(tampered(({ label, name }, data) => { if (label === '2.backward' && name === '2.weight') data.forEach((value, i) => { data[i] = 2 * value; }); }), { proofs: wrongAtFirst });
      expectSame([doubled.verdict, doubled.blame?.tensor, doubled.blame?.launch?.label, doubled.blame?.others], ['fail', 'd 2.weight', '2.backward', []], 'another bug');
      const above = checkSnapshot(tampered(({ label }, data) => { if (label === 'loss.backward') data.forEach((value, i) => { data[i] = 2 * value; }); }), { proofs: wrongAtFirst });
      expectSame([above.verdict, above.blame?.tensor], ['fail', 'd 2.out'], 'a bug on the way, where certified gradients vouch for the reference');
      const missing = checkSnapshot(tampered(({ label, name }, data) => { if (label === '0.backward' && name === 'inputs') new Uint32Array(data.buffer)[4] = POISON_BITS; }), { proofs: wrongAtFirst });
      expectSame([missing.verdict, missing.blame?.tensor], ['fail', 'd inputs'], 'poison');
    },
  },
  {
    name: "a net beyond float32's range has diverged: that is no kernel's fault",
    run: () => {
      const net = new Net();
      const large = Float32Array.of(1e20, 2e20, 3e20, 4e20);
      const out = net.apply('linear', 'l', { x: net.leaf('x', 'input', [2, 2], large), weight: net.leaf('w', 'parameter', [2, 2], large) });
      const snapshot = runNet(net, [{ tensor: net.apply('tanh', 't', { x: out }) }]);
      expectThrows(() => checkSnapshot(snapshot), /needs numbers within float32's range, got 5\.00e\+40 at element 0 of l\.out\. The net had already diverged/);
      // The same infinity where float64 has a number of ordinary size is a bug.
      const { verdict } = checkSnapshot(tampered(({ label }, data) => { if (label === '0') data[2] = Infinity; }));
      expectSame(verdict, 'fail', 'infinity within the range');
    },
  },
  {
    name: 'what was planned and never measured certifies nothing',
    run: () => {
      expectSame([fromPieces([0, 1, 2, 3]).verdict, fromPieces([3, 1, 0, 2]).verdict], ['pass', 'pass'], 'all pieces');
      const lost = fromPieces([1]);
      expectSame([lost.passed, lost.verdict, lost.total, lost.tensors.every(({ count, coverage, suspect }) => suspect === count - coverage!.differenced)], [false, 'reference-suspect', 60, true], 'one piece of four');
      expect(String(lost).includes('it was not measured at'), 'the reason', String(lost).split('\n')[0]);
      const nothing = fromPieces([0, 1, 2, 3], (part) => part.slice(1));
      expectSame([nothing.verdict, nothing.tensors.length, nothing.tensors[0].suspect], ['reference-suspect', 4, 21], 'a tensor without measurements');
      const { net, loss } = mlp(4, 3, [30, 40, 2], 'tanh', 'mse');
      const check = outcome(prepareSteps({ ...runNet(net, [{ tensor: loss }]), launches: [] }, { coverage: 'directions' }));
      const measured = outcome(measureSteps(check, 0, 1));
      const fewer = measured.map((one, at) => (at === 0 ? { ...one, directions: one.directions.slice(0, -1) } : one));
      const [whole, short] = [measured, fewer].map((all) => outcome(concludeSteps(check, structuredClone(all))));
      expectSame([whole.verdict, short.verdict, short.tensors[0].doubts?.unmeasured], ['pass', 'reference-suspect', 1200 - short.tensors[0].coverage!.differenced], 'a direction that is missing');
    },
  },
  {
    name: 'the report names the reason of a doubt, and certifies no element that is in doubt',
    run: () => {
      const report = checkSnapshot(tanhNet(), { proofs: wrongAtFirst });
      expectSame(report.tensors[0].coverage?.agreed, 18, 'certified elements of the first weight');
      expect(String(report).includes('60 of 60 elements differenced (4 by a complex step), 56 of them certified'), 'the certified ones alone', String(report));
      const slow = { ...proofs, tanh: { ...proofs.tanh, complex: undefined, perturb: undefined, forward: (...call: Parameters<Proof['forward']>): RefTensor => {
        const out = proofs.tanh.forward(...call);
        return { ...out, value: out.value.map((value, i) => value + 1e-7 * Math.sin(1e9 * call[0].x.value[i])) };
      } } };
      const [line] = String(checkSnapshot(tanhNet(), { proofs: slow })).split('\n');
      expect(/its difference is too uncertain at \d+ of 0\.weight/.test(line), 'an uncertain difference to be called so', line);
      const forgetful = { ...proofs, tanh: { ...proofs.tanh, perturb: (place: Parameters<NonNullable<Proof['perturb']>>[0]) => {
        const whole = proofs.tanh.perturb!(place);
        return () => {
          whole();
          place.out.change.count = Math.max(0, place.out.change.count - 1);
        };
      } } };
      const wrong = copyOf(tanhNet());
      wrong.gradients[idOf(wrong, '2.bias')][0] += 1;
      const [tempered] = String(checkSnapshot(wrong, { proofs: forgetful })).split('\n');
      expect(/1 of 60 gradients fail .*: 2\.bias; the reference is suspect: .*fast and slow evaluations of its forward code differ$/.test(tempered), 'a failure beside a fault to tell both', tempered);
      const one = checkSnapshot(tanhNet(), { proofs: withBackward('tanh', (gradient) => ({ ...gradient, value: gradient.value.map((value) => 1.5 * value) })), coverage: { elements: 2 } });
      expectSame([one.tensors[0].failed, one.tensors[0].suspect, one.tensors[0].doubts?.implied], [0, 21, 19], 'elements beside drawn ones that disagree');
    },
  },
  {
    name: 'another threshold is not rounding: its branches are not adopted',
    run: () => {
      const spread = Array.from({ length: 24 }, (_, i) => 3e-4 * (1 + i / 40));
      const shifted = nearKink(spread, { tamper: threshold(spread, 0.01) });
      for (const [what, snapshot] of [['seen', shifted], ['hidden', hidden(shifted)]] as const) {
        const report = checkSnapshot(snapshot);
        expectSame([report.passed, report.verdict, report.kinks], [false, 'fail', []], what);
      }
      // Within one σ, the GPU's own input tells alone.
      const close = spread.map((z) => z / 10);
      expectSame(checkSnapshot(nearKink(close, { tamper: threshold(close, 0.01) })).kinks, [], 'a threshold within rounding');
      const far = [...spread.map((z) => z + 0.5), 9e-4, 9.1e-4, 9.2e-4];
      const beyond = checkSnapshot(hidden(nearKink(far, { tamper: threshold(far, 0.01) })));
      expectSame([beyond.passed, beyond.kinks], [false, []], 'three beyond four σ');
      const away = [...spread, 2];
      const wrong = checkSnapshot(hidden(nearKink(away, { tamper: ({ label, name }, data) => { if (label.startsWith('r') && name !== 'w') data[24] = 0; } })));
      expectSame([wrong.passed, wrong.kinks], [false, []], 'one far from its kink');
    },
  },
  {
    name: 'where rounding may decide it does, and the report counts the branches',
    run: () => {
      const close = Array.from({ length: 24 }, (_, i) => 2e-5 * (1 + i / 40));
      // Rounding of the linear layer: every second sum falls below 0.
      const noise: Tamper = ({ label }, data) => { if (label === 'l') data.forEach((value, i) => { data[i] = i % 2 ? -value : value; }); };
      const snapshot = nearKink(close, { tamper: noise });
      for (const report of [checkSnapshot(snapshot), checkSnapshot(hidden(snapshot))]) {
        expectSame([report.passed, report.verdict, report.kinks], [true, 'kink', [{ node: 'relu', label: 'r', adopted: 12, of: 24 }]], 'verdict');
        expect(String(report).split('\n')[0].endsWith("; where rounding decided, with the GPU's branches: 12 of 24 at relu 'r'"), 'the first line to say so', String(report).split('\n')[0]);
      }
    },
  },
  {
    name: 'launches that do not fit the graph are refused',
    run: () => {
      const good = tanhNet();
      const changed = (change: (output: LaunchRecord['outputs'][number]) => LaunchRecord['outputs'][number]): Snapshot =>
        ({ ...good, launches: good.launches.map((launch, i) => (i === 1 ? { ...launch, outputs: launch.outputs.map(change) } : launch)) });
      expectThrows(() => checkSnapshot(changed((output) => ({ ...output, data: new Float32Array(0) }))), /needs 35 numbers of 1\.out by launch 1, got 0/);
      expectThrows(() => checkSnapshot(changed((output) => ({ ...output, meaning: { kind: 'value', tensor: 999 } }))), /needs launches that write tensors of the graph, got an unknown value of launch 1/);
      expectThrows(() => checkSnapshot(changed((output) => ({ ...output, meaning: { kind: 'contribution', node: 1, input: 'nothing' } }))), /an unknown contribution of launch 1/);
      expectThrows(() => checkSnapshot({ ...good, seeds: good.seeds.map((seed) => ({ ...seed, cotangent: Float32Array.of(NaN) })) }), /needs finite cotangents, got NaN at element 0 of loss\.out/);
    },
  },
];
