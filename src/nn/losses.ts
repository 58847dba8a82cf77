import { checkNumber, checkOptionNames, DataError, OptionError, show, ShapeError } from '../errors.ts';
import type { AccuracySpec } from '../../shaders/accuracy.wgsl.ts';
import { checkArray } from '../data/check.ts';
import type { Dataset } from '../data/dataset.ts';
import { sameShape, showShape, sizeOf, type ElementType, type Shape, type Tensor } from '../ops/tensor.ts';
import * as functional from './functional/losses.ts';
import type {
  BceLossOptions, CrossEntropyLossOptions, HingeLossOptions, HuberLossOptions, KlDivLossOptions, NllLossOptions, Reduced,
} from './functional/losses.ts';

/** What is minimised: how the model's output is compared with targets. */
export interface Loss {
  readonly name: string;
  /**
   * The shape and type of one example's target for a model whose output for one example has this shape. With `classes`
   * targets are indices below it, or the loss's `ignoreIndex`; with `most` they are numbers in [least, most], `least` being 0 where left out;
   * with `signs` they are −1 or 1.
   */
  target(output: Shape): { readonly shape: Shape; readonly type: ElementType; readonly classes?: number; readonly least?: number; readonly most?: number; readonly signs?: true };
  apply(output: Tensor, target: Tensor): Tensor;
  /** How predictions are counted as right; undefined where accuracy means nothing. */
  readonly accuracy?: AccuracySpec['target'];
  /** Where the loss of a batch is not the mean over its terms. */
  readonly reduction?: 'mean' | 'sum' | 'batchMean';
  /** What the mean over these targets divides by, in any unit, where that is not the same for each example: `evaluate` joins batches by it. */
  mass?(targets: Float32Array | Uint32Array): number;
  /** The label of rows that count nothing, for losses of class indices. */
  readonly ignoreIndex?: number;
}

/** PyTorch's default. */
const IGNORE_INDEX = -100;

/** The options that a factory knows, checked by name; what they hold the op checks, in the name of the loss, when it is applied. */
function optionsOf<T extends object>(who: string, options: T, known: readonly (keyof T & string)[]): T {
  checkOptionNames(who, options, known);
  return { ...options };
}

const reduced = ({ reduction }: { readonly reduction?: 'mean' | 'sum' | 'batchMean' }): Pick<Loss, 'reduction'> => (reduction === undefined ? {} : { reduction });

/** Targets of the output's shape. */
const sameAsOutput = (range: { most?: number; signs?: true } = {}): Loss['target'] => (shape) => ({ shape, type: 'f32', ...range });

/** One class index for each row of classes. */
const labels = (who: string): Loss['target'] => (shape) => ({ shape: shape.slice(0, -1), type: 'u32', classes: classesOf(who, shape) });

function classesOf(who: string, shape: Shape): number {
  const classes = shape[shape.length - 1];
  if (classes === undefined) throw new ShapeError(who, 'a model whose output has classes as its last axis', showShape(shape));
  return classes;
}

function checkIgnoreIndex(who: string, ignoreIndex: number = IGNORE_INDEX): number {
  return checkNumber(who, 'ignoreIndex', ignoreIndex, { integer: true, min: -(2 ** 31), max: 2 ** 32 - 1 });
}

/** The sum of class weights over the labels that count, 1 each without weights: what the mean of losses of labels divides by. */
function massOf(ignoreIndex: number, weight?: readonly number[]): NonNullable<Loss['mass']> {
  const ignored = ignoreIndex >>> 0;
  // A loop: of a language model's labels there are many.
  return (targets) => {
    let mass = 0;
    for (const label of targets) if (label !== ignored) mass += weight ? weight[label]! : 1;
    return mass;
  };
}

/** Mean squared error over all elements, or with `reduction: 'sum'` their sum. Targets: f32 of the output's shape. */
export function mse(options: Reduced = {}): Loss {
  const own = optionsOf('mse', options, ['reduction']);
  return { name: 'mse', ...reduced(own), target: sameAsOutput(), apply: (input, target) => functional.mse(input, target, own) };
}

/** Mean absolute error over all elements (PyTorch's L1Loss). Targets: f32 of the output's shape. */
export function mae(options: Reduced = {}): Loss {
  const own = optionsOf('mae', options, ['reduction']);
  return { name: 'mae', ...reduced(own), target: sameAsOutput(), apply: (input, target) => functional.mae(input, target, own) };
}

/** Squared errors up to `delta` (default 1), from there on lines: outliers pull no harder. Targets: f32 of the output's shape. */
export function huber(options: HuberLossOptions = {}): Loss {
  const own = optionsOf('huber', options, ['delta', 'reduction']);
  return { name: 'huber', ...reduced(own), target: sameAsOutput(), apply: (input, target) => functional.huber(input, target, own) };
}

/**
 * Binary cross-entropy on logits, mean over all elements. Targets: f32 in [0, 1] of the output's shape (`toValues`, `oneHot`).
 * `posWeight` above 1 makes positive targets count more, `weight` some outputs.
 */
export function bceWithLogits(options: BceLossOptions = {}): Loss {
  const own = optionsOf('bceWithLogits', options, ['weight', 'posWeight', 'reduction']);
  return {
    name: 'bceWithLogits', ...reduced(own), accuracy: 'signs', target: sameAsOutput({ most: 1 }),
    apply: (input, target) => functional.bceWithLogits(input, target, own),
  };
}

/** Binary hinge loss max(0, margin − t·x), mean over all elements. Targets: f32 of the output's shape, 1 or −1 and nothing else. */
export function hinge(options: HingeLossOptions = {}): Loss {
  const own = optionsOf('hinge', options, ['margin', 'reduction']);
  return {
    name: 'hinge', ...reduced(own), accuracy: 'signs', target: sameAsOutput({ signs: true }),
    apply: (input, target) => functional.hinge(input, target, own),
  };
}

/**
 * Kullback-Leibler divergence from a model that gives log-probabilities (`logSoftmax`). Targets: probabilities of the output's shape, or their
 * logarithms with `logTarget`. `reduction: 'batchMean'` is the divergence by its definition; the default `mean` is over all elements.
 */
export function klDiv(options: KlDivLossOptions = {}): Loss {
  const own = optionsOf('klDiv', options, ['logTarget', 'reduction']);
  return {
    name: 'klDiv', ...reduced(own), target: sameAsOutput(own.logTarget === true ? {} : { most: 1 }),
    ...(own.logTarget === true ? {} : { accuracy: 'probabilities' as const }),
    apply: (input, target) => functional.klDiv(input, target, own),
  };
}

/**
 * Softmax cross-entropy on logits [batch…, classes], mean over all rows. `targets: 'index'` (the default) takes class indices,
 * `'probabilities'` takes f32 of the output's shape (`oneHot`). With indices, rows whose label is `ignoreIndex` (default −100, which a
 * Uint32Array holds as 4294967196) count nothing; `weight` has one factor for each class; `labelSmoothing` spreads a part of each target over all classes.
 */
export function crossEntropy(options: CrossEntropyLossOptions & { readonly targets?: 'index' | 'probabilities' } = {}): Loss {
  const { targets = 'index', ...own } = optionsOf('crossEntropy', options, ['targets', 'weight', 'ignoreIndex', 'labelSmoothing', 'reduction']);
  if (targets !== 'index' && targets !== 'probabilities') throw new OptionError('crossEntropy', 'targets to be "index" or "probabilities"', show(targets));
  const shared = { name: 'crossEntropy', ...reduced(own), accuracy: targets, apply: (input: Tensor, target: Tensor) => functional.crossEntropy(input, target, own) };
  if (targets === 'index') {
    const ignoreIndex = checkIgnoreIndex('crossEntropy', own.ignoreIndex);
    return { ...shared, target: labels('crossEntropy'), ignoreIndex, mass: massOf(ignoreIndex, own.weight) };
  }
  if (own.ignoreIndex !== undefined) {
    throw new OptionError('crossEntropy', 'targets "index" for ignoreIndex', '"probabilities"', 'Leave a row out by giving it probabilities of 0.');
  }
  return {
    ...shared,
    target: (shape) => {
      classesOf('crossEntropy', shape);
      return { shape, type: 'f32', most: 1 };
    },
  };
}

/** Negative log-likelihood for a model that gives log-probabilities [batch…, classes] (`logSoftmax`). Targets: class indices, as for crossEntropy. */
export function nll(options: NllLossOptions = {}): Loss {
  const own = optionsOf('nll', options, ['weight', 'ignoreIndex', 'reduction']);
  const ignoreIndex = checkIgnoreIndex('nll', own.ignoreIndex);
  return {
    name: 'nll', ...reduced(own), accuracy: 'index', target: labels('nll'), ignoreIndex, mass: massOf(ignoreIndex, own.weight),
    apply: (input, target) => functional.nll(input, target, own),
  };
}

/** Refuses targets in another array than this loss takes. */
export function checkTargetType(who: string, targets: unknown, loss: Loss, output: Shape): void {
  const { type, shape } = loss.target(output);
  const areClasses = targets instanceof Uint32Array;
  if ((areClasses || targets instanceof Float32Array) && areClasses !== (type === 'u32')) {
    throw new DataError(who, `${loss.name} targets of type ${type} ${showShape(shape)}`, areClasses ? 'class indices' : 'f32 numbers',
      areClasses ? 'Convert them with oneHot(data) or toValues(data).' : 'Give class indices as a Uint32Array, or choose crossEntropy({ targets: \'probabilities\' }).');
  }
  checkArray(who, 'targets', targets, type === 'u32' ? 'Uint32Array' : 'Float32Array');
}

/** Refuses data that this model and loss cannot take, before anything is uploaded. */
export function checkFits(who: string, data: Pick<Dataset, 'inputShape' | 'targets' | 'targetShape'>, inputShape: Shape, loss: Loss, output: Shape): void {
  if (!sameShape(data.inputShape, inputShape)) {
    throw new ShapeError(who, `examples of shape ${showShape(inputShape)}, as the model's first layer expects`, showShape(data.inputShape),
      'Change the first layer or the data; flatten() makes a vector of an image.');
  }
  const target = loss.target(output);
  checkTargetType(who, data.targets, loss, output);
  if (!sameShape(data.targetShape, target.shape)) {
    throw new ShapeError(who, `targets of shape ${showShape(target.shape)} for a model output ${showShape(output)}`, showShape(data.targetShape));
  }
  if (target.most !== undefined) {
    const { least = 0, most } = target;
    const wrong = (data.targets as Float32Array).findIndex((value) => !(value >= least && value <= most));
    if (wrong >= 0) throw new DataError(who, `${loss.name} targets in [${least}, ${most}]`, `${data.targets[wrong]} in row ${Math.floor(wrong / sizeOf(target.shape))}`);
  }
  if (target.signs) {
    const wrong = (data.targets as Float32Array).findIndex((value) => value !== 1 && value !== -1);
    if (wrong >= 0) {
      throw new DataError(who, `${loss.name} targets of -1 or 1`, `${data.targets[wrong]} in row ${Math.floor(wrong / sizeOf(target.shape))}`,
        'Make signs of 0 and 1: targets.map((t) => 2 * t - 1).');
    }
  }
  if (target.classes !== undefined) {
    const { classes } = target;
    const ignored = loss.ignoreIndex === undefined ? undefined : loss.ignoreIndex >>> 0;
    const wrong = (data.targets as Uint32Array).findIndex((label) => label >= classes && label !== ignored);
    if (wrong >= 0) {
      throw new DataError(who, `labels below ${classes}, the width of the model's output`, `label ${data.targets[wrong]} in row ${Math.floor(wrong / sizeOf(target.shape))}`, 'Make the last layer as wide as there are classes.');
    }
  }
}
