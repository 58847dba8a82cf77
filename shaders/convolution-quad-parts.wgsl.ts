import { blockLength } from './convolution-parts.wgsl.ts';
import { lines } from './wgsl.ts';

/**
 * What the convolutions of quads share. Values that all four lanes need stand in one list: lane p loads the elements p, p + 4, … of
 * it, and each lane gets the others' from their register.
 */

/** `let own0 = …;`: the places of the lane's elements of a list, once for all loops. `placeText` tells where element n stands. */
export function sharedPlaces(length: number, placeText: (n: string) => string, name: string): string {
  return lines(Math.ceil(length / 4), (q) => {
    const n = q === 0 ? 'place' : `(place + ${4 * q}u)`;
    const inside = 4 * q + 3 < length ? n : `min(${n.replace(/^\(|\)$/g, '')}, ${length - 1}u)`;
    return `let ${name}${q} = ${placeText(inside)};`;
  });
}

/** Element n of a list, from the register of the lane that loaded it. */
export function sharedValue(name: string, n: number): string {
  return `quadBroadcast(${name}${Math.floor(n / 4)}, ${n % 4}u)`;
}

/** Channels as vectors of up to four. */
export function vectorsOf(count: number): { readonly first: number; readonly size: number }[] {
  const size = blockLength(count, 4);
  return Array.from({ length: Math.ceil(count / size) }, (_, v) => ({ first: v * size, size: Math.min(size, count - v * size) }));
}

/** The lengths of blocks into which an axis may be cut: those that need as many blocks as a shorter one are left out. */
export function lengthsOf(size: number, most: number, step = 1): number[] {
  return [...new Set(Array.from({ length: Math.max(1, Math.floor(most / step)) }, (_, index) => blockLength(size, (index + 1) * step, step)))];
}

/** What a load of four lanes and a product of four lanes cost on a software adapter, in cycles. */
const LOAD = 30;
const PRODUCT = 2.2;
/** What a loop's step costs beside them. */
const STEP = 40;
/** Quads of a workgroup, and threads that share workgroups where there is little else to go by. */
const QUADS = 4;
const THREADS = 2;

/** What a kernel costs whose quads do one such step as often as each other; tiles past an edge cost as much as others. */
export function costOf({ loads, products, quads }: { readonly loads: number; readonly products: number; readonly quads: number }): number {
  const rounds = Math.ceil(Math.ceil(quads / QUADS) / THREADS);
  return (loads * LOAD + products * PRODUCT + STEP) * rounds;
}

/** The tile of the lowest cost, the first of equals. */
export function bestOf<Tile>(found: readonly { readonly tile: Tile; readonly cost: number }[]): Tile | undefined {
  return found.reduce<{ readonly tile: Tile; readonly cost: number } | undefined>((best, one) => (best && best.cost <= one.cost ? best : one), undefined)?.tile;
}
