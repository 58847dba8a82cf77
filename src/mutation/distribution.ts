/** How far numbers spread: for errors in units of σ. Plain data. */
export interface Distribution {
  readonly count: number;
  readonly median: number;
  readonly percentile90: number;
  readonly percentile99: number;
  readonly percentile999: number;
  readonly largest: number;
}

/** The distribution of some numbers: 0 everywhere where there are none. */
export function distributionOf(numbers: readonly number[] | Float64Array): Distribution {
  const sorted = Float64Array.from(numbers).sort();
  // The smallest number that so large a share does not exceed.
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    count: sorted.length, median: at(0.5), percentile90: at(0.9), percentile99: at(0.99), percentile999: at(0.999), largest: at(1),
  };
}

/** |gpu − reference|/σ for every element: 0 where both agree exactly, Infinity where σ is 0 and they do not, or where the GPU holds NaN. */
export function errorsInSigmas(gpu: ArrayLike<number>, reference: Float64Array, variance: Float64Array): Float64Array {
  return reference.map((value, i) => {
    const difference = Math.abs(gpu[i] - value);
    // A device may take anything below 1.2e-38 for zero.
    if (difference <= FLUSH_FLOOR) return 0;
    return Number.isNaN(difference) ? Infinity : difference / Math.sqrt(variance[i]);
  });
}

const FLUSH_FLOOR = 1e-37;
