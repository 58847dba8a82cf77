import { ROUNDING } from './rounding.ts';
import { zeros } from './tensor.ts';
import type { RefTensor, Shape } from './tensor.ts';

/** A matrix over the numbers of a tensor: element (i, j) stands at `i·rowStride + j·columnStride`. */
interface Matrix {
  readonly value: Float64Array;
  readonly variance: Float64Array;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** The matrix stored row by row as [rows, columns]; with `transpose` its transpose, [columns, rows]. */
export function matrix(tensor: RefTensor, rows: number, columns: number, transpose = false): Matrix {
  const { value, variance } = tensor;
  return transpose
    ? { value, variance, rows: columns, columns: rows, rowStride: 1, columnStride: columns }
    : { value, variance, rows, columns, rowStride: columns, columnStride: 1 };
}

/**
 * C = A·B with A [m, k] and B [k, n], under the given shape of m·n elements.
 * Variance: A²·s_B + s_A·B² + (0.6·√k·u·(|A|·|B|))², which holds for every order of summation.
 */
export function product(a: Matrix, b: Matrix, shape: Shape): RefTensor {
  const out = zeros(shape);
  const m = a.rows;
  const k = a.columns;
  const n = b.columns;
  const roundings = ROUNDING * Math.sqrt(k);
  const value = new Float64Array(n);
  const size = new Float64Array(n);
  const variance = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    value.fill(0);
    size.fill(0);
    variance.fill(0);
    for (let p = 0; p < k; p++) {
      const at = i * a.rowStride + p * a.columnStride;
      const x = a.value[at];
      const sx = a.variance[at];
      for (let j = 0; j < n; j++) {
        const bt = p * b.rowStride + j * b.columnStride;
        const y = b.value[bt];
        const term = x * y;
        value[j] += term;
        size[j] += Math.abs(term);
        variance[j] += x * x * b.variance[bt] + sx * y * y;
      }
    }
    for (let j = 0; j < n; j++) {
      out.value[i * n + j] = value[j];
      out.variance[i * n + j] = variance[j] + (roundings * size[j]) ** 2;
    }
  }
  return out;
}
