import type { Shape, Tensor } from '../ops/tensor.ts';

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
  /** Which recomputed block it belongs to: its outputs are not kept for the backward pass but made again there. */
  readonly block?: number;
}

/** A traced computation: plain data that can be cloned to a worker. Nodes stand in the order of execution. */
export interface Graph {
  readonly tensors: readonly Tensor[];
  readonly nodes: readonly Node[];
}

/**
 * What a tensor of a program stands for in its graph, so that a checker can say what it ought to hold.
 * A contribution is what one node adds to the gradient of one of its inputs; where nobody else adds to it, it is the
 * whole gradient and called so.
 */
export type Meaning =
  | { readonly kind: 'value'; readonly tensor: number }
  | { readonly kind: 'gradient'; readonly tensor: number }
  | { readonly kind: 'contribution'; readonly node: number; readonly input: string };

/** Working memory of one node, by the op's own name for it. */
export interface Working {
  readonly node: number;
  readonly name: string;
}

/** One tensor that a launch wrote, read back right after that launch; poisoned right before it. */
export interface LaunchOutput {
  /** The kernel's name for it. */
  readonly binding: string;
  readonly shape: Shape;
  /** Absent for working memory that only the launches of one op see. */
  readonly meaning?: Meaning;
  /** What the op itself calls it, where it is working memory: saved by the forward launches, or between two of them. */
  readonly working?: Working;
  /** Where it lies: tensors share memory, so a launch at the wrong time spoils what another still needs. */
  readonly place?: string;
  readonly data: Float32Array;
}

/** One launch of a program that ran. */
export interface LaunchRecord {
  readonly label: string;
  /** The kernel with its variant. */
  readonly kernel: string;
  /** Which of several variants it is, where a program can be told to use it: `{ family: 'matmul', name: 'tiled' }`. */
  readonly variant?: { readonly family: string; readonly name: string };
  readonly outputs: readonly LaunchOutput[];
  /** The working memory that it reads. */
  readonly reads?: readonly Working[];
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
  /** Values of computed tensors as the GPU made them, by tensor id: at least every seed's. */
  readonly computed: Readonly<Record<number, Float32Array>>;
  /** Set where products read f16: float32's tolerances then say nothing. Default `float32`. */
  readonly precision?: 'mixed';
  /** Where it ran, for people: `SwiftShader (google, software)`. */
  readonly adapter: string;
  /** The launches of the program that ran, in order, with all that they wrote: a topological order of all tensors. */
  readonly launches: readonly LaunchRecord[];
  /** Gradients as an earlier run on other numbers had left them, by tensor id: what a stale buffer would still hold. */
  readonly previous?: Readonly<Record<number, Float32Array>>;
  /** What the launches of that earlier run had written, where it was observed. */
  readonly earlier?: readonly LaunchRecord[];
}
