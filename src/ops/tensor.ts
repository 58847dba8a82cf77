/** Dimensions, outermost first; [] is a single number. */
export type Shape = readonly number[];
export type ElementType = 'f32' | 'u32';

/**
 * What a tensor is for. It decides which memory it gets:
 * inputs and targets hold the batch; parameters, gradients and buffers (state that is not trained, like running means) live
 * in arenas of their own; values share slots.
 */
export type Role = 'input' | 'target' | 'parameter' | 'buffer' | 'gradient' | 'value';

/** How a view reads the memory of its root: element (i, j, …) stands at offset + i · strides[0] + j · strides[1] + … */
export interface Layout {
  /** In elements, one for each axis; 0 where an axis is stretched, negative where it runs backwards. */
  readonly strides: readonly number[];
  readonly offset: number;
  /** Elements of the root. */
  readonly size: number;
}

/**
 * A value of a program before it has a place in memory: plain data, no buffer, no device.
 * `id` is its position in `Graph.tensors`.
 */
export interface Tensor {
  readonly id: number;
  readonly name: string;
  readonly shape: Shape;
  readonly type: ElementType;
  /** Set where its numbers are stored as f16: within programs of mixed precision. */
  readonly half?: true;
  readonly role: Role;
  /** The id of the tensor whose memory this one shows in another way (reshape, transpose, slice). */
  readonly viewOf?: number;
  /** Where a view's elements stand in that memory, where they do not lie row by row without gaps. */
  readonly layout?: Layout;
  /** What a copy of it without gaps stands for, where it is a view that a program reads. */
  readonly shows?: unknown;
  /** Set where it is a range of another tensor's elements, because a launch can't bind all of them: of which, and from which element on. */
  readonly partOf?: { readonly tensor: Tensor; readonly first: number };
  /** Set on a parameter that training leaves as it is: it gets no gradient. */
  readonly frozen?: true;
  /** Where a parameter stands among the parts of its arena, which lie one behind the other; 0 where it is not set. */
  readonly group?: number;
  /** Set where every element is this known number, so that ops can skip a multiplication by one. */
  readonly constant?: number;
}

/** Number of elements of a shape; 1 for []. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  return size;
}

/** Strides of elements that lie row by row without gaps. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** The layout of any tensor, also of one that lies row by row. */
export function layoutOf({ shape, layout }: Pick<Tensor, 'shape' | 'layout'>): Layout {
  return layout ?? { strides: stridesOf(shape), offset: 0, size: sizeOf(shape) };
}

/** A layout for a shape, or undefined where it says no more than the shape: row by row, without gaps, all of the root. */
export function compactLayout(shape: Shape, layout: Layout): Layout | undefined {
  const plain = stridesOf(shape);
  const isPlain = layout.offset === 0 && layout.size === sizeOf(shape) && shape.every((dimension, axis) => dimension === 1 || layout.strides[axis] === plain[axis]);
  return isPlain ? undefined : layout;
}

/**
 * The layout that shows the same elements under another shape of the same size, or undefined where no strides do: each run of axes that
 * together hold as many elements in both shapes must lie evenly.
 */
export function reshapedLayout(from: Shape, { strides, offset, size }: Layout, to: Shape): Layout | undefined {
  const axes = from.flatMap((dimension, axis) => (dimension > 1 ? [{ dimension, stride: strides[axis]! }] : []));
  const result = new Array<number>(to.length).fill(0);
  let [source, target] = [0, 0];
  while (source < axes.length) {
    let [first, last] = [source + 1, target];
    let [held, wanted] = [axes[source]!.dimension, 1];
    while (held !== wanted) {
      if (wanted < held) {
        if (last >= to.length) return undefined;
        wanted *= to[last++]!;
      } else {
        if (first >= axes.length) return undefined;
        held *= axes[first++]!.dimension;
      }
    }
    for (let axis = source; axis + 1 < first; axis += 1) {
      if (axes[axis]!.stride !== axes[axis + 1]!.stride * axes[axis + 1]!.dimension) return undefined;
    }
    let stride = axes[first - 1]!.stride;
    for (let axis = last - 1; axis >= target; axis -= 1) {
      result[axis] = to[axis] === 1 ? 0 : stride;
      stride *= to[axis]!;
    }
    [source, target] = [first, last];
  }
  return { strides: result, offset, size };
}

/** `[2, 3]`: a shape as errors print it. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}
