import { ShapeError } from '../errors.ts';
import { map } from './map.ts';
import type { Op } from './op.ts';
import { showShape, sizeOf, type Shape } from './tensor.ts';

/**
 * The same elements under another shape; one dimension may be -1 and is computed. Nothing is launched or copied, unless the
 * elements do not lie row by row (a transposed view): then they are copied first.
 */
export const reshape: Op = {
  name: 'reshape',
  inputs: ['x'],
  options: ['shape'],
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
  view: ({ x }) => (x!.layout ? undefined : { of: x! }),
  forward: ({ inputs: { x }, outputs: { out } }) => (x!.layout ? [map(x!, [], { ...out!, shape: x!.shape })] : []),
  backward: ({ inputs: { x }, gradients: { out: dout }, wanted }) => {
    if (!wanted.x) return { requests: [] };
    return dout!.layout
      ? { requests: [map(dout!, [], { ...wanted.x, shape: dout!.shape })] }
      : { requests: [], aliases: { x: { ...dout!, shape: x!.shape } } };
  },
};
