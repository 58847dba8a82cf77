import { expect, test } from 'playwright/test';
import { convolutionBlock } from '../../shaders/convolution.wgsl.ts';
import { fullAccess } from '../../shaders/chain.wgsl.ts';
import { ops } from '../../src/ops/index.ts';
import { embedding } from '../../src/nn/functional/indexing.ts';
import { narrow } from '../../src/nn/functional/shape.ts';
import type { Target } from '../../src/ops/request.ts';
import { planProgram } from '../../src/program/plan.ts';
import { apply, Trace, tracing } from '../../src/program/trace.ts';

const TARGET: Target = { adapterClass: 'cpu', maxBindings: 10, quads: false, fusion: true, variants: {} };

test('a copy of indices is a copy of integers', () => {
  const trace = new Trace();
  const out = tracing(trace, () => embedding(narrow(trace.tensor('tokens', [3, 6], 'input', 'u32'), 1, 1, 4), trace.tensor('weight', [9, 2], 'parameter')));
  const { launches, tensors } = planProgram({ name: 'tokens', graph: trace.graph, target: TARGET, kept: [out.id] });
  const [copy] = launches;
  expect([copy!.kernel.name, copy!.tensors.map(({ type }) => type)]).toEqual(['copy', ['u32', 'u32']]);
  expect(copy!.kernel.code).not.toMatch(/f32|vec4f/);
  expect(tensors[copy!.tensors[1]!.id]!.type).toBe('u32');
});

test('a convolution, a product and a sum read the indices in their chains as integers', () => {
  const convolution = {
    batch: 2, groups: 1, inChannels: 1, outChannels: 1, input: [4, 4], output: [4, 4], kernel: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1],
    transposed: false, bias: false, epilogue: [{ formula: 'add', parameters: [], operands: [{ name: 'operand0', access: { ...fullAccess(8, 4), type: 'u32' } }] }],
  } as const;
  expect(convolutionBlock(convolution).code).toMatch(/operand0: array<u32, 32>[^]*f32\(operand0\[/);
  const codeOf = (body: (tokens: ReturnType<Trace['tensor']>, trace: Trace) => ReturnType<Trace['tensor']>): string[] => {
    const trace = new Trace();
    const out = tracing(trace, () => body(trace.tensor('tokens', [4, 4], 'input', 'u32'), trace));
    return planProgram({ name: 'chains', graph: trace.graph, target: TARGET, kept: [out.id] }).launches.map(({ kernel }) => kernel.code);
  };
  const scaled = (x: Parameters<typeof codeOf>[0] extends (tokens: infer T, trace: Trace) => unknown ? T : never) => apply(ops.scale!, { x }, { factor: 0.5 });
  // The one that takes any start reads them itself; the other is given numbers.
  expect(codeOf((tokens) => apply(ops.sum!, { x: scaled(tokens) }))).toEqual([expect.stringMatching(/x: array<u32, 16>[^]*f32\(x\[/)]);
  const [scale, product] = codeOf((tokens, trace) => apply(ops.matmul!, { a: scaled(tokens), b: trace.tensor('b', [4, 3], 'input') }));
  expect(scale).toMatch(/x: array<vec4u, 4>/);
  expect(product).not.toMatch(/array<u32|vec4u/);
});

test('no name of a tensor is that of another\'s memory', () => {
  const trace = new Trace();
  const names = ['activations.0', 'activations.1', 'activations+.0', 'd product.out', 'd product.out.5'];
  const out = tracing(trace, () => {
    const given = names.map((name) => trace.tensor(name, [2], 'input', 'u32'));
    const weight = trace.tensor('weight', [2], 'parameter');
    return given.reduce((sum, one) => apply(ops.mul!, { a: apply(ops.sub!, { a: sum, b: one }), b: sum }), weight);
  });
  const { buffers, placements, tensors } = planProgram({
    name: 'objective', graph: trace.graph, target: { ...TARGET, fusion: false }, kept: [out.id], wanted: [names.length], seeds: [{ tensor: out.id, cotangent: 'given' }],
  });
  const inputs = tensors.filter(({ role }) => role === 'input');
  const own = inputs.map(({ id }) => placements.get(id)!.buffer);
  expect(new Set(own).size).toBe(inputs.length);
  for (const buffer of own) expect(buffers.find(({ name }) => name === buffer)!.role, buffer).toBe('batch');
  expect(buffers.some(({ name, role }) => role === 'activations' && name === 'objective.activations++.0')).toBe(true);
});

test('a net gives numbers', () => {
  const trace = new Trace();
  const out = tracing(trace, () => apply(ops.reshape!, { x: trace.tensor('inputs', [2, 2], 'input', 'u32') }, { shape: [4] }));
  expect(() => planProgram({ name: 'predict2', graph: trace.graph, target: TARGET, kept: [out.id] })).toThrow('compile: needs an output of numbers (f32), got reshape.out of u32. scale(x, 1) makes numbers of indices.');
});
