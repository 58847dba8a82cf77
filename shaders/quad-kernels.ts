import { matmulQuad } from './matmul-quad.wgsl.ts';

/** Every kernel whose lanes exchange values in quads: a chunk of its own, which a device loads that has quads. */
export const quadKernels = { matmulQuad };
