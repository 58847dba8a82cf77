import { ShapeError } from '../errors.ts';
import { map } from './map.ts';
import type { LibraryOp } from './op.ts';
import { compactLayout, reshapedLayout, showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

/** The same memory under another shape, where strides can say it. */
function shownAs({ layout, ...x }: Tensor, shape: Shape): Tensor | undefined {
  if (!layout) return { ...x, shape };
  const found = reshapedLayout(x.shape, layout, shape);
  if (!found) return undefined;
  const compact = compactLayout(shape, found);
  return { ...x, shape, ...(compact ? { layout: compact } : {}) };
}

/**
 * The same elements under another shape; one dimension may be -1 and is computed. Nothing is launched or copied, unless no
 * strides can say it (a transposed view): then they are copied first.
 */
export const reshape: LibraryOp = {
  name: 'reshape',
  group: 'shape',
  formula: 'the same elements in row order under another shape',
  notes: 'A view: nothing is launched, unless no strides can say it.',
  inputs: ['x'],
  keepsType: true,
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
  view: ({ x }, _, shape) => {
    const shown = shownAs(x!, shape);
    return shown && { of: x!, layout: shown.layout };
  },
  forward: ({ inputs: { x }, outputs: { out } }) => (shownAs(x!, out!.shape) ? [] : [map(x!, [], { ...out!, shape: x!.shape })]),
  backward: ({ inputs: { x }, gradients: { out: dout }, wanted }) => {
    if (!wanted.x) return { requests: [] };
    const shown = shownAs(dout!, x!.shape);
    return shown ? { requests: [], aliases: { x: shown } } : { requests: [map(dout!, [], { ...wanted.x, shape: dout!.shape })] };
  },
};
