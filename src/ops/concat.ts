import { ShapeError } from '../errors.ts';
import { join, PARTS } from './join.ts';
import type { Named, LibraryOp } from './op.ts';
import { showShape, type Tensor } from './tensor.ts';
import { checkAxis, sliceOf } from './views.ts';

const partsOf = (inputs: Named<Tensor>): Tensor[] => PARTS.flatMap((name) => inputs[name] ?? []);

/** The inputs one behind the other along `axis` (default 0); all other axes are equal. Their gradients are slices of the output's: views. */
export const concat: LibraryOp = {
  name: 'concat',
  group: 'shape',
  formula: 'out = x0, x1, … one behind the other along axis',
  notes: 'Up to 7 inputs in one launch; the function takes any number. Gradients are views.',
  inputs: PARTS,
  optional: PARTS.slice(1),
  options: ['axis'],
  keepsType: true,
  shapes: (inputs, { axis = 0 }, who) => {
    const parts = partsOf(inputs);
    const [first] = parts;
    const along = checkAxis(who, axis, first!.shape.length);
    for (const { shape } of parts) {
      if (shape.length !== first!.shape.length || shape.some((dimension, other) => other !== along && dimension !== first!.shape[other])) {
        throw new ShapeError(who, `tensors that differ along axis ${along} alone`, parts.map((part) => showShape(part.shape)).join(' and '));
      }
    }
    return { out: first!.shape.map((dimension, other) => (other === along ? parts.reduce((sum, { shape }) => sum + shape[along]!, 0) : dimension)) };
  },
  forward: ({ inputs, outputs: { out }, options: { axis = 0 }, scratch }) =>
    join(partsOf(inputs), checkAxis('concat', axis, out!.shape.length), out!, (shape) => scratch('joined', shape)),
  backward: ({ inputs, gradients: { out: dout }, wanted, options: { axis = 0 } }) => {
    const along = checkAxis('concat', axis, dout!.shape.length);
    let start = 0;
    const aliases: Record<string, Tensor> = {};
    for (const name of PARTS) {
      const part = inputs[name];
      if (!part) continue;
      const ranges = dout!.shape.map((size, other) => (other === along ? { start, count: part.shape[along]!, step: 1 } : { start: 0, count: size, step: 1 }));
      if (wanted[name]) aliases[name] = sliceOf(dout!, ranges);
      start += part.shape[along]!;
    }
    return { requests: [], aliases };
  },
};
