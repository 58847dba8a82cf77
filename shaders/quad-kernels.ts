import { convolutionQuad } from './convolution-quad.wgsl.ts';
import { matmulQuad } from './matmul-quad.wgsl.ts';

/**
 * The kernels of products and convolutions whose lanes exchange values in quads: a chunk of its own, which a device loads that has quads.
 * Those of ops that few pages have come with the op.
 */
export const quadKernels = { convolutionQuad, matmulQuad };
