import { MOST_COLUMNS, MOST_POSITIONS, rotary as rotaryKernel, type RotarySpec } from '../../shaders/rotary.wgsl.ts';
import { checkNumber, OptionError, ShapeError } from '../errors.ts';
import { accessOf } from './map.ts';
import type { LibraryOp, Options } from './op.ts';
import { type KernelFamily, perElement, type Request } from './request.ts';
import { showShape, sizeOf, type Tensor } from './tensor.ts';

export const rotaryFamily: KernelFamily<RotarySpec> = {
  flops: perElement('out', 3),
  name: 'rotary',
  cut: 'rotary',
  followsLayout: true,
  variants: [{ name: 'pair', suits: () => true, kernel: rotaryKernel }],
};

function optionsOf(who: string, { base = 10_000, offset = 0 }: Options): { base: number; offset: number } {
  return {
    base: checkNumber(who, 'base', base, { min: 1 }),
    offset: checkNumber(who, 'offset', offset, { min: 0, below: MOST_POSITIONS, integer: true }),
  };
}

function turned(x: Tensor, options: Options, inverse: boolean, out: Tensor): Request<RotarySpec> {
  const { shape } = x;
  return {
    family: rotaryFamily, reads: { x }, writes: { out },
    spec: {
      matrices: sizeOf(shape.slice(0, -2)), positions: shape.at(-2)!, columns: shape.at(-1)!, ...optionsOf('rotary', options), inverse, access: accessOf(x, shape),
    },
  };
}

/**
 * Rotary positions (J. Su et al.: "RoFormer", 2021): x [..., T, D] with each pair of columns (i, i + D/2) turned by the angle
 * (offset + t) · base^(−2i/D), i < D/2. That is the half-split order of GPT-NeoX and LLaMA (`rotate_half`), not the interleaved one. Turning keeps lengths, and the
 * product of a query and a key depends on the distance of their positions only. The gradient is turned back.
 */
export const rotary: LibraryOp = {
  name: 'rotary',
  group: 'sequence',
  formula: 'the pairs (x[t, i], x[t, i + D/2]) turned by (offset + t) · base^(-2i/D)',
  notes: 'The half-split order of GPT-NeoX and LLaMA; base is 10,000.',
  inputs: ['x'],
  options: ['base', 'offset'],
  shapes: ({ x }, options, who) => {
    const { shape } = x!;
    const { offset } = optionsOf(who, options);
    if (shape.length < 2 || shape.at(-1)! % 2 !== 0) throw new ShapeError(who, 'an x [..., T, D] with an even D', showShape(shape));
    if (shape.at(-1)! > MOST_COLUMNS) throw new ShapeError(who, `at most ${MOST_COLUMNS} columns (a limit of WGSL)`, showShape(shape), 'Split them into heads.');
    if (offset + shape.at(-2)! > MOST_POSITIONS) {
      throw new OptionError(who, `positions below ${MOST_POSITIONS}`, `${shape.at(-2)} from ${offset} on`);
    }
    return { out: shape };
  },
  forward: ({ inputs: { x }, outputs: { out }, options }) => [turned(x!, options, false, out!)],
  backward: ({ gradients: { out: dout }, wanted, options }) => ({ requests: wanted.x ? [turned(dout!, options, true, wanted.x)] : [] }),
};
