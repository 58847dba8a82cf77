import type { MemoryRole } from '../program/memory.ts';
import { memoryOf } from './memory-fit.ts';
import type { CompiledStep } from './step-engine.ts';

/** What one training step does, known before the first one. */
export interface TrainerPlan {
  /** Launches of one step, in order, with their kernels' names and WGSL. A data set on the GPU adds one that gathers the batch. */
  readonly launches: readonly { readonly section: string; readonly label: string; readonly kernel: string; readonly code: string }[];
  /**
   * What fusion did to the launches of forward and backward: after the ops have asked, a bias gradient joins its weight's (`siblings`), a
   * launch does what follows it (`epilogues`) and what comes before it (`prologues`). Empty with `fusion: false`.
   */
  readonly fusion: readonly { readonly pass: string; readonly before: number; readonly after: number }[];
  /** Bytes on the GPU by role, and in total. A data set on the GPU comes on top, with its own size. */
  readonly memory: Readonly<Partial<Record<MemoryRole, number>>> & { readonly total: number };
}

export function planOf({ program, ring }: CompiledStep): TrainerPlan {
  return {
    launches: program.plan.launches.map(({ section, label, kernel }) => ({ section, label, kernel: kernel.name, code: kernel.code })),
    fusion: program.plan.passes,
    memory: memoryOf({ plan: program.plan, stagingBytes: ring.bytes }),
  };
}
