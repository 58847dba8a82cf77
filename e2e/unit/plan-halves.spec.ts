import { expect, test } from 'playwright/test';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { conv2d, dropout, flatten, gru, linear, maxPool2d, relu, sequential } from '../../src/index.ts';
import type { Module } from '../../src/index.ts';
import { crossEntropy, mse } from '../../src/nn/losses.ts';
import { mixedPrecision } from '../../src/nn/mixed-precision.ts';
import { traceLossNet } from '../../src/nn/net.ts';
import { planTraining } from '../../src/nn/step-plans.ts';
import type { Target } from '../../src/ops/request.ts';
import type { ProgramPlan } from '../../src/program/plan.ts';
import { fromFloat16, roundToFloat16 } from '../../src/program/float16.ts';
import { testNets } from '../nets.ts';
import { POISON_BITS } from '../../src/program/poison.ts';

const TARGET: Target = { adapterClass: 'cpu', maxBindings: 10, quads: false, fusion: true, variants: {}, precision: 'mixed' };
const mixed = mixedPrecision({ hasFloat16: true, name: 'an adapter' }, 'mixed', undefined);

function planned(model: Module, inputShape: readonly number[], target: Partial<Target> = {}, loss = crossEntropy(), optimizer = adam()): ProgramPlan {
  return planTraining('train', traceLossNet(model, inputShape, 16, loss), { ...TARGET, ...target }, optimizer, undefined, { mixed }).plan;
}

const lines = ({ launches }: ProgramPlan): string[] => launches.map(({ section, label, kernel }) => `${section}: ${label}, ${kernel.name}`);

test('an MLP in mixed precision: what is rounded, by whom, and five launches more', () => {
  const plan = planned(sequential(linear(20, 12), relu(), linear(12, 10)), [20]);
  expect(lines(plan)).toEqual([
    'forward: weights, copy/f16 out',
    'forward: 0.forward, copy/f16 out',
    // The hidden layer goes on as f16, and stays as f32 for the gradient of its activation.
    'forward: 0.forward, matmul-nt/short/f16 a b',
    'forward: 2.forward, matmul-nt/short/f16 a b',
    'forward: loss.forward, cross-entropy-index/row',
    'forward: loss.forward, reduce/serial',
    // Scaled before it is rounded.
    'backward: loss.backward, mul/f16 out',
    'backward: 2.backward, matmul-nn/short/f16 a b out',
    'backward: 2.backward, matmul-tn/short/f16 a b',
    'backward: 0.backward, matmul-tn/short/f16 a b',
    'update: loss scale, unscale',
    'update: loss scale, adjust-loss-scale',
    'update: optimizer, adam',
    'report: report, record',
  ]);
  const plain = planTraining('train', traceLossNet(sequential(linear(20, 12), relu(), linear(12, 10)), [20], 16, crossEntropy()), TARGET, adam(), undefined).plan;
  expect(plan.launches.length - plain.launches.length).toBe(5);
  expect(plain.launches.some(({ kernel }) => kernel.code.includes('f16'))).toBe(false);
  // Copies lie in the order of the parameters, each where a binding may start, and take half the bytes.
  const { bytes } = plan.buffers.find(({ name }) => name === 'parameters')!;
  expect(plan.buffers.find(({ name }) => name === 'parameters (f16)')).toMatchObject({ role: 'parameters', bytes: bytes / 2 });
  const placed = [...plan.placements.values()].filter(({ buffer }) => buffer === 'parameters (f16)');
  expect(placed.length).toBeGreaterThan(2);
  for (const { offset } of placed) expect(offset % 256).toBe(0);
  // The loss's cotangent is the scale itself.
  expect([...plan.cotangents.values()].map(({ id }) => plan.placements.get(id))).toEqual([{ buffer: 'lossScale', offset: 0, bytes: 4 }]);
});

test('no two tensors of which a launch reads one and writes the other share memory, and each binding is as large as its kernel says', () => {
  for (const [model, shape] of [[sequential(linear(7, 5), relu(), linear(5, 3)), [7]], [sequential(conv2d(1, 3, 3), relu(), maxPool2d(2), flatten(), linear(27, 5)), [1, 9, 9]]] as const) {
    for (const fusion of [true, false]) {
      const { launches, placements } = planned(model, shape, { fusion });
      for (const { kernel, tensors } of launches) {
        const read = new Set(kernel.bindings.flatMap(({ access }, at) => (access === 'read' ? [placements.get(tensors[at]!.id)!.buffer] : [])));
        kernel.bindings.forEach(({ name, access }, at) => {
          const { buffer, bytes, offset } = placements.get(tensors[at]!.id)!;
          if (access !== 'read' && access !== 'uniform') expect(read.has(buffer), `${kernel.name} writes ${buffer}`).toBe(false);
          const [, type, count] = new RegExp(`> ${name}: array<(\\w+), (\\d+)>;`).exec(kernel.code) ?? [];
          if (type === undefined) return;
          const size = Number(count) * ({ f32: 4, u32: 4, f16: 2, vec4f: 16, vec4u: 16, vec4h: 8 }[type] ?? NaN);
          expect([offset % 256, bytes % 4, bytes >= size], `${kernel.name} ${name}`).toEqual([0, 0, true]);
          expect(/^(f16|vec4h)$/.test(type), `${kernel.name} ${name}`).toBe(tensors[at]!.half === true);
        });
      }
    }
  }
});

test('a convolution net is rounded by those who make its tensors where they can', () => {
  const plan = planned(sequential(conv2d(1, 3, 3), relu(), conv2d(3, 4, 3), relu(), flatten(), linear(100, 5)), [1, 9, 9]);
  const kernels = lines(plan).filter((line) => line.includes('/f16'));
  expect(kernels).toEqual([
    'forward: weights, copy/f16 out', 'forward: 0.forward, copy/f16 out', 'forward: 0.forward, convolution/block/f16 source weight',
    'forward: 2.forward, convolution/block/f16 source weight', 'forward: 5.forward, matmul-nt/short/f16 a b', 'backward: loss.backward, mul/f16 out',
    'backward: 5.backward, matmul-nn/short/f16 a b', 'backward: 5.backward, matmul-tn/short/f16 a b', 'backward: 3.backward, reluBackward/f16 out',
    'backward: 2.backward, convolution-transposed/block/f16 out source weight', 'backward: 2.backward, convolution-weight/block/f16 dout source', 'backward: 0.backward, convolution-weight/block/f16 dout source',
  ]);
});

test('what several launches write in parts stays f32, and each tensor is rounded once', () => {
  const { launches } = planned(sequential(gru(4, 6), dropout(0.1), linear(6, 3)), [5, 4], {}, mse());
  const written = launches.flatMap(({ kernel, tensors }) => kernel.bindings.flatMap(({ access }, at) => (access !== 'read' && tensors[at]!.half ? [tensors[at]!.name] : [])));
  expect(written.length).toBeGreaterThan(3);
  expect(new Set(written).size).toBe(written.length);
  const inParts = new Set(launches.flatMap(({ kernel, tensors }) => kernel.bindings.flatMap(({ access }, at) => (access === 'part' ? [tensors[at]!.name] : []))));
  expect(inParts.size).toBeGreaterThan(0);
  for (const name of written) expect(inParts.has(name.replace(' (f16)', '')), name).toBe(false);
});

test('in every net of the fusion tests each rounded tensor is written once, before it is read, and by nobody that reads f32 for a product', () => {
  for (const [name, { model, loss }] of Object.entries(testNets)) {
    for (const fusion of [true, false]) {
      const made = model();
      const { launches } = planned(made, made.inputShape ?? [9], { fusion }, loss());
      const written = new Map<number, number>();
      launches.forEach(({ kernel, tensors, section, variant }, at) => {
        const bound = kernel.bindings.map(({ access, name: binding }, index) => ({ access, binding, tensor: tensors[index]! }));
        for (const { access, tensor } of bound) {
          if (access !== 'read') continue;
          if (tensor.half && tensor.role === 'value') expect(written.get(tensor.id), `${name}: ${kernel.name} reads ${tensor.name}`).toBeLessThan(at);
        }
        for (const { access, tensor } of bound) {
          if (access === 'read' || !tensor.half) continue;
          expect(written.has(tensor.id), `${name}: ${tensor.name}`).toBe(false);
          written.set(tensor.id, at);
        }
        if (section === 'update' || variant?.family !== 'matmul') return;
        for (const { binding, tensor } of bound) if (binding === 'a' || binding === 'b') expect(tensor.half, `${name}: ${kernel.name} ${binding}`).toBe(true);
      });
      expect(written.size).toBeGreaterThan(1);
    }
  }
});

test('a device that binds little gets launches of their own instead of a store more', () => {
  const plan = planned(sequential(linear(20, 12), relu(), linear(12, 10)), [20], { maxBindings: 4 }, crossEntropy(), sgd());
  expect(lines(plan).filter((line) => line.endsWith('copy/f16 out')).length).toBe(3);
  for (const { kernel } of plan.launches) expect(kernel.bindings.filter(({ access }) => access !== 'uniform').length).toBeLessThanOrEqual(4);
});

test('numbers of f16 on the host', () => {
  // Of every f16 but NaN: what it stands for is rounded to itself.
  const all = Uint32Array.from({ length: 2 ** 15 }, (_, i) => 2 * i | (2 * i + 1) << 16);
  const numbers = fromFloat16(all, 2 ** 16);
  expect([numbers[0x3c00], numbers[0x3555], numbers[1], numbers[0x7bff], numbers[0xfbff], numbers[0x7c00], numbers[0x0400]]).toEqual([1, 0.333251953125, 2 ** -24, 65504, -65504, Infinity, 2 ** -14]);
  expect(numbers.filter((value) => Number.isNaN(value)).length).toBe(2 * 1023);
  for (const value of numbers) if (!Number.isNaN(value) && roundToFloat16(value) !== value) throw new Error(`${value} becomes ${roundToFloat16(value)}`);
  // Ties go to the even one, and what is beyond is infinite.
  expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -30, 2 ** -25, 3 * 2 ** -25, -(2 ** -26), 65_504.5, -1e9].map(roundToFloat16)).toEqual([1, 1 + 2 ** -9, 1 + 2 ** -10, 0, 2 ** -23, 0, Infinity, -Infinity]);
  const poison = new Uint32Array(fromFloat16(Uint32Array.of(POISON_BITS, 0x3c00), 3).buffer);
  expect([...poison]).toEqual([POISON_BITS, POISON_BITS, 0x3f800000]);
});

test('options of mixed precision, word for word', () => {
  const refused = (hasFloat16: boolean, precision: unknown, lossScale?: object): string => {
    try {
      mixedPrecision({ hasFloat16, name: 'SwiftShader (google, software)' }, precision, lossScale as never);
      return 'none';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(refused(false, 'mixed')).toBe('compile: needs a device with shader-f16 for precision "mixed", got SwiftShader (google, software), which has none. Leave precision out: float32 runs everywhere. device.hasFloat16 tells beforehand.');
  expect(refused(false, 'float32')).toBe('none');
  expect(refused(true, 'half')).toBe('compile: needs precision to be "float32" or "mixed", got "half".');
  expect(refused(true, undefined, {})).toBe('compile: needs precision "mixed" with lossScale, got undefined.');
  expect(refused(true, 'mixed', { initial: 0 })).toContain('compile: needs lossScale.initial to be');
  expect(refused(true, 'mixed', { backoffFactor: 1 })).toContain('compile: needs lossScale.backoffFactor to be');
  expect(refused(true, 'mixed', { growthFactor: 0.5 })).toContain('compile: needs lossScale.growthFactor to be');
  expect(refused(true, 'mixed', { growthInterval: 1.5 })).toContain('compile: needs lossScale.growthInterval to be');
  expect(refused(true, 'mixed', { interval: 3 })).toContain('compile: lossScale');
  expect(refused(true, 'mixed', { initial: 2 ** -3, growthFactor: 1, backoffFactor: 0.25, growthInterval: 1 })).toBe('none');
  // An optimiser that knows nothing of the scale would go on where a step is left out.
  const careless = { ...adam(), requests: (context: Parameters<ReturnType<typeof adam>['requests']>[0]) => adam().requests({ ...context, lossScale: undefined } as never) };
  const net = traceLossNet(sequential(linear(4, 3)), [4], 2, mse());
  expect(() => planTraining('train', net, TARGET, careless, undefined, { mixed })).toThrow('compile: needs an optimizer whose kernels can leave out a step (lossScale in its context) for precision "mixed", got adam.');
});
