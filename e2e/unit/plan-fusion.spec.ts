import { expect, test } from 'playwright/test';
import { ops } from '../../src/ops/index.ts';
import type { Target } from '../../src/ops/request.ts';
import { traceLossNet } from '../../src/nn/net.ts';
import { planProgram, type ProgramPlan } from '../../src/program/plan.ts';
import { Trace, tracing } from '../../src/program/trace.ts';
import { testNets } from '../nets.ts';

const TARGET: Target = { adapterClass: 'cpu', maxBindings: 10, quads: false, fusion: true, variants: {} };

for (const [name, { model, loss, fused, unfused }] of Object.entries(testNets)) {
  test(`${name}: ${fused} launches instead of ${unfused}`, () => {
    const net = traceLossNet(model(), model().inputShape!, 6, loss(), { training: true });
    const plan = (fusion: boolean): string[] => planProgram({
      name, graph: net.graph, target: { ...TARGET, fusion }, seeds: [{ tensor: net.loss.id, cotangent: 'one' }],
      wanted: net.parameters.map(({ tensor }) => tensor.id), kept: [net.loss.id],
    }).launches.map(({ label, kernel }) => `${label} ${kernel.name}`);
    expect(plan(true), plan(true).join('\n')).toHaveLength(fused);
    expect(plan(false), plan(false).join('\n')).toHaveLength(unfused);
  });
}

/** Plans what `body` traces, with a given cotangent for each tensor that it returns. */
function planOf(body: (trace: Trace) => number[], target: Partial<Target> = {}): ProgramPlan {
  const trace = new Trace();
  const seeds = tracing(trace, () => body(trace));
  return planProgram({
    name: 'test', graph: trace.graph, target: { ...TARGET, ...target }, seeds: seeds.map((tensor) => ({ tensor, cotangent: 'given' })),
    wanted: trace.graph.tensors.filter(({ role }) => role === 'parameter').map(({ id }) => id), kept: seeds,
  });
}

test('a value that is kept is written although its reader has taken over the launch', () => {
  const plan = planOf((trace) => {
    const x = trace.tensor('x', [3, 4], 'input');
    const weight = trace.tensor('weight', [5, 4], 'parameter');
    const product = trace.apply(ops.linear!, { x, weight }, {});
    return [product.id, trace.apply(ops.relu!, { x: product }, {}).id];
  });
  const [first] = plan.launches;
  expect(first!.kernel.bindings.filter(({ access }) => access === 'write').map(({ name }) => name)).toEqual(['saved0', 'out']);
  expect(first!.kernel.code).toContain('store_saved0(row, column, value);');
});

test('a launch takes over no more than it can bind', () => {
  const body = (trace: Trace): number[] => {
    let value = trace.apply(ops.relu!, { x: trace.tensor('x', [3, 4], 'parameter') }, {});
    for (let i = 0; i < 6; i += 1) value = trace.apply(ops.add!, { a: value, b: trace.tensor(`b${i}`, [3, 4], 'input') }, {});
    return [value.id];
  };
  const forward = (maxBindings: number): number[] => planOf(body, { maxBindings }).launches.filter(({ section }) => section === 'forward').map(({ kernel }) => kernel.bindings.length);
  expect(forward(10)).toEqual([9]);
  // relu's output is kept for its gradient, so the first launch binds two outputs.
  expect(forward(5)).toEqual([5, 5, 3]);
  expect(Math.max(...forward(4))).toBeLessThanOrEqual(4);
});

test('a sum that is wanted in the forward pass is not put off until the weight\'s gradient', () => {
  const plan = planOf((trace) => {
    const x = trace.tensor('x', [6, 4], 'parameter');
    const product = trace.apply(ops.matmul!, { a: x, b: trace.tensor('w', [4, 3], 'parameter') }, {});
    return [product.id, trace.apply(ops.sum!, { x }, { axes: [0] }).id];
  });
  const summed = plan.tensors.find(({ name }) => name === 'sum.out')!;
  const launch = plan.launches.find(({ tensors, kernel }) => kernel.bindings.some(({ access }, index) => access === 'write' && tensors[index]!.id === summed.id))!;
  expect(launch.section).toBe('forward');
  expect(launch.kernel.name).toBe('reduce/serial');
});

test('the gradient mask of an activation is applied while dW and dX load', () => {
  const plan = planOf((trace) => {
    const x = trace.tensor('x', [6, 4], 'parameter');
    const [weight, bias] = [trace.tensor('weight', [5, 4], 'parameter'), trace.tensor('bias', [5], 'parameter')];
    return [trace.apply(ops.tanh!, { x: trace.apply(ops.linear!, { x, weight, bias }, {}) }, {}).id];
  });
  const backward = plan.launches.filter(({ section }) => section === 'backward');
  expect(backward.map(({ kernel }) => kernel.name)).toEqual(['matmul-nn/small', 'matmul-tn/short']);
  for (const { kernel } of backward) expect(kernel.code).toContain('value = tanhBackward(value, load_operand0(row, column));');
  expect(backward[1]!.kernel.bindings.map(({ name }) => name)).toContain('rowSums');
});

/** The kernels of one section. */
const kernelsOf = (plan: ProgramPlan, wanted: 'forward' | 'backward'): string[] => plan.launches.filter(({ section }) => section === wanted).map(({ kernel }) => kernel.name);

test('the gradient of a stretched operand is one launch, whatever axes were stretched', () => {
  const plan = planOf((trace) => {
    const a = trace.tensor('a', [4, 3, 5], 'input');
    return [trace.apply(ops.mul!, { a, b: trace.tensor('b', [3, 1], 'parameter') }, {}).id];
  });
  expect(kernelsOf(plan, 'backward')).toEqual(['reduce/serial']);
  expect(plan.launches.at(-1)!.kernel.code).toContain('value = mul(value, load_operand0(row, column));');
});

test('a reduction makes its terms while it loads them, and goes on with its result', () => {
  const plan = planOf((trace) => {
    const [a, b] = [trace.tensor('a', [6, 4, 5], 'input'), trace.tensor('b', [4, 1], 'input')];
    const product = trace.apply(ops.mul!, { a, b }, {});
    const largest = trace.apply(ops.max!, { x: product }, { axes: [0, 2] });
    return [trace.apply(ops.add!, { a: largest, b: trace.tensor('shift', [4], 'input') }, {}).id];
  });
  expect(plan.launches.map(({ kernel }) => kernel.name)).toEqual(['max/serial']);
  expect(plan.launches[0]!.kernel.code).toContain('out[lane] = epilogue(total.value, 0u, lane);');
});

test('a term that somebody else reads is made once and read by both', () => {
  const plan = planOf((trace) => {
    const square = trace.apply(ops.mul!, { a: trace.tensor('a', [6, 4], 'input'), b: trace.tensor('b', [4], 'input') }, {});
    return [square.id, trace.apply(ops.sum!, { x: square }, { axes: [1] }).id];
  });
  expect(kernelsOf(plan, 'forward')).toEqual(['mul', 'reduce/serial']);
});
