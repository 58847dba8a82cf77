/** Dimensions, outermost first; [] is a single number. */
export type Shape = readonly number[];

/**
 * A tensor in float64 with a variance beside each value: the square of the error that correct float32 code is
 * expected to make there. Leaves have variance 0: the reference starts from exactly the numbers that the GPU holds.
 */
export interface RefTensor {
  readonly shape: Shape;
  readonly value: Float64Array;
  readonly variance: Float64Array;
}

/** Number of elements of a shape; 1 for []. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  return size;
}

/** Zeros without error. */
export function zeros(shape: Shape): RefTensor {
  const size = sizeOf(shape);
  return { shape, value: new Float64Array(size), variance: new Float64Array(size) };
}

/** Exact numbers, widened: the error is 0. Class indices become numbers. */
export function exact(shape: Shape, data: ArrayLike<number>): RefTensor {
  const tensor = zeros(shape);
  for (let i = 0; i < tensor.value.length; i++) tensor.value[i] = data[i];
  return tensor;
}

/** The same numbers under another shape of the same size. */
export function reshaped(tensor: RefTensor, shape: Shape): RefTensor {
  return { shape, value: tensor.value, variance: tensor.variance };
}
