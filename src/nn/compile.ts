import { checkNumber, checkOptionNames, OptionError, show, ShapeError } from '../errors.ts';
import { RandomStream, randomStreams } from '../data/philox.ts';
import { Device } from '../gpu/device.ts';
import { checkVariants } from '../ops/index.ts';
import { showShape, type Shape } from '../ops/tensor.ts';
import type { Alter } from '../program/plan.ts';
import { initialValues } from './initial-values.ts';
import type { Loss } from './losses.ts';
import type { Module } from './module.ts';
import type { Optimizer } from './optimizers.ts';
import type { Regularization } from './regularization.ts';
import { StepEngine } from './step-engine.ts';
import { Trainer } from './trainer.ts';

export interface CompileOptions {
  /** From `await openDevice()`. */
  readonly device: Device;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Examples per step, ≥ 1: 1 is stochastic, the data's length is batch gradient descent. Default 32. */
  readonly batchSize?: number;
  /** Decides the initial weights and the order of examples: an integer ≥ 0. Default 0. */
  readonly seed?: number;
  /** The shape of one example, where the model's first layer can't tell it. */
  readonly inputShape?: Shape;
  /**
   * Parameters that training leaves as they are, bit for bit, by name (`0.weight`), or layers with all that is in them (`0`,
   * `encoder`). They get no gradient, and `state()` saves them. Default none.
   */
  readonly frozen?: readonly string[];
  /** A penalty that is part of the loss in training and of its gradients, such as l2(1e-4); `evaluate` leaves it out. Default none. */
  readonly regularization?: Regularization;
  /** What each step reports beside its loss. Default none. */
  readonly metrics?: readonly 'accuracy'[];
  /** Whether each step reports gradient norms, update ratios, dead units and non-finite counts. Default false. */
  readonly diagnostics?: boolean;
  /** Whether several requests may share one launch. Default true; the results agree either way. */
  readonly fusion?: boolean;
  /** Forces kernel variants by family, for tests and comparisons: `{ matmul: 'tiled' }`. */
  readonly variants?: Readonly<Record<string, string>>;
  /** Called while kernels compile. */
  readonly onCompile?: (done: number, total: number) => void;
  /** Changes the plan of every program before it is compiled, to plant a bug and see it found. Default: none. */
  readonly alter?: Alter;
}

const OPTIONS: readonly (keyof CompileOptions)[] = [
  'device', 'loss', 'optimizer', 'batchSize', 'seed', 'inputShape', 'frozen', 'regularization', 'metrics', 'diagnostics', 'fusion', 'variants', 'onCompile',
  'alter',
];

function checkFlag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new OptionError('compile', `${name} to be true or false`, show(value));
  return value;
}

/**
 * Makes a model trainable: traces it once, plans its memory, compiles its kernels and initialises its weights.
 * Throws a ShapeError where layers do not fit together, an OptionError for an option, a LimitError where the device is
 * too small; then nothing has been allocated.
 */
export async function compile(model: Module, options: CompileOptions): Promise<Trainer> {
  checkOptionNames('compile', options, OPTIONS);
  const { device, loss, optimizer, batchSize = 32, seed = 0, frozen = [], regularization, metrics = [], diagnostics = false, fusion = true, variants = {}, onCompile, alter } = options;
  if (typeof model !== 'function' || typeof model.kind !== 'string') throw new OptionError('compile', 'a model: sequential(…), module(…) or one layer', show(model));
  if (!(device instanceof Device)) throw new OptionError('compile', 'a device from await openDevice()', show(device));
  if (typeof loss?.target !== 'function') throw new OptionError('compile', 'a loss such as crossEntropy()', show(loss));
  if (typeof optimizer?.request !== 'function') throw new OptionError('compile', 'an optimizer such as adam()', show(optimizer));
  if (!Array.isArray(metrics) || metrics.some((metric) => metric !== 'accuracy')) throw new OptionError('compile', 'metrics among accuracy', show(metrics));
  if (metrics.length > 0 && loss.accuracy === undefined) throw new OptionError('compile', 'a loss that has an accuracy', `${loss.name} with metrics ["accuracy"]`);
  if (onCompile !== undefined && typeof onCompile !== 'function') throw new OptionError('compile', 'onCompile to be a function', show(onCompile));
  if (alter !== undefined && typeof alter !== 'function') throw new OptionError('compile', 'alter to be a function', show(alter));
  if (!Array.isArray(frozen) || frozen.some((name) => typeof name !== 'string')) throw new OptionError('compile', 'frozen as a list of names', show(frozen));
  if (regularization !== undefined && typeof regularization?.penalty !== 'function') {
    throw new OptionError('compile', 'a regularization such as l2(1e-4)', show(regularization));
  }
  checkVariants('compile', variants);
  checkNumber('compile', 'batchSize', batchSize, { integer: true, min: 1 });
  checkNumber('compile', 'seed', seed, { integer: true, min: 0 });

  const inputShape = options.inputShape ?? model.inputShape;
  if (!inputShape) {
    throw new OptionError('compile', 'to know the shape of one example', 'a model whose first layer takes any', 'Pass inputShape, for example [28, 28].');
  }
  if (!Array.isArray(inputShape) || !inputShape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0)) {
    throw new ShapeError('compile', 'inputShape as a list of sizes > 0', Array.isArray(inputShape) ? showShape(inputShape) : show(inputShape));
  }
  const engine = new StepEngine({
    device, model, loss, optimizer, seed, frozen: [...frozen], regularization, inputShape: [...inputShape], onCompile, alter,
    trainingAccuracy: metrics.length > 0, diagnostics: checkFlag('diagnostics', diagnostics),
    target: { adapterClass: device.adapterClass, maxBindings: device.maxBindings, fusion: checkFlag('fusion', fusion), variants },
  });
  try {
    const step = await engine.training(batchSize);
    for (const [part, { name, parameter, tensor }] of step.net.parameters.entries()) {
      step.program.write(tensor, initialValues(parameter.initializer, name, tensor.shape, new RandomStream(seed, randomStreams.initialization, part)));
    }
    await device.idle();
    return new Trainer(engine, step, batchSize);
  } catch (error) {
    // Whatever was created before the failure must not stay.
    await engine.destroy();
    throw error;
  }
}
