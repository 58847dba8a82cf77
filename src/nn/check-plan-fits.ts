import { misfitOf, type Asked, type Room, type Sized } from './memory-fit.ts';

/** Refuses a program that does not fit, with its bytes by role, the limit, and what would fit. */
export async function checkPlanFits(who: string, sized: Sized, room: Room, asked?: Asked): Promise<void> {
  const misfit = misfitOf(sized, room);
  if (!misfit) return;
  // Most pages never need it.
  const { refusal } = await import('./memory-refusal.ts');
  throw refusal(who, sized, room, misfit, asked);
}
