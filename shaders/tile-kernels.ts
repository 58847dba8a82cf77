import { matmulTiled } from './matmul-tiled.wgsl.ts';
import { liesAlongK, matmulVector } from './matmul-vector.wgsl.ts';
import { reduceTogether } from './reduce-together.wgsl.ts';

/** The kernels of products and folds whose lanes work together in workgroup memory: a chunk of its own, which a device of class gpu loads. */
export const tileKernels = { liesAlongK, matmulTiled, matmulVector, reduceTogether };
