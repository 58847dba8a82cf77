import { expect, test } from 'playwright/test';
import { module, sequential, flatten, linear, relu } from '../../src/nn/layers.ts';
import { mse, type Loss } from '../../src/nn/losses.ts';
import type { Module } from '../../src/nn/module.ts';
import { traceLossNet } from '../../src/nn/net.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { add, matmul, mean, sum } from '../../src/nn/functional.ts';
import type { Request, Target } from '../../src/ops/request.ts';
import type { Tensor } from '../../src/ops/tensor.ts';
import { map } from '../../src/ops/map.ts';
import { multiply } from '../../src/ops/matmul.ts';
import { fuse } from '../../src/program/fusion.ts';
import { planProgram, type ProgramPlan } from '../../src/program/plan.ts';

const target = (fusion: boolean): Target => ({ adapterClass: 'cpu', maxBindings: 8, quads: false, fusion, variants: {} });

function planOf(model: Module, fusion: boolean): ProgramPlan {
  const net = traceLossNet(model, model.inputShape!, 5, mse());
  return planProgram({
    name: 'net', graph: net.graph, target: target(fusion), kept: [net.loss.id],
    seeds: [{ tensor: net.loss.id, cotangent: 'one' }], wanted: net.parameters.map(({ tensor }) => tensor.id),
  });
}

const recurrent = module({ f: linear(3, 3) }, ({ f }, x) => Array.from({ length: 12 }).reduce<Tensor>((h) => f(h), x));
const dense = module({ f: linear(3, 3), g: relu() }, ({ f, g }, x) => {
  const all = [x];
  for (let i = 0; i < 12; i += 1) all.push(g(f(all.reduce((a, b) => add(a, b)))));
  return all.reduce((a, b) => add(a, b));
});

for (const [name, model] of [['a layer used twelve times', recurrent], ['a net that adds up all that came before', dense]] as const) {
  for (const fusion of [true, false]) {
    test(`no launch binds more than a device allows: ${name}, ${fusion ? 'fused' : 'unfused'}`, () => {
      const { launches } = planOf(model, fusion);
      expect(launches.length).toBeGreaterThan(30);
      const most = Math.max(...launches.map(({ kernel }) => kernel.bindings.filter(({ access }) => access !== 'uniform').length));
      expect(most).toBeLessThanOrEqual(8);
      // Fusion uses what there is.
      if (fusion) expect(most).toBeGreaterThan(4);
    });
  }
}

test('a launch that no device could bind is refused by name, before anything is compiled', () => {
  expect(() => planProgram({ name: 'net', ...lossNet(), target: { ...target(false), maxBindings: 2 } })).toThrow(/at most 2 buffers in one launch \(this device's limit\), got 3/);
  function lossNet(): Pick<Parameters<typeof planProgram>[0], 'graph'> {
    return { graph: traceLossNet(sequential(linear(3, 2)), [3], 4, mse()).graph };
  }
});

test('work does not move past a change of what it reads', () => {
  const tensor = (id: number, shape: number[]): Tensor => ({ id, name: `t${id}`, shape, type: 'f32', role: 'value' });
  const [p, half, w, before, after] = [tensor(0, [4, 4]), tensor(1, [4, 4]), tensor(2, [4, 4]), tensor(3, [4, 4]), tensor(4, [4, 4])];
  const update: Request = { family: { name: 'step', variants: [] }, spec: {}, reads: {}, writes: {}, updates: { parameters: p } };
  const requests = [map(p, [{ formula: 'scale', parameters: [0.5] }], half), update, multiply({}, half, w, before), multiply({}, p, w, after)];
  const fused = fuse(requests, new Set([3, 4]), target(true));
  // The scaling stays before the update although the product could do it while loading.
  expect(fused.map(({ family }) => family.name)).toEqual(['elementwise', 'step', 'matmul', 'matmul']);
  expect(fuse(requests.filter((request) => request !== update), new Set([3, 4]), target(true)).map(({ family }) => family.name)).toEqual(['matmul', 'matmul']);
});

test('options of ops are checked by name and type', () => {
  const trace = (forward: (x: Tensor) => Tensor) => () => traceLossNet(module({ l: linear(3, 3) }, ({ l }, x) => l(forward(x))), [3], 4, mse());
  const wrong = (options: object) => options as never;
  expect(trace((x) => mean(x, wrong({ axes: [1], keepdim: true })))).toThrow("mean 'module': needs options among axes, keepDims, got an unknown option \"keepdim\"");
  expect(trace((x) => sum(x, wrong({ axis: [1] })))).toThrow('got an unknown option "axis"');
  expect(trace((x) => sum(x, wrong({ keepDims: 1 })))).toThrow("sum 'module': needs keepDims to be true or false, got 1");
  expect(trace((x) => matmul(x, x, wrong({ transposeA: 1 })))).toThrow("matmul 'module': needs transposeA to be true or false, got 1");
  expect(() => map({ id: 0, name: 'x', shape: [1], type: 'f32', role: 'value' }, [{ formula: 'toString' }], { id: 1, name: 'y', shape: [1], type: 'f32', role: 'value' })).toThrow(/map: needs formulas among .*got "toString"/);
});

test('a loss returns one number', () => {
  const each: Loss = { ...mse(), name: 'each', apply: (output) => output };
  expect(() => traceLossNet(sequential(linear(3, 2)), [3], 4, each)).toThrow('each: needs to return one number, a tensor of shape [], got [4, 2]. Take its mean() or sum().');
});

test('the shape of an example is inferred only where it is certain', () => {
  expect(sequential(relu(), linear(7, 2)).inputShape).toEqual([7]);
  expect(sequential(sequential(relu()), linear(7, 2)).inputShape).toEqual([7]);
  expect(sequential(flatten(), linear(784, 10)).inputShape).toBeUndefined();
  expect(sequential(sequential(flatten(), linear(784, 64)), relu(), linear(64, 10)).inputShape).toBeUndefined();
  expect(module({ f: flatten(), l: linear(784, 10) }, ({ f, l }, x) => l(f(x))).inputShape).toBeUndefined();
  expect(module({ f: flatten(), l: linear(4, 10) }, ({ f, l }, x) => l(f(x)), { inputShape: [2, 2] }).inputShape).toEqual([2, 2]);
});

test('numbers for the GPU fit float32', () => {
  for (const wrong of [() => sgd({ weightDecay: 1e300 }), () => adam({ eps: 1e300 }), () => sgd({ lr: 1e39 }), () => adam({ lr: 1e-50 })]) {
    expect(wrong).toThrow(/to be a number that float32 holds \(0, or between 1.2e-38 and 3.4e38\)/);
  }
});
