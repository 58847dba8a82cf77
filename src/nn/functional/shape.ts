import { checkNumber, OptionError, show, ShapeError } from '../../errors.ts';
import { PARTS } from '../../ops/join.ts';
import { showShape, type Shape, type Tensor } from '../../ops/tensor.ts';
import { checkAxis } from '../../ops/views.ts';
import * as concatOps from '../../ops/concat.ts';
import * as padOps from '../../ops/pad.ts';
import * as viewsOps from '../../ops/views.ts';
import { apply } from '../../program/trace.ts';
import { reshape } from '../functional.ts';

/** Axis k of the output is axis permutation[k] of x: [batch, time, channels] with [0, 2, 1] becomes [batch, channels, time]. A view. */
export const permute = (x: Tensor, permutation: readonly number[]): Tensor =>
  apply(viewsOps.transpose, { x }, { permutation: Array.isArray(permutation) ? permutation.map((axis) => checkAxis('permute', axis, x.shape.length, 'permutation')) : permutation });

/** x with two axes exchanged (default the last two). A view. */
export function transpose(x: Tensor, first = -2, second = -1): Tensor {
  const rank = x.shape.length;
  const [a, b] = [checkAxis('transpose', first, rank), checkAxis('transpose', second, rank)];
  return apply(viewsOps.transpose, { x }, { permutation: x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)) });
}

/**
 * x[start : end : step] along each axis, from the first on, as Python slices: axes that are left out are taken whole, negative bounds count
 * from the end, steps are ≥ 1. A view.
 */
export const slice = (x: Tensor, options: { start?: readonly number[]; end?: readonly number[]; step?: readonly number[] }): Tensor =>
  apply(viewsOps.slice, { x }, { ...options });

/** The elements `start` to `start + length` of one axis (PyTorch's narrow). A view. */
export function narrow(x: Tensor, axis: number, start: number, length: number): Tensor {
  const along = checkAxis('narrow', axis, x.shape.length);
  const size = x.shape[along]!;
  checkNumber('narrow', 'start', start, { integer: true, min: 0, max: size });
  checkNumber('narrow', 'length', length, { integer: true, min: 1, max: size - start });
  return apply(viewsOps.slice, { x }, { start: x.shape.map((_, other) => (other === along ? start : 0)), end: x.shape.map((dimension, other) => (other === along ? start + length : dimension)) });
}

/** Element `index` of one axis, which is gone in the output (PyTorch's select). Negative ones count from the end. A view where x lies row by row. */
export function select(x: Tensor, axis: number, index: number): Tensor {
  const along = checkAxis('select', axis, x.shape.length);
  const size = x.shape[along]!;
  checkNumber('select', 'index', index, { integer: true, min: -size, max: size - 1 });
  return squeeze(narrow(x, along, index < 0 ? index + size : index, 1), along);
}

/** x without an axis of size 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const along = checkAxis('squeeze', axis, x.shape.length);
  if (x.shape[along] !== 1) throw new ShapeError('squeeze', `an axis of size 1`, `axis ${along} of ${showShape(x.shape)}`);
  return reshape(x, x.shape.filter((_, other) => other !== along));
}

/** x with a further axis of size 1 before `axis`; -1 puts it last. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const along = checkAxis('unsqueeze', axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, along), 1, ...x.shape.slice(along)]);
}

/** The elements in reverse order along `axes`. A view. */
export const flip = (x: Tensor, axes: readonly number[]): Tensor => apply(viewsOps.flip, { x }, { axes: Array.isArray(axes) ? [...axes] : axes });

/** x stretched to `shape` by NumPy's broadcasting; -1 keeps an axis. A view; the gradient is summed back. */
export const expand = (x: Tensor, shape: Shape): Tensor => apply(viewsOps.expand, { x }, { shape: Array.isArray(shape) ? [...shape] : shape });

function checkList(who: string, list: readonly Tensor[]): void {
  if (!Array.isArray(list) || list.length === 0) throw new OptionError(who, 'at least one tensor in a list', show(list));
}

/** The tensors one behind the other along `axis` (default 0); all other axes are equal. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  checkList('concat', tensors);
  let level = [...tensors];
  // One launch takes a few tensors: many of them are joined in groups, and those again.
  while (level.length > PARTS.length) {
    const groups: Tensor[] = [];
    for (let start = 0; start < level.length; start += PARTS.length) groups.push(concat(level.slice(start, start + PARTS.length), axis));
    level = groups;
  }
  return level.length === 1 ? level[0]! : apply(concatOps.concat, Object.fromEntries(level.map((tensor, index) => [PARTS[index]!, tensor])), { axis });
}

/** Tensors of one shape along a new axis (default the first). */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  checkList('stack', tensors);
  const along = checkAxis('stack', axis, tensors[0]!.shape.length + 1);
  return concat(tensors.map((tensor) => unsqueeze(tensor, along)), along);
}

/** x in parts along `axis` (default 0): a number is the size of each (the last may be smaller), a list names each size. Views. */
export function split(x: Tensor, sizes: number | readonly number[], axis = 0): Tensor[] {
  const along = checkAxis('split', axis, x.shape.length);
  const size = x.shape[along]!;
  if (typeof sizes === 'number') checkNumber('split', 'sizes', sizes, { integer: true, min: 1 });
  const list = typeof sizes === 'number' ? Array.from({ length: Math.ceil(size / sizes) }, (_, part) => Math.min(sizes, size - part * sizes)) : Array.isArray(sizes) ? [...sizes] : [];
  if (list.some((part) => !Number.isSafeInteger(part) || part < 1) || list.reduce((sum, part) => sum + part, 0) !== size) {
    throw new ShapeError('split', `sizes ≥ 1 that add up to ${size}`, show(sizes));
  }
  let start = 0;
  return list.map((part) => {
    start += part;
    return narrow(x, along, start - part, part);
  });
}

/**
 * x with elements before and after each axis, `padding` [[before, after], …]: `value` (mode `constant`, default 0), x mirrored at its
 * edges without repeating them (`reflect`), or the edges repeated (`replicate`).
 */
export const pad = (x: Tensor, padding: readonly (readonly [number, number])[], options: { mode?: 'constant' | 'reflect' | 'replicate'; value?: number } = {}): Tensor =>
  apply(padOps.pad, { x }, { padding: Array.isArray(padding) ? padding.map((pair) => (Array.isArray(pair) ? [...pair] : pair)) : padding, ...options });

/** x repeated along each axis: [3, 4] with repeats [2, 3] becomes [6, 12]. One launch. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (!Array.isArray(repeats) || repeats.length < x.shape.length || repeats.some((count) => !Number.isSafeInteger(count) || count < 1)) {
    throw new OptionError('tile', `repeats as at least ${x.shape.length} integers ≥ 1`, show(repeats));
  }
  const sizes = [...new Array<number>(repeats.length - x.shape.length).fill(1), ...x.shape];
  const spread = expand(reshape(x, sizes.flatMap((size) => [1, size])), sizes.flatMap((size, axis) => [repeats[axis]!, size]));
  return reshape(spread, sizes.map((size, axis) => size * repeats[axis]!));
}
