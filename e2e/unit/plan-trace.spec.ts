import { expect, test } from 'playwright/test';
import { ops } from '../../src/ops/index.ts';
import type { Shape } from '../../src/ops/tensor.ts';
import { apply, Trace, tracing } from '../../src/program/trace.ts';

/** Applies an op to tensors of these shapes inside a layer of that name, and returns the output's shape. */
function shapeOf(op: string, shapes: Readonly<Record<string, Shape>>, options: object = {}, types: Readonly<Record<string, 'u32'>> = {}): Shape {
  const trace = new Trace();
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, trace.tensor(name, shape, 'input', types[name] ?? 'f32')]));
  return trace.within('encoder.fc1', () => trace.apply(ops[op]!, inputs, { ...options })).shape;
}

test('shapes follow their rules', () => {
  const cases: [string, Readonly<Record<string, Shape>>, object, Shape][] = [
    ['matmul', { a: [2, 3], b: [3, 5] }, {}, [2, 5]],
    ['matmul', { a: [3, 2], b: [5, 3] }, { transposeA: true, transposeB: true }, [2, 5]],
    ['linear', { x: [2, 7, 3], weight: [4, 3], bias: [4] }, {}, [2, 7, 4]],
    ['linear', { x: [3], weight: [4, 3] }, {}, [4]],
    ['add', { a: [4, 1, 3], b: [5, 1] }, {}, [4, 5, 3]],
    ['mul', { a: [], b: [2, 3] }, {}, [2, 3]],
    ['softmax', { x: [2, 3] }, {}, [2, 3]],
    ['sum', { x: [2, 3, 4] }, { axes: [0, -1] }, [3]],
    ['mean', { x: [2, 3, 4] }, { axes: [1], keepDims: true }, [2, 1, 4]],
    ['sum', { x: [2, 3] }, {}, []],
    ['reshape', { x: [2, 3, 4] }, { shape: [-1, 6] }, [4, 6]],
    ['mse', { input: [2, 3], target: [2, 3] }, {}, []],
  ];
  for (const [op, inputs, options, shape] of cases) expect(shapeOf(op, inputs, options), `${op} ${JSON.stringify(inputs)}`).toEqual(shape);
  expect(shapeOf('crossEntropy', { input: [4, 5], target: [4] }, {}, { target: 'u32' })).toEqual([]);
});

test('errors name the layer, the rule and both shapes', () => {
  const cases: [() => unknown, string][] = [
    [() => shapeOf('matmul', { a: [2, 3], b: [4, 5] }), "matmul 'encoder.fc1': needs [m, k] and [k, n], got a [2, 3] and b [4, 5]."],
    [() => shapeOf('matmul', { a: [2, 3], b: [4, 5] }, { transposeB: true }), "matmul 'encoder.fc1': needs [m, k] and [n, k], got a [2, 3] and b [4, 5]."],
    [() => shapeOf('matmul', { a: [1, 2, 3], b: [4, 5] }), "matmul 'encoder.fc1': needs [..., m, k] and [k, n], got a [1, 2, 3] and b [4, 5]."],
    [() => shapeOf('linear', { x: [8, 5], weight: [4, 3] }), "linear 'encoder.fc1': needs an input [..., 3] for its weight [4, 3], got [8, 5]."],
    [() => shapeOf('linear', { x: [8, 3], weight: [4, 3], bias: [3] }), "linear 'encoder.fc1': needs a bias [4], got [3]."],
    [() => shapeOf('add', { a: [2, 3], b: [4] }), "add 'encoder.fc1': needs shapes that broadcast, got a [2, 3] and b [4]."],
    [() => shapeOf('softmax', { x: [] }), "softmax 'encoder.fc1': needs an input with at least one axis for axis, got -1 for []."],
    [() => shapeOf('sum', { x: [2, 3] }, { axes: [2] }), "sum 'encoder.fc1': needs axes between -2 and 1, got 2 for [2, 3]."],
    [() => shapeOf('sum', { x: [2, 3] }, { axes: [0, -2] }), "sum 'encoder.fc1': needs each axis once, got [0, -2]."],
    [() => shapeOf('reshape', { x: [2, 3] }, { shape: [4, -1] }), "reshape 'encoder.fc1': needs a shape of 6 elements for [2, 3], got [4, -1]."],
    [() => shapeOf('reshape', { x: [2, 3] }, { shape: [-1, -1] }), "reshape 'encoder.fc1': needs a shape of 6 elements for [2, 3], got [-1, -1]."],
    [() => shapeOf('reshape', { x: [2, 3] }, { shape: [0, -1] }), "reshape 'encoder.fc1': needs a shape of 6 elements for [2, 3], got [0, -1]."],
    [() => shapeOf('mse', { input: [2, 3], target: [2] }), "mse 'encoder.fc1': needs f32 targets of the output's shape [2, 3], got f32 [2]."],
    [() => shapeOf('crossEntropy', { input: [4, 5], target: [5] }, {}, { target: 'u32' }), "crossEntropy 'encoder.fc1': needs targets [4] (class indices), got [5]."],
    [() => shapeOf('crossEntropy', { input: [5], target: [5] }), "crossEntropy 'encoder.fc1': needs an output [rows, classes], got [5]."],
    [() => shapeOf('leakyRelu', { x: [2] }, { negativeSlope: -1 }), 'leakyRelu: needs negativeSlope to be a finite number ≥ 0, got -1.'],
    [() => shapeOf('gelu', { x: [2] }, { approximate: 'fast' }), 'gelu: needs approximate to be "none" (by erf) or "tanh", got "fast".'],
  ];
  for (const [call, message] of cases) expect(call, message).toThrow(message);
});

test('a tensor of another model, or none, is refused', () => {
  const trace = new Trace();
  const other = new Trace().tensor('x', [2], 'input');
  expect(() => trace.apply(ops.relu!, { x: other }, {})).toThrow('relu: needs a tensor of this model as x, got Object.');
  expect(() => trace.apply(ops.relu!, {}, {})).toThrow('relu: needs a tensor of this model as x, got undefined.');
  expect(() => apply(ops.relu!, {})).toThrow('relu: needs to be called inside a model\'s forward function, got a call outside of one.');
});

test('a failed trace leaves no trace behind', () => {
  const outer = new Trace();
  tracing(outer, () => {
    expect(() => tracing(new Trace(), () => { throw new Error('stop'); })).toThrow('stop');
    const x = outer.tensor('x', [3], 'input');
    expect(apply(ops.relu!, { x }).name).toBe('relu.out');
  });
  expect(outer.graph.nodes).toEqual([{ op: 'relu', options: {}, label: 'relu', inputs: { x: 0 }, outputs: { out: 1 } }]);
});

test('a view of a view shows the first tensor, and the graph is plain data', () => {
  const trace = new Trace();
  const x = trace.tensor('x', [2, 6], 'input');
  const one = trace.apply(ops.reshape!, { x }, { shape: [3, 4] });
  const two = trace.apply(ops.reshape!, { x: one }, { shape: [-1] });
  expect([one.viewOf, two.viewOf]).toEqual([x.id, x.id]);
  expect(structuredClone(trace.graph)).toEqual(trace.graph);
});
