import { expect, test } from 'playwright/test';
import { bringTiles } from '../../shaders/loaded-kernels.ts';
import { tileKernels } from '../../shaders/tile-kernels.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { flatten, gelu, linear, relu, sequential, softmax } from '../../src/nn/layers.ts';
import { crossEntropy, mse, type Loss } from '../../src/nn/losses.ts';
import type { Module } from '../../src/nn/module.ts';
import { traceLossNet } from '../../src/nn/net.ts';
import { extraLaunches } from '../../src/nn/extra-launches.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { planGather, planTraining } from '../../src/nn/step-plans.ts';
import { rangesOf } from '../../src/ops/cuts/ranges.ts';
import type { Target } from '../../src/ops/request.ts';
import { bring } from '../../src/program/cutting.ts';
import type { ProgramPlan } from '../../src/program/plan.ts';
import { cutNets, type CutNet, type CutNetName } from '../cut-nets.ts';

// Requests whose tensors are larger than what a launch may bind, cut without a GPU.

bring();
bringTiles(tileKernels);

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

const fits = (plan: ProgramPlan, most: number): void => {
  const all = bound(plan);
  expect(all.filter(({ bytes }) => bytes > most)).toEqual([]);
  expect(all.filter(({ offset }) => offset % 256 !== 0)).toEqual([]);
  expect(all.filter(({ end, buffer }) => end > buffer)).toEqual([]);
};

function planNet(name: CutNetName, adapterClass: 'cpu' | 'gpu', fusion: boolean, maxBindingBytes?: number): ProgramPlan {
  const { model: make, rows, inputShape, options }: CutNet = cutNets[name];
  const { loss, optimizer, clipGradients: clip, diagnostics = false, metrics } = options();
  const net = traceLossNet(make(), [...inputShape], rows, loss, { training: true });
  const target: Target = { adapterClass, maxBindings: 8, quads: false, fusion, variants: {}, ...(maxBindingBytes === undefined ? {} : { maxBindingBytes }) };
  return planTraining('train', net, target, optimizer, metrics ? loss.accuracy : undefined, { diagnostics, clip }, extraLaunches).plan;
}

for (const name of Object.keys(cutNets) as CutNetName[]) {
  for (const [adapterClass, fusion] of [['cpu', true], ['cpu', false], ['gpu', true]] as const) {
    test(`${name} on ${adapterClass}, ${fusion ? 'fused' : 'unfused'}: every launch of ranges binds what it may, where it may, and not more of them are made where all fits`, () => {
      const { most } = cutNets[name];
      fits(planNet(name, adapterClass, fusion, most), most);
      const whole = planNet(name, adapterClass, fusion);
      const enough = Math.max(...bound(whole).map(({ bytes }) => bytes));
      expect(planNet(name, adapterClass, fusion, enough).launches.map(({ kernel }) => kernel.code)).toEqual(whole.launches.map(({ kernel }) => kernel.code));
    });
  }
}

test('a batch of data beyond one binding: 60,000 images of 784 numbers where 128 MiB may be bound', () => {
  const target: Target = { adapterClass: 'gpu', maxBindings: 8, quads: false, fusion: true, variants: {}, maxBindingBytes: 2 ** 27 };
  const plan = planGather('train128', 'data1', { examples: 60_000, rows: 128, inputSize: 784, inputType: 'f32', targetSize: 1, targetType: 'u32' }, target);
  expect(plan.launches.map(({ kernel }) => kernel.name)).toEqual(['gather-batch-range', 'gather-batch-range']);
  fits(plan, 2 ** 27);
});

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
