import fc from 'fast-check';
import { expect, test } from 'playwright/test';
import { gradientOf } from '../../src/check/analytic.ts';
import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import { barLimits } from '../../src/check/certify.ts';
import { complexStepper } from '../../src/check/complex-step.ts';
import { picksOf } from '../../src/check/coverage.ts';
import { differences, noDifferences } from '../../src/check/differences.ts';
import { nudger } from '../../src/check/nudge.ts';
import { referencesAt } from '../../src/check/references.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Proof } from '../../src/proof/proof.ts';
import { classIndices, normal, normals } from '../../src/proof/sample-data.ts';
import * as complex from '../../src/reference/complex.ts';
import type { Complex } from '../../src/reference/complex.ts';
import { mapped, mappedBackward } from '../../src/reference/curve.ts';
import type { Curve } from '../../src/reference/curve.ts';
import { DEFAULT_ROUNDING, ulpError } from '../../src/reference/rounding.ts';
import { normalIntegral } from '../../src/reference/special.ts';
import { simulatedRunner } from './simulated-gpu.ts';

const part = fc.double({ min: -6, max: 6, noNaN: true });
const number = fc.record({ re: part, im: part });
const apart = (a: Complex, b: Complex): number => Math.hypot(a.re - b.re, a.im - b.im);
const size = (z: Complex): number => Math.hypot(z.re, z.im);
const one: Complex = { re: 1, im: 0 };

test('complex arithmetic obeys the laws that define it', () => {
  const { complexAdd: add, complexDiv: div, complexExp: exp, complexLog: log, complexMul: mul, complexScale: scale, complexSqrt: sqrt } = complex;
  fc.assert(fc.property(number, number, (a, b) => {
    expect(apart(mul(a, b), mul(b, a))).toBe(0);
    expect(apart(exp(add(a, b)), mul(exp(a), exp(b)))).toBeLessThan(1e-13 * size(exp(add(a, b))));
    const root = sqrt(a);
    expect(apart(mul(root, root), a)).toBeLessThan(1e-14 * (1 + size(a)));
    expect(root.re).toBeGreaterThanOrEqual(0);
    if (size(a) > 1e-6) expect(apart(exp(log(a)), a)).toBeLessThan(1e-14 * size(a));
    if (size(b) > 1e-6) expect(apart(mul(div(a, b), b), a)).toBeLessThan(1e-13 * (1 + size(a)));
    // tanh z = (e^2z − 1)/(e^2z + 1), σ(z) = 1/(1 + e^−z), softplus′s own definition: away from their poles.
    const e = exp(scale(a, 2));
    if (size(add(e, one)) > 1e-2) expect(apart(complex.complexTanh(a), div(add(e, scale(one, -1)), add(e, one)))).toBeLessThan(1e-12 * (1 + size(complex.complexTanh(a))));
    const inverse = add(one, exp(scale(a, -1)));
    if (size(inverse) > 1e-2) expect(apart(complex.complexSigmoid(a), div(one, inverse))).toBeLessThan(1e-12 * (1 + size(complex.complexSigmoid(a))));
    if (size(add(one, exp(a))) > 1e-2) expect(apart(exp(complex.complexSoftplus(a)), add(one, exp(a)))).toBeLessThan(1e-12 * size(add(one, exp(a))));
    if (size(add(one, a)) > 1e-2) expect(apart(exp(complex.complexLog1p(a)), add(one, a))).toBeLessThan(1e-13 * (1 + size(a)));
  }), { numRuns: 150, seed: 1 });
  // No overflow far out, and all digits for a tiny imaginary part.
  for (const re of [-800, -30, 0, 30, 800]) {
    for (const f of [complex.complexTanh, complex.complexSigmoid]) expect(Number.isFinite(size(f({ re, im: 1e-20 })))).toBe(true);
    expect(complex.complexSoftplus({ re, im: 1e-20 }).re).toBeCloseTo(Math.max(re, 0) + Math.log1p(Math.exp(-Math.abs(re))), 10);
  }
  // The expansion of Φ is what its own differences say.
  for (const x of [-3, -0.5, 0, 1, 2.7]) {
    const slope = complex.complexNormalIntegral({ re: x, im: 1e-20 }, normalIntegral).im / 1e-20;
    expect(slope).toBeCloseTo((normalIntegral(x + 1e-5) - normalIntegral(x - 1e-5)) / 2e-5, 9);
  }
});

/** Ops that have a gradient and a complex step; at least those that had one first, so that the list cannot run empty. */
const withComplex = Object.entries(proofs).filter(([, { complex: form, differentiable }]) => form && differentiable.length > 0).map(([op]) => op);

test('nearly every op with a gradient has a complex step', () => {
  const all = Object.values(proofs).filter(({ differentiable }) => differentiable.length > 0);
  expect(withComplex.length).toBeGreaterThan(0.8 * all.length);
});

for (const op of withComplex) {
  test(`${op}: the complex step gives the analytic gradient to 13 digits on every sample, whatever its size`, async () => {
    let elements = 0;
    for (const sample of proofs[op].samples) {
      const [out] = Object.values((await simulatedRunner(op, sample.options, sample.inputs, new Float32Array(0))).computed);
      const snapshot = await simulatedRunner(op, sample.options, sample.inputs, out.map((_, i) => normal(99, i)));
      const { point, gradients } = referencesAt(snapshot, DEFAULT_ROUNDING, proofs);
      const steppers = [1e-20, 1e-30, 3e-60].map((step) => complexStepper(snapshot, point, proofs, step));
      for (const id of Object.keys(snapshot.gradients).map(Number)) {
        const { value, variance } = gradientOf(gradients, snapshot, id);
        const rms = Math.sqrt(value.reduce((sum, of) => sum + of * of, 0) / value.length);
        for (const stepper of steppers) expect(stepper.select(id)).toBe(true);
        for (const i of picksOf(id, value.length)) {
          for (const stepper of steppers) {
            const error = Math.abs(stepper.element(i) - value[i]);
            // Where terms cancel, float64's own rounding counts, as σ scales it.
            if (!(error <= 1e-13 * Math.max(rms, Math.abs(value[i])) + Math.sqrt(variance[i]) / 1e7)) throw new Error(`${sample.name} [${i}]: off by ${error} for ${value[i]}`);
          }
          elements++;
        }
        // Along a direction, which moves all of them, it is the sum of its elements.
        const direction = value.map((_, i) => normal(5, i));
        const sum = value.reduce((total, of, i) => total + of * direction[i], 0);
        expect(Math.abs(steppers[0].along(direction) - sum)).toBeLessThanOrEqual(1e-12 * Math.sqrt(value.length) * rms + variance.reduce((most, one) => Math.max(most, one), 0) ** 0.5 / 1e6);
      }
    }
    expect(elements).toBeGreaterThan(12);
  });
}

/** y = f(x), with a complex form or without. */
function curveProof(curve: Curve, form?: (z: Complex) => Complex): Proof {
  return {
    differentiable: ['x'],
    forward: ({ x }) => mapped(x, curve),
    backward: ({ x }, _out, dout) => ({ x: mappedBackward(x, dout, curve) }),
    ...(form ? { complex: ({ x }: Readonly<Record<string, complex.ComplexTensor>>) => complex.complexMapped(x, form) } : {}),
    samples: [], mutants: [], conventions: [],
  };
}

const log: Curve = {
  value: Math.log, slope: (x) => 1 / x, bend: (x) => -1 / x ** 2, valueError: (x) => ulpError(3, Math.log(x)), slopeError: (x) => ulpError(2.5, 1 / x),
};
const rsqrt: Curve = {
  value: (x) => 1 / Math.sqrt(x), slope: (x) => -0.5 * x ** -1.5, bend: (x) => 0.75 * x ** -2.5,
  valueError: (x) => ulpError(2, x ** -0.5), slopeError: (x) => ulpError(4, x ** -1.5),
};
const forms = {
  log: { curve: log, form: complex.complexLog },
  rsqrt: { curve: rsqrt, form: (z: Complex) => complex.complexDiv(one, complex.complexSqrt(z)) },
};
for (const [name, { curve, form }] of Object.entries(forms)) {
  test(`${name} near its pole: the pair's error bar stays too wide, and the complex step takes its place`, () => {
    const data = Float32Array.of(1e-6, 3e-6, 0.02, 0.5, 1, 2, 3);
    const snapshot: Snapshot = {
      graph: {
        tensors: [{ id: 0, name: 'x', shape: [7], type: 'f32', role: 'parameter' }, { id: 1, name: 'y', shape: [7], type: 'f32', role: 'value' }],
        nodes: [{ op: name, options: {}, label: name, inputs: { x: 0 }, outputs: { out: 1 } }],
      },
      values: { 0: data }, seeds: [{ tensor: 1, cotangent: new Float32Array(7).fill(1) }],
      gradients: { 0: Float32Array.from(data, curve.slope) }, computed: { 1: Float32Array.from(data, curve.value) }, adapter: 'exact', launches: [],
    };
    const [tensor] = checkSnapshot(snapshot, { proofs: { [name]: curveProof(curve, form) } }).tensors;
    expect([tensor.verdict, tensor.passed, tensor.coverage?.method]).toEqual(['pass', 7, 'every element']);
    expect(tensor.coverage?.complexSteps).toBeGreaterThanOrEqual(1);
    expect(tensor.coverage?.complexSteps).toBeLessThan(7);
    // Without a complex form nothing can be said there, and the verdict admits it.
    const [without] = checkSnapshot(snapshot, { proofs: { [name]: curveProof(curve) } }).tensors;
    expect([without.verdict, without.suspect]).toEqual(['reference-suspect', tensor.coverage?.complexSteps]);
    // A wrong backward is seen through the complex step as well.
    const wrong: Curve = { ...curve, slope: (x) => curve.slope(x) * (x < 1e-5 ? 1 + 1e-7 : 1) };
    const lying = { ...curveProof(curve, form), backward: curveProof(wrong).backward };
    const [lie] = checkSnapshot(snapshot, { proofs: { [name]: lying } }).tensors;
    expect([lie.verdict, lie.suspect]).toEqual(['reference-suspect', 2]);
  });
}

test('cross-entropy with logits × 100: the pair alone is too uncertain, the complex step keeps 13 digits', async () => {
  const sample = { name: 'logits × 100', options: {}, inputs: { input: normals(31, [9, 11], 100), target: classIndices(9, (row) => row * 5 % 11) } };
  const snapshot = await simulatedRunner('crossEntropy', sample.options, sample.inputs, Float32Array.of(1));
  const { point, gradients, certain } = referencesAt(snapshot, DEFAULT_ROUNDING, proofs);
  const [id] = Object.keys(snapshot.gradients).map(Number);
  const reference = gradientOf(gradients, snapshot, id).value;
  const stepper = complexStepper(snapshot, point, proofs);
  stepper.select(id);
  const rms = Math.sqrt(reference.reduce((sum, of) => sum + of * of, 0) / reference.length);
  reference.forEach((expected, i) => expect(Math.abs(stepper.element(i) - expected)).toBeLessThanOrEqual(1e-13 * Math.max(rms, Math.abs(expected))));
  // With the first step alone the differences say nothing here; with finer ones, or else the complex step, all are certified.
  const unrefined = noDifferences(reference.length);
  for (const _ of differences(nudger(snapshot, point, DEFAULT_ROUNDING, proofs), id, point.tensors[id].value, reference.map(() => Infinity), reference.keys(), unrefined));
  const limits = barLimits(reference, gradientOf(certain.gradients, snapshot, id).variance);
  expect(unrefined.bar.filter((bar, i) => bar > limits[i]).length).toBeGreaterThan(0);
  const [tensor] = checkSnapshot(snapshot).tensors;
  expect([tensor.suspect, tensor.failed, tensor.coverage?.differenced]).toEqual([0, 0, 99]);
});
