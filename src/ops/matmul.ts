import { quadKernels, tileKernels } from '../../shaders/loaded-kernels.ts';
import type { TILES } from '../../shaders/tiles.ts';
import { productCount, storedSizes } from '../../shaders/matmul-batch.wgsl.ts';
import type { MatrixUnit } from '../../shaders/matmul-subgroup-matrix.wgsl.ts';
import type { Together } from '../../shaders/together.wgsl.ts';
import { goesByOne, matmulRegister, outRows, type MatmulSpec } from '../../shaders/matmul.wgsl.ts';
import { ShapeError } from '../errors.ts';
import { graftAfter, graftBefore } from './map.ts';
import { flag, type Application, type LibraryOp, type Options } from './op.ts';
import { multiplications, productFlops, splitProduct } from './matmul-split.ts';
import { forProduct, productSpec, withAxis } from './product.ts';
import { isSumOf, reduceFamily } from './reduce.ts';
import { hasFamily, hasMatrixUnits, hasQuads, hasSubgroups, type KernelFamily, type Request, type Target, type Traits, type Variant } from './request.ts';
import { showShape, type Shape, type Tensor } from './tensor.ts';

/** Below this many multiplications a product is over before a larger block of registers pays for itself. */
const SMALL = 1 << 20;

/** Below this many multiplications a kernel of quads saves less time than it takes to compile. */
const WORTH_QUADS = 1 << 18;

/** A small product whose kernel compiles in half of the time where a turn of its loop is one step. */
const isShort = (spec: MatmulSpec, { adapterClass }: Target): boolean => adapterClass === 'cpu' && goesByOne(spec) && multiplications(spec) < WORTH_QUADS;

/** Below this many multiplications a wide tile saves less time in a hundred steps than it takes longer to compile. */
const WORTH_WIDE = 1 << 24;

/** And below this many they are no faster. */
const WORTH_WIDE_LATER = 1 << 21;

/** Wide tiles of quads: rows and columns, and how many there are to be at least, so that all threads of a processor have some. */
const WIDE = 32 as const;
const LEAST_WIDE = 8;

/** True where wide tiles are enough and hardly wider than the product. */
function fillsWide({ m, n, ...spec }: MatmulSpec): boolean {
  const covered = (tile: number): number => Math.ceil(m / tile) * Math.ceil(n / tile) * tile ** 2;
  return covered(WIDE) <= 1.1 * covered(WIDE / 2) && (covered(WIDE) / WIDE ** 2) * productCount({ m, n, ...spec }) >= LEAST_WIDE;
}

const prefersWide = (spec: MatmulSpec, target: Target, least: number): boolean => target.adapterClass === 'cpu' && hasQuads(target) && multiplications(spec) >= least && fillsWide(spec);

/**
 * Tiles of a size leave a GPU idle where there are fewer of them than it has room for. A guess at what one of middle size holds at once:
 * no GPU has measured it.
 */
const WORTH_TILES = 64;

/** A product through workgroup memory; the largest tile of which there are enough, else the smallest. */
function tile(name: string, size: keyof typeof TILES, least = WORTH_TILES): Variant<MatmulSpec> {
  return {
    name,
    suits: (spec, { adapterClass }) => adapterClass === 'gpu' && spec.m >= 32 && spec.n >= 32 && multiplications(spec) >= SMALL && tileKernels().tileCount(spec, size) >= least,
    kernel: (spec) => tileKernels().matmulTiled(spec, tileKernels().TILES[size], name),
  };
}

/** From this k on lanes share it: shorter sums cost less than to join them. A guess that no GPU has measured. */
const WORTH_SHARING = 64;

/** A product with a few rows or a single column, as of a prediction for one example: lanes share k. In subgroups only where they lie along it. */
const vector = (name: string, how: Together): Variant<MatmulSpec> => ({
  name,
  ...(how === 'subgroup' ? { runs: hasSubgroups } : {}),
  suits: (spec, target) => target.adapterClass === 'gpu' && (spec.m <= 4 || spec.n === 1) && spec.k >= WORTH_SHARING
    && (how === 'workgroup' || (hasSubgroups(target) && tileKernels().liesAlongK(spec))),
  kernel: (spec) => tileKernels().matmulVector(spec, how, name),
});

/** What a device's subgroups multiply of the numbers that a product has. */
const unitOf = ({ matrixUnits = [] }: Traits, spec: MatmulSpec): MatrixUnit | undefined => (matrixUnits.length > 0 ? tileKernels().unitFor(spec, matrixUnits) : undefined);

/** Who computes in f16 has asked for what such units are made for. Of f32 a measurement has to show that they are faster. */
const subgroupMatrix: Variant<MatmulSpec> = {
  name: 'subgroup-matrix',
  runs: (traits, spec) => (spec ? unitOf(traits, spec) !== undefined : hasMatrixUnits(traits)),
  suits: (spec, target) => target.adapterClass === 'gpu' && spec.m >= 32 && spec.n >= 32 && multiplications(spec) >= SMALL && unitOf(target, spec)?.type === 'f16',
  kernel: (spec, target) => tileKernels().matmulSubgroupMatrix(spec, unitOf(target, spec)!, 'subgroup-matrix'),
};

export const matmulFamily: KernelFamily<MatmulSpec> = {
  name: 'matmul',
  cut: 'matmul',
  followsLayout: true,
  chainsOfFours: true,
  half: ['a', 'b', 'out'],
  flops: productFlops,
  variants: [
    {
      name: 'quad-wide',
      runs: hasQuads,
      suits: (spec, target) => prefersWide(spec, target, WORTH_WIDE),
      suitsLater: (spec, target) => prefersWide(spec, target, WORTH_WIDE_LATER),
      kernel: (spec) => quadKernels().matmulQuad(spec, WIDE),
    },
    {
      name: 'quad',
      runs: hasQuads,
      suits: (spec, target) => target.adapterClass === 'cpu' && hasQuads(target) && spec.m > 4 && multiplications(spec) >= WORTH_QUADS,
      kernel: (spec) => quadKernels().matmulQuad(spec, spec.m <= 8 ? 8 : 16),
    },
    splitProduct,
    subgroupMatrix,
    tile('tiled-128x128', '128x128'),
    tile('tiled-128x64', '128x64'),
    tile('tiled', '64x64'),
    tile('tiled-32x32', '32x32', 1),
    vector('gemv-subgroup', 'subgroup'),
    vector('gemv', 'workgroup'),
    { name: 'register', suits: (spec) => spec.m >= 4 && multiplications(spec) >= SMALL, kernel: (spec) => matmulRegister(spec, 4, 'register') },
    // A transposed a is stored along m: where four rows of it come with one load they are used.
    { name: 'short', suits: isShort, kernel: (spec) => matmulRegister({ ...spec, single: goesByOne(spec) }, spec.transposeA && spec.prologueA.length > 0 ? 4 : 1, 'short') },
    { name: 'small', suits: () => true, suitsLater: isShort, kernel: (spec) => matmulRegister(spec, spec.transposeA ? 4 : 1, 'small') },
  ],

  absorbConsumer(request, tensor, consumer, keep) {
    const { spec } = request;
    if (request.writes.out!.id !== tensor.id) return undefined;
    const grafted = graftAfter(consumer, tensor, outRows(spec), spec.n, request, keep, spec.epilogue);
    if (!grafted) return undefined;
    return {
      ...request, spec: { ...spec, epilogue: grafted.steps },
      reads: { ...request.reads, ...grafted.reads }, writes: { ...request.writes, ...grafted.writes, out: consumer.writes.out! },
    };
  },

  absorbProducer(request, tensor, producer) {
    let result: Request<MatmulSpec> = request;
    for (const side of ['a', 'b'] as const) {
      if (request.reads[side]!.id !== tensor.id) continue;
      const prologue = side === 'a' ? 'prologueA' : 'prologueB';
      if (result.spec[prologue].length > 0 || request.reads[side]!.layout) return undefined;
      const { matrices, rows, columns } = storedSizes(request.spec, side);
      const grafted = graftBefore(producer, matrices * rows, columns, result);
      if (!grafted) return undefined;
      result = { ...result, spec: { ...result.spec, [prologue]: grafted.steps }, reads: { ...result.reads, ...grafted.reads, [side]: grafted.x } };
    }
    // The tensor may also stand in a chain, which can't make it.
    return Object.values(result.reads).some(({ id }) => id === tensor.id) ? undefined : result;
  },

  absorbSibling(request, sibling) {
    const { spec } = request;
    if (!hasFamily(sibling, reduceFamily) || spec.rowSums || !spec.transposeA || spec.batch.length > 0) return undefined;
    if (sibling.reads.x!.id !== request.reads.a!.id || sibling.reads.x!.layout || request.reads.a!.layout) return undefined;
    if (!isSumOf(sibling.spec, { outer: 1, size: spec.k, inner: spec.m, scale: 1 })) return undefined;
    return { ...request, spec: { ...spec, rowSums: true }, writes: { ...request.writes, rowSums: sibling.writes.out! } };
  },
};

/**
 * out[..., m, n] = A · B, with A = aᵀ or B = bᵀ over the last two axes where said. The axes before them are batch axes with
 * NumPy's broadcasting; the products along those that out lacks are added up, so that dW = dOutᵀ · X is
 * `multiply({ transposeA: true }, dout, x, dw)` for any number of axes. A tensor of one axis is a matrix of one row.
 */
export function multiply(
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean }, a: Tensor, b: Tensor, out: Tensor,
): Request<MatmulSpec> {
  return { family: matmulFamily, spec: productSpec(transposeA, transposeB, a, b, out.shape), reads: { a, b }, writes: { out } };
}

const flags = (options: Options, who = 'matmul'): { ta: boolean; tb: boolean } =>
  ({ ta: flag(who, options, 'transposeA'), tb: flag(who, options, 'transposeB') });

/** The shape of the product, or a ShapeError in the name of `who`. */
function productShape(a: Shape, b: Shape, ta: boolean, tb: boolean, who: string): Shape {
  const got = `a ${showShape(a)} and b ${showShape(b)}`;
  if (a.length === 0 || b.length === 0) throw new ShapeError(who, 'at least one axis each', got, 'Use mul for a product with a single number.');
  if ((ta && a.length === 1) || (tb && b.length === 1)) throw new ShapeError(who, 'at least two axes in what is transposed', got);
  const [m, k] = a.length === 1 ? [undefined, a[0]!] : ta ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [n, otherK] = b.length === 1 ? [undefined, b[0]!] : tb ? [b.at(-2)!, b.at(-1)!] : [b.at(-1)!, b.at(-2)!];
  if (k !== otherK) {
    const axes = (shape: Shape, last: string): string => (shape.length === 1 ? '[k]' : `[${shape.length > 2 ? '..., ' : ''}${last}]`);
    throw new ShapeError(who, `${axes(a, ta ? 'k, m' : 'm, k')} and ${axes(b, tb ? 'n, k' : 'k, n')}`, got);
  }
  const [batchA, batchB] = [a.slice(0, -2), b.slice(0, -2)];
  const rank = Math.max(batchA.length, batchB.length);
  const batch = Array.from({ length: rank }, (_, axis) => {
    const [p, q] = [batchA[axis - rank + batchA.length] ?? 1, batchB[axis - rank + batchB.length] ?? 1];
    if (p !== q && p !== 1 && q !== 1) throw new ShapeError(who, 'axes before the last two that broadcast', got, 'Aligned at the end, each pair of them must be equal or contain a 1.');
    return p === 1 ? q : p;
  });
  return [...batch, ...(m === undefined ? [] : [m]), ...(n === undefined ? [] : [n])];
}

/** The operands as matrices: a vector is a row on the left and a column, stored as a row, on the right. `out` gives a result its axes back. */
function asMatrices({ inputs: { a, b }, options, scratch }: Application) {
  const { ta, tb } = flags(options);
  const [left, right] = [forProduct(a!, () => scratch('plainA', a!.shape)), forProduct(b!, () => scratch('plainB', b!.shape))];
  const [vectorA, vectorB] = [a!.shape.length === 1, b!.shape.length === 1];
  const matrix = (tensor: Tensor): Tensor => {
    const withRow = vectorA ? withAxis(tensor, tensor.shape.length - (vectorB ? 0 : 1)) : tensor;
    return vectorB ? withAxis(withRow, withRow.shape.length) : withRow;
  };
  return {
    requests: [...left.requests, ...right.requests], matrix, ta, tb: tb || vectorB,
    a: vectorA ? withAxis(left.tensor, 0) : left.tensor, b: vectorB ? withAxis(right.tensor, 0) : right.tensor,
  };
}

/**
 * out = a · b over the last two axes, with NumPy's broadcasting of the axes before them. A tensor of one axis is a vector, whose
 * own axis the result does not have, as in PyTorch. `transposeA`, `transposeB`: the operand is stored [..., k, m], [..., n, k].
 */
export const matmul: LibraryOp = {
  name: 'matmul',
  group: 'linear algebra',
  formula: 'out[…, m, n] = Σ over k of a[…, m, k] · b[…, k, n]',
  notes: 'Batch axes broadcast; one axis is a vector. transposeA, transposeB: stored […, k, m], […, n, k].',
  families: [matmulFamily],
  inputs: ['a', 'b'],
  options: ['transposeA', 'transposeB'],
  shapes: ({ a, b }, options, who) => {
    const { ta, tb } = flags(options, who);
    return { out: productShape(a!.shape, b!.shape, ta, tb, who) };
  },
  forward: (application) => {
    const { requests, a, b, ta, tb, matrix } = asMatrices(application);
    return [...requests, multiply({ transposeA: ta, transposeB: tb }, a, b, matrix(application.outputs.out!))];
  },
  // C = A·B: dA = dC·Bᵀ and dB = Aᵀ·dC; where an operand is stored transposed, its gradient is the transpose of that.
  backward: (application) => {
    const { wanted, gradients, scratch } = application;
    const { requests, a, b, ta, tb, matrix } = asMatrices(application);
    const given = forProduct(matrix(gradients.out!), () => matrix(scratch('plainGradient', gradients.out!.shape)));
    const dout = given.tensor;
    return {
      requests: [
        ...requests, ...given.requests,
        ...(wanted.a ? [ta ? multiply({ transposeA: tb, transposeB: true }, b, dout, wanted.a) : multiply({ transposeB: !tb }, dout, b, wanted.a)] : []),
        ...(wanted.b ? [tb ? multiply({ transposeA: true, transposeB: ta }, dout, a, wanted.b) : multiply({ transposeA: !ta }, a, dout, wanted.b)] : []),
      ],
    };
  },
};
