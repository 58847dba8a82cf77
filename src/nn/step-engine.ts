import { STEP_BYTES } from '../../shaders/kernel.ts';
import { LimitError } from '../errors.ts';
import type { AnyDataset } from '../data/dataset.ts';
import { seedKey } from '../data/philox.ts';
import type { Device } from '../gpu/device.ts';
import { IN_FLIGHT, ReportRing } from '../gpu/report-ring.ts';
import { submit, type Dispatch } from '../gpu/sequence.ts';
import type { Target } from '../ops/request.ts';
import { sizeOf, type ElementType, type Shape, type Tensor } from '../ops/tensor.ts';
import type { MemoryRole } from '../program/memory.ts';
import type { Alter, ProgramPlan } from '../program/plan.ts';
import { BufferStore, Program } from '../program/program.ts';
import { checkPlanFits } from './check-plan-fits.ts';
import { traceLossNet, traceNet, type LossNet, type Net } from './net.ts';
import type { Loss } from './losses.ts';
import type { Counter } from './metrics/counter.ts';
import type { Module } from './module.ts';
import { stepName, type Grouping } from './optimizers/groups.ts';
import type { Regularization } from './regularization.ts';
import type { Schedule } from './schedules/schedule.ts';
import { boundTo, type Weights } from './step-extras.ts';
import { planEvaluation, planGather, planPrediction, planTraining, type Reports, type StepPlan, type TrainingExtras } from './step-plans.ts';

/** A model with everything that its programs depend on. */
export interface Setup extends TrainingExtras {
  readonly device: Device;
  readonly model: Module;
  readonly inputShape: Shape;
  readonly inputType: ElementType;
  /** Where inputs are indices: they are below this number, if that is known. */
  readonly inputClasses: number | undefined;
  readonly loss: Loss;
  readonly grouping: Grouping;
  readonly schedule: Schedule | undefined;
  readonly target: Target;
  readonly seed: number;
  /** Names of parameters, or of layers, that get no gradient. */
  readonly frozen: readonly string[];
  readonly regularization: Regularization | undefined;
  readonly trainingAccuracy: boolean;
  readonly onCompile: ((done: number, total: number) => void) | undefined;
  readonly alter: Alter | undefined;
}

/** A program for one batch size, with the ring that carries its reports. */
export interface CompiledStep {
  readonly net: LossNet;
  readonly program: Program;
  readonly reports: Reports;
  readonly ring: ReportRing;
}

/** A program that predicts for one number of examples. */
export interface Predicting {
  readonly net: Net;
  readonly program: Program;
}

/** A data set that lives on the GPU, with the launch that takes batches of one size out of it. */
export interface Resident {
  readonly data: AnyDataset;
  readonly name: string;
  readonly gathers: Map<number, Dispatch[]>;
  readonly tensors: { inputs: Tensor; targets: Tensor; order: Tensor };
  readonly program: Program;
}

/** Data sets above this stay in memory and are uploaded batch by batch. */
const RESIDENT_BYTES = 256 * 2 ** 20;
/** Examples that one run of a prediction program takes at most. */
const PREDICTED_TOGETHER = 4096;
/** Batch sizes of one kind whose programs stay compiled. */
const KEPT_PROGRAMS = 8;
/** Programs' names by the weights that they read, for the buffers that are theirs alone. */
const KINDS = { trained: { evaluate: 'evaluate', predict: 'predict' }, average: { evaluate: 'averageEvaluate', predict: 'averagePredict' } };

/** Compiles and caches the programs of one model: for training, evaluation and prediction, each by batch size. */
export class StepEngine {
  readonly setup: Setup;
  readonly store: BufferStore;
  readonly #training = new Map<number, Promise<CompiledStep>>();
  /** By the weights that they read and the metrics that they count for. */
  readonly #evaluation = new Map<string, Map<number, Promise<CompiledStep>>>();
  readonly #prediction = { trained: new Map<number, Promise<Predicting>>(), average: new Map<number, Promise<Predicting>>() };
  /** Reports under way, over all programs: what bounds how far the host runs ahead. */
  readonly #flying = new Set<Promise<unknown>>();
  /** Batch sizes whose training programs somebody holds: they stay. */
  #held: readonly number[] = [];
  #resident: Resident | undefined;
  #residents = 0;

  constructor(setup: Setup) {
    this.setup = setup;
    this.store = new BufferStore(setup.device);
  }

  /** The program that trains. `meanwhile` is called where it is made anew, while its kernels compile on other threads. */
  training(rows: number, meanwhile?: (net: LossNet) => void): Promise<CompiledStep> {
    const { model, inputShape, inputType, loss, target, grouping, trainingAccuracy, frozen, regularization } = this.setup;
    return this.#cached('train', this.#training, rows, async () => {
      const net = traceLossNet(model, inputShape, rows, loss, { training: true, frozen, partOf: grouping.partOf, regularization, inputType });
      grouping.check(net.parameters.map(({ name }) => name));
      const step = this.#step(net, `train${rows}`, planTraining(`train${rows}`, net, target, grouping.main, trainingAccuracy ? loss.accuracy : undefined, this.setup));
      try {
        meanwhile?.(net);
      } catch (error) {
        // Nobody will know of this step, whose staging buffers are its own.
        await step.then(({ ring }) => ring.destroy(), () => undefined);
        throw error;
      }
      return step;
    });
  }

  /** Keeps the training programs of these batch sizes, whatever else is compiled meanwhile; the last call counts. */
  hold(rows: readonly number[]): void {
    this.#held = rows;
  }

  evaluation(rows: number, weights: Weights = 'trained', counters: readonly Counter[] = []): Promise<CompiledStep> {
    const { model, inputShape, inputType, loss, target, frozen, grouping } = this.setup;
    const counting = counters.length > 0 ? ` (${counters.map(({ key }) => key).join(', ')}) ` : '';
    const kind = `${KINDS[weights].evaluate}${counting}`;
    const cache = this.#evaluation.get(kind) ?? new Map<number, Promise<CompiledStep>>();
    this.#evaluation.set(kind, cache);
    return this.#cached(kind, cache, rows, async () => {
      const net = traceLossNet(model, inputShape, rows, loss, { frozen, partOf: grouping.partOf, inputType });
      const { plan, reports } = planEvaluation(`${kind}${rows}`, net, target, loss.accuracy, counters);
      return this.#step(net, `${kind}${rows}`, { plan: boundTo(weights, plan), reports });
    });
  }

  /**
   * For just `rows` examples, or for fewer where so many do not fit: a program never has rows beyond those asked for,
   * because a model may mix its examples (a mean over the batch).
   */
  async prediction(rows: number, weights: Weights = 'trained'): Promise<Predicting> {
    for (let size = Math.min(PREDICTED_TOGETHER, rows); ; size = Math.ceil(size / 2)) {
      try {
        return await this.#predicting(size, weights);
      } catch (error) {
        // Refused before anything was allocated: large examples go in smaller numbers.
        if (!(error instanceof LimitError) || size === 1) throw error;
      }
    }
  }

  #predicting(rows: number, weights: Weights): Promise<Predicting> {
    const { model, inputShape, inputType, target, frozen, grouping } = this.setup;
    const kind = KINDS[weights].predict;
    return this.#cached(kind, this.#prediction[weights], rows, async () => {
      const net = traceNet(model, inputShape, rows, { frozen, partOf: grouping.partOf, inputType });
      return { net, program: await this.create(boundTo(weights, planPrediction(`${kind}${rows}`, net, target))) };
    });
  }

  async create(plan: ProgramPlan): Promise<Program> {
    const { device, alter, onCompile } = this.setup;
    checkPlanFits('compile', plan, device.maxTensorBytes);
    return Program.create(device, this.store, alter ? alter(plan) : plan, onCompile);
  }

  async #step(net: LossNet, name: string, { plan, reports }: StepPlan): Promise<CompiledStep> {
    const program = await this.create(plan);
    const ranges = [reports.report, ...(reports.statistics ? [reports.statistics] : []), ...reports.activities.map(({ tensor }) => tensor)];
    return { net, program, reports, ring: new ReportRing(this.setup.device, name, ranges.map((tensor) => program.range(tensor))) };
  }

  /** The program for a batch size: those used last stay, those that are held, and always the first, which holds the trainer's own size. */
  async #cached<T extends { program: Program; ring?: ReportRing }>(kind: string, cache: Map<number, Promise<T>>, rows: number, make: () => Promise<T>): Promise<T> {
    const existing = cache.get(rows);
    if (existing) {
      const [first] = cache.keys();
      if (rows !== first) {
        cache.delete(rows);
        cache.set(rows, existing);
      }
      return existing;
    }
    const held = kind === 'train' ? this.#held : [];
    const oldest = [...cache.keys()].find((size, index) => index > 0 && !held.includes(size));
    if (cache.size >= KEPT_PROGRAMS && oldest !== undefined) await this.#forget(kind, cache, oldest);
    const entry = make();
    cache.set(rows, entry);
    entry.catch(() => cache.delete(rows));
    return entry;
  }

  /** Frees what only this program used, after what is on its way has run. */
  async #forget<T extends { ring?: ReportRing }>(kind: string, cache: Map<number, Promise<T>>, rows: number): Promise<void> {
    const { ring } = await cache.get(rows)!;
    await ring?.drained();
    ring?.destroy();
    cache.delete(rows);
    if (kind === 'train') this.#resident?.gathers.delete(rows);
    this.store.release(`${kind}${rows}.`);
  }

  /** Puts a data set on the GPU, once; undefined where it is too large for that. Only one stays there at a time. */
  async reside(data: AnyDataset, rows: readonly number[]): Promise<Resident | undefined> {
    const buffers = [data.inputs.byteLength, data.targets.byteLength, data.length * 4];
    if (buffers[0]! + buffers[1]! > RESIDENT_BYTES || Math.max(...buffers) > this.setup.device.maxTensorBytes) return undefined;
    if (this.#resident?.data !== data) {
      if (this.#resident) this.store.release(`${this.#resident.name}.`);
      this.#resident = undefined;
      this.#residents += 1;
      const name = `data${this.#residents}`;
      const plan = this.#gatherPlan(name, data, rows[0]!);
      const program = await this.create(plan);
      this.#resident = { data, name, gathers: new Map([[rows[0]!, program.dispatches('batch')]]), tensors: plan.data, program };
    }
    const resident = this.#resident;
    // Anew each time: the arrays may have been changed in place since.
    resident.program.write(resident.tensors.inputs, data.inputs);
    resident.program.write(resident.tensors.targets, data.targets);
    for (const size of rows) {
      if (!resident.gathers.has(size)) resident.gathers.set(size, (await this.create(this.#gatherPlan(resident.name, data, size))).dispatches('batch'));
    }
    return resident;
  }

  #gatherPlan(name: string, data: AnyDataset, rows: number): ReturnType<typeof planGather> {
    return planGather(`train${rows}`, name, {
      examples: data.length, rows, inputSize: sizeOf(data.inputShape), inputType: this.setup.inputType, targetSize: sizeOf(data.targetShape),
      targetType: data.targets instanceof Uint32Array ? 'u32' : 'f32',
    }, this.setup.target);
  }

  /** Resolves when one more step may be sent. Awaits nothing while fewer than three are on their way. */
  async ready(step: CompiledStep): Promise<void> {
    while (this.#flying.size >= IN_FLIGHT) await Promise.race(this.#flying);
    await step.ring.ready();
  }

  /** Sends one step on its way; resolves once it is submitted. The report follows a few steps later. */
  async submit(step: CompiledStep, sections: Parameters<Program['dispatches']>, scalars: StepScalars, before: readonly Dispatch[] = []): Promise<{ report: Promise<Uint32Array> }> {
    await this.ready(step);
    this.writeStep(scalars);
    this.writeCounter(step, scalars.number);
    const report = step.ring.submit(`step ${scalars.number}`, scalars.number, [...before, ...step.program.dispatches(...sections)]);
    // Whoever does not ask for a report learns of a failure at the next call.
    const settled = report.then(() => undefined, () => undefined).then(() => { this.#flying.delete(settled); });
    this.#flying.add(settled);
    return { report };
  }

  writeStep({ number, cursor = 0, values = [] }: StepScalars): void {
    const { device } = this.setup;
    for (const [part, scalars] of (values.length > 0 ? values : [[]]).entries()) {
      const words = new Uint32Array(STEP_BYTES / 4);
      words.set([number, cursor]);
      // The scalars are vec4f, which start at multiples of 16 bytes.
      new Float32Array(words.buffer).set(scalars, 4);
      const buffer = this.store.find(stepName(part));
      if (buffer) device.write(buffer, 0, words);
    }
  }

  /** Tells a program that draws random numbers whose step it runs; returns the words, or undefined where it draws none. */
  writeCounter({ net: { counter }, program }: CompiledStep, number: number): Uint32Array<ArrayBuffer> | undefined {
    if (!counter) return undefined;
    const words = Uint32Array.of(...seedKey(this.setup.seed), number);
    program.write(counter, words);
    return words;
  }

  /** Runs sections of a program without a report. */
  run(program: Program, label: string, ...sections: Parameters<Program['dispatches']>): void {
    submit(this.setup.device, label, program.dispatches(...sections));
  }

  /** Bytes by role of everything that exists now for a plan: its buffers and the ring. */
  static memory(plan: ProgramPlan, stagingBytes: number): Readonly<Partial<Record<MemoryRole, number>>> & { readonly total: number } {
    const byRole: Partial<Record<MemoryRole, number>> = { staging: stagingBytes };
    for (const { role, bytes } of plan.buffers) byRole[role] = (byRole[role] ?? 0) + bytes;
    return { ...byRole, total: Object.values(byRole).reduce((sum, bytes) => sum + bytes, 0) };
  }

  /** Ends every buffer after what is on its way has run. */
  async destroy(): Promise<void> {
    const steps = await Promise.allSettled([...this.#training.values(), ...[...this.#evaluation.values()].flatMap((cache) => [...cache.values()])]);
    for (const step of steps) {
      if (step.status !== 'fulfilled') continue;
      await step.value.ring.drained();
      step.value.ring.destroy();
    }
    this.store.destroy();
  }
}

export interface StepScalars {
  readonly number: number;
  /** Where the batch starts in the order of the resident data. */
  readonly cursor?: number;
  /** The scalars of each part of the arenas, at most 8. */
  readonly values?: readonly (readonly number[])[];
}
