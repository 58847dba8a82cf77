import { added, multiplied, negated } from '../reference/arithmetic.ts';
import { broadcastMap, broadcastShape, expanded, summed } from '../reference/axes.ts';
import { complexAdd, complexExpanded, complexMul, complexPaired, complexSub } from '../reference/complex.ts';
import type { Complex } from '../reference/complex.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta, deltaAt, emptyChange } from './change.ts';
import { SERIAL_SUM, withoutLastLane } from './mutants.ts';
import type { Inputs, Mutant, Proof, Sample, Site } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** One formula of two numbers with NumPy's broadcasting; gradients are summed back to the inputs' shapes. */
interface Row {
  /** The output from operands of the output's shape. */
  readonly forward: (a: RefTensor, b: RefTensor) => RefTensor;
  readonly complex: (a: Complex, b: Complex) => Complex;
  /** The gradients before they are summed back. */
  readonly backward: (a: RefTensor, b: RefTensor, dout: RefTensor) => { readonly a: RefTensor; readonly b: RefTensor };
  /** f(a + da, b + db) − f(a, b). */
  readonly delta: (a: number, b: number, da: number, db: number) => number;
}

function binary(row: Row, mutants: readonly Mutant[]): Proof {
  return {
    differentiable: ['a', 'b'],
    forward: (inputs) => {
      const { a, b } = operands(inputs);
      return row.forward(a.wide, b.wide);
    },
    backward: (inputs, _out, dout) => {
      const { a, b } = operands(inputs);
      const gradients = row.backward(a.wide, b.wide, dout);
      return {
        a: summed(gradients.a, a.map, inputs.a.shape),
        b: summed(gradients.b, b.map, inputs.b.shape),
      };
    },
    working: (inputs, _options, _rounding, dout): Record<string, RefTensor> => {
      if (!dout) return {};
      const { a, b } = operands(inputs);
      const gradients = row.backward(a.wide, b.wide, dout);
      return { productForA: gradients.a, productForB: gradients.b };
    },
    complex: ({ a, b }) => {
      const shape = broadcastShape(a.shape, b.shape) ?? a.shape;
      const [left, right] = [a, b].map((x) => complexExpanded(x, broadcastMap(x.shape, shape), shape));
      return complexPaired(left, right, row.complex);
    },
    perturb: ({ inputs: { a, b }, out }) => {
      const mapA = broadcastMap(a.shape, out.shape);
      const mapB = broadcastMap(b.shape, out.shape);
      const usersOfA = users(mapA, a);
      const usersOfB = users(mapB, b);
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
          const delta = row.delta(a.value[p], b.value[q], deltaAt(a.change, p), deltaAt(b.change, q));
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
    samples: SAMPLES,
    sizes: SIZES,
    mutants: [...mutants, ...SERIAL_SUM],
    conventions: [],
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

/** Operands [depth, rows, columns], of which any axis may be 1; `short` leaves leading axes of 1 out. */
const SIZES = sizesFrom(
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
    return { options: {}, inputs: { a: matrixOf(seed, 0, a, sizes.zeros), b: matrixOf(seed, 1, b, sizes.zeros) } };
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

export const add = binary({
  forward: (a, b) => added(a, b),
  complex: complexAdd,
  backward: (_a, _b, dout) => ({ a: dout, b: dout }),
  delta: (_a, _b, da, db) => da + db,
}, [
  { name: 'a sign', kernel: /^add$/, find: 'return a + b;', replace: 'return a - b;', symptoms: ['formula'] },
  { name: 'a broadcast row repeated in blocks instead of cycles', kernel: /^add$/, find: 'row % ', replace: 'row / ', symptoms: ['formula'] },
  withoutLastLane(/^(add|copy)$/),
  { name: 'every gradient is that of the first column', kernel: /^copy$/, find: 'load_x(row, column)', replace: 'load_x(row, 0u)', symptoms: ['formula'] },
]);

export const sub = binary({
  forward: (a, b) => added(a, b, -1),
  complex: complexSub,
  backward: (_a, _b, dout) => ({ a: dout, b: negated(dout) }),
  delta: (_a, _b, da, db) => da - db,
}, [
  { name: 'operands exchanged', kernel: /^sub$/, find: 'return a - b;', replace: 'return b - a;', symptoms: ['factor'] },
  { name: 'the sign of db forgotten', kernel: /^scale$/, find: '(-1.0f)', replace: '1.0f', symptoms: ['factor'] },
  { name: 'the sum instead', kernel: /^sub$/, find: 'return a - b;', replace: 'return a + b;', symptoms: ['formula'] },
  withoutLastLane(/^scale$/),
  withoutLastLane(/^sub$/),
]);

export const mul = binary({
  forward: multiplied,
  complex: complexMul,
  backward: (a, b, dout) => ({ a: multiplied(dout, b), b: multiplied(dout, a) }),
  delta: (a, b, da, db) => da * b + a * db + da * db,
}, [
  { name: 'the other operand forgotten', kernel: /^mul$/, find: 'return a * b;', replace: 'return a;', symptoms: ['formula'] },
  { name: 'the wrong row of a broadcast operand', kernel: /^mul$/, find: 'row % ', replace: 'row / ', symptoms: ['formula'] },
  { name: 'the sum over a stretched axis takes neighbours', kernel: /reduce\/serial/, find: 'start + i * ', replace: 'start + i + 0u * ', symptoms: ['reduction'] },
  withoutLastLane(/^mul$/),
]);
