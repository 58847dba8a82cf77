/*
 * Philox-4x32-10 from its definition, in integers of any size: the reference for every other implementation.
 * J. Salmon, M. Moraes, R. Dror, D. Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.2.
 */

const MULTIPLIERS = [0xd2511f53n, 0xcd9e8d57n] as const;
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

/** Four random u32 words for a counter of four words and a key of two. */
export function philoxWords(counter: readonly [number, number, number, number], key: readonly [number, number]): readonly [number, number, number, number] {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const first = MULTIPLIERS[0] * BigInt(a);
    const second = MULTIPLIERS[1] * BigInt(c);
    [a, b, c, d] = [(high(second) ^ b ^ k) >>> 0, low(second), (high(first) ^ d ^ l) >>> 0, low(first)];
    k = (k + KEY_STEPS[0]) % 2 ** 32;
    l = (l + KEY_STEPS[1]) % 2 ** 32;
  }
  return [a, b, c, d];
}

function high(product: bigint): number {
  return Number(product >> 32n);
}

function low(product: bigint): number {
  return Number(product & 0xffffffffn);
}
