import type { Kernel } from '../../shaders/kernel.ts';
import type { MatrixUnit } from '../../shaders/matmul-subgroup-matrix.wgsl.ts';
import type { Together } from '../../shaders/together.wgsl.ts';
import type { AdapterClass } from '../gpu/adapter.ts';
import type { Cut } from './cut.ts';
import { sizeOf, type Shape, type Tensor } from './tensor.ts';

/** What a device can do, as far as kernels are chosen by it: plain data, so that a program can be planned, counted and tested without a GPU. */
export interface Traits {
  readonly adapterClass: AdapterClass;
  /** Storage buffers that one launch may bind. */
  readonly maxBindings: number;
  /** True where lanes run in fours, the neighbours 0 to 3, 4 to 7, … of a workgroup, and exchange values. */
  readonly quads: boolean;
  /** True where lanes of a subgroup, of whatever size, exchange values. Default false. */
  readonly subgroups?: boolean;
  /** Small products that the lanes of a subgroup make together. Default none. */
  readonly matrixUnits?: readonly MatrixUnit[];
  /** Bytes of a buffer that one launch may bind. Default as many as it likes. */
  readonly maxBindingBytes?: number;
}

/** What `Variant.runs` is for a variant that exchanges values in quads. */
export const hasQuads = ({ quads }: Traits): boolean => quads;

/** What `Variant.runs` is for a variant that joins values in subgroups. */
export const hasSubgroups = ({ subgroups = false }: Traits): boolean => subgroups;

/** What `Variant.runs` is for a variant that multiplies small matrices in subgroups. */
export const hasMatrixUnits = ({ matrixUnits = [] }: Traits): boolean => matrixUnits.length > 0;

/** What kernels are chosen for. */
export interface Target extends Traits {
  /** False keeps one launch per request, for debugging: the results agree. */
  readonly fusion: boolean;
  /** `mixed`: parameters lie so that an arena of f16 copies has the same order. Default `float32`. */
  readonly precision?: 'float32' | 'mixed';
  /** True takes from the start what suits later: for a training that is known to be long. Default false. */
  readonly longRun?: boolean;
  /** Forces a variant by family name, for tests: `{ matmul: 'tiled' }`. Work that it can't do on this device is left to the rules. */
  readonly variants: Readonly<Record<string, string>>;
  /** Names the variant for a request that measurements have shown to be the fastest; undefined leaves it to the rules. */
  readonly choose?: (request: Request) => string | undefined;
}

/** One way to do a family's work. */
export interface Variant<S extends object> {
  readonly name: string;
  /** True where this variant is the right one; the first that suits is taken. */
  suits(spec: S, target: Target): boolean;
  kernel(spec: S, target: Target): Kernel;
  /**
   * True where this variant is faster than the one that suits, gives the same bits, and compiles so long that only some hundred steps earn
   * it: a training that goes on changes to it. Default nowhere.
   */
  suitsLater?(spec: S, target: Target): boolean;
  /**
   * The requests that do the work together, in order, where this variant takes several launches: of families that divide no further.
   * `value` makes a tensor between them. Undefined: one launch of `kernel` does it.
   */
  divide?(request: Request<S>, value: (name: string, shape: Shape) => Tensor): readonly Request[] | undefined;
  /** Where it runs at all, whoever asks for it; without a spec, whether it does for any. Default: on every device. */
  runs?(traits: Traits, spec?: S): boolean;
}

/** The variants whose lanes work together: in subgroups on a GPU that has some. A software adapter takes these only if it is told to. */
export function together<S extends object>(suits: (spec: S, target: Target, how: Together) => boolean, kernel: (spec: S, how: Together) => Kernel): readonly Variant<S>[] {
  return (['subgroup', 'workgroup'] as const).map((name) => ({
    name, kernel: (spec) => kernel(spec, name),
    ...(name === 'subgroup' ? { runs: hasSubgroups } : {}),
    suits: (spec, target) => (name === 'workgroup' || (target.adapterClass === 'gpu' && hasSubgroups(target))) && suits(spec, target, name),
  }));
}

/** A family of kernels that do the same work: ops ask for the work, the program picks the variant. */
export interface KernelFamily<S extends object = object> {
  readonly name: string;
  /** In order of preference; the last one suits everything. */
  readonly variants: readonly Variant<S>[];
  /** True where its specs say how each tensor lies (`Tensor.layout`); for all others the program puts a copy without gaps before. */
  readonly followsLayout?: boolean;
  /** True where chains run over four columns at once: these take over steps that draw numbers, which come in fours. */
  readonly chainsOfFours?: true;
  /** Mixed precision: the bindings that may hold f16, where its specs' `half` names them: operands that it multiplies, results that it rounds. Default none. */
  readonly half?: readonly string[];
  /** How its work is divided where a tensor is larger than what a launch may bind. Default: it is not, and such a request is refused. */
  readonly cut?: Cut | undefined;
  /**
   * Floating-point operations of one launch, as profiles and budgets count them: a multiply-add is two, a transcendental one, what is
   * moved none. Default one for each element that it writes or updates.
   */
  flops?(request: Request<S>): number;
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

/** The `flops` of work that costs so many operations for each element of one of its tensors. */
export const perElement = (tensor: string, operations: number) => ({ reads, writes }: Pick<Request, 'reads' | 'writes'>): number => operations * sizeOf((reads[tensor] ?? writes[tensor])!.shape);

/** The `flops` of what only moves elements. */
export const noFlops = (): number => 0;

/** Floating-point operations of one launch. */
export function flopsOf(request: Request): number {
  const { family, writes, updates = {} } = request;
  return family.flops?.(request) ?? [...Object.values(writes), ...Object.values(updates)].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Only ever called with a family's own requests: the one place where a spec gets its type back. */
export function hasFamily<S extends object>(request: Request, family: KernelFamily<S>): request is Request<S> {
  return (request.family as object) === family;
}
