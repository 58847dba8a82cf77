import type { Convolution, Pair } from '../../shaders/convolution-parts.wgsl.ts';
import { convolutionWeight, weightSplits, type ConvolutionWeightSpec } from '../../shaders/convolution-weight.wgsl.ts';
import { convolutionBlock, convolutionMatrix, type ConvolutionSpec } from '../../shaders/convolution.wgsl.ts';
import { quadKernels } from '../../shaders/loaded-kernels.ts';
import { checkNumber, OptionError, ShapeError, show } from '../errors.ts';
import { graftAfter } from './map.ts';
import type { Named, LibraryOp, Options } from './op.ts';
import { foldAxes } from './reduce.ts';
import { hasQuads, type KernelFamily, type Request } from './request.ts';
import { showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';
import { checkFits, each, extentOf, pairOption, planeOf, shapeWith, steps, type Rank } from './window.ts';

/** Products of an element and a weight, those with padding too. */
const multiplications = ({ batch, groups, inChannels, outChannels, kernel, output }: Convolution): number =>
  batch * groups * inChannels * outChannels * kernel[0] * kernel[1] * output[0] * output[1];

/** Below this many multiplications a kernel of quads saves less time than it takes to compile. */
const WORTH_QUADS = 1 << 18;
/** Places of all examples together below which the four lanes of a quad do not find a block of columns each. */
const PLACES_FOR_QUADS = 64;

/** A convolution forward, and backward to its input. */
export const convolutionFamily: KernelFamily<ConvolutionSpec> = {
  name: 'convolution',
  cut: 'convolution',
  half: ['source', 'weight', 'out'],
  flops({ spec }) {
    const { rows, columns } = convolutionMatrix(spec);
    return 2 * multiplications(spec) + rows * columns * (spec.epilogue.length + (spec.bias ? 1 : 0));
  },
  variants: [
    {
      name: 'quad',
      runs: hasQuads,
      suits: (spec, target) => {
        const [rows, columns] = spec.transposed ? spec.input : spec.output;
        return target.adapterClass === 'cpu' && hasQuads(target) && spec.batch * rows * columns >= PLACES_FOR_QUADS && multiplications(spec) >= WORTH_QUADS;
      },
      kernel: (spec) => quadKernels().convolutionQuad(spec),
    },
    { name: 'block', suits: () => true, kernel: convolutionBlock },
  ],
  absorbConsumer(request, tensor, consumer, keep) {
    const { spec } = request;
    if (request.writes.out!.id !== tensor.id) return undefined;
    const { rows, columns } = convolutionMatrix(spec);
    const grafted = graftAfter(consumer, tensor, rows, columns, request, keep, spec.epilogue);
    if (!grafted) return undefined;
    return {
      ...request, spec: { ...spec, epilogue: grafted.steps },
      reads: { ...request.reads, ...grafted.reads }, writes: { ...request.writes, ...grafted.writes, out: consumer.writes.out! },
    };
  },
};

/** The gradient of its weight, in partial sums. */
export const convolutionWeightFamily: KernelFamily<ConvolutionWeightSpec> = {
  name: 'convolution-weight',
  cut: 'convolutionWeight',
  half: ['source', 'dout'],
  flops: ({ spec, reads }) => 2 * multiplications(spec) + (spec.bias ? sizeOf(reads.dout!.shape) : 0),
  variants: [{ name: 'block', suits: () => true, kernel: convolutionWeight }],
};

/** out = the convolution of `source`, or with `transposed` its gradient by its input where `source` is that by its output. */
export function convolve(convolution: Convolution, transposed: boolean, { source, weight, bias }: { source: Tensor; weight: Tensor; bias?: Tensor }, out: Tensor): Request<ConvolutionSpec> {
  return {
    family: convolutionFamily, spec: { ...convolution, transposed, bias: bias !== undefined, epilogue: [] },
    reads: { source, weight, ...(bias ? { bias } : {}) }, writes: { out },
  };
}

type Scratch = (name: string, shape: Shape) => Tensor;

/** The gradient by the weight where `source` went in and `dout` came back; `bias` gets that by the bias: the sums of `dout`. */
export function weightGradient(
  convolution: Convolution, { source, dout }: { source: Tensor; dout: Tensor }, { weight, bias }: { weight: Tensor; bias?: Tensor | undefined }, scratch: Scratch,
): Request[] {
  const splits = weightSplits(convolution);
  const isWhole = splits === 1;
  const partial = isWhole ? weight : scratch('weightSums', [splits, ...weight.shape]);
  const biasSums = bias && (isWhole ? bias : scratch('biasSums', [splits, ...bias.shape]));
  return [
    {
      family: convolutionWeightFamily, spec: { ...convolution, splits, bias: bias !== undefined },
      reads: { source, dout }, writes: { out: partial, ...(biasSums ? { biasSums } : {}) },
    } satisfies Request<ConvolutionWeightSpec>,
    ...(isWhole ? [] : [foldAxes(partial, { axes: [0] }, weight)]),
    ...(bias && biasSums && !isWhole ? [foldAxes(biasSums, { axes: [0] }, bias)] : []),
  ];
}

/** The gradient by a bias [channels] alone. */
export function biasGradient(dout: Tensor, bias: Tensor): Request {
  return foldAxes(dout, { axes: dout.shape.map((_, axis) => axis).filter((axis) => axis !== 1) }, bias);
}

/** The weight's sizes, with what any convolution needs of it. */
export function weightSizes(who: string, weight: Tensor, options: Options, rank: Rank): { first: number; second: number; kernel: Pair; groups: number } {
  const names = rank === 1 ? 'length' : 'height, width';
  if (weight.shape.length !== rank + 2) throw new ShapeError(who, `a weight [channels, channels / groups, ${names}]`, showShape(weight.shape));
  const [first, second, ...kernel] = weight.shape;
  const groups = checkNumber(who, 'groups', options.groups ?? 1, { min: 1, integer: true });
  return { first: first!, second: second!, kernel: rank === 1 ? [1, kernel[0]!] : [kernel[0]!, kernel[1]!], groups };
}

export function checkBias(who: string, bias: Tensor | undefined, channels: number): void {
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== channels)) throw new ShapeError(who, `a bias [${channels}]`, showShape(bias.shape));
}

/** Refuses channels that groups do not divide. */
export function checkGroups(who: string, what: string, channels: number, groups: number): void {
  if (channels % groups !== 0) throw new ShapeError(who, `${what} divisible by groups`, `${channels} and ${groups}`);
}

/** The padding before and after each axis: numbers, or `same` (the output has the input's size; what is odd comes last), or `valid`. */
function paddings(who: string, options: Options, rank: Rank, { kernel, stride, dilation }: Pick<Convolution, 'kernel' | 'stride' | 'dilation'>): [before: Pair, after: Pair] {
  const { padding = 0 } = options;
  if (padding === 'valid') return [[0, 0], [0, 0]];
  if (padding === 'same') {
    if (stride[0] !== 1 || stride[1] !== 1) throw new OptionError(who, 'stride 1 for padding "same"', show(options.stride));
    const total = each((axis) => extentOf({ kernel, dilation }, axis) - 1);
    const before = each((axis) => Math.floor(total[axis] / 2));
    return [before, each((axis) => total[axis] - before[axis])];
  }
  if (typeof padding === 'string') throw new OptionError(who, `padding to be "same", "valid", an integer ≥ 0${rank > 1 ? `, or ${rank} of them` : ''}`, show(padding));
  const before = pairOption(who, options, 'padding', rank, { min: 0, missing: [0, 0], single: 0 });
  return [before, before];
}

function convolutionOf(who: string, { x, weight, bias }: Named<Tensor>, options: Options, rank: Rank): Convolution {
  const { batch, channels, plane: input } = planeOf(who, 'x', x!, rank);
  const { first: outChannels, second: inChannels, kernel, groups } = weightSizes(who, weight!, options, rank);
  checkGroups(who, 'in-channels', channels, groups);
  checkGroups(who, 'out-channels', outChannels, groups);
  if (inChannels * groups !== channels) {
    throw new ShapeError(who, `an input of ${inChannels * groups} channels for its weight ${showShape(weight!.shape)}${groups > 1 ? ` and ${groups} groups` : ''}`, showShape(x!.shape));
  }
  checkBias(who, bias, outChannels);
  const stride = steps(who, options, 'stride', rank);
  const dilation = steps(who, options, 'dilation', rank);
  const [padding, after] = paddings(who, options, rank, { kernel, stride, dilation });
  const window = { input, kernel, stride, padding, dilation };
  checkFits(who, window, after, rank);
  const output = each((axis) => Math.floor((input[axis] + padding[axis] + after[axis] - extentOf(window, axis)) / stride[axis]) + 1);
  return { ...window, output, batch, groups, inChannels, outChannels: outChannels / groups };
}

/** out = bias + x ⋆ weight (cross-correlation, as PyTorch), over one axis or two. */
function convolution(name: string, rank: Rank): LibraryOp {
  return {
    name,
    group: 'convolution',
    formula: 'out[o, p] = bias[o] + Σ over c, q of x[c, stride · p + dilation · q - padding] · weight[o, c, q]',
    families: [convolutionFamily],
    notes: `Cross-correlation, as PyTorch. padding: numbers, 'same' or 'valid'. ${rank === 2 ? 'p and q are pairs of places.' : 'p and q are places.'}`,
    inputs: ['x', 'weight', 'bias'],
    optional: ['bias'],
    options: ['stride', 'padding', 'dilation', 'groups'],
    shapes: (inputs, options, who) => {
      const { batch, groups, outChannels, output } = convolutionOf(who, inputs, options, rank);
      return { out: shapeWith(batch, groups * outChannels, output, rank) };
    },
    forward: ({ inputs, outputs, options }) =>
      [convolve(convolutionOf(name, inputs, options, rank), false, { source: inputs.x!, weight: inputs.weight!, bias: inputs.bias }, outputs.out!)],
    backward: ({ inputs, gradients: { out: dout }, wanted, options, scratch }) => {
      const geometry = convolutionOf(name, inputs, options, rank);
      return {
        requests: [
          ...(wanted.x ? [convolve(geometry, true, { source: dout!, weight: inputs.weight! }, wanted.x)] : []),
          ...(wanted.weight ? weightGradient(geometry, { source: inputs.x!, dout: dout! }, { weight: wanted.weight, bias: wanted.bias }, scratch) : []),
          ...(wanted.bias && !wanted.weight ? [biasGradient(dout!, wanted.bias)] : []),
        ],
      };
    },
  };
}

/** x [batch, in, height, width], weight [out, in / groups, height, width], bias [out]. */
export const conv2d = convolution('conv2d', 2);
/** x [batch, in, length], weight [out, in / groups, length], bias [out]. */
export const conv1d = convolution('conv1d', 1);
