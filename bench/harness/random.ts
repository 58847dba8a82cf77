import { sizeOf, type HostTensor } from './host-tensor.ts';

/** The same numbers for every contestant and in every run: a linear congruential generator with a scrambled output. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761 + 1) >>> 0;
  }

  /** In [0, 1), with 24 bits: exact in float32. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    const mixed = Math.imul(this.#state ^ (this.#state >>> 15), 2_246_822_519);
    return ((mixed ^ (mixed >>> 13)) >>> 8) / 2 ** 24;
  }

  /** Uniform in ±bound. */
  uniform(shape: readonly number[], bound = 1): HostTensor {
    return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => (2 * this.next() - 1) * bound) };
  }

  /** Class indices below `classes`. */
  classes(count: number, classes: number): Uint32Array {
    return Uint32Array.from({ length: count }, () => Math.floor(this.next() * classes));
  }
}

export function filled(shape: readonly number[], value: number): HostTensor {
  return { shape, data: new Float32Array(sizeOf(shape)).fill(value) };
}
