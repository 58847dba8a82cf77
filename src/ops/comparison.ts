import * as formulas from '../../shaders/formula-rows.wgsl.ts';
import { bringing, type Formulas } from '../../shaders/formula.ts';
import { ShapeError } from '../errors.ts';
import { broadcastShape } from './broadcast.ts';
import { map } from './map.ts';
import type { LibraryOp } from './op.ts';

/** A row of the family: out = 1 where a and b compare so, else 0, as f32. It has no gradient. */
function comparison(name: string, sign: string, brings: () => Formulas): LibraryOp {
  return bringing(brings(), {
    name,
    group: 'comparison',
    formula: `out = 1 where a ${sign} b, else 0`,
    notes: 'No gradient.',
    inputs: ['a', 'b'],
    constants: ['a', 'b'],
    shapes: ({ a, b }, _, who) => {
      if (a!.type !== 'f32' || b!.type !== 'f32') throw new ShapeError(who, 'numbers to compare (f32)', `${a!.type} and ${b!.type}`);
      return { out: broadcastShape(who, a!.shape, b!.shape) };
    },
    forward: ({ inputs: { a, b }, outputs }) => [map(a!, [{ formula: name, operands: [b!] }], outputs.out!)],
    backward: () => ({ requests: [] }),
  });
}

export const equal = /* @__PURE__ */ comparison('equal', '=', () => formulas.equal());
export const notEqual = /* @__PURE__ */ comparison('notEqual', '≠', () => formulas.notEqual());
export const less = /* @__PURE__ */ comparison('less', '<', () => formulas.less());
export const lessEqual = /* @__PURE__ */ comparison('lessEqual', '≤', () => formulas.lessEqual());
export const greater = /* @__PURE__ */ comparison('greater', '>', () => formulas.greater());
export const greaterEqual = /* @__PURE__ */ comparison('greaterEqual', '≥', () => formulas.greaterEqual());
