import { POISON_BITS } from './poison.ts';

// 16-bit floats on the host: only who looks into a program of mixed precision needs them.

/** The number that 16 bits stand for. */
function widened(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The first `count` of packed f16 as f32. A word of poison is two numbers of it: nobody wrote them. */
export function fromFloat16(words: Uint32Array, count: number): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(count);
  const bits = new Uint32Array(numbers.buffer);
  for (let i = 0; i < count; i += 1) {
    const word = words[i >> 1]!;
    if (word === POISON_BITS) bits[i] = POISON_BITS;
    else numbers[i] = widened(word >>> 16 * (i & 1) & 0xffff);
  }
  return numbers;
}

/** The nearest f16, ties to even; infinite where 65504 and less can't hold it, as kernels round. */
export function roundToFloat16(value: number): number {
  const size = Math.abs(value);
  if (!(size <= 65_504)) return size > 65_504 ? Math.sign(value) * Infinity : value;
  const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.max(size, 2 ** -24)))) - 10);
  const units = value / unit;
  const down = Math.floor(units);
  const rest = units - down;
  return unit * (rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1);
}
