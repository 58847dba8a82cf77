import { expect, test } from 'playwright/test';
import fc from 'fast-check';
import { RandomStream } from '../../src/data/philox.ts';
import {
  constant, defaultLinearBias, defaultLinearWeight, fans, gainOf, type Initializer, kaimingNormal, kaimingUniform, normal, orthogonal,
  uniform, xavierNormal, xavierUniform, zeros,
} from '../../src/nn/initializers.ts';

const fill = (initializer: Initializer, shape: readonly number[], seed = 1) => initializer.fill(shape, new RandomStream(seed));

function moments(values: Float32Array) {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return { mean, deviation, most: values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) };
}

test('fans are those of [out, in, …receptive field]', () => {
  expect(fans([5, 3])).toEqual({ fanIn: 3, fanOut: 5 });
  expect(fans([8, 4, 3, 5])).toEqual({ fanIn: 60, fanOut: 120 });
  expect(() => fans([5])).toThrow(/\[out, in, …\]/);
});

test('gains are those of PyTorch', () => {
  expect([gainOf('linear'), gainOf('sigmoid'), gainOf('tanh'), gainOf('relu'), gainOf('selu')]).toEqual([1, 1, 5 / 3, Math.SQRT2, 0.75]);
  expect(gainOf('leakyRelu')).toBeCloseTo(Math.sqrt(2 / 1.0001), 12);
  expect(gainOf('leakyRelu', 1)).toBeCloseTo(1, 12);
  expect(() => gainOf('swish' as 'relu')).toThrow(/nonlinearity/);
});

const out = 120;
const into = 200;
const uniforms: [string, Initializer, number][] = [
  ['xavierUniform', xavierUniform(), Math.sqrt(6 / (out + into))],
  ['xavierUniform gain 2', xavierUniform({ gain: 2 }), 2 * Math.sqrt(6 / (out + into))],
  ['kaimingUniform', kaimingUniform(), Math.sqrt(6 / into)],
  ['kaimingUniform fanOut tanh', kaimingUniform({ mode: 'fanOut', nonlinearity: 'tanh' }), (5 / 3) * Math.sqrt(3 / out)],
  ['defaultLinearWeight', defaultLinearWeight(), 1 / Math.sqrt(into)],
  ['defaultLinearBias', defaultLinearBias(into), 1 / Math.sqrt(into)],
  ['uniform', uniform(-0.3, 0.3), 0.3],
];
for (const [name, initializer, limit] of uniforms) {
  test(`${name}: uniform within its limit`, () => {
    const { mean, deviation, most } = moments(fill(initializer, [out, into]));
    expect(most).toBeLessThanOrEqual(Math.fround(limit));
    expect(most).toBeGreaterThan(0.999 * limit);
    expect(Math.abs(mean)).toBeLessThan(0.02 * limit);
    expect(deviation / (limit / Math.sqrt(3))).toBeCloseTo(1, 1.7);
  });
}

const normals: [string, Initializer, number][] = [
  ['xavierNormal', xavierNormal(), Math.sqrt(2 / (out + into))],
  ['kaimingNormal', kaimingNormal(), Math.sqrt(2 / into)],
  ['kaimingNormal fanOut slope', kaimingNormal({ mode: 'fanOut', nonlinearity: 'leakyRelu', slope: 0.5 }), Math.sqrt(2 / 1.25 / out)],
  ['normal', normal(0, 0.02), 0.02],
];
for (const [name, initializer, deviation] of normals) {
  test(`${name}: normal with its deviation`, () => {
    const got = moments(fill(initializer, [out, into]));
    expect(Math.abs(got.mean)).toBeLessThan(0.03 * deviation);
    expect(got.deviation / deviation).toBeCloseTo(1, 1.7);
    expect(got.most).toBeGreaterThan(3 * deviation);
    expect(got.most).toBeLessThan(7 * deviation);
  });
}

test('receptive fields count in the fan', () => {
  const { most } = moments(fill(kaimingUniform(), [50, 8, 3, 3]));
  expect(most).toBeCloseTo(Math.sqrt(6 / 72), 3);
});

test('zeros, constant and shifted draws', () => {
  expect(fill(zeros(), [2, 2])).toEqual(new Float32Array(4));
  expect(fill(constant(0.5), [])).toEqual(Float32Array.of(0.5));
  expect(moments(fill(uniform(2, 4), [5000])).mean).toBeCloseTo(3, 1);
  expect(moments(fill(normal(-5, 0.1), [5000])).mean).toBeCloseTo(-5, 1);
});

test('orthogonal: rows or columns are orthonormal, times gain', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }), fc.nat(), (rows, columns, seed) => {
    const gain = 1.5;
    const matrix = fill(orthogonal({ gain }), [rows, columns], seed);
    const wide = rows <= columns;
    const vector = (i: number) => Array.from({ length: wide ? columns : rows }, (_, j) => matrix[wide ? i * columns + j : j * columns + i]);
    let worst = 0;
    for (let i = 0; i < Math.min(rows, columns); i++) {
      for (let j = 0; j <= i; j++) {
        const other = vector(j);
        const product = vector(i).reduce((sum, x, k) => sum + x * other[k], 0);
        worst = Math.max(worst, Math.abs(product - (i === j ? gain * gain : 0)));
      }
    }
    expect(worst).toBeLessThan(1e-6);
  }), { numRuns: 60, seed: 1 });
  expect(fill(orthogonal(), [4, 2, 3]).length).toBe(24);
});

test('orthogonal: signs and determinants are not always the same', () => {
  // A QR whose signs are left to the algorithm gives a first entry of one sign.
  let positive = 0;
  let turns = 0;
  for (let seed = 0; seed < 400; seed++) {
    const [a, b, c, d] = fill(orthogonal(), [2, 2], seed);
    if (a > 0) positive++;
    if (a * d - b * c > 0) turns++;
  }
  for (const count of [positive, turns]) expect(Math.abs(count - 200)).toBeLessThan(50);
});

test('the stream alone decides the values', () => {
  for (const [, initializer] of [...uniforms, ...normals, ['orthogonal', orthogonal()] as const]) {
    expect(fill(initializer, [6, 5], 3)).toEqual(fill(initializer, [6, 5], 3));
    expect(fill(initializer, [6, 5], 3)).not.toEqual(fill(initializer, [6, 5], 4));
  }
});

test('bad options and shapes are refused', () => {
  expect(() => constant(NaN)).toThrow(/^constant: needs value/);
  expect(() => uniform(1, 0)).toThrow(/low ≤ high/);
  expect(() => normal(0, -1)).toThrow(/deviation/);
  expect(() => xavierUniform({ gain: -1 })).toThrow(/gain/);
  expect(() => xavierNormal({ gian: 1 } as object)).toThrow(/unknown option "gian"/);
  expect(() => kaimingNormal({ mode: 'fan_in' as 'fanIn' })).toThrow(/mode/);
  expect(() => kaimingUniform({ nonlinearity: 'gelu' as 'relu' })).toThrow(/nonlinearity among/);
  expect(() => defaultLinearBias(0)).toThrow(/inFeatures/);
  for (const shape of [[0, 2], [1.5, 2], [-1, 2], 3]) {
    for (const initializer of [zeros(), normal(), kaimingUniform(), orthogonal()]) {
      expect(() => fill(initializer, shape as number[])).toThrow(/a shape of positive integers/);
    }
  }
  for (const initializer of [kaimingUniform(), xavierNormal(), orthogonal()]) expect(() => fill(initializer, [3])).toThrow(/\[out, in, …\]/);
});
