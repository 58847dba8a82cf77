import type { MemoryLimit } from '../errors.ts';
import type { MemoryRole } from '../program/memory.ts';
import type { ProgramPlan } from '../program/plan.ts';

/** A program before anything of it exists: its plan, and the bytes of the staging buffers beside it. */
export interface Sized {
  readonly plan: ProgramPlan;
  readonly stagingBytes: number;
}

/** The same program for another number of examples, and for so many batches a step of the optimiser. */
export type Replan = (rows: number, accumulate: number) => Sized;

/** What there is room for. */
export interface Room {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  /** Bytes of everything together, what is already there included, and who says so. */
  readonly total?: MemoryLimit;
  /** Bytes that are there and stay: buffers that a plan names again are its own and not counted twice. */
  readonly taken: number;
  isThere(buffer: string): boolean;
}

/** Bytes by role of everything that a plan needs: its buffers and its staging buffers. */
export function memoryOf({ plan, stagingBytes }: Sized): Readonly<Partial<Record<MemoryRole, number>>> & { readonly total: number } {
  const byRole: Partial<Record<MemoryRole, number>> = { staging: stagingBytes };
  for (const { role, bytes } of plan.buffers) byRole[role] = (byRole[role] ?? 0) + bytes;
  return { ...byRole, total: Object.values(byRole).reduce((sum, bytes) => sum + bytes, 0) };
}

/** What keeps a plan from the device. */
export interface Misfit {
  readonly limit: MemoryLimit;
  readonly got: number;
  readonly buffer: ProgramPlan['buffers'][number];
  readonly tensor?: string;
}

/** The first limit that a plan breaks: of what a launch binds, of one buffer, of all together. */
export function misfitOf({ plan, stagingBytes }: Sized, room: Room): Misfit | undefined {
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.name, buffer]));
  const tensorText = (id: number): string => `${plan.tensors[id]!.name} [${plan.tensors[id]!.shape.join(', ')}]`;
  let worst: Misfit | undefined;
  for (const { kernel, tensors } of plan.launches) {
    for (const [index, { access }] of kernel.bindings.entries()) {
      const { id } = tensors[index]!;
      const { bytes, buffer } = plan.placements.get(id)!;
      if (access === 'uniform' || bytes <= room.maxStorageBufferBindingSize || bytes <= (worst?.got ?? 0)) continue;
      const own = plan.tensors[id]!.name === buffer ? largestIn(plan, buffer) : id;
      worst = { limit: { name: 'maxStorageBufferBindingSize', bytes: room.maxStorageBufferBindingSize }, got: bytes, buffer: buffers.get(buffer)!, tensor: tensorText(own ?? id) };
    }
  }
  if (worst) return worst;
  const largest = [...plan.buffers].sort((a, b) => b.bytes - a.bytes)[0];
  if (!largest) return undefined;
  const inLargest = largestIn(plan, largest.name);
  const what = { buffer: largest, ...(inLargest === undefined ? {} : { tensor: tensorText(inLargest) }) };
  if (largest.bytes > room.maxBufferSize) return { limit: { name: 'maxBufferSize', bytes: room.maxBufferSize }, got: largest.bytes, ...what };
  if (!room.total) return undefined;
  const all = room.taken + stagingBytes + plan.buffers.reduce((sum, { name, bytes }) => sum + (room.isThere(name) ? 0 : bytes), 0);
  return all > room.total.bytes ? { limit: room.total, got: all, ...what } : undefined;
}

/** The largest tensor in a buffer, one of the model before the arena that holds it. */
function largestIn(plan: ProgramPlan, buffer: string): number | undefined {
  const sizeOf = (id: number): number => plan.placements.get(id)!.bytes;
  const inside = [...plan.placements].filter(([, place]) => place.buffer === buffer).map(([id]) => id);
  const own = inside.filter((id) => plan.tensors[id]!.name !== buffer);
  return (own.length > 0 ? own : inside).sort((a, b) => sizeOf(b) - sizeOf(a))[0];
}

/** How a program can be made again, for the refusal to say what would fit. */
export interface Asked {
  readonly rows: number;
  readonly accumulate: number;
  readonly replan: Replan;
  /** Whether it trains, so that batches can be added up. */
  readonly trains: boolean;
}
