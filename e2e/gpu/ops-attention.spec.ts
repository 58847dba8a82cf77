import type { ObjectiveInput } from '../../src/check/trace-objective.ts';
import type { Tensor } from '../../src/ops/tensor.ts';
import { expect, test, type Library } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');
type Functions = typeof import('../../src/nn/functional/index.ts');
type Shapes = typeof import('../../src/nn/functional/shape.ts');

/** Proves a function of tensors, and tells which kernels it runs. */
async function prove(lib: Library, which: string) {
  const { einsum, flip, linear, matmul, outer, permute, rotary, scaledDotProductAttention, slice } = {
    ...await lib.load<Functions>('/src/nn/functional/index.ts'), ...await lib.load<Shapes>('/src/nn/functional/shape.ts'),
  };
  const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
  const { traceObjective, checkGradients, normals } = lib.gradcheck;
  type Case = [Readonly<Record<string, ObjectiveInput>>, (tensors: Readonly<Record<string, Tensor>>) => Tensor];
  /** Heads as a view [examples, heads, time, columns] of [examples, time, heads, columns], as a layer has them. */
  const attend = (time: number): Case => [
    { q: normals(1, [2, time, 4, 4]), k: normals(2, [2, 5, 2, 4]), v: normals(3, [2, 5, 2, 4]) },
    ({ q, k, v }) => {
      const heads = (x: Tensor): Tensor => permute(x, [0, 2, 1, 3]);
      return heads(scaledDotProductAttention(rotary(heads(q!)), rotary(heads(k!), { offset: 2 }), heads(v!), { causal: true }));
    },
  ];
  const cases: Record<string, Case> = {
    short: attend(6),
    long: attend(130),
    // Two letters each for rows and for the sum; one that a alone has; the result in another order.
    einsum: [{ a: normals(4, [2, 3, 4, 2, 3]), b: normals(5, [2, 2, 3, 3]) }, ({ a, b }) => einsum('abcde,dfeb->fca', a!, b!)],
    multiplied: [{ a: normals(6, [3, 4]), b: normals(7, [5, 3]) }, ({ a, b }) => einsum('ij,ki->kij', a!, b!)],
    outer: [{ a: normals(8, [3]), b: normals(9, [5]) }, ({ a, b }) => outer(a!, b!)],
    // Backwards, and with gaps between columns.
    flipped: [{ a: normals(10, [4, 6]), b: normals(11, [3, 6, 5]) }, ({ a, b }) => matmul(flip(a!, [1]), slice(b!, { step: [1, 1, 2] }))],
    transposed: [{ a: normals(12, [2, 6, 8, 4]), b: normals(13, [5, 8]) }, ({ a, b }) => matmul(permute(a!, [0, 1, 3, 2]), permute(b!, [1, 0]))],
    backwards: [
      { x: normals(14, [3, 6]), weight: normals(15, [5, 6]), bias: normals(16, [5]) },
      ({ x, weight, bias }) => flip(linear(flip(x!, [1]), flip(weight!, [0]), bias!), [0]),
    ],
    // Neither rows nor columns are neighbours: a copy comes first.
    apart: [{ a: normals(12, [2, 6, 8, 4]), b: normals(13, [8, 5]) }, ({ a, b }) => matmul(permute(a!, [0, 3, 1, 2]), b!)],
  };
  const [values, body] = cases[which]!;
  const objective = traceObjective(await sharedDevice(), values, body);
  const report = await checkGradients(objective);
  const { launches = [] } = await objective.snapshot();
  return { passed: report.passed, text: String(report), kernels: launches.map(({ kernel }) => kernel.split('/')[0]!) };
}

/** What is proven, and the first kernels that it runs: views cost none. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  short: ['rotary', 'rotary', 'matmul-nt', 'attention-weights', 'matmul-nn'],
  long: ['rotary', 'rotary', 'attention'],
  einsum: [],
  multiplied: ['mul'],
  outer: ['mul'],
  flipped: [],
  transposed: ['matmul-tt', 'matmul-nn', 'matmul-nn'],
  backwards: ['copy', 'copy', 'matmul-nt'],
  apart: ['copy', 'matmul-nn'],
};

for (const [which, kernels] of Object.entries(CASES)) {
  test(`attention and products over views: ${which}`, async ({ run }) => {
    const found = await run(prove, which);
    expect(found.passed, found.text).toBe(true);
    expect(found.kernels.slice(0, kernels.length), found.kernels.join('\n')).toEqual(kernels);
  });
}
