import { expect, test } from 'playwright/test';
import { proofs } from '../../src/proof/index.ts';
import type { Inputs, Proof, Sample } from '../../src/proof/proof.ts';
import { normal } from '../../src/proof/sample-data.ts';
import { DEFAULT_ROUNDING } from '../../src/reference/rounding.ts';
import { exact } from '../../src/reference/tensor.ts';

/** Steps over three decades. */
const STEPS = [1e-2, 1e-3, 1e-4, 1e-5];

/**
 * |φ(x + h·v) − φ(x) − h·⟨g, v⟩| for each step h, with φ = ⟨f, w⟩ for a random w, a random direction v in all inputs that
 * have a gradient, and g the analytic gradient; and the rounding error of φ in float64, below which it says nothing.
 */
function remainders(proof: Proof, { inputs, options }: Sample): { remainder: number[]; floor: number } {
  const base: Inputs = Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) => [name, exact(shape, data)]));
  const branches = proof.branches?.(base, options);
  const out = proof.forward(base, options, DEFAULT_ROUNDING, branches);
  const weights = exact(out.shape, out.value.map((_, i) => normal(17, i)));
  const gradients = proof.backward(base, out, weights, options, DEFAULT_ROUNDING, branches);
  const moved = proof.differentiable.filter((name) => name in base);
  const direction = (name: string): Float64Array => base[name].value.map((_, i) => normal(19 + name.length + name.charCodeAt(0), i));
  let slope = 0;
  for (const name of moved) {
    const v = direction(name);
    gradients[name].value.forEach((value, i) => { slope += value * v[i]; });
  }
  const objective = (h: number): number => {
    const at = { ...base };
    for (const name of moved) {
      const v = direction(name);
      at[name] = exact(base[name].shape, base[name].value.map((value, i) => value + h * v[i]));
    }
    return proof.forward(at, options, DEFAULT_ROUNDING, branches).value.reduce((sum, value, i) => sum + value * weights.value[i], 0);
  };
  const start = objective(0);
  // Where the output cancels to 0, its terms of about 1 still round.
  const size = out.value.reduce((sum, value, i) => sum + (1 + Math.abs(value)) * Math.abs(weights.value[i]), 0);
  return { remainder: STEPS.map((h) => Math.abs(objective(h) - start - h * slope)), floor: 1e-15 * size * Math.sqrt(out.value.length) };
}

// Ops that jump, or hold all inputs constant, have no gradient to leave anything over.
for (const [op, proof] of Object.entries(proofs).filter(([, { differentiable }]) => differentiable.length > 0)) {
  test(`${op}: what the gradient leaves over falls with the square of the step, over three decades`, () => {
    let slopes = 0;
    let flat = 0;
    let singular = 0;
    for (const sample of proof.samples) {
      const { remainder, floor } = remainders(proof, sample);
      // With frozen branches many ops are linear in all of their inputs together: what is left is rounding.
      if (remainder.every((left) => left <= 30 * floor)) {
        flat++;
        continue;
      }
      // The smallest step must be well above rounding, and the largest well inside the range where the square rules: a mask of −∞ and
      // numbers next to a singularity are for the other witnesses.
      if (!(remainder[3] >= 100 * floor) || !remainder.every(Number.isFinite) || sample.name.startsWith('special numbers')) continue;
      const perDecade = remainder.slice(1).map((left, k) => Math.log10(remainder[k] / left));
      // Rows of zeros and the like have a kink whose gradient is a convention; a wrong gradient shows in nearly all samples.
      if (!(Math.abs(perDecade[2] - 2) < 0.1)) singular++;
      if (perDecade.every((slope) => Math.abs(slope - 2) < 0.1)) slopes++;
    }
    expect(singular / proof.samples.length, 'samples whose remainder is no square').toBeLessThan(0.35);
    expect(slopes + flat, 'samples with slope 2 in each of three decades, or without any remainder').toBeGreaterThanOrEqual(1);
  });
}

test('a wrong gradient leaves over what falls with the step itself', () => {
  const wrong: Proof = { ...proofs.tanh, backward: (...call) => {
    const { x } = proofs.tanh.backward(...call);
    return { x: exact(x.shape, x.value.map((value) => 1.001 * value)) };
  } };
  const { remainder } = remainders(wrong, proofs.tanh.samples[5]);
  expect(Math.log10(remainder[2] / remainder[3])).toBeLessThan(1.1);
});
