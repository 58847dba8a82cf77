import { checkNumber, checkObject, checkOptionNames, OptionError, show } from '../errors.ts';
import { sizeOf, type Shape, type Tensor } from '../ops/tensor.ts';
import * as dropoutOps from '../ops/dropout.ts';
import * as elementwiseOps from '../ops/elementwise.ts';
import * as linearOps from '../ops/linear.ts';
import * as reshapeOps from '../ops/reshape.ts';
import * as softmaxOps from '../ops/softmax.ts';
import type { Op } from '../ops/op.ts';
import { apply, currentTrace } from '../program/trace.ts';
import type { AxisOptions } from './functional/reductions.ts';
import { checkInitializer } from './initial-values.ts';
import { defaultLinearBias, defaultLinearWeight, type Initializer } from './initializers.ts';
import { defineModule, type AnyModule, type Module } from './module.ts';

type Input = Pick<Module, 'inputShape' | 'inputType' | 'inputClasses' | 'reshapes'>;

/**
 * What the first of some layers takes: activations take any shape and pass it on, so the first that knows its input
 * decides, unless something before it changes the shape.
 */
function inferInput(layers: readonly AnyModule[]): Input {
  const first = layers.find(({ inputShape, inputType, reshapes }) => inputShape !== undefined || inputType !== undefined || reshapes);
  if (!first) return {};
  const { inputShape, inputType, inputClasses, reshapes } = first;
  return {
    ...(inputShape ? { inputShape } : {}), ...(inputType ? { inputType } : {}), ...(inputClasses === undefined ? {} : { inputClasses }),
    // Whoever takes indices makes something else of them.
    ...(reshapes || (inputType && !inputShape) ? { reshapes: true } : {}),
  };
}

/** Layers one after the other: the output of each is the input of the next. Parameters are named by position: `0.weight`. */
export function sequential(...layers: readonly Module[]): Module {
  layers.forEach((layer, index) => {
    if (typeof layer !== 'function' || typeof layer.kind !== 'string') throw new OptionError('sequential', `layers, and one as argument ${index}`, show(layer));
  });
  if (layers.length === 0) throw new OptionError('sequential', 'at least one layer', 'none');
  return defineModule({
    kind: 'sequential',
    children: Object.fromEntries(layers.map((layer, index) => [String(index), layer])),
    ...inferInput(layers),
    forward: (_, x) => layers.reduce((value, layer) => layer(value), x),
  });
}

/**
 * A net of your own: `forward` gets the children and the input and may connect them freely (skip connections, one
 * layer used twice). It is called once, when the model is compiled.
 *
 * `forward` may take several tensors and return anything (a decoder that takes a memory, a recurrent cell that returns its state);
 * what is compiled takes one and returns one. `inputShape` is the shape of one example; needed where the first child can't tell it.
 */
export function module<Children extends Readonly<Record<string, AnyModule>>>(
  children: Children, forward: (children: Children, x: Tensor) => Tensor, options?: { inputShape?: Shape },
): Module;
export function module<Children extends Readonly<Record<string, AnyModule>>, Arguments extends readonly unknown[], Result>(
  children: Children, forward: (children: Children, ...inputs: Arguments) => Result, options?: { inputShape?: Shape },
): Module<Arguments, Result>;
export function module<Children extends Readonly<Record<string, AnyModule>>, Arguments extends readonly unknown[], Result>(
  children: Children, forward: (children: Children, ...inputs: Arguments) => Result, options: { inputShape?: Shape } = {},
): Module<Arguments, Result> {
  checkOptionNames('module', options, ['inputShape']);
  checkObject('module', 'children as an object of layers by name', children);
  if (typeof forward !== 'function') throw new OptionError('module', 'a forward function (children, x) => tensor', show(forward));
  for (const [name, child] of Object.entries(children)) {
    if (typeof child !== 'function' || typeof child.kind !== 'string') throw new OptionError('module', `a layer as child ${show(name)}`, show(child));
    if (!/^[A-Za-z0-9_]{1,64}$/.test(name)) throw new OptionError('module', 'children named with at most 64 letters, digits and _', show(name));
  }
  const inferred = inferInput(Object.values(children));
  const input = options.inputShape ? { ...inferred, inputShape: options.inputShape } : inferred;
  return defineModule<Arguments, Result>({ kind: 'module', children, ...input, forward: (_, ...inputs) => forward(children, ...inputs) });
}

export interface LinearOptions {
  /** Whether there is a bias. Default true. */
  readonly bias?: boolean;
  /** How the weight [out, in] starts. Default PyTorch's: uniform in ±1/√in. */
  readonly weightInitializer?: Initializer;
  /** How the bias [out] starts. Default PyTorch's: uniform in ±1/√in. */
  readonly biasInitializer?: Initializer;
}

/** out = x · weightᵀ + bias: x [..., inFeatures], weight [outFeatures, inFeatures], bias [outFeatures]. */
export function linear(inFeatures: number, outFeatures: number, options: LinearOptions = {}): Module {
  checkNumber('linear', 'inFeatures', inFeatures, { integer: true, min: 1 });
  checkNumber('linear', 'outFeatures', outFeatures, { integer: true, min: 1 });
  checkOptionNames('linear', options, ['bias', 'weightInitializer', 'biasInitializer']);
  const { bias = true, weightInitializer = defaultLinearWeight(), biasInitializer = defaultLinearBias(inFeatures) } = options;
  checkInitializer('linear', 'weightInitializer', weightInitializer);
  checkInitializer('linear', 'biasInitializer', biasInitializer);
  if (typeof bias !== 'boolean') throw new OptionError('linear', 'bias to be true or false', show(bias));
  return defineModule({
    kind: 'linear',
    parameters: {
      weight: { shape: [outFeatures, inFeatures], initializer: weightInitializer },
      ...(bias ? { bias: { shape: [outFeatures], initializer: biasInitializer } } : {}),
    },
    inputShape: [inFeatures],
    forward: ({ parameters }, x) => apply(linearOps.linear, { x, weight: parameters.weight, bias: parameters.bias }),
  });
}

const activation = (op: Op, options = {}): Module => defineModule({ kind: op.name, forward: (_, x) => apply(op, { x }, options) });

/** max(x, 0). The subgradient at 0 is 0. */
export const relu = (): Module => activation(elementwiseOps.relu);
/** 1 / (1 + e^-x). */
export const sigmoid = (): Module => activation(elementwiseOps.sigmoid);
/** The hyperbolic tangent. */
export const tanh = (): Module => activation(elementwiseOps.tanh);
/** x · sigmoid(x), also called swish. */
export const silu = (): Module => activation(elementwiseOps.silu);
/** Softmax along `axis`, counted with the batch axis (default the last). Not needed before crossEntropy(), which takes logits. */
export const softmax = (options: AxisOptions = {}): Module => alongAxis(softmaxOps.softmax, options);
/** The logarithm of softmax along `axis`, counted with the batch axis (default the last). */
export const logSoftmax = (options: AxisOptions = {}): Module => alongAxis(softmaxOps.logSoftmax, options);

function alongAxis(op: Op, options: AxisOptions): Module {
  checkOptionNames(op.name, options, ['axis']);
  return activation(op, { axis: checkNumber(op.name, 'axis', options.axis ?? -1, { integer: true }) });
}

/** x where x > 0, else negativeSlope · x (default 0.01, ≥ 0). */
export function leakyRelu(options: { negativeSlope?: number } = {}): Module {
  checkOptionNames('leakyRelu', options, ['negativeSlope']);
  return activation(elementwiseOps.leakyRelu, { negativeSlope: checkNumber('leakyRelu', 'negativeSlope', options.negativeSlope ?? 0.01, { min: 0 }) });
}

/** x · Φ(x), with Φ by erf (`approximate: 'none'`, the default) or by tanh (`'tanh'`). */
export function gelu(options: { approximate?: 'none' | 'tanh' } = {}): Module {
  checkOptionNames('gelu', options, ['approximate']);
  const { approximate = 'none' } = options;
  if (approximate !== 'none' && approximate !== 'tanh') throw new OptionError('gelu', 'approximate to be "none" or "tanh"', show(approximate));
  return activation(elementwiseOps.gelu, { approximate });
}

/**
 * Dropout (Srivastava et al. 2014): in training each element becomes 0 with probability p (in [0, 1), default 0.5) and the
 * others are multiplied by 1/(1 − p); in `evaluate` and `predict` the input passes as it is.
 *
 * The mask is a function of the trainer's seed, the number of the step, the layer and the element: training with the same seed
 * repeats itself bit for bit, also when it goes on from a saved state.
 */
export function dropout(p = 0.5): Module {
  checkNumber('dropout', 'p', p, { min: 0, below: 1 });
  return defineModule({
    kind: 'dropout',
    forward: ({ randomness }, x) => {
      if (!randomness || p === 0) return x;
      const { counter, layer } = randomness.draw();
      return apply(dropoutOps.dropout, { x, counter }, { p, layer });
    },
  });
}

/** Each example as one vector: [batch, a, b, …] becomes [batch, a · b · …]. */
export function flatten(): Module {
  return defineModule({
    kind: 'flatten',
    reshapes: true,
    forward: (_, x) => apply(reshapeOps.reshape, { x }, { shape: [x.shape[0]!, sizeOf(x.shape.slice(1))] }),
  });
}

/**
 * The same layer or net, whose inner tensors a training step does not keep for the backward pass but makes again there (activation
 * checkpointing, Chen et al. 2016): less memory for one more forward pass of this part. Results are the same bit for bit, masks of
 * dropout included. Names of parameters do not change. Inside another recomputed part it changes nothing.
 */
export function recompute<Arguments extends readonly unknown[], Result>(part: Module<Arguments, Result>): Module<Arguments, Result> {
  if (typeof part !== 'function' || typeof part.kind !== 'string') throw new OptionError('recompute', 'a layer', show(part));
  const { inputShape, inputType, inputClasses, reshapes } = part;
  return defineModule<Arguments, Result>({
    kind: part.kind, wraps: part as unknown as AnyModule,
    ...(inputShape ? { inputShape } : {}), ...(inputType ? { inputType } : {}), ...(inputClasses === undefined ? {} : { inputClasses }), ...(reshapes ? { reshapes } : {}),
    forward: (_, ...inputs) => currentTrace('recompute').recomputing(() => part(...inputs)),
  });
}
