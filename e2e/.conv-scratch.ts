export { convolutionBlock } from '../shaders/convolution.wgsl.ts';
export { convolutionQuad } from '../shaders/convolution-quad.wgsl.ts';
export { convolutionWeight, weightSplits } from '../shaders/convolution-weight.wgsl.ts';
