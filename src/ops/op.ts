import { OptionError, ShapeError, show } from '../errors.ts';
import type { KernelFamily, Request } from './request.ts';
import type { ElementType, Layout, Shape, Tensor } from './tensor.ts';

export type Named<T> = Readonly<Record<string, T>>;
export type Options = Readonly<Record<string, unknown>>;

/** What an op's rules see: the tensors of one application, and a source of further ones. */
export interface Application {
  readonly inputs: Named<Tensor>;
  readonly outputs: Named<Tensor>;
  /** The tensors that `saves` declared: written by the forward launches, read by the backward ones. */
  readonly saved: Named<Tensor>;
  readonly options: Options;
  /** A tensor that lives only between two launches of this op. */
  readonly scratch: (name: string, shape: Shape) => Tensor;
  /** A tensor whose every element is this number, there before any launch: what a kernel is told without a text of its own. */
  readonly constant: (value: number, shape: Shape) => Tensor;
}

export interface BackwardApplication extends Application {
  /** d objective / d output, for each output. */
  readonly gradients: Named<Tensor>;
  /** Where to write d objective / d input: only the wanted ones are there. */
  readonly wanted: Named<Tensor>;
}

/** What a backward rule asks for. */
export interface Backward {
  readonly requests: readonly Request[];
  /** Inputs whose gradient is a tensor that already exists; nothing is launched and `wanted` stays unused. */
  readonly aliases?: Named<Tensor | undefined>;
  /** Inputs whose gradient is a tensor in these ranges and 0 elsewhere: the program joins what several such inputs' readers give. */
  readonly parts?: Named<Part | undefined>;
}

/** A gradient that is `tensor` in some ranges and 0 elsewhere. `partOf` (`parts.ts`) makes it: only programs with such ops hold what puts parts together. */
export interface Part {
  readonly tensor: Tensor;
  readonly ranges: readonly Range[];
  /** Writes it to `out`, with 0 elsewhere. */
  place(out: Tensor): Request;
  /** Where `parts` cover a tensor of this shape, each place once: what puts them together. Undefined: they have to be added. */
  joining(parts: readonly Part[], shape: Shape): ((out: Tensor, scratch: (shape: Shape) => Tensor) => Request[]) | undefined;
}

/** For each axis the first element, how many, and the step between them. */
export interface Range {
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/** The groups that tables of ops have. */
export type OpGroup =
  | 'elementwise' | 'comparison' | 'activation' | 'linear algebra' | 'reduction' | 'shape' | 'index' | 'convolution' | 'normalisation' | 'sequence' | 'regularisation' | 'loss';

/** One op: everything that the product needs of it but its WGSL (`shaders/`) and its proof (`src/proof/`). */
export interface Op {
  readonly name: string;
  /** What documents say of it: its group, its formula in a line of plain text, and what a formula can't say. */
  readonly group?: OpGroup;
  readonly formula?: string;
  readonly notes?: string;
  readonly inputs: readonly string[];
  /** Inputs that may be left out. */
  readonly optional?: readonly string[];
  /** The names of its options; others are refused. */
  readonly options?: readonly string[];
  /** Inputs that are never differentiated, like labels. */
  readonly constants?: readonly string[];
  /** Inputs that may hold indices (u32): its launches read them as such. Default those of `constants`; all others are f32. */
  readonly takesIndices?: readonly string[];
  /** Set where `out` holds elements of the inputs as they are: it has their type, which is one, and is u32 for indices. */
  readonly keepsType?: true;
  /** The outputs' shapes, or a ShapeError in the name of `who`. */
  shapes(inputs: Named<Tensor>, options: Options, who: string): Named<Shape>;
  /**
   * Where `out` shows the memory of an input in another way: which input, and its layout there (absent: row by row). Then
   * forward launches nothing. Undefined where these inputs need launches after all.
   */
  view?(inputs: Named<Tensor>, options: Options, shape: Shape): { readonly of: Tensor; readonly layout?: Layout | undefined } | undefined;
  /** True where a unit whose output is always 0 is dead: diagnostics count them. */
  readonly canDie?: boolean;
  /** Tensors that the forward launches write for the backward ones, with their shapes. */
  saves?(inputs: Named<Tensor>, options: Options): Named<Shape>;
  /** The families that it asks for and that have a choice of kernels, so that `variants` can force one and checks try all. */
  readonly families?: readonly KernelFamily[];
  forward(application: Application): readonly Request[];
  backward(application: BackwardApplication): Backward;
}

/** An op of the library: documents say something of each. */
export interface LibraryOp extends Op {
  readonly group: OpGroup;
  readonly formula: string;
}

/** An option that is true or false; false where it is left out. */
export function flag(who: string, options: Options, name: string): boolean {
  const value = options[name] ?? false;
  if (typeof value !== 'boolean') throw new OptionError(who, `${name} to be true or false`, show(value));
  return value;
}

/** The type of what an op makes of these inputs. Read as f32, the bits of an index are a number near 0, so only who knows of indices may get them. */
export function typeOf({ takesIndices, constants = [], keepsType }: Op, inputs: Named<Tensor>, who: string): ElementType {
  const given = Object.entries(inputs);
  const advice = 'scale(x, 1) makes numbers of indices.';
  if (keepsType) {
    const type = given[0]![1].type;
    if (given.some(([, tensor]) => tensor.type !== type)) {
      throw new ShapeError(who, 'tensors of one type', given.map(([name, tensor]) => `${name} of ${tensor.type}`).join(' and '), advice);
    }
    return type;
  }
  const wrong = given.find(([name, { type }]) => type !== 'f32' && !(takesIndices ?? constants).includes(name));
  if (wrong) throw new ShapeError(who, `${wrong[0]} of f32`, wrong[1].type, advice);
  return 'f32';
}
