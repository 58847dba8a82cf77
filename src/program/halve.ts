import type { ElementwiseSpec } from '../../shaders/elementwise.wgsl.ts';
import type { HalfSpec } from '../../shaders/kernel.ts';
import { accessOf, asMatrix, elementwiseFamily, map } from '../ops/map.ts';
import type { Request, Target } from '../ops/request.ts';
import type { Shape, Tensor } from '../ops/tensor.ts';
import { fits } from './fusion.ts';

/** What the pass needs of the program that it works for. */
export interface Halving {
  readonly target: Target;
  /** Tensors that must be written as f32 whatever happens. */
  readonly kept: ReadonlySet<number>;
  /** A tensor as it lies: not a view of it. */
  tensor(id: number): Tensor;
  /** A new value stored as f16. */
  value(name: string, shape: Shape): Tensor;
  /** For a parameter: its f16 copy, which lies in an arena of copies. */
  copyOfParameter(tensor: Tensor): Tensor;
  /** The launches that fill the arenas of which copies were asked for. */
  copies(): readonly Request[];
}

export interface Halved {
  readonly requests: readonly Request[];
  /** Which tensor each f16 copy was made of, by its id. */
  readonly origins: ReadonlyMap<number, number>;
}

/** How programs of mixed precision are made: passed to those who plan, so that nobody else loads it. */
export type Halve = (requests: readonly Request[], halving: Halving) => Halved;

interface Read {
  readonly request: number;
  readonly binding: string;
}

/**
 * Mixed precision: products read their operands as f16, everything else stays f32. A tensor that products read is rounded once, for all
 * of them: by the launch that makes it where that can (then, if nobody else reads it, as f16 alone), else by one of its own;
 * parameters all together in one launch, into an arena of copies. What several launches write in parts, and constants, stay f32.
 * Runs after fusion, so that it sees the products as they are launched.
 */
export const halve: Halve = (original, halving) => {
  const { target, kept } = halving;
  const requests = original.map((request): Request => request);
  const before = new Map<number, Request[]>();
  const after = new Map<number, Request[]>();
  const origins = new Map<number, number>();
  const written = writersOf(original);
  const readBy = (id: number): boolean => requests.some(({ reads, updates = {} }) => [...Object.values(reads), ...Object.values(updates)].some((read) => read.id === id));

  for (const [id, readers] of operandsOf(original)) {
    const tensor = halving.tensor(id);
    const writers = written.get(id) ?? [];
    const [writer] = writers;
    if (writers.length > 1 || (writer !== undefined && writer >= readers[0]!.request)) continue;
    const isParameter = writer === undefined && tensor.role === 'parameter';
    const half = isParameter ? halving.copyOfParameter(tensor) : halving.value(`${tensor.name} (f16)`, tensor.shape);
    origins.set(half.id, id);
    for (const { request, binding } of readers) {
      const { reads, spec } = requests[request]!;
      const { shape, layout } = reads[binding]!;
      requests[request] = withHalf({ ...requests[request]!, reads: { ...reads, [binding]: { ...half, shape, ...(layout ? { layout } : {}) } } }, spec, binding);
    }
    if (isParameter) continue;
    const cast = (): Request => ({ ...map(tensor, [], half), ...labelOf(requests[writer ?? readers[0]!.request]!) });
    if (writer === undefined) {
      push(before, readers[0]!.request, cast());
      continue;
    }
    const maker = requests[writer]!;
    const made = target.fusion ? (kept.has(id) || readBy(id) ? alsoHalf(maker, tensor, half, target) : onlyHalf(maker, tensor, half)) : undefined;
    if (made) requests[writer] = made;
    else push(after, writer, cast());
  }
  return {
    requests: [...halving.copies(), ...requests.flatMap((request, at) => [...before.get(at) ?? [], request, ...after.get(at) ?? []])], origins,
  };
};

const push = (lists: Map<number, Request[]>, at: number, request: Request): void => {
  lists.set(at, [...lists.get(at) ?? [], request]);
};

const labelOf = ({ label, recomputes }: Request): Pick<Request, 'label' | 'recomputes'> =>
  ({ ...(label === undefined ? {} : { label }), ...(recomputes ? { recomputes } : {}) });

/** The request told that a binding holds f16. */
const withHalf = (request: Request, spec: HalfSpec, binding: string): Request => ({ ...request, spec: { ...spec, half: [...spec.half ?? [], binding].sort() } });

/** What products read that may be f16, by tensor: who reads it, in order. */
function operandsOf(requests: readonly Request[]): Map<number, Read[]> {
  const operands = new Map<number, Read[]>();
  requests.forEach(({ family, reads }, request) => {
    for (const [binding, { id, type, half, constant }] of Object.entries(reads)) {
      if (!family.half?.includes(binding) || type !== 'f32' || half || constant !== undefined) continue;
      operands.set(id, [...operands.get(id) ?? [], { request, binding }]);
    }
  });
  return operands;
}

function writersOf(requests: readonly Request[]): Map<number, number[]> {
  const writers = new Map<number, number[]>();
  requests.forEach(({ writes, updates = {} }, position) => {
    for (const { id } of [...Object.values(writes), ...Object.values(updates)]) writers.set(id, [...writers.get(id) ?? [], position]);
  });
  return writers;
}

/** The launch that makes a tensor, storing it as f16 in its place. */
function onlyHalf(maker: Request, tensor: Tensor, half: Tensor): Request | undefined {
  const binding = Object.keys(maker.writes).find((name) => maker.writes[name]!.id === tensor.id);
  if (binding === undefined || !maker.family.half?.includes(binding)) return undefined;
  return withHalf({ ...maker, writes: { ...maker.writes, [binding]: half } }, maker.spec, binding);
}

/** The launch that makes a tensor, storing it as f16 beside it: a step at its end that changes nothing and saves. */
function alsoHalf(maker: Request, tensor: Tensor, half: Tensor, target: Target): Request | undefined {
  const start = accessOf(tensor, tensor.shape);
  const consumer: Request<ElementwiseSpec> = {
    family: elementwiseFamily,
    spec: { ...asMatrix(tensor.shape), start, steps: [{ formula: 'identity', parameters: [], operands: [], save: 'half', saveType: 'f16' }] },
    reads: { x: tensor }, writes: { out: tensor, half },
  };
  const joined = maker.family.absorbConsumer?.(maker, tensor, consumer, false);
  return fits(joined, target) ? joined : undefined;
}
