import { complexZeros } from '../reference/complex.ts';
import { flushVariance, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { sizeOf, zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import type { Options, Proof } from './proof.ts';

/** A linear map of each plane to another: out[to[k]] += weight[k]·x[from[k]] for every link k. */
export interface PlaneMap {
  /** Of the whole output. */
  readonly shape: Shape;
  /** Elements of one plane of x and of out. */
  readonly sizes: readonly [from: number, to: number];
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly weight: readonly number[];
}

/**
 * The proof of an op that maps each plane by the same linear map. `weightError` is the standard deviation of a weight's relative
 * error together with that of the product; a weight of 1 is exact.
 */
export function planeMapProof(
  mapOf: (x: Shape, options: Options) => PlaneMap, weightError: (builtins: BuiltinErrors) => number,
): Pick<Proof, 'differentiable' | 'forward' | 'backward' | 'complex' | 'perturb' | 'work'> {
  return {
    differentiable: ['x'],
    forward({ x }, options, { builtins }) {
      const map = mapOf(x.shape, options);
      return mapped(x, map.from, map.to, map.sizes, map, map.shape, weightError(builtins));
    },
    backward({ x }, _out, dout, options, { builtins }) {
      const map = mapOf(x.shape, options);
      return { x: mapped(dout, map.to, map.from, [map.sizes[1], map.sizes[0]], map, x.shape, weightError(builtins)) };
    },
    complex({ x }, options) {
      const { from, to, weight, sizes, shape } = mapOf(x.shape, options);
      const out = complexZeros(shape);
      for (let plane = 0; plane * sizes[0] < x.re.length; plane++) {
        for (let k = 0; k < from.length; k++) {
          out.re[plane * sizes[1] + to[k]] += weight[k] * x.re[plane * sizes[0] + from[k]];
          out.im[plane * sizes[1] + to[k]] += weight[k] * x.im[plane * sizes[0] + from[k]];
        }
      }
      return out;
    },
    work: ({ x }, options) => {
      const { from, sizes } = mapOf(x, options);
      return from.length * sizeOf(x) / sizes[0];
    },
    perturb({ inputs: { x }, out, options }) {
      const { from, to, weight, sizes } = mapOf(x.shape, options);
      const links: number[][] = Array.from({ length: sizes[0] }, () => []);
      from.forEach((at, k) => links[at].push(k));
      return () => {
        out.change.count = 0;
        for (let c = 0; c < x.change.count; c++) {
          const plane = Math.floor(x.change.index[c] / sizes[0]);
          for (const k of links[x.change.index[c] - plane * sizes[0]]) addDelta(out.change, plane * sizes[1] + to[k], weight[k] * x.change.delta[c]);
        }
      };
    },
  };
}

/** Variance: w²·s_x of each link, the weights' errors, and (0.6·√n·u·Σ|w·x|)² where n links meet. */
function mapped(
  x: RefTensor, from: readonly number[], to: readonly number[], [fromSize, toSize]: readonly [number, number], { weight }: PlaneMap, shape: Shape, weightError: number,
): RefTensor {
  const out = zeros(shape);
  const size = new Float64Array(out.value.length);
  const terms = new Uint32Array(toSize);
  const isExact = new Uint8Array(toSize).fill(1);
  to.forEach((at, k) => {
    terms[at]++;
    if (weight[k] !== 1) isExact[at] = 0;
  });
  for (let plane = 0; plane * fromSize < x.value.length; plane++) {
    for (let k = 0; k < from.length; k++) {
      const at = plane * toSize + to[k];
      const source = plane * fromSize + from[k];
      out.value[at] += weight[k] * x.value[source];
      out.variance[at] += weight[k] ** 2 * x.variance[source];
      size[at] += Math.abs(weight[k] * x.value[source]);
    }
  }
  for (let i = 0; i < size.length; i++) {
    const at = i % toSize;
    const roundings = (terms[at] > 1 ? terms[at] * ROUNDING ** 2 : 0) + (isExact[at] ? 0 : weightError ** 2);
    if (roundings > 0) out.variance[i] += roundings * size[i] ** 2 + terms[at] * flushVariance(size[i]);
  }
  return out;
}
