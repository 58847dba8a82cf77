import { checkNumber, OptionError, show, ShapeError } from '../errors.ts';
import { RandomStream, randomStreams } from '../data/philox.ts';
import { Device } from '../gpu/device.ts';
import { showShape, type ElementType, type Shape, type Tensor } from '../ops/tensor.ts';
import type { Alter } from '../program/plan.ts';
import { initialValues } from './initial-values.ts';
import type { Loss } from './losses.ts';
import type { AnyModule, Module } from './module.ts';
import { checkOptimizer, Grouping } from './optimizers/groups.ts';
import type { Clip, Optimizer } from './optimizers/optimizer.ts';
import type { ParameterGroup } from './optimizers/parameter-groups.ts';
import type { LossScaleOptions } from './mixed-precision.ts';
import type { Regularization } from './regularization.ts';
import type { Schedule } from './schedules/schedule.ts';
import { StepEngine, type Extras } from './step-engine.ts';
import { AVERAGE, LOSS_SCALE } from './step-extras.ts';
import { Trainer } from './trainer.ts';
import type { TuneOptions } from './tuning/tuner.ts';

export interface CompileOptions {
  /** From `await openDevice()`. */
  readonly device: Device;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /**
   * Parameters that are optimised otherwise: `[{ parameters: ['encoder'], lr: 1e-4 }, { parameters: (name, shape) => shape.length < 2,
   * weightDecay: 0 }]`. Any option of the optimiser may be given, or another `optimizer`. Each group costs a launch. Default none.
   */
  readonly groups?: readonly ParameterGroup[];
  /**
   * How the learning rate changes, such as schedules.cosine({ totalSteps: 1000 }): by steps of the optimiser, or with schedules.perEpoch
   * by epochs of `fit`. Default: it stays, and `trainer.lr` sets it.
   */
  readonly schedule?: Schedule;
  /**
   * Gradients are scaled down so that all of them together have at most this `norm` (as PyTorch's clip_grad_norm_, for all groups
   * together), or each is cut off at ± `value`; before weight decay. NaN stays NaN; an infinite norm makes finite gradients 0 and
   * infinite ones NaN. `norm` costs one or two launches, `value` none. Default none.
   */
  readonly clipGradients?: Clip;
  /** Examples per step, ≥ 1: 1 is stochastic, the data's length is batch gradient descent. Default 32. */
  readonly batchSize?: number;
  /** Decides the initial weights and the order of examples: an integer ≥ 0. Default 0. */
  readonly seed?: number;
  /** The shape of one example, where the model's first layer can't tell it. */
  readonly inputShape?: Shape;
  /** What the model takes: `f32` numbers, or `u32` indices such as tokens. Default as the model's first layer says, else `f32`. */
  readonly inputType?: ElementType;
  /** Where inputs are indices: they are integers below this number, else refused. Default as the model's first layer says, else unchecked. */
  readonly inputClasses?: number;
  /**
   * Parameters that training leaves as they are, bit for bit, by name (`0.weight`), or layers with all that is in them (`0`,
   * `encoder`). They get no gradient, and `state()` saves them. Default none.
   */
  readonly frozen?: readonly string[];
  /** Penalties that are part of the loss in training and of its gradients, such as l2(1e-4), one or several; `evaluate` leaves them out. Default none. */
  readonly regularization?: Regularization | readonly Regularization[];
  /**
   * How many steps' gradients make one step of the optimiser, an integer ≥ 1: n batches of one size train like one that is n times
   * as large, where the loss is a mean over examples that the model doesn't mix. Every step reports its own batch; the last of
   * n changes the weights. A count that an epoch leaves unfinished goes on in the next. Default 1.
   */
  readonly accumulate?: number;
  /**
   * Keeps a moving average of the trainable weights: after each step of the optimiser average += (1 - decay) · (weights - average),
   * after the first one average = weights. `decay` in [0, 1). `evaluate` and `predict` use it with `{ weights: 'average' }`. Default none.
   */
  readonly average?: { readonly decay: number };
  /**
   * Bytes that everything of this trainer may take on the GPU: its programs, its state and the data that stays there. WebGPU tells no total, so
   * this is how to leave room for others. A smaller last batch of an epoch is a program of its own and counts, too. What does not fit is
   * refused with a MemoryLimitError that says what would. Default: what the GPU gives.
   */
  readonly memoryBudget?: number;
  /**
   * `mixed`: products of matrices and convolutions of training steps read 16-bit floats and add up in 32 bits; losses, norms, optimisers, weights
   * and all state stay float32, and the loss is scaled so that small gradients do not vanish. `evaluate` and `predict` compute in float32.
   * Needs a device with `hasFloat16`, else an OptionError. Default `float32`.
   */
  readonly precision?: 'float32' | 'mixed';
  /** How the loss scale changes, with `precision: 'mixed'`. Default as PyTorch's GradScaler. */
  readonly lossScale?: LossScaleOptions;
  /** What each step reports beside its loss. Default none. */
  readonly metrics?: readonly 'accuracy'[];
  /** Whether each step reports gradient norms, update ratios, dead units and non-finite counts. Default false. */
  readonly diagnostics?: boolean;
  /**
   * Whether the training is long: kernels that compile longer and run faster are there from the first step. Default false: they take over
   * while it trains, after 200 steps. The results are the same, bit for bit.
   */
  readonly longRun?: boolean;
  /**
   * Measures the kernels that could do each product and takes the fastest, before the first step: some hundred milliseconds for each that is
   * not known yet; what was found is kept over visits. Each has to give what the simplest gives, on the same numbers. `trainer.tuning` tells
   * what was found. Sums may be in another order then: `{ deterministic: true }` measures nothing and takes what is the same on every such adapter. Default
   * false: written rules choose.
   */
  readonly tune?: boolean | TuneOptions;
  /** Whether several requests may share one launch. Default true; the results agree either way. */
  readonly fusion?: boolean;
  /** Forces kernel variants by family, for tests and comparisons: `{ matmul: 'tiled' }`. */
  readonly variants?: Readonly<Record<string, string>>;
  /** Called while kernels compile. */
  readonly onCompile?: (done: number, total: number) => void;
  /** Changes the plan of every program before it is compiled, to plant a bug and see it found. Default: none. */
  readonly alter?: Alter;
}

/** Whether a model has state that a step changes, like running means. */
function hasBuffers({ buffers = {}, children = {}, wraps }: AnyModule): boolean {
  return Object.keys(buffers).length > 0 || Object.values(children).some(hasBuffers) || (wraps !== undefined && hasBuffers(wraps));
}

/**
 * Makes a model trainable: traces it once, plans its memory, compiles its kernels and initialises its weights.
 * Throws a ShapeError where layers do not fit together, an OptionError for an option, a MemoryLimitError where the device or
 * the budget is too small, with what would fit; then nothing stays allocated.
 */
export async function compile(model: Module, options: CompileOptions): Promise<Trainer> {
  if (typeof model !== 'function' || typeof model.kind !== 'string') throw new OptionError('compile', 'a model: sequential(…), module(…) or one layer', show(model));
  const { device, loss, optimizer, batchSize = 32, seed = 0, inputShape: given, inputType = model.inputType ?? 'f32', inputClasses = model.inputClasses, metrics = [], ...others } = options ?? {};
  const isPlain = options !== null && typeof options === 'object' && Object.keys(others).length === 0;
  // Only those load it who ask for more than that, or for what there is not.
  const more = isPlain && !hasBuffers(model) ? undefined : await import('./extras.ts');
  more?.checkNames(options);
  if (!(device instanceof Device)) throw new OptionError('compile', 'a device from await openDevice()', show(device));
  if (typeof loss?.target !== 'function') throw new OptionError('compile', 'a loss such as crossEntropy()', show(loss));
  checkOptimizer(optimizer);
  if (!Array.isArray(metrics) || metrics.some((metric) => metric !== 'accuracy')) throw new OptionError('compile', 'metrics among accuracy', show(metrics));
  if (metrics.length > 0 && loss.accuracy === undefined) throw new OptionError('compile', 'a loss that has an accuracy', `${loss.name} with metrics ["accuracy"]`);
  checkNumber('compile', 'batchSize', batchSize, { integer: true, min: 1 });
  checkNumber('compile', 'seed', seed, { integer: true, min: 0 });
  if (inputType !== 'f32' && inputType !== 'u32') throw new OptionError('compile', 'inputType to be "f32" or "u32"', show(inputType));
  if (inputClasses !== undefined) checkNumber('compile', 'inputClasses', inputClasses, { integer: true, min: 1, max: 2 ** 32 });
  const inputShape = given ?? model.inputShape;
  if (!inputShape) {
    throw new OptionError('compile', 'to know the shape of one example', 'a model whose first layer takes any', 'Pass inputShape, for example [28, 28].');
  }
  if (!Array.isArray(inputShape) || !inputShape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0)) {
    throw new ShapeError('compile', 'inputShape as a list of sizes > 0', Array.isArray(inputShape) ? showShape(inputShape) : show(inputShape));
  }
  const { groups, fusion = true, longRun = false, variants = {}, ...extras }: Partial<Extras> = await more?.extrasOf(options) ?? {};
  const { mixed, tuner } = extras;
  const { quads } = device.traits;
  const engine = new StepEngine({
    ...extras, device, model, loss, grouping: new Grouping(optimizer, groups), seed, inputShape: [...inputShape], inputType, inputClasses, trainingAccuracy: metrics.length > 0,
    target: { ...device.traits, fusion, longRun, variants, ...(mixed ? { precision: 'mixed' } : {}), ...(tuner ? { choose: tuner.choose } : {}) },
  });
  try {
    let initial: { readonly tensor: Tensor; readonly values: Float32Array<ArrayBuffer> }[] = [];
    const step = await engine.training(batchSize, ({ parameters, buffers }) => {
      initial = [...parameters, ...buffers].map(({ name, parameter, tensor }, part) => (
        { tensor, values: initialValues(parameter.initializer, name, tensor.shape, new RandomStream(seed, randomStreams.initialization, part)) }));
    });
    // What was taken for granted while the net was planned may be wrong: then all is planned anew.
    await device.probed;
    if (device.hasQuads !== quads) {
      await engine.destroy();
      return await compile(model, options);
    }
    const averages = engine.store.find(AVERAGE);
    for (const { tensor, values } of initial) {
      step.program.write(tensor, values);
      if (averages && tensor.role === 'parameter' && !tensor.frozen) device.write(averages, step.program.range(tensor).offset, values);
    }
    if (mixed) device.write(engine.store.find(LOSS_SCALE)!, 0, mixed.start);
    await device.idle();
    return new Trainer(engine, step, batchSize);
  } catch (error) {
    // Whatever was created before the failure must not stay.
    await engine.destroy();
    throw error;
  }
}
