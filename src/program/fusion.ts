import type { Request, Target } from '../ops/request.ts';
import type { Tensor } from '../ops/tensor.ts';

/** What a pass did to the list: how many launches it found and how many it left. */
export interface FusionPass {
  /** `siblings`: sums beside a product. `epilogues`: what follows. `prologues`: what comes before, on a launch's loads. */
  readonly pass: 'siblings' | 'epilogues' | 'prologues';
  readonly before: number;
  readonly after: number;
}

/**
 * Makes fewer launches of the same work: a request may take over what follows it (an epilogue), what comes before it
 * (a prologue) or what reads the same tensor (a sum beside a product). Which requests can is for their families to
 * say; this pass only knows who reads and writes what. `kept` are tensors that must be written whatever happens. `rounds` says that products
 * are going to read f16: then nothing disappears into their loads, where it would be computed of rounded numbers. What each pass did is added to
 * `passes`.
 */
export function fuse(original: readonly Request[], kept: ReadonlySet<number>, target: Target, rounds = false, passes: FusionPass[] = []): Request[] {
  if (!target.fusion) return [...original];
  // Work that reads a tensor must not move past a change of it: what is updated in place cuts the list.
  const cut = original.findIndex(({ updates = {} }) => Object.keys(updates).length > 0);
  if (cut >= 0) {
    const [before, update, after] = [original.slice(0, cut), original[cut]!, original.slice(cut + 1)];
    const readLater = (later: readonly Request[]): Set<number> => new Set([...kept, ...later.flatMap(({ reads }) => Object.values(reads).map(({ id }) => id))]);
    return [...fuse(before, readLater([update, ...after]), target, rounds, passes), update, ...fuse(after, kept, target, rounds, passes)];
  }
  let requests = [...original];
  for (const [pass, run] of [['siblings', fuseSibling], ['epilogues', fuseConsumer], ['prologues', fuseProducer]] as const) {
    const before = requests.length;
    for (let next: Request[] | undefined = requests; next; next = run(requests, kept, target, rounds)) requests = next;
    passes.push({ pass, before, after: requests.length });
  }
  return requests;
}

/** A request that there is, and whose launch binds no more than the device does. */
export function fits(request: Request | undefined, { maxBindings }: Target): request is Request {
  return request !== undefined && bindingsOf(request) <= maxBindings;
}

function bindingsOf({ reads, writes, updates = {} }: Request): number {
  return Object.keys(reads).length + Object.keys(writes).length + Object.keys(updates).length;
}

const isReadBy = ({ reads, updates = {} }: Request, id: number): boolean =>
  Object.values(reads).some((tensor) => tensor.id === id) || Object.values(updates).some((tensor) => tensor.id === id);

/** Where each tensor is written: its request's position. */
function writers(requests: readonly Request[]): Map<number, number> {
  const positions = new Map<number, number>();
  requests.forEach(({ writes, updates = {} }, position) => {
    for (const { id } of [...Object.values(writes), ...Object.values(updates)]) positions.set(id, position);
  });
  return positions;
}

const readersOf = (requests: readonly Request[], id: number): number[] =>
  requests.flatMap((request, position) => (isReadBy(request, id) ? [position] : []));

const replaced = (requests: readonly Request[], position: number, by: Request, without: readonly number[]): Request[] =>
  requests.map((request, index) => (index === position ? by : request)).filter((_, index) => !without.includes(index));

/** A request joins an earlier one that reads the same tensor: its result is there sooner, so nobody waits for it in vain. */
function fuseSibling(requests: readonly Request[], _: ReadonlySet<number>, target: Target): Request[] | undefined {
  for (const [position, request] of requests.entries()) {
    if (!request.family.absorbSibling) continue;
    for (let other = position + 1; other < requests.length; other += 1) {
      const joined = request.family.absorbSibling(request, requests[other]!);
      if (fits(joined, target)) return replaced(requests, position, joined, [other]);
    }
  }
  return undefined;
}

/** A request goes on to do what one of its readers does, if the reader's other operands exist by then. */
function fuseConsumer(requests: readonly Request[], kept: ReadonlySet<number>, target: Target): Request[] | undefined {
  const written = writers(requests);
  for (const [position, request] of requests.entries()) {
    if (!request.family.absorbConsumer) continue;
    for (const tensor of Object.values(request.writes)) {
      const readers = readersOf(requests, tensor.id);
      for (const reader of readers) {
        const consumer = requests[reader]!;
        const ready = Object.values(consumer.reads).every(({ id }) => id === tensor.id || (written.get(id) ?? -1) < position);
        if (!ready || consumer.updates || consumer.recomputes !== request.recomputes) continue;
        const joined = request.family.absorbConsumer(request, tensor, consumer, readers.length > 1 || kept.has(tensor.id));
        if (fits(joined, target)) return replaced(requests, position, joined, [reader]);
      }
    }
  }
  return undefined;
}

/** True where a request reads the tensor as an operand that may be f16. */
const multiplies = ({ family, reads }: Request, id: number): boolean => family.half?.some((binding) => reads[binding]?.id === id) ?? false;

/** A request disappears into all of its readers, if each can do its work while loading. */
function fuseProducer(requests: readonly Request[], kept: ReadonlySet<number>, target: Target, rounds: boolean): Request[] | undefined {
  for (const [position, producer] of requests.entries()) {
    const results: Tensor[] = Object.values(producer.writes);
    const [tensor] = results;
    if (results.length !== 1 || !tensor || kept.has(tensor.id) || producer.updates) continue;
    const readers = readersOf(requests, tensor.id);
    if (readers.length === 0) continue;
    if (rounds && readers.some((reader) => multiplies(requests[reader]!, tensor.id))) continue;
    if (readers.some((reader) => requests[reader]!.recomputes && !producer.recomputes)) continue;
    const joined = readers.map((reader) => requests[reader]!.family.absorbProducer?.(requests[reader]!, tensor, producer));
    if (!joined.every((request) => fits(request, target))) continue;
    return requests
      .map((request, index) => joined[readers.indexOf(index)] ?? request)
      .filter((_, index) => index !== position);
  }
  return undefined;
}
