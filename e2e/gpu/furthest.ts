/** The largest difference of two lists of numbers, as a part of the second; what is near 0 counts as a thousandth. */
export const furthest = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / (1e-3 + Math.abs(b[i]!))));
