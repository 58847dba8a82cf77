import type { ComplexStepper } from './complex-step.ts';
import { COMPLEX_ERROR } from './complex-step.ts';
import { DETECTABLE, DIRECTIONS, missOfOne, picksOf } from './coverage.ts';
import type { Coverage, CoverageWish, TensorPlan } from './coverage.ts';
import type { Differences } from './differences.ts';
import type { Direction } from './directions.ts';

/** Disagreement of the witnesses that is always forgiven, relative to the rms of the tensor. */
export const AGREEMENT = 1e-9;

/**
 * σ is the rounding of float32 code. The float64 witnesses round likewise, but 2^29 times finer, and a difference divides
 * that by its relative step of 1e-3: 2e-6 of σ, forgiven with a margin of 2 (on all samples it is 1.3e-8 σ or less). It matters only where a gradient is zero but
 * for rounding (softmax under a sum): there the tensor has no size of its own that 1e-9 could be relative to, and 1e-5 σ
 * decides nothing about the GPU, whose tolerance is 4 σ.
 */
const ROUNDING_NOISE = 4e-6;

/** Multiply-adds that complex steps at single elements may take for one tensor: some 2 s. Beyond, directions cover it. */
const COMPLEX_BUDGET = 4e8;

/** Where both witnesses of one tensor stand. */
export interface Witnesses {
  readonly plan: TensorPlan;
  /** The analytic reference. */
  readonly reference: Float64Array;
  /** The variance of correct float32 code where every branch is trusted. */
  readonly variance: Float64Array;
  readonly differences: Differences;
  readonly directions: readonly Direction[];
}

/** Why a reference is in doubt, and at how many elements: plain data. */
export interface Doubts {
  /** The two witnesses disagree. */
  readonly disagree?: number;
  /** The difference is too uncertain to tell. */
  readonly uncertain?: number;
  /** No difference was taken, but another measurement of the tensor disagrees: a direction, or the differences at drawn elements. */
  readonly implied?: number;
  /** What was planned was never measured. */
  readonly unmeasured?: number;
  /** The reference, or its tolerance, is not finite. */
  readonly notFinite?: number;
}

/** What the witnesses say about the reference of one tensor. */
export interface Certificate extends Coverage {
  /** Error bar of the difference by element; 0 where none was taken. */
  readonly bar: Float64Array;
  /** 1 where the reference is in doubt. */
  readonly suspect: Uint8Array;
  /** The elements of `suspect` by reason. */
  readonly doubts: Doubts;
}

/** The bar below which a finer difference would gain nothing: small against σ, or against the tensor. */
export function barLimits(reference: Float64Array, variance: Float64Array): Float64Array {
  const floor = AGREEMENT * rms(reference);
  return variance.map((of) => Math.max(Math.sqrt(of) / 10, floor));
}

/** What the difference along a direction may be: 1e-9 of the tensor's rms or three error bars, as for an element. */
export function directionTolerance(reference: Float64Array, variance: Float64Array, bar: number): number {
  const noise = ROUNDING_NOISE * Math.sqrt(variance.reduce((sum, of) => sum + of, 0));
  return Math.max(AGREEMENT * rms(reference), 3 * bar, noise);
}

/**
 * Whether the witnesses agree about one element: |difference − analytic| ≤ max(1e-9·rms of the tensor, 3 error bars of the
 * difference), and that bar is small enough to tell anything about the GPU.
 */
function agree({ reference, variance, differences }: Witnesses, i: number, floor: number): boolean {
  const bar = differences.bar[i];
  const sigma = Math.sqrt(variance[i]);
  const tolerance = Math.max(floor, 3 * bar, ROUNDING_NOISE * sigma);
  return Math.abs(differences.value[i] - reference[i]) <= tolerance && bar <= widest(variance, i, floor);
}

/** The bar is a part of the GPU's tolerance: half a σ more than the 4 σ of it is the most. */
function widest(variance: Float64Array, i: number, floor: number): number {
  return Math.max(Math.sqrt(variance[i]) / 2, floor);
}

/**
 * Decides about every element of a tensor. Where a difference is too uncertain, or disagrees, a complex step takes its
 * place; where that would take too long, Gaussian directions do, by `measureDirection`. Yields now and then.
 */
export function* certify(
  witnesses: Witnesses, stepper: ComplexStepper, wanted: CoverageWish, measureDirection: (number: number) => Direction,
): Generator<void, Certificate> {
  const { plan, reference, variance, differences } = witnesses;
  const { value, bar, taken } = differences;
  const size = rms(reference);
  const floor = AGREEMENT * size;
  const limits = barLimits(reference, variance);
  let directions = witnesses.directions;
  let complexSteps = 0;
  // A piece that got lost on its way from a worker must not pass for one that agrees.
  const unmeasured = missing(plan, taken);
  const lost = plan.directions > directions.length;
  const wide: number[] = [];
  for (let i = 0; i < taken.length; i++) {
    if (taken[i] && !(bar[i] <= limits[i] && agree(witnesses, i, floor))) wide.push(i);
  }
  if (wide.length > 0 && stepper.select(plan.id)) {
    const every = wanted === 'every element' || wide.length * stepper.work() <= COMPLEX_BUDGET;
    const steps = every ? wide : picksOf(plan.id, wide.length).map((place) => wide[place]);
    if (!every) {
      for (const i of wide) {
        taken[i] = 0;
        bar[i] = 0;
        value[i] = 0;
      }
      if (directions.length === 0) {
        const found: Direction[] = [];
        for (let number = 0; number < DIRECTIONS; number++) {
          found.push(measureDirection(number));
          yield;
        }
        directions = found;
        stepper.select(plan.id);
      }
    }
    for (const i of steps) {
      value[i] = stepper.element(i);
      bar[i] = COMPLEX_ERROR * Math.max(Math.abs(value[i]), size);
      taken[i] = 1;
      complexSteps++;
      if (complexSteps % 16 === 0) yield;
    }
  }
  const wrongDirection = directions.some(({ difference, tolerance }) => !(difference <= tolerance));
  const reasons = Array.from(taken, (of, i): keyof Doubts | undefined => {
    if (!Number.isFinite(reference[i])) return 'notFinite';
    if (of) return agree(witnesses, i, floor) ? undefined : bar[i] <= widest(variance, i, floor) ? 'disagree' : 'uncertain';
    return unmeasured[i] ? 'unmeasured' : undefined;
  });
  // A wrong direction tells that some element is wrong, not which: where all were differenced, they have told it themselves.
  // Without directions, a wrong one among some elements says that about the others.
  const implied = wrongDirection || (directions.length === 0 && reasons.includes('disagree'));
  const doubts: Partial<Record<keyof Doubts, number>> = {};
  const suspect = new Uint8Array(taken.length);
  let differenced = 0;
  let agreed = 0;
  for (let i = 0; i < taken.length; i++) {
    differenced += taken[i];
    const reason = reasons[i] ?? (taken[i] ? undefined : lost ? 'unmeasured' : implied ? 'implied' : undefined);
    if (taken[i] && !reason) agreed++;
    if (!reason) continue;
    suspect[i] = 1;
    doubts[reason] = (doubts[reason] ?? 0) + 1;
  }
  return {
    method: differenced === taken.length ? 'every element' : directions.length > 0 ? 'directions' : 'some elements',
    differenced, agreed, complexSteps, bar, suspect, doubts,
    ...(directions.length > 0 ? { directions: summary(directions) } : {}),
  };
}

/** 1 for elements that were to be differenced and were not. */
function missing({ picks }: TensorPlan, taken: Uint8Array): Uint8Array {
  const found = new Uint8Array(taken.length);
  if (!picks) taken.forEach((of, i) => { found[i] = 1 - of; });
  else for (const i of picks) found[i] = 1 - taken[i];
  return found;
}

function summary(directions: readonly Direction[]): Coverage['directions'] {
  const tolerance = Math.max(...directions.map((direction) => direction.tolerance));
  return {
    count: directions.length,
    tolerance,
    worst: Math.max(...directions.map((direction) => (direction.difference === 0 ? 0 : direction.difference / direction.tolerance))),
    detectable: DETECTABLE * tolerance,
    miss: missOfOne(DETECTABLE) ** directions.length,
  };
}

function rms(values: Float64Array): number {
  return values.length > 0 ? Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length) : 0;
}
