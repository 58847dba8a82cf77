import type { BatchAxis, StoredMatrix } from '../../shaders/matmul-batch.wgsl.ts';
import type { MatmulSpec } from '../../shaders/matmul.wgsl.ts';
import { map } from './map.ts';
import type { Request } from './request.ts';
import { layoutOf, type Shape, type Tensor } from './tensor.ts';

/** A factor of a product as it lies in memory: matrices [rows, columns], of which columns are neighbours where any are. */
interface Factor {
  readonly transpose: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly offset: number;
  /** Sizes and strides of its batch axes, outermost first. */
  readonly sizes: Shape;
  readonly strides: readonly number[];
}

/** The same elements with an axis of one more at `position`: a vector as a matrix. */
export function withAxis(tensor: Tensor, position: number): Tensor {
  const insert = (list: readonly number[], value: number): number[] => [...list.slice(0, position), value, ...list.slice(position)];
  const { layout, shape } = tensor;
  return { ...tensor, shape: insert(shape, 1), ...(layout ? { layout: { ...layout, strides: insert(layout.strides, 0) } } : {}) };
}

/**
 * The tensor as a product can read it, with a copy before where it lies otherwise: neither rows nor columns are
 * neighbours, or it runs backwards.
 */
export function forProduct(tensor: Tensor, copy: () => Tensor): { tensor: Tensor; requests: Request[] } {
  const { layout, shape } = tensor;
  if (!layout) return { tensor, requests: [] };
  const lastTwo = shape.map((size, axis) => ({ size, stride: layout.strides[axis]! })).slice(-2);
  const hasNeighbours = lastTwo.some(({ size, stride }) => stride === 1 || size === 1);
  if (hasNeighbours && layout.strides.every((stride) => stride >= 0)) return { tensor, requests: [] };
  const to = copy();
  return { tensor: to, requests: [map(tensor, [], to)] };
}

function factorOf(tensor: Tensor, transpose: boolean): Factor {
  if (tensor.shape.length < 2) return factorOf(withAxis(tensor, 0), transpose);
  const { strides, offset } = layoutOf(tensor);
  const axes = tensor.shape.length;
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  const [rowStride, columnStride] = strides.slice(-2) as [number, number];
  const rest = { offset, sizes: tensor.shape.slice(0, axes - 2), strides: strides.slice(0, axes - 2) };
  // A view of a transposed matrix is the matrix itself with the other flag.
  if (columnStride !== 1 && columns > 1 && (rowStride === 1 || rows === 1)) {
    return { ...rest, transpose: !transpose, rows: columns, columns: rows, rowStride: columnStride, columnStride: 1 };
  }
  return { ...rest, transpose, rows, columns, rowStride, columnStride: columns === 1 ? 1 : columnStride };
}

/**
 * What out = A · B asks for, with A = a or aᵀ and B = b or bᵀ over the last two axes. The axes before them are batch axes:
 * NumPy's broadcasting between a and b, and the sum over those that out lacks. A single axis is a matrix of one row.
 */
export function productSpec(transposeA: boolean, transposeB: boolean, a: Tensor, b: Tensor, out: Shape): MatmulSpec {
  const left = { ...factorOf(a, transposeA) };
  const right = { ...factorOf(b, transposeB) };
  let [m, k] = left.transpose ? [left.columns, left.rows] : [left.rows, left.columns];
  const n = right.transpose ? right.rows : right.columns;
  const rank = Math.max(left.sizes.length, right.sizes.length);
  const target = out.slice(0, -2);
  const at = (list: readonly number[], axis: number): number | undefined => list[axis - rank + list.length];
  let axes = Array.from({ length: rank }, (_, axis): BatchAxis => {
    const [sizeA, sizeB] = [at(left.sizes, axis) ?? 1, at(right.sizes, axis) ?? 1];
    const size = Math.max(sizeA, sizeB);
    return {
      size, summed: (at(target, axis) ?? 1) !== size,
      strideA: sizeA === 1 ? 0 : at(left.strides, axis)!, strideB: sizeB === 1 ? 0 : at(right.strides, axis)!,
    };
  }).filter(({ size }) => size > 1);

  // An axis that only a has, and whose matrices lie one below the other, only makes a taller.
  for (;;) {
    const last = axes.findLast(({ summed }) => !summed);
    if (!last || left.transpose || last.strideB !== 0 || last.strideA === 0) break;
    if (m === 1) (left as { rowStride: number }).rowStride = last.strideA;
    if (last.strideA !== m * left.rowStride) break;
    m *= last.size;
    axes = axes.filter((axis) => axis !== last);
  }
  // Products that are added up, and whose matrices lie one after the other along k, are one product of a longer k.
  for (;;) {
    const long = axes.find(({ summed, strideA, strideB }) => summed && left.transpose && !right.transpose
      && strideA > 0 && strideA === (k === 1 ? strideA : k * left.rowStride) && strideB > 0 && strideB === (k === 1 ? strideB : k * right.rowStride));
    if (!long) break;
    if (k === 1) {
      (left as { rowStride: number }).rowStride = long.strideA;
      (right as { rowStride: number }).rowStride = long.strideB;
    }
    k *= long.size;
    axes = axes.filter((axis) => axis !== long);
  }
  const [rowsA, columnsA] = left.transpose ? [k, m] : [m, k];
  const [rowsB, columnsB] = right.transpose ? [n, k] : [k, n];
  const storedA = storedOf(left, rowsA, columnsA);
  const storedB = storedOf(right, rowsB, columnsB);
  return {
    m, n, k, transposeA: left.transpose, transposeB: right.transpose, epilogue: [], prologueA: [], prologueB: [], rowSums: false,
    batch: merged(axes), ...(storedA ? { storedA } : {}), ...(storedB ? { storedB } : {}),
  };
}

/** Where the matrices lie, unless row by row. */
function storedOf({ offset, rowStride, columnStride }: Factor, rows: number, columns: number): StoredMatrix | undefined {
  const isPlain = offset === 0 && columnStride === 1 && (rows === 1 || rowStride === columns);
  return isPlain ? undefined : { offset, rowStride, columnStride };
}

/** Neighbouring axes that step like one longer axis are one. */
function merged(axes: readonly BatchAxis[]): BatchAxis[] {
  return axes.reduce<BatchAxis[]>((done, axis) => {
    const outer = done[done.length - 1];
    const isOne = outer && outer.summed === axis.summed && outer.strideA === axis.size * axis.strideA && outer.strideB === axis.size * axis.strideB;
    return isOne ? [...done.slice(0, -1), { ...axis, size: outer.size * axis.size }] : [...done, axis];
  }, []);
}
