import { readFileSync } from 'node:fs';
import { expect, test } from 'playwright/test';
import { KAPPA } from '../../src/check/verdict.ts';
import { baselineOf, keyOf, regressions, updated } from '../precision.ts';
import type { PrecisionFile } from '../precision.ts';

const row = (worstSigma: number, sample = 'tanh [7], tanh.out') => ({ worstSigma, sample });

test('a kernel that becomes twice as inexact is named with both figures and its sample', () => {
  expect(regressions({ tanh: row(1.1) }, { tanh: row(2.2) })).toEqual([]);
  expect(regressions({ tanh: row(1.1, 'the old sample') }, { tanh: row(2.21, 'the new sample') })).toEqual([
    'tanh: its worst error has more than doubled, from 1.10 σ (the old sample) to 2.21 σ at the new sample',
  ]);
  for (const broken of [Infinity, NaN]) expect(regressions({ tanh: row(1.1) }, { tanh: row(broken) })).toHaveLength(1);
});

test('noise near 0 trips nothing, and a real error does even there', () => {
  expect(regressions({ relu: row(0) }, { relu: row(0.5) })).toEqual([]);
  expect(regressions({ relu: row(0.01) }, { relu: row(0.51) })).toHaveLength(1);
});

test('a kernel without a row, and a row without a kernel, say how to write the table', () => {
  expect(regressions({}, { tanh: row(1) })).toEqual([expect.stringMatching(/^tanh: has no row yet; 1\.00 σ now at tanh \[7\], tanh\.out\. UPDATE_PRECISION=1 /)]);
  expect(regressions({ tanh: row(1) }, {})).toEqual([expect.stringMatching(/^tanh: has a row, but no sample runs it\. UPDATE_PRECISION=1 /)]);
});

test('the table of this adapter and browser, else the newest of this adapter, else none', () => {
  const file: PrecisionFile = { 'A (x), chromium 99': { a: row(1) }, 'A (x), chromium 156': { a: row(2) }, 'A (x), firefox 200': { a: row(3) }, 'B (x), chromium 300': { a: row(4) } };
  expect(baselineOf(file, 'A (x)', 'chromium 99')).toMatchObject({ key: 'A (x), chromium 99', exact: true });
  expect(baselineOf(file, 'A (x)', 'chromium 160')).toMatchObject({ key: 'A (x), chromium 156', exact: false, table: { a: { worstSigma: 2 } } });
  expect(baselineOf(file, 'A (x)', 'safari 26')).toBeUndefined();
  expect(baselineOf(file, 'C (x)', 'chromium 156')).toBeUndefined();
});

test('writing a table keeps the others, in order', () => {
  const key = keyOf('A (x)', 'chromium 99');
  const next = updated({ 'B (x), chromium 1': { z: row(1) } }, key, { b: row(1.23456), a: row(2) });
  expect(JSON.stringify(next)).toBe(`{"${key}":{"a":{"worstSigma":2,"sample":"tanh [7], tanh.out"},"b":{"worstSigma":1.23,"sample":"tanh [7], tanh.out"}},"B (x), chromium 1":{"z":{"worstSigma":1,"sample":"tanh [7], tanh.out"}}}`);
});

test('the committed tables hold what checks rely on', () => {
  const file = JSON.parse(readFileSync(new URL('../precision/kernels.json', import.meta.url), 'utf8')) as PrecisionFile;
  expect(Object.keys(file).length).toBeGreaterThan(0);
  for (const [key, table] of Object.entries(file)) {
    expect(key).toMatch(/^.+ \(.+\), [a-z]+ \d+$/);
    expect(Object.keys(table).length, key).toBeGreaterThan(25);
    for (const [kernel, { worstSigma, sample }] of Object.entries(table)) {
      expect(worstSigma, `${kernel} at ${sample}`).toBeGreaterThanOrEqual(0);
      expect(worstSigma, `${kernel} at ${sample}`).toBeLessThanOrEqual(KAPPA);
    }
  }
});
