import { ShapeError } from '../errors.ts';
import type { Op } from './op.ts';
import { showShape, sizeOf, type Shape } from './tensor.ts';

/** The same elements under another shape; one dimension may be -1 and is computed. Nothing is launched or copied. */
export const reshape: Op = {
  name: 'reshape',
  inputs: ['x'],
  options: ['shape'],
  isView: true,
  shapes: ({ x }, options, who) => {
    const asked = options.shape as Shape;
    const fits = Array.isArray(asked) && asked.every((dimension) => Number.isInteger(dimension) && dimension >= -1) && asked.filter((dimension) => dimension === -1).length <= 1;
    const known = fits ? sizeOf(asked.filter((dimension) => dimension !== -1)) : 0;
    const size = sizeOf(x!.shape);
    const out = fits ? asked.map((dimension) => (dimension === -1 ? size / known : dimension)) : [];
    if (!fits || !out.every(Number.isInteger) || sizeOf(out) !== size) {
      throw new ShapeError(who, `a shape of ${size} elements for ${showShape(x!.shape)}`, Array.isArray(asked) ? showShape(asked) : String(asked));
    }
    return { out };
  },
  forward: () => [],
  backward: ({ inputs: { x }, gradients: { out: dout }, wanted }) => ({
    requests: [],
    aliases: wanted.x ? { x: { ...dout!, shape: x!.shape } } : {},
  }),
};
