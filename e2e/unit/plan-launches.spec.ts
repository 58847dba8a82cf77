import { expect, test } from 'playwright/test';
import { reduce, reduceFamily } from '../../src/ops/reduce.ts';
import { matmulFamily, multiply } from '../../src/ops/matmul.ts';
import { map } from '../../src/ops/map.ts';
import { ops } from '../../src/ops/index.ts';
import type { Request, Target } from '../../src/ops/request.ts';
import type { Shape, Tensor } from '../../src/ops/tensor.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { linear, relu, sequential } from '../../src/nn/layers.ts';
import { crossEntropy } from '../../src/nn/losses.ts';
import { traceLossNet } from '../../src/nn/net.ts';
import { planTraining } from '../../src/nn/step-plans.ts';
import { fuse } from '../../src/program/fusion.ts';
import { divide, lower, planProgram } from '../../src/program/plan.ts';
import { Trace, tracing } from '../../src/program/trace.ts';

const TARGET: Target = { adapterClass: 'cpu', maxBindings: 10, quads: false, fusion: true, variants: {} };
const tensor = (id: number, shape: Shape): Tensor => ({ id, name: `t${id}`, shape, type: 'f32', role: 'value' });
const variantOf = (request: Request, target: Partial<Target>): string => lower(request, 'forward', { ...TARGET, ...target }).kernel.name.split('/')[1]!;

test('784-128-10 with Adam: the whole step', () => {
  const model = sequential(linear(784, 128), relu(), linear(128, 10));
  const { plan } = planTraining('train', traceLossNet(model, [784], 64, crossEntropy()), TARGET, adam(), undefined);
  expect(plan.launches.map(({ section, label, kernel }) => `${section}: ${label}, ${kernel.name}, ${kernel.count}`)).toEqual([
    'forward: 0.forward, matmul-nt/register, 512',
    'forward: 2.forward, matmul-nt/short, 192',
    'forward: loss.forward, cross-entropy-index/row, 64',
    'forward: loss.forward, reduce/serial, 1',
    'backward: 2.backward, matmul-nn/short, 2048',
    'backward: 2.backward, matmul-tn/short, 320',
    'backward: 0.backward, matmul-tn/register, 6272',
    'update: optimizer, adam, 25456',
    'report: report, record, 1',
  ]);
  // Parameters, gradients and both moments have one layout: 101,770 numbers, each tensor padded to 64.
  const bytes = Object.fromEntries(plan.buffers.map((buffer) => [buffer.name, buffer.bytes]));
  expect(bytes).toMatchObject({ parameters: 407_296, gradients: 407_296, 'optimizer.expAvg': 407_296, 'optimizer.expAvgSq': 407_296 });
  expect(plan.buffers.filter(({ uniform }) => uniform).map(({ name }) => name)).toEqual(['step']);
});

test('lower picks a variant by the adapter and the size', () => {
  const product = (m: number, k: number, n: number): Request => multiply({}, tensor(0, [m, k]), tensor(1, [k, n]), tensor(2, [m, n]));
  const cases: [Request, string, string][] = [
    [product(63, 64, 64), 'short', 'small'], [product(64, 64, 64), 'small', 'small'], [product(64, 256, 64), 'register', 'tiled-32x32'], [product(64, 255, 64), 'small', 'small'],
    // The largest tile of which there are 64: 8 × 8 of each size, and one row of the largest less.
    [product(512, 64, 512), 'register', 'tiled'], [product(1024, 64, 512), 'register', 'tiled-128x64'], [product(1024, 64, 1024), 'register', 'tiled-128x128'],
    [product(511, 64, 449), 'register', 'tiled'], [product(448, 64, 512), 'register', 'tiled-32x32'], [product(896, 64, 1024), 'register', 'tiled-128x64'],
    // Too flat for a tile, and too flat for four rows of registers.
    [product(16, 1024, 64), 'register', 'register'], [product(2, 4096, 256), 'small', 'gemv'], [product(4, 63, 256), 'short', 'small'], [product(300, 64, 1), 'short', 'gemv'],
  ];
  for (const [request, cpu, gpu] of cases) {
    expect(variantOf(request, { adapterClass: 'cpu' })).toBe(cpu);
    expect(variantOf(request, { adapterClass: 'gpu' })).toBe(gpu);
  }
  const sum = (size: number, outputs: number): Request =>
    reduce(tensor(0, [outputs, size]), { outer: outputs, size, inner: 1, scale: 1 }, tensor(1, [outputs]));
  expect(variantOf(sum(512, 4), { adapterClass: 'gpu' })).toBe('workgroup');
  expect(variantOf(sum(511, 4), { adapterClass: 'gpu' })).toBe('serial');
  expect(variantOf(sum(512, 4097), { adapterClass: 'gpu' })).toBe('serial');
  expect(variantOf(sum(4096, 4), { adapterClass: 'cpu' })).toBe('serial');
  // With subgroups the same rules, but only on a GPU; a product only where the larger operand has neighbours along k.
  const [gpu, cpu]: Partial<Target>[] = [{ adapterClass: 'gpu', subgroups: true }, { adapterClass: 'cpu', subgroups: true }];
  expect([sum(512, 4), sum(511, 4)].map((request) => [variantOf(request, gpu!), variantOf(request, cpu!)])).toEqual([['subgroup', 'serial'], ['serial', 'serial']]);
  const layer = multiply({ transposeB: true }, tensor(0, [1, 784]), tensor(1, [128, 784]), tensor(2, [1, 128]));
  expect([layer, product(1, 784, 128), product(300, 64, 1)].map((request) => [variantOf(request, gpu!), variantOf(request, cpu!)])).toEqual([['gemv-subgroup', 'short'], ['gemv', 'short'], ['gemv-subgroup', 'short']]);
  expect(variantOf(layer, { adapterClass: 'gpu' })).toBe('gemv');
  expect(() => variantOf(layer, { adapterClass: 'gpu', variants: { matmul: 'gemv-subgroup' } })).toThrow('compile: needs a variant of matmul that this device runs, got "gemv-subgroup".');
});

test('a split product is a launch for its slices of k and one for each sum of them', () => {
  const dw = (k: number, m = 64, n = 64): readonly string[] => {
    const requests = [multiply({ transposeA: true }, tensor(0, [k, m]), tensor(1, [k, n]), tensor(2, [m, n])), reduce(tensor(0, [k, m]), { outer: 1, size: k, inner: m, scale: 1 }, tensor(3, [m]))];
    const target: Target = { ...TARGET, adapterClass: 'gpu', fusion: true };
    let made = 3;
    return divide(fuse(requests, new Set(), target), target, (_, shape) => tensor(made += 1, shape)).map((request) => {
      const { kernel, tensors } = lower(request, 'backward', target);
      return `${kernel.name} ${tensors.map(({ id, shape }) => `${id}:${shape.join('x')}`).join(' ')}`;
    });
  };
  // One tile, so as many slices as are 32 long, up to 64; the last of them divide k.
  expect(dw(1024)).toEqual(['matmul-tn/split 0:1024x64 1:1024x64 4:32x64x64 5:32x64', 'reduce/serial 4:32x64x64 2:64x64', 'reduce/serial 5:32x64 3:64']);
  expect(dw(1030)[0]).toContain('4:10x64x64');
  expect(dw(1024, 256, 128)).toHaveLength(3);
  // A prime k, a short one, and more than 8 tiles.
  for (const whole of [dw(1031), dw(1023), dw(1024, 192, 192)]) expect(whole).toHaveLength(1);
});

test('the last variant of each family suits everything, and a forced one must exist', () => {
  for (const family of [matmulFamily, reduceFamily]) expect(family.variants.at(-1)!.suits({} as never, TARGET)).toBe(true);
  const request = multiply({}, tensor(0, [2, 2]), tensor(1, [2, 2]), tensor(2, [2, 2]));
  expect(variantOf(request, { variants: { matmul: 'tiled' } })).toBe('tiled');
  expect(() => lower(request, 'forward', { ...TARGET, variants: { matmul: 'huge' } })).toThrow('compile: needs a variant of matmul among quad-wide, quad, split, subgroup-matrix, tiled-128x128, tiled-128x64, tiled, tiled-32x32, gemv-subgroup, gemv, register, short, small, got "huge".');
});

test('wide quads come at once to large products, later to smaller ones, and never to those that they hardly fill', () => {
  const quads: Partial<Target> = { quads: true };
  const product = (m: number, k: number, n: number): Request => multiply({}, tensor(0, [m, k]), tensor(1, [k, n]), tensor(2, [m, n]));
  const laterOf = (request: Request, target: Partial<Target> = quads): string | undefined => lower(request, 'forward', { ...TARGET, ...target }).later?.().kernel.name.split('/')[1];
  // 256³ are 2^24 multiplications, 128³ are 2^21.
  expect([variantOf(product(256, 256, 256), quads), laterOf(product(256, 256, 256))]).toEqual(['quad-wide', undefined]);
  expect([variantOf(product(256, 255, 256), quads), laterOf(product(256, 255, 256))]).toEqual(['quad', 'quad-wide']);
  expect([variantOf(product(128, 128, 128), quads), laterOf(product(128, 128, 128))]).toEqual(['quad', 'quad-wide']);
  expect(laterOf(product(128, 127, 128))).toBeUndefined();
  // 65 rows are 3 tiles of 32 with 31 rows too many; 32 × 224 are 7 tiles, which threads can't share.
  expect([variantOf(product(65, 4096, 256), quads), laterOf(product(65, 4096, 256))]).toEqual(['quad', undefined]);
  expect(variantOf(product(32, 4096, 224), quads)).toBe('quad');
  expect(variantOf(product(32, 4096, 256), quads)).toBe('quad-wide');
  // Who says that the training is long has them from the start; who forces a variant gets that and no other.
  expect([variantOf(product(128, 128, 128), { ...quads, longRun: true }), laterOf(product(128, 128, 128), { ...quads, longRun: true })]).toEqual(['quad-wide', undefined]);
  expect([variantOf(product(128, 128, 128), { ...quads, longRun: true, variants: { matmul: 'quad' } }), laterOf(product(128, 128, 128), { ...quads, variants: { matmul: 'quad' } })]).toEqual(['quad', undefined]);
  expect(laterOf(product(128, 128, 128), {})).toBeUndefined();
});

test('who plans is told each kernel when its text is there, in the order of the launches', () => {
  const told: string[] = [];
  const model = sequential(linear(784, 128), relu(), linear(128, 10));
  const { plan } = planTraining('train', traceLossNet(model, [784], 64, crossEntropy()), TARGET, adam(), undefined, {}, undefined, ({ code }) => told.push(code));
  expect(told).toEqual(plan.launches.map(({ kernel }) => kernel.code));
});

test('steps of recurrent nets go in quads on a cpu that has them, where their product is worth it and the units are whole fours', () => {
  const families = ['rnn', 'gru', 'lstm'].map((op) => ops[op]!.families!);
  for (const [forward, backward] of families) {
    const chosen = (batch: number, hidden: number, target: Partial<Target>, { isFirst = false, isLast = false } = {}): string[] => [forward!, backward!].map(({ variants }) => {
      const spec = { cell: 'tanh', batch, time: 4, hidden, reverse: false, isFirst, isLast, hasBias: true, hasInitialHidden: false, hasInitialCell: false };
      return variants.find(({ suits }) => suits(spec, { ...TARGET, ...target }))!.name;
    });
    // 16 · 64 · 64 multiplications are just 2^16.
    expect(chosen(16, 64, { quads: true })).toEqual(['quad', 'quad']);
    expect(chosen(15, 64, { quads: true })).toEqual(['unit', 'unit']);
    expect(chosen(16, 66, { quads: true })).toEqual(['unit', 'unit']);
    expect(chosen(16, 64, { quads: false })).toEqual(['unit', 'unit']);
    expect(chosen(16, 64, { quads: true, adapterClass: 'gpu' })).toEqual(['unit', 'unit']);
    // Nothing is multiplied in the first step from zeros, nor going back from the last.
    expect(chosen(16, 64, { quads: true }, { isFirst: true })).toEqual(['unit', 'quad']);
    expect(chosen(16, 64, { quads: true }, { isLast: true })).toEqual(['quad', 'unit']);
  }
});

test('a launch binds tensors in the order of its kernel, and refuses a missing one', () => {
  const request = map(tensor(0, [3, 4]), [{ formula: 'add', operands: [tensor(1, [4])] }], tensor(2, [3, 4]));
  const { kernel, tensors } = lower(request, 'forward', TARGET);
  expect(kernel.bindings.map(({ name }) => name)).toEqual(['x', 'operand0', 'out']);
  expect(tensors.map(({ id }) => id)).toEqual([0, 1, 2]);
  expect(() => lower({ ...request, reads: { x: tensor(0, [3, 4]) } }, 'forward', TARGET)).toThrow(/needs a tensor for its binding operand0/);
});

/** Backward requests of what `body` traces: `label: kernel`. */
function launchesOf(body: (trace: Trace) => number[], fusion = false): string[] {
  const trace = new Trace();
  const seeds = tracing(trace, () => body(trace));
  const plan = planProgram({
    name: 'test', graph: trace.graph, target: { ...TARGET, fusion }, seeds: seeds.map((id) => ({ tensor: id, cotangent: 'given' })),
    wanted: trace.graph.tensors.filter(({ role }) => role === 'parameter').map(({ id }) => id), kept: seeds,
  });
  return plan.launches.filter(({ section }) => section === 'backward').map(({ label, kernel }) => `${label}: ${kernel.name}`);
}

test('gradients of a tensor that is read several times are added once, two at a time until fusion joins them', () => {
  expect(launchesOf((trace) => {
    const x = trace.tensor('x', [4], 'parameter');
    return [trace.apply(ops.mul!, { a: x, b: trace.apply(ops.tanh!, { x }, {}) }, {}).id];
  })).toEqual(['mul.backward: mul', 'mul.backward: mul', 'tanh.backward: tanhBackward', 'x.gradient: add']);
  const thrice = (trace: Trace): number[] => {
    const x = trace.tensor('x', [4], 'parameter');
    return [trace.apply(ops.add!, { a: trace.apply(ops.add!, { a: x, b: x }, {}), b: x }, {}).id];
  };
  expect(launchesOf(thrice)).toEqual(['x.gradient: add', 'x.gradient: add']);
  expect(launchesOf(thrice, true)).toEqual(['x.gradient: add+add']);
});

test('what the objective does not depend on gets a gradient of zeros', () => {
  expect(launchesOf((trace) => {
    trace.tensor('unused', [4], 'parameter');
    return [trace.apply(ops.tanh!, { x: trace.tensor('x', [2], 'parameter') }, {}).id];
  })).toEqual(['tanh.backward: tanhBackward', 'unused.gradient: zero']);
});

test('nothing is launched backwards that no wanted gradient needs', () => {
  expect(launchesOf((trace) => {
    const input = trace.tensor('input', [3, 4], 'input');
    const hidden = trace.apply(ops.tanh!, { x: trace.apply(ops.relu!, { x: input }, {}) }, {});
    return [trace.apply(ops.linear!, { x: hidden, weight: trace.tensor('weight', [2, 4], 'parameter') }, {}).id];
  })).toEqual(['linear.backward: matmul-tn/short']);
});

test('two nameless seeds of one op have two cotangents in two buffers', () => {
  const trace = new Trace();
  const [one, two] = [3, 5].map((length) => trace.apply(ops.tanh!, { x: trace.tensor('x', [length], 'parameter') }, {}));
  const plan = planProgram({
    name: 'two', graph: trace.graph, target: TARGET, wanted: [0, 2], kept: [one!.id, two!.id],
    seeds: [one!, two!].map(({ id }) => ({ tensor: id, cotangent: 'given' })),
  });
  const places = [one!, two!].map(({ id }) => plan.placements.get(plan.cotangents.get(id)!.id)!);
  expect(new Set(places.map(({ buffer }) => buffer)).size).toBe(2);
  expect(places.map(({ bytes }) => bytes)).toEqual([12, 20]);
});
