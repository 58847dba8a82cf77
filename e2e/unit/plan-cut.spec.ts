import { expect, test } from 'playwright/test';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { flatten, gelu, linear, relu, sequential, softmax } from '../../src/nn/layers.ts';
import { crossEntropy, mse, type Loss } from '../../src/nn/losses.ts';
import type { Module } from '../../src/nn/module.ts';
import { traceLossNet } from '../../src/nn/net.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { planTraining } from '../../src/nn/step-plans.ts';
import { rangesOf } from '../../src/ops/cuts/ranges.ts';
import type { Target } from '../../src/ops/request.ts';
import { bring } from '../../src/program/cutting.ts';
import type { ProgramPlan } from '../../src/program/plan.ts';

// Requests whose tensors are larger than what a launch may bind, cut without a GPU.

bring();

const planOf = (model: Module, shape: number[], loss: Loss, rows: number, maxBindingBytes?: number): ProgramPlan => {
  const target: Target = { adapterClass: 'cpu', maxBindings: 8, quads: false, fusion: true, variants: {}, ...(maxBindingBytes === undefined ? {} : { maxBindingBytes }) };
  const net = traceLossNet(model, shape, rows, loss, { training: true, ...(model.inputType ? { inputType: model.inputType } : {}) });
  return planTraining('train', net, target, adam(), undefined).plan;
};

const bound = (plan: ProgramPlan): { label: string; kernel: string; name: string; bytes: number; offset: number; end: number; buffer: number }[] => plan.launches.flatMap(({ label, kernel, tensors }) => tensors.flatMap((tensor, index) => {
  if (kernel.bindings[index]!.access === 'uniform') return [];
  const { bytes, offset, buffer } = plan.placements.get(tensor.id)!;
  return [{ label, kernel: kernel.name, name: tensor.name, bytes, offset, end: offset + bytes, buffer: plan.buffers.find(({ name }) => name === buffer)!.bytes }];
}));

const nets = {
  mlp: (rows: number, most?: number) => planOf(sequential(linear(50, 150), relu(), linear(150, 90), gelu(), softmax(), linear(90, 10)), [50], mse(), rows, most),
  embedding: (rows: number, most?: number) => planOf(sequential(embedding(1001, 12), flatten(), linear(36, 70)), [3], crossEntropy(), rows, most),
};

for (const kind of ['mlp', 'embedding'] as const) {
  for (const [rows, most] of [[160, 30_000], [160, 24_000], [137, 25_000], [192, 28_000]] as const) {
    test(`${kind} with ${rows} rows and bindings of ${most} bytes: every launch binds what it may, where it may, inside its buffer`, () => {
      const all = bound(nets[kind](rows, most));
      expect(all.filter(({ bytes }) => bytes > most)).toEqual([]);
      expect(all.filter(({ offset }) => offset % 256 !== 0)).toEqual([]);
      expect(all.filter(({ end, buffer }) => end > buffer)).toEqual([]);
    });
  }
  test(`${kind}: where all fits nothing is cut, also at exactly the limit`, () => {
    const whole = nets[kind](128);
    const most = Math.max(...bound(whole).map(({ bytes }) => bytes));
    expect(nets[kind](128, most).launches.map(({ kernel }) => kernel.code)).toEqual(whole.launches.map(({ kernel }) => kernel.code));
    expect(nets[kind](128, most - 1).launches.length).toBeGreaterThan(whole.launches.length);
  });
}

test('ranges cover an axis once, in order, and all but the last are of one size', () => {
  for (const [size, step, most] of [[100, 1, 30], [100, 8, 30], [97, 32, 64], [64, 64, 64], [65, 64, 64], [7, 1, 1]] as const) {
    const ranges = rangesOf(size, step, ({ count }) => count <= most) ?? [{ first: 0, count: size }];
    let at = 0;
    for (const { first, count } of ranges) {
      expect(first).toBe(at);
      expect(count).toBeLessThanOrEqual(size <= most ? size : most);
      expect(first % step).toBe(0);
      at += count;
    }
    expect(at).toBe(size);
    expect(new Set(ranges.slice(0, -1).map(({ count }) => count)).size).toBeLessThanOrEqual(1);
  }
  expect(rangesOf(100, 64, ({ count }) => count <= 63), 'not even one step').toBeUndefined();
});
