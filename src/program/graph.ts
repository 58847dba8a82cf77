import type { Tensor } from '../ops/tensor.ts';

/** One application of an op. Inputs and outputs are tensor ids by the op's own names for them. */
export interface Node {
  /** The op's name in the registry (`src/ops/index.ts`). */
  readonly op: string;
  /** The op's options: plain data. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Who applied it, for messages: the module's path (`0`, `encoder.fc1`) or the op's name. */
  readonly label: string;
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
}

/** A traced computation: plain data that can be cloned to a worker. Nodes stand in the order of execution. */
export interface Graph {
  readonly tensors: readonly Tensor[];
  readonly nodes: readonly Node[];
}

/** One launch of a program that ran. */
interface LaunchRecord {
  readonly label: string;
  /** The kernel with its variant. */
  readonly kernel: string;
  /** Ids of the tensors whose gradients it wrote: labels name modules, and one launch may write several gradients. */
  readonly gradientsOf: readonly number[];
}

/**
 * What one forward and backward pass on the GPU left behind, as plain data: all that a checker needs.
 * The objective that was differentiated is Σ over seeds of ⟨tensor, cotangent⟩; for a net it is the loss itself.
 */
export interface Snapshot {
  readonly graph: Graph;
  /** Every leaf (parameter, input, target) by tensor id, at exactly the values that the GPU used. */
  readonly values: Readonly<Record<number, Float32Array | Uint32Array>>;
  readonly seeds: readonly { readonly tensor: number; readonly cotangent: Float32Array }[];
  /** d objective / d tensor as the GPU computed it, by the tensor's id. Poisoned with NaN before the run. */
  readonly gradients: Readonly<Record<number, Float32Array>>;
  /** Values of computed tensors as the GPU left them, by tensor id: at least every seed's. */
  readonly computed: Readonly<Record<number, Float32Array>>;
  /** Where it ran, for people: `SwiftShader (google, software)`. */
  readonly adapter: string;
  /** The launches of the program that ran, in order. */
  readonly launches: readonly LaunchRecord[];
}
