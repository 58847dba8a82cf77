import type { Shape } from '../ops/tensor.ts';
import { POISON_BITS } from '../program/poison.ts';
import type { RefTensor } from '../reference/tensor.ts';
import type { Certificate, Doubts } from './certify.ts';
import type { Coverage } from './coverage.ts';

/**
 * - `pass`: within tolerance of the reference.
 * - `fail`: outside.
 * - `kink`: within tolerance with the branches that the GPU took, which differ within rounding from those of exact
 *   arithmetic, or where the GPU's are not known, because a branch on the way is uncertain.
 * - `below-noise`: within tolerance, but every element of the reference is smaller than its tolerance: nothing is proven.
 * - `unwritten`: the poison still stands there, or all is zero where the reference is not.
 * - `reference-suspect`: the reference or its tolerance is in doubt at some elements, and nothing is wrong at the others.
 * - `nothing-to-check`: no elements, or an all-zero reference (a dead net). Never a pass.
 */
export type Verdict = 'pass' | 'fail' | 'kink' | 'below-noise' | 'unwritten' | 'reference-suspect' | 'nothing-to-check';

/** Whether a verdict is against the GPU. */
export function isWrong({ verdict }: { readonly verdict: Verdict }): boolean {
  return verdict === 'fail' || verdict === 'unwritten';
}

/** Standard deviations that correct float32 code may be off. */
export const KAPPA = 4;

/** Devices may take anything below 1.2e-38 for zero, also the terms of a sum. */
export const FLUSH_FLOOR = 1e-37;

/**
 * An element that is smaller than its tolerance is proven to be nought only where that tolerance is small against its
 * tensor: this part of the rms. Elsewhere junk of the size of the noise would pass just as well.
 */
const NOISE_SHARE = 1e-3;

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
  /** What the other witness says about the reference; absent for values, which have no difference. */
  readonly certificate?: Certificate;
  /** The reference with the branches of exact arithmetic, where the GPU's were adopted on the way to this tensor. */
  readonly unadopted?: Float64Array;
  /** What the tensor ought to hold given what the launches before it had left: right by that is right, too. */
  readonly grounded?: RefTensor;
}

/** One element, as reports show it. */
export interface ElementReport {
  /** Its place, one number for each dimension. */
  readonly index: readonly number[];
  readonly gpu: number;
  /** What it was judged by: of an amplified element what its launch ought to have made of what it had read. */
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
  /** Elements within tolerance: among them the `kink` and `belowNoise` ones. Proven are all but the latter. */
  readonly passed: number;
  readonly failed: number;
  readonly kink: number;
  /** Elements smaller than their tolerance, which is no small part of the tensor: any number of the size of the noise would pass. */
  readonly belowNoise: number;
  /**
   * Elements that are beyond the tolerance of the whole run, but right by what each launch had read: rounding before them that
   * went one way. Among the passed; present where there are any.
   */
  readonly amplified?: number;
  /** Elements that still hold the poison: among the failed. */
  readonly unwritten: number;
  /** Elements whose reference is in doubt: neither passed nor failed. */
  readonly suspect: number;
  /** Why, where there are any. */
  readonly doubts?: Doubts;
  /** The largest |gpu − reference|/σ: 0 where both agree exactly, Infinity where the GPU holds NaN. Suspect elements are left out. */
  readonly worstSigma: number;
  /** How the reference was certified; absent for values. */
  readonly coverage?: Coverage;
  /** The element with the largest margin. */
  readonly worst?: ElementReport;
  /** ‖gpu‖/‖reference‖. */
  readonly ratio: number;
  /** Cosine of the angle between the two. */
  readonly cosine: number;
  /** −log₂(‖gpu − reference‖/‖reference‖): the digits that agree, in bits; 24 is float32's own precision. */
  readonly bits: number;
}

/** Judges every element of one tensor. `reference` must be as long as `gpu`. */
export function judge(evidence: Evidence): TensorReport {
  const settled = settle(evidence);
  const { gpu, reference, variance, firmVariance, certificate, shape, unadopted } = settled;
  const bits = new Uint32Array(gpu.buffer, gpu.byteOffset, gpu.length);
  let passed = 0;
  let kink = 0;
  let belowNoise = 0;
  let unwritten = 0;
  let suspect = 0;
  let worstSigma = 0;
  let worst: { at: number; margin: number } | undefined;
  let notFinite = 0;
  const negligible = NOISE_SHARE * rms(reference);
  for (let i = 0; i < gpu.length; i++) {
    const bar = certificate ? certificate.bar[i] : 0;
    const sigma = Math.sqrt(variance[i]);
    const difference = Math.abs(gpu[i] - reference[i]);
    const tolerance = KAPPA * sigma + FLUSH_FLOOR + bar;
    const margin = Number.isFinite(difference) ? difference / tolerance : Infinity;
    const definite = Number.isFinite(reference[i]) && Number.isFinite(tolerance);
    // Where the reference is a number, the GPU must have one, however far the two may differ.
    const unmistakable = bits[i] === POISON_BITS || (!Number.isFinite(gpu[i]) && Number.isFinite(reference[i]));
    if (bits[i] === POISON_BITS) unwritten++;
    if (!unmistakable && (certificate?.suspect[i] || !definite)) {
      suspect++;
      if (!certificate?.suspect[i]) notFinite++;
      continue;
    }
    worstSigma = Math.max(worstSigma, inSigmas(difference, sigma));
    if (!worst || margin > worst.margin) worst = { at: i, margin };
    // Written so that NaN fails.
    if (!(difference <= tolerance && tolerance < Infinity)) continue;
    passed++;
    const ownBranch = Math.abs(gpu[i] - (unadopted ?? reference)[i]);
    if (settled.drowned?.[i]) belowNoise++;
    else if (!(Math.max(difference, ownBranch) <= KAPPA * Math.sqrt(firmVariance[i]) + FLUSH_FLOOR + bar)) kink++;
    else if (sigma > 0 && Math.abs(reference[i]) <= tolerance && tolerance > negligible) belowNoise++;
  }
  const failed = gpu.length - passed - suspect;
  const sizes = compareNorms(gpu, evidence.reference);
  // An all-zero reference with rounding noise is below noise; without, no signal reaches the tensor at all.
  const exact = variance.every((of) => of === 0);
  const neverWritten = failed > 0 && (unwritten === gpu.length || (sizes.gpu === 0 && sizes.reference > 0));
  return {
    id: evidence.id,
    name: evidence.name,
    shape,
    verdict: neverWritten ? 'unwritten'
      : failed > 0 ? 'fail'
      : suspect > 0 ? 'reference-suspect'
      : sizes.reference === 0 && exact ? 'nothing-to-check'
      : belowNoise === gpu.length ? 'below-noise'
      : kink > 0 || unadopted ? 'kink'
      : 'pass',
    count: gpu.length,
    passed,
    failed,
    kink,
    belowNoise,
    ...(settled.amplified > 0 ? { amplified: settled.amplified } : {}),
    unwritten,
    suspect,
    ...(suspect > 0 ? { doubts: doubtsOf(certificate, notFinite) } : {}),
    worstSigma,
    ...(certificate ? { coverage: coverageOf(certificate) } : {}),
    ...(worst ? { worst: describeElement(settled, worst.at, worst.margin) } : {}),
    ratio: sizes.gpu / sizes.reference,
    cosine: sizes.inner / (sizes.gpu * sizes.reference),
    bits: -Math.log2(sizes.difference / sizes.reference),
  };
}

/** The evidence by which each element is judged: what went before it, where that alone explains how far it is off. */
function settle(evidence: Evidence): Evidence & { readonly amplified: number; readonly drowned?: Uint8Array } {
  const { gpu, reference, variance, firmVariance, certificate, grounded } = evidence;
  if (!grounded) return { ...evidence, amplified: 0 };
  const settled = { reference: reference.slice(), variance: variance.slice(), firmVariance: firmVariance.slice() };
  const drowned = new Uint8Array(gpu.length);
  const noise = NOISE_SHARE * rms(reference);
  const within = (i: number, value: Float64Array, of: Float64Array): boolean =>
    Math.abs(gpu[i] - value[i]) <= KAPPA * Math.sqrt(of[i]) + FLUSH_FLOOR + (certificate ? certificate.bar[i] : 0);
  let amplified = 0;
  for (let i = 0; i < gpu.length; i++) {
    if (certificate?.suspect[i] || within(i, reference, variance) || !within(i, grounded.value, grounded.variance)) continue;
    amplified++;
    settled.reference[i] = grounded.value[i];
    settled.variance[i] = settled.firmVariance[i] = grounded.variance[i];
    // So much may come from rounding that nothing of the number is proven.
    if (Math.abs(gpu[i] - reference[i]) > Math.max(noise, NOISE_SHARE * Math.abs(reference[i]))) drowned[i] = 1;
  }
  return { ...evidence, ...settled, amplified, drowned };
}

/** What the certificate doubts, and what is no number: the reference or its tolerance. */
function doubtsOf(certificate: Certificate | undefined, notFinite: number): Doubts {
  return { ...certificate?.doubts, ...(notFinite > 0 ? { notFinite: notFinite + (certificate?.doubts.notFinite ?? 0) } : {}) };
}

function rms(values: Float64Array): number {
  return values.length > 0 ? Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length) : 0;
}

/** A difference in standard deviations: 0 for none, Infinity for NaN or where σ is 0 but the difference is not. */
function inSigmas(difference: number, sigma: number): number {
  if (difference <= FLUSH_FLOOR) return 0;
  return Number.isFinite(difference) ? difference / sigma : Infinity;
}

/** Without the numbers by element. */
function coverageOf({ method, differenced, agreed, complexSteps, directions }: Certificate): Coverage {
  return { method, differenced, agreed, complexSteps, ...(directions ? { directions } : {}) };
}

function describeElement({ gpu, reference, variance, certificate, shape }: Evidence, at: number, margin: number): ElementReport {
  const index: number[] = [];
  let rest = at;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  const sigma = Math.sqrt(variance[at]);
  const referenceError = certificate ? certificate.bar[at] : 0;
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
