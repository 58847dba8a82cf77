import {
  adam, batches, compile, take, type Batch, type CompileOptions, type Dataset, type Device, type Evaluation, type PendingStep, type Snapshot, type Trainer, type TrainerState,
  type TrainTest,
} from 'chainrule';
import type { Config } from '../config.ts';
import type { RunFacts, Sample } from '../protocol.ts';
import { net, problem, type Problem } from './problems.ts';

/** Points along one side of a decision surface: more on a GPU than in software. */
const surfaceGrid = { gpu: 64, cpu: 48 } as const;
const curveGrid = 128;
/** Batches of the test data that are looked at while training; all of them once it stops. */
const quickBatches = 8;
/** The reference's work grows with parameters × examples, so large nets are checked on few examples. */
const largeNet = 20_000;
const fewExamples = 8;

/** Launches of the training program, as a list of bugs is made from: of the right kernels, also where a bug is planted. */
export type Launches = readonly { readonly label: string; readonly kernel: string; readonly code: string }[];

/** Changes the kernels of a run. */
export type Alter = NonNullable<CompileOptions['alter']>;

/** One net on one data set. Its calls must not overlap: the session makes them one after the other. */
export class Run {
  readonly facts: RunFacts;
  /** Numbers along one axis of a picture. */
  readonly grid: number;
  /** Forward and backward, as they are without a bug. */
  readonly launches: Launches;
  /** Whether `alter` changed the training program. */
  readonly altered: boolean;
  readonly #trainer: Trainer;
  readonly #problem: Problem;
  readonly #initial: TrainerState;
  readonly #pictureInputs: Float32Array;
  readonly #quickTest: Dataset;
  #epoch: { readonly number: number; readonly rows: readonly Uint32Array[] } | undefined;
  #lr: number;

  private constructor(config: Config, from: Problem, trainer: Trainer, initial: TrainerState, grid: number, launches: Launches, altered: boolean) {
    this.launches = launches;
    this.altered = altered;
    this.#problem = from;
    this.#trainer = trainer;
    this.#initial = initial;
    this.#lr = config.lr;
    this.#pictureInputs = pictureInputs(from, grid);
    this.#quickTest = take(from.test, Array.from({ length: Math.min(from.test.length, quickBatches * config.batchSize) }, (_, row) => row));
    this.grid = grid;
    this.facts = {
      config, dataTitle: from.train.name, layers: from.layers, parameters: trainer.parameterCount, guessing: from.guessing, sample: from.sample,
      trainExamples: from.train.length, testExamples: from.test.length,
    };
  }

  /** Throws a typed error where a setting doesn't fit; then nothing has changed. `alter` plants a bug. */
  static async build(device: Device, config: Config, files: TrainTest | undefined, onCompile: (done: number, total: number) => void, alter?: Alter): Promise<Run> {
    const from = problem(config, files);
    // Refuses a batch larger than the data before anything is compiled.
    batches(from.train.length, config.batchSize, { seed: config.seed });
    let launches: Launches | undefined;
    let altered = false;
    // The training program comes first.
    const watch: Alter = (plan) => {
      const changed = alter ? alter(plan) : plan;
      if (!launches) {
        altered = changed !== plan;
        launches = plan.launches.filter(({ section }) => section === 'forward' || section === 'backward')
          .map(({ label, kernel }) => ({ label, kernel: kernel.name, code: kernel.code }));
      }
      return changed;
    };
    const trainer = await compile(net(from, config), {
      device, loss: from.loss, optimizer: adam({ lr: config.lr }), batchSize: config.batchSize, seed: config.seed, onCompile,
      metrics: from.train.classes === undefined ? [] : ['accuracy'], alter: watch,
    });
    const grid = from.sample.kind === 'curve' ? curveGrid : from.sample.kind === 'points' ? surfaceGrid[device.adapterClass] : from.sample.labels.length;
    return new Run(config, from, trainer, await trainer.state(), grid, launches ?? [], altered);
  }

  get step(): number {
    return this.#trainer.stepCount;
  }

  get config(): Config {
    return { ...this.facts.config, lr: this.#lr };
  }

  setLr(lr: number): void {
    this.#trainer.lr = lr;
    this.#lr = lr;
  }

  /** Sends the next step. Resolves when it is on its way: at most three are. */
  train(): Promise<PendingStep> {
    const { train } = this.#problem;
    const { batchSize, seed } = this.facts.config;
    // Whole batches only: a smaller last one would need a program of its own. The next epoch's order leaves out others.
    const perEpoch = Math.floor(train.length / batchSize);
    const number = Math.floor(this.step / perEpoch);
    // The step alone decides the examples, so a run goes on exactly where it was.
    if (this.#epoch?.number !== number) this.#epoch = { number, rows: [...batches(train.length, batchSize, { seed, epoch: number })] };
    return this.#trainer.step(rowsOf(train, this.#epoch.rows[this.step % perEpoch]));
  }

  /** Back to the first weights. */
  async reset(): Promise<void> {
    await this.#trainer.load(this.#initial);
    this.#trainer.lr = this.#lr;
  }

  state(): Promise<TrainerState> {
    return this.#trainer.state();
  }

  async load(state: TrainerState): Promise<void> {
    await this.#trainer.load(state);
    this.#lr = state.lr;
  }

  hash(): Promise<string> {
    return this.#trainer.hash();
  }

  evaluate(extent: 'quick' | 'all'): Promise<Evaluation> {
    return this.#trainer.evaluate(extent === 'all' ? this.#problem.test : this.#quickTest);
  }

  /** One forward and backward pass of the very program that trains, for the gradient check. Changes nothing. */
  async snapshot(): Promise<{ snapshot: Snapshot; examples: number }> {
    const { train } = this.#problem;
    const rows = Math.min(this.facts.config.batchSize, this.facts.parameters > largeNet ? fewExamples : Infinity);
    const batch = rowsOf(train, Uint32Array.from({ length: rows }, (_, row) => row));
    return { snapshot: await this.#trainer.snapshot({ batch }), examples: rows };
  }

  /** What the net says at every place of the picture: probabilities of the classes, or the curve itself. */
  async picture(): Promise<Float32Array> {
    const outputs = await this.#trainer.predict(this.#pictureInputs);
    const { classes } = this.#problem.train;
    if (classes !== undefined) softmaxRows(outputs, classes);
    return outputs;
  }

  destroy(): Promise<void> {
    return this.#trainer.destroy();
  }
}

function rowsOf({ inputs, targets, length }: Dataset, rows: Uint32Array): Batch {
  const gather = <A extends Float32Array | Uint32Array>(from: A, into: A): A => {
    const width = from.length / length;
    rows.forEach((row, index) => into.set(from.subarray(row * width, (row + 1) * width), index * width));
    return into;
  };
  const size = (from: Float32Array | Uint32Array): number => (from.length / length) * rows.length;
  return {
    inputs: gather(inputs, new Float32Array(size(inputs))),
    targets: targets instanceof Uint32Array ? gather(targets, new Uint32Array(size(targets))) : gather(targets, new Float32Array(size(targets))),
  };
}

function pictureInputs({ sample, test }: Problem, grid: number): Float32Array {
  const at = (from: number, to: number, i: number): number => from + ((to - from) * (i + 0.5)) / grid;
  return samplePlaces(sample, at, grid) ?? test.inputs.slice(0, (test.inputs.length / test.length) * grid);
}

function samplePlaces(sample: Sample, at: (from: number, to: number, i: number) => number, grid: number): Float32Array | undefined {
  if (sample.kind === 'images') return undefined;
  const { left, right, bottom, top } = sample.view;
  if (sample.kind === 'curve') return Float32Array.from({ length: grid }, (_, i) => at(left, right, i));
  return Float32Array.from({ length: 2 * grid * grid }, (_, i) => {
    const cell = i >> 1;
    return i % 2 === 0 ? at(left, right, cell % grid) : at(bottom, top, Math.floor(cell / grid));
  });
}

/** In place; shifted by the row's largest value, so that nothing overflows. */
function softmaxRows(values: Float32Array, classes: number): void {
  for (let start = 0; start < values.length; start += classes) {
    const row = values.subarray(start, start + classes);
    const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    for (let i = 0; i < classes; i += 1) sum += row[i] = Math.exp(row[i] - most);
    for (let i = 0; i < classes; i += 1) row[i] /= sum;
  }
}
