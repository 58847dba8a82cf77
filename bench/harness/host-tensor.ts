/** Numbers on the host with their shape, row by row, in the library's (PyTorch's) layouts. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Named<T> = Readonly<Record<string, T>>;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The tensor with its axes in another order: axis i of the result is axis order[i] of the given one. */
export function permuted({ shape, data }: HostTensor, order: readonly number[]): HostTensor {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const target = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const result = new Float32Array(data.length);
  const place = new Array<number>(target.length).fill(0);
  let from = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = data[from];
    for (let axis = target.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++place[axis] < target[axis]) break;
      from -= steps[axis] * target[axis];
      place[axis] = 0;
    }
  }
  return { shape: target, data: result };
}

/** The order of axes that undoes another. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}
