import type { ElementwiseSpec } from '../../shaders/elementwise.wgsl.ts';
import type { HalfSpec } from '../../shaders/kernel.ts';
import { accessOf, asMatrix, elementwiseFamily, map } from '../ops/map.ts';
import type { Request, Target } from '../ops/request.ts';
import type { Tensor } from '../ops/tensor.ts';
import { fits } from './fusion.ts';
import { bytesOf, type BufferPlan, type MemoryRole, type Placement } from './memory.ts';

/** What the pass needs of the program that it works for. */
export interface Halving {
  readonly target: Target;
  /** Tensors that must be written as f32 whatever happens. */
  readonly kept: ReadonlySet<number>;
  /** All tensors by their ids, and where those lie that have a place of their own. */
  readonly tensors: readonly Tensor[];
  readonly placements: Map<number, Placement>;
  readonly buffers: ReadonlyMap<string, BufferPlan>;
  /** Those that get slots. */
  readonly values: Set<number>;
  add(tensor: Omit<Tensor, 'id'>): Tensor;
  /** Gives a tensor a buffer of this name, which others may share. */
  alone(tensor: Tensor, buffer: string, role: MemoryRole): Tensor;
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
 * of them: by the launch that makes it where that can (if nobody else reads it as f16 alone, where its family knows how), else by one of its own;
 * parameters all together in one launch, into an arena of copies. What several launches write in parts, and constants, stay f32.
 * Runs after fusion, so that it sees the products as they are launched.
 */
export const halve: Halve = (original, halving) => {
  const { target, kept, tensors, values, add } = halving;
  const copies = new Copies(halving);
  const requests = original.map((request): Request => request);
  const before = new Map<number, Request[]>();
  const after = new Map<number, Request[]>();
  const origins = new Map<number, number>();
  const written = writersOf(original);
  const readBy = (id: number): boolean => requests.some(({ reads, updates = {} }) => [...Object.values(reads), ...Object.values(updates)].some((read) => read.id === id));

  for (const [id, readers] of operandsOf(original)) {
    const tensor = tensors[id]!;
    const writers = written.get(id) ?? [];
    const [writer] = writers;
    if (writers.length > 1 || (writer !== undefined && writer >= readers[0]!.request)) continue;
    const isParameter = writer === undefined && tensor.role === 'parameter';
    const half = isParameter ? copies.of(tensor) : add({ name: `${tensor.name} (f16)`, shape: tensor.shape, type: 'f32', half: true, role: 'value' });
    if (!isParameter) values.add(half.id);
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
    const only = target.fusion && !kept.has(id) && !readBy(id) ? onlyHalf(maker, tensor, half) : undefined;
    const made = only ?? (target.fusion ? alsoHalf(maker, tensor, half, target) : undefined);
    if (made) requests[writer] = made;
    else push(after, writer, cast());
  }
  return {
    requests: [...copies.requests, ...requests.flatMap((request, at) => [...before.get(at) ?? [], request, ...after.get(at) ?? []])], origins,
  };
};

/** The f16 copies of parameters: arenas in their order, each filled by one launch. */
class Copies {
  readonly #arenas = new Map<string, Request>();
  readonly #halving: Halving;

  constructor(halving: Halving) {
    this.#halving = halving;
  }

  get requests(): Request[] {
    return [...this.#arenas.values()];
  }

  of({ id, name, shape }: Tensor): Tensor {
    const { placements, buffers, add, alone } = this.#halving;
    const { buffer, offset } = placements.get(id)!;
    const copies = `${buffer} (f16)`;
    const half = add({ name: `${name} (f16)`, shape, type: 'f32', half: true, role: 'parameter' });
    // Parameters lie at multiples of twice the alignment, so that this is one of it.
    placements.set(half.id, { buffer: copies, offset: offset / 2, bytes: bytesOf(half) });
    if (!this.#arenas.has(buffer)) {
      const all = { shape: [buffers.get(buffer)!.bytes / 4], type: 'f32', role: 'parameter' } as const;
      const [from, to] = [alone(add({ ...all, name: buffer }), buffer, 'parameters'), alone(add({ ...all, name: copies, half: true }), copies, 'parameters')];
      this.#arenas.set(buffer, { ...map(from, [], to), label: 'weights' });
    }
    return half;
  }
}

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
