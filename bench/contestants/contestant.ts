import type { HostTensor, Named } from '../harness/host-tensor.ts';
import type { Case } from '../cases/case.ts';

export const PEERS = ['chainrule', 'tfjs', 'jax', 'jax-eager', 'onnxruntime'] as const;
export type Peer = (typeof PEERS)[number];

/** What a contestant computed, for the gate: results by name, or how a training went. */
export type Evidence =
  | { readonly kind: 'outputs'; readonly outputs: Named<Float32Array> }
  | {
    readonly kind: 'training';
    /** The loss of each of the first `batches` steps, or of fewer where they are slow (`enough`), from the given parameters on. */
    readonly losses: readonly number[];
    /** The parameters after the first step, by PyTorch's names in its layouts. */
    readonly parameters: Named<HostTensor>;
  };

/** A contestant that is ready to run a case. */
export interface Running {
  readonly device: GPUDevice;
  /** How it runs, for the document. */
  readonly mode: string;
  /** `run` takes multiples of this. */
  readonly granularity: number;
  /** Enqueues the work so many times: it may not have run yet. */
  run(times: number): void | Promise<void>;
  /** Makes sure that all enqueued work is on the queue of `device`: what waits for the queue waits for it. */
  flush(): void | Promise<void>;
  prove(): Promise<Evidence>;
}

export interface Contestant {
  readonly peer: Peer;
  /** Throws a NotPossible where the library can't do it. */
  start(work: Case): Promise<Running>;
}

/** A library that can't do a case: the table says why. */
export class NotPossible extends Error {}

/** Milliseconds for the first steps of a training; two are always made. */
const PROOF_TIME = 4_000;

/** True where no further step needs to be made for the proof. */
export function enough(steps: number, wanted: number, since: number): boolean {
  return steps >= wanted || (steps >= 2 && performance.now() - since > PROOF_TIME);
}
