import type { Pair, Window } from '../../shaders/convolution-parts.wgsl.ts';
import { OptionError, ShapeError, show } from '../errors.ts';
import type { Options } from './op.ts';
import { showShape, type Shape, type Tensor } from './tensor.ts';

/** How many axes a window moves over: 1 of [batch, channels, length] or 2 of [batch, channels, height, width]. */
export type Rank = 1 | 2;

const LAYOUTS: Readonly<Record<Rank, string>> = { 1: '[batch, channels, length]', 2: '[batch, channels, height, width]' };

/** An option that is one integer, or one for each axis; as rows and columns, where a single axis is one of columns. */
export function pairOption(who: string, options: Options, name: string, rank: Rank, { min, missing, single }: { min: number; missing?: Pair; single: number }): Pair {
  const value = options[name];
  if (value === undefined && missing) return missing;
  const list: unknown[] = Array.isArray(value) ? value : Array.from({ length: rank }, () => value);
  const fits = list.length === rank && list.every((size) => typeof size === 'number' && Number.isSafeInteger(size) && size >= min);
  if (!fits) throw new OptionError(who, `${name} to be an integer ≥ ${min}${rank > 1 ? `, or ${rank} of them` : ''}`, show(value));
  const sizes = list as number[];
  return rank === 1 ? [single, sizes[0]!] : [sizes[0]!, sizes[1]!];
}

/** Strides and dilations: 1 where they are left out. */
export const steps = (who: string, options: Options, name: string, rank: Rank, missing: Pair = [1, 1]): Pair =>
  pairOption(who, options, name, rank, { min: 1, missing, single: 1 });

/** The rows and columns of planes: a single axis is one row. */
export function planeOf(who: string, name: string, x: Tensor, rank: Rank): { batch: number; channels: number; plane: Pair } {
  if (x.shape.length !== rank + 2) throw new ShapeError(who, `${name} ${LAYOUTS[rank]}`, showShape(x.shape));
  const [batch, channels, ...plane] = x.shape;
  return { batch: batch!, channels: channels!, plane: rank === 1 ? [1, plane[0]!] : [plane[0]!, plane[1]!] };
}

/** The shape whose planes have these rows and columns. */
export const shapeWith = (batch: number, channels: number, plane: Pair, rank: Rank): Shape => [batch, channels, ...plane.slice(2 - rank)];

/** From the first to the last element of a kernel along an axis. */
export const extentOf = ({ kernel, dilation }: Pick<Window, 'kernel' | 'dilation'>, axis: 0 | 1): number => (kernel[axis] - 1) * dilation[axis] + 1;

/** Something of both axes. */
export const each = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];

/** Refuses a kernel that is larger than the plane that it moves over, with its padding. */
export function checkFits(who: string, window: Omit<Window, 'output'>, after: Pair, rank: Rank): void {
  const padded = each((axis) => window.input[axis] + window.padding[axis] + after[axis]);
  const extent = each((axis) => extentOf(window, axis));
  if (extent[0] > padded[0] || extent[1] > padded[1]) {
    const text = (sizes: Pair): string => sizes.slice(2 - rank).join(' × ');
    throw new ShapeError(who, `a padded input of at least ${text(extent)} for its kernel`, text(padded), 'Use a smaller kernel, or padding.');
  }
}
