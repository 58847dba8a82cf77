import { checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import type { Snapshot } from '../program/graph.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { aborted, checkSteps } from './check-snapshot.ts';
import type { Progress } from './check-snapshot.ts';
import { unpackError } from './messages.ts';
import type { Answer, Request } from './messages.ts';
import { Report } from './report.ts';

/** Examples to check the gradients at. */
export interface CheckBatch {
  readonly inputs: Float32Array;
  readonly targets: Float32Array | Uint32Array;
}

/** Whatever can leave a snapshot of one forward and backward pass: a trainer. */
export interface Checkable {
  snapshot(options?: { batch?: CheckBatch; batchSize?: number }): Promise<Snapshot>;
}

export interface CheckOptions {
  /** The examples to check at. Default: the trainer's choice. */
  readonly batch?: CheckBatch;
  /** How many examples the trainer shall take from its data. */
  readonly batchSize?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the check with an error whose code is `aborted`. */
  readonly signal?: AbortSignal;
  /** Whether to compute in a worker. Default: where there are workers, and one starts. */
  readonly worker?: boolean;
  /** Largest errors of the builtins on this adapter. Default: what WGSL promises. */
  readonly builtins?: BuiltinErrors;
}

/**
 * Proves the gradients of a net at its present parameters: runs one forward and backward pass on the GPU and compares
 * every element of every gradient with float64 finite differences on the CPU.
 * Throws OptionError for bad options, DataError where values are not finite, and an error with code `aborted` after
 * `signal`.
 */
export async function checkGradients(trainer: Checkable, options: CheckOptions = {}): Promise<Report> {
  const who = 'checkGradients';
  checkOptionNames(who, options, ['batch', 'batchSize', 'onProgress', 'signal', 'worker', 'builtins']);
  const { batch, batchSize, signal, worker } = options;
  if (batchSize !== undefined) checkNumber(who, 'batchSize', batchSize, { min: 1, integer: true });
  if (batch !== undefined && batchSize !== undefined) throw new OptionError(who, 'batch or batchSize', 'both');
  if (worker !== undefined && typeof worker !== 'boolean') throw new OptionError(who, 'worker to be true or false', show(worker));
  if (worker && typeof Worker === 'undefined') throw new OptionError(who, 'worker: false where there are no workers', 'worker: true');
  if (signal?.aborted) throw aborted(who);
  const snapshot = await trainer.snapshot({ ...(batch ? { batch } : {}), ...(batchSize !== undefined ? { batchSize } : {}) });
  if (signal?.aborted) throw aborted(who);
  if (worker ?? typeof Worker !== 'undefined') {
    const report = await checkInWorker(snapshot, options);
    if (report) return report;
  }
  return checkInSlices(snapshot, options);
}

/** In this thread, which stays responsive: other tasks run between the slices. */
async function checkInSlices(snapshot: Snapshot, { onProgress, signal, builtins }: CheckOptions): Promise<Report> {
  const steps = checkSteps(snapshot, { builtins });
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    onProgress?.(step.value);
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
    if (signal?.aborted) throw aborted('checkGradients');
  }
}

/** In a worker of its own. Undefined where no worker started and none was asked for (a strict page, a file: address). */
function checkInWorker(snapshot: Snapshot, { onProgress, signal, worker: asked, builtins }: CheckOptions): Promise<Report | undefined> {
  const { promise, resolve, reject } = withResolvers<Report | undefined>();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  let started = false;
  const onAbort = (): void => reject(aborted('checkGradients'));
  signal?.addEventListener('abort', onAbort);
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    started = true;
    try {
      if (data.kind === 'progress') onProgress?.(data.progress);
      else if (data.kind === 'report') resolve(new Report(data.data));
      else reject(unpackError(data.error));
    } catch (error) {
      reject(error);
    }
  });
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    if (started || asked) reject(new Error(`checkGradients: the worker ended: ${event.message || 'its module did not load'}`));
    else resolve(undefined);
  });
  const request: Request = { snapshot, builtins };
  worker.postMessage(request);
  return promise.finally(() => {
    signal?.removeEventListener('abort', onAbort);
    worker.terminate();
  });
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: unknown) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
