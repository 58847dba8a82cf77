import fc from 'fast-check';
import { expect, test } from 'playwright/test';
import { browserName } from '../../src/check/browser-name.ts';
import { BUILTIN_ROWS, inputsOf } from '../../src/check/builtin-rows.ts';
import type { BuiltinRow } from '../../src/check/builtin-rows.ts';
import { calibrationText } from '../../src/check/calibration-text.ts';
import { measurementsOf } from '../../src/check/calibrate.ts';
import { absoluteError, errorInUlp, neighbour } from '../../src/check/float-error.ts';
import { usedError } from '../../src/check/used-error.ts';
import { PROMISED_ERRORS } from '../../src/reference/rounding.ts';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

test('one unit in the last place is one ulp just above a power of two, and half of one just below', () => {
  expect(errorInUlp(1 + 2 ** -23, 1)).toBe(1);
  expect(errorInUlp(1 - 2 ** -24, 1)).toBe(0.5);
  expect(errorInUlp(2 - 2 ** -23, 2)).toBe(0.5);
  expect(errorInUlp(-4, -4 - 2 ** -21)).toBeCloseTo(1, 6);
  expect(errorInUlp(1, 1)).toBe(0);
});

test('below the normal numbers 0 is right, and far too much is not', () => {
  for (const small of [2 ** -126, 2 ** -130, 2 ** -149, 1e-60, 0, -(2 ** -140)]) {
    expect(errorInUlp(0, small)).toBe(0);
    expect(errorInUlp(Math.fround(small), small)).toBe(0);
  }
  // Counted in units of the smallest normal number, as no smaller one exists for every device.
  expect(errorInUlp(2 ** -100, 2 ** -140)).toBeGreaterThan(2 ** 48);
  expect(errorInUlp(0, 2 ** -100)).toBe(2 ** 23);
});

test('NaN and unexpected infinities err by Infinity, expected ones not at all', () => {
  for (const error of [errorInUlp, absoluteError]) {
    expect(error(NaN, 1)).toBe(Infinity);
    expect(error(NaN, 0)).toBe(Infinity);
    expect(error(NaN, Infinity)).toBe(Infinity);
    expect(error(Infinity, 3e38)).toBe(Infinity);
    expect(error(-Infinity, Infinity)).toBe(Infinity);
    expect(error(3e38, Infinity)).toBe(Infinity);
    expect(error(Infinity, Infinity)).toBe(0);
    // What rounds to infinity may be infinity.
    expect(error(Infinity, 1e39)).toBe(0);
  }
});

test('rounding to float32 errs by at most half an ulp, and neighbours by at most one', () => {
  fc.assert(fc.property(fc.double({ min: -1e38, max: 1e38, noNaN: true }), (x) => errorInUlp(Math.fround(x), x) <= 0.5));
  fc.assert(fc.property(finite.filter((x) => Math.abs(x) > 2 ** -125 && Math.abs(x) < 3e38), (x) => {
    const above = errorInUlp(neighbour(x, 1), x);
    return above > 0.49 && above <= 1;
  }));
});

test('neighbours: one step and back, through 0, never past the largest', () => {
  fc.assert(fc.property(finite.filter((x) => Math.abs(x) < 3e38), (x) => {
    const up = neighbour(x, 1);
    return up > x && neighbour(up, -1) === x && neighbour(-x, -1) === -up;
  }));
  expect(neighbour(0, 1)).toBe(2 ** -149);
  expect(neighbour(0, -1)).toBe(-(2 ** -149));
  expect(neighbour(3.4028234663852886e38, 1)).toBe(3.4028234663852886e38);
});

/** A row's results as `device` gives them, in float32. */
function results(row: BuiltinRow, device: (a: number, b: number) => number) {
  const inputs = inputsOf(row);
  return measurementsOf(row, inputs, inputs.a.map((a, i) => device(a, inputs.b[i]!)));
}

test('every row sees exact functions as exact to one rounding, at thousands of points', () => {
  const fields = new Set<string>();
  for (const row of BUILTIN_ROWS) {
    for (const { name, field, measured, used, points, promised, unit } of results(row, row.reference)) {
      fields.add(field);
      expect(measured, name).toBeLessThanOrEqual(unit === 'absolute' ? 2 ** -24 : unit === 'ulp' ? 0.5 : 1e-4);
      expect(points, name).toBeGreaterThan(8000);
      expect(used, name).toBeLessThan(promised);
      if (unit === 'ulp') expect(used, name).toBeGreaterThanOrEqual(0.6);
    }
  }
  expect([...fields].sort(), 'every error that a variance counts with is measured').toEqual(Object.keys(PROMISED_ERRORS).sort());
});

test('inputs are finite float32, the same at every call, with both signs where a function has two sides', () => {
  for (const row of BUILTIN_ROWS) {
    const { a, b } = inputsOf(row);
    expect(a.every(Number.isFinite) && b.every(Number.isFinite), row.name).toBe(true);
    expect(Array.from(inputsOf(row).a)).toEqual(Array.from(a));
    expect(a.some((x) => x < 0), row.name).toBe(row.a.bothSigns === true || (row.a.even ?? []).some(([from]) => from < 0));
    // A function that is 0 or infinite at most of its inputs would be measured at few.
    const told = a.filter((x, i) => Math.abs(row.reference(x, b[i]!)) > 2 ** -126 && Number.isFinite(Math.fround(row.reference(x, b[i]!))));
    expect(told.length / a.length, row.name).toBeGreaterThan(0.75);
  }
});

/** Functions that err where a careless calibration would not look. */
const PLANTED: readonly [row: string, field: string, device: (a: number, b: number) => number][] = [
  ['exp', 'expUlp', (a) => Math.exp(a) * (1 + 9 * 2 ** -23 * (Math.abs(a) < 0.5 ? 1 : 0))],
  ['exp', 'expUlpPerUnit', (a) => Math.exp(a * (1 + 2.6 * 2 ** -23))],
  ['exp', 'expUlp', (a) => (a === 0 ? NaN : Math.exp(a))],
  ['log near 1', 'logAbsolute', (a) => Math.log(a) + (Math.abs(a - 1) < 0.01 ? 2 ** -20 : 0)],
  ['log', 'logUlp', (a) => (a > 2 ** 80 ? Math.log(a) * (1 + 5 * 2 ** -23) : Math.log(a))],
  ['log', 'logUlp', (a) => Math.log(a === 2 ** 64 ? a / 2 : a)],
  ['division', 'divisionUlp', (a, b) => a / b * (1 + (a < 0 ? 4 * 2 ** -23 : 0))],
  ['reciprocal', 'divisionUlp', (a) => (Math.abs(a) > 2 ** 100 ? 0 : 1 / a)],
  ['inverseSqrt', 'inverseSqrtUlp', (a) => Math.fround(1 / Math.sqrt(a)) * (1 + 3 * 2 ** -23)],
  ['sqrt', 'sqrtUlp', (a) => Math.sqrt(a) * (a < 2 ** -100 ? 1 - 6 * 2 ** -23 : 1)],
  ['tanh', 'tanhUlp', (a) => (Math.abs(a) < 2 ** -12 ? Math.fround(Math.fround(1 + a) - 1) : Math.tanh(a))],
  ['tanh', 'tanhUlp', (a) => (Math.abs(a) > 88 ? NaN : Math.tanh(a))],
  ['sigmoid', 'sigmoidUlp', (a) => (a > 0.001 && a < 0.01 ? Math.fround(1 / (1 + Math.exp(-a))) + 2 ** -20 : 1 / (1 + Math.exp(-a)))],
  ['sigmoid', 'sigmoidUlpPerUnit', (a) => 1 / (1 + Math.exp(-a * (1 + 2.6 * 2 ** -23)))],
  ['sigmoid', 'sigmoidUlp', (a) => (a < -88 ? NaN : 1 / (1 + Math.exp(-a)))],
  ['erf', 'erfAbsolute', (a) => (Math.abs(a) > 1 && Math.abs(a) < 1.001 ? 1e-6 : 0) + BUILTIN_ROWS.find(({ name }) => name === 'erf')!.reference(a, 0)],
];

for (const [name, field, device] of PLANTED) {
  test(`an inaccurate ${name} is seen: ${field}, ${String(device).replace(/\s+/g, ' ').slice(0, 90)}`, () => {
    const row = BUILTIN_ROWS.find((candidate) => candidate.name === name)!;
    const found = results(row, device);
    const worst = found.filter(({ measured, promised }) => measured > promised);
    // NaN at a large argument counts as growth, at a small one as a plain error: either way it is beyond the promise.
    expect(worst.length, JSON.stringify(found)).toBeGreaterThan(0);
    const { field: where, measured, promised, used, worst: at } = worst.find((one) => one.field === field) ?? worst[0]!;
    if (Number.isFinite(measured)) {
      expect(where).toBe(field);
      // A fault keeps the promise, so that checks fail, and so does every error of the library's own; a mere inaccuracy is counted with.
      expect(used).toBe(row.helper || measured > 4 * promised ? promised : measured);
    } else {
      expect(used).toBe(promised);
      expect(at.got).toBeNaN();
    }
    expect(Math.fround(device(at.inputs[0]!, at.inputs[1] ?? 0))).toBe(at.got);
  });
}

test('from measured to used: a margin, never above a kept promise, never below one rounding, and no fault is excused', () => {
  expect(usedError(3, 1, 'ulp')).toBe(1.5);
  expect(usedError(3, 2.5, 'ulp')).toBe(3);
  expect(usedError(3, 0, 'ulp')).toBeCloseTo(0.6);
  expect(usedError(2, 0, 'ulp per |x|')).toBe(0);
  expect(usedError(3, 4, 'ulp')).toBe(4);
  expect(usedError(3, 12, 'ulp')).toBe(12);
  expect(usedError(3, 12.1, 'ulp')).toBe(3);
  expect(usedError(8, 4, 'ulp', true), 'a helper').toBe(6);
  expect(usedError(8, 8.1, 'ulp', true), 'a helper').toBe(8);
  expect(usedError(3, Infinity, 'ulp')).toBe(3);
  expect(usedError(3, NaN, 'ulp')).toBe(3);
  expect(usedError(2 ** -21, 0, 'absolute')).toBeCloseTo(0.6 * 2 ** -23, 12);
});

test('results that are too few are refused', () => {
  const row = BUILTIN_ROWS[0]!;
  const inputs = inputsOf(row);
  expect(() => measurementsOf(row, inputs, new Float32Array(3))).toThrow(`calibrate: needs ${inputs.a.length} results of exp, got 3`);
});

test('browsers by name and major version', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36';
  expect(browserName({ userAgent: chrome, userAgentData: { brands: [{ brand: 'Not=A?Brand', version: '8' }, { brand: 'Microsoft Edge', version: '155' }, { brand: 'Chromium', version: '156' }] } })).toBe('chromium 156');
  expect(browserName({ userAgent: chrome })).toBe('chromium 156');
  expect(browserName({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0' })).toBe('firefox 141');
  expect(browserName({ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1' })).toBe('safari 26');
  expect(browserName({ userAgent: 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15' })).toBe('safari 26');
  expect(browserName({ userAgent: 'Node.js/22' })).toBe('node');
  expect(browserName({})).toBe('node');
  expect(browserName({ userAgent: 'something else' })).toBe('unknown browser');
});

test('a calibration as one line', () => {
  const note = { adapter: 'a device', browser: 'chromium 156', builtins: PROMISED_ERRORS, beyondPromise: [] };
  expect(calibrationText(note)).toBe('measured on a device in chromium 156: exp 3.0 + 2.0·|x|, log 3.5, division 2.5, tanh 8.0, sigmoid 7.0 + 2.0·|x| ulp, erf 5.0e-7');
  const wide = { ...PROMISED_ERRORS, expUlp: 4, logUlp: 5 };
  expect(calibrationText({ ...note, builtins: wide, beyondPromise: ['exp', 'log'] })).toMatch(/; beyond what WGSL promises: exp, log$/);
  expect(calibrationText({ ...note, builtins: wide, beyondPromise: ['exp', 'sqrt', 'erf'] }))
    .toMatch(/; beyond what WGSL promises: exp; so far beyond what WGSL promises that checks count with the promise: sqrt; beyond what the library's own formula reaches, so wrong: erf$/);
});
