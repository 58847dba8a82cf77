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
  return () => {
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

function transposed(value: Float64Array, rows: number, columns: number): Float64Array {
  const copy = new Float64Array(value.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) copy[j * rows + i] = value[i * columns + j];
  return copy;
}
