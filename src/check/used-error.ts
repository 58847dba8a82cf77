import { ROUNDING, UNIT_ROUNDOFF } from '../reference/rounding.ts';
import type { BuiltinMeasurement } from './calibrate.ts';

/**
 * Between the largest error that was found and the one that is counted with. Trying all 2³² arguments would take
 * minutes; against exhaustive runs over whole octaves on a software adapter the points found at least 0.73 of the largest
 * error, and a compiler may round a function's text differently where it stands among other work.
 */
const SAFETY = 1.5;

/** No function counts as more exact than one rounding. */
const LEAST_ULP = ROUNDING / UNIT_ROUNDOFF;

/**
 * A builtin that errs up to this many times WGSL's promise is a property of the adapter, and counted with. One that errs
 * more is at fault: tolerances keep to the promise, so that checks fail.
 */
const LENIENCE = 4;

/**
 * From a measured error to the one that tolerances count with: with a margin, but not above a promise that was kept. A
 * helper, a function of the library's own, never counts beyond its promise: a wrong coefficient in it is a bug of the
 * very kernels that are checked.
 */
export function usedError(promised: number, measured: number, unit: BuiltinMeasurement['unit'], helper = false): number {
  if (!(measured <= (helper ? 1 : LENIENCE) * promised)) return promised;
  const least = unit === 'ulp' ? LEAST_ULP : unit === 'absolute' ? LEAST_ULP * 2 ** -23 : 0;
  return Math.max(least, measured, Math.min(SAFETY * measured, promised));
}
