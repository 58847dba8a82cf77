// Numbers of the benchmark: plain arithmetic, for tests to feed by hand.

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length === 0 ? NaN : sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * What a contestant's rounds come to, or null where there are none.
 * @param {readonly number[]} samples @returns {{ min: number, median: number, rounds: number } | null}
 */
export function summary(samples) {
  return samples.length === 0 ? null : { min: Math.min(...samples), median: median(samples), rounds: samples.length };
}

/**
 * Work per second in units of 1e9, and the part that it is of the ceiling.
 * @param {number | null} work operations or bytes of one run @param {number} ms of one run @param {number | null} ceiling
 * @returns {{ rate: number, fraction: number | null } | null}
 */
export function rateOf(work, ms, ceiling) {
  if (work === null || !(ms > 0)) return null;
  const rate = work / ms / 1e6;
  return { rate, fraction: ceiling !== null && ceiling > 0 ? rate / ceiling : null };
}

/**
 * How a time grows with the work: the slope of a straight line through the logarithms. 1 is linear, below 1 the work is not what costs.
 * @param {readonly { flops: number, ms: number }[]} points
 */
export function growth(points) {
  const xs = points.map(({ flops }) => Math.log(flops));
  const ys = points.map(({ ms }) => Math.log(ms));
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const slope = xs.reduce((sum, x, i) => sum + (x - meanX) * (ys[i] - meanY), 0);
  return slope / xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
}
