import { misfitOf, type Asked, type Room, type Sized } from './memory-fit.ts';

/** Refuses a program that does not fit, with its bytes by role, the limit, and what would fit. */
export async function checkPlanFits(sized: Sized, room: Room, asked?: Asked): Promise<void> {
  const misfit = misfitOf(sized, room);
  if (!misfit) return;
  // Most pages never need it.
  const { refusal } = await import('./memory-refusal.ts');
  throw refusal(sized, room, misfit, asked);
}

/** Plans; where a launch would bind more than it may, a second time, when what cuts requests is there. */
export async function planned<T extends Sized>(make: () => T, room: Room): Promise<T> {
  const made = make();
  if (misfitOf(made, room)?.tensor === undefined) return made;
  (await import('../program/cutting.ts')).bring();
  return make();
}
