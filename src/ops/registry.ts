import type { Op } from './op.ts';

const known: Record<string, Op> = {};

/**
 * Ops by their names, which graphs hold: every op that was applied in this program, and those of `src/ops/index.ts` where somebody
 * imports it. So a program that trains consists of the ops that it uses.
 */
export const registered: Readonly<Record<string, Op>> = known;

/** Makes an op known by its name; one that has the name already gives way. */
export function register(op: Op): void {
  known[op.name] = op;
}
