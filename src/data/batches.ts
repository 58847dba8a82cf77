import { checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import { RandomStream, randomStreams } from './philox.ts';

/** The order of one epoch, cut into batches: iterate to get the row numbers of each batch. */
export interface Batches extends Iterable<Uint32Array<ArrayBuffer>> {
  /** Each row number once. */
  readonly order: Uint32Array<ArrayBuffer>;
  /** Number of batches. */
  readonly count: number;
  /** Rows in every batch but the last, which holds the rest. */
  readonly batchSize: number;
}

/**
 * Cuts `length` examples into batches. The last batch is smaller where the sizes do not divide.
 * @param length Number of examples: an integer in [1, 2^32 − 1].
 * @param batchSize Examples in a batch: an integer in [1, length].
 * @param options.shuffle Default true: a new order each epoch; false: the order of the data.
 * @param options.seed Integer in [0, Number.MAX_SAFE_INTEGER]. Default 0.
 * @param options.epoch Which epoch: an integer in [0, 2^32 − 1]. Default 0. Seed and epoch fix the order, so training resumes in the middle.
 * @throws OptionError where an option is unknown or out of range, or a batch is larger than the data.
 */
export function batches(length: number, batchSize: number, options: EpochOptions = {}): Batches {
  return epochOrder('batches', length, batchSize, options);
}

interface EpochOptions {
  shuffle?: boolean;
  seed?: number;
  epoch?: number;
}

/** `batches` with the caller's name in messages. */
export function epochOrder(who: string, length: number, batchSize: number, options: EpochOptions): Batches {
  checkOptionNames(who, options, ['shuffle', 'seed', 'epoch']);
  const { shuffle = true, seed = 0, epoch = 0 } = options;
  checkNumber(who, 'length', length, { min: 1, max: 0xffffffff, integer: true });
  checkNumber(who, 'batchSize', batchSize, { min: 1, integer: true });
  if (batchSize > length) {
    throw new OptionError(who, 'batchSize ≤ the number of examples', `batchSize ${batchSize} and ${length} examples`, 'Use smaller batches.');
  }
  if (typeof shuffle !== 'boolean') throw new OptionError(who, 'shuffle to be true or false', show(shuffle));
  checkNumber(who, 'seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  checkNumber(who, 'epoch', epoch, { min: 0, max: 0xffffffff, integer: true });
  const order = shuffle
    ? new RandomStream(seed, randomStreams.shuffle, epoch).permutation(length)
    : Uint32Array.from({ length }, (_, i) => i);
  return {
    order,
    count: Math.ceil(length / batchSize),
    batchSize,
    *[Symbol.iterator]() {
      for (let start = 0; start < length; start += batchSize) yield order.subarray(start, start + batchSize);
    },
  };
}
