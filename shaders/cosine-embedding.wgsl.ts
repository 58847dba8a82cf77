import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

export interface CosineEmbeddingSpec {
  readonly rows: number;
  readonly columns: number;
  readonly scale: number;
  readonly margin: number;
}

/** What PyTorch adds to each sum of squares, so that a row of zeros divides by something. */
const EPSILON = 1e-12;

/** Pairs of rows with t = 1 are to point the same way, pairs with t = -1 are not; other values of t count nothing. */
export function cosineEmbedding({ rows, columns, scale, margin }: CosineEmbeddingSpec): Kernel {
  const all = arrayType(rows * columns);
  return laneKernel({
    name: 'cosine-embedding/row',
    formula: `c = Σ a·b / √((Σ a² + ε)·(Σ b² + ε)); rowLoss = 1 - c where t = 1, max(0, c - ${margin}) where t = -1
      da = slope · (b / √(…) - c · a / (Σ a² + ε)) with slope = ∓scale, 0 where rowLoss is cut; db alike`,
    declarations: [
      { name: 'a', access: 'read', type: all },
      { name: 'b', access: 'read', type: all },
      { name: 'expected', access: 'read', type: arrayType(rows) },
      { name: 'rowLoss', access: 'write', type: arrayType(rows) },
      { name: 'da', access: 'write', type: all },
      { name: 'db', access: 'write', type: all },
    ],
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  var product = 0.0;
  var squaresA = ${float(EPSILON)};
  var squaresB = ${float(EPSILON)};
  for (var i = start; i < start + ${columns}u; i++) {
    product += a[i] * b[i];
    squaresA += a[i] * a[i];
    squaresB += b[i] * b[i];
  }
  // Two roots: the product of two sums of squares could leave the range of f32.
  let size = sqrt(squaresA) * sqrt(squaresB);
  let cosine = product / size;
  let t = expected[lane];
  let beyond = cosine - ${float(margin)};
  // What is no number is not cut.
  let isCut = t != -1.0 || beyond <= 0.0;
  rowLoss[lane] = select(select(beyond, 0.0, isCut), 1.0 - cosine, t == 1.0);
  let slope = select(select(${float(scale)}, 0.0, isCut), ${float(-scale)}, t == 1.0);
  for (var i = start; i < start + ${columns}u; i++) {
    da[i] = slope * (b[i] / size - cosine * a[i] / squaresA);
    db[i] = slope * (a[i] / size - cosine * b[i] / squaresB);
  }`,
  });
}
