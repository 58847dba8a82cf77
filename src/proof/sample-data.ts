import type { Shape } from '../reference/tensor.ts';
import { sizeOf } from '../reference/tensor.ts';
import type { SampleTensor } from './proof.ts';

/** Uniform in [0, 1) from a counter: 32-bit finaliser of MurmurHash3 over seed and index, top 24 bits. */
export function uniform(seed: number, index: number): number {
  let bits = Math.imul(seed, 0x9e3779b1) + Math.imul(index + 1, 0x85ebca77);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  bits ^= bits >>> 16;
  return (bits >>> 8) * 2 ** -24;
}

/** Normal deviates by the sum of twelve uniforms: bounded by ±6, no logarithm. */
export function normal(seed: number, index: number): number {
  let sum = -6;
  for (let k = 0; k < 12; k++) sum += uniform(seed, index * 12 + k);
  return sum;
}

/** A tensor of normal deviates times `scale`. */
export function normals(seed: number, shape: Shape, scale = 1): SampleTensor {
  return filled(shape, (i) => scale * normal(seed, i));
}

/** A tensor of uniform numbers in [low, high). */
export function uniforms(seed: number, shape: Shape, low: number, high: number): SampleTensor {
  return filled(shape, (i) => low + (high - low) * uniform(seed, i));
}

/** A tensor of f(i), rounded to float32. */
export function filled(shape: Shape, f: (i: number) => number): SampleTensor {
  return { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => f(i)) };
}

/** Class indices for `rows` rows. */
export function classIndices(rows: number, f: (row: number) => number): SampleTensor {
  return { shape: [rows], data: Uint32Array.from({ length: rows }, (_, row) => f(row)) };
}

/** Every row sums to 1. */
export function probabilities(seed: number, rows: number, classes: number): SampleTensor {
  const data = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += uniform(seed, row * classes + c) + 0.01;
    for (let c = 0; c < classes; c++) data[row * classes + c] = (uniform(seed, row * classes + c) + 0.01) / sum;
  }
  return { shape: [rows, classes], data };
}

/** Rows of `low` with one `high` each, whose column moves from row to row: the row maximum stands at every place once. */
export function movingPeak(rows: number, columns: number, low: number, high: number): SampleTensor {
  return filled([rows, columns], (i) => (i % columns === Math.floor(i / columns) * 7 % columns ? high : low));
}
