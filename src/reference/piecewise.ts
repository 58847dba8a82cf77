import type { Curve } from './curve.ts';
import { flushVariance, ROUNDING } from './rounding.ts';
import type { Rounding } from './rounding.ts';
import { zeros } from './tensor.ts';
import type { RefTensor } from './tensor.ts';

/** A function of one number that is another curve on each side of its kinks. */
export interface Pieces {
  readonly curves: readonly Curve[];
  /** The piece that belongs to x, by number. */
  readonly side: (x: number) => number;
}

/** The pieces that the elements of x belong to. */
export function sidesOf(x: ArrayLike<number>, { side }: Pieces): Uint8Array {
  return Uint8Array.from(x, side);
}

/** The piece of an element: one that does not exist, as the opposite of the third, is the one in the middle. */
function curveOf({ curves }: Pieces, side: number): Curve {
  return curves[side] ?? curves[1];
}

/** The other pieces that x may lie on because of its rounding. An exact x (variance 0) lies on one for certain, even at a kink. */
function neighbours(x: RefTensor, i: number, pieces: Pieces, { kinkWidth }: Rounding): Curve[] {
  if (!(x.variance[i] > 0 && kinkWidth > 0)) return [];
  const width = kinkWidth * Math.sqrt(x.variance[i]);
  const own = pieces.side(x.value[i]);
  return [pieces.side(x.value[i] - width), pieces.side(x.value[i] + width)].filter((side) => side !== own).map((side) => curveOf(pieces, side));
}

/** y = f(x) by the pieces of `sides`. Where the side is uncertain, the larger slope counts, and what the pieces differ by. */
export function pieced(x: RefTensor, sides: Uint8Array, pieces: Pieces, rounding: Rounding): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    const at = x.value[i];
    const curve = curveOf(pieces, sides[i]);
    let slope = Math.abs(curve.slope(at));
    let jump = 0;
    for (const other of neighbours(x, i, pieces, rounding)) {
      slope = Math.max(slope, Math.abs(other.slope(at)));
      jump = Math.max(jump, Math.abs(other.value(at) - curve.value(at)));
    }
    out.value[i] = curve.value(at);
    out.variance[i] = slope * slope * x.variance[i] + curve.valueError(at) ** 2 + (jump > 0 ? jump * jump : 0);
  }
  return out;
}

/** dx = dy·f′(x) by the pieces of `sides`; where the side is uncertain, the difference of the slopes counts as error. */
export function piecedBackward(x: RefTensor, dout: RefTensor, sides: Uint8Array, pieces: Pieces, rounding: Rounding): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < out.value.length; i++) {
    const at = x.value[i];
    const curve = curveOf(pieces, sides[i]);
    const slope = curve.slope(at);
    const d = dout.value[i];
    let change = 0;
    for (const other of neighbours(x, i, pieces, rounding)) change = Math.max(change, Math.abs(other.slope(at) - slope));
    out.value[i] = d * slope;
    const exact = slope === 0 || Math.abs(slope) === 1;
    out.variance[i] = slope * slope * dout.variance[i] + d * d * (curve.bend(at) ** 2 * x.variance[i] + curve.slopeError(at) ** 2 + change * change)
      + (exact ? 0 : (ROUNDING * d * slope) ** 2 + flushVariance(d * slope));
  }
  return out;
}
