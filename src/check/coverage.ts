import type { Snapshot } from '../program/graph.ts';
import { RandomStream, randomStreams } from '../data/philox.ts';
import { normalIntegral } from '../reference/special.ts';
import { workOf } from './complex-step.ts';
import { downstream } from './downstream.ts';
import { STEP } from './differences.ts';
import type { Nudger } from './nudge.ts';
import type { Point, Proofs } from './point.ts';

/**
 * How the analytic reference is certified by forward code: by a finite difference of every element, or, for tensors
 * where that takes too long, by derivatives along Gaussian directions and differences at some elements.
 */
export type CoverageMethod = 'every element' | 'directions';

/** What a check may be asked for: `auto` chooses a method; or just so many elements of each tensor, drawn at random by the seed. */
export type CoverageWish = 'auto' | CoverageMethod | { readonly elements: number; readonly seed?: number };

/** How the reference of one tensor was certified. Whatever it was, every element of the GPU is compared with that reference. */
export interface Coverage {
  readonly method: CoverageMethod | 'some elements';
  /** Elements whose finite difference was compared with the analytic reference. */
  readonly differenced: number;
  /** Among them those where the two agree: they are certified. */
  readonly agreed: number;
  /** Among the differenced those where a complex step took the place of a finite difference whose error bar was too wide. */
  readonly complexSteps: number;
  readonly directions?: DirectionsReport;
}

/** What derivatives along Gaussian directions say about the reference of a whole tensor. */
export interface DirectionsReport {
  readonly count: number;
  /** τ: how far a derivative along a direction may be from the reference's. */
  readonly tolerance: number;
  /** The largest |derivative − reference| as a part of τ. */
  readonly worst: number;
  /** 25 τ: the Euclidean norm of an error of the reference from which on `miss` holds. */
  readonly detectable: number;
  /** The probability that no direction shows an error of that norm. */
  readonly miss: number;
}

/** What is to be measured of one tensor. */
export interface TensorPlan {
  readonly id: number;
  readonly size: number;
  readonly method: CoverageMethod;
  /** Elements to be differenced; absent for all of them. */
  readonly picks?: readonly number[];
  /** Number of Gaussian directions. */
  readonly directions: number;
  /** Multiply-adds of one element's difference. */
  readonly elementWork: number;
  /** Multiply-adds of the derivative along one direction. */
  readonly directionWork: number;
}

/** Multiply-adds that finite differences may take where the check chooses: some 5 s on one core. */
const BUDGET = 4e8;
/** Nudges of one difference: two central differences. */
const NUDGES = 4;
/** Elements that are differenced besides directions: boundaries of tiles, and random ones. */
const PICKS = 32;
/** Directions miss an error of this many τ … */
export const DETECTABLE = 25;
/** … with a probability below this one. */
const MISS = 1e-9;

/** The probability that one direction misses an error of norm `size`·τ: ⟨e, v⟩ is normal with the deviation ‖e‖. */
export function missOfOne(size: number): number {
  return 2 * normalIntegral(1 / size) - 1;
}

/**
 * The fewest directions that keep the promise: erf(1/(25·√2)) = 0.0319 for one, 1.06e-9 for six, so seven.
 * Each is drawn anew, so probabilities multiply.
 */
export const DIRECTIONS = Math.ceil(Math.log(MISS) / Math.log(missOfOne(DETECTABLE)));

/** Chooses for each tensor, the cheapest first, until the budget is spent. The choice depends on nothing but the snapshot. */
export function planCoverage(
  snapshot: Snapshot, point: Point, nudger: Nudger, proofs: Proofs, ids: readonly number[], coverage: CoverageWish,
): TensorPlan[] {
  const costs = ids.map((id) => {
    const { value } = point.tensors[id];
    nudger.select(id);
    let work = 1;
    for (const element of picksOf(id, value.length).slice(0, 8)) {
      nudger.nudge(element, STEP * (Math.abs(value[element]) || 1));
      work = Math.max(work, nudger.work());
    }
    const whole = downstream(snapshot, id, proofs).nodes.reduce((sum, index) => sum + workOf(point, index, proofs), value.length);
    // A complex evaluation is four real ones.
    return { id, size: value.length, elementWork: NUDGES * work, directionWork: (NUDGES + 4) * whole };
  });
  let left = BUDGET;
  const affordable = new Set<number>();
  for (const { id, size, elementWork } of costs.toSorted((a, b) => a.size * a.elementWork - b.size * b.elementWork || a.id - b.id)) {
    left -= size * elementWork;
    if (left >= 0) affordable.add(id);
  }
  if (typeof coverage === 'object') {
    const { elements, seed = 0 } = coverage;
    return costs.map((cost): TensorPlan => ({ ...cost, method: 'directions', picks: drawn(cost.id, cost.size, elements, seed), directions: 0 }));
  }
  return costs.map((cost): TensorPlan => {
    const picks = picksOf(cost.id, cost.size);
    const every = coverage === 'auto' ? affordable.has(cost.id) : coverage === 'every element';
    return every || picks.length === cost.size
      ? { ...cost, method: 'every element', directions: 0 }
      : { ...cost, method: 'directions', picks, directions: DIRECTIONS };
  });
}

/**
 * Elements where a fault likes to hide: the first, the last, those around 16 and 64, and random ones, each once and in an
 * order that puts the most telling first. The same for the same tensor, always.
 */
export function picksOf(id: number, size: number): number[] {
  const random = new RandomStream(SEED, randomStreams.check, id);
  const drawn = Array.from({ length: PICKS }, () => Math.floor(random.uniform() * size));
  const wanted = [0, size - 1, drawn[0], 16, 64, 15, 17, 63, 65, ...drawn];
  return [...new Set(wanted.filter((element) => element >= 0 && element < size))];
}

/** So many elements of a tensor, each once, other ones for another seed. */
function drawn(id: number, size: number, elements: number, seed: number): number[] {
  if (elements >= size) return Array.from({ length: size }, (_, element) => element);
  const random = new RandomStream(seed, randomStreams.check, id);
  const chosen = new Set<number>();
  while (chosen.size < elements) chosen.add(random.integer(size));
  return [...chosen];
}

/** Every check draws the same elements and directions: a verdict can be reproduced. */
export const SEED = 20_240_229;

/** A part of the plan that can be measured apart from the others. */
export interface Share {
  readonly plan: TensorPlan;
  /** Elements, as places in `picks` or in the tensor: from, and up to but not including. */
  readonly elements: readonly [number, number];
  /** Directions likewise. */
  readonly directions: readonly [number, number];
}

/** Cuts the plan into `of` pieces of the same work and returns piece `index`: all pieces together measure everything once. */
export function shareOf(plans: readonly TensorPlan[], index: number, of: number): Share[] {
  const total = workOfPlan(plans);
  const lower = total * index / of;
  const upper = total * (index + 1) / of;
  const shares: Share[] = [];
  let at = 0;
  const within = (count: number, work: number): [number, number] => {
    const place = (limit: number): number => Math.min(count, Math.max(0, Math.ceil((limit - at) / work)));
    const range: [number, number] = [place(lower), index + 1 === of ? count : place(upper)];
    at += count * work;
    return range;
  };
  for (const plan of plans) {
    const elements = within(countOf(plan), plan.elementWork);
    const directions = within(plan.directions, plan.directionWork);
    shares.push({ plan, elements, directions });
  }
  return shares;
}

/** Elements of a plan's tensor that are differenced. */
function countOf(plan: TensorPlan): number {
  return plan.picks?.length ?? plan.size;
}

/** Multiply-adds of a whole plan. */
export function workOfPlan(plans: readonly TensorPlan[]): number {
  return plans.reduce((sum, plan) => sum + countOf(plan) * plan.elementWork + plan.directions * plan.directionWork, 0);
}
