import { checkDataset, checkFinite } from '../data/check.ts';
import type { Dataset } from '../data/dataset.ts';
import { ChainruleError, checkNumber, checkOptionNames, DataError, OptionError, show, ShapeError } from '../errors.ts';
import { showShape, sizeOf, type Shape } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import { readDiagnostics, type StepDiagnostics } from './diagnostics.ts';
import { evaluate, type Evaluation } from './evaluate.ts';
import { fit, type FitOptions, type FitResult } from './fit.ts';
import { checkFits } from './losses.ts';
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
  #epoch = 0;
  #lr: number;
  #busyWith: string | undefined;
  /** The end of the last call of `step`: calls that are not awaited still run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();
  #lastData: Dataset | undefined;

  constructor(engine: StepEngine, main: CompiledStep, batchSize: number) {
    this.#engine = engine;
    this.#main = main;
    this.batchSize = batchSize;
    this.#lr = engine.setup.optimizer.lr;
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

  /** Number of trainable numbers. */
  get parameterCount(): number {
    return this.#main.net.parameters.reduce((sum, { tensor }) => sum + sizeOf(tensor.shape), 0);
  }

  /** The learning rate of the next step; may be set between steps. */
  get lr(): number {
    return this.#lr;
  }

  set lr(value: number) {
    this.#lr = checkNumber('trainer', 'lr', value, { above: 0 });
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
      this.#checkData('fit', data);
      this.#lastData = data;
      return fit({
        engine: this.#engine, data, options, batchSize: this.batchSize, stepCount: () => this.#step, epoch: () => this.#epoch,
        finishEpoch: () => { this.#epoch += 1; },
        send: (step, cursor, before) => this.#send(step, cursor, before),
        evaluate: (validation) => evaluate(this.#engine, validation, this.batchSize),
        checkData: (validation) => this.#checkData('fit', validation),
      });
    });
  }

  /**
   * One step on a batch of your own. Resolves when the step is on its way (at most three are); its results follow:
   * `await (await trainer.step(batch)).loss`.
   */
  async step(batch: Batch): Promise<PendingStep> {
    const turn = this.#tail.then(async () => {
      this.#refuseWhileBusy('step');
      const rows = this.#checkBatch('step', batch);
      const step = rows === this.batchSize ? this.#main : await this.#engine.training(rows);
      await step.ring.ready();
      step.program.write(step.net.inputs, batch.inputs);
      step.program.write(step.net.targets, batch.targets);
      return this.#send(step);
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** The mean loss over a data set and, where the loss has one, the accuracy. Changes nothing. */
  async evaluate(data: Dataset): Promise<Evaluation> {
    return this.#exclusively('evaluate', async () => {
      this.#checkData('evaluate', data);
      return evaluate(this.#engine, data, this.batchSize);
    });
  }

  /** The model's outputs for inputs given as rows or as one array: `examples × product(outputShape)` numbers. */
  async predict(inputs: Float32Array | readonly (readonly number[])[]): Promise<Float32Array> {
    return this.#exclusively('predict', async () => {
      const size = sizeOf(this.inputShape);
      const flat = inputs instanceof Float32Array ? inputs : flatten(inputs, size);
      if (flat.length === 0 || flat.length % size !== 0) {
        throw new ShapeError('predict', `whole examples of shape ${showShape(this.inputShape)} (${size} numbers each)`, `${flat.length} numbers`);
      }
      checkFinite('predict', 'inputs', flat, size);
      const rows = flat.length / size;
      // Few program sizes serve every number of examples; what a program has beyond the rows is not read.
      const chunk = Math.min(1024, 2 ** Math.ceil(Math.log2(rows)));
      const { net, program } = await this.#engine.prediction(chunk);
      const width = sizeOf(this.outputShape);
      const out = new Float32Array(rows * width);
      for (let row = 0; row < rows; row += chunk) {
        program.write(net.inputs, flat.subarray(row * size, Math.min(rows, row + chunk) * size));
        this.#engine.run(program, 'predict', 'forward');
        out.set((await program.read(net.outputs)).subarray(0, Math.min(chunk, rows - row) * width), row * width);
      }
      return out;
    });
  }

  /** Every parameter and all optimiser state, bit for bit, by name → shape and Float32Array. */
  async state(): Promise<TrainerState> {
    return this.#exclusively('state', () => readState(this.#engine, this.#main, { step: this.#step, epoch: this.#epoch, lr: this.#lr }));
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
      checkNumber('load', 'lr', lr, { above: 0 });
      writeState(this.#engine, this.#main, state);
      this.#step = step;
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
      const rows = options.batch ? this.#checkBatch('snapshot', options.batch) : options.batchSize ?? this.batchSize;
      checkNumber('snapshot', 'batchSize', rows, { integer: true, min: 1 });
      if (options.batch && options.batchSize !== undefined && options.batchSize !== rows) {
        throw new OptionError('snapshot', `batchSize to be the batch's ${rows} rows`, show(options.batchSize), 'Give one of the two.');
      }
      return snapshot(this.#engine, rows, options.batch, this.#lastData);
    });
  }

  /** Frees the GPU memory, after what is on its way has run. */
  async destroy(): Promise<void> {
    this.#busyWith = 'destroy';
    await this.#tail;
    await this.#engine.destroy();
    this.#busyWith = 'destroyed';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  async #send(step: CompiledStep, cursor = 0, before: readonly Dispatch[] = []): Promise<PendingStep> {
    const number = this.#step + 1;
    const scalars: StepScalars = { number, cursor, values: this.#engine.setup.optimizer.scalars(number, this.#lr) };
    const { report } = await this.#engine.submit(step, ['forward', 'backward', 'update', 'report'], scalars, before);
    this.#step = number;
    const parsed = report.then((words) => this.#parse(step, number, words));
    const loss = parsed.then((result) => result.loss);
    // Nobody need listen: a failure also rejects the next call.
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

  #refuseWhileBusy(who: string): void {
    if (this.#busyWith === 'destroyed' || this.#busyWith === 'destroy') throw new ChainruleError('disposed', who, 'a trainer that is still there', 'one after destroy()');
    if (this.#busyWith) throw new ChainruleError('busy', who, 'one call at a time', `a call during ${this.#busyWith}`, `Await ${this.#busyWith}() first.`);
  }

  async #exclusively<T>(who: string, body: () => Promise<T>): Promise<T> {
    await this.#tail;
    this.#refuseWhileBusy(who);
    this.#busyWith = who;
    try {
      return await body();
    } finally {
      if (this.#busyWith === who) this.#busyWith = undefined;
    }
  }

  #checkData(who: string, data: Dataset): void {
    checkDataset(data, who);
    checkFits(who, data, this.inputShape, this.#engine.setup.loss, this.outputShape);
  }

  /** The number of examples in a batch that fits this model. */
  #checkBatch(who: string, batch: Batch): number {
    if (batch === null || typeof batch !== 'object') throw new DataError(who, 'a batch { inputs, targets }', show(batch));
    if (!(batch.inputs instanceof Float32Array)) throw new DataError(who, 'inputs as a Float32Array', show(batch.inputs), 'Convert them with new Float32Array(values).');
    const rows = batch.inputs.length / sizeOf(this.inputShape);
    if (!Number.isInteger(rows) || rows < 1) {
      throw new ShapeError(who, `whole examples of shape ${showShape(this.inputShape)}`, `${batch.inputs.length} numbers`);
    }
    const { shape, classes } = this.#engine.setup.loss.target(this.outputShape);
    this.#checkData(who, { name: 'batch', length: rows, inputs: batch.inputs, inputShape: this.inputShape, targets: batch.targets, targetShape: shape, ...(classes ? { classes } : {}) });
    return rows;
  }
}

function flatten(rows: readonly (readonly number[])[], size: number): Float32Array {
  if (!Array.isArray(rows)) throw new DataError('predict', 'a Float32Array or an array of examples', show(rows));
  const wrong = rows.findIndex((row) => !Array.isArray(row) || row.length !== size);
  if (wrong >= 0) throw new ShapeError('predict', `examples of ${size} numbers`, `${show(rows[wrong])} in row ${wrong}`);
  return Float32Array.from(rows.flat());
}
