import { broadcastMap, broadcastShape, expanded, summed } from '../reference/axes.ts';
import { complexExpanded, complexMapped } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import type { Rounding } from '../reference/rounding.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { SERIAL_SUM } from './mutants.ts';
import type { Convention, Inputs, Mutant, Proof, Sample, Site, Sizes } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** What a gradient may be made of besides its operands. */
interface Around {
  readonly out: RefTensor;
  readonly rounding: Rounding;
  readonly sides: Uint8Array;
}

/** One formula of two numbers with NumPy's broadcasting; gradients are summed back to the inputs' shapes. */
interface Row {
  /** The output from operands of the output's shape. */
  readonly forward: (a: RefTensor, b: RefTensor, rounding: Rounding, sides: Uint8Array) => RefTensor;
  readonly complex: (a: Complex, b: Complex, side: number) => Complex;
  /** The gradients before they are summed back. */
  readonly backward: (a: RefTensor, b: RefTensor, dout: RefTensor, around: Around) => { readonly a: RefTensor; readonly b: RefTensor };
  /** f(a + da, b + db) − f(a, b). */
  readonly delta: (a: number, b: number, da: number, db: number, side: number) => number;
  /** Which side of a kink two numbers lie on, for rows that have one. */
  readonly side?: (a: number, b: number) => number;
}

interface Trial {
  readonly samples?: readonly Sample[];
  readonly sizes?: Sizes;
  readonly conventions?: readonly Convention[];
}

/** The sides of pairs of numbers; none where the row has no kink. */
function sidesOf({ side }: Row, a: ArrayLike<number>, b: ArrayLike<number>): Uint8Array {
  return side ? Uint8Array.from(a, (value, i) => side(value, b[i])) : new Uint8Array(0);
}

export function binary(row: Row, mutants: readonly Mutant[], { samples = SAMPLES, sizes = SIZES, conventions = [] }: Trial = {}): Proof {
  const own = (inputs: Inputs): Uint8Array => {
    const { a, b } = operands(inputs);
    return sidesOf(row, a.wide.value, b.wide.value);
  };
  return {
    differentiable: ['a', 'b'],
    ...(row.side ? {
      branches: own,
      // Where an operand is stretched, the numbers alone don't tell which belong together.
      adopt: ({ inputs: { a, b }, out }) => (a && b && out && a.length === out.length && b.length === out.length ? sidesOf(row, a, b) : undefined),
    } : {}),
    forward: (inputs, _options, rounding, sides = own(inputs)) => {
      const { a, b } = operands(inputs);
      return row.forward(a.wide, b.wide, rounding, sides);
    },
    backward: (inputs, out, dout, _options, rounding, sides = own(inputs)) => {
      const { a, b } = operands(inputs);
      const gradients = row.backward(a.wide, b.wide, dout, { out, rounding, sides });
      return {
        a: summed(gradients.a, a.map, inputs.a.shape),
        b: summed(gradients.b, b.map, inputs.b.shape),
      };
    },
    working: (inputs, _options, rounding, dout): Record<string, RefTensor> => {
      if (!dout) return {};
      const { a, b } = operands(inputs);
      const sides = own(inputs);
      const gradients = row.backward(a.wide, b.wide, dout, { out: row.forward(a.wide, b.wide, rounding, sides), rounding, sides });
      return { productForA: gradients.a, productForB: gradients.b };
    },
    complex: ({ a, b }, _options, sides) => {
      const shape = broadcastShape(a.shape, b.shape) ?? a.shape;
      const [left, right] = [a, b].map((x) => complexExpanded(x, broadcastMap(x.shape, shape), shape));
      const given = sides ?? sidesOf(row, left.re, right.re);
      return complexMapped(left, (z, i) => row.complex(z, { re: right.re[i], im: right.im[i] }, given[i]));
    },
    perturb: ({ inputs: { a, b }, out, branches }) => {
      const mapA = broadcastMap(a.shape, out.shape);
      const mapB = broadcastMap(b.shape, out.shape);
      const usersOfA = users(mapA, a);
      const usersOfB = users(mapB, b);
      const sides = branches ?? new Uint8Array(out.value.length);
      const touched = emptyChange(out.value.length);
      return () => {
        out.change.count = 0;
        touched.count = 0;
        touch(a, usersOfA);
        touch(b, usersOfB);
        for (let k = 0; k < touched.count; k++) {
          const i = touched.index[k];
          const p = mapA[i];
          const q = mapB[i];
          const delta = row.delta(a.value[p], b.value[q], deltaAt(a.change, p), deltaAt(b.change, q), sides[i]);
          if (delta !== 0) addDelta(out.change, i, delta);
        }
      };

      function touch(site: Site, { start, list }: Users): void {
        for (let k = 0; k < site.change.count; k++) {
          const i = site.change.index[k];
          for (let at = start[i]; at < start[i + 1]; at++) addDelta(touched, list[at], 0);
        }
      }
    },
    samples,
    sizes,
    mutants: [...mutants, ...SERIAL_SUM],
    conventions,
  };
}

function operands({ a, b }: Inputs) {
  const shape = broadcastShape(a.shape, b.shape) ?? a.shape;
  const wide = (x: RefTensor) => {
    const map = broadcastMap(x.shape, shape);
    return { map, wide: expanded(x, map, shape) };
  };
  return { a: wide(a), b: wide(b) };
}

/** For each element of an input the elements of the output that use it: list[start[i]] … list[start[i + 1] − 1]. */
interface Users {
  readonly start: Int32Array;
  readonly list: Int32Array;
}

function users(map: Int32Array, site: Site): Users {
  const start = new Int32Array(site.value.length + 1);
  for (const i of map) start[i + 1]++;
  for (let i = 0; i < site.value.length; i++) start[i + 1] += start[i];
  const next = start.slice();
  const list = new Int32Array(map.length);
  map.forEach((i, at) => {
    list[next[i]++] = at;
  });
  return { start, list };
}

const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], []], [[1], [17]], [[5, 7], [5, 7]], [[5, 7], [7]], [[13], [3, 13]], [[4, 1, 3], [5, 1]], [[2, 3, 4], [3, 1]],
  [[65], [1]], [[3, 4], [4]], [[64], []], [[17, 16], [17, 1]], [[263], [263]], [[2, 1, 15], [1, 67, 1]], [[], [3, 5]],
];

const SAMPLES: readonly Sample[] = [
  ...PAIRS.map(([a, b], k) => ({
    name: `[${a.join(', ')}] with [${b.join(', ')}]`,
    options: {},
    inputs: { a: normals(211 + k, a), b: normals(241 + k, b) },
  })),
  {
    name: 'exact zeros',
    options: {},
    inputs: { a: filled([3, 19], (i) => (i % 4 === 0 ? 0 : (i - 28) / 8)), b: filled([19], (i) => (i % 5 === 2 ? 0 : (i - 9) / 4)) },
  },
  { name: 'equal operands', options: {}, inputs: { a: normals(263, [5, 11]), b: normals(263, [5, 11]) } },
  { name: 'a weight near 1, never 1', options: {}, inputs: { a: normals(269, [7, 13]), b: filled([13], (i) => 0.5 + (i * 5 % 13 + 0.5) / 13) } },
];

/** From a normal deviate to a number of an operand's domain. */
type Place = (noise: number) => number;
const AS_IT_IS: Place = (noise) => noise;

/** Samples of a row whose operands must lie somewhere: one of each kind of broadcast, and `special` pairs. */
export function placedSamples(a: Place, b: Place, special: readonly (readonly [number, number])[]): Sample[] {
  const pairs: readonly (readonly [Shape, Shape])[] = [[[5, 7], [7]], [[16, 4], [16, 4]], [[4, 1, 3], [5, 1]], [[67], []], [[1], [17]], [[2, 1, 15], [1, 9, 1]]];
  const placed = (seed: number, shape: Shape, place: Place) => {
    const { data } = normals(seed, shape);
    return filled(shape, (i) => place(data[i]));
  };
  return [
    ...pairs.map(([left, right], k) => ({
      name: `[${left.join(', ')}] with [${right.join(', ')}]`, options: {}, inputs: { a: placed(301 + k, left, a), b: placed(331 + k, right, b) },
    })),
    { name: 'special pairs', options: {}, inputs: { a: filled([special.length], (i) => special[i][0]), b: filled([special.length], (i) => special[i][1]) } },
  ];
}

/**
 * Operands [depth, rows, columns], of which any axis may be 1; `short` leaves leading axes of 1 out. With `tied` the first
 * elements are equal: where one operand is chosen, both have a gradient at any size.
 */
export const placedSizes = (placeA: Place, placeB: Place, tied = false): Sizes => sizesFrom(
  {
    depth: [1, 3], rows: [1, 263], columns: [1, 19], zeros: FLAG,
    stretchDepthOfA: FLAG, stretchRowsOfA: FLAG, stretchColumnsOfA: FLAG, shortA: FLAG,
    stretchDepthOfB: FLAG, stretchRowsOfB: FLAG, stretchColumnsOfB: FLAG, shortB: FLAG,
  },
  (sizes, seed) => {
    const full = [sizes.depth, sizes.rows, sizes.columns];
    const shapeOf = (stretched: readonly number[], short: number): Shape => {
      const shape = full.map((dimension, axis) => (stretched[axis] ? 1 : dimension));
      const first = shape.findIndex((dimension) => dimension > 1);
      return short ? shape.slice(first < 0 ? 3 : first) : shape;
    };
    const a = shapeOf([sizes.stretchDepthOfA, sizes.stretchRowsOfA, sizes.stretchColumnsOfA], sizes.shortA);
    const b = shapeOf([sizes.stretchDepthOfB, sizes.stretchRowsOfB, sizes.stretchColumnsOfB], sizes.shortB);
    const placed = (stream: number, of: Shape, place: Place) => {
      const { data } = matrixOf(seed, stream, of, sizes.zeros);
      return filled(of, (i) => place(data[i]));
    };
    const inputs = { a: placed(0, a, placeA), b: placed(1, b, placeB) };
    if (tied) inputs.b.data[0] = inputs.a.data[0];
    return { options: {}, inputs };
  },
  ({ inputs: { a, b } }) => {
    const shape = broadcastShape(a.shape, b.shape);
    if (!shape || shape.length > 3) return undefined;
    const aligned = (from: Shape): number[] => [1, 1, 1, ...from].slice(-3);
    const full = aligned(shape);
    const [ofA, ofB] = [aligned(a.shape), aligned(b.shape)].map((own) => own.map((dimension, axis) => flagOf(dimension !== full[axis])));
    return {
      depth: full[0], rows: full[1], columns: full[2],
      stretchDepthOfA: ofA[0], stretchRowsOfA: ofA[1], stretchColumnsOfA: ofA[2], shortA: flagOf(a.shape.length < shape.length),
      stretchDepthOfB: ofB[0], stretchRowsOfB: ofB[1], stretchColumnsOfB: ofB[2], shortB: flagOf(b.shape.length < shape.length),
    };
  },
);

const SIZES = placedSizes(AS_IT_IS, AS_IT_IS);
