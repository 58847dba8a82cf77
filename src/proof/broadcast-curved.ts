import { complexDiv, complexPow, complexScale } from '../reference/complex.ts';
import { divisionError, FLUSH, flushVariance, powError, ROUNDING, ulpError } from '../reference/rounding.ts';
import type { Rounding } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { binary, placedSamples, placedSizes } from './broadcast-kit.ts';
import { withoutLastLane } from './mutants.ts';
import type { Convention, Mutant, Proof } from './proof.ts';
import { filled } from './sample-data.ts';

/** One number with its variance for each element. */
function each(like: RefTensor, make: (i: number) => readonly [value: number, variance: number]): RefTensor {
  const out = zeros(like.shape);
  for (let i = 0; i < out.value.length; i++) [out.value[i], out.variance[i]] = make(i);
  return out;
}

/** (slope·σ)², and 0 where there is no error, however steep the slope is. */
const carried = (slope: number, variance: number): number => (variance === 0 ? 0 : slope * slope * variance);

/** Divisors away from 0, of both signs. */
const divisor = (noise: number): number => (noise < 0 ? -1 : 1) * (0.3 + Math.abs(noise));

export const div = binary({
  forward: (a, b, { builtins }) => each(a, (i) => {
    const [x, y] = [a.value[i], b.value[i]];
    return [x / y, carried(1 / y, a.variance[i]) + carried(x / (y * y), b.variance[i]) + divisionError(x / y, builtins) ** 2 + flushVariance(x / y)];
  }),
  complex: complexDiv,
  backward: (a, b, dout, { rounding: { builtins } }) => ({
    a: each(a, (i) => {
      const [d, y] = [dout.value[i], b.value[i]];
      return [d / y, carried(1 / y, dout.variance[i]) + carried(d / (y * y), b.variance[i]) + divisionError(d / y, builtins) ** 2 + flushVariance(d / y)];
    }),
    b: each(b, (i) => {
      const [d, x, y] = [dout.value[i], a.value[i], b.value[i]];
      const value = -d * x / (y * y);
      return [value, carried(x / (y * y), dout.variance[i]) + carried(d / (y * y), a.variance[i]) + carried(2 * value / y, b.variance[i])
        + 2 * divisionError(value, builtins) ** 2 + (ROUNDING * value) ** 2 + flushVariance(value)];
    }),
  }),
  delta: (a, b, da, db) => (da - a / b * db) / (b + db),
}, [
  { name: 'operands exchanged', kernel: /^div$/, find: 'return a / b;', replace: 'return b / a;', symptoms: ['formula'] },
  { name: 'the product', kernel: /^div$/, find: 'return a / b;', replace: 'return a * b;', symptoms: ['formula'] },
  { name: 'the sign of db', kernel: /^divBackwardB$/, find: '-dout', replace: 'dout', symptoms: ['factor'] },
  { name: 'the square of b forgotten', kernel: /^divBackwardB$/, find: '(a / b) / b', replace: '(a / b)', symptoms: ['formula'] },
  withoutLastLane(/^div$/),
  withoutLastLane(/^divBackwardB$/),
], {
  samples: placedSamples((noise) => noise, divisor, [[1, 3], [-1, 7], [0, 2], [1e6, -3], [5, 5], [-2, 0.5], [3, 1000]]),
  sizes: placedSizes((noise) => noise, divisor),
});

/** A point where PyTorch's convention for a^b is asserted. */
function powAt(name: string, a: readonly number[], b: readonly number[], da: readonly number[], db?: readonly number[]): Convention {
  const cotangent = Float32Array.from(a, (_, i) => 3 + 2 * i);
  const times = (slopes: readonly number[]): number[] => slopes.map((slope, i) => slope * cotangent[i]);
  return {
    name, options: {}, inputs: { a: filled([a.length], (i) => a[i]), b: filled([b.length], (i) => b[i]) }, cotangent,
    gradients: { a: times(da), ...(db ? { b: times(db) } : {}) },
  };
}

const base = (noise: number): number => 2 ** noise;
const logOf = (a: number): number => (a === 0 ? 0 : Math.log(a));

export const pow = binary({
  forward: (a, b, { builtins }) => each(a, (i) => {
    const [x, y] = [a.value[i], b.value[i]];
    const value = x ** y;
    return [value, carried(y * x ** (y - 1), a.variance[i]) + carried(value * logOf(x), b.variance[i]) + powError(x, y, value, builtins) ** 2];
  }),
  complex: complexPow,
  backward: (a, b, dout, { rounding: { builtins } }) => ({
    a: each(a, (i) => {
      const [d, x, y] = [dout.value[i], a.value[i], b.value[i]];
      if (y === 0) return [0, 0];
      const power = x ** (y - 1);
      const slope = y * power;
      // The exponent b − 1 is rounded, and so are two products.
      const rounded = Math.hypot(powError(x, y - 1, power, builtins), logOf(x) * ROUNDING * (y - 1) * power) * Math.abs(y) + 2 * ROUNDING * Math.abs(slope);
      return [d * slope, carried(slope, dout.variance[i]) + carried(d * (y - 1) * slope / (x || 1), a.variance[i])
        + carried(d * (power + slope * logOf(x)), b.variance[i]) + (d * rounded) ** 2 + flushVariance(d * slope)];
    }),
    b: each(b, (i) => {
      const [d, x, y] = [dout.value[i], a.value[i], b.value[i]];
      if (x === 0) return [0, 0];
      const power = x ** y;
      const slope = power * Math.log(x);
      const rounded = powError(x, y, power, builtins) * Math.abs(Math.log(x)) + power * ulpError(builtins.naturalLogUlp, Math.log(x)) + 2 * ROUNDING * Math.abs(slope);
      return [d * slope, carried(slope, dout.variance[i]) + carried(d * (y * slope + power) / x, a.variance[i])
        + carried(d * slope * Math.log(x), b.variance[i]) + (d * rounded) ** 2 + flushVariance(d * slope)];
    }),
  }),
  delta: (a, b, da, db) => (db === 0 ? (a + da) ** b : (a + da) ** (b + db)) - a ** b,
}, [
  { name: 'operands exchanged', kernel: /^pow$/, find: 'power(a, b)', replace: 'power(b, a)', symptoms: ['formula'] },
  { name: 'whole exponents stop at 7', kernel: /^pow$/, find: 'i < 4u', replace: 'i < 3u', symptoms: ['region'] },
  { name: 'exponents below 0 not inverted', kernel: /^pow$/, find: 'select(whole, 1.0 / whole, b < Value(0.0))', replace: 'whole', symptoms: ['region'] },
  { name: 'the exponent not reduced', kernel: /^powBackwardA$/, find: 'b - 1.0', replace: 'b', symptoms: ['formula'] },
  { name: 'the exponent forgotten', kernel: /^powBackwardA$/, find: 'dout * b * ', replace: 'dout * ', symptoms: ['formula'] },
  { name: 'the logarithm forgotten', kernel: /^powBackwardB$/, find: ' * naturalLog(a)', replace: '', symptoms: ['formula'] },
  { name: 'the power forgotten', kernel: /^powBackwardB$/, find: 'dout * y * ', replace: 'dout * ', symptoms: ['formula'] },
  withoutLastLane(/^pow$/),
  withoutLastLane(/^powBackwardA$/),
  withoutLastLane(/^powBackwardB$/),
], {
  samples: [
    ...placedSamples(base, (noise) => 1.5 * noise, [[2, 3], [3, 2], [1, 5], [0, 2], [0, 1], [0, 3], [0.5, -2], [1.5, 15], [1.5, 16], [4, 0.5], [2, 0], [1.25, -9], [9, -0.5], [1.1, 13]]),
    { name: 'bases of 0 with exponents above it', options: {}, inputs: { a: filled([4, 1], (i) => [0, 0.5, 0, 2][i]), b: filled([4, 9], (i) => 1 + (i * 7) % 4) } },
  ],
  sizes: placedSizes(base, (noise) => 1.5 * noise),
  conventions: [
    powAt('a negative base with a whole exponent', [-2, -2, -3, -1.5, -2], [3, 2, 1, -1, 0], [12, -4, 1, -1 / 2.25, 0]),
    powAt('0^0 is 1 without a gradient', [0, 0], [0, 2], [0, 0], [0, 0]),
    {
      name: '0^0 has no gradient for one base of all, and a negative cotangent', options: {}, inputs: { a: filled([1], () => 0), b: filled([2], (i) => 2 * i) },
      cotangent: Float32Array.of(-3, -5), gradients: { a: [0], b: [0, 0] },
    },
  ],
});

/** The sides of maximum and minimum: a, b, or both alike. */
const SIDES = { b: 0, a: 1, both: 2 } as const;

/** The larger of two numbers, or with the sign −1 the smaller one. Equal ones share the gradient, as in PyTorch. */
function extreme(name: 'maximum' | 'minimum', sign: 1 | -1, mutants: readonly Mutant[]): Proof {
  const share = (side: number, of: 'a' | 'b'): number => (side === SIDES[of] ? 1 : side === SIDES.a || side === SIDES.b ? 0 : 0.5);
  const uncertain = (a: RefTensor, b: RefTensor, i: number, { kinkWidth }: Rounding): boolean => {
    const variance = a.variance[i] + b.variance[i];
    return variance > 0 && Math.abs(a.value[i] - b.value[i]) <= kinkWidth * Math.sqrt(variance);
  };
  const gradient = (of: 'a' | 'b') => (a: RefTensor, b: RefTensor, dout: RefTensor, sides: Uint8Array, rounding: Rounding): RefTensor => each(a, (i) => {
    const factor = share(sides[i], of);
    const d = dout.value[i];
    return [factor * d, factor * factor * dout.variance[i] + (uncertain(a, b, i, rounding) ? d * d : 0) + (factor === 0.5 ? FLUSH ** 2 : 0)];
  });
  return binary({
    side: (a, b) => (a === b ? SIDES.both : sign * a > sign * b ? SIDES.a : SIDES.b),
    forward: (a, b, rounding, sides) => each(a, (i) => {
      const ofA = share(sides[i], 'a');
      const variance = uncertain(a, b, i, rounding) || ofA === 0.5 ? Math.max(a.variance[i], b.variance[i]) : ofA === 1 ? a.variance[i] : b.variance[i];
      return [ofA * a.value[i] + (1 - ofA) * b.value[i], variance];
    }),
    complex: (a, b, side) => {
      const [left, right] = [complexScale(a, share(side, 'a')), complexScale(b, share(side, 'b'))];
      return { re: left.re + right.re, im: left.im + right.im };
    },
    backward: (a, b, dout, { sides, rounding }) => ({ a: gradient('a')(a, b, dout, sides, rounding), b: gradient('b')(a, b, dout, sides, rounding) }),
    delta: (_a, _b, da, db, side) => share(side, 'a') * da + share(side, 'b') * db,
  }, mutants, {
    samples: placedSamples((noise) => noise, (noise) => noise, [[1, 1], [0, 0], [2, 3], [-2, -3], [0, -0], [-5, 5], [1e-6, 1e-6], [4, 4]]),
    sizes: placedSizes((noise) => noise, (noise) => noise, true),
    conventions: [{
      name: `equal ones share the gradient of ${name}`, options: {}, cotangent: Float32Array.of(3, 5, 7),
      inputs: { a: filled([3], (i) => [1, 0, 2][i]), b: filled([3], (i) => [1, -0, 1][i]) },
      gradients: { a: [1.5, 2.5, sign === 1 ? 7 : 0], b: [1.5, 2.5, sign === 1 ? 0 : 7] },
    }],
  });
}

export const maximum = extreme('maximum', 1, [
  { name: 'the smaller one', kernel: /^maximum$/, find: 'select(b, a, a >= b)', replace: 'select(b, a, a <= b)', symptoms: ['mask'] },
  { name: 'always a', kernel: /^maximum$/, find: 'select(b, a, a >= b)', replace: 'a', symptoms: ['mask'] },
  { name: 'a tie gives nothing', kernel: /^maximumBackward$/, find: '0.5 * dout', replace: '0.0 * dout', symptoms: ['region', 'mask'] },
  { name: 'the gradient goes to the smaller one', kernel: /^maximumBackward$/, find: 'own > other', replace: 'own < other', symptoms: ['mask'] },
  withoutLastLane(/^maximum$/),
  withoutLastLane(/^maximumBackward$/),
]);

export const minimum = extreme('minimum', -1, [
  { name: 'the larger one', kernel: /^minimum$/, find: 'select(b, a, a <= b)', replace: 'select(b, a, a >= b)', symptoms: ['mask'] },
  { name: 'always b', kernel: /^minimum$/, find: 'select(b, a, a <= b)', replace: 'b', symptoms: ['mask'] },
  { name: 'a tie gives all to both', kernel: /^minimumBackward$/, find: '0.5 * dout', replace: 'dout', symptoms: ['region', 'mask'] },
  { name: 'the gradient goes to the larger one', kernel: /^minimumBackward$/, find: 'own < other', replace: 'own > other', symptoms: ['mask'] },
  withoutLastLane(/^minimum$/),
  withoutLastLane(/^minimumBackward$/),
]);
