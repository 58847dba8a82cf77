import type { Convolution } from '../../shaders/convolution-parts.wgsl.ts';
import { OptionError, ShapeError } from '../errors.ts';
import { biasGradient, checkBias, checkGroups, convolutionFamily, convolve, weightGradient, weightSizes } from './convolution.ts';
import type { Named, LibraryOp, Options } from './op.ts';
import { showShape, type Tensor } from './tensor.ts';
import { each, extentOf, pairOption, planeOf, shapeWith, steps } from './window.ts';

/** The convolution that this one is the gradient of: its input is our output. */
function convolutionOf(who: string, { x, weight, bias }: Named<Tensor>, options: Options): Convolution {
  const { batch, channels, plane: output } = planeOf(who, 'x', x!, 2);
  const { first: outChannels, second: inChannels, kernel, groups } = weightSizes(who, weight!, options, 2);
  checkGroups(who, 'in-channels', channels, groups);
  if (outChannels !== channels) throw new ShapeError(who, `an input of ${outChannels} channels for its weight ${showShape(weight!.shape)}`, showShape(x!.shape));
  checkBias(who, bias, inChannels * groups);
  const stride = steps(who, options, 'stride', 2);
  const dilation = steps(who, options, 'dilation', 2);
  const padding = pairOption(who, options, 'padding', 2, { min: 0, missing: [0, 0], single: 0 });
  const outputPadding = pairOption(who, options, 'outputPadding', 2, { min: 0, missing: [0, 0], single: 0 });
  if (outputPadding.some((size, axis) => size >= Math.max(stride[axis]!, dilation[axis]!))) {
    throw new OptionError(who, 'outputPadding smaller than stride or dilation', `${showShape(outputPadding)} with stride ${showShape(stride)} and dilation ${showShape(dilation)}`);
  }
  const window = { output, kernel, stride, padding, dilation };
  const input = each((axis) => (output[axis] - 1) * stride[axis] - 2 * padding[axis] + extentOf(window, axis) + outputPadding[axis]);
  if (input[0] < 1 || input[1] < 1) throw new ShapeError(who, 'an output of at least 1 × 1', input.join(' × '), 'Use less padding.');
  return { ...window, input, batch, groups, inChannels, outChannels: outChannels / groups };
}

/**
 * The gradient of conv2d by its input, as an op: out = bias + what a conv2d with this weight would send back. x [batch, in, height, width],
 * weight [in, out / groups, height, width], bias [out].
 */
export const convTranspose2d: LibraryOp = {
  name: 'convTranspose2d',
  group: 'convolution',
  formula: 'out = bias + the gradient of a conv2d with this weight by its input, where x is that by its output',
  families: [convolutionFamily],
  notes: 'weight [in, out / groups, height, width].',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  options: ['stride', 'padding', 'outputPadding', 'dilation', 'groups'],
  shapes: (inputs, options, who) => {
    const { batch, groups, inChannels, input } = convolutionOf(who, inputs, options);
    return { out: shapeWith(batch, groups * inChannels, input, 2) };
  },
  forward: ({ inputs, outputs, options }) =>
    [convolve(convolutionOf('convTranspose2d', inputs, options), true, { source: inputs.x!, weight: inputs.weight!, bias: inputs.bias }, outputs.out!)],
  backward: ({ inputs, gradients: { out: dout }, wanted, options, scratch }) => {
    const geometry = convolutionOf('convTranspose2d', inputs, options);
    return {
      requests: [
        ...(wanted.x ? [convolve(geometry, false, { source: dout!, weight: inputs.weight! }, wanted.x)] : []),
        ...(wanted.weight ? weightGradient(geometry, { source: dout!, dout: inputs.x! }, { weight: wanted.weight }, scratch) : []),
        ...(wanted.bias ? [biasGradient(dout!, wanted.bias)] : []),
      ],
    };
  },
};
