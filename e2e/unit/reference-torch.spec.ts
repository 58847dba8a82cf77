import { expect, test } from 'playwright/test';
import { proofs } from '../../src/proof/index.ts';
import { DEFAULT_ROUNDING } from '../../src/reference/rounding.ts';
import { normalIntegral } from '../../src/reference/special.ts';
import { exact } from '../../src/reference/tensor.ts';
import { torchFixtures } from './torch-fixtures.ts';
import type { Fixture } from './torch-fixtures.ts';

/** What the reference takes: v1 has two-dimensional matmul, softmax over the last axis, plain cross-entropy. */
const SUPPORTED: Record<string, (fixture: Fixture) => boolean> = {
  matmul: ({ inputs }) => inputs.a.shape.length === 2 && inputs.b.shape.length === 2,
  softmax: ({ inputs, options }) => options.axis === inputs.x.shape.length - 1,
  crossEntropy: ({ inputs, options }) => inputs.logits.shape.length === 2 && !options.labelSmoothing && options.ignoreIndex === undefined,
};
/** Cases that must have run, so that a renamed op or file cannot empty the test. */
const FAMILIES: Record<string, Record<string, number>> = {
  elementwise: { sigmoid: 1, tanh: 1, relu: 1, silu: 1, gelu: 2, leakyRelu: 2 },
  broadcast: { add: 5, sub: 5, mul: 5 },
  matmul: { matmul: 4, linear: 3 },
  reduce: { sum: 13, mean: 13, softmax: 3 },
  loss: { mse: 1, bceWithLogits: 1, crossEntropy: 3 },
  shape: { reshape: 1 },
  ties: { relu: 1, leakyRelu: 1 },
};

for (const [family, expected] of Object.entries(FAMILIES)) {
  test(`${family}: values and gradients are PyTorch's to 1e-10`, () => {
    const ran: Record<string, number> = {};
    for (const fixture of torchFixtures(family)) {
      const proof = proofs[fixture.op];
      if (!proof || SUPPORTED[fixture.op]?.(fixture) === false) continue;
      ran[fixture.op] = (ran[fixture.op] ?? 0) + 1;
      const ours = (name: string): string => (fixture.op === 'crossEntropy' && name === 'logits' ? 'input' : name);
      const inputs = Object.fromEntries(Object.entries(fixture.inputs).map(([name, { shape, data }]) => [ours(name), exact(shape, data)]));
      const out = proof.forward(inputs, fixture.options, DEFAULT_ROUNDING);
      const where = `${fixture.op} ${JSON.stringify(fixture.options)}`;
      expect(out.shape, where).toEqual(fixture.output.shape);
      expectClose(out.value, fixture.output.data, where);
      const { shape, data } = fixture.cotangent;
      const gradients = proof.backward(inputs, out, exact(shape, data), fixture.options, DEFAULT_ROUNDING);
      for (const [name, gradient] of Object.entries(fixture.gradients)) {
        expect(gradients[ours(name)]?.shape, `${where} d${name}`).toEqual(gradient.shape);
        expectClose(gradients[ours(name)].value, gradient.data, `${where} d${name}`);
      }
    }
    expect(ran).toEqual(expected);
  });
}

test('elementwise: the normal integral is PyTorch\'s erf, and both tails sum to 1', () => {
  const [fixture] = torchFixtures('elementwise').filter(({ op }) => op === 'erf');
  expectClose(fixture.inputs.x.data.map((x) => 2 * normalIntegral(x * Math.SQRT2) - 1), fixture.output.data, 'erf');
  for (let x = -8; x <= 8; x += 0.125) expect(Math.abs(normalIntegral(x) + normalIntegral(-x) - 1), `x = ${x}`).toBeLessThan(1e-15);
  // erfc(5) from Abramowitz and Stegun's asymptotic series, where 1 − erf(5) would have cancelled everything.
  expect(2 * normalIntegral(-5 * Math.SQRT2) / 1.5374597944280349e-12).toBeCloseTo(1, 12);
});

function expectClose(got: ArrayLike<number>, wanted: readonly number[], where: string): void {
  expect(got.length, where).toBe(wanted.length);
  // One expect for all: thousands of them would take minutes.
  const bad = wanted.findIndex((value, i) => !(Math.abs(got[i] - value) <= 1e-10 * Math.max(1, Math.abs(value))));
  expect(bad, `${where} [${bad}]: ${got[bad]} for ${wanted[bad]}`).toBe(-1);
}
