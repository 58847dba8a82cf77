import { checkNumber, checkOptionNames, ChainruleError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import type { Snapshot } from '../program/graph.ts';
import type { FitStep } from './fit.ts';

/** What a callback of `fit` may ask of the training that calls it. */
export interface TrainingUnderWay {
  readonly device: Device;
  /** Aborts where the training ends before its time. */
  readonly signal: AbortSignal;
  /**
   * Forward and backward of the program that trains, run between two steps: at the parameters of that moment and on the first
   * examples of the step that comes next (after the last step: of that one). Nothing that training depends on changes.
   * `batchSize` examples, at most the step's own; default all of them.
   */
  snapshot(options?: { readonly batchSize?: number }): Promise<Snapshot>;
}

export type OnStep = (step: FitStep, training: TrainingUnderWay) => void | Promise<void>;

interface SnapshotRequest {
  readonly batchSize: number;
  resolve(snapshot: Snapshot): void;
  reject(error: unknown): void;
}

/** Calls `onStep`, minds the promises that it returns, and serves the snapshots that it asks for between steps. */
export class StepWatch {
  readonly #device: Device;
  readonly #onStep: OnStep | undefined;
  readonly #take: (rows: Uint32Array) => Promise<Snapshot>;
  readonly #ended = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  readonly #requests: SnapshotRequest[] = [];
  #arrived: () => void = () => undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(device: Device, onStep: OnStep | undefined, take: (rows: Uint32Array) => Promise<Snapshot>) {
    this.#device = device;
    this.#onStep = onStep;
    this.#take = take;
  }

  /** What went wrong first: no further step is sent after it. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  report(step: FitStep): void {
    const result: unknown = this.#onStep?.(step, { device: this.#device, signal: this.#ended.signal, snapshot: (options) => this.#ask(options) });
    if (typeof (result as Promise<void> | undefined)?.then !== 'function') return;
    const settled: Promise<void> = Promise.resolve(result as Promise<void>).catch((error: unknown) => this.fail(error)).then(() => {
      this.#pending.delete(settled);
    });
    this.#pending.add(settled);
  }

  /** Takes the snapshots that were asked for; `rows` are the examples of the step to come. Returns at once where there are none. */
  async serve(rows: Uint32Array): Promise<void> {
    for (let request = this.#requests.shift(); request; request = this.#requests.shift()) {
      try {
        request.resolve(await this.#take(rows.subarray(0, request.batchSize)));
      } catch (error) {
        request.reject(error);
      }
    }
  }

  /** Resolves when every promise of `onStep` has settled; throws what one of them rejected with, or what `interrupted` does. */
  async settled(rows: Uint32Array, interrupted: Promise<never>): Promise<void> {
    while (this.#pending.size > 0 && !this.#failure) {
      await this.serve(rows);
      const asked = new Promise<void>((resolve) => { this.#arrived = resolve; });
      if (this.#requests.length > 0) continue;
      await Promise.race([...this.#pending, asked, interrupted]);
    }
    if (this.#failure) throw this.#failure.error;
  }

  /** The training has ended before its time: whoever waits for a snapshot hears of it. */
  end(error: unknown): void {
    this.fail(error);
    this.#ended.abort(error);
    for (const request of this.#requests.splice(0)) request.reject(error);
  }

  /** The training has ended. A callback that kept its handle must not wait for a step that never comes. */
  close(): void {
    this.fail(new ChainruleError('state', 'snapshot', 'a training under way', 'one that has ended', 'Call trainer.snapshot().'));
  }

  async #ask(options: { readonly batchSize?: number } = {}): Promise<Snapshot> {
    checkOptionNames('snapshot', options, ['batchSize']);
    const { batchSize = Infinity } = options;
    if (options.batchSize !== undefined) checkNumber('snapshot', 'batchSize', batchSize, { integer: true, min: 1 });
    if (this.#failure) throw this.#failure.error;
    return new Promise<Snapshot>((resolve, reject) => {
      this.#requests.push({ batchSize, resolve, reject });
      this.#arrived();
    });
  }
}
