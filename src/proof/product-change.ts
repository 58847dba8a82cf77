import { addDelta, deltaAt } from './change.ts';
import type { Site } from './proof.ts';

/** A matrix over a site, stored row by row as [rows, columns] and read transposed where `transpose` is set. */
interface SiteMatrix {
  readonly site: Site;
  readonly rows: number;
  readonly columns: number;
  readonly transpose: boolean;
}

/**
 * Adds the change of C = A·B [m, n] to `out`: ΔA·B for each changed element of A (a row of C), (A + ΔA)·ΔB for each
 * changed element of B (a column of C). The caller has emptied `out`.
 */
export function productChange(a: SiteMatrix, b: SiteMatrix, out: Site): () => void {
  const m = a.transpose ? a.columns : a.rows;
  const n = b.transpose ? b.rows : b.columns;
  const rowsOfB = b.transpose ? transposed(b.site.value, b.rows, b.columns) : b.site.value;
  const columnsOfA = a.transpose ? a.site.value : transposed(a.site.value, a.rows, a.columns);
  const changeA = a.site.change;
  const changeB = b.site.change;
  const k = a.transpose ? a.rows : a.columns;
  return () => {
    // Where all elements move, as along a direction, whole rows are faster than one element after the other.
    if (changeB.count === b.site.value.length && changeA.count === 0) {
      addProduct(out, (row, p) => columnsOfA[p * m + row], deltasOf(b), m, k, n);
      return;
    }
    if (changeA.count === a.site.value.length && changeB.count === 0) {
      const deltas = deltasOf(a);
      addProduct(out, (row, p) => deltas[row * k + p], rowsOfB, m, k, n);
      return;
    }
    for (let c = 0; c < changeA.count; c++) {
      const at = changeA.index[c];
      const delta = changeA.delta[c];
      const major = Math.floor(at / a.columns);
      const minor = at - major * a.columns;
      const row = a.transpose ? minor : major;
      const p = a.transpose ? major : minor;
      for (let j = 0; j < n; j++) addDelta(out.change, row * n + j, delta * rowsOfB[p * n + j]);
    }
    for (let c = 0; c < changeB.count; c++) {
      const at = changeB.index[c];
      const delta = changeB.delta[c];
      const major = Math.floor(at / b.columns);
      const minor = at - major * b.columns;
      const p = b.transpose ? minor : major;
      const column = b.transpose ? major : minor;
      for (let i = 0; i < m; i++) {
        const moved = changeA.count > 0 ? deltaAt(changeA, a.transpose ? p * a.columns + i : i * a.columns + p) : 0;
        const x = columnsOfA[p * m + i] + moved;
        if (x !== 0) addDelta(out.change, i * n + column, x * delta);
      }
    }
  };
}

/** The changes of all elements, as the matrix is read, row by row. */
function deltasOf({ site: { change }, rows, columns, transpose }: SiteMatrix): Float64Array {
  const deltas = new Float64Array(change.index.length);
  for (let k = 0; k < change.count; k++) deltas[change.index[k]] = change.delta[k];
  return transpose ? transposed(deltas, rows, columns) : deltas;
}

/** Adds left·right to the change of `out`, where left is [m, k], and right [k, n] row by row. */
function addProduct(out: Site, left: (row: number, p: number) => number, right: Float64Array, m: number, k: number, n: number): void {
  const sums = new Float64Array(n);
  for (let row = 0; row < m; row++) {
    sums.fill(0);
    for (let p = 0; p < k; p++) {
      const x = left(row, p);
      for (let j = 0; j < n; j++) sums[j] += x * right[p * n + j];
    }
    for (let j = 0; j < n; j++) addDelta(out.change, row * n + j, sums[j]);
  }
}

function transposed(value: Float64Array, rows: number, columns: number): Float64Array {
  const copy = new Float64Array(value.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) copy[j * rows + i] = value[i * columns + j];
  return copy;
}
