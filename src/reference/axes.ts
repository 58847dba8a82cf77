import { FLUSH, ROUNDING } from './rounding.ts';
import { sizeOf, zeros } from './tensor.ts';
import type { RefTensor, Shape } from './tensor.ts';

/** The shape that two shapes broadcast to by NumPy's rule, or undefined where they do not fit. */
export function broadcastShape(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const p = a[axis - rank + a.length] ?? 1;
    const q = b[axis - rank + b.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1) return undefined;
    shape.push(p === 1 ? q : p);
  }
  return shape;
}

/** For each element of `to`, the element of `from` that broadcasting puts there. */
export function broadcastMap(from: Shape, to: Shape): Int32Array {
  const map = new Int32Array(sizeOf(to));
  const strides = to.map(() => 0);
  let stride = 1;
  for (let axis = from.length - 1; axis >= 0; axis--) {
    strides[axis + to.length - from.length] = from[axis] === 1 ? 0 : stride;
    stride *= from[axis];
  }
  for (let i = 0; i < map.length; i++) {
    let rest = i;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      map[i] += (rest % to[axis]) * strides[axis];
      rest = Math.floor(rest / to[axis]);
    }
  }
  return map;
}

/** How a reduction over `axes` (all where undefined) folds `shape`: the output's shape, and the output of each element. */
export interface Reduction {
  readonly shape: Shape;
  readonly map: Int32Array;
  /** Elements that are summed into one. */
  readonly count: number;
}

export function reduction(shape: Shape, axes: readonly number[] | undefined, keepDims: boolean): Reduction {
  const folded = new Set((axes ?? shape.map((_, axis) => axis)).map((axis) => (axis < 0 ? axis + shape.length : axis)));
  const kept = shape.map((dimension, axis) => (folded.has(axis) ? 1 : dimension));
  return {
    shape: keepDims ? kept : shape.filter((_, axis) => !folded.has(axis)),
    map: broadcastMap(kept, shape),
    count: sizeOf(shape.filter((_, axis) => folded.has(axis))),
  };
}

/**
 * out[map[i]] = Σ x[i]; a negative map[i] leaves x[i] out. Variance: Σ s_x + (0.6·√n·u·Σ|x|)² and what flushing partial sums may lose, where
 * n elements fall into one; exact where n ≤ 1.
 */
export function summed(x: RefTensor, map: Int32Array, shape: Shape): RefTensor {
  const out = zeros(shape);
  const size = new Float64Array(out.value.length);
  const terms = new Int32Array(out.value.length);
  for (let i = 0; i < map.length; i++) {
    const o = map[i];
    if (o < 0) continue;
    out.value[o] += x.value[i];
    out.variance[o] += x.variance[i];
    size[o] += Math.abs(x.value[i]);
    terms[o]++;
  }
  for (let o = 0; o < size.length; o++) {
    if (terms[o] > 1) out.variance[o] += terms[o] * (ROUNDING * size[o]) ** 2 + (size[o] > 0 ? terms[o] * FLUSH ** 2 : 0);
  }
  return out;
}

/** out[i] = x[map[i]]: exact. */
export function expanded(x: RefTensor, map: Int32Array, shape: Shape): RefTensor {
  const out = zeros(shape);
  for (let i = 0; i < map.length; i++) {
    out.value[i] = x.value[map[i]];
    out.variance[i] = x.variance[map[i]];
  }
  return out;
}
