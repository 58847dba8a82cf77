import type { Shape } from '../ops/tensor.ts';
import { POISON_BITS } from '../program/poison.ts';
import type { Differences } from './differences.ts';

/**
 * - `pass`: within tolerance of the reference.
 * - `fail`: outside.
 * - `kink`: within tolerance only because a ReLU's sign is uncertain there: the GPU took the other side of the kink.
 * - `below-noise`: within tolerance, but the reference itself is smaller than the tolerance: it says little.
 * - `unwritten`: the poison still stands there, or all is zero where the reference is not.
 * - `reference-suspect`: the two witnesses disagree, so nothing is said about the GPU.
 * - `nothing-to-check`: no elements, or an all-zero reference (a dead net). Never a pass.
 */
export type Verdict = 'pass' | 'fail' | 'kink' | 'below-noise' | 'unwritten' | 'reference-suspect' | 'nothing-to-check';

/** Standard deviations that correct float32 code may be off. */
export const KAPPA = 4;

/** Devices may take anything below 1.2e-38 for zero, also the terms of a sum. */
const FLUSH_FLOOR = 1e-37;

/** What is known about one tensor: the GPU's numbers and the references at the same place. */
interface Evidence {
  readonly id: number;
  readonly name: string;
  readonly shape: Shape;
  readonly gpu: Float32Array;
  /** The analytic reference. */
  readonly reference: Float64Array;
  /** Its variance, with the uncertain kinks. */
  readonly variance: Float64Array;
  /** Its variance where every branch is trusted. */
  readonly firmVariance: Float64Array;
  /** The first witness; absent for values, which have no difference. */
  readonly differences?: Differences;
}

/** One element, as reports show it. */
export interface ElementReport {
  /** Its place, one number for each dimension. */
  readonly index: readonly number[];
  readonly gpu: number;
  readonly reference: number;
  /** The error bar of the finite difference there. */
  readonly referenceError: number;
  /** Expected standard deviation of correct float32 code. */
  readonly sigma: number;
  readonly tolerance: number;
  /** |gpu − reference|/tolerance: above 1 it fails. Infinity where the GPU holds NaN. */
  readonly margin: number;
  /** |gpu − reference|/max(|gpu|, |reference|): the textbook's figure, for comparison only. */
  readonly relativeError: number;
}

/** The judgement of one tensor: plain data. */
export interface TensorReport {
  readonly id: number;
  readonly name: string;
  readonly shape: Shape;
  readonly verdict: Verdict;
  readonly count: number;
  /** Elements within tolerance: among them the `kink` and `belowNoise` ones. */
  readonly passed: number;
  readonly failed: number;
  readonly kink: number;
  readonly belowNoise: number;
  /** Elements that still hold the poison: among the failed. */
  readonly unwritten: number;
  /** Elements whose two references disagree, or whose finite difference is too uncertain to certify: neither passed nor failed. */
  readonly suspect: number;
  /** The element with the largest margin. */
  readonly worst?: ElementReport;
  /** ‖gpu‖/‖reference‖. */
  readonly ratio: number;
  /** Cosine of the angle between the two. */
  readonly cosine: number;
  /** −log₂(‖gpu − reference‖/‖reference‖): the digits that agree, in bits; 24 is float32's own precision. */
  readonly bits: number;
}

/** How uncertain a finite difference may be at each element: small against σ, and small against the tensor. */
export function barLimits(reference: Float64Array, firmVariance: Float64Array): Float64Array {
  const floor = AGREEMENT * rms(reference);
  return firmVariance.map((variance) => Math.max(Math.sqrt(variance) / 2, floor));
}

/** Disagreement of the witnesses that is always forgiven, relative to the rms of the tensor. */
const AGREEMENT = 1e-9;

/** Whether the witnesses disagree at an element, or the difference is too uncertain to tell. */
function isSuspect(evidence: Evidence, limits: Float64Array, floor: number, i: number): boolean {
  const { differences, reference, firmVariance } = evidence;
  if (!differences) return !Number.isFinite(reference[i]);
  const bar = differences.bar[i];
  // A thousandth of σ decides nothing about the GPU, even where the tensor is pure rounding noise.
  const agreed = Math.abs(differences.value[i] - reference[i]) <= Math.max(floor, 3 * bar, Math.sqrt(firmVariance[i]) / 1000);
  return !agreed || !(bar <= limits[i]);
}

/** Judges every element of one tensor. `reference` must be as long as `gpu`. */
export function judge(evidence: Evidence): TensorReport {
  const { gpu, reference, variance, firmVariance, differences, shape } = evidence;
  const bits = new Uint32Array(gpu.buffer, gpu.byteOffset, gpu.length);
  const limits = barLimits(reference, firmVariance);
  const floor = AGREEMENT * rms(reference);
  let passed = 0;
  let kink = 0;
  let belowNoise = 0;
  let unwritten = 0;
  let suspect = 0;
  let worst: { at: number; margin: number } | undefined;
  for (let i = 0; i < gpu.length; i++) {
    const bar = differences ? differences.bar[i] : 0;
    const sigma = Math.sqrt(variance[i]);
    const difference = Math.abs(gpu[i] - reference[i]);
    const tolerance = KAPPA * sigma + FLUSH_FLOOR + bar;
    const margin = Number.isNaN(difference) ? Infinity : difference / tolerance;
    if (bits[i] === POISON_BITS) unwritten++;
    else if (isSuspect(evidence, limits, floor, i)) {
      suspect++;
      continue;
    }
    if (!worst || margin > worst.margin) worst = { at: i, margin };
    // Written so that NaN fails.
    if (!(difference <= tolerance)) continue;
    passed++;
    if (!(difference <= KAPPA * Math.sqrt(firmVariance[i]) + FLUSH_FLOOR + bar)) kink++;
    else if (sigma > 0 && Math.abs(reference[i]) <= tolerance) belowNoise++;
  }
  const failed = gpu.length - passed - suspect;
  const sizes = compareNorms(gpu, reference);
  // An all-zero reference with rounding noise is below noise; without, no signal reaches the tensor at all.
  const exact = variance.every((of) => of === 0);
  const neverWritten = failed > 0 && (unwritten === gpu.length || (sizes.gpu === 0 && sizes.reference > 0));
  return {
    id: evidence.id,
    name: evidence.name,
    shape,
    verdict: neverWritten ? 'unwritten'
      : suspect > 0 ? 'reference-suspect'
      : failed > 0 ? 'fail'
      : sizes.reference === 0 && exact ? 'nothing-to-check'
      : kink > 0 ? 'kink'
      : belowNoise === gpu.length ? 'below-noise'
      : 'pass',
    count: gpu.length,
    passed,
    failed,
    kink,
    belowNoise,
    unwritten,
    suspect,
    ...(worst ? { worst: describeElement(evidence, worst.at, worst.margin) } : {}),
    ratio: sizes.gpu / sizes.reference,
    cosine: sizes.inner / (sizes.gpu * sizes.reference),
    bits: -Math.log2(sizes.difference / sizes.reference),
  };
}

function describeElement({ gpu, reference, variance, differences, shape }: Evidence, at: number, margin: number): ElementReport {
  const index: number[] = [];
  let rest = at;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  const sigma = Math.sqrt(variance[at]);
  const referenceError = differences ? differences.bar[at] : 0;
  const difference = Math.abs(gpu[at] - reference[at]);
  return {
    index,
    gpu: gpu[at],
    reference: reference[at],
    referenceError,
    sigma,
    tolerance: KAPPA * sigma + FLUSH_FLOOR + referenceError,
    margin,
    relativeError: difference === 0 ? 0 : difference / Math.max(Math.abs(gpu[at]), Math.abs(reference[at])),
  };
}

function rms(values: Float64Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return values.length > 0 ? Math.sqrt(squares / values.length) : 0;
}

function compareNorms(gpu: Float32Array, reference: Float64Array) {
  let ofGpu = 0;
  let ofReference = 0;
  let ofDifference = 0;
  let inner = 0;
  for (let i = 0; i < gpu.length; i++) {
    ofGpu += gpu[i] * gpu[i];
    ofReference += reference[i] * reference[i];
    ofDifference += (gpu[i] - reference[i]) ** 2;
    inner += gpu[i] * reference[i];
  }
  return { gpu: Math.sqrt(ofGpu), reference: Math.sqrt(ofReference), difference: Math.sqrt(ofDifference), inner };
}
