import { LimitError } from '../errors.ts';

/** f32 holds every integer up to here: places along an axis are counted and compared in f32. */
const MOST_PLACES = 2 ** 24;

/** Refuses more places than f32 tells apart: beyond, neighbours would be taken for one another. */
export function checkPlaces(who: string, what: string, count: number): void {
  if (count > MOST_PLACES) throw new LimitError(who, `at most ${MOST_PLACES} ${what} (f32 tells no more apart)`, String(count), 'Split the axis.');
}
