import type { Shape } from '../reference/tensor.ts';
import { convolutionProof, perAxis } from './convolution.ts';
import { CONVOLUTION_MUTANTS } from './convolution-mutants.ts';
import { convolutionSample, convolutionSizes } from './convolution-samples.ts';
import type { Geometry } from './convolution-sums.ts';
import type { Mutant, Options, Proof } from './proof.ts';

/** torch.nn.functional.conv_transpose2d: x takes the place of a convolution's output, and out that of its input. */
function geometry(x: Shape, weight: Shape, options: Options): Geometry {
  const groups = Number(options.groups ?? 1);
  const [stride, dilation] = [perAxis(options.stride, 1, 2, 1), perAxis(options.dilation, 1, 2, 1)];
  const [padding, outputPadding] = [perAxis(options.padding, 0, 2, 0), perAxis(options.outputPadding, 0, 2, 0)];
  const [output, kernel] = [x.slice(2), weight.slice(2)];
  return {
    batch: x[0], groups, inChannels: weight[1], outChannels: weight[0] / groups, output, kernel, stride, padding, dilation,
    input: output.map((size, axis) => (size - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (kernel[axis] - 1) + outputPadding[axis] + 1),
  };
}

const OWN_MUTANTS: readonly Mutant[] = [
  { name: 'the bias forgotten in the first column', kernel: /^convolution-transposed\/block/, find: 'sum0 += added;', replace: '', symptoms: ['formula', 'zero-block'] },
  { name: 'the bias forgotten in the first column of quads', kernel: /^convolution-transposed\/quad/, find: 'sum0_0 += added0;', replace: '', symptoms: ['formula', 'zero-block'] },
];

export const convTranspose2d: Proof = {
  ...convolutionProof({
    geometry, source: 'o', result: 'x', shape: ({ batch, groups, inChannels, input }) => [batch, groups * inChannels, ...input],
  }),
  samples: [
    convolutionSample([1, 1, 1, 1], [1, 1, 1, 1], 1),
    convolutionSample([2, 4, 5, 6], [4, 3, 3, 3], 3),
    convolutionSample([2, 4, 5, 6], [4, 3, 3, 3], 3, { stride: 2, padding: 1, outputPadding: 1 }),
    convolutionSample([2, 4, 5, 6], [4, 3, 3, 3], 6, { stride: [2, 3], groups: 2 }),
    convolutionSample([1, 5, 4, 17], [5, 2, 2, 2], 0, { stride: 2 }),
    convolutionSample([1, 3, 5, 7], [3, 5, 2, 1], 5, { stride: [3, 4], outputPadding: [2, 3] }),
    convolutionSample([2, 6, 7, 5], [6, 1, 3, 3], 6, { groups: 6, dilation: [1, 2], padding: 1 }),
    convolutionSample([1, 2, 3, 9], [2, 3, 3, 16], 3, { stride: [1, 15], padding: [1, 7] }),
    // Input, weight and output of one size.
    convolutionSample([2, 5, 1, 4], [5, 2, 2, 2], 2),
  ],
  sizes: convolutionSizes(2, true),
  // The kernels are conv2d's, each in the other one's place.
  mutants: [...CONVOLUTION_MUTANTS.filter(({ name }) => /summed|row|position|examples|lane|class/.test(name)), ...OWN_MUTANTS],
  conventions: [],
};
