import { expect, test } from 'playwright/test';
import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import type { Report } from '../../src/check/report.ts';
import type { Meaning } from '../../src/program/graph.ts';
import { POISON_BITS } from '../../src/program/poison.ts';
import type { Symptom } from '../../src/proof/proof.ts';
import { setBuiltinNoise } from './float32-ops.ts';
import { mlp, Net } from './simulated-gpu.ts';

/** What one launch did wrong to what it wrote: `shape` is that of the tensor. */
type Mistake = (data: Float32Array, shape: readonly number[]) => void;

const is = (net: Net, meaning: Meaning, kind: Meaning['kind'], name: string): boolean =>
  meaning.kind === kind && (meaning.kind === 'contribution' ? net.tensors[net.nodes[meaning.node].inputs[meaning.input]] : net.tensors[meaning.tensor]).name === name;

/** A net with every launch observed and one mistake in the tensor that is named. */
function planted(kind: Meaning['kind'], name: string, mistake: Mistake, activation = 'relu', loss = 'crossEntropy', batch = 12): Report {
  setBuiltinNoise(0);
  const { net, loss: end } = mlp(3, batch, [3, 19, 5], activation, loss);
  return checkSnapshot(net.observed([{ tensor: end }], undefined, (meaning, data) => {
    if (is(net, meaning, kind, name)) mistake(data, net.tensors[meaning.kind === 'contribution' ? -1 : meaning.tensor].shape);
  }));
}

const copy = (data: Float32Array, from: (i: number) => number): void => {
  const before = data.slice();
  for (let i = 0; i < data.length; i++) data[i] = before[from(i)];
};
const poison = (data: Float32Array, from: number): void => { new Uint32Array(data.buffer, data.byteOffset + 4 * from, data.length - from).fill(POISON_BITS); };

const MISTAKES: readonly (readonly [what: string, symptom: Symptom, kind: Meaning['kind'], tensor: string, mistake: Mistake, text: RegExp])[] = [
  ['a factor of the batch size', 'factor', 'gradient', '2.weight', (d) => d.forEach((v, i) => { d[i] = v * 12; }), /12 is the batch size: a mean is missing/],
  ['divided by the batch size twice', 'factor', 'gradient', '0.bias', (d) => d.forEach((v, i) => { d[i] = v / 12; }), /1\/12: 12 is the batch size/],
  ['the sign', 'factor', 'gradient', '0.weight', (d) => d.forEach((v, i) => { d[i] = -v; }), /the sign/],
  ['counted twice', 'factor', 'gradient', '2.bias', (d) => d.forEach((v, i) => { d[i] = 2 * v; }), /twice/],
  ['a thousandth too large', 'factor', 'value', '0.out', (d) => d.forEach((v, i) => { d[i] = v * 1.001; }), /a factor of 1\.001/],
  ['transposed', 'transposed', 'gradient', '2.weight', (d, [rows, columns]) => copy(d, (i) => (i % rows) * columns + Math.floor(i / rows)), /rows and columns exchanged/],
  ['rows that are 0', 'zero-block', 'gradient', '2.weight', (d, [, columns]) => d.fill(0, columns, 3 * columns), /0 in the rows 1 to 2/],
  ['one element that is 0', 'zero-block', 'gradient', '2.weight', (d) => { d[31] = 0; }, /0 at element 31 alone/],
  ['the last row wrong', 'edge', 'gradient', '2.weight', (d, [rows, columns]) => { for (let i = (rows - 1) * columns; i < d.length; i++) d[i] += 1; }, /only in the last row of 5/],
  ['the last lanes never written', 'edge', 'value', '0.out', (d) => poison(d, d.length - 3), /the last 3 (columns|elements)/],
  ['never written', 'unwritten', 'gradient', '0.weight', (d) => poison(d, 0), /the poison still stands everywhere/],
];
for (const [what, symptom, kind, tensor, mistake, text] of MISTAKES) {
  test(`${what}: ${symptom}`, () => {
    const report = planted(kind, tensor, mistake);
    expect(report.passed).toBe(false);
    const all = report.explanations.map((one) => `${one.symptom}: ${one.text}`).join('\n');
    const found = report.explanations.slice(0, 2).find((one) => one.symptom === symptom);
    expect(found?.text, all).toMatch(text);
    expect(report.blame?.tensor).toBe(kind === 'gradient' ? `d ${tensor}` : tensor);
    expect(report.blame?.kind).toBe(kind);
    expect(String(report)).toContain(`looks like ${symptom}: ${found?.text}`);
    expect(report.toMarkdown()).toContain(`looks like *${symptom}*`);
  });
}

/** One op alone, with what its backward or forward gives replaced. */
function alone(op: string, inputs: Record<string, readonly number[]>, options: Record<string, unknown>, kind: Meaning['kind'], name: string, mistake: (data: Float32Array, net: Net, cotangent: Float32Array) => void): Report {
  setBuiltinNoise(0);
  const net = new Net();
  const ids = Object.fromEntries(Object.entries(inputs).map(([input, shape], at) => [input, net.random(input, 'parameter', shape, 5 + at)]));
  const out = net.apply(op, op, ids, options);
  const cotangent = Float32Array.from(net.data[out].data, (_, i) => Math.sin(1 + 3 * i));
  return checkSnapshot(net.observed([{ tensor: out, cotangent }], Object.values(ids), (meaning, data) => {
    if (is(net, meaning, kind, name)) mistake(data, net, cotangent);
  }));
}
const symptoms = (report: Report): Symptom[] => report.explanations.map(({ symptom }) => symptom);

test('masks: missing, turned round, taken from the gradient', () => {
  const backward = (factor: (x: number, d: number) => number): Report => alone('relu', { x: [7, 11] }, {}, 'gradient', 'x', (data, net, cotangent) => {
    data.forEach((_, i) => { data[i] = cotangent[i] * factor(net.data[0].data[i], cotangent[i]); });
  });
  const [missing, turned, other] = [backward(() => 1), backward((x) => (x > 0 ? 0 : 1)), backward((_, d) => (d > 0 ? 1 : 0))];
  expect([symptoms(missing)[0], symptoms(turned)[0], symptoms(other)[0]]).toEqual(['mask', 'mask', 'mask']);
  expect(missing.explanations[0].text).toContain("the mask is missing: as if all branches were open those of relu 'relu'");
  expect(other.explanations[0].text).toContain('the mask takes d relu.out > 0');
});

test('sums over too little: the first terms, every second, a lane of four', () => {
  const left = { m: 6, k: 22, n: 8 };
  const product = (weight: (k: number, column: number) => number): Report => alone('matmul', { a: [left.m, left.k], b: [left.k, left.n] }, {}, 'value', 'matmul.out', (data, net) => {
    const [a, b] = [net.data[0].data, net.data[1].data];
    data.forEach((_, i) => {
      const [row, column] = [Math.floor(i / left.n), i % left.n];
      data[i] = 0;
      for (let k = 0; k < left.k; k++) data[i] = Math.fround(data[i] + weight(k, column) * a[row * left.k + k] * b[k * left.n + column]);
    });
  });
  const first = product((k) => (k < 4 ? 0 : 1));
  expect([symptoms(first)[0], first.explanations[0].text]).toEqual(['reduction', 'the sum over the 22 parts of a along axis 1 leaves out the first 4 of 22']);
  expect(product((k) => (Math.floor(k / 8) % 2 ? 0 : 1)).explanations[0].symptom).toBe('reduction');
  expect(product((k, column) => (k % 4 === 0 && column % 4 === 0 ? 0 : 1)).explanations[0].symptom).toBe('reduction');
  const bias = alone('linear', { x: [13, 5], weight: [7, 5], bias: [7] }, {}, 'gradient', 'bias', (data, _, cotangent) => {
    data.forEach((__, i) => { data[i] = cotangent.filter((___, at) => at % 7 === i && Math.floor(at / 7) % 4 !== 1).reduce((a, b) => Math.fround(a + b), 0); });
  });
  expect(bias.explanations[0].symptom, String(bias)).toBe('reduction');
});

test('a region: wrong only where the input is exactly 0, or large', () => {
  const report = alone('tanh', { x: [9, 13] }, {}, 'value', 'tanh.out', (data, net) => {
    net.data[0].data.forEach((x, i) => { if (Math.abs(x) > 1) data[i] *= 1 + 1e-3 * Math.abs(x); });
  });
  expect(symptoms(report)).toContain('region');
  expect(report.explanations.find(({ symptom }) => symptom === 'region')?.text).toMatch(/wrong only where \|x\| ≥ 1\.0/);
  const formula = alone('tanh', { x: [9, 13] }, {}, 'gradient', 'x', (data, net, cotangent) => {
    data.forEach((_, i) => { data[i] = cotangent[i] * (1 - net.data[1].data[i]); });
  });
  expect(symptoms(formula)).toEqual(['formula']);
  expect(formula.explanations[0].text).toMatch(/wrong nearly everywhere \(\d+ of 117\), norm .* cosine/);
});

test('stale numbers, and numbers added to them', () => {
  setBuiltinNoise(0);
  const old = mlp(8, 12, [3, 19, 5], 'tanh', 'mse');
  const before = old.net.snapshot([{ tensor: old.loss }]);
  const { net, loss } = mlp(3, 12, [3, 19, 5], 'tanh', 'mse');
  const id = net.tensors.findIndex(({ name }) => name === '2.weight');
  const run = (mistake: (data: Float32Array) => void): Report => checkSnapshot({
    ...net.observed([{ tensor: loss }], undefined, (meaning, data) => { if (is(net, meaning, 'gradient', '2.weight')) mistake(data); }), previous: before.gradients,
  });
  const stale = run((data) => data.set(before.gradients[id]));
  expect([symptoms(stale)[0], stale.explanations[0].text]).toEqual(['stale', 'these are the numbers of an earlier run']);
  expect(symptoms(run((data) => data.forEach((v, i) => { data[i] = v + before.gradients[id][i]; }))).slice(0, 2)).toEqual(['garbage', 'stale']);
});

test('a wrong value spoils what follows: only the first is blamed, the rest follows from it', () => {
  const report = planted('value', '1.out', (data) => { data[5] += 0.5; }, 'tanh');
  expect(report.blame).toMatchObject({ tensor: '1.out', node: { op: 'tanh', label: '1' }, launch: { label: '1.forward', kernel: 'tanh-forward' }, others: [] });
  expect(report.blame?.follows).toEqual(expect.arrayContaining(['2.out', 'loss.out', 'd 0.out']));
  expect(report.blame?.text).toMatch(/2\.out.* follow from it; d 0\.out.* may follow from it$/);
});

test('a second mistake that does not follow from the first is named, too', () => {
  setBuiltinNoise(0);
  const { net, loss } = mlp(3, 12, [3, 19, 5], 'tanh', 'mse');
  const report = checkSnapshot(net.observed([{ tensor: loss }], undefined, (meaning, data) => {
    if (is(net, meaning, 'gradient', '2.bias')) data[0] += 1;
    if (is(net, meaning, 'gradient', '0.bias')) data[0] += 1;
  }));
  expect([report.blame?.tensor, report.blame?.others, report.blame?.follows]).toEqual(['d 2.bias', ['d 0.bias'], []]);
  expect(report.blame?.text).toContain('d 0.bias (launch 0.backward, kernel linear-backward) is wrong by itself, too');
});

test('right numbers have no explanation, no blame and no wrong launch', () => {
  for (const activation of ['relu', 'tanh', 'leakyRelu', 'gelu']) {
    const report = planted('value', 'nothing', () => undefined, activation);
    expect([report.passed, report.blame, report.explanations], String(report)).toEqual([true, undefined, []]);
    expect(report.launches.flatMap(({ outputs }) => outputs).every(({ verdict, worstSigma }) => ['pass', 'kink', 'below-noise', 'nothing-to-check'].includes(verdict) && worstSigma < 4)).toBe(true);
    expect(report.launches.length).toBeGreaterThanOrEqual(8);
  }
});

test("the GPU's branches are adopted within rounding and nowhere else", () => {
  setBuiltinNoise(0);
  const net = new Net();
  // 0.1·3 − 0.3 is −7.5e-9 in exact arithmetic on float32 numbers; rounding may put it on either side.
  const x = net.leaf('x', 'input', [3, 1], Float32Array.of(3, 2, 5));
  const weight = net.leaf('0.weight', 'parameter', [1, 1], Float32Array.of(0.1));
  const bias = net.leaf('0.bias', 'parameter', [1], Float32Array.of(-0.3));
  const z = net.apply('linear', '0', { x, weight, bias });
  const hidden = net.apply('relu', '1', { x: z });
  const loss = net.apply('sum', 'loss', { x: hidden });
  const on = (value: number, side: number): Report => checkSnapshot(net.observed([{ tensor: loss }], [weight, bias], (meaning, data, label) => {
    if (label === '0.forward') data.set([value, -0.1, 0.2]);
    if (label === '1.forward') data.set([side ? value : 0, 0, 0.2]);
    if (label === 'loss.forward') data[0] = Math.fround((side ? value : 0) + Math.fround(0.2));
    if (label === '1.backward') data.set([side, 0, 1]);
    if (label === '0.backward' && is(net, meaning, 'gradient', 'x')) data.set([Math.fround(0.1) * side, 0, 0.1]);
    if (label === '0.backward' && meaning.kind === 'gradient' && meaning.tensor !== x) data[0] = meaning.tensor === weight ? 3 * side + 5 : side + 1;
  }));
  for (const side of [0, 1]) {
    const report = on(side ? 2e-9 : -2e-9, side);
    expect([report.passed, report.tensors.map(({ verdict }) => verdict)], String(report)).toEqual([true, report.kinks.length > 0 ? ['kink', 'kink'] : ['pass', 'pass']]);
  }
  const kinks = [0, 1].flatMap((side) => on(side ? 2e-9 : -2e-9, side).kinks);
  expect(kinks).toEqual([{ node: 'relu', label: '1', adopted: 1, of: 3 }]);
  // Far from the kink nothing is adopted: what the GPU made of the other side fails.
  const far = checkSnapshot(net.observed([{ tensor: loss }], [weight, bias], (_, data, label) => { if (label === '1.forward') data.set([0, 5, 0.2]); }));
  expect([far.passed, far.kinks]).toEqual([false, []]);
});
