import { broadcastMap, broadcastShape } from '../reference/axes.ts';
import { complexProduct, complexZeros } from '../reference/complex.ts';
import type { ComplexTensor } from '../reference/complex.ts';
import { matrix, product } from '../reference/product.ts';
import { sizeOf, zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta, deltaAt } from './change.ts';
import type { Options, Site } from './proof.ts';

/** The matrices of one operand: stored [rows, columns] each, and which of them each product of the batch reads. */
interface Matrices {
  readonly rows: number;
  readonly columns: number;
  readonly transpose: boolean;
  readonly of: Int32Array;
}

/** A product of batches: which matrices meet, and the shape of what they make. */
export interface Batches {
  readonly a: Matrices;
  readonly b: Matrices;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly count: number;
  readonly shape: Shape;
}

/** NumPy's matmul: matrices are the last two axes, the axes before them broadcast, and a vector is a row on the left, a column on the right. */
export function batchesOf(a: Shape, b: Shape, options: Options): Batches {
  const shapeA = a.length === 1 ? [1, a[0]] : a;
  // A column of b is the transpose of the row as which its numbers stand.
  const shapeB = b.length === 1 ? [1, b[0]] : b;
  const [batchA, batchB] = [shapeA.slice(0, -2), shapeB.slice(0, -2)];
  const batch = broadcastShape(batchA, batchB) ?? [];
  const operand = (shape: Shape, transpose: boolean): Matrices =>
    ({ rows: shape[shape.length - 2], columns: shape[shape.length - 1], transpose, of: broadcastMap(shape.slice(0, -2), batch) });
  const left = operand(shapeA, options.transposeA === true);
  const right = operand(shapeB, options.transposeB === true || b.length === 1);
  const m = left.transpose ? left.columns : left.rows;
  const n = right.transpose ? right.rows : right.columns;
  return {
    a: left, b: right, m, n, k: left.transpose ? left.rows : left.columns, count: sizeOf(batch),
    shape: [...batch, ...(a.length === 1 ? [] : [m]), ...(b.length === 1 ? [] : [n])],
  };
}

/** One matrix of a tensor as a tensor of its own, sharing its numbers. */
function part({ value, variance }: RefTensor, index: number, rows: number, columns: number): RefTensor {
  const [from, to] = [index * rows * columns, (index + 1) * rows * columns];
  return { shape: [rows, columns], value: value.subarray(from, to), variance: variance.subarray(from, to) };
}

/** Every product of the batch. */
export function batchedProduct(a: RefTensor, b: RefTensor, batches: Batches): RefTensor {
  const out = zeros(batches.shape);
  const { a: left, b: right, m, n } = batches;
  for (let p = 0; p < batches.count; p++) {
    const one = product(
      matrix(part(a, left.of[p], left.rows, left.columns), left.rows, left.columns, left.transpose),
      matrix(part(b, right.of[p], right.rows, right.columns), right.rows, right.columns, right.transpose), [m, n],
    );
    out.value.set(one.value, p * m * n);
    out.variance.set(one.variance, p * m * n);
  }
  return out;
}

/**
 * The gradients: dA = dC·Bᵀ and dB = Aᵀ·dC for each product, each added to the matrix that it belongs to, transposed where that is
 * stored so. The sum over products is one over k, too: their terms stand side by side in one product.
 */
export function batchedGradients(a: RefTensor, b: RefTensor, dout: RefTensor, batches: Batches): { a: RefTensor; b: RefTensor } {
  const { a: left, b: right, m, n, k } = batches;
  const upright = (tensor: RefTensor, operand: Matrices, p: number): RefTensor => copied(part(tensor, operand.of[p], operand.rows, operand.columns), operand.transpose);
  const A = (p: number): RefTensor => upright(a, left, p);
  const B = (p: number): RefTensor => upright(b, right, p);
  const D = (p: number): RefTensor => part(dout, p, m, n);
  const gradient = (target: RefTensor, { rows, columns, transpose, of }: Matrices, sum: (products: readonly number[]) => RefTensor): RefTensor => {
    const out = zeros(target.shape);
    for (let index = 0; index < target.value.length / (rows * columns); index++) {
      const products = [...of.keys()].filter((p) => of[p] === index);
      const total = sum(products);
      const stored = transpose ? copied(total, true) : total;
      out.value.set(stored.value, index * rows * columns);
      out.variance.set(stored.variance, index * rows * columns);
    }
    return out;
  };
  return {
    a: gradient(a, left, (products) => product(
      matrix(sideBySide(products.map(D)), m, products.length * n), matrix(sideBySide(products.map(B)), k, products.length * n, true), [m, k],
    )),
    b: gradient(b, right, (products) => product(
      matrix(oneBelowAnother(products.map(A)), products.length * m, k, true), matrix(oneBelowAnother(products.map(D)), products.length * m, n), [k, n],
    )),
  };
}

/** A matrix [rows, columns] on its own, transposed where that is asked for. */
function copied({ shape: [rows, columns], value, variance }: RefTensor, transpose: boolean): RefTensor {
  if (!transpose) return { shape: [rows, columns], value, variance };
  const out = zeros([columns, rows]);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      out.value[j * rows + i] = value[i * columns + j];
      out.variance[j * rows + i] = variance[i * columns + j];
    }
  }
  return out;
}

function oneBelowAnother(parts: readonly RefTensor[]): RefTensor {
  if (parts.length === 1) return parts[0];
  const [rows, columns] = parts[0].shape;
  const out = zeros([parts.length * rows, columns]);
  parts.forEach(({ value, variance }, index) => {
    out.value.set(value, index * rows * columns);
    out.variance.set(variance, index * rows * columns);
  });
  return out;
}

const sideBySide = (parts: readonly RefTensor[]): RefTensor => (parts.length === 1 ? parts[0] : copied(oneBelowAnother(parts.map((one) => copied(one, true))), true));

/** Every product of the batch over complex numbers. */
export function complexBatchedProduct(a: ComplexTensor, b: ComplexTensor, batches: Batches): ComplexTensor {
  const out = complexZeros(batches.shape);
  const { m, n } = batches;
  const factor = ({ re, im }: ComplexTensor, { rows, columns, transpose, of }: Matrices, p: number) => {
    const [from, to] = [of[p] * rows * columns, (of[p] + 1) * rows * columns];
    return { tensor: { shape: [rows, columns], re: re.subarray(from, to), im: im.subarray(from, to) }, rows, columns, transpose };
  };
  for (let p = 0; p < batches.count; p++) {
    const one = complexProduct(factor(a, batches.a, p), factor(b, batches.b, p), [m, n]);
    out.re.set(one.re, p * m * n);
    out.im.set(one.im, p * m * n);
  }
  return out;
}

/** Adds the change of every product to `out`: ΔA·B, and (A + ΔA)·ΔB. The caller has emptied `out`. */
export function batchedChange(a: Site, b: Site, out: Site, { a: left, b: right, m, n, k, count }: Batches): () => void {
  const usersOf = ({ of }: Matrices, matrices: number): number[][] => {
    const users: number[][] = Array.from({ length: matrices }, () => []);
    for (let p = 0; p < count; p++) users[of[p]].push(p);
    return users;
  };
  const usersOfA = usersOf(left, a.value.length / (m * k));
  const usersOfB = usersOf(right, b.value.length / (n * k));
  const atA = (index: number, i: number, p: number): number => index * m * k + (left.transpose ? p * m + i : i * k + p);
  const atB = (index: number, p: number, j: number): number => index * n * k + (right.transpose ? j * k + p : p * n + j);
  return () => {
    for (let c = 0; c < a.change.count; c++) {
      const at = a.change.index[c];
      const delta = a.change.delta[c];
      const inside = at % (m * k);
      const i = left.transpose ? inside % m : Math.floor(inside / k);
      const p = left.transpose ? Math.floor(inside / m) : inside % k;
      for (const one of usersOfA[Math.floor(at / (m * k))]) {
        for (let j = 0; j < n; j++) addDelta(out.change, (one * m + i) * n + j, delta * b.value[atB(right.of[one], p, j)]);
      }
    }
    for (let c = 0; c < b.change.count; c++) {
      const at = b.change.index[c];
      const delta = b.change.delta[c];
      const inside = at % (n * k);
      const j = right.transpose ? Math.floor(inside / k) : inside % n;
      const p = right.transpose ? inside % k : Math.floor(inside / n);
      for (const one of usersOfB[Math.floor(at / (n * k))]) {
        for (let i = 0; i < m; i++) {
          const place = atA(left.of[one], i, p);
          const x = a.value[place] + (a.change.count > 0 ? deltaAt(a.change, place) : 0);
          if (x !== 0) addDelta(out.change, (one * m + i) * n + j, x * delta);
        }
      }
    }
  };
}
