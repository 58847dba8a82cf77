import { where as whereFormulas, prelu as preluFormulas } from '../../shaders/formula-rows.wgsl.ts';
import { bringing } from '../../shaders/formula.ts';
import { ShapeError } from '../errors.ts';
import { broadcastShape, reduced } from './broadcast.ts';
import { map } from './map.ts';
import type { LibraryOp } from './op.ts';
import { sumAxes } from './reduce.ts';
import { sameShape, showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

/** out = a where the condition is not 0, else b, all three broadcast together. */
export const where: LibraryOp = /* @__PURE__ */ bringing(/* @__PURE__ */ whereFormulas(), {
  name: 'where',
  group: 'elementwise',
  formula: 'out = a where condition is not 0, else b',
  notes: 'The condition gets no gradient.',
  inputs: ['condition', 'a', 'b'],
  constants: ['condition'],
  takesIndices: ['condition', 'a', 'b'],
  shapes: ({ condition, a, b }, _, who) => {
    const choices = broadcastShape(who, a!.shape, b!.shape);
    try {
      return { out: broadcastShape(who, condition!.shape, choices) };
    } catch {
      throw new ShapeError(who, 'a condition that broadcasts with a and b', `${showShape(condition!.shape)} and ${showShape(choices)}`);
    }
  },
  forward: ({ inputs: { condition, a, b }, outputs }) => [map(a!, [{ formula: 'where', operands: [condition!, b!] }], outputs.out!)],
  backward: ({ inputs: { condition }, gradients, wanted, scratch }) => ({
    requests: (['a', 'b'] as const).flatMap((side) => (wanted[side] ? reduced(
      gradients.out!, [{ formula: `whereBackward${side.toUpperCase()}`, operands: [condition!] }], wanted[side], `chosenFor${side.toUpperCase()}`, scratch,
    ).requests : [])),
  }),
});

/** The weight as it broadcasts over x: one number for all, or one for each place along axis 1. */
function weightOver(weight: Tensor, x: Shape): Tensor {
  if (sizeOf(weight.shape) === 1 || x.length <= 2) return weight;
  const { layout, ...plain } = weight;
  const after = x.slice(2).map(() => 1);
  return { ...plain, shape: [...weight.shape, ...after], ...(layout ? { layout: { ...layout, strides: [...layout.strides, ...after.map(() => 0)] } } : {}) };
}

/** out = x where x > 0, else weight · x: weight [1], or [C] along axis 1. */
export const prelu: LibraryOp = /* @__PURE__ */ bringing(/* @__PURE__ */ preluFormulas(), {
  name: 'prelu',
  group: 'activation',
  formula: 'out = x where x > 0, else weight · x',
  notes: 'weight [1], or [channels] along axis 1.',
  inputs: ['x', 'weight'],
  takesIndices: ['x', 'weight'],
  shapes: ({ x, weight }, _, who) => {
    const channels = x!.shape.length > 1 ? x!.shape[1]! : 1;
    if (!sameShape(weight!.shape, [1]) && !sameShape(weight!.shape, [channels])) {
      throw new ShapeError(who, channels === 1 ? 'a weight [1]' : `a weight [1], or [${channels}] along axis 1`, `${showShape(weight!.shape)} for ${showShape(x!.shape)}`);
    }
    return { out: x!.shape };
  },
  forward: ({ inputs: { x, weight }, outputs }) => [map(x!, [{ formula: 'prelu', operands: [weightOver(weight!, x!.shape)] }], outputs.out!)],
  backward: ({ inputs: { x, weight }, gradients: { out: dout }, wanted, scratch }) => {
    const requests = wanted.x ? [map(dout!, [{ formula: 'preluBackward', operands: [x!, weightOver(weight!, x!.shape)] }], wanted.x)] : [];
    if (!wanted.weight) return { requests };
    const shared = sizeOf(weight!.shape) === 1;
    const axes = x!.shape.flatMap((_, axis) => (axis === 1 && !shared ? [] : [axis]));
    const steps = [{ formula: 'preluWeight', operands: [x!] }];
    if (axes.length === 0 || sizeOf(x!.shape) === sizeOf(weight!.shape)) return { requests: [...requests, map(dout!, steps, { ...wanted.weight, shape: x!.shape })] };
    const products = scratch('productForWeight', x!.shape);
    return { requests: [...requests, map(dout!, steps, products), ...sumAxes(products, axes, 1, wanted.weight)] };
  },
});
