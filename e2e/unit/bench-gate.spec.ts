import { expect, test } from 'playwright/test';
import { cases } from '../../bench/cases/index.ts';
import type { ProductCase, RowsCase, TrainingCase } from '../../bench/cases/case.ts';
import { parameterShapes, stepFlops } from '../../bench/cases/nets.ts';
import type { Evidence } from '../../bench/contestants/contestant.ts';
import { mlpModel } from '../../bench/contestants/onnxruntime/model.ts';
import { fromTensorFlow, toTensorFlow } from '../../bench/contestants/tfjs/layout.ts';
import { gateProblem, updateDifference } from '../../bench/harness/gate.ts';
import { inverse, permuted } from '../../bench/harness/host-tensor.ts';
import { Random } from '../../bench/harness/random.ts';
import { expectedOf } from '../../bench/harness/references.ts';

const tensor = (shape: number[], data: number[]) => ({ shape, data: Float32Array.from(data) });

test('cases have names of their own, and the same numbers each time', () => {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  expect(new Random(3).uniform([5]).data).toEqual(new Random(3).uniform([5]).data);
  expect(new Random(3).uniform([5]).data).not.toEqual(new Random(4).uniform([5]).data);
  const labels = new Random(1).classes(2000, 10);
  expect(new Set(labels).size).toBe(10);
});

test('axes change places and back', () => {
  const given = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
  expect(permuted(given, [1, 0])).toEqual(tensor([3, 2], [1, 4, 2, 5, 3, 6]));
  const cube = new Random(1).uniform([2, 3, 4, 5]);
  expect(permuted(permuted(cube, [2, 3, 1, 0]), inverse([2, 3, 1, 0]))).toEqual(cube);
  expect(permuted(cube, [2, 3, 1, 0]).shape).toEqual([4, 5, 3, 2]);
});

test('parameters go to TensorFlow\'s layout and come back', () => {
  for (const net of [{ type: 'lenet' } as const, { type: 'transformer', layers: 1, width: 8, heads: 2, time: 4, vocabulary: 6 } as const]) {
    for (const [name, shape] of Object.entries(parameterShapes(net))) {
      const given = new Random(name.length).uniform(shape);
      expect(fromTensorFlow(net, name, shape, toTensorFlow(net, name, given).data), name).toEqual(given);
    }
  }
  expect(toTensorFlow({ type: 'lenet' }, '0.weight', tensor([2, 1, 1, 2], [1, 2, 3, 4]))).toEqual(tensor([1, 2, 1, 2], [1, 3, 2, 4]));
});

test('FLOPs of a step: three products for each layer, two for the first', () => {
  expect(stepFlops({ type: 'mlp', sizes: [4, 3, 2] }, 10)).toBe(2 * 10 * (2 * 4 * 3 + 3 * 3 * 2));
});

const product: ProductCase = {
  kind: 'product', name: 'p', m: 2, n: 2, k: 3, transposeA: true, transposeB: true, data: () => ({ a: tensor([3, 2], [1, 4, 2, 5, 3, 6]), b: tensor([2, 3], [1, 0, 2, 0, 1, 1]) }),
};

test('products are held against a loop, in any form', () => {
  // A = [[1, 2, 3], [4, 5, 6]], B = [[1, 0], [0, 1], [2, 1]].
  const right = { kind: 'outputs', outputs: { out: Float32Array.of(7, 5, 16, 11) } } as const;
  expect(gateProblem(product, right, expectedOf(product), right)).toBeUndefined();
  const wrong = { kind: 'outputs', outputs: { out: Float32Array.of(7, 5.1, 16, 11) } } as const;
  expect(gateProblem(product, wrong, expectedOf(product), wrong)).toBe('out is 5.1 at 1, expected 5 ± 0.00106');
  expect(gateProblem(product, { kind: 'outputs', outputs: { out: Float32Array.of(7, NaN, 16, 11) } }, expectedOf(product), right)).toContain('out is NaN at 1');
  expect(gateProblem(product, { kind: 'outputs', outputs: {} }, expectedOf(product), right)).toBe('it has no out');
});

const rowsCase = (op: RowsCase['op']): RowsCase => ({
  kind: 'rows', name: 'r', op, rows: 2, columns: 2,
  data: () => ({ tensors: { x: tensor([2, 2], [0, Math.log(3), 1, 1]), cotangent: tensor([2, 2], [1, 0, 0, 1]), weight: tensor([2], [2, 1]), bias: tensor([2], [0, 1]) }, labels: Uint32Array.of(1, 0) }),
});

test('ops over rows are what their definitions say', () => {
  const valuesOf = (op: RowsCase['op']) => Object.fromEntries(expectedOf(rowsCase(op)).map(({ output, values }) => [output, values]));
  const close = (got: readonly number[], wanted: readonly number[]): void => got.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], 4));
  close(valuesOf('softmax').out, [0.25, 0.75, 0.5, 0.5]);
  // y · (g − ⟨g, y⟩)
  close(valuesOf('softmax and gradient')['d x'], [0.1875, -0.1875, -0.25, 0.25]);
  close(valuesOf('layerNorm').out, [-2, 2, 0, 1]);
  close(valuesOf('layerNorm and gradients')['d bias'], [1, 1]);
  close(valuesOf('layerNorm and gradients')['d weight'], [-1, 0]);
  close(valuesOf('crossEntropy and gradient').loss, [(-Math.log(0.75) - Math.log(0.5)) / 2]);
  close(valuesOf('crossEntropy and gradient').gradient, [0.125, -0.125, -0.25, 0.25]);
});

test('the gradient of layerNorm is the slope of layerNorm', () => {
  const data = rowsCase('layerNorm').data();
  const x = Float32Array.of(0.5, -1, 2, 0.25);
  const at = (values: Float32Array): RowsCase => ({ ...rowsCase('layerNorm and gradients'), rows: 1, columns: 4, data: () => ({ tensors: {
    x: { shape: [1, 4], data: values }, cotangent: tensor([1, 4], [1, -2, 0.5, 3]), weight: tensor([4], [2, 1, 0.5, 1]), bias: tensor([4], [0, 1, 2, 3]),
  }, labels: data.labels }) });
  const objective = (values: Float32Array): number => expectedOf(at(values))[0].values.reduce((sum, value, i) => sum + value * [1, -2, 0.5, 3][i], 0);
  const gradient = expectedOf(at(x))[1].values;
  const h = 1 / 256;
  gradient.forEach((value, i) => {
    const moved = (by: number): Float32Array => x.map((old, j) => (i === j ? old + by : old));
    expect(value).toBeCloseTo((objective(moved(h)) - objective(moved(-h))) / (2 * h), 3);
  });
});

const start = { w: tensor([2], [1, 1]) };
const trainingCase = { kind: 'training', name: 't', parameters: () => start } as unknown as TrainingCase;
const trained = (losses: number[], ...w: number[]): Evidence => ({ kind: 'training', losses, parameters: { w: tensor([2], w) } });

test('trainings are held against losses and the first update', () => {
  const reference = trained([2.3, 2.2, 2.1], 0.9, 1.1);
  const problem = (evidence: Evidence) => gateProblem(trainingCase, evidence, [], reference);
  expect(problem(trained([2.3, 2.2, 2.1], 0.9, 1.1))).toBeUndefined();
  // A slow one makes fewer steps.
  expect(problem(trained([2.3, 2.2], 0.9, 1.1))).toBeUndefined();
  expect(problem(trained([2.3], 0.9, 1.1))).toBe('it reports 1 losses, needed are 2');
  expect(problem(trained([2.31, 2.2, 2.1], 0.9, 1.1))).toBe('the loss of step 1 is 2.31, chainrule\'s 2.3');
  expect(problem(trained([2.3, 2.2, 2.3], 0.9, 1.1))).toContain('the loss of step 3');
  expect(problem(trained([2.3, NaN, 2.1], 0.9, 1.1))).toBe('its losses are not finite');
  expect(problem(trained([2.3, 2.2, 2.1], 0.9, 0.9))).toContain('the first update differs by 1.41 of its length');
  expect(problem({ kind: 'outputs', outputs: {} })).toContain('another kind');
  expect(updateDifference({}, start, start)).toBeNaN();
});

test('an ONNX model holds its graph and its weights', () => {
  const weights = { '0.weight': tensor([2, 3], [1, 2, 3, 4, 5, 6]), '0.bias': tensor([2], [7, 8]) };
  const bytes = mlpModel([3, 2], 1, weights);
  // ir_version 8, then the graph's field with the length of all that is left but the operator set (6 bytes).
  expect([...bytes.subarray(0, 3)]).toEqual([8, 8, 58]);
  const length = bytes[3] - 128 + 128 * bytes[4];
  expect([...bytes.subarray(5 + length)]).toEqual([66, 4, 10, 0, 16, 17]);
  const text = Buffer.from(bytes).toString('latin1');
  for (const part of ['Gemm', 'transB', '0.weight', '0.bias', 'out']) expect(text).toContain(part);
  expect(text).toContain(Buffer.from(weights['0.weight'].data.buffer).toString('latin1'));
});
