import { epochOrder, type Batches } from '../data/batches.ts';
import type { AnyDataset } from '../data/dataset.ts';
import { takeRows } from '../data/rows.ts';
import { ChainruleError, checkNumber, checkOptionNames, OptionError, ShapeError, show } from '../errors.ts';
import type { Dispatch } from '../gpu/sequence.ts';
import { sizeOf } from '../ops/tensor.ts';
import type { Snapshot } from '../program/graph.ts';
import type { Evaluation } from './evaluate.ts';
import type { Resident } from './residence.ts';
import type { CompiledStep, StepEngine } from './step-engine.ts';
import { StepWatch, type OnStep } from './step-watch.ts';
import type { Batch, PendingStep, StepReport } from './step-report.ts';

/** A step's report with where it stands in the training. */
export interface FitStep extends StepReport {
  /** Counted from 0, over all calls of fit. */
  readonly epoch: number;
}

export interface EpochReport {
  readonly epoch: number;
  /** The mean of the steps' losses, weighted by their examples: over those that were trained on. */
  readonly loss: number;
  /** On the validation data, if given. */
  readonly validation?: Evaluation;
}

export interface FitOptions {
  /** Passes over the data, ≥ 1. Default 1. */
  readonly epochs?: number;
  /** Examples per step. Default the compiled batch size. The last batch of an epoch may be smaller. */
  readonly batchSize?: number;
  /** Whether an epoch leaves its last batch out where that would be smaller, as PyTorch's drop_last. Default false. */
  readonly dropLast?: boolean;
  /** Whether each epoch has its own order. Default true. */
  readonly shuffle?: boolean;
  /** Decides the order. Default the compiled seed. */
  readonly seed?: number;
  /** Evaluated after each epoch. */
  readonly validation?: AnyDataset;
  /** Whether the data lives on the GPU while it is used. Default: up to 256 MiB; else batches are uploaded. Same results. */
  readonly resident?: boolean;
  /**
   * Called for every step, in order, a few steps late. What it throws ends the training, and so does a promise that it
   * returns when it rejects; the training does not wait for it, but fit resolves only when all of them have settled.
   */
  readonly onStep?: OnStep;
  /**
   * Called after each epoch, and awaited. The fit is still under way: to save a state or to evaluate more, fit one epoch
   * at a time; the next call goes on where this one ends.
   */
  readonly onEpoch?: (epoch: EpochReport) => void | Promise<void>;
  /** Ends the training after the step under way. */
  readonly signal?: AbortSignal;
}

export interface FitResult {
  /** Steps taken in this call. */
  readonly steps: number;
  /** Each epoch's mean loss. */
  readonly epochs: readonly EpochReport[];
}

/** What fit needs of its trainer. */
interface Fitting {
  readonly engine: StepEngine;
  readonly data: AnyDataset;
  readonly options: FitOptions;
  readonly batchSize: number;
  stepCount(): number;
  epoch(): number;
  finishEpoch(): void;
  /** Hears each epoch's loss: that on the validation data, where there is some. */
  observe(loss: number): void;
  /** Rejects when the trainer is destroyed. */
  readonly ended: Promise<never>;
  send(step: CompiledStep, cursor: number, before: readonly Dispatch[]): Promise<PendingStep>;
  snapshot(batch: Batch): Promise<Snapshot>;
  evaluate(data: AnyDataset): Promise<Evaluation>;
  checkData(data: AnyDataset): void;
}

const OPTIONS: readonly (keyof FitOptions)[] = ['epochs', 'batchSize', 'dropLast', 'shuffle', 'seed', 'validation', 'resident', 'onStep', 'onEpoch', 'signal'];

export async function fit(fitting: Fitting): Promise<FitResult> {
  const { engine, data, options } = fitting;
  checkOptionNames('fit', options, OPTIONS);
  const { epochs = 1, batchSize = fitting.batchSize, dropLast = false, shuffle = true, seed = engine.setup.seed, validation, resident: mayReside = true, onStep, onEpoch, signal } = options;
  checkNumber('fit', 'epochs', epochs, { integer: true, min: 1, max: 1e6 });
  for (const [name, callback] of Object.entries({ onStep, onEpoch })) {
    if (callback !== undefined && typeof callback !== 'function') throw new OptionError('fit', `${name} to be a function`, show(callback));
  }
  for (const [name, flag] of Object.entries({ resident: mayReside, dropLast })) {
    if (typeof flag !== 'boolean') throw new OptionError('fit', `${name} to be true or false`, show(flag));
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new OptionError('fit', 'signal to be an AbortSignal', show(signal));
  if (validation !== undefined) fitting.checkData(validation);
  const first = epochOrder('fit', data.length, batchSize, { shuffle, seed, epoch: fitting.epoch() });
  const rest = dropLast ? 0 : data.length % batchSize;
  const sizes = [batchSize, ...(rest > 0 ? [rest] : [])];
  const used = dropLast ? data.length - data.length % batchSize : data.length;
  const startedAt = fitting.stepCount();
  const done: EpochReport[] = [];
  const watch = new StepWatch(engine.setup.device, onStep, (rows) => fitting.snapshot(batchOf(data, rows)));
  const over = new AbortController();
  const interrupted = Promise.race([fitting.ended, whenAborted(signal, over.signal)]);
  interrupted.catch(() => undefined);
  // Snapshots of other sizes must not take the place of the programs that train.
  engine.hold(sizes);
  try {
    const programs = new Map<number, CompiledStep>();
    for (const rows of sizes) {
      programs.set(rows, await engine.training(rows).catch((error: unknown) => {
        throw rows === rest ? inLastBatch(error, rest, data.length, batchSize) : error;
      }));
    }
    const resident = mayReside ? await engine.residence.of(data, sizes) : undefined;
    let last = new Uint32Array();
    for (let count = 0; count < epochs; count += 1) {
      const epoch = fitting.epoch();
      const order = count === 0 ? first : epochOrder('fit', data.length, batchSize, { shuffle, seed, epoch });
      if (resident) resident.program.write(resident.tensors.order, order.order);
      const loss = await runEpoch(fitting, order, epoch, programs, resident, watch, signal);
      last = order.order.slice(0, used).slice(-sizes.at(-1)!);
      fitting.finishEpoch();
      const report: EpochReport = { epoch, loss, ...(validation ? { validation: await fitting.evaluate(validation) } : {}) };
      done.push(report);
      const watched = report.validation?.loss ?? loss;
      if (!Number.isFinite(watched)) throw diverged(`a validation loss of ${watched} after epoch ${epoch}`);
      fitting.observe(watched);
      await Promise.race([onEpoch?.(report), fitting.ended]);
    }
    await watch.settled(last, interrupted);
    watch.close();
  } catch (error) {
    watch.end(error);
    throw error;
  } finally {
    engine.hold([]);
    over.abort();
  }
  return { steps: fitting.stepCount() - startedAt, epochs: done };
}

async function runEpoch(
  { engine, data, send }: Fitting, order: Batches, epoch: number, programs: ReadonlyMap<number, CompiledStep>,
  resident: Resident | undefined, watch: StepWatch, signal: AbortSignal | undefined,
): Promise<number> {
  let sum = 0;
  // Reports are handed on one after the other, while further steps are already on their way.
  let reported: Promise<void> = Promise.resolve();
  let cursor = 0;
  for (const rows of order) {
    const step = programs.get(rows.length);
    // A last batch that is dropped.
    if (!step) break;
    await watch.serve(rows);
    if (watch.failure) break;
    if (signal?.aborted) {
      await reported;
      throw aborted(`one in epoch ${epoch}`);
    }
    await engine.ready(step);
    if (!resident) uploadRows(step, data, rows);
    const pending = await send(step, cursor, resident?.gathers.get(rows.length) ?? []);
    cursor += rows.length;
    reported = reported.then(() => pending.report).then((report) => {
      if (watch.failure) return;
      watch.report({ ...report, epoch });
      sum += report.loss * rows.length;
      if (!Number.isFinite(report.loss) || report.diagnostics?.findings.some(({ kind }) => kind === 'diverged')) throw diverged(`a loss of ${report.loss} at step ${report.step}`, report);
    }).catch((error: unknown) => { watch.fail(error); });
  }
  await reported;
  if (watch.failure) throw watch.failure.error;
  engine.setup.device.check();
  return sum / cursor;
}

/** The first batches were fine: whoever reads of a shape that is too small must learn where it comes from. */
function inLastBatch(error: unknown, rest: number, length: number, batchSize: number): unknown {
  if (!(error instanceof ShapeError)) return error;
  const { who, rule, got } = error;
  return new ShapeError(who, rule, `${got} in the last batch, which has ${rest} of ${length} examples in batches of ${batchSize}`, 'Pass dropLast: true to fit, or another batchSize.');
}

function aborted(got: string): ChainruleError {
  return new ChainruleError('aborted', 'fit', 'no abort', got, 'Everything learnt so far is kept.');
}

/** Rejects when the signal aborts before `over` does; else it never settles. */
function whenAborted(signal: AbortSignal | undefined, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(aborted('one after the last step')), { once: true, signal: over });
  });
}

function diverged(got: string, { diagnostics }: Partial<StepReport> = {}): ChainruleError {
  const tensor = diagnostics?.findings.find(({ kind }) => kind === 'diverged')?.message ?? 'Compile with diagnostics: true to learn in which tensor it began, or lower the learning rate.';
  return new ChainruleError('diverged', 'fit', 'finite numbers', got, tensor);
}

/** The batch by hand, for data too large to live on the GPU. */
function uploadRows(step: CompiledStep, data: AnyDataset, rows: Uint32Array): void {
  const { inputs, targets } = batchOf(data, rows);
  step.program.write(step.net.inputs, inputs);
  step.program.write(step.net.targets, targets);
}

/** Examples of the data as a batch. */
function batchOf(data: AnyDataset, rows: Uint32Array): Batch {
  return { inputs: takeRows(data.inputs, sizeOf(data.inputShape), rows), targets: takeRows(data.targets, sizeOf(data.targetShape), rows) };
}
