import fc from 'fast-check';
import { expect, test } from 'playwright/test';
import { barLimits } from '../../src/check/certify.ts';
import { analyticGradients, gradientOf } from '../../src/check/analytic.ts';
import { differences, noDifferences } from '../../src/check/differences.ts';
import type { Differences } from '../../src/check/differences.ts';
import { nudger } from '../../src/check/nudge.ts';
import type { Nudger } from '../../src/check/nudge.ts';
import { evaluate } from '../../src/check/point.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { addDelta, deltaAt, emptyChange } from '../../src/proof/change.ts';
import { proofs } from '../../src/proof/index.ts';
import { normal } from '../../src/proof/sample-data.ts';
import { DEFAULT_ROUNDING } from '../../src/reference/rounding.ts';
import { mlp, simulatedRunner } from './simulated-gpu.ts';

/** Both witnesses of every gradient of a snapshot. */
function witnesses(snapshot: Snapshot) {
  const point = evaluate(snapshot, DEFAULT_ROUNDING, proofs);
  const analytic = analyticGradients(snapshot, point, DEFAULT_ROUNDING, proofs);
  const nudge = nudger(snapshot, point, DEFAULT_ROUNDING, proofs);
  return Object.keys(snapshot.gradients).map(Number).map((id) => {
    const { value, variance } = gradientOf(analytic, snapshot, id);
    const limits = barLimits(value, variance);
    return { id, value, variance, limits, difference: allDifferences(nudge, id, point.tensors[id].value, limits) };
  });
}

function allDifferences(nudge: Nudger, id: number, value: Float64Array, limits: Float64Array): Differences {
  const found = noDifferences(value.length);
  const finished = [...differences(nudge, id, value, limits, value.keys(), found)];
  expect(finished).toEqual(finished.toSorted((a, b) => a - b));
  expect(found.taken.every(Boolean)).toBe(true);
  return found;
}

const rms = (values: Float64Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

const differentiable = Object.keys(proofs).filter((op) => proofs[op].differentiable.length > 0);

for (const op of differentiable) {
  test(`${op}: finite differences and the analytic gradient certify each other on every sample`, async () => {
    let elements = 0;
    let covered = 0;
    let left = 0;
    for (const sample of proofs[op].samples) {
      const length = (await simulatedRunner(op, sample.options, sample.inputs, new Float32Array(0))).computed;
      const [out] = Object.values(length);
      const snapshot = await simulatedRunner(op, sample.options, sample.inputs, Float32Array.from(out, (_, i) => normal(99, i)));
      for (const { value, variance, limits, difference } of witnesses(snapshot)) {
        const floor = 1e-9 * rms(value);
        value.forEach((expected, i) => {
          // Beside a singularity the bar says that it does not know: those are left to the complex step.
          if (proofs[op].complex && !(difference.bar[i] <= limits[i])) {
            left++;
            return;
          }
          const error = Math.abs(difference.value[i] - expected);
          // No more than float64's own rounding, as σ scales it, is forgiven besides.
          const agree = error <= Math.max(floor, 3 * difference.bar[i], Math.sqrt(variance[i]) / 1e7);
          if (!agree || !(difference.bar[i] <= limits[i])) {
            throw new Error(`${sample.name} [${i}]: ${difference.value[i]} ± ${difference.bar[i]} for ${expected}, bar at most ${limits[i]}`);
          }
          elements++;
          if (error <= Math.max(difference.bar[i], 1e-3 * floor)) covered++;
        });
      }
    }
    expect(elements).toBeGreaterThan(12);
    expect(left / (elements + left), 'left to the complex step').toBeLessThan(0.2);
    // The error bar is honest: it covers the truth almost everywhere, not by luck of the factor 3.
    expect(covered / elements).toBeGreaterThan(0.85);
  });
}

test('every sparse re-evaluation equals the whole op, for any element and step', async () => {
  const cases: { op: string; snapshot: Snapshot }[] = [];
  for (const op of differentiable) {
    for (const sample of proofs[op].samples) {
      const [out] = Object.values((await simulatedRunner(op, sample.options, sample.inputs, new Float32Array(0))).computed);
      cases.push({ op, snapshot: await simulatedRunner(op, sample.options, sample.inputs, out.map((_, i) => normal(7, i))) });
    }
  }
  fc.assert(fc.property(fc.nat(), fc.nat(), fc.nat(), fc.double({ min: -5, max: -1, noNaN: true }), fc.boolean(), (which, tensor, element, exponent, up) => {
    const { op, snapshot } = cases[which % cases.length];
    const point = evaluate(snapshot, DEFAULT_ROUNDING, proofs);
    const ids = Object.keys(snapshot.gradients).map(Number);
    const id = ids[tensor % ids.length];
    const nudge = nudger(snapshot, point, DEFAULT_ROUNDING, proofs);
    nudge.select(id);
    nudge.nudge(element % point.tensors[id].value.length, (up ? 1 : -1) * 10 ** exponent);
    const fault = nudge.compare();
    if (fault) throw new Error(`${op}: ${fault}`);
  }), { numRuns: 400, seed: 1 });
});

test('a change is a sparse set: sums, membership and emptying', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(9), fc.integer({ min: -5, max: 5 }))), fc.array(fc.tuple(fc.nat(9), fc.integer({ min: -5, max: 5 }))), (first, second) => {
    const change = emptyChange(10);
    for (const adds of [first, second]) {
      change.count = 0;
      const dense = new Array<number>(10).fill(0);
      for (const [i, delta] of adds) {
        addDelta(change, i, delta);
        dense[i] += delta;
      }
      expect(change.count).toBe(new Set(adds.map(([i]) => i)).size);
      expect(dense.map((_, i) => deltaAt(change, i))).toEqual(dense);
    }
  }), { numRuns: 200, seed: 1 });
});

test('weights of any scale: the step follows the tensor', () => {
  for (const scale of [1e-4, 1e-2, 1, 30]) {
    const { net, loss } = mlp(11, 7, [5, 9, 3], 'tanh', 'mse');
    for (const tensor of net.tensors.filter(({ role }) => role === 'parameter')) {
      const { data } = net.data[tensor.id];
      data.forEach((value, i) => { data[i] = value * scale; });
    }
    const snapshot = net.snapshot([{ tensor: loss }]);
    for (const { value, variance, difference, limits } of witnesses(snapshot)) {
      const floor = 1e-9 * rms(value);
      value.forEach((expected, i) => {
        const agree = Math.abs(difference.value[i] - expected) <= Math.max(floor, 3 * difference.bar[i], Math.sqrt(variance[i]) / 1e7);
        if (!agree || !(difference.bar[i] <= limits[i])) throw new Error(`scale ${scale} [${i}]: ${difference.value[i]} ± ${difference.bar[i]} for ${expected}`);
      });
    }
  }
});
