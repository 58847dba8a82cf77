import type { RefTensor, Shape } from '../reference/tensor.ts';
import type { Rounding } from '../reference/rounding.ts';
import type { Change } from './change.ts';

/** An op's options, as a node of a graph holds them. Missing ones take their defaults. */
export type Options = Readonly<Record<string, unknown>>;

/** Tensors by the op's own names for its inputs. Class indices are numbers; an optional input may be missing. */
export type Inputs = Readonly<Record<string, RefTensor>>;

/** A tensor of a graph while one of its ancestors is being nudged: the value at the base point and what changed. */
export interface Site {
  readonly shape: Shape;
  readonly value: Float64Array;
  readonly change: Change;
}

/** Where a node stands at the base point: all that its sparse re-evaluation may use. */
export interface Place {
  readonly inputs: Readonly<Record<string, Site>>;
  readonly out: Site;
  readonly options: Options;
  /** The activation pattern at the base point, for ops that have one. */
  readonly branches?: Uint8Array;
}

/** Data of one input: f32, or u32 for class indices. */
export interface SampleTensor {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
}

/** One call of the op with inputs that are known to find bugs. */
export interface Sample {
  readonly name: string;
  readonly options: Options;
  readonly inputs: Readonly<Record<string, SampleTensor>>;
}

/** A special point whose gradient is a convention that no gradient check can see: PyTorch's is asserted. */
export interface Convention {
  readonly name: string;
  readonly options: Options;
  readonly inputs: Readonly<Record<string, SampleTensor>>;
  /** One number for each element of the output. */
  readonly cotangent: Float32Array;
  /** The expected gradient by input name. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/**
 * A planted bug: `find` becomes `replace` in the WGSL of the kernels whose name `kernel` matches.
 * A checker that lets it pass has a hole; `reason` says why a mutant changes nothing, where that is so.
 */
export interface Mutant {
  readonly name: string;
  readonly kernel: RegExp;
  readonly find: string;
  readonly replace: string;
  readonly reason?: string;
}

/** The proof of one op: what it computes, in float64, and how to find out whether a kernel computes it. */
export interface Proof {
  /** The inputs that get a gradient, where they are f32: all but those that the op holds constant. */
  readonly differentiable: readonly string[];

  /** The output, with the variance of correct float32 code. `branches` freezes the activation pattern. */
  forward(inputs: Inputs, options: Options, rounding: Rounding, branches?: Uint8Array): RefTensor;

  /** The activation pattern at these inputs: which side of its kink each element lies on. */
  readonly branches?: (inputs: Inputs, options: Options) => Uint8Array;

  /** Hand-written gradients by input name: the second witness, which shares no code with the difference of `forward`. */
  backward(
    inputs: Inputs, out: RefTensor, dout: RefTensor, options: Options, rounding: Rounding, branches?: Uint8Array,
  ): Readonly<Record<string, RefTensor>>;

  /**
   * Prepares a sparse re-evaluation: the returned function reads the changes of the inputs and overwrites the change of
   * the output. It allocates nothing, because finite differences call it millions of times. Forward formulas only.
   * Without it the whole op is evaluated again.
   */
  readonly perturb?: (place: Place) => () => void;

  readonly samples: readonly Sample[];
  readonly mutants: readonly Mutant[];
  readonly conventions: readonly Convention[];
}
