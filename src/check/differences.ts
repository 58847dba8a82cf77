import type { Nudger } from './nudge.ts';

/** The finite differences of the elements of one tensor and how far each may be from the truth. */
export interface Differences {
  readonly value: Float64Array;
  readonly bar: Float64Array;
  /** 1 where a difference was taken; elsewhere value and bar are 0 and mean nothing. */
  readonly taken: Uint8Array;
}

/** Step relative to max(|x|, rms of the tensor). Richardson's pair is most exact near here in float64. */
export const STEP = 1e-3;
/** A bar that is too wide for its limit is tried again with a smaller step, at most this often. */
const REFINEMENTS = 4;
const REFINED = 1 / 8;

/** No differences yet, for a tensor of `size` elements. */
export function noDifferences(size: number): Differences {
  return { value: new Float64Array(size), bar: new Float64Array(size), taken: new Uint8Array(size) };
}

/**
 * d objective / d element for the given elements of one tensor: central differences D(h) and D(h/2) in float64, combined
 * to (4·D(h/2) − D(h))/3 (Richardson), with |D(h/2) − D(h)|/3 as the error bar. Only forward code is used.
 * `limit` is the bar from which on a smaller step would gain nothing, by element. Writes into `found`; yields the number
 * of finished elements now and then.
 */
export function* differences(
  nudger: Nudger, tensor: number, value: Float64Array, limit: Float64Array, elements: Iterable<number>, found: Differences,
): Generator<number, void> {
  nudger.select(tensor);
  const rms = Math.sqrt(value.reduce((sum, x) => sum + x * x, 0) / value.length);
  let next = now() + SLICE;
  let done = 0;
  for (const i of elements) {
    const x = value[i];
    // A tensor of zeros (a fresh bias) has no scale of its own.
    let h = STEP * (Math.max(Math.abs(x), rms) || 1);
    found.taken[i] = 1;
    found.bar[i] = Infinity;
    found.value[i] = NaN;
    for (let attempt = 0; attempt <= REFINEMENTS; attempt++) {
      const wide = central(nudger, i, x, h);
      const narrow = central(nudger, i, x, h / 2);
      const error = Math.abs(narrow - wide) / 3;
      if (error < found.bar[i]) {
        found.bar[i] = error;
        found.value[i] = (4 * narrow - wide) / 3;
      }
      if (error <= limit[i]) break;
      h *= REFINED;
    }
    done++;
    if ((done & 31) === 0 && now() >= next) {
      yield done;
      next = now() + SLICE;
    }
  }
}

/** Milliseconds between two reports of progress. */
const SLICE = 20;

function now(): number {
  return performance.now();
}

/** (f(x + h) − f(x − h))/2h with the step that float64 really takes. */
function central(nudger: Nudger, element: number, x: number, h: number): number {
  const above = x + h;
  const below = x - h;
  return (nudger.nudge(element, above - x) - nudger.nudge(element, below - x)) / (above - below);
}
