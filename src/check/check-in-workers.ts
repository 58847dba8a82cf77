import type { Snapshot } from '../program/graph.ts';
import { aborted } from './check-snapshot.ts';
import type { Progress, SnapshotCheckOptions } from './check-snapshot.ts';
import { unpackError } from './messages.ts';
import type { Answer, Request } from './messages.ts';
import { Report } from './report.ts';

export interface WorkerCheckOptions extends Pick<SnapshotCheckOptions, 'builtins' | 'coverage' | 'onProgress'> {
  readonly signal?: AbortSignal;
  /** Whether a worker was asked for: then one that does not start is an error. */
  readonly asked?: boolean;
  /** Exactly so many workers. */
  readonly workers?: number;
}

/** More than this gains little: each worker evaluates the references anew. */
const MOST_WORKERS = 4;
/** Multiply-adds below which several workers do not pay: about 2 s on one core, where starting one and its references take 0.5 s. */
const WORTH_SHARING = 1.5e8;

/**
 * How many workers share a check: as many as there are cores besides this thread's, where the work is worth it. On a machine
 * with two cores that is one.
 */
export function workersFor(work: number, cores = navigator.hardwareConcurrency || 1): number {
  return work < WORTH_SHARING ? 1 : Math.max(1, Math.min(MOST_WORKERS, cores - 1));
}

/**
 * Checks a snapshot in workers of its own. The report is the same for any number of them, but for `seconds`. Undefined where
 * no worker started and none was asked for (a strict page, a file: address).
 */
export function checkInWorkers(snapshot: Snapshot, options: WorkerCheckOptions): Promise<Report | undefined> {
  const { onProgress, signal, builtins, coverage, asked, workers: wanted } = options;
  const { promise, resolve, reject } = withResolvers<Report | undefined>();
  const workers: Worker[] = [];
  const checked: number[] = [];
  let started = false;
  const onAbort = (): void => reject(aborted('checkGradients'));
  signal?.addEventListener('abort', onAbort);

  function tell(progress: Progress, index: number): void {
    // The others repeat what the first one does before they measure.
    if (progress.phase !== 'witnesses') {
      if (index === 0) onProgress?.(progress);
      return;
    }
    checked[index] = progress.checked;
    onProgress?.({ ...progress, checked: Math.min(progress.total, checked.reduce((sum, of) => sum + of, 0)) });
  }

  function start(index: number, of: number): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    const ask = (request: Request): void => worker.postMessage(request);
    workers[index] = worker;
    checked[index] = 0;
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      started = true;
      try {
        if (data.kind === 'progress') tell(data.progress, index);
        else if (data.kind === 'report') resolve(new Report(data.data));
        else if (data.kind === 'error') reject(unpackError(data.error));
        else if (data.kind === 'measured') {
          const join: Request = { kind: 'join', index, measured: data.measured };
          workers[0].postMessage(join);
        } else if (index > 0) ask({ kind: 'measure', index, of });
        else {
          const all = wanted ?? workersFor(data.work);
          for (let other = 1; other < all; other++) start(other, all);
          ask({ kind: 'measure', index, of: all });
        }
      } catch (error) {
        reject(error);
      }
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      if (started || asked) reject(new Error(`checkGradients: the worker ended: ${event.message || 'its module did not load'}`));
      else resolve(undefined);
    });
    ask({ kind: 'prepare', snapshot, builtins, coverage });
  }

  start(0, 1);
  return promise.finally(() => {
    signal?.removeEventListener('abort', onAbort);
    for (const worker of workers) worker.terminate();
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
