import { matmulTiled } from './matmul-tiled.wgsl.ts';

/** The kernels of products in workgroup memory: a chunk of its own, which a device of class gpu loads. */
export const tileKernels = { matmulTiled };
