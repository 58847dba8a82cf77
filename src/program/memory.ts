import type { Request } from '../ops/request.ts';
import { sizeOf, type Tensor } from '../ops/tensor.ts';

/** What memory is used for. */
export type MemoryRole = 'parameters' | 'buffers' | 'gradients' | 'optimizer' | 'batch' | 'activations' | 'data' | 'step' | 'staging' | 'diagnostics';

/** Where a tensor lies: a named buffer and a range in it, in bytes. */
export interface Placement {
  readonly buffer: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface BufferPlan {
  readonly name: string;
  readonly role: MemoryRole;
  readonly bytes: number;
  /** True where launches bind it as a uniform. */
  readonly uniform?: boolean;
}

/** Sub-ranges of a buffer start at multiples of this (WebGPU's minStorageBufferOffsetAlignment). */
export const ALIGNMENT = 256;

const aligned = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

/** Bytes of a tensor: four for each element, two of f16, in whole words as WebGPU binds them. */
export const bytesOf = ({ shape, half }: Tensor): number => (half ? Math.ceil(sizeOf(shape) / 2) : sizeOf(shape)) * 4;

/** Lays tensors one behind the other in one buffer, each at a multiple of `alignment` bytes. */
export function layOut(buffer: string, tensors: readonly Tensor[], alignment = ALIGNMENT): { placements: Map<number, Placement>; bytes: number } {
  const placements = new Map<number, Placement>();
  let offset = 0;
  for (const tensor of tensors) {
    placements.set(tensor.id, { buffer, offset, bytes: bytesOf(tensor) });
    offset += aligned(bytesOf(tensor), alignment);
  }
  return { placements, bytes: Math.max(ALIGNMENT, offset) };
}

/** A stretch of an arena, in elements. */
export interface Piece {
  readonly first: number;
  readonly size: number;
}

/**
 * Cuts a stretch of an arena where tensors start (`starts`, in elements), so that each piece has at most so many bytes. A tensor with
 * more than that stays in one piece.
 */
export function cutArena(starts: readonly number[], { first, size }: Piece, mostBytes: number): Piece[] {
  const end = first + size;
  const pieces: Piece[] = [];
  let from = first;
  let last = first;
  for (const cut of [...starts.filter((start) => start > first && start < end).sort((a, b) => a - b), end]) {
    if ((cut - from) * 4 > mostBytes && last > from) {
      pieces.push({ first: from, size: last - from });
      from = last;
    }
    last = cut;
  }
  return [...pieces, { first: from, size: end - from }];
}

/**
 * Gives every value a slot: a buffer of its own that it shares with values whose lifetimes do not touch its own.
 * A value lives from the launch that writes it to the last that reads it; `kept` ones live to the end.
 * Slots are whole buffers because WebGPU allows no launch to read and write one buffer, even at different offsets.
 */
export function planSlots(
  requests: readonly Request[], values: ReadonlySet<number>, kept: ReadonlySet<number>, name: string,
): { placements: Map<number, Placement>; buffers: BufferPlan[] } {
  const lives = new Map<number, { tensor: Tensor; first: number; last: number }>();
  requests.forEach(({ reads, writes }, position) => {
    for (const tensor of [...Object.values(writes), ...Object.values(reads)]) {
      if (!values.has(tensor.id)) continue;
      const life = lives.get(tensor.id);
      if (!life) lives.set(tensor.id, { tensor, first: position, last: position });
      else life.last = position;
    }
  });
  for (const [id, life] of lives) if (kept.has(id)) life.last = requests.length;

  const slots: { bytes: number; freeFrom: number }[] = [];
  const chosen = new Map<number, number>();
  for (const [id, life] of [...lives].sort(([, a], [, b]) => a.first - b.first)) {
    const bytes = aligned(bytesOf(life.tensor), 16);
    const free = slots.flatMap((slot, index) => (slot.freeFrom <= life.first ? [index] : []));
    // The smallest slot that is large enough; else the largest, which then grows least; else a new one.
    const [best] = free.sort((a, b) => {
      const [x, y] = [slots[a]!.bytes - bytes, slots[b]!.bytes - bytes];
      return x >= 0 && y >= 0 ? x - y : y - x;
    });
    const index = best ?? slots.push({ bytes: 0, freeFrom: 0 }) - 1;
    slots[index]!.bytes = Math.max(slots[index]!.bytes, bytes);
    slots[index]!.freeFrom = life.last + 1;
    chosen.set(id, index);
  }
  return {
    placements: new Map([...chosen].map(([id, slot]) => [id, { buffer: `${name}.${slot}`, offset: 0, bytes: bytesOf(lives.get(id)!.tensor) }])),
    buffers: slots.map(({ bytes }, index) => ({ name: `${name}.${index}`, role: 'activations', bytes })),
  };
}
