import { calibration, type CalibrationSpec } from '../../shaders/calibration.wgsl.ts';
import { ChainruleError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { KernelFamily } from '../ops/request.ts';
import { createTensor, runRequests } from '../program/run-requests.ts';
import { PROMISED_ERRORS } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { browserName } from './browser-name.ts';
import { BUILTIN_ROWS, inputsOf } from './builtin-rows.ts';
import type { BuiltinRow } from './builtin-rows.ts';
import { absoluteError, errorInUlp } from './float-error.ts';
import { usedError } from './used-error.ts';

/** How far one function erred: one field of BuiltinErrors as one row of the table found it. */
export interface BuiltinMeasurement {
  /** The function: `exp`, `log near 1`. */
  readonly name: string;
  readonly field: keyof BuiltinErrors;
  /** `ulp per |x|` is what an error in ulp grows by with the size of the argument. */
  readonly unit: 'ulp' | 'ulp per |x|' | 'absolute';
  /** What WGSL promises, or what the library's own formula reaches. */
  readonly promised: number;
  /** The largest error found; Infinity where the adapter gave NaN or an infinity for a number. */
  readonly measured: number;
  /** What the tolerances count with. */
  readonly used: number;
  /** Arguments tried. */
  readonly points: number;
  /** Where the largest error is. */
  readonly worst: { readonly inputs: readonly number[]; readonly got: number; readonly expected: number };
}

/** How exact the functions of one adapter are, as measured on it: plain data. */
export interface Calibration {
  readonly schema: 'chainrule/calibration/1';
  /** `SwiftShader (google, software)`. */
  readonly adapter: string;
  /** Name and major version: `chromium 156`; `node` outside browsers. */
  readonly browser: string;
  /** What tolerances are computed from. */
  readonly builtins: BuiltinErrors;
  readonly measured: readonly BuiltinMeasurement[];
  /** Functions that err more than is promised, by their names: builtins beyond WGSL, and the library's own, which are then wrong (see `isHelper`). */
  readonly beyondPromise: readonly string[];
  readonly milliseconds: number;
}

const family: KernelFamily<CalibrationSpec> = {
  name: 'calibration',
  variants: [{ name: 'lane', suits: () => true, kernel: calibration }],
};

const known = new WeakMap<Device, Promise<Calibration>>();

/**
 * Measures how far this adapter's exp, log, division, … err, and the library's own tanh, sigmoid and erf on it: what the
 * tolerances of gradient checks are computed from. Takes a fraction of a second, once for each device; a run that
 * fails (a lost device) is not remembered. Throws what the device throws.
 */
export function calibrate(device: Device): Promise<Calibration> {
  let running = known.get(device);
  if (!running) {
    running = measure(device, BUILTIN_ROWS);
    known.set(device, running);
    running.catch(() => known.delete(device));
  }
  return running;
}

/** Measures the given functions, anew at every call; fields without a row keep what is promised. */
export async function measure(device: Device, rows: readonly BuiltinRow[]): Promise<Calibration> {
  const started = performance.now();
  const inputs = rows.map(inputsOf);
  const lengths = inputs.map(({ a }) => a.length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const [first, second, out] = ['first', 'second', 'out'].map((name) => createTensor(name, [total]));
  const [results] = await runRequests(device, [{
    family,
    spec: { terms: rows.map(({ expression, helper }, i) => ({ expression, ...(helper ? { helper } : {}), count: lengths[i]! })) },
    reads: { first: first!, second: second! },
    writes: { out: out! },
  }], { inputs: new Map([[first!, joined(inputs.map(({ a }) => a))], [second!, joined(inputs.map(({ b }) => b))]]), read: [out!] });
  let start = 0;
  const measured = rows.flatMap((row, i) => {
    const got = results!.subarray(start, start + lengths[i]!) as Float32Array;
    start += lengths[i]!;
    return measurementsOf(row, inputs[i]!, got);
  });
  return {
    schema: 'chainrule/calibration/1',
    adapter: device.name,
    browser: browserName(),
    builtins: errorsOf(measured),
    measured,
    beyondPromise: [...new Set(measured.filter((one) => one.measured > one.promised).map(({ name }) => name))],
    milliseconds: performance.now() - started,
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What one row says, from its results: one measurement, and one more for the growth of its error where it has one. */
export function measurementsOf(row: BuiltinRow, { a, b }: { readonly a: Float32Array; readonly b: Float32Array }, got: Float32Array): BuiltinMeasurement[] {
  if (got.length !== a.length || a.length === 0) throw new ChainruleError('state', 'calibrate', `${a.length} results of ${row.name}`, String(got.length));
  const { reference, growth, unit } = row;
  const expected = Float64Array.from(a, (x, i) => reference(x, b[i]!));
  const errors = expected.map((value, i) => (unit === 'absolute' ? absoluteError(got[i]!, value) : errorInUlp(got[i]!, value)));
  const sizes = growth ? Float64Array.from(a, (x, i) => growth.size(x, b[i]!)) : undefined;
  /** The place of the largest score. */
  const worstOf = (score: (i: number) => number): number => {
    let worst = 0;
    for (let i = 1; i < a.length; i++) if (score(i) > score(worst)) worst = i;
    return worst;
  };
  const entry = (field: keyof BuiltinErrors, of: BuiltinMeasurement['unit'], at: number, measured: number): BuiltinMeasurement => ({
    name: row.name, field, unit: of, promised: PROMISED_ERRORS[field], measured, used: usedError(PROMISED_ERRORS[field], measured, of, row.helper !== undefined), points: a.length,
    worst: { inputs: row.b ? [a[at]!, b[at]!] : [a[at]!], got: got[at]!, expected: expected[at]! },
  });
  // The error of small arguments counts whole; what larger ones err beyond it is growth.
  const base = worstOf((i) => (sizes && sizes[i]! > 1 ? 0 : errors[i]!));
  const found = [entry(row.field, unit, base, errors[base]!)];
  if (growth && sizes) {
    const rate = (i: number): number => (sizes[i]! > 1 ? Math.max(0, errors[i]! - errors[base]!) / sizes[i]! : 0);
    const steepest = worstOf((i) => rate(i) || 0);
    found.push(entry(growth.field, 'ulp per |x|', steepest, rate(steepest)));
  }
  return found;
}

/** The largest error of each field; what was promised where nothing was measured. */
function errorsOf(measured: readonly BuiltinMeasurement[]): BuiltinErrors {
  const errors: Record<keyof BuiltinErrors, number> = { ...PROMISED_ERRORS };
  const seen = new Set<keyof BuiltinErrors>();
  for (const { field, used } of measured) {
    errors[field] = seen.has(field) ? Math.max(errors[field], used) : used;
    seen.add(field);
  }
  return errors;
}
