import { checkNumber, checkOptionNames, DataError, show } from '../errors.ts';
import { RandomStream, randomStreams } from './philox.ts';

/**
 * Any list (rows of a table) in two parts without a common item, drawn at random: `part` of it in (0, 1) to learn from, the rest to judge by.
 * The same seed (default 0) gives the same parts.
 */
export function splitList<T>(list: readonly T[], part: number, options: { readonly seed?: number } = {}): { readonly train: readonly T[]; readonly test: readonly T[] } {
  const who = 'splitList';
  checkOptionNames(who, options, ['seed']);
  if (!Array.isArray(list) || list.length < 2) throw new DataError(who, 'a list of at least two', show(list));
  checkNumber(who, 'the fraction', part, { above: 0, below: 1 });
  const seed = checkNumber(who, 'seed', options.seed ?? 0, { integer: true, min: 0 });
  const count = Math.min(Math.max(Math.round(list.length * part), 1), list.length - 1);
  const order = new RandomStream(seed, randomStreams.shuffle).permutation(list.length);
  return { train: Array.from(order.subarray(0, count), (index) => list[index]!), test: Array.from(order.subarray(count), (index) => list[index]!) };
}
