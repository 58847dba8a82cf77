import type { Dataset } from '../data/dataset.ts';
import { ChainruleError, checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { sizeOf, type Shape } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import { readDiagnostics, type StepDiagnostics } from './diagnostics.ts';
import { evaluate, type Evaluation } from './evaluate.ts';
import { checkBatch, checkData, checkInputs, type Expected } from './examples.ts';
import { fit, type FitOptions, type FitResult } from './fit.ts';
import { snapshot, type SnapshotOptions } from './snapshot.ts';
import { hashParameters, readState, writeState, type TrainerState } from './state.ts';
import { planOf, type TrainerPlan } from './trainer-plan.ts';
import type { CompiledStep, StepEngine, StepScalars } from './step-engine.ts';
import type { Dispatch } from '../gpu/sequence.ts';

/** Examples for one step: `inputs` row by row, `targets` as the loss takes them. */
export interface Batch {
  readonly inputs: Float32Array;
  readonly targets: Float32Array | Uint32Array;
}

/** What a step reported. */
export interface StepReport {
  /** Counted from 1. */
  readonly step: number;
  /** The batch's mean loss, and with a regularisation its penalty on top. */
  readonly loss: number;
  /** Share of right predictions in the batch, with `metrics: ['accuracy']`. */
  readonly accuracy?: number;
  /** With `diagnostics: true`. */
  readonly diagnostics?: StepDiagnostics;
}

/** A step on its way to the GPU. */
export interface PendingStep {
  readonly step: number;
  /** The batch's loss, a few steps later. */
  readonly loss: Promise<number>;
  /** Everything that the step reports, a few steps later. */
  readonly report: Promise<StepReport>;
}

/** A compiled model: trains, evaluates, predicts. Made by `compile`. */
export class Trainer {
  /** Examples per step. */
  readonly batchSize: number;
  readonly #engine: StepEngine;
  readonly #main: CompiledStep;
  #step = 0;
  /** Steps since the optimiser's state was 0: its bias corrections count these. */
  #optimizerStep = 0;
  #epoch = 0;
  #lr: number;
  #busyWith: string | undefined;
  /** The end of the last call of `step`: calls that are not awaited still run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();
  /** Calls that have not ended: destroy waits for them. */
  readonly #calls = new Set<Promise<unknown>>();
  #ending: Promise<void> | undefined;
  /** Rejects once destroy() was called: a callback of fit that awaits destroy() must not wait for itself. */
  readonly #ended: Promise<never>;
  #end: () => void = () => undefined;
  #lastData: Dataset | undefined;

  constructor(engine: StepEngine, main: CompiledStep, batchSize: number) {
    this.#engine = engine;
    this.#main = main;
    this.batchSize = batchSize;
    this.#lr = engine.setup.optimizer.lr;
    this.#ended = new Promise((_, reject) => {
      this.#end = () => reject(disposed('fit'));
    });
    this.#ended.catch(() => undefined);
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

  /** Steps taken so far. */
  get stepCount(): number {
    return this.#step;
  }

  /** Number of trainable numbers: those of frozen parameters don't count. */
  get parameterCount(): number {
    return this.#main.net.parameters.reduce((sum, { tensor }) => sum + (tensor.frozen ? 0 : sizeOf(tensor.shape)), 0);
  }

  /** The learning rate of the next step; may be set between steps. */
  get lr(): number {
    return this.#lr;
  }

  set lr(value: number) {
    this.#lr = checkNumber('trainer', 'lr', value, { above: 0, float32: true });
  }

  /** What one step launches and how much memory the program takes, in bytes by role. */
  get plan(): TrainerPlan {
    return planOf(this.#main);
  }

  /**
   * Trains on a data set. Steps are sent ahead of their results: `onStep` hears of each a few steps late, in order.
   * Rejects with code `diverged` at the first loss that is not finite, with `aborted` after `signal`; what was learnt stays.
   */
  async fit(data: Dataset, options: FitOptions = {}): Promise<FitResult> {
    return this.#exclusively('fit', async () => {
      checkData('fit', data, this.#expected);
      this.#lastData = data;
      return fit({
        engine: this.#engine, data, options, batchSize: this.batchSize, stepCount: () => this.#step, epoch: () => this.#epoch,
        ended: this.#ended,
        finishEpoch: () => { this.#epoch += 1; },
        send: (step, cursor, before) => {
          // A training under way would keep destroy() waiting for all its epochs.
          this.#refuseAfterDestroy('fit');
          return this.#send(step, cursor, before);
        },
        snapshot: (batch) => {
          this.#refuseAfterDestroy('fit');
          return snapshot(this.#engine, batch.inputs.length / sizeOf(this.inputShape), batch, data);
        },
        evaluate: (validation) => evaluate(this.#engine, validation, this.batchSize),
        checkData: (validation) => checkData('fit', validation, this.#expected),
      });
    });
  }

  /**
   * One step on a batch of your own, which is copied at once. Resolves when the step is on its way (at most three are);
   * its results follow: `await (await trainer.step(batch)).loss`.
   */
  async step(batch: Batch): Promise<PendingStep> {
    this.#refuseAfterDestroy('step');
    const rows = checkBatch('step', batch, this.#expected);
    const inputs = batch.inputs.slice();
    const targets = batch.targets.slice();
    const turn = this.#tail.then(async () => {
      this.#refuseWhileBusy('step');
      const step = rows === this.batchSize ? this.#main : await this.#engine.training(rows);
      await this.#engine.ready(step);
      step.program.write(step.net.inputs, inputs);
      step.program.write(step.net.targets, targets);
      return this.#send(step);
    });
    this.#tail = turn.catch(() => undefined);
    return this.#called(turn);
  }

  /** The mean loss over a data set, without any penalty and with dropout off, and where the loss has one the accuracy. Changes nothing. */
  async evaluate(data: Dataset): Promise<Evaluation> {
    return this.#exclusively('evaluate', async () => {
      checkData('evaluate', data, this.#expected);
      return evaluate(this.#engine, data, this.batchSize);
    });
  }

  /**
   * The model's outputs for inputs given as rows or as one array: `examples × product(outputShape)` numbers. Up to 4,096
   * examples are computed together (fewer where they don't fit): it matters only to a model that mixes its examples.
   */
  async predict(inputs: Float32Array | readonly (readonly number[])[]): Promise<Float32Array> {
    return this.#exclusively('predict', async () => {
      const flat = checkInputs('predict', inputs, this.inputShape);
      const size = sizeOf(this.inputShape);
      const rows = flat.length / size;
      const width = sizeOf(this.outputShape);
      const out = new Float32Array(rows * width);
      for (let row = 0, together = rows; row < rows; row += together) {
        const { net, program } = await this.#engine.prediction(Math.min(together, rows - row));
        together = net.rows;
        program.write(net.inputs, flat.subarray(row * size, (row + together) * size));
        this.#engine.run(program, 'predict', 'forward');
        out.set(await program.read(net.outputs), row * width);
      }
      return out;
    });
  }

  /** Every parameter and all optimiser state, bit for bit, by name → shape and Float32Array. */
  async state(): Promise<TrainerState> {
    return this.#exclusively('state', () => readState(this.#engine, this.#main, { step: this.#step, epoch: this.#epoch, lr: this.#lr }, this.#optimizerStep));
  }

  /**
   * Goes on from a state, or takes parameters alone (then the optimiser starts anew). Everything is checked first: a
   * state that does not fit changes nothing.
   */
  async load(state: Pick<TrainerState, 'parameters'> & Partial<TrainerState>): Promise<void> {
    return this.#exclusively('load', async () => {
      const { step = 0, epoch = 0, lr = this.#engine.setup.optimizer.lr } = state ?? {};
      checkNumber('load', 'step', step, { integer: true, min: 0 });
      checkNumber('load', 'epoch', epoch, { integer: true, min: 0 });
      checkNumber('load', 'lr', lr, { above: 0, float32: true });
      const optimizerStep = checkNumber('load', 'optimizer.step', state?.optimizer?.step ?? 0, { integer: true, min: 0 });
      writeState(this.#engine, this.#main, state);
      this.#step = step;
      this.#optimizerStep = optimizerStep;
      this.#epoch = epoch;
      this.#lr = lr;
    });
  }

  /** A SHA-256 of all parameters, as 64 hexadecimal digits: equal for equal bits. */
  async hash(): Promise<string> {
    return hashParameters(await this.state());
  }

  /**
   * Runs forward and backward of the program that trains, and returns what a gradient checker needs. No parameter and
   * no optimiser state changes. Without a batch it takes the first examples of the last data trained on.
   */
  async snapshot(options: SnapshotOptions = {}): Promise<Snapshot> {
    return this.#exclusively('snapshot', async () => {
      checkOptionNames('snapshot', options, ['batch', 'batchSize']);
      const rows = options.batch ? checkBatch('snapshot', options.batch, this.#expected) : options.batchSize ?? this.batchSize;
      checkNumber('snapshot', 'batchSize', rows, { integer: true, min: 1 });
      if (options.batch && options.batchSize !== undefined && options.batchSize !== rows) {
        throw new OptionError('snapshot', `batchSize to be the batch's ${rows} rows`, show(options.batchSize), 'Give one of the two.');
      }
      return snapshot(this.#engine, rows, options.batch, this.#lastData);
    });
  }

  /** Frees the GPU memory, after the calls under way have ended. A fit under way rejects with code `disposed`. */
  destroy(): Promise<void> {
    this.#end();
    this.#ending ??= Promise.allSettled(this.#calls).then(() => this.#engine.destroy());
    return this.#ending;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  async #send(step: CompiledStep, cursor = 0, before: readonly Dispatch[] = []): Promise<PendingStep> {
    const number = this.#step + 1;
    const scalars: StepScalars = { number, cursor, values: this.#engine.setup.optimizer.scalars(this.#optimizerStep + 1, this.#lr) };
    const { report } = await this.#engine.submit(step, ['forward', 'backward', 'update', 'report'], scalars, before);
    this.#step = number;
    this.#optimizerStep += 1;
    const parsed = report.then((words) => this.#parse(step, number, words));
    const loss = parsed.then((result) => result.loss);
    // Nobody need listen: after a loss of the device every further call rejects too.
    loss.catch(() => undefined);
    return { step: number, loss, report: parsed };
  }

  #parse(step: CompiledStep, number: number, words: Uint32Array): StepReport {
    const values = new Float32Array(words.buffer, words.byteOffset, words.length);
    const loss = values[1]!;
    return {
      step: number, loss,
      ...(step.reports.hasAccuracy ? { accuracy: values[2]! } : {}),
      ...(step.reports.statistics ? { diagnostics: readDiagnostics(step, number, words, Number.isFinite(loss)) } : {}),
    };
  }

  get #expected(): Expected {
    return { inputShape: this.inputShape, outputShape: this.outputShape, loss: this.#engine.setup.loss };
  }

  #refuseAfterDestroy(who: string): void {
    if (this.#ending) throw disposed(who);
  }

  #refuseWhileBusy(who: string): void {
    if (this.#busyWith) throw new ChainruleError('busy', who, 'one call at a time', `a call during ${this.#busyWith}`, `Await ${this.#busyWith}() first.`);
  }

  #called<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call);
    const ended = (): void => { this.#calls.delete(call); };
    call.then(ended, ended);
    return call;
  }

  async #exclusively<T>(who: string, body: () => Promise<T>): Promise<T> {
    this.#refuseAfterDestroy(who);
    return this.#called(this.#tail.then(async () => {
      this.#refuseWhileBusy(who);
      this.#busyWith = who;
      try {
        return await body();
      } finally {
        this.#busyWith = undefined;
      }
    }));
  }
}

function disposed(who: string): ChainruleError {
  return new ChainruleError('disposed', who, 'a trainer that is still there', 'one after destroy()', 'Compile the model again.');
}
