import { expect, test } from 'playwright/test';
import { checkGradients } from '../../src/check/check-gradients.ts';
import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import { DataError } from '../../src/errors.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { POISON_BITS } from '../../src/program/poison.ts';
import { sigmoidChange, tanhChange } from '../../src/proof/curves.ts';
import { proofs } from '../../src/proof/index.ts';
import { sigmoid } from '../../src/reference/special.ts';
import { setBuiltinNoise } from './float32-ops.ts';
import { mlp, Net } from './simulated-gpu.ts';

const ACTIVATIONS = ['relu', 'tanh', 'gelu', 'sigmoid', 'silu', 'leakyRelu'];
const LOSSES = ['crossEntropy', 'mse', 'bceWithLogits'];

/** A net of the seed's own sizes, activation and loss. */
function seeded(seed: number): Snapshot {
  setBuiltinNoise(seed % 3 / 2, seed);
  const sizes = [1 + seed % 7, 3 + seed * 5 % 17, 2 + seed * 3 % 11, 2 + seed % 4];
  const { net, loss } = mlp(seed, 1 + seed * 7 % 33, sizes, ACTIVATIONS[seed % ACTIVATIONS.length], LOSSES[seed % LOSSES.length]);
  return net.snapshot([{ tensor: loss }]);
}

function tanhNet(): Snapshot {
  setBuiltinNoise(0);
  const { net, loss } = mlp(5, 9, [3, 11, 5], 'tanh', 'crossEntropy');
  return net.snapshot([{ tensor: loss }]);
}

function idOf(snapshot: Snapshot, name: string): number {
  const tensor = snapshot.graph.tensors.find((candidate) => candidate.name === name);
  if (!tensor) throw new Error(`no tensor ${name}`);
  return tensor.id;
}

test('correct float32 code never fails in 50 seeded nets', () => {
  const margins: number[] = [];
  for (let seed = 1; seed <= 50; seed++) {
    const report = checkSnapshot(seeded(seed));
    expect(report.passed, `seed ${seed}\n${report}`).toBe(true);
    expect(report.checked).toBe(report.total);
    expect(report.proven).toBe(report.total);
    margins.push(...report.tensors.map(({ worst }) => worst?.margin ?? Infinity));
  }
  // Neither so tight that a false alarm is near, nor so loose that errors of float32's own size are out of sight.
  expect(Math.max(...margins)).toBeLessThan(0.75);
  expect(Math.max(...margins)).toBeGreaterThan(0.1);
});

// Each sigmoid shrinks a step tenfold: the reference must lose no digits on the way to the loss.
for (const loss of ['crossEntropy', 'mse']) {
  test(`ten layers of sigmoids with ${loss}: right gradients pass, a wrong one fails`, () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      setBuiltinNoise(seed % 3 / 2, seed);
      const { net, loss: end } = mlp(seed, 8, [2, 8, 8, 8, 8, 8, 8, 8, 8, 8, 2], 'sigmoid', loss);
      const snapshot = net.snapshot([{ tensor: end }]);
      const report = checkSnapshot(snapshot);
      expect([report.verdict, report.checked, report.proven], `seed ${seed}\n${report}`).toEqual(['pass', report.total, report.total]);
      for (const name of ['0.weight', '10.bias']) {
        const gradient = snapshot.gradients[idOf(snapshot, name)];
        const [right] = gradient;
        gradient[0] = right * 1.001;
        const wrong = checkSnapshot(snapshot);
        expect([wrong.verdict, wrong.tensors.filter(({ verdict }) => verdict !== 'pass').map((tensor) => [tensor.name, tensor.failed])]).toEqual(['fail', [[name, 1]]]);
        gradient[0] = right;
      }
    }
  });
}

test('the exact changes of sigmoid and tanh', () => {
  for (const x of [-800, -40, -3, -0.1, 0, 1e-9, 0.7, 5, 20, 40, 800]) {
    for (const delta of [1e-3, -0.5, 1]) {
      expect(Math.abs(sigmoidChange(x, sigmoid(x), delta) - (sigmoid(x + delta) - sigmoid(x))), `sigmoid at ${x} by ${delta}`).toBeLessThan(1e-15);
      expect(Math.abs(tanhChange(x, Math.tanh(x), delta) - (Math.tanh(x + delta) - Math.tanh(x))), `tanh at ${x} by ${delta}`).toBeLessThan(1e-15);
    }
    // A tiny step moves by its slope, to all digits.
    const slope = sigmoid(x) * sigmoid(-x);
    expect(sigmoidChange(x, sigmoid(x), 1e-13)).toBeCloseTo(1e-13 * slope, 25);
    expect(tanhChange(x, Math.tanh(x), 1e-13)).toBeCloseTo(1e-13 / Math.cosh(x) ** 2, 25);
  }
});

const PLANTS: Record<string, { plant: (gradient: Float32Array, shape: readonly number[]) => void; verdict: string }> = {
  'scaled by 1.001': { plant: (g) => g.forEach((value, i) => { g[i] = value * 1.001; }), verdict: 'fail' },
  'one element off by 1e-4': { plant: (g) => { g[7] *= 1 + 1e-4; }, verdict: 'fail' },
  'one element zeroed': { plant: (g) => { g[g.length - 1] = 0; }, verdict: 'fail' },
  'transposed': {
    plant: (g, [rows, columns]) => { const copy = g.slice(); copy.forEach((value, i) => { g[(i % columns) * rows + Math.floor(i / columns)] = value; }); },
    verdict: 'fail',
  },
  'one NaN': { plant: (g) => { g[3] = NaN; }, verdict: 'fail' },
  'one infinity': { plant: (g) => { g[3] = Infinity; }, verdict: 'fail' },
  'negated': { plant: (g) => g.forEach((value, i) => { g[i] = -value; }), verdict: 'fail' },
  'doubled': { plant: (g) => g.forEach((value, i) => { g[i] = 2 * value; }), verdict: 'fail' },
  'all zero': { plant: (g) => g.fill(0), verdict: 'unwritten' },
  'all poison': { plant: (g) => new Uint32Array(g.buffer).fill(POISON_BITS), verdict: 'unwritten' },
  'last two poison': { plant: (g) => new Uint32Array(g.buffer).fill(POISON_BITS, g.length - 2), verdict: 'fail' },
};
for (const [name, { plant, verdict }] of Object.entries(PLANTS)) {
  test(`caught: ${name}`, () => {
    const snapshot = tanhNet();
    const id = idOf(snapshot, '0.weight');
    plant(snapshot.gradients[id], snapshot.graph.tensors[id].shape);
    const report = checkSnapshot(snapshot);
    expect(report.passed).toBe(false);
    expect(report.verdict).toBe(verdict);
    expect(report.tensors.filter((tensor) => tensor.verdict !== 'pass').map((tensor) => [tensor.name, tensor.verdict])).toEqual([['0.weight', verdict]]);
    expect(report.blame?.text).toBe("the backward of linear '0' to its weight");
  });
}

test('poison in a wrong tensor is counted apart', () => {
  const snapshot = tanhNet();
  const gradient = snapshot.gradients[idOf(snapshot, '0.weight')];
  new Uint32Array(gradient.buffer).fill(POISON_BITS, gradient.length - 2);
  const [tensor] = checkSnapshot(snapshot).tensors;
  expect([tensor.failed, tensor.unwritten, tensor.passed]).toEqual([2, 2, gradient.length - 2]);
});

test('where all gradients of a layer are wrong, the layers above it are named too', () => {
  const snapshot = tanhNet();
  for (const name of ['0.weight', '0.bias']) snapshot.gradients[idOf(snapshot, name)].forEach((value, i, gradient) => { gradient[i] = 3 * value; });
  expect(checkSnapshot(snapshot).blame?.text).toBe("the backward of linear '0' to its weight and bias, or the backward to the input of tanh '1', linear '2'");
});

test('a wrong loss makes the report red though all gradients are right', () => {
  const snapshot = tanhNet();
  snapshot.computed[snapshot.seeds[0].tensor][0] *= 1.001;
  const report = checkSnapshot(snapshot);
  expect(report.verdict).toBe('fail');
  expect(String(report)).toContain('✗ the forward pass is wrong on simulated float32');
});

test('a dead net is nothing to check, never green', () => {
  const net = new Net();
  const x = net.leaf('x', 'input', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
  const weight = net.leaf('0.weight', 'parameter', [4, 2], new Float32Array(8).fill(-1));
  const hidden = net.apply('relu', '1', { x: net.apply('linear', '0', { x, weight }) });
  const report = checkSnapshot(net.snapshot([{ tensor: net.apply('sum', 'loss', { x: hidden }) }]));
  expect(report.verdict).toBe('nothing-to-check');
  expect(report.passed).toBe(false);
  expect(String(report).split('\n')[0]).toBe('✗ nothing to check on simulated float32: the reference gradient is all zero for 0.weight');
});

test('a snapshot without gradients is nothing to check', () => {
  const net = new Net();
  const x = net.random('x', 'input', [3, 2], 4);
  const report = checkSnapshot(net.snapshot([{ tensor: net.apply('tanh', 'loss', { x }) }]));
  expect([report.passed, report.verdict, report.total]).toEqual([false, 'nothing-to-check', 0]);
});

test('a forgotten parameter or a forgotten loss is refused, not left out of the total', () => {
  const snapshot = tanhNet();
  const gradients = { ...snapshot.gradients };
  delete gradients[idOf(snapshot, '2.bias')];
  for (const [broken, got] of [
    [{ ...snapshot, gradients }, 'a gradient of every parameter, got none for 2.bias.'],
    [{ ...snapshot, gradients: {} }, 'a gradient of every parameter, got none for 0.weight.'],
    [{ ...snapshot, computed: {} }, 'the computed value of every tensor that is a seed, got none for loss.out.'],
  ] as const) {
    expect(() => checkSnapshot(broken)).toThrow(DataError);
    expect(() => checkSnapshot(broken)).toThrow(`gradient check: needs ${got}`);
  }
});

test('a unit on the kink may lie on either side: no false alarm, and the verdict says so', () => {
  const net = new Net();
  // 0.1·3 − 0.3 is not 0 in exact arithmetic on float32 numbers, but rounding hides it.
  const x = net.leaf('x', 'input', [2, 1], Float32Array.of(3, 2));
  const weight = net.leaf('0.weight', 'parameter', [1, 1], Float32Array.of(0.1));
  const bias = net.leaf('0.bias', 'parameter', [1], Float32Array.of(-0.3));
  const hidden = net.apply('relu', '1', { x: net.apply('linear', '0', { x, weight, bias }) });
  const second = net.leaf('2.weight', 'input', [2, 1], Float32Array.of(0.5, 0.25));
  const loss = net.apply('sum', 'loss', { x: net.apply('add', 'shift', { a: net.apply('linear', '2', { x: hidden, weight: second }), b: x }) });
  const snapshot = net.snapshot([{ tensor: loss }], [weight, bias]);
  const onTheOtherSide = { ...snapshot, gradients: { [weight]: Float32Array.of(2.25), [bias]: Float32Array.of(0.75) } };
  const neither = { ...snapshot, gradients: { [weight]: Float32Array.of(22.5), [bias]: Float32Array.of(7.5) } };
  const verdicts = [snapshot, onTheOtherSide].map((one) => checkSnapshot(one).tensors.map(({ verdict }) => verdict));
  expect(verdicts.flat()).toContain('kink');
  expect(checkSnapshot(neither).verdict).toBe('fail');
});

test('fan-out, a shared weight and a skip connection', () => {
  setBuiltinNoise(0);
  const net = new Net();
  const x = net.random('x', 'input', [5, 7], 3);
  const weight = net.random('shared.weight', 'parameter', [7, 7], 4, 0.4);
  const scale = net.random('scale', 'parameter', [7], 5);
  const first = net.apply('tanh', 'a', { x: net.apply('linear', 'first', { x, weight }) });
  const second = net.apply('linear', 'second', { x: first, weight });
  const skip = net.apply('add', 'skip', { a: second, b: first });
  const square = net.apply('mul', 'square', { a: skip, b: skip });
  const scaled = net.apply('mul', 'scale', { a: square, b: scale });
  // The weight by both inputs of one node, and a second seed on an inner tensor.
  const gram = net.apply('matmul', 'gram', { a: weight, b: weight }, { transposeA: true });
  const total = net.apply('sum', 'total', { x: net.apply('add', 'both', { a: net.apply('mean', 'mean', { x: scaled, }), b: net.apply('sum', 'gramSum', { x: gram }) }) });
  const cotangent = Float32Array.from({ length: 35 }, (_, i) => (i % 5) / 4 - 0.5);
  const snapshot = net.snapshot([{ tensor: total }, { tensor: first, cotangent }], [weight, scale, first, skip, x]);
  const report = checkSnapshot(snapshot);
  expect(report.passed, String(report)).toBe(true);
  expect(report.tensors).toHaveLength(5);
  // A program that forgets one of the sums is caught.
  const forgotten = { ...snapshot, gradients: { ...snapshot.gradients, [weight]: snapshot.gradients[weight].map((value) => value / 2) } };
  expect(checkSnapshot(forgotten).verdict).toBe('fail');
});

test('witnesses that disagree make the reference suspect, never the GPU wrong', () => {
  const tanh = proofs.tanh;
  const wrong = { ...proofs, tanh: { ...tanh, backward: (...args: Parameters<typeof tanh.backward>) => {
    const { x } = tanh.backward(...args);
    return { x: { ...x, value: x.value.map((value) => value * 1.00001) } };
  } } };
  const report = checkSnapshot(tanhNet(), { proofs: wrong });
  expect(report.verdict).toBe('reference-suspect');
  expect(report.checked).toBeLessThan(report.total);
  expect(report.tensors.every(({ failed }) => failed === 0)).toBe(true);
  expect(String(report)).toMatch(/^✗ the reference is suspect on simulated float32: its two witnesses disagree at .* of 0\.weight/);
});

test('a sparse re-evaluation that forgets an element is a fault of the reference', () => {
  const linear = proofs.linear;
  const forgetful = { ...proofs, linear: { ...linear, perturb: (place: Parameters<NonNullable<typeof linear.perturb>>[0]) => {
    const run = linear.perturb?.(place) ?? (() => undefined);
    return () => { run(); place.out.change.count = Math.max(0, place.out.change.count - 1); };
  } } };
  const report = checkSnapshot(tanhNet(), { proofs: forgetful });
  expect(report.verdict).toBe('reference-suspect');
  expect(report.faults[0]).toContain("linear '0': sparse re-evaluation gives");
});

test('every op proves the same without its fast path', () => {
  const slow = Object.fromEntries(Object.entries(proofs).map(([op, proof]) => [op, { ...proof, perturb: undefined }]));
  const report = checkSnapshot(tanhNet(), { proofs: slow });
  expect(report.passed, String(report)).toBe(true);
});

test('bad snapshots are refused by name', () => {
  const snapshot = tanhNet();
  const weight = idOf(snapshot, '0.weight');
  const missing = { ...snapshot.values };
  delete missing[weight];
  expect(() => checkSnapshot({ ...snapshot, values: missing })).toThrow("gradient check: needs the values of every leaf, got none for 0.weight, which '0' reads");
  const diverged = { ...snapshot.values, [weight]: new Float32Array(33).fill(NaN) };
  expect(() => checkSnapshot({ ...snapshot, values: diverged })).toThrow('gradient check: needs finite values, got NaN at element 0 of 0.weight. The net had already diverged');
  expect(() => checkSnapshot({ ...snapshot, gradients: { [weight]: new Float32Array(3) } })).toThrow('needs 33 gradients for 0.weight [11, 3], got 3');
  const nodes = snapshot.graph.nodes.map((node) => ({ ...node, op: 'constructor' }));
  expect(() => checkSnapshot({ ...snapshot, graph: { ...snapshot.graph, nodes } })).toThrow("a proof of every op");
});

test('progress rises to the total, and a check can be cancelled', () => {
  const seen: number[] = [];
  checkSnapshot(tanhNet(), { onProgress: ({ checked, total }) => seen.push(checked / total) });
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(1);
  expect(() => checkSnapshot(tanhNet(), { cancelled: () => true })).toThrow('checkSnapshot: needs to run to its end, got an abort');
});

test('checkGradients asks the trainer for a snapshot and checks it in slices', async () => {
  const asked: unknown[] = [];
  const trainer = { snapshot: async (options?: object) => { asked.push(options); return tanhNet(); } };
  const report = await checkGradients(trainer, { batchSize: 9 });
  expect(report.passed).toBe(true);
  expect(asked).toEqual([{ batchSize: 9 }]);
  await expect(checkGradients(trainer, { batchSize: 0 })).rejects.toThrow('checkGradients: needs batchSize to be an integer ≥ 1, got 0');
  await expect(checkGradients(trainer, { worker: true })).rejects.toThrow('checkGradients: needs worker: false where there are no workers');
  const misspelt: object = { batchsize: 9 };
  await expect(checkGradients(trainer, misspelt)).rejects.toThrow('an unknown option "batchsize"');
  const controller = new AbortController();
  const running = checkGradients(trainer, { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(running).rejects.toMatchObject({ code: 'aborted' });
});

test('all 101,770 parameters of a 784-128-10 net within the budget', () => {
  setBuiltinNoise(0);
  const { net, loss } = mlp(1, 8, [784, 128, 10], 'relu', 'crossEntropy');
  const report = checkSnapshot(net.snapshot([{ tensor: loss }]));
  expect(String(report).split('\n')[0]).toBe('101,770 of 101,770 gradients proven on simulated float32');
  expect(report.seconds).toBeLessThan(15);
});
