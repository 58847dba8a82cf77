import { crossEntropyIndex, crossEntropyProbabilities, crossEntropyTarget, type CrossEntropyIndexSpec, type CrossEntropyProbabilitiesSpec } from '../../shaders/cross-entropy.wgsl.ts';
import { labelMass, MASS_PARTS, needsMass, nll as nllKernel, type LabelSpec } from '../../shaders/labels.wgsl.ts';
import { checkNumber, OptionError, ShapeError } from '../errors.ts';
import { checkWeights, defineLoss, rowsOfClasses, type LossCall } from './loss.ts';
import { asMatrix, map } from './map.ts';
import type { Named, Options } from './op.ts';
import { type KernelFamily, perElement, type Request } from './request.ts';
import { sameShape, showShape, type Tensor } from './tensor.ts';

/** PyTorch's: labels are u32 here, where it is 4294967196. */
export const IGNORE_INDEX = -100;

const massFamily: KernelFamily<LabelSpec> = { name: 'label-mass', cut: 'labelMass', flops: perElement('expected', 1), variants: [{ name: 'parts', suits: () => true, kernel: labelMass }] };

/** A label in 32 bits, whichever way it is written. */
function checkIgnoreIndex(who: string, { ignoreIndex = IGNORE_INDEX }: Options): void {
  checkNumber(who, 'ignoreIndex', ignoreIndex, { integer: true, min: -(2 ** 31), max: 2 ** 32 - 1 });
}

/** Labels: a class index for each row, as u32 or as whole numbers in f32. */
function checkLabels({ input, target }: Named<Tensor>, who: string): void {
  rowsOfClasses(input!, who);
  const expected = input!.shape.slice(0, -1);
  if (!sameShape(target!.shape, expected)) throw new ShapeError(who, `targets ${showShape(expected)} (class indices)`, showShape(target!.shape));
}

function checkClassWeights(who: string, { weight }: Options, input: Tensor): void {
  if (weight !== undefined) checkWeights(who, 'weight', weight, asMatrix(input.shape).columns, 'class');
}

function labelSpec({ input, target }: Named<Tensor>, { reduction = 'mean', ignoreIndex = IGNORE_INDEX, weight }: Options): LabelSpec {
  return {
    ...asMatrix(input!.shape), scale: 1, labels: target!.type, ignoreIndex: Number(ignoreIndex), mean: reduction === 'mean',
    ...(Array.isArray(weight) ? { weight: weight.map(Number) } : {}),
  };
}

/** The sums of weights that many rows divide by. */
function prepareMass({ inputs, scratch }: LossCall, spec: LabelSpec): { requests: readonly Request[]; reads: Named<Tensor> } {
  if (!needsMass(spec)) return { requests: [], reads: {} };
  const mass = scratch('mass', [MASS_PARTS]);
  return { requests: [{ family: massFamily, spec, reads: { expected: inputs.target! }, writes: { mass } }], reads: { mass } };
}

/** Negative log-likelihood of log-probabilities [rows…, classes] and class indices [rows…]. */
export const nll = /* @__PURE__ */ defineLoss<LabelSpec>({
  name: 'nll',
  formula: 'out = -Σ weight[t] · input[t] / Σ weight[t] over rows',
  notes: 'Rows of ignoreIndex (-100) count nothing.',
  options: ['weight', 'ignoreIndex'],
  check: (inputs, options, who) => {
    checkLabels(inputs, who);
    checkIgnoreIndex(who, options);
    checkClassWeights(who, options, inputs.input!);
  },
  spec: labelSpec,
  kernel: nllKernel,
  prepare: prepareMass,
});

type CrossEntropySpec = (CrossEntropyIndexSpec & { readonly kind: 'index' }) | (CrossEntropyProbabilitiesSpec & { readonly kind: 'probabilities' });

/** Probabilities have a number for each class, class indices one for each row. */
const isSoft = ({ input, target }: Named<Tensor>): boolean => target!.shape.length === input!.shape.length;

const targetFamily: KernelFamily<CrossEntropyProbabilitiesSpec> =
  { name: 'cross-entropy-target', cut: 'loss', variants: [{ name: 'row', suits: () => true, kernel: crossEntropyTarget }] };

/** Softmax cross-entropy of logits [rows…, classes]. Targets: class indices [rows…], or f32 probabilities of the logits' shape. */
export const crossEntropy = /* @__PURE__ */ defineLoss<CrossEntropySpec>({
  name: 'crossEntropy',
  formula: 'out = -Σ weight[t] · log softmax(input)[t] / Σ weight[t] over rows',
  notes: 'Targets: class indices, or probabilities of the input\'s shape (divided by the rows). labelSmoothing; rows of ignoreIndex (-100) count nothing.',
  options: ['weight', 'ignoreIndex', 'labelSmoothing'],
  check: (inputs, options, who) => {
    const { input, target } = inputs;
    rowsOfClasses(input!, who);
    if (!isSoft(inputs)) checkLabels(inputs, who);
    else if (target!.type === 'u32') throw new ShapeError(who, `targets ${showShape(input!.shape.slice(0, -1))} (class indices)`, showShape(target!.shape));
    else if (!sameShape(target!.shape, input!.shape)) throw new ShapeError(who, `targets ${showShape(input!.shape)} (probabilities)`, showShape(target!.shape));
    if (isSoft(inputs) && options.ignoreIndex !== undefined) {
      throw new OptionError(who, 'class indices for ignoreIndex', 'probabilities', 'Leave a row out by giving it probabilities of 0.');
    }
    checkIgnoreIndex(who, options);
    checkClassWeights(who, options, input!);
    checkNumber(who, 'labelSmoothing', options.labelSmoothing ?? 0, { min: 0, max: 1 });
  },
  spec: (inputs, options) => {
    const smoothing = Number(options.labelSmoothing ?? 0);
    const labels = labelSpec(inputs, options);
    if (!isSoft(inputs)) return { kind: 'index', ...labels, smoothing };
    const { rows, columns, weight, mean } = labels;
    return { kind: 'probabilities', rows, columns, scale: mean ? 1 / rows : 1, smoothing, ...(weight ? { weight } : {}) };
  },
  kernel: (spec) => (spec.kind === 'index' ? crossEntropyIndex(spec) : crossEntropyProbabilities(spec)),
  prepare: (call, spec) => (spec.kind === 'index' ? prepareMass(call, spec) : { requests: [], reads: {} }),
  // An index has no gradient, also where an f32 tensor holds it.
  targetGradient: ({ inputs, upstream, out }, spec) => (spec.kind === 'index'
    ? map(inputs.target!, [{ formula: 'zero' }], out)
    : { family: targetFamily, spec, reads: { x: inputs.input!, upstream }, writes: { dtarget: out } }),
});
