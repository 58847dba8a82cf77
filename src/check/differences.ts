import type { Nudger } from './nudge.ts';

/** The finite difference of each element and how far it may be from the truth. */
export interface Differences {
  readonly value: Float64Array;
  readonly bar: Float64Array;
}

/** Step relative to max(|x|, rms of the tensor). Richardson's pair is most exact near here in float64. */
const STEP = 1e-3;
/** A bar that is too wide for its limit is tried again with a smaller step, at most this often. */
const REFINEMENTS = 4;
const REFINED = 1 / 8;

/**
 * d objective / d element for every element of one tensor: central differences D(h) and D(h/2) in float64, combined to
 * (4·D(h/2) − D(h))/3 (Richardson), with |D(h/2) − D(h)|/3 as the error bar. Only forward code is used.
 * `limit` is the bar that the caller can bear for an element; yields the number of finished elements now and then.
 */
export function* differences(nudger: Nudger, tensor: number, value: Float64Array, limit: Float64Array): Generator<number, Differences> {
  nudger.select(tensor);
  const found = new Float64Array(value.length);
  const bar = new Float64Array(value.length);
  let squares = 0;
  for (const x of value) squares += x * x;
  const rms = Math.sqrt(squares / value.length);
  let next = now() + SLICE;
  for (let i = 0; i < value.length; i++) {
    const x = value[i];
    // A tensor of zeros (a fresh bias) has no scale of its own.
    let h = STEP * (Math.max(Math.abs(x), rms) || 1);
    let best = Infinity;
    for (let attempt = 0; attempt <= REFINEMENTS; attempt++) {
      const wide = central(nudger, i, x, h);
      const narrow = central(nudger, i, x, h / 2);
      const error = Math.abs(narrow - wide) / 3;
      if (error < best || !(best < Infinity)) {
        best = error;
        found[i] = (4 * narrow - wide) / 3;
        bar[i] = error;
      }
      if (error <= limit[i]) break;
      h *= REFINED;
    }
    if ((i & 31) === 31 && now() >= next) {
      yield i + 1;
      next = now() + SLICE;
    }
  }
  return { value: found, bar };
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
