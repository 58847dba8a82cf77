import { broadcastMap, expanded, summed } from '../reference/axes.ts';
import { complexExpanded, complexMapped, complexMul } from '../reference/complex.ts';
import { flushVariance, ROUNDING } from '../reference/rounding.ts';
import type { Rounding } from '../reference/rounding.ts';
import { reshaped, sizeOf, zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { SERIAL_SUM, withoutLastLane } from './mutants.ts';
import type { Proof, Sample } from './proof.ts';
import { filled, normals, uniforms } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** The weight's shape with which it broadcasts over x: along axis 1, or one number for all. */
function stretched(weight: Shape, x: Shape): Shape {
  return sizeOf(weight) === 1 ? [] : [...weight, ...x.slice(2).map(() => 1)];
}

function mapOf(weight: Shape, x: Shape): Int32Array {
  return broadcastMap(stretched(weight, x), x);
}

function sidesOf(x: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(x, (at) => (at > 0 ? 1 : 0));
}

function uncertain(x: RefTensor, i: number, { kinkWidth }: Rounding): boolean {
  return x.variance[i] > 0 && Math.abs(x.value[i]) <= kinkWidth * Math.sqrt(x.variance[i]);
}

/** value = factor·other where the side is 0, with the variance of a product. */
function product(factor: RefTensor, other: RefTensor, i: number): readonly [number, number] {
  const value = factor.value[i] * other.value[i];
  return [value, factor.value[i] ** 2 * other.variance[i] + other.value[i] ** 2 * factor.variance[i] + (ROUNDING * value) ** 2 + flushVariance(value)];
}

/** What each element adds to the gradient of the weight: dout·x where x ≤ 0. */
function products(x: RefTensor, dout: RefTensor, sides: Uint8Array, rounding: Rounding): RefTensor {
  const out = zeros(x.shape);
  for (let i = 0; i < sides.length; i++) {
    if (!sides[i]) [out.value[i], out.variance[i]] = product(dout, x, i);
    if (uncertain(x, i, rounding)) out.variance[i] += (dout.value[i] * x.value[i]) ** 2;
  }
  return out;
}

const SHAPES: readonly (readonly [Shape, number])[] = [[[67], 1], [[9, 7], 7], [[9, 7], 1], [[2, 3, 5], 3], [[3, 4, 2, 8], 4], [[16, 16], 16], [[5, 1, 3], 1]];

const samples: readonly Sample[] = [
  ...SHAPES.map(([shape, channels], k) => ({
    name: `[${shape.join(', ')}], weight [${channels}]`, options: {}, inputs: { x: normals(501 + k, shape, 1.5), weight: uniforms(521 + k, [channels], -0.2, 0.8) },
  })),
  { name: 'every third is exactly 0', options: {}, inputs: { x: filled([4, 5], (i) => (i % 3 === 0 ? 0 : (i - 9.5) / 8)), weight: filled([5], (i) => i / 8) } },
];

export const prelu: Proof = {
  differentiable: ['x', 'weight'],
  branches: ({ x }) => sidesOf(x.value),
  adopt: ({ inputs: { x } }) => x && sidesOf(x),
  forward: ({ x, weight }, _options, rounding, sides = sidesOf(x.value)) => {
    const wide = expanded(weight, mapOf(weight.shape, x.shape), x.shape);
    const out = zeros(x.shape);
    for (let i = 0; i < sides.length; i++) {
      [out.value[i], out.variance[i]] = sides[i] ? [x.value[i], x.variance[i]] : product(wide, x, i);
      if (uncertain(x, i, rounding)) out.variance[i] += Math.max(1, wide.value[i] ** 2) * x.variance[i];
    }
    return out;
  },
  backward: ({ x, weight }, _out, dout, _options, rounding, sides = sidesOf(x.value)) => {
    const map = mapOf(weight.shape, x.shape);
    const wide = expanded(weight, map, x.shape);
    const dx = zeros(x.shape);
    for (let i = 0; i < sides.length; i++) {
      [dx.value[i], dx.variance[i]] = sides[i] ? [dout.value[i], dout.variance[i]] : product(wide, dout, i);
      if (uncertain(x, i, rounding)) dx.variance[i] += ((1 - wide.value[i]) * dout.value[i]) ** 2;
    }
    return { x: dx, weight: reshaped(summed(products(x, dout, sides, rounding), map, stretched(weight.shape, x.shape)), weight.shape) };
  },
  working: ({ x }, _options, rounding, dout): Record<string, RefTensor> => (dout ? { productForWeight: products(x, dout, sidesOf(x.value), rounding) } : {}),
  complex: ({ x, weight }, _options, sides) => {
    const wide = complexExpanded(weight, mapOf(weight.shape, x.shape), x.shape);
    return complexMapped(x, (z, i) => ((sides ? sides[i] === 1 : z.re > 0) ? z : complexMul(z, { re: wide.re[i], im: wide.im[i] })));
  },
  samples,
  sizes: sizesFrom(
    { rows: [1, 17], channels: [1, 19], after: [1, 9], shared: FLAG, zeros: FLAG },
    (sizes, seed) => ({
      options: {},
      inputs: {
        x: matrixOf(seed, 0, [sizes.rows, sizes.channels, sizes.after], sizes.zeros, 1.5),
        weight: uniforms(seed + 1, [sizes.shared ? 1 : sizes.channels], -0.2, 0.8),
      },
    }),
    ({ inputs: { x: { shape: [rows, channels, after = 1] }, weight } }) => ({ rows, channels, after, shared: flagOf(weight.shape[0] !== channels) }),
  ),
  mutants: [
    { name: 'the weight forgotten', kernel: /^prelu$/, find: 'weight * x', replace: 'x', symptoms: ['mask'] },
    { name: 'the sides exchanged', kernel: /^prelu$/, find: 'x > Value(0.0)', replace: 'x < Value(0.0)', symptoms: ['mask'] },
    { name: 'the weight left out of dx', kernel: /^preluBackward$/, find: 'weight * dout', replace: 'dout', symptoms: ['mask'] },
    { name: 'the slope of the right side at 0', kernel: /^preluBackward$/, find: 'x > Value(0.0)', replace: 'x >= Value(0.0)', symptoms: ['region', 'mask'] },
    { name: 'x left out of dw', kernel: /^reduce\/serial/, find: 'dout * x', replace: 'dout', symptoms: ['formula'] },
    { name: 'the right side counted into dw', kernel: /^reduce\/serial/, find: 'select(dout * x, Value(0.0)', replace: 'select(dout * x, dout * x', symptoms: ['mask', 'formula'] },
    withoutLastLane(/^prelu$/),
    withoutLastLane(/^preluBackward$/),
    ...SERIAL_SUM,
  ],
  conventions: [{
    name: "prelu'(0) is the weight", options: {}, inputs: { x: filled([4], (i) => [0, -0, 2, -2][i]), weight: filled([1], () => 0.25) },
    cotangent: Float32Array.of(3, 5, 7, 11), gradients: { x: [0.75, 1.25, 7, 2.75], weight: [-22] },
  }],
};
