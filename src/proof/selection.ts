import { expanded, summed } from '../reference/axes.ts';
import { complexExpanded } from '../reference/complex.ts';
import type { Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import type { Mutant, Options, Proof, Sample, Sizes } from './proof.ts';

/** For each element of the output the element of x that stands there; -1 where `fill` does. */
export interface Selection {
  readonly shape: Shape;
  readonly map: Int32Array;
  readonly fill?: number;
}

/** The elements of x that stand in the ranges of each axis, by (place along the axis) -> place in x. */
export function selectAxes(from: Shape, sizes: Shape, source: (axis: number, place: number) => number, fill = 0): Selection {
  const map = new Int32Array(sizes.reduce((product, size) => product * size, 1));
  for (let i = 0; i < map.length; i++) {
    let rest = i;
    let stride = 1;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const at = source(axis, rest % sizes[axis]);
      if (at < 0 || map[i] < 0) map[i] = -1;
      else map[i] += at * stride;
      rest = Math.floor(rest / sizes[axis]);
      stride *= from[axis];
    }
  }
  return { shape: sizes, map, fill };
}

/** For each element of x the elements of the output that show it: list[start[i]] … list[start[i + 1] − 1]. */
export function showing(map: Int32Array, size: number): { start: Int32Array; list: Int32Array } {
  const start = new Int32Array(size + 1);
  for (const i of map) if (i >= 0) start[i + 1]++;
  for (let i = 0; i < size; i++) start[i + 1] += start[i];
  const next = start.slice();
  const list = new Int32Array(map.length);
  map.forEach((i, at) => {
    if (i >= 0) list[next[i]++] = at;
  });
  return { start, list };
}

/** The proof of an op whose output shows elements of its input x and computes nothing: its gradient sums what each element was shown as. */
export function selection(
  select: (shape: Shape, options: Options) => Selection, samples: readonly Sample[], mutants: readonly Mutant[], sizes?: Sizes,
): Proof {
  return {
    differentiable: ['x'],
    forward: ({ x }, options) => {
      const { shape, map, fill = 0 } = select(x.shape, options);
      const out = expanded(x, map, shape);
      map.forEach((from, i) => {
        if (from >= 0) return;
        out.value[i] = fill;
        out.variance[i] = 0;
      });
      return out;
    },
    backward: ({ x }, _out, dout, options) => ({ x: summed(dout, select(x.shape, options).map, x.shape) }),
    complex: ({ x }, options) => {
      const { shape, map, fill = 0 } = select(x.shape, options);
      const out = complexExpanded(x, map, shape);
      map.forEach((from, i) => {
        if (from >= 0) return;
        out.re[i] = fill;
        out.im[i] = 0;
      });
      return out;
    },
    perturb: ({ inputs: { x }, out, options }) => {
      const { start, list } = showing(select(x.shape, options).map, x.value.length);
      return () => {
        out.change.count = 0;
        for (let k = 0; k < x.change.count; k++) {
          const i = x.change.index[k];
          for (let at = start[i]; at < start[i + 1]; at++) addDelta(out.change, list[at], x.change.delta[k]);
        }
      };
    },
    samples,
    ...(sizes ? { sizes } : {}),
    mutants,
    conventions: [],
  };
}
