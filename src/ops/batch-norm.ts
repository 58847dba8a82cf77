import { bringing } from '../../shaders/formula.ts';
import { batchNorm as batchNormFormulas } from '../../shaders/formula-rows.wgsl.ts';
import { groupSize } from '../../shaders/group-loops.wgsl.ts';
import { runningStatistic, type RunningStatisticSpec } from '../../shaders/running-statistic.wgsl.ts';
import { checkNumber, ShapeError } from '../errors.ts';
import { map } from './map.ts';
import {
  checkAffine, checkChannels, epsOf, isLong, normalizeBackwards, normalizeFamily, normalizeForward, parameterGradients, savesOf, type View,
} from './normalization.ts';
import type { Named, LibraryOp, Options } from './op.ts';
import { together, type KernelFamily } from './request.ts';
import { sameShape, showShape, type Tensor } from './tensor.ts';

/** A channel of all examples is one group. */
function viewOf(who: string, { x }: Named<Tensor>, options: Options): View {
  const { batch, channels, positions } = checkChannels(who, x!);
  return { runs: batch, groups: channels, length: positions, channels, inner: positions, eps: epsOf(who, options), centred: true };
}

/** One number for each channel, to be stretched over the positions of x. */
function perChannel(tensor: Tensor, { shape }: Tensor): Tensor {
  const ones = shape.slice(2).map(() => 1);
  const { layout } = tensor;
  return {
    ...tensor, shape: [...tensor.shape, ...ones],
    ...(layout ? { layout: { ...layout, strides: [...layout.strides, ...ones.map(() => 0)] } } : {}),
  };
}

function checkMany(who: string, { batch, positions }: { batch: number; positions: number }, x: Tensor): void {
  if (batch * positions === 1) {
    throw new ShapeError(who, 'more than 1 value per channel in training', showShape(x.shape), 'Take larger batches: one value has no variance.');
  }
}

/**
 * out = (x - mean)/√(variance + eps) · weight + bias for each channel of x [batch, channels, ...]. Without `mean` and `variance`
 * they are those of the batch (biased), through which gradients flow; given ones are constants: what evaluation uses.
 * S. Ioffe, C. Szegedy, "Batch normalization", 2015.
 */
export const batchNorm: LibraryOp = /* @__PURE__ */ bringing(/* @__PURE__ */ batchNormFormulas(), {
  name: 'batchNorm',
  group: 'normalisation',
  formula: 'out = (x - mean) / √(variance + eps) · weight + bias for each channel',
  notes: 'Mean and biased variance of the batch, through which gradients flow; given ones are constants (evaluation).',
  inputs: ['x', 'weight', 'bias', 'mean', 'variance'],
  optional: ['weight', 'bias', 'mean', 'variance'],
  constants: ['mean', 'variance'],
  takesIndices: [],
  options: ['eps'],
  families: [normalizeFamily],
  shapes: (inputs, options, who) => {
    const { x, mean, variance } = inputs;
    const view = checkChannels(who, x!);
    checkAffine(who, inputs, [view.channels]);
    epsOf(who, options);
    if (!mean !== !variance) throw new ShapeError(who, 'mean and variance, or neither', `only ${mean ? 'mean' : 'variance'}`);
    for (const [name, given] of Object.entries({ mean, variance })) {
      if (given && !sameShape(given.shape, [view.channels])) throw new ShapeError(who, `${name} [${view.channels}]`, showShape(given.shape));
    }
    if (!mean) checkMany(who, view, x!);
    return { out: x!.shape };
  },
  saves: (inputs, options) => (inputs.mean ? {} : savesOf(viewOf('batchNorm', inputs, options))),
  forward: (application) => {
    const { inputs: { x, weight, bias, mean, variance }, options, outputs } = application;
    const view = viewOf('batchNorm', application.inputs, options);
    if (!mean) return normalizeForward(view, application);
    return [map(x!, [
      { formula: 'normalize', parameters: [view.eps], operands: [perChannel(mean, x!), perChannel(variance!, x!)] },
      ...(weight ? [{ formula: 'mul', operands: [perChannel(weight, x!)] }] : []),
      ...(bias ? [{ formula: 'add', operands: [perChannel(bias, x!)] }] : []),
    ], outputs.out!)];
  },
  backward: (application) => {
    const { inputs: { x, weight, mean, variance }, options, gradients, wanted } = application;
    const view = viewOf('batchNorm', application.inputs, options);
    if (!mean) return normalizeBackwards(view, application);
    return {
      requests: [
        ...(wanted.x ? [map(gradients.out!, [
          { formula: 'overDeviation', parameters: [view.eps], operands: [perChannel(variance!, x!)] },
          ...(weight ? [{ formula: 'mul', operands: [perChannel(weight, x!)] }] : []),
        ], wanted.x)] : []),
        ...(wanted.weight || wanted.bias ? [parameterGradients(view, x!, gradients.out!, { mean, variance: variance! }, wanted, view.eps)] : []),
      ],
    };
  },
});

export const runningStatisticFamily: KernelFamily<RunningStatisticSpec> = {
  flops: ({ spec: { runs, groups, length, statistic } }) => runs * groups * length * (statistic === 'mean' ? 1 : 4),
  name: 'running-statistic',
  cut: 'runningStatistic',
  variants: [
    ...together<RunningStatisticSpec>((spec, target) => isLong(groupSize(spec), target), runningStatistic),
    { name: 'serial', suits: () => true, kernel: (spec) => runningStatistic(spec, 'serial') },
  ],
};

/** A row of the family: out = (1 - momentum) · running + momentum · statistic of each channel of x; nothing flows back to x. */
function running(name: string, statistic: RunningStatisticSpec['statistic']): LibraryOp {
  const momentumOf = (who: string, { momentum }: Options): number => checkNumber(who, 'momentum', momentum, { min: 0, max: 1, float32: true });
  return {
    name,
    group: 'normalisation',
    formula: `out = (1 - momentum) · running + momentum · ${statistic} of each channel of x`,
    notes: `${statistic === 'variance' ? 'Unbiased. ' : ''}Nothing flows back to x.`,
    inputs: ['x', 'running'],
    constants: ['x'],
    takesIndices: [],
    options: ['momentum'],
    families: [runningStatisticFamily],
    shapes: ({ x, running: old }, options, who) => {
      const view = checkChannels(who, x!);
      momentumOf(who, options);
      if (!sameShape(old!.shape, [view.channels])) throw new ShapeError(who, `running [${view.channels}]`, showShape(old!.shape));
      checkMany(who, view, x!);
      return { out: old!.shape };
    },
    forward: ({ inputs: { x, running: old }, options, outputs }) => {
      const { batch, channels, positions } = checkChannels(name, x!);
      return [{
        family: runningStatisticFamily, spec: { runs: batch, groups: channels, length: positions, momentum: momentumOf(name, options), statistic } satisfies RunningStatisticSpec,
        reads: { x: x!, running: old! }, writes: { out: outputs.out! },
      }];
    },
    backward: ({ gradients, wanted, options }) => ({
      requests: wanted.running ? [map(gradients.out!, [{ formula: 'scale', parameters: [1 - momentumOf(name, options)] }], wanted.running)] : [],
    }),
  };
}

/** What batchNorm keeps for evaluation: the running mean of each channel. */
export const runningMean = /* @__PURE__ */ running('runningMean', 'mean');
/** What batchNorm keeps for evaluation: the running variance of each channel, unbiased. */
export const runningVariance = /* @__PURE__ */ running('runningVariance', 'variance');
