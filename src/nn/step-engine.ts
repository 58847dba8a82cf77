import { STEP_BYTES, type Kernel } from '../../shaders/kernel.ts';
import { LimitError } from '../errors.ts';
import { seedKey } from '../data/philox.ts';
import type { OutOfMemory } from '../gpu/allocate.ts';
import type { Device } from '../gpu/device.ts';
import { IN_FLIGHT, ReportRing } from '../gpu/report-ring.ts';
import { submit, type Dispatch } from '../gpu/sequence.ts';
import type { Target } from '../ops/request.ts';
import type { ElementType, Shape, Tensor } from '../ops/tensor.ts';
import { bytesOf } from '../program/memory.ts';
import type { Alter } from '../program/plan.ts';
import { BufferStore, Program } from '../program/program.ts';
import { checkPlanFits, planned } from './check-plan-fits.ts';
import type { readDiagnostics } from './diagnostics.ts';
import type { Asked, Room, Sized } from './memory-fit.ts';
import { traceLossNet, traceNet, type LossNet, type Net } from './net.ts';
import type { Loss } from './losses.ts';
import type { Measuring } from './metrics/measuring.ts';
import type { Module } from './module.ts';
import { stepName, type ChosenGroups, type Grouping } from './optimizers/groups.ts';
import type { Penalised } from './regularization.ts';
import type { Schedule } from './schedules/schedule.ts';
import { Residence } from './residence.ts';
import { boundTo, type Weights } from './step-extras.ts';
import type { Tuner } from './tuning/tuner.ts';
import { planEvaluation, planPrediction, planTraining, type ExtraLaunches, type Reports, type StepPlan, type TrainingExtras } from './step-plans.ts';

/** What few trainings have: `src/nn/extras.ts` makes it. What is not there is as its comment says. */
export interface Extras extends Partial<Omit<TrainingExtras, 'grouping'>> {
  readonly launches: ExtraLaunches;
  /** Reads the diagnostics of a step's report: there with `diagnostics`. */
  readonly diagnose: typeof readDiagnostics | undefined;
  /** Parameters that are optimised otherwise. */
  readonly groups: ChosenGroups | undefined;
  readonly schedule: Schedule | undefined;
  /** Names of parameters, or of layers, that get no gradient. */
  readonly frozen: readonly string[];
  readonly penalised: Penalised | undefined;
  /** Bytes that all buffers may have together. Undefined: as many as the GPU gives. */
  readonly memoryBudget: number | undefined;
  readonly onCompile: ((done: number, total: number) => void) | undefined;
  readonly alter: Alter | undefined;
  readonly fusion: boolean;
  readonly longRun: boolean;
  readonly variants: Target['variants'];
  /** Chooses kernels by measuring them. */
  readonly tuner: Tuner | undefined;
}

/** A model with everything that its programs depend on. */
export interface Setup extends Partial<Omit<Extras, 'groups' | 'fusion' | 'longRun' | 'variants'>> {
  readonly device: Device;
  readonly model: Module;
  readonly inputShape: Shape;
  readonly inputType: ElementType;
  /** Where inputs are indices: they are below this number, if that is known. */
  readonly inputClasses: number | undefined;
  readonly loss: Loss;
  readonly grouping: Grouping;
  readonly target: Target;
  readonly seed: number;
  readonly trainingAccuracy: boolean;
}

/** A program for one batch size, with the ring that carries its reports. */
export interface CompiledStep {
  readonly net: LossNet;
  readonly program: Program;
  readonly reports: Reports;
  readonly ring: ReportRing;
  /** How often it was run. */
  runs: number;
}

/** A program that predicts for one number of examples. */
export interface Predicting {
  readonly net: Net;
  readonly program: Program;
}

/** Examples that one run of a prediction program takes at most. */
const PREDICTED_TOGETHER = 4096;
/** Steps after which a program goes on, so that kernels are worth while that compile longer. */
const GOES_ON = 200;
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
  readonly residence = new Residence(this);
  /** Bytes of the rings of all programs. */
  #stagingBytes = 0;

  constructor(setup: Setup) {
    this.setup = setup;
    this.store = new BufferStore(setup.device);
  }

  /** The program that trains. `meanwhile` is called where it is made anew, while its kernels compile on other threads. */
  training(rows: number, meanwhile?: (net: LossNet) => void): Promise<CompiledStep> {
    const { model, inputShape, inputType, loss, target, grouping, trainingAccuracy, frozen, penalised } = this.setup;
    return this.#cached('train', this.#training, rows, () => this.#step('train', rows, (count, accumulate, launches, onKernel) => {
      const net = traceLossNet(model, inputShape, count, loss, { training: true, frozen, partOf: grouping.partOf, penalised, inputType });
      grouping.check(net.parameters.map(({ name }) => name));
      return { net, ...planTraining(`train${count}`, net, target, grouping.main, trainingAccuracy ? loss.accuracy : undefined, { ...this.setup, accumulate }, launches, onKernel) };
    }, meanwhile));
  }

  /** Keeps the training programs of these batch sizes, whatever else is compiled meanwhile; the last call counts. */
  hold(rows: readonly number[]): void {
    this.#held = rows;
  }

  evaluation(rows: number, weights: Weights = 'trained', measured?: Measuring): Promise<CompiledStep> {
    const { model, inputShape, inputType, loss, target, frozen, grouping } = this.setup;
    const counting = measured?.counters.length ? ` (${measured.counters.map(({ key }) => key).join(', ')}) ` : '';
    const kind = `${KINDS[weights].evaluate}${counting}`;
    const cache = this.#evaluation.get(kind) ?? new Map<number, Promise<CompiledStep>>();
    this.#evaluation.set(kind, cache);
    return this.#cached(kind, cache, rows, () => this.#step(kind, rows, (count) => {
      const net = traceLossNet(model, inputShape, count, loss, { frozen, partOf: grouping.partOf, inputType });
      const { plan, reports } = planEvaluation(`${kind}${count}`, net, target, loss.accuracy, measured);
      return { net, plan: boundTo(weights, plan), reports };
    }));
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
      const { net, plan } = await this.#settled(() => {
        const traced = traceNet(model, inputShape, rows, { frozen, partOf: grouping.partOf, inputType });
        return { net: traced, plan: boundTo(weights, planPrediction(`${kind}${rows}`, traced, target)) };
      });
      return { net, program: await this.create({ plan }) };
    });
  }

  /**
   * Makes a program of a plan, or refuses it with a MemoryLimitError: before anything is allocated where a limit or the budget says so,
   * else when the GPU has no room for it. Then nothing of it stays. `meanwhile` runs while kernels compile.
   */
  async create(sized: Sized, asked?: Asked, meanwhile?: () => void): Promise<Program> {
    const { device, alter, onCompile, memoryBudget } = this.setup;
    await checkPlanFits(sized, { ...this.room(), ...(memoryBudget ? { total: { name: 'memoryBudget', bytes: memoryBudget } } : {}) }, asked);
    try {
      // What is altered stays as it is.
      const altered = alter?.(sized.plan);
      const plan = altered ? { ...altered, launches: altered.launches.map(({ later: _later, ...launch }) => launch) } : sized.plan;
      const program = Program.create(device, this.store, plan, onCompile);
      try {
        meanwhile?.();
      } catch (error) {
        // Whoever is told of the error frees what there is: it must be all.
        await program.catch(() => undefined);
        throw error;
      }
      return await program;
    } catch (error) {
      const { granted } = error as Partial<OutOfMemory>;
      const room = this.room();
      if (granted !== undefined) await checkPlanFits(sized, { ...room, total: { name: 'memory', bytes: room.taken + granted } }, asked);
      throw error;
    }
  }

  /** What limits a program, and what is there already. */
  room(): Room {
    return { ...this.setup.device.memoryLimits, taken: this.store.bytes + this.#stagingBytes, isThere: (buffer) => this.store.find(buffer) !== undefined };
  }

  /** What is planned, with what a tuner chooses for it, and cut where it must be. */
  async #settled<T extends Sized>(make: () => T): Promise<T> {
    const { device, tuner, target, memoryBudget = Infinity } = this.setup;
    const made = await planned(make, this.room());
    return await tuner?.settle(device, target, memoryBudget - this.room().taken) ? planned(make, this.room()) : made;
  }

  async #step(kind: string, rows: number, make: (rows: number, accumulate: number, launches?: ExtraLaunches, onKernel?: (kernel: Kernel) => void) => { net: LossNet } & StepPlan, meanwhile?: (net: LossNet) => void): Promise<CompiledStep> {
    const { device, alter, tuner, accumulate = 1, launches } = this.setup;
    const reported = ({ report, statistics, activities }: Reports): Tensor[] => [report, ...(statistics ? [statistics] : []), ...activities.map(({ tensor }) => tensor)];
    const sized = ({ plan, reports }: StepPlan): Sized => ({ plan, stagingBytes: ReportRing.bytesFor(reported(reports).reduce((sum, tensor) => sum + bytesOf(tensor), 0)) });
    // Kernels compile while the rest of the plan is made; what a plan that is altered compiles is known at its end.
    const onKernel = alter || tuner ? undefined : (kernel: Kernel): void => { device.compile([kernel]).catch(() => undefined); };
    const made = await this.#settled(() => make(rows, accumulate, launches, onKernel));
    const program = await this.create(sized(made), { rows, accumulate, replan: (...other) => sized(make(...other)), trains: kind === 'train' }, () => meanwhile?.(made.net));
    const ring = new ReportRing(this.setup.device, `${kind}${rows}`, reported(made.reports).map((tensor) => program.range(tensor)));
    this.#stagingBytes += ring.bytes;
    return { net: made.net, program, reports: made.reports, ring, runs: 0 };
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
    this.#stagingBytes -= ring?.bytes ?? 0;
    cache.delete(rows);
    if (kind === 'train') this.residence.forget(rows);
    this.store.release(`${kind}${rows}.`);
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
    step.runs += 1;
    // Where it fails the device is lost or its kernels stay: the next call tells.
    if (step.runs === GOES_ON) step.program.improve().catch(() => undefined);
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
