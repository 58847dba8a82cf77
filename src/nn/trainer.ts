import type { AnyDataset } from '../data/dataset.ts';
import { checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Dispatch } from '../gpu/sequence.ts';
import { sizeOf, type Shape } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import { Calls } from './calls.ts';
import type { ModelOnGpu } from './copy-parameters.ts';
import type { Evaluation, Going } from './evaluate.ts';
import { checkBatch, checkData, checkInputs, type Expected } from './examples.ts';
import { fit, type FitOptions, type FitResult } from './fit.ts';
import type { Metric } from './metrics/metrics.ts';
import { predict } from './predict.ts';
import type { ProfileOptions } from './profile.ts';
import type { Profile } from './profile-report.ts';
import { Progress } from './progress.ts';
import { LearningRate } from './schedules/learning-rate.ts';
import type { SnapshotOptions } from './snapshot.ts';
import { hashState, readState, type LoadedState, type TrainerState } from './state.ts';
import type { CompiledStep, StepEngine, StepScalars } from './step-engine.ts';
import type { Weights } from './step-extras.ts';
import { readReport, type Batch, type PendingStep } from './step-report.ts';
import { planOf, type TrainerPlan } from './trainer-plan.ts';
import type { TuningReport } from './tuning/tuner.ts';

/** Which weights to compute with. */
export interface WeightsOption {
  /** `average`: their moving average, with `compile({ average })`. Default `trained`: as they are. */
  readonly weights?: Weights;
}

/** How to evaluate. */
export interface EvaluateOptions extends WeightsOption {
  /** What to measure beside the loss, such as `[metrics.f1(), metrics.topK(5)]`. Default nothing. */
  readonly metrics?: readonly Metric[];
}

/** A compiled model: trains, evaluates, predicts. Made by `compile`. */
export class Trainer {
  /** Examples per step. */
  readonly batchSize: number;
  readonly #engine: StepEngine;
  readonly #main: CompiledStep;
  readonly #progress: Progress;
  readonly #calls = new Calls();
  readonly #rate: LearningRate;
  #lastData: AnyDataset | undefined;

  constructor(engine: StepEngine, main: CompiledStep, batchSize: number) {
    this.#engine = engine;
    this.#main = main;
    this.batchSize = batchSize;
    this.#progress = new Progress(engine.setup);
    this.#rate = new LearningRate(engine.setup.grouping, engine.setup.schedule, this.#progress);
  }

  /** Where it runs. */
  get device(): Device {
    return this.#engine.setup.device;
  }

  /** The shape of one example. */
  get inputShape(): Shape {
    return this.#engine.setup.inputShape;
  }

  /** The shape of the output for one example. */
  get outputShape(): Shape {
    return this.#main.net.outputShape;
  }

  /** Steps taken so far: with `accumulate: n` every n-th of them changed the weights. */
  get stepCount(): number {
    return this.#progress.step;
  }

  /** Number of trainable numbers: those of frozen parameters don't count. */
  get parameterCount(): number {
    return this.#main.net.parameters.reduce((sum, { tensor }) => sum + (tensor.frozen ? 0 : sizeOf(tensor.shape)), 0);
  }

  /** The learning rate of the next step; may be set between steps where no schedule makes it. */
  get lr(): number {
    return this.#rate.now;
  }

  set lr(value: number) {
    this.#rate.set(value);
  }

  /** Tells a schedule that follows a metric, like reduceOnPlateau, how an epoch was: for those who train by `step`. `fit` does so itself. */
  async observe(metric: number): Promise<void> {
    return this.#calls.exclusively('observe', async () => this.#rate.observe(metric));
  }

  /** What one step launches and how much memory the program takes, in bytes by role. */
  get plan(): TrainerPlan {
    return planOf(this.#main);
  }

  /** What measuring kernels found, with `compile({ tune })`; undefined without. */
  get tuning(): TuningReport | undefined {
    return this.#engine.setup.tuner?.report;
  }

  /**
   * Trains on a data set. Steps are sent ahead of their results: `onStep` hears of each a few steps late, in order.
   * Rejects with code `diverged` at the first loss, also on the validation data, that is not finite, with `aborted` after `signal`; what was learnt stays.
   */
  async fit(data: AnyDataset, options: FitOptions = {}): Promise<FitResult> {
    return this.#calls.exclusively('fit', async () => {
      checkData('fit', data, this.#expected);
      this.#lastData = data;
      const progress = this.#progress;
      return fit({
        engine: this.#engine, data, options, batchSize: this.batchSize, stepCount: () => progress.step, epoch: () => progress.epoch,
        ended: this.#calls.ended,
        finishEpoch: () => { progress.epoch += 1; },
        observe: (loss) => this.#rate.observe(loss),
        send: (step, cursor, before) => {
          // A training under way would keep destroy() waiting for all its epochs.
          this.#calls.refuseAfterEnd('fit');
          return this.#send(step, cursor, before);
        },
        snapshot: async (batch) => {
          this.#calls.refuseAfterEnd('fit');
          const { snapshot } = await import('./snapshot.ts');
          return snapshot(this.#engine, batch.inputs.length / sizeOf(this.inputShape), batch, data);
        },
        evaluate: (validation) => this.#evaluate(validation),
        checkData: (validation) => checkData('fit', validation, this.#expected),
      });
    });
  }

  /**
   * One step on a batch of your own, which is copied at once. Resolves when the step is on its way (at most three are);
   * its results follow: `await (await trainer.step(batch)).loss`.
   */
  async step(batch: Batch): Promise<PendingStep> {
    this.#calls.refuseAfterEnd('step');
    const rows = checkBatch('step', batch, this.#expected);
    const inputs = batch.inputs.slice();
    const targets = batch.targets.slice();
    return this.#calls.inTurn('step', async () => {
      const step = rows === this.batchSize ? this.#main : await this.#engine.training(rows);
      await this.#engine.ready(step);
      step.program.write(step.net.inputs, inputs);
      step.program.write(step.net.targets, targets);
      return this.#send(step);
    });
  }

  /**
   * The mean loss over a data set, without any penalty and with dropout off, where the loss has one the accuracy, and the metrics that are
   * asked for: `{ metrics: [metrics.f1(), metrics.topK(5)] }` gives `{ metrics: { f1, top5 } }`. Changes nothing.
   */
  async evaluate(data: AnyDataset, options: EvaluateOptions = {}): Promise<Evaluation> {
    return this.#calls.exclusively('evaluate', async () => {
      checkOptionNames('evaluate', options, ['weights', 'metrics']);
      const { metrics, ...rest } = options;
      checkData('evaluate', data, this.#expected);
      const weights = this.#weights('evaluate', rest);
      return this.#evaluate(data, { weights, ...(metrics ? { metrics } : {}) });
    });
  }

  /**
   * The model's outputs for inputs given as rows or as one array: `examples × product(outputShape)` numbers. Up to 4,096
   * examples are computed together (fewer where they don't fit): it matters only to a model that mixes its examples.
   */
  async predict(inputs: Float32Array | Uint32Array | readonly (readonly number[])[], options: WeightsOption = {}): Promise<Float32Array> {
    return this.#calls.exclusively('predict', async () => {
      const weights = this.#weights('predict', options);
      return predict(this.#engine, checkInputs('predict', inputs, this.#expected), sizeOf(this.outputShape), weights);
    });
  }

  /**
   * Takes parameters and buffers over from another trainer on the same device, without reading them back: teachers, target
   * networks, the two sides of a GAN. `names` says what goes where, as names or what they begin with: `{ encoder: '0' }` copies
   * `encoder.weight` to `0.weight`; default everything under its own name. Both sides need the same names there in the same
   * shapes (else a DataError or ShapeError, and nothing is copied). Optimiser state and averages stay.
   */
  async copyFrom(other: Trainer, names: Readonly<Record<string, string>> = { '': '' }): Promise<void> {
    if (!(other instanceof Trainer) || other === this) throw new OptionError('copyFrom', 'another trainer', other === this ? 'this one itself' : show(other));
    if (other.device !== this.device) throw new OptionError('copyFrom', 'a trainer on the same device', 'one on another device', 'Go by state() and load().');
    if (names === null || typeof names !== 'object' || Object.keys(names).length === 0 || Object.values(names).some((name) => typeof name !== 'string')) {
      throw new OptionError('copyFrom', 'names as { there: \'here\' }', show(names));
    }
    return this.#calls.exclusively('copyFrom', () => other.#calls.exclusively('copyFrom', async () => {
      // Only who copies loads it.
      const { copyParameters } = await import('./copy-parameters.ts');
      copyParameters(other.#model, this.#model, names);
    }));
  }

  /** Every parameter, every buffer and all state of the training, bit for bit, by name → shape and Float32Array. */
  async state(): Promise<TrainerState> {
    return this.#calls.exclusively('state', () => readState(this.#engine, this.#main, this.#progress, this.#rate));
  }

  /**
   * Goes on from a state, or takes the model's tensors alone (then the optimiser starts anew). Everything is checked first: a
   * state that does not fit changes nothing.
   */
  async load(state: LoadedState): Promise<void> {
    return this.#calls.exclusively('load', async () => {
      // Only who loads a state needs the code that does. What saves one is there from the start: a long training must not lose its weights to a missing file.
      const { loadState } = await import('./load-state.ts');
      loadState(this.#engine, this.#main, state, this.#progress, this.#rate);
    });
  }

  /** A SHA-256 of all parameters and buffers, as 64 hexadecimal digits: equal for equal bits. */
  async hash(): Promise<string> {
    return hashState(await this.state());
  }

  /**
   * Runs forward and backward of the program that trains, and returns what a gradient checker needs. Nothing that training
   * depends on changes. Without a batch it takes the first examples of the last data trained on.
   */
  async snapshot(options: SnapshotOptions = {}): Promise<Snapshot> {
    return this.#calls.exclusively('snapshot', async () => {
      checkOptionNames('snapshot', options, ['batch', 'batchSize']);
      const rows = options.batch ? checkBatch('snapshot', options.batch, this.#expected) : options.batchSize ?? this.batchSize;
      checkNumber('snapshot', 'batchSize', rows, { integer: true, min: 1 });
      if (options.batch && options.batchSize !== undefined && options.batchSize !== rows) {
        throw new OptionError('snapshot', `batchSize to be the batch's ${rows} rows`, show(options.batchSize), 'Give one of the two.');
      }
      // Only who checks loads it.
      const { snapshot } = await import('./snapshot.ts');
      return snapshot(this.#engine, rows, options.batch, this.#lastData);
    });
  }

  /**
   * Says where the time of one step on this batch goes: for each launch the GPU time, the bytes, the operations and the share of what the
   * adapter can do. Trains nothing: weights and all state stay bit for bit. `(await trainer.profile(batch)).toString()` is a table,
   * `.toChromeTrace()` opens in chrome://tracing and Perfetto. Seconds in software; the first call also measures the adapter.
   */
  async profile(batch: Batch, options: ProfileOptions = {}): Promise<Profile> {
    return this.#calls.exclusively('profile', async () => {
      const rows = checkBatch('profile', batch, this.#expected);
      const inputs = batch.inputs.slice();
      const targets = batch.targets.slice();
      // Only who profiles loads it.
      const { profile } = await import('./profile.ts');
      return profile(this.#engine, rows, { inputs, targets }, this.#progress, this.#rate.scalars(), options);
    });
  }

  /** Frees the GPU memory, after the calls under way have ended. A fit under way rejects with code `disposed`. */
  destroy(): Promise<void> {
    return this.#calls.end(() => this.#engine.destroy());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  async #send(step: CompiledStep, cursor = 0, before: readonly Dispatch[] = []): Promise<PendingStep> {
    const progress = this.#progress;
    const { updates, sections } = progress;
    const number = progress.step + 1;
    const scalars: StepScalars = { number, cursor, values: this.#rate.scalars() };
    const { report } = await this.#engine.submit(step, sections, scalars, before);
    progress.advance();
    const parsed = report.then((words) => readReport(step, number, words, updates, this.#engine.setup.diagnose));
    const loss = parsed.then((result) => result.loss);
    // Nobody need listen: after a loss of the device every further call rejects too.
    loss.catch(() => undefined);
    return { step: number, loss, report: parsed };
  }

  get #expected(): Expected {
    const { inputShape, inputType, inputClasses, loss } = this.#engine.setup;
    return { inputShape, inputType, inputClasses, outputShape: this.outputShape, loss };
  }

  get #model(): ModelOnGpu {
    return { engine: this.#engine, step: this.#main };
  }

  async #evaluate(data: AnyDataset, going: Pick<Going, 'weights' | 'metrics'> = {}): Promise<Evaluation> {
    const { evaluate } = await import('./evaluate.ts');
    return evaluate(this.#engine, data, { batchSize: this.batchSize, output: this.outputShape, ...going });
  }

  #weights(who: string, options: WeightsOption): Weights {
    checkOptionNames(who, options, ['weights']);
    const { weights = 'trained' } = options;
    if (weights !== 'trained' && weights !== 'average') throw new OptionError(who, 'weights to be "trained" or "average"', show(weights));
    if (weights === 'average' && this.#engine.setup.averageDecay === undefined) {
      throw new OptionError(who, 'a trainer that averages its weights', 'one that does not', 'Compile with average: { decay: 0.999 }.');
    }
    return weights;
  }
}
