import type { Cutting } from '../ops/cut.ts';
import { boundBy } from '../ops/cuts/ranges.ts';
import { cutRequest } from '../ops/cuts/rules.ts';
import type { Request, Target } from '../ops/request.ts';
import { sizeOf, type ElementType, type Shape, type Tensor } from '../ops/tensor.ts';
import { loadedCutting } from './loaded-cutting.ts';
import { bytesOf, planSlots, type Placement } from './memory.ts';

// The pass for programs with a tensor that is larger than what a launch may bind: loaded by those alone.

/** A request is cut along so many axes, one after the other, at most. */
const MOST_CUTS = 6;

/** Bytes that binding a tensor takes: all of what a view is a view of. */
const boundBytes = (tensor: Tensor): number => bytesOf(tensor.layout ? { ...tensor, shape: [tensor.layout.size] } : tensor);

/**
 * Puts several requests in the place of each that binds more of a tensor than a launch may: over ranges that fit, as its family says. A request that
 * can't be cut stays as it is, and the program is refused by what it would bind. `add` makes a tensor of the program, `value` one between launches.
 */
export function cutRequests(
  requests: readonly Request[], { maxBindingBytes: most = Infinity, maxBindings }: Pick<Target, 'maxBindingBytes' | 'maxBindings'>,
  add: (tensor: Omit<Tensor, 'id'>) => Tensor, value: (name: string, shape: Shape, type?: ElementType) => Tensor,
): Request[] {
  const isTooLarge = (request: Request): boolean => boundBy(request).some(([, tensor]) => boundBytes(tensor) > most);
  const cutting: Cutting = {
    most, maxBindings, bytes: boundBytes, value,
    part(of, first, shape) {
      const { id: _, layout: __, viewOf: ___, shows: ____, constant: _____, ...same } = of;
      const known = of.partOf;
      const { tensor, first: before } = known ?? { tensor: of, first: 0 };
      const size = of.layout?.size ?? sizeOf(of.shape);
      if (first === 0 && sizeOf(shape) === size) return of;
      return add({ ...same, shape, partOf: { tensor, first: before + first } });
    },
  };
  const cut = (request: Request, depth: number): Request[] => {
    if (depth === 0 || !isTooLarge(request)) return [request];
    const { label, recomputes } = request;
    const parts = cutRequest(request, cutting)?.map((part): Request => ({ ...part, ...(label === undefined ? {} : { label }), ...(recomputes ? { recomputes } : {}) }));
    // All parts or none: what is half cut would only be refused with another name.
    const done = parts?.flatMap((part) => cut(part, depth - 1));
    return done && !done.some(isTooLarge) ? done : [request];
  };
  return requests.flatMap((request) => cut(request, MOST_CUTS));
}

/** The requests with the whole tensors in the place of their parts: what lives from when to when. */
function wholeRequests(requests: readonly Request[]): Request[] {
  const whole = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.partOf?.tensor ?? tensor]));
  return requests.map((request) => ({ ...request, reads: whole(request.reads), writes: whole(request.writes) }));
}

/** Where the parts lie in what they are parts of. */
export function partPlacements(requests: readonly Request[], placements: ReadonlyMap<number, Placement>): Map<number, Placement> {
  return new Map(requests.flatMap(boundBy).flatMap(([, part]): [number, Placement][] => {
    if (!part.partOf) return [];
    const { tensor: { id }, first } = part.partOf;
    const { buffer, offset } = placements.get(id)!;
    return [[part.id, { buffer, offset: offset + first * (part.half ? 2 : 4), bytes: bytesOf(part) }]];
  }));
}

/** `planSlots` for requests that may bind parts: these lie in what they are parts of, in slots or in what is placed already. */
function planSlotsOf(requests: readonly Request[], values: ReadonlySet<number>, kept: ReadonlySet<number>, name: string, placements: ReadonlyMap<number, Placement>): ReturnType<typeof planSlots> {
  const slots = planSlots(wholeRequests(requests), values, kept, name);
  return { ...slots, placements: new Map([...slots.placements, ...partPlacements(requests, new Map([...placements, ...slots.placements]))]) };
}

const cuttingPass = { requests: cutRequests, planSlots: planSlotsOf };
export type CuttingPass = typeof cuttingPass;

/** Lets programs be planned with this pass from now on: a call, because a bundler drops what a module does by itself. */
export function bring(): void {
  loadedCutting.pass = cuttingPass;
}
