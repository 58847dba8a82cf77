import { placeOf, productCount, storedSizes, termCount } from '../../shaders/matmul-batch.wgsl.ts';
import { tileKernels } from '../../shaders/loaded-kernels.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import { TILES, tileCount } from '../../shaders/tiles.ts';
import { matmulRegister, outRows, type MatmulSpec } from '../../shaders/matmul.wgsl.ts';
import { reduce } from './reduce.ts';
import type { KernelFamily, Request, Variant } from './request.ts';
import { sizeOf, type Shape, type Tensor } from './tensor.ts';

export const multiplications = (spec: MatmulSpec): number => productCount(spec) * termCount(spec) * spec.m * spec.n * spec.k;

/** Floating-point operations of a product with all that it does on the way. */
export function productFlops({ spec }: Pick<Request<MatmulSpec>, 'spec'>): number {
  const stored = (side: 'a' | 'b', { length }: readonly unknown[]): number => {
    const { matrices, rows, columns } = storedSizes(spec, side);
    return length * matrices * rows * columns;
  };
  return 2 * multiplications(spec) + spec.epilogue.length * outRows(spec) * spec.n + stored('a', spec.prologueA) + stored('b', spec.prologueB) + (spec.rowSums ? outRows(spec) * spec.k : 0);
}

/** Tiles of 64 × 64 that a GPU is given at least, if slices of k make as many. Not measured: what a mid-size GPU holds at once. */
const WANTED_TILES = 64;
/** Steps along k that a slice has at least: its partial sums are written and read once more. */
const LEAST_SLICE = 32;
/** A product of at most so many tiles is split from this k on: with more, the launches that put slices together cost more than they bring. */
const FEW_TILES = 8;
const LONG = 1024;

/**
 * Into how many slices of k a product is split: a divisor of k, so that all slices are one batch of products. 1 where it is not a
 * weight's gradient (aᵀ · b), is many products, or goes on with its results, also by rounding them.
 */
export function slicesOf(spec: MatmulSpec): number {
  if (!spec.transposeA || spec.transposeB || spec.batch.length > 0 || spec.epilogue.length > 0 || spec.half?.includes('out')) return 1;
  const wanted = Math.min(Math.ceil(WANTED_TILES / tileCount(spec, TILES['64x64'])), Math.floor(spec.k / LEAST_SLICE));
  for (let slices = wanted; slices > 1; slices -= 1) if (spec.k % slices === 0) return slices;
  return 1;
}

/** The same product, whose k is an axis of slices and what is left of it: a result for each slice. */
function sliced(spec: MatmulSpec, slices: number): MatmulSpec {
  const k = spec.k / slices;
  const stride = (operand: 'a' | 'b'): number => k * placeOf(spec, operand).rowStride;
  return { ...spec, k, batch: [{ size: slices, strideA: stride('a'), strideB: stride('b'), summed: false }] };
}

const splitKernel = (spec: MatmulSpec): Kernel =>
  (spec.m >= 32 && spec.n >= 32 ? tileKernels().matmulTiled(spec, TILES['64x64'], 'split') : matmulRegister(spec, 4, 'split'));

/** The products of the slices: a family of its own, which divides no further. */
const sliceFamily: KernelFamily<MatmulSpec> = {
  name: 'matmul', followsLayout: true, half: ['a', 'b'], flops: productFlops, variants: [{ name: 'split', suits: () => true, kernel: splitKernel }],
};

/**
 * A weight's gradient has few tiles and a long k, batch · time: most of a GPU would have nothing to do. Each slice of k makes a partial
 * result, and a sum in a fixed order puts them together.
 */
export const splitProduct: Variant<MatmulSpec> = {
  name: 'split',
  suits: (spec, { adapterClass }) => adapterClass === 'gpu' && spec.m >= 32 && spec.n >= 32 && spec.k >= LONG
    && tileCount(spec, TILES['64x64']) <= FEW_TILES && slicesOf(spec) > 1,
  kernel: splitKernel,
  divide: ({ spec, reads, writes }, value) => {
    const slices = slicesOf(spec);
    if (slices === 1) return undefined;
    const partial = (name: string, { shape }: Tensor): Tensor => value(name, [slices, ...shape] satisfies Shape);
    const own = Object.fromEntries(Object.entries(writes).map(([name, tensor]) => [name, partial(`${tensor.name}.slices`, tensor)]));
    return [
      { family: sliceFamily, spec: sliced(spec, slices), reads, writes: own } satisfies Request<MatmulSpec>,
      ...Object.entries(writes).map(([name, tensor]) => reduce(own[name]!, { outer: 1, size: slices, inner: sizeOf(tensor.shape), scale: 1 }, tensor)),
    ];
  },
};
