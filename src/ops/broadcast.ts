import * as formulas from '../../shaders/formula-rows.wgsl.ts';
import { bringing, type Formulas } from '../../shaders/formula.ts';
import { ShapeError } from '../errors.ts';
import { map } from './map.ts';
import type { LibraryOp } from './op.ts';
import { sumAxes } from './reduce.ts';
import type { Request } from './request.ts';
import { sameShape, showShape, type Shape, type Tensor } from './tensor.ts';

/** NumPy's rule: shapes are aligned at the end; a 1 or a missing axis stretches. */
export function broadcastShape(who: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(who, 'shapes that broadcast', `a ${showShape(a)} and b ${showShape(b)}`, 'Aligned at the end, each pair of dimensions must be equal or contain a 1.');
    }
    return left === 1 ? right : left;
  });
}

/** The axes of `out` along which `input` was stretched: a gradient is summed back over them. */
function stretchedAxes(input: Shape, out: Shape): number[] {
  const missing = out.length - input.length;
  return out.flatMap((dimension, axis) => (axis < missing || (input[axis - missing] === 1 && dimension !== 1) ? [axis] : []));
}

type Scratch = (name: string, shape: Shape) => Tensor;

/** Requests for d input = Σ over the stretched axes of `steps` applied to dout, which stand in `name` before they are summed; an alias where nothing is to be done. */
export function reduced(dout: Tensor, steps: Parameters<typeof map>[1], out: Tensor, name: string, scratch: Scratch): { requests: Request[]; alias?: Tensor } {
  const axes = stretchedAxes(out.shape, dout.shape);
  if (axes.length === 0) {
    return steps.length === 0 && sameShape(dout.shape, out.shape) ? { requests: [], alias: dout } : { requests: [map(dout, steps, out)] };
  }
  if (steps.length === 0) return { requests: sumAxes(dout, axes, 1, out) };
  const full = scratch(name, dout.shape);
  return { requests: [map(dout, steps, full), ...sumAxes(full, axes, 1, out)] };
}

type Steps = Parameters<typeof map>[1];

/** What the gradient of one input is made of. */
interface Place {
  readonly side: 'a' | 'b';
  /** The input itself, and the other one. */
  readonly own: Tensor;
  readonly other: Tensor;
  readonly a: Tensor;
  readonly b: Tensor;
  readonly out: Tensor;
}

/** A row of the family: out = formula(a, b), with what each input's gradient makes of dout. */
function binary(name: string, formula: string, derivative: (place: Place) => Steps, brings: () => Formulas = () => ({}), notes?: string): LibraryOp {
  return bringing(brings(), {
    name,
    group: 'elementwise',
    formula,
    ...(notes ? { notes } : {}),
    inputs: ['a', 'b'],
    takesIndices: ['a', 'b'],
    shapes: ({ a, b }, _, who) => ({ out: broadcastShape(who, a!.shape, b!.shape) }),
    forward: ({ inputs: { a, b }, outputs }) => [map(a!, [{ formula: name, operands: [b!] }], outputs.out!)],
    backward: ({ inputs, outputs, gradients, wanted, scratch }) => {
      const [a, b, out] = [inputs.a!, inputs.b!, outputs.out!];
      const requests: Request[] = [];
      const aliases: Record<string, Tensor> = {};
      for (const place of [{ side: 'a', own: a, other: b, a, b, out }, { side: 'b', own: b, other: a, a, b, out }] as const) {
        const { side } = place;
        const target = wanted[side];
        if (!target) continue;
        const result = reduced(gradients.out!, derivative(place), target, `productFor${side.toUpperCase()}`, scratch);
        requests.push(...result.requests);
        if (result.alias) aliases[side] = result.alias;
      }
      return { requests, aliases };
    },
  });
}

export const add = /* @__PURE__ */ binary('add', 'out = a + b', () => []);
export const sub = /* @__PURE__ */ binary('sub', 'out = a - b', ({ side }) => (side === 'a' ? [] : [{ formula: 'scale', parameters: [-1] }]));
export const mul = /* @__PURE__ */ binary('mul', 'out = a · b', ({ other }) => [{ formula: 'mul', operands: [other] }]);
export const div = /* @__PURE__ */ binary('div', 'out = a / b', ({ side, a, b }) => [side === 'a' ? { formula: 'div', operands: [b] } : { formula: 'divBackwardB', operands: [a, b] }], () => formulas.div());
export const pow = /* @__PURE__ */ binary('pow', 'out = a^b', ({ side, a, b, out }) => [
  side === 'a' ? { formula: 'powBackwardA', operands: [a, b] } : { formula: 'powBackwardB', operands: [out, a, b] },
], () => formulas.pow());

const TIES = 'Equal numbers get half of the gradient each.';
export const maximum = /* @__PURE__ */ binary('maximum', 'out = the larger of a and b', ({ own, other }) => [{ formula: 'maximumBackward', operands: [own, other] }], () => formulas.maximum(), TIES);
export const minimum = /* @__PURE__ */ binary('minimum', 'out = the smaller of a and b', ({ own, other }) => [{ formula: 'minimumBackward', operands: [own, other] }], () => formulas.minimum(), TIES);
