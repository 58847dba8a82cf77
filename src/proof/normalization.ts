import { flushVariance, meanError, ROUNDING, ulpError } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';

/** Which group of numbers each element is normalised with, and which channel's weight and bias it gets. */
export interface Groups {
  readonly group: Int32Array;
  readonly channel: Int32Array;
  readonly groups: number;
  readonly channels: number;
  /** Elements of a group. */
  readonly size: number;
}

export function groupsOf(shape: Shape, size: number, channels: number, group: (i: number) => number, channel: (i: number) => number): Groups {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  return { group: Int32Array.from({ length: count }, (_, i) => group(i)), channel: Int32Array.from({ length: count }, (_, i) => channel(i)), groups: count / size, channels, size };
}

/** A number among the options. */
export function numberOf(option: unknown, fallback: number): number {
  return typeof option === 'number' ? option : fallback;
}

/** Mean and 1/√(variance + eps) of each group. */
export interface Statistics {
  readonly mean: Float64Array;
  /** Variance of the error of the mean, which all elements of the group share. */
  readonly meanVariance: Float64Array;
  readonly rstd: Float64Array;
  /** Variance of the relative error of rstd, which they share, too. */
  readonly rstdVariance: Float64Array;
}

/** The statistics of exact numbers by two passes, as float32 code finds them; mean 0 where the op does not centre. */
export function statisticsOf(x: RefTensor, { group, groups, size }: Groups, eps: number, centred: boolean, builtins: BuiltinErrors): Statistics {
  const mean = new Float64Array(groups);
  const meanVariance = new Float64Array(groups);
  const dividing = meanError(builtins);
  if (centred) {
    const sizes = new Float64Array(groups);
    x.value.forEach((value, i) => {
      mean[group[i]] += value / size;
      sizes[group[i]] += Math.abs(value) / size;
    });
    for (let g = 0; g < groups; g++) meanVariance[g] = (ROUNDING * Math.sqrt(size) * sizes[g]) ** 2 + (dividing * mean[g]) ** 2;
  }
  const variance = new Float64Array(groups);
  const fourth = new Float64Array(groups);
  x.value.forEach((value, i) => {
    const square = (value - mean[group[i]]) ** 2;
    variance[group[i]] += square / size;
    fourth[group[i]] += square * square / size ** 2;
  });
  return { mean, meanVariance, ...inverseRoots(variance, eps, builtins, (g) =>
    // Adding up, dividing, the rounding of each difference and its square; and the square of the mean's error.
    variance[g] ** 2 * (ROUNDING ** 2 * size + dividing ** 2) + 5 * ROUNDING ** 2 * fourth[g] + 3 * meanVariance[g] ** 2) };
}

/** 1/√(v + eps) where v errs with a variance of its own. */
export function inverseRoots(
  variance: Float64Array, eps: number, builtins: BuiltinErrors, errorOf: (group: number) => number,
): Pick<Statistics, 'rstd' | 'rstdVariance'> {
  const rstd = variance.map((one) => 1 / Math.sqrt(one + eps));
  const rstdVariance = rstd.map((one, g) => one ** 4 * errorOf(g) / 4 + (ROUNDING / 2) ** 2 + ulpError(builtins.inverseSqrtUlp, 1) ** 2);
  return { rstd, rstdVariance };
}

/** y = (x − mean)·rstd: `own` is the variance that an element does not share with its group. */
export interface Normalized {
  readonly value: Float64Array;
  readonly own: Float64Array;
  /** All of it. */
  readonly variance: Float64Array;
}

/**
 * With `follows` the statistics depend on x, so that its errors reach y by ∂yᵢ/∂xₖ = rstd·(δᵢₖ − 1/n − yᵢ·yₖ/n), without the 1/n
 * where the op does not centre.
 */
export function normalized(x: RefTensor, { group, groups, size }: Groups, statistics: Statistics, follows: 'mean and scale' | 'scale' | 'nothing'): Normalized {
  const { mean, meanVariance, rstd, rstdVariance } = statistics;
  const value = x.value.map((one, i) => (one - mean[group[i]]) * rstd[group[i]]);
  // Σ s, Σ s·y and Σ s·y² of each group, where s is the variance of x.
  const sums = Array.from({ length: 3 }, () => new Float64Array(groups));
  const level = follows === 'mean and scale' ? 1 : 0;
  if (follows !== 'nothing') {
    x.variance.forEach((s, i) => sums.forEach((sum, power) => { sum[group[i]] += s * value[i] ** power; }));
  }
  const own = value.map((y, i) => {
    const g = group[i];
    const s = x.variance[i];
    const passed = follows === 'nothing' ? s
      : s * (1 - 2 * (level + y * y) / size) + (level * sums[0][g] + 2 * level * y * sums[1][g] + y * y * sums[2][g]) / size ** 2;
    return rstd[g] ** 2 * Math.max(0, passed) + 2 * (ROUNDING * y) ** 2 + flushVariance(y);
  });
  const variance = own.map((one, i) => one + rstd[group[i]] ** 2 * meanVariance[group[i]] + value[i] ** 2 * rstdVariance[group[i]]);
  return { value, own, variance };
}

/** y·weight + bias. */
export function affine(shape: Shape, y: Normalized, { channel }: Groups, weight: RefTensor | undefined, bias: RefTensor | undefined): RefTensor {
  const out = zeros(shape);
  for (let i = 0; i < out.value.length; i++) {
    const c = channel[i];
    const w = weight ? weight.value[c] : 1;
    const product = y.value[i] * w;
    out.value[i] = product + (bias ? bias.value[c] : 0);
    out.variance[i] = w * w * y.variance[i] + (weight ? y.value[i] ** 2 * weight.variance[c] + (ROUNDING * product) ** 2 : 0)
      + (bias ? bias.variance[c] + (ROUNDING * out.value[i]) ** 2 : 0) + flushVariance(product);
  }
  return out;
}

/** g = dout·weight. */
export function weighted(dout: RefTensor, { channel }: Groups, weight: RefTensor | undefined): RefTensor {
  if (!weight) return dout;
  const out = zeros(dout.shape);
  for (let i = 0; i < out.value.length; i++) {
    const c = channel[i];
    const value = dout.value[i] * weight.value[c];
    out.value[i] = value;
    out.variance[i] = weight.value[c] ** 2 * dout.variance[i] + dout.value[i] ** 2 * weight.variance[c] + (ROUNDING * value) ** 2 + flushVariance(value);
  }
  return out;
}

/** dx = rstd·(g − mean of g − y·mean of g·y), without the mean of g where the op does not centre. */
export function inputGradient(g: RefTensor, y: Normalized, { group, groups, size }: Groups, statistics: Statistics, centred: boolean, builtins: BuiltinErrors): RefTensor {
  const { meanVariance, rstd, rstdVariance } = statistics;
  const [level, levelSize, levelVariance, slope, slopeSize, slopeVariance] = Array.from({ length: 6 }, () => new Float64Array(groups));
  for (let i = 0; i < g.value.length; i++) {
    const k = group[i];
    const one = g.value[i];
    const product = one * y.value[i];
    level[k] += one / size;
    levelSize[k] += Math.abs(one) / size;
    levelVariance[k] += g.variance[i] / size ** 2;
    slope[k] += product / size;
    slopeSize[k] += Math.abs(product) / size;
    slopeVariance[k] += (y.value[i] ** 2 * g.variance[i] + one * one * y.own[i]) / size ** 2;
  }
  const summing = ROUNDING ** 2 * size;
  const dividing = meanError(builtins) ** 2;
  for (let k = 0; k < groups; k++) {
    levelVariance[k] += summing * levelSize[k] ** 2 + dividing * level[k] ** 2;
    // What is common to the group's y acts on all terms at once.
    slopeVariance[k] += summing * slopeSize[k] ** 2 + dividing * slope[k] ** 2 + (rstd[k] * level[k]) ** 2 * meanVariance[k] + slope[k] ** 2 * rstdVariance[k];
  }
  const out = zeros(g.shape);
  for (let i = 0; i < out.value.length; i++) {
    const k = group[i];
    const a = centred ? level[k] : 0;
    const correction = y.value[i] * slope[k];
    const rest = g.value[i] - a - correction;
    const variance = g.variance[i] + (centred ? levelVariance[k] + (ROUNDING * (g.value[i] - a)) ** 2 : 0)
      + y.value[i] ** 2 * slopeVariance[k] + slope[k] ** 2 * y.variance[i] + (ROUNDING * correction) ** 2 + (ROUNDING * rest) ** 2;
    out.value[i] = rstd[k] * rest;
    out.variance[i] = rstd[k] ** 2 * variance + out.value[i] ** 2 * (rstdVariance[k] + ROUNDING ** 2) + flushVariance(out.value[i]);
  }
  return out;
}

/** dweight = Σ dout·y and dbias = Σ dout over each channel. */
export function parameterGradients(dout: RefTensor, y: Normalized, { group, channel, groups, channels }: Groups, { meanVariance, rstd, rstdVariance }: Statistics): { weight: RefTensor; bias: RefTensor } {
  const weight = zeros([channels]);
  const bias = zeros([channels]);
  const terms = dout.value.length / channels;
  const weightSize = new Float64Array(channels);
  const biasSize = new Float64Array(channels);
  // What the part of a channel that lies in one group adds up to: it shares the group's errors.
  const parts = new Map<number, { group: number; channel: number; sum: number; product: number }>();
  for (let i = 0; i < dout.value.length; i++) {
    const c = channel[i];
    const key = c * groups + group[i];
    let part = parts.get(key);
    if (!part) parts.set(key, part = { group: group[i], channel: c, sum: 0, product: 0 });
    const d = dout.value[i];
    const product = d * y.value[i];
    part.sum += d;
    part.product += product;
    weightSize[c] += Math.abs(product);
    biasSize[c] += Math.abs(d);
    weight.variance[c] += y.value[i] ** 2 * dout.variance[i] + d * d * y.own[i] + (ROUNDING * product) ** 2 + flushVariance(product);
    bias.variance[c] += dout.variance[i];
  }
  for (const { group: k, channel: c, sum, product } of parts.values()) {
    weight.value[c] += product;
    bias.value[c] += sum;
    weight.variance[c] += (sum * rstd[k]) ** 2 * meanVariance[k] + product * product * rstdVariance[k];
  }
  for (let c = 0; c < channels; c++) {
    weight.variance[c] += terms * (ROUNDING * weightSize[c]) ** 2;
    bias.variance[c] += terms > 1 ? terms * (ROUNDING * biasSize[c]) ** 2 : 0;
  }
  return { weight, bias };
}
