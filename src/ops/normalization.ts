import { channelTile, normalizeParametersSerial, normalizeParametersTogether, type NormalizationParametersSpec } from '../../shaders/normalization-parameters.wgsl.ts';
import {
  isChannel, normalize, normalizeBackward, type Epilogue, type NormalizationBackwardSpec, type NormalizationSpec,
} from '../../shaders/normalization.wgsl.ts';
import { groupSize } from '../../shaders/group-loops.wgsl.ts';
import { checkNumber, OptionError, show, ShapeError } from '../errors.ts';
import { asMatrix, graftAfter } from './map.ts';
import type { Application, Backward, BackwardApplication, Named, LibraryOp, Options } from './op.ts';
import { together, type KernelFamily, type Request, type Target } from './request.ts';
import { sameShape, showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

/** What a normalisation's family takes over: a chain on its result, which it writes as `written`. */
const absorbing = <S extends { readonly epilogue?: Epilogue }>(written: 'out' | 'dx'): NonNullable<KernelFamily<S>['absorbConsumer']> => (request, tensor, consumer, keep) => {
  const { spec } = request;
  if (request.writes[written]!.id !== tensor.id) return undefined;
  const { rows, columns } = asMatrix(tensor.shape);
  const grafted = graftAfter(consumer, tensor, rows, columns, request, keep, spec.epilogue?.steps ?? []);
  if (!grafted) return undefined;
  return {
    ...request, spec: { ...spec, epilogue: { steps: grafted.steps, columns } },
    reads: { ...request.reads, ...grafted.reads }, writes: { ...request.writes, ...grafted.writes, [written]: consumer.writes.out! },
  };
};

/** A workgroup pays off where a lane alone would walk far: neighbouring lanes then read neighbouring elements. */
export const isLong = (terms: number, { adapterClass }: Target): boolean => adapterClass === 'gpu' && terms >= 64;

// The three families have one name: whoever forces a variant forces all that a normalisation launches.

export const normalizeFamily: KernelFamily<NormalizationSpec> = {
  // The mean, the squares of what differs from it, and what is scaled and shifted.
  flops: ({ spec: { epilogue }, reads }) => (8 + (epilogue?.steps.length ?? 0)) * sizeOf(reads.x!.shape),
  absorbConsumer: absorbing('out'),
  name: 'normalization',
  cut: 'normalization',
  variants: [
    ...together<NormalizationSpec>((spec, target) => isLong(groupSize(spec), target), normalize),
    { name: 'serial', suits: () => true, kernel: (spec) => normalize(spec, 'serial') },
  ],
};

export const normalizeBackwardFamily: KernelFamily<NormalizationBackwardSpec> = {
  flops: ({ spec: { epilogue }, reads }) => (12 + (epilogue?.steps.length ?? 0)) * sizeOf(reads.dout!.shape),
  absorbConsumer: absorbing('dx'),
  name: 'normalization',
  cut: 'normalization',
  variants: [
    ...together<NormalizationBackwardSpec>((spec, target) => isLong(groupSize(spec), target), normalizeBackward),
    { name: 'serial', suits: () => true, kernel: (spec) => normalizeBackward(spec, 'serial') },
  ],
};

export const normalizeParametersFamily: KernelFamily<NormalizationParametersSpec> = {
  flops: ({ spec: { outer, channels, inner, dweight, dbias } }) => outer * channels * inner * ((dweight ? 4 : 0) + (dbias ? 1 : 0)),
  name: 'normalization',
  cut: 'normalizationParameters',
  variants: [
    // Few slices of several channels are added as fast by a lane for each.
    ...together<NormalizationParametersSpec>((spec, target, how) => isLong(spec.outer * spec.inner, target) && (how === 'workgroup' || channelTile(spec) === 1), normalizeParametersTogether),
    { name: 'serial', suits: () => true, kernel: normalizeParametersSerial },
  ],
};

/** How a normalisation sees its input; weight and bias are as the op has them. */
export type View = Omit<NormalizationSpec, 'weight' | 'bias' | 'epilogue'>;

export function normalizeForward(view: View, { inputs: { x, weight, bias }, outputs, saved }: Application): Request[] {
  return [{
    family: normalizeFamily, spec: { ...view, weight: weight !== undefined, bias: bias !== undefined } satisfies NormalizationSpec,
    reads: { x: x!, ...(weight ? { weight } : {}), ...(bias ? { bias } : {}) },
    writes: { out: outputs.out!, ...(saved.mean ? { mean: saved.mean } : {}), rstd: saved.rstd! },
  }];
}

/** One launch for dx; one more for dweight and dbias, unless the sums that dx needs are these gradients. */
export function normalizeBackwards(view: View, { inputs: { x, weight }, saved, gradients, wanted }: BackwardApplication): Backward {
  const requests: Request[] = [];
  const { eps: _, ...shape } = view;
  const statistics = { ...(saved.mean ? { mean: saved.mean } : {}), rstd: saved.rstd! };
  const joined = wanted.x !== undefined && isChannel(view);
  if (wanted.x) {
    const spec: NormalizationBackwardSpec = {
      ...shape, weight: weight !== undefined, dweight: joined && wanted.weight !== undefined, dbias: joined && wanted.bias !== undefined,
    };
    requests.push({
      family: normalizeBackwardFamily, spec,
      reads: { dout: gradients.out!, x: x!, ...(weight ? { weight } : {}), ...statistics },
      writes: { dx: wanted.x, ...(spec.dweight ? { dweight: wanted.weight! } : {}), ...(spec.dbias ? { dbias: wanted.bias! } : {}) },
    });
  }
  if (!joined && (wanted.weight || wanted.bias)) requests.push(parameterGradients(view, x!, gradients.out!, statistics, wanted));
  return { requests };
}

/** dweight and dbias, those that are wanted. */
export function parameterGradients(
  { channels, inner, groups, length, centred }: Omit<View, 'eps'>, x: Tensor, dout: Tensor, statistics: Named<Tensor>, wanted: Named<Tensor>, eps?: number,
): Request<NormalizationParametersSpec> {
  return {
    family: normalizeParametersFamily,
    spec: {
      outer: sizeOf(x.shape) / (channels * inner), channels, inner, groups, length, centred, dweight: wanted.weight !== undefined, dbias: wanted.bias !== undefined,
      ...(eps === undefined ? {} : { eps }),
    },
    reads: { dout, ...(wanted.weight ? { x, ...statistics } : {}) },
    writes: { ...(wanted.weight ? { dweight: wanted.weight } : {}), ...(wanted.bias ? { dbias: wanted.bias } : {}) },
  };
}

export function epsOf(who: string, { eps }: Options, usual = 1e-5): number {
  return checkNumber(who, 'eps', eps ?? usual, { above: 0, float32: true });
}

/** Refuses a weight or bias that has not one number for each channel. */
export function checkAffine(who: string, inputs: Named<Tensor>, shape: Shape): void {
  for (const name of ['weight', 'bias'] as const) {
    const given = inputs[name];
    if (given && !sameShape(given.shape, shape)) throw new ShapeError(who, `${name} ${showShape(shape)}`, showShape(given.shape));
  }
}

/** The last axes that are normalised: the option, else the weight's shape, else the last axis. */
function normalizedShapeOf(who: string, { x, weight }: Named<Tensor>, { normalizedShape }: Options): Shape {
  if (x!.shape.length === 0) throw new ShapeError(who, 'at least one axis', '[]');
  const shape: unknown = normalizedShape ?? weight?.shape ?? x!.shape.slice(-1);
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new OptionError(who, 'normalizedShape to be a list of sizes > 0', show(shape));
  }
  if (!sameShape(x!.shape.slice(-shape.length), shape as Shape)) throw new ShapeError(who, `x [..., ${shape.join(', ')}]`, showShape(x!.shape));
  return shape as Shape;
}

/** Rows of the last axes, with a weight for each place of a row. */
function lastAxes(name: string, centred: boolean, usualEps: number, parts: Pick<LibraryOp, 'inputs' | 'optional' | 'formula' | 'notes'>): LibraryOp {
  const viewOf = (inputs: Named<Tensor>, options: Options): View => {
    const length = sizeOf(normalizedShapeOf(name, inputs, options));
    return { runs: 1, groups: sizeOf(inputs.x!.shape) / length, length, channels: length, inner: 1, eps: epsOf(name, options, usualEps), centred };
  };
  return {
    name,
    group: 'normalisation',
    ...parts,
    options: ['normalizedShape', 'eps'],
    families: [normalizeFamily],
    shapes: (inputs, options, who) => {
      checkAffine(who, inputs, normalizedShapeOf(who, inputs, options));
      epsOf(who, options, usualEps);
      return { out: inputs.x!.shape };
    },
    saves: (inputs, options) => savesOf(viewOf(inputs, options)),
    forward: (application) => normalizeForward(viewOf(application.inputs, application.options), application),
    backward: (application) => normalizeBackwards(viewOf(application.inputs, application.options), application),
  };
}

export function savesOf({ groups, centred }: View): Named<Shape> {
  return { ...(centred ? { mean: [groups] } : {}), rstd: [groups] };
}

/** out = (x - mean)/√(variance + eps) · weight + bias over the last axes. J. Ba, J. Kiros, G. Hinton, "Layer normalization", 2016. */
export const layerNorm = /* @__PURE__ */ lastAxes('layerNorm', true, 1e-5, {
  formula: 'out = (x - mean) / √(variance + eps) · weight + bias over the last axes', notes: 'Biased variance; eps is 1e-5.',
  inputs: ['x', 'weight', 'bias'], optional: ['weight', 'bias'],
});

/** out = x/√(mean of x² + eps) · weight over the last axes; eps is float32's own, as PyTorch's. B. Zhang, R. Sennrich, "Root mean square layer normalization", 2019. */
export const rmsNorm = /* @__PURE__ */ lastAxes('rmsNorm', false, 2 ** -23, {
  formula: 'out = x / √(mean of x² + eps) · weight over the last axes', notes: 'eps is 2⁻²³.', inputs: ['x', 'weight'], optional: ['weight'],
});

/** x as [batch, channels, positions]. */
export function checkChannels(who: string, x: Tensor): { batch: number; channels: number; positions: number } {
  const [batch, channels, ...positions] = x.shape;
  if (batch === undefined || channels === undefined) throw new ShapeError(who, 'x [batch, channels, ...]', showShape(x.shape));
  return { batch, channels, positions: sizeOf(positions) };
}

function groupView(who: string, { x }: Named<Tensor>, options: Options): View {
  const { batch, channels, positions } = checkChannels(who, x!);
  const groups = checkNumber(who, 'groups', options.groups, { integer: true, min: 1 });
  if (channels % groups !== 0) throw new ShapeError(who, 'channels divisible by groups', `${channels} and ${groups}`);
  return { runs: 1, groups: batch * groups, length: channels / groups * positions, channels, inner: positions, eps: epsOf(who, options), centred: true };
}

/**
 * out = (x - mean)/√(variance + eps) · weight[channel] + bias[channel] over each group of neighbouring channels of each example.
 * Y. Wu, K. He, "Group normalization", 2018; with as many groups as channels it is instance normalisation.
 */
export const groupNorm: LibraryOp = {
  name: 'groupNorm',
  group: 'normalisation',
  formula: 'out = (x - mean) / √(variance + eps) · weight + bias over each group of channels',
  notes: 'As many groups as channels: instance normalisation.',
  inputs: ['x', 'weight', 'bias'],
  optional: ['weight', 'bias'],
  options: ['groups', 'eps'],
  families: [normalizeFamily],
  shapes: (inputs, options, who) => {
    const { channels, length } = groupView(who, inputs, options);
    checkAffine(who, inputs, [channels]);
    if (length === 1) throw new ShapeError(who, 'more than 1 value per group', showShape(inputs.x!.shape));
    return { out: inputs.x!.shape };
  },
  saves: (inputs, options) => savesOf(groupView('groupNorm', inputs, options)),
  forward: (application) => normalizeForward(groupView('groupNorm', application.inputs, application.options), application),
  backward: (application) => normalizeBackwards(groupView('groupNorm', application.inputs, application.options), application),
};
