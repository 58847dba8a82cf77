import type { MemoryLimit } from './memory-limit-error.ts';
import type { MemoryRole } from '../program/memory.ts';
import type { ProgramPlan } from '../program/plan.ts';
import type { ExtraLaunches } from './step-plans.ts';

/** A program before anything of it exists: its plan, and the bytes of the staging buffers beside it (default none). */
export interface Sized {
  readonly plan: ProgramPlan;
  readonly stagingBytes?: number;
}

/** The same program for another number of examples, and for so many batches a step of the optimiser, which the extra launches add up. */
export type Replan = (rows: number, accumulate: number, launches?: ExtraLaunches) => Sized;

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
export function memoryOf({ plan, stagingBytes = 0 }: Sized): Readonly<Partial<Record<MemoryRole, number>>> & { readonly total: number } {
  const byRole: Partial<Record<MemoryRole, number>> = { staging: stagingBytes };
  for (const { role, bytes } of plan.buffers) byRole[role] = (byRole[role] ?? 0) + bytes;
  return { ...byRole, total: Object.values(byRole).reduce((sum, bytes) => sum + bytes, 0) };
}

/** What keeps a plan from the device. */
export interface Misfit {
  readonly limit: MemoryLimit;
  readonly got: number;
  /** The buffer, or of a plan that is too large in all none. */
  readonly buffer?: string;
  /** What a launch binds of it. */
  readonly tensor?: number;
}

/** The first limit that a plan breaks: of what a launch binds (the largest of it), of one buffer, of all together. */
export function misfitOf({ plan, stagingBytes = 0 }: Sized, { maxBufferSize, maxStorageBufferBindingSize, total, taken, isThere }: Room): Misfit | undefined {
  const bound = plan.launches.flatMap(({ kernel, tensors }) => tensors.filter((_, index) => kernel.bindings[index]!.access !== 'uniform'))
    .map(({ id }) => ({ ...plan.placements.get(id)!, tensor: id }));
  const largest = <T extends { bytes: number }>(list: readonly T[]): T | undefined => list.reduce<T | undefined>((most, one) => (most && most.bytes >= one.bytes ? most : one), undefined);
  const [binding, buffer] = [largest(bound), largest(plan.buffers)];
  if (binding && binding.bytes > maxStorageBufferBindingSize) {
    return { limit: { name: 'maxStorageBufferBindingSize', bytes: maxStorageBufferBindingSize }, got: binding.bytes, buffer: binding.buffer, tensor: binding.tensor };
  }
  if (buffer && buffer.bytes > maxBufferSize) return { limit: { name: 'maxBufferSize', bytes: maxBufferSize }, got: buffer.bytes, buffer: buffer.name };
  const got = taken + stagingBytes + plan.buffers.reduce((sum, { name, bytes }) => sum + (isThere(name) ? 0 : bytes), 0);
  return total && got > total.bytes ? { limit: total, got } : undefined;
}

/** How a program can be made again, for the refusal to say what would fit. */
export interface Asked {
  readonly rows: number;
  readonly accumulate: number;
  readonly replan: Replan;
  /** Whether it trains, so that batches can be added up. */
  readonly trains: boolean;
}
