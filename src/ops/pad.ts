import { padBackwardKernel, padKernel, type PadSpec } from '../../shaders/pad.wgsl.ts';
import { checkNumber, OptionError, show, ShapeError } from '../errors.ts';
import type { LibraryOp, Options, Range } from './op.ts';
import { place } from './place.ts';
import { type KernelFamily, noFlops, perElement } from './request.ts';
import { showShape, type Tensor } from './tensor.ts';
import { sliceOf } from './views.ts';

const padFamily: KernelFamily<PadSpec> = { name: 'pad', cut: 'pad', flops: noFlops, variants: [{ name: 'lane', suits: () => true, kernel: padKernel }] };
const padBackwardFamily: KernelFamily<PadSpec> = { name: 'pad-backward', cut: 'pad', flops: perElement('dout', 1), variants: [{ name: 'lane', suits: () => true, kernel: padBackwardKernel }] };

const MODES = ['constant', 'reflect', 'replicate'] as const;

function settingsOf(who: string, { shape, type }: Pick<Tensor, 'shape' | 'type'>, { padding, mode = 'constant', value = 0 }: Options) {
  const known = MODES.find((name) => name === mode);
  if (!known) throw new OptionError(who, `mode among ${MODES.map((name) => `"${name}"`).join(', ')}`, show(mode));
  const fits = Array.isArray(padding) && padding.every((pair: unknown) => Array.isArray(pair) && pair.length === 2 && pair.every((size) => Number.isSafeInteger(size) && size >= 0));
  if (!fits) throw new OptionError(who, 'padding as [before, after] for each axis, integers ≥ 0', show(padding));
  const pairs = padding as [number, number][];
  if (pairs.length !== shape.length) throw new ShapeError(who, `[before, after] for each of ${shape.length} axes`, `${pairs.length} of them for ${showShape(shape)}`);
  const number = checkNumber(who, 'value', value, { float32: true });
  if (type === 'u32' && !(Number.isInteger(number) && number >= 0 && number < 2 ** 32)) throw new OptionError(who, 'a value that is an index: an integer from 0', show(value), 'x holds indices.');
  if (known !== 'constant' && number !== 0) throw new OptionError(who, 'a value in mode "constant" only', show(value));
  pairs.forEach(([before, after], axis) => {
    const most = shape[axis]! - 1;
    if (known === 'reflect' && Math.max(before, after) > most) throw new ShapeError(who, `at most ${most} mirrored elements on each side of axis ${axis}`, show(pairs[axis]));
  });
  return {
    mode: known, value: number,
    out: shape.map((size, axis) => size + pairs[axis]![0] + pairs[axis]![1]),
    ranges: shape.map((count, axis): Range => ({ start: pairs[axis]![0], count, step: 1 })),
    axes: shape.map((size, axis) => ({ size, before: pairs[axis]![0], after: pairs[axis]![1] })),
  };
}

/**
 * x with elements before and after each axis: a number (`constant`, the default, with `value` 0), x mirrored at its edges without
 * repeating them (`reflect`), or the edges repeated (`replicate`).
 */
export const pad: LibraryOp = {
  name: 'pad',
  group: 'shape',
  formula: 'out = x with elements before and after each axis',
  notes: 'mode \'constant\' (value), \'reflect\' (the edge is not repeated) or \'replicate\'.',
  inputs: ['x'],
  options: ['padding', 'mode', 'value'],
  keepsType: true,
  shapes: ({ x }, options, who) => ({ out: settingsOf(who, x!, options).out }),
  forward: ({ inputs: { x }, outputs: { out }, options }) => {
    const { mode, value, ranges, axes } = settingsOf('pad', x!, options);
    if (mode === 'constant') return [place(x!, ranges, value, out!)];
    return [{ family: padFamily, spec: { axes, mode, type: x!.type } satisfies PadSpec, reads: { x: x! }, writes: { out: out! } }];
  },
  backward: ({ inputs: { x }, gradients: { out: dout }, wanted, options }) => {
    if (!wanted.x) return { requests: [] };
    const { mode, ranges, axes } = settingsOf('pad', x!, options);
    if (mode === 'constant') return { requests: [], aliases: { x: sliceOf(dout!, ranges) } };
    return { requests: [{ family: padBackwardFamily, spec: { axes, mode, type: 'f32' } satisfies PadSpec, reads: { dout: dout! }, writes: { dx: wanted.x } }] };
  },
};
