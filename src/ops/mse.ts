import { mse as mseKernel } from '../../shaders/mse.wgsl.ts';
import { ShapeError } from '../errors.ts';
import { map } from './elementwise.ts';
import { defineLoss, overElements } from './loss.ts';
import type { Named } from './op.ts';
import { sameShape, showShape, type Tensor } from './tensor.ts';

/** A loss that compares element by element: input and target have one shape and hold f32. */
export function checkSameShape({ input, target }: Named<Tensor>, who: string): void {
  if (!sameShape(input!.shape, target!.shape) || target!.type !== 'f32') {
    throw new ShapeError(who, `f32 targets of the output's shape ${showShape(input!.shape)}`, `${target!.type} ${showShape(target!.shape)}`);
  }
}

/** Mean squared error over all elements: mean((input - target)²). */
export const mse = defineLoss({
  name: 'mse',
  terms: overElements,
  check: checkSameShape,
  kernel: mseKernel,
  // The target enters with the opposite sign, and in no other way.
  targetGradient: (inputGradient, upstream, out) => map(inputGradient, [
    ...(upstream.constant === 1 ? [] : [{ formula: 'mul', operands: [upstream] }]), { formula: 'scale', parameters: [-1] },
  ], out),
});
