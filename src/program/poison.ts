/**
 * The bits that every output holds before a checked run: a NaN that no arithmetic produces.
 * A tensor that still holds them was never written.
 */
export const POISON_BITS = 0x7fc0dead;
