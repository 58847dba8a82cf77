import type { Request } from './request.ts';
import type { ElementType, Shape, Tensor } from './tensor.ts';
import type { cutRules } from './cuts/rules.ts';

/** What a rule for cutting a request is given. Nothing here is loaded before a tensor is larger than one binding. */
export interface Cutting {
  /** Bytes that a launch may bind of one buffer. */
  readonly most: number;
  /** Storage buffers that one launch may bind. */
  readonly maxBindings: number;
  /** Bytes that binding the tensor takes. */
  bytes(tensor: Tensor): number;
  /** The elements of a tensor from `first` on, a multiple of `unitOf` it, as a tensor of its own; all of it is the tensor itself. */
  part(of: Tensor, first: number, shape: Shape): Tensor;
  /** A new tensor between the parts of a request. Default of f32. */
  value(name: string, shape: Shape, type?: ElementType): Tensor;
}

/** Requests that do a request's work together, in order, each over less of what was too large; undefined where this one can't be cut. */
export type CutRule<S extends object> = (request: Request<S>, cutting: Cutting) => readonly Request[] | undefined;

/** The plain way to cut: work that falls into equal, independent pieces. */
export interface CutAxis {
  /** The number in the spec that says how many pieces there are. */
  readonly axis: string;
  /** The bindings that hold so many equal pieces, one behind the other; all others are bound whole. Default: those with just so many elements. */
  readonly along?: readonly string[];
}

/** How a family's work is cut: along an axis, or by one of the rules that only programs load that cut (`cuts/rules.ts`). */
export type Cut = CutAxis | keyof typeof cutRules;
