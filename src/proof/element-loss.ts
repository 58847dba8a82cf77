import { scaled } from '../reference/arithmetic.ts';
import { summed } from '../reference/axes.ts';
import { complexMapped, complexSummed } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import { flushVariance, NO_ERRORS, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors, Rounding } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { elementParts, meanFactor, ONE, pieceLength } from './row-loss.ts';
import type { Options, Proof } from './proof.ts';

/** A loss of one input x and one target t at element i, with all that its errors need. `side` is the branch at a kink. */
export interface ElementCurve {
  readonly value: (x: number, t: number, i: number, side: number) => number;
  /** d loss / dx and d loss / dt. */
  readonly dx: (x: number, t: number, i: number, side: number) => number;
  readonly dt: (x: number, t: number, i: number, side: number) => number;
  /** Second derivatives: what an error of x or t makes of the first ones. 0 where left out. */
  readonly dxx?: (x: number, t: number, i: number, side: number) => number;
  readonly dxt?: (x: number, t: number, i: number, side: number) => number;
  readonly dtt?: (x: number, t: number, i: number, side: number) => number;
  /** Standard deviations of computing these from exact x and t. */
  readonly valueError: (x: number, t: number, i: number) => number;
  readonly dxError: (x: number, t: number, i: number) => number;
  readonly dtError: (x: number, t: number, i: number) => number;
  /** loss(x + dx, t + dt) − loss(x, t) without cancellation. */
  readonly change: (x: number, t: number, dx: number, dt: number, i: number, side: number) => number;
  readonly complex: (x: Complex, t: Complex, i: number, side: number) => Complex;
}

/** Where a loss bends sharply: the branch of an element, and how far it is from the kink. */
export interface ElementKink {
  readonly side: (x: number, t: number, options: Options) => number;
  /** A function that is 0 at the kink, with its slopes, where the gradient jumps there. */
  readonly distance?: (x: number, t: number, options: Options) => { readonly at: number; readonly dx: number; readonly dt: number };
}

type Curves = (options: Options, builtins: BuiltinErrors, columns: number) => ElementCurve;

/** The loss of each element. */
function losses(input: RefTensor, target: RefTensor, curve: ElementCurve, branches: Uint8Array | undefined): RefTensor {
  const out = zeros(input.shape);
  for (let i = 0; i < out.value.length; i++) {
    const [x, t, side] = [input.value[i], target.value[i], branches?.[i] ?? 0];
    out.value[i] = curve.value(x, t, i, side);
    out.variance[i] = curve.dx(x, t, i, side) ** 2 * input.variance[i] + curve.dt(x, t, i, side) ** 2 * target.variance[i] + curve.valueError(x, t, i) ** 2;
  }
  return out;
}

const columnsOf = ({ shape }: { readonly shape: readonly number[] }): number => shape[shape.length - 1] ?? 1;

/**
 * The proof of reduction(loss(input, target)), where the loss compares element by element. `curves` says what the loss of
 * one element is; the rest is the same for all.
 */
export function elementLoss(curves: Curves, rest: Pick<Proof, 'samples' | 'sizes' | 'mutants' | 'conventions'>, kink?: ElementKink): Proof {
  const sidesOf = (x: ArrayLike<number>, t: ArrayLike<number>, options: Options): Uint8Array => Uint8Array.from(x, (at, i) => kink!.side(at, t[i], options));
  const branchesOf = (input: RefTensor, target: RefTensor, options: Options): Uint8Array | undefined => kink && sidesOf(input.value, target.value, options);
  const curveOf = (input: { readonly shape: readonly number[] }, options: Options, builtins: BuiltinErrors): ElementCurve => curves(options, builtins, columnsOf(input));

  /** Whether rounding leaves open on which side of its kink an element lies. */
  const isUncertain = (input: RefTensor, target: RefTensor, i: number, options: Options, { kinkWidth }: Rounding): boolean => {
    if (!kink?.distance) return false;
    const { at, dx, dt } = kink.distance(input.value[i], target.value[i], options);
    const variance = dx * dx * input.variance[i] + dt * dt * target.variance[i];
    return variance > 0 && Math.abs(at) <= kinkWidth * Math.sqrt(variance);
  };

  const backward: Proof['backward'] = ({ input, target }, _out, dout, options, rounding, branches = branchesOf(input, target, options)) => {
    const curve = curveOf(input, options, rounding.builtins);
    const { factor, relative } = meanFactor(elementParts(input.shape, options), options, rounding.builtins);
    const d = dout.value[0] * factor;
    const gradient = (slope: ElementCurve['dx'], error: ElementCurve['dxError'], byX: ElementCurve['dxx'], byT: ElementCurve['dxx']): RefTensor => {
      const out = zeros(input.shape);
      for (let i = 0; i < out.value.length; i++) {
        const [x, t, side] = [input.value[i], target.value[i], branches?.[i] ?? 0];
        const s = slope(x, t, i, side);
        const variance = error(x, t, i) ** 2 + (byX?.(x, t, i, side) ?? 0) ** 2 * input.variance[i] + (byT?.(x, t, i, side) ?? 0) ** 2 * target.variance[i];
        const jump = isUncertain(input, target, i, options, rounding) ? Math.abs(slope(x, t, i, 1) - slope(x, t, i, 0)) : 0;
        out.value[i] = d * s;
        out.variance[i] = (factor * s) ** 2 * dout.variance[0] + d * d * (variance + jump * jump)
          + (relative ** 2 + 2 * ROUNDING ** 2) * (d * s) ** 2 + flushVariance(d * s);
      }
      return out;
    };
    return { input: gradient(curve.dx, curve.dxError, curve.dxx, curve.dxt), target: gradient(curve.dt, curve.dtError, curve.dxt, curve.dtt) };
  };

  return {
    differentiable: ['input', 'target'],
    ...(kink ? {
      branches: ({ input, target }, options) => sidesOf(input.value, target.value, options),
      adopt: ({ inputs: { input, target } }, options) => input && target && sidesOf(input, target, options),
    } : {}),

    forward({ input, target }, options, { builtins }, branches = branchesOf(input, target, options)) {
      const { factor, relative } = meanFactor(elementParts(input.shape, options), options, builtins);
      const each = losses(input, target, curveOf(input, options, builtins), branches);
      return scaled(summed(each, new Int32Array(each.value.length), []), factor, relative);
    },

    backward,

    working(inputs, options, rounding) {
      const { input, target } = inputs;
      const length = pieceLength(input.value.length);
      const each = losses(input, target, curveOf(input, options, rounding.builtins), branchesOf(input, target, options));
      return {
        rowLoss: summed(each, Int32Array.from(each.value, (_, i) => Math.floor(i / length)), [each.value.length / length]),
        gradient: backward(inputs, ONE, ONE, options, rounding).input,
      };
    },

    complex({ input, target }, options, branches) {
      const curve = curveOf(input, options, NO_ERRORS);
      const sides = branches ?? (kink && sidesOf(input.re, target.re, options));
      const each = complexMapped(input, (x, i) => curve.complex(x, { re: target.re[i], im: target.im[i] }, i, sides?.[i] ?? 0));
      const { factor } = meanFactor(elementParts(input.shape, options), options, NO_ERRORS);
      return complexSummed(each, new Int32Array(each.re.length), [], factor);
    },

    perturb({ inputs: { input, target }, out, options, branches }) {
      const curve = curveOf(input, options, NO_ERRORS);
      const { factor } = meanFactor(elementParts(input.shape, options), options, NO_ERRORS);
      const touched = emptyChange(input.value.length);
      return () => {
        out.change.count = 0;
        touched.count = 0;
        for (let k = 0; k < input.change.count; k++) addDelta(touched, input.change.index[k], 0);
        for (let k = 0; k < target.change.count; k++) addDelta(touched, target.change.index[k], 0);
        let sum = 0;
        for (let k = 0; k < touched.count; k++) {
          const i = touched.index[k];
          sum += curve.change(input.value[i], target.value[i], deltaAt(input.change, i), deltaAt(target.change, i), i, branches?.[i] ?? 0);
        }
        addDelta(out.change, 0, factor * sum);
      };
    },
    ...rest,
  };
}
