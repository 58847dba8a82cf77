import type { Shape } from '../reference/tensor.ts';
import { sizeOf } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { affine, groupsOf, inputGradient, normalized, numberOf, parameterGradients, statisticsOf, weighted } from './normalization.ts';
import type { Groups, Normalized, Statistics } from './normalization.ts';
import { complexNormalized, normalizationChange } from './normalization-change.ts';
import { GROUP_MUTANTS, ROW_MUTANTS, SQUARE_MUTANTS } from './normalization-mutants.ts';
import type { Inputs, Options, Proof, Sample, SampleTensor } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

type GroupsOf = (inputs: Readonly<Record<string, { readonly shape: Shape }>>, options: Options) => Groups;

/** All that normalisations by their own statistics share: which elements make a group is theirs to say. */
export function normalization(groupsAt: GroupsOf, defaultEps: number, centred: boolean, parts: Pick<Proof, 'samples' | 'sizes' | 'mutants'>): Proof {
  const epsOf = (options: Options): number => numberOf(options.eps, defaultEps);
  const follows = centred ? 'mean and scale' : 'scale';
  return {
    differentiable: centred ? ['x', 'weight', 'bias'] : ['x', 'weight'],
    forward(inputs: Inputs & { weight?: RefTensor; bias?: RefTensor }, options, { builtins }) {
      const groups = groupsAt(inputs, options);
      const statistics = statisticsOf(inputs.x, groups, epsOf(options), centred, builtins);
      return affine(inputs.x.shape, normalized(inputs.x, groups, statistics, follows), groups, inputs.weight, inputs.bias);
    },
    backward(inputs: Inputs & { weight?: RefTensor; bias?: RefTensor }, _out, dout, options, { builtins }) {
      const groups = groupsAt(inputs, options);
      const statistics = statisticsOf(inputs.x, groups, epsOf(options), centred, builtins);
      const y = normalized(inputs.x, groups, statistics, follows);
      return gradientsOf(inputs, dout, y, groups, statistics, inputGradient(weighted(dout, groups, inputs.weight), y, groups, statistics, centred, builtins));
    },
    working(inputs, options, { builtins }) {
      const groups = groupsAt(inputs, options);
      return workingOf(inputs.x, groups, statisticsOf(inputs.x, groups, epsOf(options), centred, builtins), centred);
    },
    complex: (inputs, options) => complexNormalized(inputs, groupsAt(inputs, options), epsOf(options), centred),
    perturb: (place) => normalizationChange(place, groupsAt(place.inputs, place.options), epsOf(place.options), centred),
    ...parts,
    conventions: [],
  };
}

/** dx with dweight and dbias under the shapes of weight and bias, where these are there. */
export function gradientsOf(
  { weight, bias }: Inputs & { weight?: RefTensor; bias?: RefTensor }, dout: RefTensor, y: Normalized, groups: Groups, statistics: Statistics, x: RefTensor,
): Record<string, RefTensor> {
  const gradients = parameterGradients(dout, y, groups, statistics);
  return {
    x,
    ...(weight ? { weight: { ...gradients.weight, shape: weight.shape } } : {}),
    ...(bias ? { bias: { ...gradients.bias, shape: bias.shape } } : {}),
  };
}

/** The saved mean and rstd: what errors of x do to them comes on top of what they share. */
export function workingOf(x: RefTensor, { group, groups, size }: Groups, { mean, meanVariance, rstd, rstdVariance }: Statistics, centred: boolean): Record<string, RefTensor> {
  const meanTensor: RefTensor = { shape: [groups], value: mean, variance: Float64Array.from(meanVariance) };
  const rstdTensor: RefTensor = { shape: [groups], value: rstd, variance: rstd.map((one, g) => one * one * rstdVariance[g]) };
  x.variance.forEach((s, i) => {
    const g = group[i];
    meanTensor.variance[g] += s / size ** 2;
    rstdTensor.variance[g] += s * (rstd[g] ** 3 * (x.value[i] - mean[g]) / size) ** 2;
  });
  return centred ? { mean: meanTensor, rstd: rstdTensor } : { rstd: rstdTensor };
}

/** Groups of the last axes: as many as the option or the weight says, else one. */
const lastAxes: GroupsOf = ({ x, weight }, { normalizedShape }) => {
  const size = sizeOf(Array.isArray(normalizedShape) ? normalizedShape.map(Number) : weight?.shape ?? x.shape.slice(-1));
  return groupsOf(x.shape, size, size, (i) => Math.floor(i / size), (i) => i % size);
};

/** x [N, C, …] in groups of neighbouring channels of an example. */
const channelGroups: GroupsOf = ({ x }, options) => {
  const [, channels, ...rest] = x.shape;
  const positions = sizeOf(rest);
  const size = channels / numberOf(options.groups, 1) * positions;
  return groupsOf(x.shape, size, channels, (i) => Math.floor(i / size), (i) => Math.floor(i / positions) % channels);
};

/** Weights around 1, as layers have them, and biases around 0. */
export function scaleOf(seed: number, shape: Shape): SampleTensor {
  const { data } = normals(seed, shape, 0.4);
  return filled(shape, (i) => 1 + data[i]);
}

type Has = 'weight' | 'bias';

function rows(seed: number, shape: Shape, has: readonly Has[], options: Options = {}, size: Shape = shape.slice(-1), x = normals(seed, shape, 2)): Sample {
  return {
    name: `[${shape.join(', ')}] ${JSON.stringify(options)} ${has.join(', ')}`, options,
    inputs: { x, ...(has.includes('weight') ? { weight: scaleOf(seed + 1, size) } : {}), ...(has.includes('bias') ? { bias: normals(seed + 2, size) } : {}) },
  };
}

const BOTH = ['weight', 'bias'] as const;

/** Rows of any length; offsets that are large beside the spread make the mean's rounding count. */
const rowSizes = (bias: boolean) => sizesFrom(
  { rows: [1, 33], columns: [3, 131], weight: FLAG, bias: bias ? FLAG : [0, 0], offset: FLAG },
  ({ rows: count, columns, weight, bias: hasBias, offset }, seed) => {
    const { data } = matrixOf(seed, 0, [count, columns], 0, 2);
    return {
      options: {},
      inputs: {
        x: filled([count, columns], (i) => data[i] + 20 * offset),
        ...(weight ? { weight: matrixOf(seed, 1, [columns]) } : {}), ...(hasBias ? { bias: matrixOf(seed, 2, [columns]) } : {}),
      },
    };
  },
  ({ options, inputs: { x, weight, bias: given } }) => (x.shape.length === 2 && options.normalizedShape === undefined && options.eps === undefined
    ? { rows: x.shape[0], columns: x.shape[1], weight: flagOf(weight !== undefined), bias: flagOf(given !== undefined) } : undefined),
);

const LAYER_SAMPLES: readonly Sample[] = [
  rows(1201, [5, 3], BOTH),
  rows(1207, [3, 63], ['weight']),
  rows(1229, [9, 12], BOTH),
  rows(1231, [2, 1040], BOTH),
  rows(1209, [4, 65], []),
  rows(1211, [66, 5], ['bias']),
  rows(1215, [2, 523], BOTH),
  rows(1217, [3, 4, 5], BOTH, { normalizedShape: [4, 5], eps: 0.01 }, [4, 5]),
  rows(1219, [300, 3], BOTH),
  { ...rows(1221, [6, 17], BOTH, {}, [17], filled([6, 17], (i) => 1000 + i % 7 + i / 8)), name: 'far from 0' },
  { ...rows(1223, [6, 16], BOTH, {}, [16], filled([6, 16], (i) => (i < 32 ? 3 : 0))), name: 'rows of one number' },
  { ...rows(1225, [5, 11], BOTH, {}, [11], normals(1227, [5, 11], 1e-3)), name: 'a spread like √eps' },
];

/** y = (x − mean)/√(variance + eps)·weight + bias over the last axes: torch.nn.functional.layer_norm. */
export const layerNorm = normalization(lastAxes, 1e-5, true, { samples: LAYER_SAMPLES, sizes: rowSizes(true), mutants: ROW_MUTANTS });

const RMS_SAMPLES: readonly Sample[] = [
  rows(1301, [5, 3], ['weight']),
  rows(1315, [7, 20], ['weight']),
  rows(1305, [3, 65], [], { eps: 1e-5 }),
  rows(1307, [2, 263], ['weight']),
  rows(1309, [260, 3], ['weight']),
  rows(1311, [2, 3, 16], ['weight'], { normalizedShape: [3, 16] }, [3, 16]),
  { ...rows(1313, [6, 16], ['weight'], { eps: 1e-5 }, [16], filled([6, 16], (i) => (i < 32 ? 0 : i % 5 - 2))), name: 'rows of zeros' },
];

/** y = x/√(mean of x² + eps)·weight over the last axes: torch.nn.functional.rms_norm. */
export const rmsNorm = normalization(lastAxes, 2 ** -23, false, { samples: RMS_SAMPLES, sizes: rowSizes(false), mutants: SQUARE_MUTANTS });

function images(seed: number, shape: Shape, groups: number, has: readonly Has[] = BOTH): Sample {
  return { ...rows(seed, shape, has, { groups }, [shape[1]]), name: `[${shape.join(', ')}] in ${groups} groups ${has.join(', ')}` };
}

/** Groups of neighbouring channels: torch.nn.functional.group_norm; with as many groups as channels instance_norm. */
export const groupNorm = normalization(channelGroups, 1e-5, true, {
  samples: [
    images(1401, [2, 6, 4, 5], 3),
    images(1403, [3, 4, 7], 4),
    images(1415, [2, 6, 4, 3], 3),
    images(1405, [1, 5, 13], 5),
    images(1407, [2, 4, 3, 3], 1, ['weight']),
    images(1411, [2, 3, 65], 3, []),
    images(1413, [1, 2, 19, 27], 1),
  ],
  sizes: sizesFrom(
    { batch: [1, 5], groups: [1, 5], each: [1, 4], positions: [3, 33], weight: FLAG, bias: FLAG },
    ({ batch, groups, each, positions, weight, bias }, seed) => ({
      options: { groups },
      inputs: {
        x: matrixOf(seed, 0, [batch, groups * each, positions], 0, 2),
        ...(weight ? { weight: matrixOf(seed, 1, [groups * each]) } : {}), ...(bias ? { bias: matrixOf(seed, 2, [groups * each]) } : {}),
      },
    }),
    ({ options, inputs: { x, weight, bias } }) => (x.shape.length === 3 && options.eps === undefined ? {
      batch: x.shape[0], groups: Number(options.groups), each: x.shape[1] / Number(options.groups), positions: x.shape[2],
      weight: flagOf(weight !== undefined), bias: flagOf(bias !== undefined),
    } : undefined),
  ),
  mutants: GROUP_MUTANTS,
});
