import { RandomStream, randomStreams } from '../data/philox.ts';
import { directionTolerance } from './certify.ts';
import type { ComplexStepper } from './complex-step.ts';
import { COMPLEX_ERROR } from './complex-step.ts';
import { SEED } from './coverage.ts';
import { STEP } from './differences.ts';
import type { Nudger } from './nudge.ts';

/** What one Gaussian direction says about the reference of a whole tensor. */
export interface Direction {
  /** |derivative along the direction by forward code − ⟨reference, direction⟩|. */
  readonly difference: number;
  /** What it may be. */
  readonly tolerance: number;
}

/** A tensor and its analytic reference. */
interface Subject {
  readonly id: number;
  readonly value: Float64Array;
  readonly reference: Float64Array;
  /** The variance of correct float32 code where every branch is trusted. */
  readonly variance: Float64Array;
}

/** Separates the streams of directions from those of picked elements. */
const DIRECTION_PARTS = 0x8000_0000;

/**
 * Direction `number` for a tensor: independent normal deviates, so that no pattern of errors can cancel along all of them.
 * In float32, so that a step of 2^−k along it is exact.
 */
export function directionOf(id: number, number: number, size: number, seed = SEED): Float32Array {
  const random = new RandomStream(seed, randomStreams.check, DIRECTION_PARTS + id * 64 + number);
  return Float32Array.from({ length: size }, () => random.normal());
}

/** Without a complex form the step is made smaller by 8, at most this often. */
const REFINEMENTS = 4;

/**
 * The derivative of the objective along a Gaussian direction, by forward code alone: Richardson's pair over the whole
 * tensor, and the complex step where the pair's error bar is wider than 1e-9 of the tensor's rms.
 */
export function measureDirection(
  { nudge, stepper }: { readonly nudge: Nudger; readonly stepper: ComplexStepper }, { id, value, reference, variance }: Subject, direction: Float32Array,
): Direction {
  let expected = 0;
  let squares = 0;
  for (let i = 0; i < value.length; i++) {
    expected += reference[i] * direction[i];
    squares += value[i] * value[i];
  }
  // A power of two times a float32 direction: x ± h·v is exact in float64.
  let h = 2 ** Math.round(Math.log2(STEP * (Math.sqrt(squares / value.length) || 1)));
  const exact = directionTolerance(reference, variance, 0);
  let best = { difference: NaN, tolerance: Infinity };
  nudge.select(id);
  for (let attempt = 0; attempt <= REFINEMENTS; attempt++, h /= 8) {
    const wide = central(nudge, direction, h);
    const narrow = central(nudge, direction, h / 2);
    const tolerance = directionTolerance(reference, variance, Math.abs(narrow - wide) / 3);
    if (!(tolerance >= best.tolerance)) best = { difference: Math.abs((4 * narrow - wide) / 3 - expected), tolerance };
    if (best.tolerance <= exact) return best;
    if (stepper.select(id)) break;
  }
  if (!stepper.select(id)) return best;
  const derivative = stepper.along(direction);
  // The terms of the sum have the size of the whole gradient, whatever they add up to.
  const size = Math.sqrt(reference.reduce((sum, of) => sum + of * of, 0));
  return { difference: Math.abs(derivative - expected), tolerance: directionTolerance(reference, variance, COMPLEX_ERROR * Math.max(Math.abs(derivative), size)) };
}

function central(nudger: Nudger, direction: Float32Array, h: number): number {
  return (nudger.nudgeAlong(direction, h) - nudger.nudgeAlong(direction, -h)) / (2 * h);
}
