import { productCount, storedSizes, termCount } from '../../shaders/matmul-batch.wgsl.ts';
import { tileKernels } from '../../shaders/loaded-kernels.ts';
import type { Kernel } from '../../shaders/kernel.ts';
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

/** A product of at most so many tiles is split from this k on: with more, the launches that put slices together cost more than they bring. */
const FEW_TILES = 8;
const LONG = 1024;

const splitKernel = (spec: MatmulSpec): Kernel =>
  (spec.m >= 32 && spec.n >= 32 ? tileKernels().matmulTiled(spec, tileKernels().TILES['64x64'], 'split') : matmulRegister(spec, 4, 'split'));

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
    && tileKernels().tileCount(spec, '64x64') <= FEW_TILES && tileKernels().slicesOf(spec) > 1,
  kernel: splitKernel,
  divide: ({ spec, reads, writes }, value) => {
    const { sliced, slicesOf } = tileKernels();
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
