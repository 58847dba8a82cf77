import { added, scaled } from '../reference/arithmetic.ts';
import { complexMapped, complexScale } from '../reference/complex.ts';
import { flushVariance, meanError, ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { sizeOf, zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta, deltaAt } from './change.ts';
import { gradientsOf, normalization, scaleOf } from './layer-norm.ts';
import { subgroupMutants, withoutLastLane } from './mutants.ts';
import { complexAffine } from './normalization-change.ts';
import { BATCH_MUTANTS } from './normalization-mutants.ts';
import { affine, groupsOf, inverseRoots, normalized, numberOf, weighted } from './normalization.ts';
import type { Groups, Statistics } from './normalization.ts';
import type { Inputs, Mutant, Options, Place, Proof, Sample, SampleTensor } from './proof.ts';
import { filled, normals, uniforms } from './sample-data.ts';
import { drawOf, FLAG, flagOf, matrixOf, sizesFrom } from './sizes.ts';

/** Each channel of x [N, C, …] is one group. */
function channelsOf({ x }: Readonly<Record<string, { readonly shape: Shape }>>): Groups {
  const [batch, channels, ...rest] = x.shape;
  const positions = sizeOf(rest);
  const channel = (i: number): number => Math.floor(i / positions) % channels;
  return groupsOf(x.shape, batch * positions, channels, channel, channel);
}

type BatchInputs = Inputs & { weight?: RefTensor; bias?: RefTensor; mean?: RefTensor; variance?: RefTensor };

/** The statistics that evaluation is given. */
function given({ mean, variance }: Inputs, options: Options, builtins: BuiltinErrors): Statistics {
  return { mean: mean.value, meanVariance: mean.variance, ...inverseRoots(variance.value, numberOf(options.eps, 1e-5), builtins, (c) => variance.variance[c]) };
}

const own = normalization(channelsOf, 1e-5, true, { samples: [], mutants: [] });

/**
 * y = (x − mean)/√(variance + eps)·weight + bias for each channel, with the statistics of the batch (biased variance), or with those
 * that are given: torch.nn.functional.batch_norm in training and in evaluation.
 */
export const batchNorm: Proof = {
  ...own,
  forward(inputs: BatchInputs, options, rounding) {
    if (!inputs.mean) return own.forward(inputs, options, rounding);
    const groups = channelsOf(inputs);
    return affine(inputs.x.shape, normalized(inputs.x, groups, given(inputs, options, rounding.builtins), 'nothing'), groups, inputs.weight, inputs.bias);
  },
  backward(inputs: BatchInputs, out, dout, options, rounding) {
    if (!inputs.mean) return own.backward(inputs, out, dout, options, rounding);
    const groups = channelsOf(inputs);
    const statistics = given(inputs, options, rounding.builtins);
    const g = weighted(dout, groups, inputs.weight);
    const dx = zeros(inputs.x.shape);
    for (let i = 0; i < dx.value.length; i++) {
      const c = groups.channel[i];
      const r = statistics.rstd[c];
      dx.value[i] = g.value[i] * r;
      dx.variance[i] = r * r * g.variance[i] + dx.value[i] ** 2 * (statistics.rstdVariance[c] + ROUNDING ** 2) + flushVariance(dx.value[i]);
    }
    return gradientsOf(inputs, dout, normalized(inputs.x, groups, statistics, 'nothing'), groups, statistics, dx);
  },
  working: (inputs, options, rounding) => (inputs.mean ? {} : own.working!(inputs, options, rounding)),
  complex(inputs, options) {
    const { x, weight, bias, mean, variance } = inputs as typeof inputs & { mean?: typeof inputs[string] };
    if (!mean) return own.complex!(inputs, options);
    const { channel } = channelsOf(inputs);
    const eps = numberOf(options.eps, 1e-5);
    return complexMapped(x, ({ re, im }, i) => {
      const c = channel[i];
      return complexAffine(complexScale({ re: re - mean.re[c], im }, 1 / Math.sqrt(variance.re[c] + eps)), c, weight, bias);
    });
  },
  perturb: (place) => ((place.inputs as Partial<Place['inputs']>).mean ? evaluationChange(place) : own.perturb!(place)),
  samples: [
    training(1501, [7, 5]),
    training(1505, [3, 4, 5, 6]),
    training(1519, [3, 5, 4, 2]),
    training(1507, [2, 3, 65], ['weight']),
    training(1509, [16, 2, 17], []),
    training(1513, [2, 2, 257]),
    training(1515, [263, 2]),
    { ...training(1517, [9, 4]), name: 'a channel of one number', inputs: { ...training(1517, [9, 4]).inputs, x: filled([9, 4], (i) => (i % 4 === 2 ? 5 : i % 11 - 4)) } },
    evaluation(1521, [3, 4, 5, 6]),
    evaluation(1523, [2, 17, 3], ['weight'], { eps: 0.01 }),
    evaluation(1527, [66, 9], ['bias']),
  ],
  sizes: sizesFrom(
    { batch: [3, 33], channels: [1, 9], positions: [1, 17], weight: FLAG, bias: FLAG, evaluation: FLAG },
    ({ batch, channels, positions, weight, bias, evaluation: fixed }, seed) => ({
      options: {},
      inputs: {
        x: matrixOf(seed, 0, positions === 1 ? [batch, channels] : [batch, channels, positions], 0, 2),
        ...(weight ? { weight: matrixOf(seed, 1, [channels]) } : {}), ...(bias ? { bias: matrixOf(seed, 2, [channels]) } : {}),
        ...(fixed ? { mean: matrixOf(seed, 3, [channels]), variance: filled([channels], (i) => 0.2 + 2 * drawOf(seed, 4, i)) } : {}),
      },
    }),
    ({ options, inputs: { x, weight, bias, mean } }) => (x.shape.length <= 3 && options.eps === undefined ? {
      batch: x.shape[0], channels: x.shape[1], positions: x.shape[2] ?? 1,
      weight: flagOf(weight !== undefined), bias: flagOf(bias !== undefined), evaluation: flagOf(mean !== undefined),
    } : undefined),
  ),
  mutants: [
    ...BATCH_MUTANTS,
    { name: 'evaluation without eps', kernel: /^normalize/, find: 'inverseSqrt(variance + 0.00001f)', replace: 'inverseSqrt(variance)', symptoms: ['factor', 'formula'] },
    { name: 'evaluation without the mean', kernel: /^normalize/, find: '(x - mean) * ', replace: 'x * ', symptoms: ['formula'] },
    { name: 'the gradient divided by the variance', kernel: /^overDeviation/, find: 'x * inverseSqrt(', replace: 'x / (', symptoms: ['formula', 'factor'] },
    { name: 'dweight without the variance', kernel: /^normalize-parameters/, find: 'inverseSqrt(variance[own]', replace: '(1.0 + 0.0 * variance[own]', symptoms: ['factor', 'formula'] },
  ],
};

function evaluationChange({ inputs: { x, weight, bias, mean, variance }, out, options }: Place): () => void {
  const { channel, channels } = channelsOf({ x });
  const members: number[][] = Array.from({ length: channels }, () => []);
  channel.forEach((c, i) => members[c].push(i));
  const eps = numberOf(options.eps, 1e-5);
  const optionalDelta = (site: Place['inputs'][string] | undefined, c: number): number => (site ? deltaAt(site.change, c) : 0);
  return () => {
    out.change.count = 0;
    const move = (i: number): void => {
      const c = channel[i];
      const root = 1 / Math.sqrt(variance.value[c] + eps);
      const deltaVariance = optionalDelta(variance, c);
      const deltaRoot = deltaVariance === 0 ? 0 : root * Math.expm1(-0.5 * Math.log1p(deltaVariance / (variance.value[c] + eps)));
      const d = x.value[i] - mean.value[c];
      const deltaY = d * deltaRoot + (deltaAt(x.change, i) - optionalDelta(mean, c)) * (root + deltaRoot);
      const deltaWeight = optionalDelta(weight, c);
      const delta = deltaY * ((weight ? weight.value[c] : 1) + deltaWeight) + d * root * deltaWeight + optionalDelta(bias, c);
      if (deltaAt(out.change, i) === 0) addDelta(out.change, i, delta);
    };
    for (let k = 0; k < x.change.count; k++) move(x.change.index[k]);
    for (const site of [weight, bias, mean, variance] as readonly (Place['inputs'][string] | undefined)[]) {
      for (let k = 0; site && k < site.change.count; k++) members[site.change.index[k]].forEach(move);
    }
  };
}

function training(seed: number, shape: Shape, has: readonly ('weight' | 'bias')[] = ['weight', 'bias']): Sample {
  const size = [shape[1]];
  return {
    name: `training [${shape.join(', ')}] ${has.join(', ')}`, options: {},
    inputs: { x: normals(seed, shape, 2), ...(has.includes('weight') ? { weight: scaleOf(seed + 1, size) } : {}), ...(has.includes('bias') ? { bias: normals(seed + 2, size) } : {}) },
  };
}

function evaluation(seed: number, shape: Shape, has?: readonly ('weight' | 'bias')[], options: Options = {}): Sample {
  const { inputs, name } = training(seed, shape, has);
  const size = [shape[1]];
  return { name: name.replace('training', 'evaluation'), options, inputs: { ...inputs, mean: normals(seed + 3, size), variance: uniforms(seed + 4, size, 0.02, 2) } };
}

/** y = (1 − momentum)·running + momentum·statistic of each channel: nothing flows back to x. */
function running(statisticOf: (values: readonly number[], inputVariances: readonly number[], builtins: BuiltinErrors) => { value: number; variance: number }, samples: readonly Sample[], mutants: readonly Mutant[]): Proof {
  const momentumOf = ({ momentum }: Options): number => numberOf(momentum, 0.1);
  return {
    differentiable: ['running'],
    forward({ x, running: old }, options, { builtins }) {
      const { channel, channels } = channelsOf({ x });
      const found = zeros([channels]);
      for (let c = 0; c < channels; c++) {
        const members = Array.from(channel.keys()).filter((i) => channel[i] === c);
        const { value, variance } = statisticOf(members.map((i) => x.value[i]), members.map((i) => x.variance[i]), builtins);
        found.value[c] = value;
        found.variance[c] = variance;
      }
      const momentum = momentumOf(options);
      return added(scaled(old, 1 - momentum), scaled(found, momentum));
    },
    backward: ({ running: old }, _out, dout, options) => ({ running: { ...scaled(dout, 1 - momentumOf(options)), shape: old.shape } }),
    samples,
    sizes: sizesFrom(
      { batch: [2, 33], channels: [9, 33], positions: [1, 5] },
      ({ batch, channels, positions }, seed) => runningInputs(0.1, matrixOf(seed, 0, positions === 1 ? [batch, channels] : [batch, channels, positions], 0, 2), matrixOf(seed, 1, [channels])),
      ({ inputs: { x } }) => (x.shape.length <= 3 ? { batch: x.shape[0], channels: x.shape[1], positions: x.shape[2] ?? 1 } : undefined),
    ),
    mutants,
    conventions: [],
  };
}

const runningInputs = (momentum: number, x: SampleTensor, old: SampleTensor): Pick<Sample, 'options' | 'inputs'> => ({ options: { momentum }, inputs: { x, running: old } });

const RUNNING_SAMPLES: readonly Sample[] = ([[[7, 5], 0.1], [[3, 4, 5, 6], 0.1], [[2, 3, 65], 0.25], [[67, 2], 0.75], [[16, 17], 0.01], [[2, 2, 257], 0.1]] as const)
  .map(([shape, momentum], k) => ({ name: `[${shape.join(', ')}] momentum ${momentum}`, ...runningInputs(momentum, normals(1601 + 7 * k, shape, 2), normals(1603 + 7 * k, [shape[1]])) }));

const runningMutants = (kernel: string): readonly Mutant[] => {
  const both = new RegExp(`^running-${kernel}`);
  return [
    { name: 'the running number forgotten', kernel: both, find: 'out[own] = running[own] * ', replace: 'out[own] = 0.0 * running[own] * ', symptoms: ['formula'] },
    { name: 'momentum forgotten', kernel: both, find: ' + found * ', replace: ' + found + 0.0 * ', symptoms: ['formula'] },
    { name: 'only the last term', kernel: both, find: 'total += x', replace: 'total = x', symptoms: ['formula', 'reduction'] },
    { name: 'lanes that do not wait', kernel: new RegExp(`^running-${kernel}/workgroup`), find: 'workgroupBarrier();', replace: '', symptoms: ['formula', 'reduction'] },
    ...subgroupMutants(new RegExp(`^running-${kernel}/subgroup$`), ['formula', 'reduction', 'factor'], 'k', 'subgroupAdd(total)'),
    withoutLastLane(new RegExp(`^running-${kernel}/serial`)),
  ];
};

function meanOf(values: readonly number[], builtins: BuiltinErrors): { value: number; variance: number } {
  const n = values.length;
  const value = values.reduce((sum, one) => sum + one, 0) / n;
  const size = values.reduce((sum, one) => sum + Math.abs(one), 0) / n;
  return { value, variance: (ROUNDING * Math.sqrt(n) * size) ** 2 + (meanError(builtins) * value) ** 2 };
}

/** The mean of each channel, kept for evaluation. */
export const runningMean = running((values, errors, builtins) => {
  const { value, variance } = meanOf(values, builtins);
  return { value, variance: variance + errors.reduce((sum, one) => sum + one, 0) / values.length ** 2 };
}, RUNNING_SAMPLES, runningMutants('mean'));

/** The unbiased variance of each channel, Σ (x − mean)²/(n − 1), kept for evaluation. */
export const runningVariance = running((values, errors, builtins) => {
  const n = values.length;
  const { value: mean, variance: meanVariance } = meanOf(values, builtins);
  const value = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (n - 1);
  const fourth = values.reduce((sum, one) => sum + (one - mean) ** 4, 0) / (n - 1) ** 2;
  const fromInputs = values.reduce((sum, one, i) => sum + errors[i] * (2 * (one - mean) / (n - 1)) ** 2, 0);
  return { value, variance: value ** 2 * (ROUNDING ** 2 * n + meanError(builtins) ** 2) + 5 * ROUNDING ** 2 * fourth + 3 * meanVariance ** 2 + fromInputs };
}, RUNNING_SAMPLES, [
  ...runningMutants('variance'),
  { name: 'the biased variance', kernel: /^running-variance/, find: 'let found = squares / ', replace: 'let found = 0.99 * squares / ', symptoms: ['formula', 'factor'] },
  { name: 'the mean not subtracted', kernel: /^running-variance/, find: 'x[at] - center', replace: 'x[at]', symptoms: ['formula'] },
]);
