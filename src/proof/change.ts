/**
 * A sparse change of a tensor: `delta[k]` is added to element `index[k]` for k < count, each element at most once.
 * Membership is by `position` (a sparse set), so that emptying costs nothing: set `count` to 0.
 * Deltas, not new values: a step of 1e-5 must not drown in the rounding of the value it changes.
 */
export interface Change {
  count: number;
  readonly index: Int32Array;
  readonly delta: Float64Array;
  readonly position: Int32Array;
}

/** An empty change of a tensor with `size` elements. */
export function emptyChange(size: number): Change {
  return { count: 0, index: new Int32Array(size), delta: new Float64Array(size), position: new Int32Array(size) };
}

/** Adds `delta` to element `i`. */
export function addDelta(change: Change, i: number, delta: number): void {
  const { index, position } = change;
  let at = position[i];
  if (at >= change.count || index[at] !== i) {
    at = change.count++;
    index[at] = i;
    position[i] = at;
    change.delta[at] = delta;
  } else {
    change.delta[at] += delta;
  }
}

/** The change of element `i`: 0 where there is none. */
export function deltaAt(change: Change, i: number): number {
  const at = change.position[i];
  return at < change.count && change.index[at] === i ? change.delta[at] : 0;
}
