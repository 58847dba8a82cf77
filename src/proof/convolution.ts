import { added } from '../reference/arithmetic.ts';
import { broadcastMap, expanded, reduction, summed } from '../reference/axes.ts';
import { complexAdd, complexExpanded, complexPaired } from '../reference/complex.ts';
import type { ComplexTensor } from '../reference/complex.ts';
import { sizeOf } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { convolutionChange } from './convolution-change.ts';
import { CONV1D_SAMPLES, CONV2D_SAMPLES, convolutionSizes } from './convolution-samples.ts';
import { complexContracted, contracted } from './convolution-sums.ts';
import type { Geometry, Part } from './convolution-sums.ts';
import { BIAS_MUTANTS, CONVOLUTION_MUTANTS } from './convolution-mutants.ts';
import type { Options, Place, Proof } from './proof.ts';

/** What tells one convolution from another. */
interface Kind {
  readonly geometry: (x: Shape, weight: Shape, options: Options) => Geometry;
  /** Which part of the convolution x is, and which the output. */
  readonly source: Part;
  readonly result: Part;
  readonly shape: (geometry: Geometry) => Shape;
}

/** The bias [channels] at every place of its channel. */
function biasMap(shape: Shape): Int32Array {
  return broadcastMap([shape[1], ...shape.slice(2).map(() => 1)], shape);
}

/** Forward from the definition, and the gradients: every one of the three tensors is a sum over the products of the other two. */
export function convolutionProof(kind: Kind): Pick<Proof, 'differentiable' | 'forward' | 'backward' | 'complex' | 'perturb' | 'work'> {
  const { geometry, source, result, shape: shapeOf } = kind;
  return {
    differentiable: ['x', 'weight', 'bias'],

    forward({ x, weight, bias }: Readonly<Record<string, RefTensor>> & { bias?: RefTensor }, options) {
      const g = geometry(x.shape, weight.shape, options);
      const shape = shapeOf(g);
      const out = contracted(g, result, [source, x], ['w', weight], shape);
      return bias ? added(out, expanded(bias, biasMap(shape), shape)) : out;
    },

    backward({ x, weight, bias }: Readonly<Record<string, RefTensor>> & { bias?: RefTensor }, _out, dout, options) {
      const g = geometry(x.shape, weight.shape, options);
      const axes = dout.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
      return {
        x: contracted(g, source, [result, dout], ['w', weight], x.shape),
        weight: contracted(g, 'w', [source, x], [result, dout], weight.shape),
        ...(bias ? { bias: summed(dout, reduction(dout.shape, axes, false).map, bias.shape) } : {}),
      };
    },

    complex({ x, weight, bias }: Readonly<Record<string, ComplexTensor>> & { bias?: ComplexTensor }, options) {
      const g = geometry(x.shape, weight.shape, options);
      const shape = shapeOf(g);
      const out = complexContracted(g, result, [source, x], ['w', weight], shape);
      return bias ? complexPaired(out, complexExpanded(bias, biasMap(shape), shape), complexAdd) : out;
    },

    work: ({ x, weight }, options) => {
      const { output, outChannels, groups, batch } = geometry(x, weight, options);
      return batch * groups * outChannels * sizeOf(output) * sizeOf(weight.slice(1));
    },

    perturb: (place: Place) => convolutionChange(place, geometry(place.inputs.x.shape, place.inputs.weight.shape, place.options), source, result),
  };
}

/** One number for each of `rank` axes, after 1 for the axis of rows that a single one does without. */
export function perAxis(value: unknown, missing: number, rank: number, single: number): number[] {
  const list = Array.isArray(value) ? value.map(Number) : Array.from({ length: rank }, () => (value === undefined ? missing : Number(value)));
  return rank === 1 ? [single, ...list] : list;
}

/** torch.nn.functional.conv1d and conv2d: cross-correlation; `same` pads what is odd at the end. */
function geometryOf(rank: number) {
  return (x: Shape, weight: Shape, options: Options): Geometry => {
    const groups = Number(options.groups ?? 1);
    const plane = (shape: Shape): number[] => (rank === 1 ? [1, shape[2]] : [shape[2], shape[3]]);
    const [input, kernel] = [plane(x), plane(weight)];
    const stride = perAxis(options.stride, 1, rank, 1);
    const dilation = perAxis(options.dilation, 1, rank, 1);
    const reach = kernel.map((size, axis) => dilation[axis] * (size - 1));
    const around = options.padding === 'same' ? reach : options.padding === 'valid' ? [0, 0] : perAxis(options.padding, 0, rank, 0).map((size) => 2 * size);
    return {
      batch: x[0], groups, inChannels: weight[1], outChannels: weight[0] / groups, input, kernel, stride, dilation,
      padding: around.map((total) => Math.floor(total / 2)),
      output: input.map((size, axis) => Math.floor((size + around[axis] - reach[axis] - 1) / stride[axis]) + 1),
    };
  };
}

function proofOfRank(rank: number): ReturnType<typeof convolutionProof> {
  return convolutionProof({
    geometry: geometryOf(rank), source: 'x', result: 'o',
    shape: ({ batch, groups, outChannels, output }) => [batch, groups * outChannels, ...output.slice(2 - rank)],
  });
}

export const conv2d: Proof = { ...proofOfRank(2), samples: CONV2D_SAMPLES, sizes: convolutionSizes(2), mutants: [...CONVOLUTION_MUTANTS, ...BIAS_MUTANTS], conventions: [] };
export const conv1d: Proof = {
  ...proofOfRank(1), samples: CONV1D_SAMPLES, sizes: convolutionSizes(1), conventions: [],
  // The kernels are conv2d's: what one row may hide is enough.
  mutants: [...CONVOLUTION_MUTANTS.filter(({ name }) => /examples|padding|wide|lane/.test(name)), ...BIAS_MUTANTS],
};
