import type { RefTensor, Shape } from '../reference/tensor.ts';
import type { ComplexTensor } from '../reference/complex.ts';
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
 * How a wrong tensor looks, and so what a diagnosis can say of a bug. The checker tries these explanations; a mutant says
 * which of them are right for it.
 * - `factor`: off by one constant factor (a missing 1/N, counted twice, a sign).
 * - `transposed`: the right numbers with rows and columns exchanged.
 * - `zero-block`: whole rows or columns, or a run of elements, are 0 that must not be.
 * - `edge`: only the last lanes, rows or columns are wrong: a guard or a last tile.
 * - `stale`: numbers of an earlier run.
 * - `garbage`: reads or adds to memory that nothing has written: NaN where the poison comes through.
 * - `unwritten`: the poison still stands there.
 * - `mask`: a mask or branch is missing, turned round or taken from the wrong side: wrong only where it matters.
 * - `reduction`: sums over too little, too much or the wrong axis.
 * - `upstream-only`: what depends on this tensor is wrong too, and everything else is right.
 * - `region`: wrong only where the inputs lie in some region (exactly 0, a far tail, a tie).
 * - `formula`: wrong nearly everywhere without any of these patterns: a wrong or a missing term.
 */
export type Symptom =
  | 'factor' | 'transposed' | 'zero-block' | 'edge' | 'stale' | 'garbage' | 'unwritten' | 'mask' | 'reduction' | 'upstream-only' | 'region' | 'formula';

/**
 * A planted bug: `find` becomes `replace` in the WGSL of the kernels whose name `kernel` matches.
 * A checker that lets it pass has a hole; `reason` says why a mutant changes nothing, where that is so.
 */
export interface Mutant {
  readonly name: string;
  readonly kernel: RegExp;
  readonly find: string;
  readonly replace: string;
  /** The explanations that would be right for it. */
  readonly symptoms: readonly Symptom[];
  readonly reason?: string;
}

/** What the GPU left of one node: absent where fusion kept a tensor out of memory. */
export interface GpuPlace {
  readonly inputs: Readonly<Record<string, Float32Array | Uint32Array | undefined>>;
  /** The shapes of all inputs. */
  readonly shapes?: Readonly<Record<string, Shape>>;
  readonly out?: Float32Array;
}

/** Samples of any size, for random shapes and for the smallest failing one. */
export interface Sizes {
  /** The free sizes by name (`m`, `k`, `n`), each with its smallest and largest useful value. Flags are sizes from 0 to 1. */
  readonly ranges: Readonly<Record<string, readonly [number, number]>>;
  /** One sample; the same arguments give the same numbers. Every combination within the ranges is valid. */
  sample(sizes: Readonly<Record<string, number>>, seed: number): Sample;
  /** The sizes of a given sample, where it is one of these; so that it can be shrunk. */
  measure?(sample: Pick<Sample, 'options' | 'inputs'>): Readonly<Record<string, number>> | undefined;
}

/** The proof of one op: what it computes, in float64, and how to find out whether a kernel computes it. */
export interface Proof {
  /** The inputs that get a gradient, where they are f32: all but those that the op holds constant. */
  readonly differentiable: readonly string[];

  /** The output, with the variance of correct float32 code. `branches` freezes the activation pattern. */
  forward(inputs: Inputs, options: Options, rounding: Rounding, branches?: Uint8Array): RefTensor;

  /** The activation pattern at these inputs: which side of its kink each element lies on. */
  readonly branches?: (inputs: Inputs, options: Options) => Uint8Array;

  /** The pattern that the GPU followed, from the tensors that it left; undefined where they do not tell. */
  readonly adopt?: (gpu: GpuPlace, options: Options) => Uint8Array | undefined;

  /**
   * For ops that jump: how many standard deviations of its inputs each element of the output lies from where it changes its
   * branch; Infinity where the inputs are exact. Without it the outputs of the two branches tell, which meet where they change.
   */
  readonly apart?: (inputs: Inputs, options: Options) => Float64Array;

  /**
   * The output for complex inputs, so that (f(x + ih))/h gives a derivative without cancellation. Forward formulas only;
   * the sides of kinks are those of `branches`. Without it the op has no complex step.
   */
  readonly complex?: (inputs: Readonly<Record<string, ComplexTensor>>, options: Options, branches?: Uint8Array) => ComplexTensor;

  /** Multiply-adds of one evaluation, for estimates of time. Default: the elements of the largest tensor. */
  readonly work?: (shapes: Readonly<Record<string, Shape>>, options: Options) => number;

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

  /**
   * What the op's working memory ought to hold (row losses, a saved mask), by the op's own names for it, with variances: so that a
   * mistake in it is blamed on the launch that made it and not on those that read it. Names that are left out are guessed at.
   * `dout` is there where a gradient reaches the op.
   */
  readonly working?: (inputs: Inputs, options: Options, rounding: Rounding, dout?: RefTensor) => Readonly<Record<string, RefTensor>>;

  readonly samples: readonly Sample[];
  /** Samples of any shape: random ones are drawn from it, and failing ones shrunk. */
  readonly sizes?: Sizes;
  readonly mutants: readonly Mutant[];
  readonly conventions: readonly Convention[];
}
