import type { Kernel } from '../../shaders/kernel.ts';
import type { AdapterClass } from '../gpu/adapter.ts';
import type { Tensor } from './tensor.ts';

/** What kernels are chosen for: plain data, so that a program can be planned, counted and tested without a GPU. */
export interface Target {
  readonly adapterClass: AdapterClass;
  /** Storage buffers that one launch may bind. */
  readonly maxBindings: number;
  /** False keeps one launch per request, for debugging: the results agree. */
  readonly fusion: boolean;
  /** Forces a variant by family name, for tests: `{ matmul: 'tiled' }`. */
  readonly variants: Readonly<Record<string, string>>;
}

/** One way to do a family's work. */
export interface Variant<S extends object> {
  readonly name: string;
  /** True where this variant is the right one; the first that suits is taken. */
  suits(spec: S, target: Target): boolean;
  kernel(spec: S): Kernel;
}

/** A family of kernels that do the same work: ops ask for the work, the program picks the variant. */
export interface KernelFamily<S extends object = object> {
  readonly name: string;
  /** In order of preference; the last one suits everything. */
  readonly variants: readonly Variant<S>[];
  /** True where its specs say how each tensor lies (`Tensor.layout`); for all others the program puts a copy without gaps before. */
  readonly followsLayout?: boolean;
  /**
   * Fusion: does `consumer`'s work on `tensor` at the end of `request`, which writes it. With `keep`, `tensor` itself
   * must still be written, because somebody else reads it. Undefined where it can't.
   */
  absorbConsumer?(request: Request<S>, tensor: Tensor, consumer: Request, keep: boolean): Request | undefined;
  /** Fusion: does `producer`'s work, which makes `tensor`, while `request` loads it. */
  absorbProducer?(request: Request<S>, tensor: Tensor, producer: Request): Request | undefined;
  /** Fusion: does the work of `sibling`, which reads the same tensor, on the way. */
  absorbSibling?(request: Request<S>, sibling: Request): Request | undefined;
}

/** Work for the GPU that names no variant and no thread count. */
export interface Request<S extends object = object> {
  readonly family: KernelFamily<S>;
  readonly spec: S;
  /** Tensors by the kernel's binding names. */
  readonly reads: Readonly<Record<string, Tensor>>;
  readonly writes: Readonly<Record<string, Tensor>>;
  /** Tensors that a kernel changes in place: only parameters and the optimiser's moments. */
  readonly updates?: Readonly<Record<string, Tensor>>;
  /** True where it makes again what the forward pass made, so that memory was free in between: it must not move there. */
  readonly recomputes?: true;
  /** Who asked: `0.weight`, `fc1.forward`. Set by the program. */
  readonly label?: string;
}

/** Only ever called with a family's own requests: the one place where a spec gets its type back. */
export function hasFamily<S extends object>(request: Request, family: KernelFamily<S>): request is Request<S> {
  return (request.family as object) === family;
}
