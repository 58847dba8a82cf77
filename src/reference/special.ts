/** 1/(1 + e^−x) without overflow. */
export function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** log(1 + e^x) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** e^(−x²/2)/√(2π): the density of the normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

/** The integral of the normal density up to x, with a small relative error in both tails. */
export function normalIntegral(x: number): number {
  return erfc(-x * Math.SQRT1_2) / 2;
}

/** 1 − erf(x) with erf(x) = 2/√π·∫₀ˣ e^(−t²) dt, with a small relative error for large x. */
function erfc(x: number): number {
  if (x >= 2.5) return erfcFraction(x);
  return x <= -2.5 ? 2 - erfcFraction(-x) : 1 - erfSeries(x);
}

/** erf by 2/√π·e^(−x²)·Σ 2ⁿx^(2n+1)/(2n+1)!! (Abramowitz and Stegun 7.1.6): no term cancels another. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= 2 * x * x / (2 * n + 1);
    sum += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

/** erfc for x ≥ 2.5 by the continued fraction e^(−x²)/√π·1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))) (7.1.14). */
function erfcFraction(x: number): number {
  let tail = x;
  for (let n = 80; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}
