/** Smallest normal float32: devices may take anything below for 0. */
const SMALLEST_NORMAL = 2 ** -126;

const numbers = new Float32Array(1);
const bits = new Int32Array(numbers.buffer);

/**
 * |got − expected| in units of 2⁻²³·|expected|: at most the number of units in the last place, and what the variances
 * count in. A result below the normal numbers may be 0. NaN, and an infinity that is not expected, err by Infinity.
 */
export function errorInUlp(got: number, expected: number): number {
  const error = absoluteError(got, expected);
  // Whoever rounds below the normal numbers may flush what came out.
  if (Math.abs(expected) < 2 * SMALLEST_NORMAL && Math.abs(got) < 2 * SMALLEST_NORMAL) return 0;
  return Number.isFinite(error) ? error / (2 ** -23 * Math.max(Math.abs(expected), SMALLEST_NORMAL)) : error;
}

/** |got − expected|; Infinity for NaN and for an infinity that is not expected. */
export function absoluteError(got: number, expected: number): number {
  if (got === Math.fround(expected) && !Number.isFinite(got)) return 0;
  const error = Math.abs(got - expected);
  return Number.isNaN(error) ? Infinity : error;
}

/** The float32 that lies `steps` representable numbers from `value`; never past the largest finite one. */
export function neighbour(value: number, steps: number): number {
  numbers[0] = value;
  // Negative floats in the order of the integers: one number line through 0.
  const place = (bits[0]! < 0 ? -(bits[0]! & 0x7fffffff) : bits[0]!) + steps;
  const size = Math.min(Math.abs(place), 0x7f7fffff);
  bits[0] = place < 0 ? size | 0x80000000 : size;
  return numbers[0];
}
