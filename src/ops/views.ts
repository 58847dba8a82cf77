import { OptionError, ShapeError, show } from '../errors.ts';
import { map } from './map.ts';
import type { LibraryOp, Op, Options, Range } from './op.ts';
import { partOf } from './parts.ts';
import { sumAxes } from './reduce.ts';
import { compactLayout, layoutOf, sameShape, showShape, type Layout, type Shape, type Tensor } from './tensor.ts';

// Other ways to look at memory that is there already: forward they launch nothing.

const isIntegers = (list: unknown): list is number[] => Array.isArray(list) && list.every((value) => Number.isSafeInteger(value));

/** `axis` counted from 0, where negative ones count from the end. Throws where there is no such axis. */
export function checkAxis(who: string, axis: unknown, rank: number, what = 'axis'): number {
  const fits = typeof axis === 'number' && Number.isInteger(axis) && axis >= -rank && axis < rank;
  if (!fits) throw new ShapeError(who, rank === 0 ? 'a tensor with axes' : `${what} between ${-rank} and ${rank - 1}`, show(axis));
  return axis < 0 ? axis + rank : axis;
}

/** The same memory as `x` under another shape and layout. */
function shown(x: Tensor, shape: Shape, layout: Layout): Tensor {
  const { layout: _, ...rest } = x;
  const compact = compactLayout(shape, layout);
  return { ...rest, shape, ...(compact ? { layout: compact } : {}) };
}

/** An op whose output shows its input, `x`, in another way. */
function view(name: string, formula: string, options: readonly string[], rule: {
  /** The output's shape and layout. Throws where the options do not fit. */
  look(x: Tensor, options: Options, who: string): { shape: Shape; layout: Layout };
  backward: Op['backward'];
}): LibraryOp {
  return {
    name,
    group: 'shape',
    formula,
    notes: 'A view: nothing is launched forward.',
    inputs: ['x'],
    keepsType: true,
    options,
    shapes: ({ x }, given, who) => ({ out: rule.look(x!, given, who).shape }),
    view: ({ x }, given, shape) => ({ of: x!, layout: compactLayout(shape, rule.look(x!, given, name).layout) }),
    forward: () => [],
    backward: rule.backward,
  };
}

function checkPermutation(who: string, permutation: unknown, shape: Shape): number[] {
  const sorted = isIntegers(permutation) ? permutation.toSorted((a, b) => a - b) : [];
  if (!isIntegers(permutation) || permutation.length !== shape.length || sorted.some((axis, index) => axis !== index)) {
    throw new OptionError(who, `permutation to hold each axis of ${showShape(shape)} once`, show(permutation));
  }
  return permutation;
}

function permuted(x: Tensor, permutation: readonly number[]): { shape: Shape; layout: Layout } {
  const { strides, ...rest } = layoutOf(x);
  return { shape: permutation.map((axis) => x.shape[axis]!), layout: { ...rest, strides: permutation.map((axis) => strides[axis]!) } };
}

/** out[i_p0, i_p1, …] = x[i_0, i_1, …]: axis k of the output is axis permutation[k] of x. */
export const transpose = /* @__PURE__ */ view('transpose', 'axis k of out = axis permutation[k] of x', ['permutation'], {
  look: (x, { permutation }, who) => permuted(x, checkPermutation(who, permutation, x.shape)),
  backward: ({ gradients: { out: dout }, wanted, options, inputs: { x } }) => {
    if (!wanted.x) return { requests: [] };
    const permutation = checkPermutation('transpose', options.permutation, x!.shape);
    const { shape, layout } = permuted(dout!, permutation.map((_, axis) => permutation.indexOf(axis)));
    return { requests: [], aliases: { x: shown(dout!, shape, layout) } };
  },
});

function flipped(x: Tensor, axes: unknown, who: string): { shape: Shape; layout: Layout } {
  if (!isIntegers(axes)) throw new OptionError(who, 'axes to be a list of integers', show(axes));
  const turned = axes.map((axis) => checkAxis(who, axis, x.shape.length, 'axes'));
  if (new Set(turned).size !== turned.length) throw new OptionError(who, 'each axis once', show(axes));
  const { strides, offset, size } = layoutOf(x);
  return {
    shape: x.shape,
    layout: {
      size,
      strides: strides.map((stride, axis) => (turned.includes(axis) ? -stride : stride)),
      offset: turned.reduce((sum, axis) => sum + (x.shape[axis]! - 1) * strides[axis]!, offset),
    },
  };
}

/** The elements in reverse order along `axes`. */
export const flip = /* @__PURE__ */ view('flip', 'out = x in reverse order along axes', ['axes'], {
  look: (x, { axes }, who) => flipped(x, axes, who),
  backward: ({ gradients: { out: dout }, wanted, options }) => {
    if (!wanted.x) return { requests: [] };
    const { shape, layout } = flipped(dout!, options.axes, 'flip');
    return { requests: [], aliases: { x: shown(dout!, shape, layout) } };
  },
});

/** Python's slices: negative bounds count from the end, bounds beyond the ends stop there; steps are > 0. */
export function rangesOf(who: string, shape: Shape, { start, end, step }: Options): Range[] {
  const rank = shape.length;
  for (const [name, list] of Object.entries({ start, end, step })) {
    if (list === undefined) continue;
    if (!isIntegers(list)) throw new OptionError(who, `${name} to be a list of integers`, show(list));
    if (list.length > rank) throw new ShapeError(who, `at most ${rank} numbers in ${name} for ${showShape(shape)}`, show(list));
  }
  return shape.map((size, axis) => {
    const bound = (value: number): number => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
    const from = bound((start as number[] | undefined)?.[axis] ?? 0);
    const to = bound((end as number[] | undefined)?.[axis] ?? size);
    const by = (step as number[] | undefined)?.[axis] ?? 1;
    if (by < 1) throw new OptionError(who, 'steps ≥ 1', show(step), 'flip reverses an axis.');
    if (to <= from) throw new ShapeError(who, `something left of axis ${axis}, which has ${size} elements`, `${from} to ${to}`);
    return { start: from, count: Math.ceil((to - from) / by), step: by };
  });
}

function sliced(x: Tensor, ranges: readonly Range[]): { shape: Shape; layout: Layout } {
  const { strides, offset, size } = layoutOf(x);
  return {
    shape: ranges.map(({ count }) => count),
    layout: {
      size,
      strides: strides.map((stride, axis) => stride * ranges[axis]!.step),
      offset: ranges.reduce((sum, { start }, axis) => sum + start * strides[axis]!, offset),
    },
  };
}

/** The part of `x` that lies in these ranges, as a view. */
export function sliceOf(x: Tensor, ranges: readonly Range[]): Tensor {
  const { shape, layout } = sliced(x, ranges);
  return shown(x, shape, layout);
}

/** x[start : end : step] along each axis, from the first on; axes that are left out are taken whole. */
export const slice = /* @__PURE__ */ view('slice', 'out = x[start : end : step] along each axis', ['start', 'end', 'step'], {
  look: (x, options, who) => sliced(x, rangesOf(who, x.shape, options)),
  backward: ({ inputs: { x }, gradients: { out: dout }, wanted, options }) => ({
    requests: [], parts: wanted.x ? { x: partOf(dout!, rangesOf('slice', x!.shape, options)) } : {},
  }),
});

function stretched(x: Tensor, shape: unknown, who: string): { shape: Shape; layout: Layout } {
  const fits = isIntegers(shape) && shape.length >= x.shape.length && shape.every((dimension, axis) => {
    const own = x.shape[axis - shape.length + x.shape.length];
    return dimension > 0 ? own === undefined || own === 1 || own === dimension : dimension === -1 && own !== undefined;
  });
  if (!fits) {
    throw new ShapeError(who, `a shape to which ${showShape(x.shape)} broadcasts`, isIntegers(shape) ? showShape(shape) : show(shape), 'Only axes of size 1 stretch; -1 keeps an axis; new axes come first.');
  }
  const { strides, offset, size } = layoutOf(x);
  const missing = shape.length - x.shape.length;
  const out = shape.map((dimension, axis) => (dimension === -1 ? x.shape[axis - missing]! : dimension));
  return { shape: out, layout: { offset, size, strides: out.map((dimension, axis) => (axis < missing || (x.shape[axis - missing] === 1 && dimension !== 1) ? 0 : strides[axis - missing]!)) } };
}

/** x stretched to `shape` by NumPy's broadcasting; -1 keeps an axis. The gradient is summed back over what was stretched. */
export const expand = /* @__PURE__ */ view('expand', 'out = x stretched to shape', ['shape'], {
  look: (x, { shape }, who) => stretched(x, shape, who),
  backward: ({ inputs: { x }, gradients: { out: dout }, wanted }) => {
    if (!wanted.x) return { requests: [] };
    const missing = dout!.shape.length - x!.shape.length;
    const axes = dout!.shape.flatMap((dimension, axis) => (axis < missing || (x!.shape[axis - missing] === 1 && dimension !== 1) ? [axis] : []));
    if (axes.length > 0) return { requests: sumAxes(dout!, axes, 1, wanted.x) };
    if (sameShape(dout!.shape, x!.shape)) return { requests: [], aliases: { x: dout! } };
    return { requests: [map(dout!, [], { ...wanted.x, shape: dout!.shape })] };
  },
});
