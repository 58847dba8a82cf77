import { checkNumber, OptionError, show } from '../errors.ts';

/*
 * Philox-4x32-10: a counter through ten rounds of multiply and exchange. It has no state besides the counter, so
 * the CPU and any number of GPU lanes produce the same words in any order, and a checkpoint stores one number.
 * J. Salmon, M. Moraes, R. Dror, D. Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
/** The golden ratio and √3 − 1 as fractions of 2^32: the key's step in each round. */
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** The upper 32 bits of a · b, by 16-bit halves: a product of two u32 does not fit a float64 exactly. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000)) >>> 0;
}

function rounds(out: Uint32Array, c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0) >>> 0;
    const high1 = multiplyHigh(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/**
 * One block of Philox-4x32-10.
 * @param counter Four u32 words.
 * @param key Two u32 words.
 * @returns Four random u32 words: the same for the same counter and key, everywhere.
 * @throws OptionError where a list has another length or a word is not an integer in [0, 2^32 − 1].
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): Uint32Array<ArrayBuffer> {
  checkWords('counter', counter, 4);
  checkWords('key', key, 2);
  const out = new Uint32Array(4);
  rounds(out, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return out;
}

function checkWords(name: string, words: unknown, length: number): void {
  if (!Array.isArray(words) || words.length !== length) {
    throw new OptionError('philox', `${name} to be ${length} numbers`, show(words));
  }
  for (let i = 0; i < length; i++) checkNumber('philox', `${name}[${i}]`, words[i], { min: 0, max: 0xffffffff, integer: true });
}

/**
 * A seed as Philox's key: [lower 32 bits, upper 21 bits].
 * @param seed Integer in [0, Number.MAX_SAFE_INTEGER].
 * @param who The caller, for the message.
 * @throws OptionError for any other seed.
 */
export function seedKey(seed: number, who = 'seedKey'): [number, number] {
  checkNumber(who, 'seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  return [seed >>> 0, Math.floor(seed / 0x100000000)];
}

/** Separates the uses of one seed: a dropout mask never repeats the numbers that initialised a layer. */
export const randomStreams = { initialization: 0, shuffle: 1, data: 2, dropout: 3, check: 4 } as const;

/**
 * Random numbers in sequence. Word i is word i mod 4 of `philox([⌊i/4⌋ low, ⌊i/4⌋ high, stream, part], seed)`.
 * Integers, uniforms and permutations are the same bits in every browser; `normal` uses Math.log and Math.cos,
 * whose last bit may differ between browser engines.
 */
export class RandomStream {
  readonly seed: number;
  readonly stream: number;
  readonly part: number;
  readonly #key: readonly [number, number];
  readonly #block = new Uint32Array(4);
  /** The block that `#block` holds; −1 before the first. */
  #held = -1;
  #position: number;

  /**
   * @param seed Integer in [0, Number.MAX_SAFE_INTEGER].
   * @param stream What the numbers are for: one of `randomStreams`, or a u32 of your own. Default 0.
   * @param part A u32 that separates sequences of one stream: the number of a parameter, an epoch. Default 0.
   * @param position Words already drawn: resumes a stream. Default 0.
   * @throws OptionError where one of them is out of range.
   */
  constructor(seed: number, stream = 0, part = 0, position = 0) {
    this.#key = seedKey(seed, 'RandomStream');
    this.seed = seed;
    this.stream = checkNumber('RandomStream', 'stream', stream, { min: 0, max: 0xffffffff, integer: true });
    this.part = checkNumber('RandomStream', 'part', part, { min: 0, max: 0xffffffff, integer: true });
    this.#position = checkNumber('RandomStream', 'position', position, { min: 0, integer: true });
  }

  /** Words drawn so far. A stream with the same seed, stream, part and position goes on with the same numbers. */
  get position(): number {
    return this.#position;
  }

  /** The next u32 word. */
  bits(): number {
    const block = Math.floor(this.#position / 4);
    if (block !== this.#held) {
      rounds(this.#block, block >>> 0, Math.floor(block / 0x100000000), this.stream, this.part, this.#key[0], this.#key[1]);
      this.#held = block;
    }
    return this.#block[this.#position++ % 4];
  }

  /**
   * A number in [low, high), equally likely everywhere: low + (high − low) · (bits >>> 8) · 2^-24.
   * With the default 0 and 1 it is exact in float32; other limits may round up to `high` in float32.
   * @throws OptionError where a limit is not finite or high < low.
   */
  uniform(low = 0, high = 1): number {
    if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) {
      throw new OptionError('RandomStream.uniform', 'finite low ≤ high', `${show(low)} and ${show(high)}`);
    }
    return low + (high - low) * this.#fraction();
  }

  /**
   * A normal deviate: mean + deviation · √(−2 ln u) · cos(2πv) (Box–Muller, in float64).
   * It always takes two words, so that `position` alone describes the stream.
   * @throws OptionError where mean is not finite or deviation is not ≥ 0.
   */
  normal(mean = 0, deviation = 1): number {
    if (!(Number.isFinite(mean) && Number.isFinite(deviation) && deviation >= 0)) {
      throw new OptionError('RandomStream.normal', 'a finite mean and a deviation ≥ 0', `${show(mean)} and ${show(deviation)}`);
    }
    // Half a step up: u = 0 would give an infinite deviate.
    const radius = Math.sqrt(-2 * Math.log((this.bits() + 0.5) * 2 ** -32));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.bits() * 2 ** -32);
  }

  /**
   * An integer in [0, n), each equally likely.
   * @param n Integer in [1, 2^32].
   * @throws OptionError for any other n.
   */
  integer(n: number): number {
    checkNumber('RandomStream.integer', 'n', n, { min: 1, max: 0x100000000, integer: true });
    return this.#below(n);
  }

  /**
   * The numbers 0 … n − 1 in random order, each order equally likely (Fisher–Yates).
   * @param n Integer in [0, 2^32 − 1].
   * @throws OptionError for any other n.
   */
  permutation(n: number): Uint32Array<ArrayBuffer> {
    checkNumber('RandomStream.permutation', 'n', n, { min: 0, max: 0xffffffff, integer: true });
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    for (let i = n - 1; i > 0; i--) {
      const j = this.#below(i + 1);
      const other = order[j];
      order[j] = order[i];
      order[i] = other;
    }
    return order;
  }

  #fraction(): number {
    return (this.bits() >>> 8) * 2 ** -24;
  }

  #below(n: number): number {
    // 2^32 is seldom a multiple of n: words past the last whole multiple would favour the small remainders.
    const limit = 0x100000000 - (0x100000000 % n);
    let word = this.bits();
    while (word >= limit) word = this.bits();
    return word % n;
  }
}
