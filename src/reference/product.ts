import { FLUSH, ROUNDING } from './rounding.ts';
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
 * Variance: A²·s_B + s_A·B² + (0.6·√k·u·(|A|·|B|))², which holds for every order of summation; and for each term and each
 * partial sum what is lost where a device takes it for 0.
 */
export function product(a: Matrix, b: Matrix, shape: Shape): RefTensor {
  const out = zeros(shape);
  const m = a.rows;
  const k = a.columns;
  const n = b.columns;
  const roundings = ROUNDING * Math.sqrt(k);
  const flushed = 2 * k * FLUSH ** 2;
  const value = new Float64Array(n);
  const size = new Float64Array(n);
  const variance = new Float64Array(n);
  // Each row of B is read once for every row of A: read from one place after the other.
  const right = rowByRow(b);
  for (let i = 0; i < m; i++) {
    value.fill(0);
    size.fill(0);
    variance.fill(0);
    for (let p = 0; p < k; p++) {
      const at = i * a.rowStride + p * a.columnStride;
      const x = a.value[at];
      const sx = a.variance[at];
      for (let j = 0; j < n; j++) {
        const y = right.value[p * n + j];
        const term = x * y;
        value[j] += term;
        size[j] += Math.abs(term);
        variance[j] += x * x * right.variance[p * n + j] + sx * y * y;
      }
    }
    for (let j = 0; j < n; j++) {
      out.value[i * n + j] = value[j];
      out.variance[i * n + j] = variance[j] + (roundings * size[j]) ** 2 + (size[j] > 0 ? flushed : 0);
    }
  }
  return out;
}

/** The numbers of a matrix row by row: a copy where it is read transposed. */
function rowByRow({ value, variance, rows, columns, rowStride, columnStride }: Matrix): Pick<Matrix, 'value' | 'variance'> {
  if (columnStride === 1 && rowStride === columns) return { value, variance };
  const copy = { value: new Float64Array(rows * columns), variance: new Float64Array(rows * columns) };
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) {
      copy.value[i * columns + j] = value[i * rowStride + j * columnStride];
      copy.variance[i * columns + j] = variance[i * rowStride + j * columnStride];
    }
  }
  return copy;
}
