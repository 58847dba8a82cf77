import { expect, test } from 'playwright/test';
import { growth, median, rateOf, summary } from '../../src/cli/bench-statistics.mjs';

test('medians and summaries', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
  expect(summary([5, 3, 10])).toEqual({ min: 3, median: 5, rounds: 3 });
  expect(summary([])).toBeNull();
});

test('rates are work by time, and a part of the ceiling', () => {
  // 2 GFLOP in 100 ms are 20 GFLOP/s.
  expect(rateOf(2e9, 100, 40)).toEqual({ rate: 20, fraction: 0.5 });
  expect(rateOf(2e9, 100, null)).toEqual({ rate: 20, fraction: null });
  expect(rateOf(null, 100, 40)).toBeNull();
  expect(rateOf(2e9, 0, 40)).toBeNull();
});

test('growth is the power of the work', () => {
  const points = (power: number) => [1, 2, 4, 8].map((size) => ({ flops: size * 1e6, ms: 3 * size ** power }));
  expect(growth(points(1))).toBeCloseTo(1, 12);
  expect(growth(points(0))).toBeCloseTo(0, 12);
  expect(growth(points(2))).toBeCloseTo(2, 12);
});
