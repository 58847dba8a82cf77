import process from 'node:process';
import fc from 'fast-check';
import { expect, test } from 'playwright/test';
import { workersFor } from '../../src/check/check-in-workers.ts';
import { certify } from '../../src/check/certify.ts';
import type { Witnesses } from '../../src/check/certify.ts';
import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import type { SnapshotCheckOptions } from '../../src/check/check-snapshot.ts';
import { COMPLEX_STEP, complexStepper } from '../../src/check/complex-step.ts';
import { DETECTABLE, DIRECTIONS, missOfOne, picksOf, shareOf } from '../../src/check/coverage.ts';
import type { TensorPlan } from '../../src/check/coverage.ts';
import { directionOf, measureDirection } from '../../src/check/directions.ts';
import { nudger } from '../../src/check/nudge.ts';
import { gradientOf } from '../../src/check/analytic.ts';
import { referencesAt } from '../../src/check/references.ts';
import { benchOf, certifyTensor, join, measure } from '../../src/check/witnesses.ts';
import type { Snapshot } from '../../src/program/graph.ts';
import { proofs } from '../../src/proof/index.ts';
import { DEFAULT_ROUNDING } from '../../src/reference/rounding.ts';
import { setBuiltinNoise } from './float32-ops.ts';
import { mlp } from './simulated-gpu.ts';

function net(sizes: readonly number[] = [5, 17, 4], activation = 'relu', seed = 3): Snapshot {
  setBuiltinNoise(0);
  const { net: built, loss } = mlp(seed, 6, sizes, activation, 'crossEntropy');
  return built.snapshot([{ tensor: loss }]);
}

const named = (snapshot: Snapshot, name: string): number => snapshot.graph.tensors.find((tensor) => tensor.name === name)!.id;

function finish<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

test('seven directions keep the promise, six do not', () => {
  expect(DIRECTIONS).toBe(7);
  expect(DETECTABLE).toBe(25);
  // erf(x/√2) by its series; the design's 0.8·τ/‖e‖ is its first term.
  const x = 1 / 25;
  const erf = Math.sqrt(2 / Math.PI) * (x - x ** 3 / 6 + x ** 5 / 40);
  expect(missOfOne(25)).toBeCloseTo(erf, 9);
  expect(missOfOne(25) ** 7).toBeLessThan(1e-9);
  expect(missOfOne(25) ** 6).toBeGreaterThan(1e-9);
});

test('directions are independent normal deviates, the same for the same seed', () => {
  const size = 20_000;
  const all = [directionOf(0, 0, size), directionOf(0, 1, size), directionOf(7, 0, size)];
  expect(directionOf(0, 1, size)).toEqual(all[1]);
  expect(directionOf(0, 1, size, 5)).not.toEqual(all[1]);
  for (const direction of all) {
    const sorted = Float64Array.from(direction).toSorted();
    const moment = (power: number): number => direction.reduce((sum, v) => sum + v ** power, 0) / size;
    // Five standard errors. The fourth moment is 3 for normal deviates, 1 for signs, 1.8 for a uniform variable of that variance.
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(size));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / size));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / size));
    // Few are near zero, as many as the normal density says: what P(miss) rests on.
    const small = sorted.filter((v) => Math.abs(v) < 0.04).length / size;
    expect(Math.abs(small - missOfOne(25))).toBeLessThan(5 * Math.sqrt(missOfOne(25) / size));
  }
  for (const [a, b] of [[0, 1], [0, 2], [1, 2]]) {
    const inner = all[a].reduce((sum, v, i) => sum + v * all[b][i], 0) / size;
    expect(Math.abs(inner)).toBeLessThan(5 / Math.sqrt(size));
  }
});

test('a direction misses a planted error exactly as often as promised, equal and opposite errors too', () => {
  const snapshot = net();
  const { point, gradients, certain } = referencesAt(snapshot, DEFAULT_ROUNDING, proofs);
  const tools = { nudge: nudger(snapshot, point, DEFAULT_ROUNDING, proofs), stepper: complexStepper(snapshot, point, proofs) };
  const id = named(snapshot, '0.weight');
  const { value } = point.tensors[id];
  const right = gradientOf(gradients, snapshot, id).value;
  const variance = gradientOf(certain.gradients, snapshot, id).variance;
  const measured = (reference: Float64Array, seed: number) => measureDirection(tools, { id, value, reference, variance }, directionOf(id, 0, value.length, seed));
  const tau = measured(right, 0).tolerance;
  const runs = 1500;
  const errors: Record<string, (i: number) => number> = {
    'one element': (i) => (i === 40 ? 1 : 0),
    'two equal and opposite': (i) => (i === 3 ? Math.SQRT1_2 : i === 4 ? -Math.SQRT1_2 : 0),
    'everywhere': (i) => (i % 2 ? 1 : -1) / Math.sqrt(value.length),
  };
  for (const [name, shape] of Object.entries(errors)) {
    for (const size of [1, 3, 10]) {
      const wrong = right.map((of, i) => of + size * tau * shape(i));
      let missed = 0;
      let signsMissed = 0;
      for (let seed = 1; seed <= runs; seed++) {
        const { difference, tolerance } = measured(wrong, seed);
        // The tolerance differs a little from direction to direction: the promise is about τ, the largest.
        if (difference <= Math.min(tolerance, tau)) missed++;
        const along = directionOf(id, 0, value.length, seed).reduce((sum, v, i) => sum + Math.sign(v) * size * tau * shape(i), 0);
        if (Math.abs(along) <= tau) signsMissed++;
      }
      const expected = missOfOne(size);
      expect(Math.abs(missed / runs - expected), `${name} of ${size} τ`).toBeLessThan(5 * Math.sqrt(expected * (1 - expected) / runs));
      // Random signs see one element always, but a pair only half the time, however large it is.
      if (name.startsWith('two')) expect(signsMissed / runs).toBeGreaterThan(0.45);
    }
  }
});

test('a wrong backward of a proof is found along directions in every one of 40 nets, though no differenced element shows it', () => {
  const { linear } = proofs;
  for (let seed = 1; seed <= 40; seed++) {
    const snapshot = net([40, 30, 4], 'tanh', seed);
    const id = named(snapshot, '0.weight');
    const size = 1200;
    const hidden = Array.from({ length: size }, (_, i) => i).filter((i) => !picksOf(id, size).includes(i));
    const place = hidden[seed * 7 % hidden.length];
    const lying = { ...proofs, linear: { ...linear, backward: (...args: Parameters<typeof linear.backward>) => {
      const found = linear.backward(...args);
      if (found.weight.value.length === size) {
        // 1e-6 of the tensor's rms in one element of 1200, and its opposite in another: far below σ.
        const rms = Math.sqrt(found.weight.value.reduce((sum, of) => sum + of * of, 0) / size);
        found.weight.value[place] += 1e-6 * rms;
        found.weight.value[hidden[0]] -= 1e-6 * rms;
      }
      return found;
    } } };
    const report = checkSnapshot(snapshot, { proofs: lying, coverage: 'directions' });
    const [tensor] = report.tensors;
    expect([report.verdict, tensor.verdict, tensor.failed], `seed ${seed}\n${report}`).toEqual(['reference-suspect', 'reference-suspect', 0]);
    expect(tensor.suspect).toBe(size - tensor.coverage!.differenced);
    expect(tensor.coverage!.directions!.worst).toBeGreaterThan(1);
    expect(checkSnapshot(snapshot, { coverage: 'directions' }).passed).toBe(true);
  }
});

test('coverage is chosen, or as asked, and the report says what was done', () => {
  const snapshot = net([40, 30, 4]);
  const methods = (options: SnapshotCheckOptions) => checkSnapshot(snapshot, options).tensors.map(({ coverage, count }) => [coverage?.method, coverage?.differenced, count, coverage?.directions?.count]);
  expect(methods({})).toEqual([['every element', 1200, 1200, undefined], ['every element', 30, 30, undefined], ['every element', 120, 120, undefined], ['every element', 4, 4, undefined]]);
  expect(methods({ coverage: 'every element' })).toEqual(methods({ coverage: 'auto' }));
  const [weight, bias, second, small] = methods({ coverage: 'directions' });
  expect(weight).toEqual(['directions', picksOf(named(snapshot, '0.weight'), 1200).length, 1200, 7]);
  expect(second).toEqual(['directions', picksOf(named(snapshot, '2.weight'), 120).length, 120, 7]);
  expect(bias[0]).toBe('directions');
  // Few elements are all differenced: that says more than any direction.
  expect(small).toEqual(['every element', 4, 4, undefined]);
  const report = checkSnapshot(snapshot, { coverage: 'directions' });
  expect(String(report)).toMatch(/0\.weight \(τ [\d.e-]+\).*: along 7 Gaussian directions; they miss an error of 25 τ or more with probability 3\.4e-11/);
  expect(report.proven).toBe(report.total);
  for (const bad of ['all', 7, null]) {
    expect(() => checkSnapshot(snapshot, { coverage: bad as 'auto' })).toThrow(/checkSnapshot: needs coverage to be 'auto', 'every element'/);
  }
});

test('a GPU bug in any single element is caught also where directions certify', () => {
  const snapshot = net([40, 30, 4]);
  const gradient = snapshot.gradients[named(snapshot, '0.weight')];
  for (const place of [5, 333, 777, 1100]) {
    const kept = gradient[place];
    gradient[place] = kept * 1.001 + 1e-6;
    const [tensor] = checkSnapshot(snapshot, { coverage: 'directions' }).tensors;
    expect([tensor.verdict, tensor.failed, tensor.suspect]).toEqual(['fail', 1, 0]);
    gradient[place] = kept;
  }
});

test('picked elements hold every boundary, once each', () => {
  expect(picksOf(1, 100_000)).toEqual(expect.arrayContaining([0, 15, 16, 17, 63, 64, 65, 99_999]));
  expect(picksOf(1, 100_000).length).toBeGreaterThan(30);
  expect(picksOf(2, 100_000)).not.toEqual(picksOf(1, 100_000));
  for (const size of [1, 2, 16, 17, 64, 66, 1000]) {
    const picks = picksOf(4, size);
    expect(new Set(picks).size).toBe(picks.length);
    expect(picks.every((i) => i >= 0 && i < size)).toBe(true);
    expect(picks).toEqual(expect.arrayContaining([0, size - 1]));
  }
});

test('shares hold every element and every direction exactly once, in pieces of like work', () => {
  const plan = fc.record({ size: fc.integer({ min: 1, max: 300 }), directions: fc.constantFrom(0, 7), elementWork: fc.integer({ min: 1, max: 1000 }), directionWork: fc.integer({ min: 1, max: 100_000 }) });
  fc.assert(fc.property(fc.array(plan, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 5 }), (drawn, of) => {
    const plans = drawn.map((one, id): TensorPlan => ({ id, method: one.directions > 0 ? 'directions' : 'every element', ...one, ...(one.directions > 0 ? { picks: picksOf(id, one.size) } : {}) }));
    const seen = plans.map(({ size, picks, directions }) => ({ elements: new Array<number>(picks?.length ?? size).fill(0), directions: new Array<number>(directions).fill(0) }));
    for (let index = 0; index < of; index++) {
      shareOf(plans, index, of).forEach(({ elements, directions }, at) => {
        for (let i = elements[0]; i < elements[1]; i++) seen[at].elements[i]++;
        for (let i = directions[0]; i < directions[1]; i++) seen[at].directions[i]++;
      });
    }
    for (const { elements, directions } of seen) expect([...elements, ...directions].every((count) => count === 1)).toBe(true);
  }), { numRuns: 300, seed: 1 });
});

test('a check is shared where it is large and there are cores to spare', () => {
  expect([1, 2, 3, 4, 16].map((cores) => workersFor(1e9, cores))).toEqual([1, 1, 2, 3, 4]);
  expect(workersFor(1e6, 16)).toBe(1);
});

test('several workers measure what one does, to the last bit', () => {
  const snapshot = net([40, 30, 4]);
  const references = referencesAt(snapshot, DEFAULT_ROUNDING, proofs);
  for (const coverage of ['every element', 'directions'] as const) {
    const outcome = (of: number) => {
      const parts = Array.from({ length: of }, (_, index) => finish(measure(benchOf(snapshot, references, DEFAULT_ROUNDING, proofs, coverage), index, of)));
      const bench = benchOf(snapshot, references, DEFAULT_ROUNDING, proofs, coverage);
      // As structured clones, as workers send them.
      return join(structuredClone(parts)).map((one) => ({ ...finish(certifyTensor(bench, one)), value: one.differences.value }));
    };
    expect(outcome(3)).toEqual(outcome(1));
    expect(outcome(4)).toEqual(outcome(1));
  }
});

test('where complex steps at single elements would take too long, directions take over', () => {
  const size = 400;
  const reference = Float64Array.from({ length: size }, (_, i) => 1 + i % 3);
  const witnesses = (): Witnesses => ({
    plan: { id: 0, size, method: 'every element', directions: 0, elementWork: 1, directionWork: 1 },
    reference, variance: new Float64Array(size).fill(1e-16), directions: [],
    // Every second difference is too uncertain to tell.
    differences: { value: reference.slice(), bar: Float64Array.from({ length: size }, (_, i) => (i % 2 ? 1e-3 : 1e-12)), taken: new Uint8Array(size).fill(1) },
  });
  const stepper = (work: number) => ({ select: () => true, element: (i: number) => reference[i], along: () => 0, work: () => work });
  const drawn: number[] = [];
  const direction = (number: number) => {
    drawn.push(number);
    return { difference: 0, tolerance: 1e-9 };
  };
  const cheap = finish(certify(witnesses(), stepper(1), 'auto', direction));
  expect([cheap.method, cheap.differenced, cheap.complexSteps, drawn.length]).toEqual(['every element', size, 200, 0]);
  const dear = finish(certify(witnesses(), stepper(1e9), 'auto', direction));
  expect([dear.method, dear.differenced, dear.complexSteps, drawn.length, dear.directions?.count]).toEqual(['directions', 200 + dear.complexSteps, picksOf(0, 200).length, 7, 7]);
  expect(dear.suspect.every((of) => of === 0)).toBe(true);
  const wrong = finish(certify(witnesses(), stepper(1e9), 'auto', () => ({ difference: 1, tolerance: 1e-9 })));
  expect(wrong.suspect.reduce((sum, of) => sum + of, 0)).toBe(200 - wrong.complexSteps);
  const forced = finish(certify(witnesses(), stepper(1e9), 'every element', direction));
  expect([forced.method, forced.complexSteps]).toEqual(['every element', 200]);
  expect(COMPLEX_STEP).toBe(1e-20);
});

test('progress names its phases in order and rises to the total; a check can be cancelled in each', () => {
  const snapshot = net([40, 30, 4]);
  for (const coverage of ['every element', 'directions'] as const) {
    const phases: string[] = [];
    const checked: number[] = [];
    checkSnapshot(snapshot, { coverage, onProgress: (progress) => {
      if (phases.at(-1) !== progress.phase) phases.push(progress.phase);
      checked.push(progress.checked);
      expect(progress.total).toBe(1354);
    } });
    expect(phases).toEqual(['references', 'witnesses', 'verdict']);
    expect(checked).toEqual(checked.toSorted((a, b) => a - b));
    expect(checked.at(-1)).toBe(1354);
    for (const phase of phases) {
      let now = '';
      const run = () => checkSnapshot(snapshot, { coverage, onProgress: (progress) => { now = progress.phase; }, cancelled: () => now === phase });
      expect(run).toThrow('checkSnapshot: needs to run to its end, got an abort');
    }
  }
});

/** Seconds of the processor, which other processes do not lengthen much. */
function processorSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  return process.cpuUsage(before).user / 1e6;
}

test('budget: all 101,770 parameters of 784-128-10 by finite differences', () => {
  setBuiltinNoise(0);
  const { net: built, loss } = mlp(1, 8, [784, 128, 10], 'relu', 'crossEntropy');
  const snapshot = built.snapshot([{ tensor: loss }]);
  const seconds = processorSeconds(() => {
    const { passed, proven, tensors } = checkSnapshot(snapshot);
    expect([passed, proven]).toEqual([true, 101_770]);
    expect(tensors.map(({ coverage }) => [coverage?.method, coverage?.differenced, coverage?.complexSteps])).toEqual([100_352, 128, 1280, 10].map((count) => ['every element', count, 0]));
  });
  expect(seconds).toBeLessThan(8);
});

test('budget: a net of 1,037,760 parameters, every element proven and P(miss) below 1e-9', () => {
  setBuiltinNoise(0);
  const { net: built, loss } = mlp(1, 8, [784, 1000, 250, 10], 'relu', 'crossEntropy');
  const snapshot = built.snapshot([{ tensor: loss }]);
  const seconds = processorSeconds(() => {
    const { passed, proven, total, tensors } = checkSnapshot(snapshot);
    expect([passed, proven, total]).toEqual([true, 1_037_760, 1_037_760]);
    const [weight, ...others] = tensors;
    expect([weight.coverage?.method, weight.coverage?.directions?.count]).toEqual(['directions', 7]);
    expect(weight.coverage!.directions!.miss).toBeLessThan(1e-9);
    expect(weight.coverage!.directions!.detectable).toBe(25 * weight.coverage!.directions!.tolerance);
    expect(others.map(({ coverage, count }) => [coverage?.method, coverage?.differenced === count])).toEqual(others.map(() => ['every element', true]));
  });
  expect(seconds).toBeLessThan(20);
});
