import { expect, test } from 'playwright/test';
import fc from 'fast-check';
import { philox, RandomStream, randomStreams, seedKey } from '../../src/data/philox.ts';
import { philoxFill, philoxFunctions } from '../../shaders/philox.wgsl.ts';

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');

test('Philox-4x32-10 gives the known answers of Random123', () => {
  const f = 0xffffffff;
  expect(hex(philox([0, 0, 0, 0], [0, 0]))).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  expect(hex(philox([f, f, f, f], [f, f]))).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd');
  expect(hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])))
    .toBe('d16cfe09 94fdcceb 5001e420 24126ea1');
});

test('every word agrees with 64-bit integer arithmetic', () => {
  const exact = (counter: number[], key: number[]) => {
    const mask = 0xffffffffn;
    let [c0, c1, c2, c3] = counter.map(BigInt);
    let [k0, k1] = key.map(BigInt);
    for (let round = 0; round < 10; round++) {
      const p0 = 0xd2511f53n * c0;
      const p1 = 0xcd9e8d57n * c2;
      [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
      [k0, k1] = [(k0 + 0x9e3779b9n) & mask, (k1 + 0xbb67ae85n) & mask];
    }
    return [c0, c1, c2, c3].map(Number);
  };
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(fc.property(fc.tuple(u32, u32, u32, u32), fc.tuple(u32, u32), (counter, key) => {
    expect([...philox(counter, key)]).toEqual(exact(counter, key));
  }), { numRuns: 300, seed: 1 });
});

test('a stream is the blocks of its counter: seed as key, then block, stream and part', () => {
  const seed = 0x1234_89abcdef;
  const random = new RandomStream(seed, 7, 9);
  const first = philox([0, 0, 7, 9], [0x89abcdef, 0x1234]);
  const second = philox([1, 0, 7, 9], [0x89abcdef, 0x1234]);
  expect(Array.from({ length: 8 }, () => random.bits())).toEqual([...first, ...second]);
  expect(random.position).toBe(8);
  expect(seedKey(seed)).toEqual([0x89abcdef, 0x1234]);
  const far = new RandomStream(seed, 7, 9, 4 * 2 ** 32 + 1);
  expect(far.bits()).toBe(philox([0, 1, 7, 9], [0x89abcdef, 0x1234])[1]);
});

test('a stream resumes from its position whatever was drawn before', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('uniform', 'normal', 'bits'), { maxLength: 20 }), (draws) => {
    const random = new RandomStream(5, randomStreams.data);
    for (const draw of draws) random[draw as 'uniform' | 'normal' | 'bits']();
    const resumed = new RandomStream(5, randomStreams.data, 0, random.position);
    expect([resumed.normal(), resumed.uniform(), resumed.integer(10)]).toEqual([random.normal(), random.uniform(), random.integer(10)]);
  }), { numRuns: 50, seed: 1 });
});

test('seeds, streams and parts give different numbers', () => {
  const starts = [
    new RandomStream(0), new RandomStream(1), new RandomStream(2 ** 32), new RandomStream(0, 1), new RandomStream(0, 0, 1),
  ].map((random) => random.bits());
  expect(new Set(starts).size).toBe(starts.length);
  expect(new Set(Object.values(randomStreams)).size).toBe(Object.keys(randomStreams).length);
});

test('uniform: 24-bit multiples in [0, 1), the moments and 64 equal bins', () => {
  const random = new RandomStream(11);
  const n = 64_000;
  const bins = new Array<number>(64).fill(0);
  let sum = 0;
  let squares = 0;
  let outside = 0;
  for (let i = 0; i < n; i++) {
    const u = random.uniform();
    if (!(u >= 0 && u < 1 && Number.isInteger(u * 2 ** 24))) outside++;
    sum += u;
    squares += u * u;
    bins[Math.floor(u * 64)]++;
  }
  expect(Math.abs(sum / n - 1 / 2)).toBeLessThan(0.006);
  expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(0.006);
  // χ² with 63 degrees of freedom: mean 63, deviation 11.2.
  expect(chiSquare(bins, n / 64)).toBeLessThan(120);
  for (let i = 0; i < 1000; i++) {
    const u = random.uniform(-3, 5);
    if (!(u >= -3 && u < 5)) outside++;
  }
  expect(outside).toBe(0);
});

test('normal: moments and tails', () => {
  const random = new RandomStream(12);
  const n = 100_000;
  let [m1, m2, m3, m4, beyond2] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const z = random.normal();
    m1 += z / n;
    m2 += (z * z) / n;
    m3 += z ** 3 / n;
    m4 += z ** 4 / n;
    if (Math.abs(z) > 2) beyond2 += 1 / n;
  }
  expect(Math.abs(m1)).toBeLessThan(0.016);
  expect(Math.abs(m2 - 1)).toBeLessThan(0.023);
  expect(Math.abs(m3)).toBeLessThan(0.06);
  expect(Math.abs(m4 - 3)).toBeLessThan(0.16);
  expect(Math.abs(beyond2 - 0.0455)).toBeLessThan(0.004);
  expect(new RandomStream(3).normal(10, 0)).toBe(10);
});

test('integer: no modulo bias, whole range', () => {
  // For n = 3 · 2^30 the plain remainder hits the lower third of the range half of the time.
  const random = new RandomStream(13);
  const n = 3 * 2 ** 30;
  const bins = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) bins[Math.floor(random.integer(n) / 2 ** 30)]++;
  expect(chiSquare(bins, 10_000)).toBeLessThan(20);
  expect(random.integer(1)).toBe(0);
  expect(random.integer(2 ** 32)).toBeLessThan(2 ** 32);
});

test('permutation: holds each index once, every order equally likely', () => {
  const random = new RandomStream(14, randomStreams.shuffle);
  fc.assert(fc.property(fc.nat(200), (n) => {
    expect([...random.permutation(n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  }), { numRuns: 60, seed: 1 });
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = random.permutation(4).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  // χ² with 23 degrees of freedom: mean 23, deviation 6.8.
  expect(chiSquare([...counts.values()], 1000)).toBeLessThan(60);
});

test('bad seeds and arguments are refused by name', () => {
  for (const seed of [-1, 1.5, NaN, Infinity, 2 ** 53, '1', null, undefined]) {
    expect(() => new RandomStream(seed as number)).toThrow(/^RandomStream: needs seed to be an integer/);
  }
  expect(new RandomStream(Number.MAX_SAFE_INTEGER).bits()).toBeGreaterThanOrEqual(0);
  const random = new RandomStream(1);
  for (const n of [0, -1, 1.5, 2 ** 32 + 1, NaN]) expect(() => random.integer(n)).toThrow(/integer: needs n/);
  for (const n of [-1, 1.5, 2 ** 32]) expect(() => random.permutation(n)).toThrow(/permutation: needs n/);
  expect(() => random.uniform(1, 0)).toThrow(/low ≤ high/);
  expect(() => random.uniform(0, Infinity)).toThrow(/finite/);
  expect(() => random.normal(0, -1)).toThrow(/deviation/);
  expect(() => new RandomStream(1, -1)).toThrow(/stream/);
  expect(() => new RandomStream(1, 0, 2 ** 32)).toThrow(/part/);
  expect(() => philox([0, 0, 0, -1], [0, 0])).toThrow(/counter\[3\]/);
  expect(() => philox([0, 0, 0, 0], [0] as unknown as [number, number])).toThrow(/key/);
});

test('the WGSL text holds the generator, a guard and nothing of the seed', () => {
  const kernel = philoxFill({ length: 1001 });
  expect(kernel.count).toBe(251);
  expect(kernel.code).toContain(philoxFunctions.trim());
  expect(kernel.code).toContain('lane >= 251u');
  expect(kernel.code).toContain('first + i < 1001u');
  expect(kernel.bindings).toEqual([{ name: 'random', access: 'uniform' }, { name: 'out', access: 'write' }]);
  for (const length of [0, -1, 1.5, 2 ** 32, NaN]) expect(() => philoxFill({ length })).toThrow(/philoxFill: needs length/);
});

function chiSquare(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
