/** Dimensions, outermost first; [] is a single number. */
export type Shape = readonly number[];
export type ElementType = 'f32' | 'u32';

/**
 * What a tensor is for. It decides which memory it gets:
 * inputs and targets hold the batch, parameters and gradients live in arenas of their own, values share slots.
 */
export type Role = 'input' | 'target' | 'parameter' | 'gradient' | 'value';

/**
 * A value of a program before it has a place in memory: plain data, no buffer, no device.
 * `id` is its position in `Graph.tensors`.
 */
export interface Tensor {
  readonly id: number;
  readonly name: string;
  readonly shape: Shape;
  readonly type: ElementType;
  readonly role: Role;
  /** The id of the tensor whose memory this one shows under another shape (reshape). */
  readonly viewOf?: number;
  /** Set on a parameter that training leaves as it is: it gets no gradient. */
  readonly frozen?: true;
  /** Set where every element is this known number, so that ops can skip a multiplication by one. */
  readonly constant?: number;
}

/** Number of elements of a shape; 1 for []. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  return size;
}

/** `[2, 3]`: a shape as errors print it. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}
