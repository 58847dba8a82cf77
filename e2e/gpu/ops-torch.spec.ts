import { ops } from '../../src/ops/index.ts';
import { torchFixtures, type Fixture } from '../unit/torch-fixtures.ts';
import { expect, test } from '../harness.ts';

/** Families with the cases of ours that each must have: a renamed op or file cannot empty the test. */
const FAMILIES: Readonly<Record<string, number>> = { elementwise: 8, broadcast: 15, matmul: 7, reduce: 29, loss: 5, ties: 2 };

/** What v1 takes: two-dimensional matmul, softmax over the last axis, plain cross-entropy. */
function isOurs({ op, inputs, options }: Fixture): boolean {
  if (op === 'matmul') return inputs.a.shape.length === 2 && inputs.b.shape.length === 2;
  if (op === 'softmax') return options.axis === inputs.x.shape.length - 1;
  if (op === 'crossEntropy') return inputs.logits.shape.length === 2 && !options.labelSmoothing && options.ignoreIndex === undefined;
  return Object.hasOwn(ops, op);
}

/** The library's names and types: PyTorch calls cross-entropy's input logits, and class indices are i32 there. */
function asOurs({ op, inputs, ...rest }: Fixture) {
  const name = (of: string): string => (op === 'crossEntropy' && of === 'logits' ? 'input' : of);
  const isIndex = (of: string): boolean => op === 'crossEntropy' && of === 'target' && inputs.target.shape.length === 1;
  // isOurs let axis and smoothing through only at the one value that v1 has; that a target is soft shows in its type.
  const fixed = ['axis', 'labelSmoothing', 'soft'];
  return {
    op, options: Object.fromEntries(Object.entries(rest.options).filter(([of]) => !fixed.includes(of))), output: rest.output.data, cotangent: Float32Array.from(rest.cotangent.data),
    inputs: Object.fromEntries(Object.entries(inputs).map(([of, { shape, data }]) => [name(of), { shape, data: isIndex(of) ? Uint32Array.from(data) : Float32Array.from(data) }])),
    gradients: Object.fromEntries(Object.entries(rest.gradients).map(([of, { data }]) => [name(of), data])),
  };
}

for (const [family, least] of Object.entries(FAMILIES)) {
  test(`${family}: the GPU's values and gradients are PyTorch's within the rounding of float32`, async ({ run }) => {
    const cases = torchFixtures(family).filter(isOurs).map(asOurs);
    expect(cases.length).toBeGreaterThanOrEqual(least);
    const found = await run(async ({ chainrule, load }, cases) => {
      const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const { proofs } = await load<typeof import('../../src/proof/index.ts')>('/src/proof/index.ts');
      const { exact } = await load<typeof import('../../src/reference/tensor.ts')>('/src/reference/tensor.ts');
      const { DEFAULT_ROUNDING } = await load<typeof import('../../src/reference/rounding.ts')>('/src/reference/rounding.ts');
      const { KAPPA } = await load<typeof import('../../src/check/verdict.ts')>('/src/check/verdict.ts');
      const device = await chainrule.openDevice();
      const wrong: string[] = [];
      let looked = 0;
      for (const { op, options, inputs, output, cotangent, gradients } of cases) {
        const snapshot = await runOp(device, op, options, inputs, cotangent);
        const [{ outputs, inputs: ids }] = snapshot.graph.nodes;
        // The variances say how far float32 may be off; PyTorch's float64 numbers say from what.
        const proof = proofs[op];
        const tensors = Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, exact(shape, data)]));
        const out = proof.forward(tensors, options, DEFAULT_ROUNDING);
        const expected = proof.backward(tensors, out, exact(out.shape, cotangent), options, DEFAULT_ROUNDING);
        const compare = (what: string, gpu: Float32Array | undefined, torch: readonly number[], variance: Float64Array): void => {
          if (gpu?.length !== torch.length) wrong.push(`${op} ${what}: ${gpu?.length} numbers for ${torch.length}`);
          torch.forEach((value, i) => {
            looked += 1;
            const tolerance = KAPPA * Math.sqrt(variance[i]) + 1e-37 + 1e-12 * Math.abs(value);
            if (!(Math.abs((gpu?.[i] ?? NaN) - value) <= tolerance)) wrong.push(`${op} ${JSON.stringify(options)} ${what}[${i}]: ${gpu?.[i]}, PyTorch has ${value} ± ${tolerance}`);
          });
        };
        compare('output', snapshot.computed[outputs.out], output, out.variance);
        for (const [name, torch] of Object.entries(gradients)) {
          // Targets of the library's losses that nobody differentiates have no gradient: nothing is claimed about them.
          if (snapshot.gradients[ids[name]]) compare(`d${name}`, snapshot.gradients[ids[name]], torch, expected[name].variance);
        }
      }
      device.destroy();
      return { wrong, looked };
    }, cases);
    expect(found.wrong).toEqual([]);
    expect(found.looked).toBeGreaterThan(cases.length);
  });
}
