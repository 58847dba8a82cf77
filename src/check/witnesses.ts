import { sizeOf } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import type { Rounding } from '../reference/rounding.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { gradientOf } from './analytic.ts';
import { barLimits, certify } from './certify.ts';
import type { Certificate, Witnesses } from './certify.ts';
import { complexStepper, workOf } from './complex-step.ts';
import type { ComplexStepper } from './complex-step.ts';
import { picksOf, planCoverage, shareOf } from './coverage.ts';
import type { CoverageWish, TensorPlan } from './coverage.ts';
import { differences, noDifferences, STEP } from './differences.ts';
import type { Differences } from './differences.ts';
import { directionOf, measureDirection } from './directions.ts';
import type { Direction } from './directions.ts';
import { downstream } from './downstream.ts';
import { nudger } from './nudge.ts';
import type { Nudger } from './nudge.ts';
import type { Proofs } from './point.ts';
import type { AllReferences } from './references.ts';

/** The analytic witness, and all that forward code needs to question it. */
export interface Bench {
  readonly snapshot: Snapshot;
  readonly references: AllReferences;
  readonly proofs: Proofs;
  readonly nudge: Nudger;
  readonly stepper: ComplexStepper;
  readonly coverage: CoverageWish;
  readonly plans: readonly TensorPlan[];
}

/** What forward code says about one tensor, or about a part of it: plain data. */
export interface Measured {
  readonly id: number;
  readonly differences: Differences;
  /** By number; holes where another worker measures. */
  readonly directions: (Direction | undefined)[];
  /** Where the fast re-evaluation of a single element disagrees with the slow one. */
  fault?: string;
  /** Likewise where all elements move at once. */
  directionFault?: string;
}

/** How far the measurements have come. */
export interface MeasureProgress {
  readonly tensor: string;
  /** Elements of the snapshot's gradients that this part of the work has covered. */
  readonly checked: number;
}

/** Plans the measurements. The same snapshot and options give the same plan in every worker. */
export function benchOf(
  snapshot: Snapshot, references: AllReferences, rounding: Rounding, proofs: Proofs, coverage: CoverageWish,
): Bench {
  const { point } = references;
  const nudge = nudger(snapshot, point, rounding, proofs);
  const ids = Object.keys(snapshot.gradients).map(Number).sort((a, b) => a - b);
  return {
    snapshot, references, proofs, nudge, coverage,
    stepper: complexStepper(snapshot, point, proofs),
    plans: planCoverage(snapshot, point, nudge, proofs, ids, coverage),
  };
}

/** Measures one of `of` parts of the plan. */
export function* measure(bench: Bench, index: number, of: number): Generator<MeasureProgress, Measured[]> {
  const { snapshot, references: { point }, nudge } = bench;
  const results: Measured[] = [];
  let checked = 0;
  for (const { plan, elements, directions } of shareOf(bench.plans, index, of)) {
    const { id, size } = plan;
    const { name } = snapshot.graph.tensors[id];
    const { value } = point.tensors[id];
    const measured = unmeasured(plan);
    results.push(measured);
    const amount = elements[1] - elements[0] + directions[1] - directions[0];
    if (amount === 0) continue;
    yield { tensor: name, checked };
    if (elements[0] === 0 && elements[1] > 0) measured.fault = compareSome(bench, id);
    const limits = barLimits(...analyticOf(bench, id));
    const search = differences(nudge, id, value, limits, range(plan, elements), measured.differences);
    for (let step = search.next(); !step.done; step = search.next()) {
      // Where directions cover the tensor, single elements cover nothing of it.
      yield { tensor: name, checked: checked + (plan.directions > 0 ? 0 : step.value) };
    }
    if (plan.directions === 0) checked += elements[1] - elements[0];
    for (let number = directions[0]; number < directions[1]; number++) {
      const direction = directionOf(id, number, size);
      if (number === 0) measured.directionFault = compareAlong(bench, id, direction);
      measured.directions[number] = measureDirection(bench, subjectOf(bench, id), direction);
      checked += Math.floor(size * (number + 1) / plan.directions) - Math.floor(size * number / plan.directions);
      yield { tensor: name, checked };
    }
  }
  return results;
}

/** Joins what several workers have measured into the first of them, tensor by tensor. */
export function join(parts: readonly (readonly Measured[])[]): readonly Measured[] {
  const [all, ...others] = parts;
  for (const part of others) {
    for (const { id, differences: from, directions, fault, directionFault } of part) {
      const one = all.find((candidate) => candidate.id === id);
      if (!one) continue;
      const { differences: to } = one;
      for (let i = 0; i < from.taken.length; i++) {
        if (!from.taken[i]) continue;
        to.value[i] = from.value[i];
        to.bar[i] = from.bar[i];
        to.taken[i] = 1;
      }
      directions.forEach((direction, number) => {
        one.directions[number] ??= direction;
      });
      one.fault ??= fault;
      one.directionFault ??= directionFault;
    }
  }
  return all;
}

/** A tensor of the plan that nobody has measured. */
export function unmeasured({ id, size }: TensorPlan): Measured {
  return { id, differences: noDifferences(size), directions: [] };
}

/** Lets the measurements of a tensor decide about its reference: what was planned and is not there leaves it in doubt. */
export function certifyTensor(bench: Bench, measured: Measured): Generator<void, Certificate> {
  const plan = bench.plans.find(({ id }) => id === measured.id)!;
  const [reference, variance] = analyticOf(bench, plan.id);
  const directions = measured.directions.filter((direction) => direction !== undefined);
  const witnesses: Witnesses = { plan, reference, variance, differences: measured.differences, directions };
  return certify(witnesses, bench.stepper, bench.coverage, (number) =>
    measureDirection(bench, subjectOf(bench, plan.id), directionOf(plan.id, number, plan.size)));
}

/** The analytic gradient of a tensor and the variance of float32 code where every branch is trusted. */
function analyticOf({ snapshot, references }: Bench, id: number): [Float64Array, Float64Array] {
  const gradient = (gradients: Map<number, RefTensor>): RefTensor => gradientOf(gradients, snapshot, id);
  return [gradient(references.gradients).value, gradient(references.certain.gradients).variance];
}

function subjectOf(bench: Bench, id: number) {
  const [reference, variance] = analyticOf(bench, id);
  return { id, value: bench.references.point.tensors[id].value, reference, variance };
}

/** The elements of a share. */
function* range({ picks }: TensorPlan, [from, to]: readonly [number, number]): Generator<number> {
  for (let place = from; place < to; place++) yield picks ? picks[place] : place;
}

/** Multiply-adds that the slow evaluations of one tensor's comparisons may take: some 0.2 s. */
const COMPARISON_BUDGET = 2.5e7;
/** At least the first element, the last and a random one are compared, whatever that takes. */
const FEWEST_COMPARISONS = 3;

/** Compares the fast re-evaluation with the slow one at boundaries and at random elements, and says where it is wrong. */
function compareSome({ snapshot, references: { point }, nudge, proofs }: Bench, id: number): string | undefined {
  const { value } = point.tensors[id];
  const whole = downstream(snapshot, id, proofs).nodes.reduce((sum, index) => sum + workOf(point, index, proofs), 1);
  const picks = picksOf(id, value.length).slice(0, Math.max(FEWEST_COMPARISONS, Math.floor(COMPARISON_BUDGET / whole)));
  nudge.select(id);
  for (const element of picks) {
    nudge.nudge(element, STEP * (Math.abs(value[element]) || 1));
    const fault = nudge.compare();
    if (fault) return fault;
  }
  return undefined;
}

/** The same where every element moves at once. */
function compareAlong({ references: { point }, nudge }: Bench, id: number, direction: Float32Array): string | undefined {
  const { value } = point.tensors[id];
  const rms = Math.sqrt(value.reduce((sum, x) => sum + x * x, 0) / value.length) || 1;
  nudge.select(id);
  nudge.nudgeAlong(direction, STEP * rms);
  return nudge.compare();
}

/** Elements of all gradients of a snapshot. */
export function totalOf({ graph, gradients }: Snapshot): number {
  return Object.keys(gradients).reduce((sum, id) => sum + sizeOf(graph.tensors[Number(id)].shape), 0);
}
