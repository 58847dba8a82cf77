import { sliced, slicesOf } from './matmul-slices.ts';
import { matmulSubgroupMatrix, matrixUnitsOf, unitFor } from './matmul-subgroup-matrix.wgsl.ts';
import { matmulTiled } from './matmul-tiled.wgsl.ts';
import { liesAlongK, matmulVector } from './matmul-vector.wgsl.ts';
import { reduceTogether } from './reduce-together.wgsl.ts';
import { tileCount, TILES } from './tiles.ts';

/** The kernels of products and folds whose lanes work together in workgroup memory, and what they are chosen by: a chunk of its own, which a device of class gpu loads. */
export const tileKernels = { liesAlongK, matmulSubgroupMatrix, matmulTiled, matmulVector, matrixUnitsOf, reduceTogether, sliced, slicesOf, tileCount, TILES, unitFor };
