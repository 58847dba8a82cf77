import { broadcastMap, broadcastShape } from '../reference/axes.ts';
import { complexOf } from '../reference/complex.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { withoutLastLane } from './mutants.ts';
import type { Inputs, Mutant, Proof, Sample, Sizes } from './proof.ts';
import { placedSamples, placedSizes } from './broadcast-kit.ts';
import { rowSamples, rowSizes } from './row-samples.ts';

/** Ops that are flat between jumps: no input has a gradient, the values are what is proven. */
interface Row {
  /** The output from the inputs at one element of the output. */
  readonly value: (a: number, b: number) => number;
  /** The outputs on the two sides of a jump: which of them the number at hand is, 0 or 1. */
  readonly sideOf: (value: number) => number;
  /** The value that lies on the other side of the nearest jump, and how far that is. */
  readonly nearest: (a: number, b: number) => { readonly value: number; readonly distance: number };
  readonly names: readonly string[];
  readonly samples: readonly Sample[];
  readonly sizes: Sizes;
  readonly mutants: readonly Mutant[];
}

function shapeOf(inputs: Readonly<Record<string, { readonly shape: Shape }>>, names: readonly string[]): Shape {
  return names.map((name) => inputs[name].shape).reduce((shape, one) => broadcastShape(shape, one) ?? shape);
}

/** Calls `use` for each element of the output with the numbers that it is made from, and their variance. */
function eachOf(inputs: Inputs, names: readonly string[], use: (i: number, a: number, b: number, variance: number) => void): void {
  const shape = shapeOf(inputs, names);
  const maps = names.map((name) => broadcastMap(inputs[name].shape, shape));
  const at = (which: number, i: number, of: 'value' | 'variance'): number => (which < names.length ? inputs[names[which]][of][maps[which][i]] : 0);
  for (let i = 0; i < maps[0].length; i++) use(i, at(0, i, 'value'), at(1, i, 'value'), at(0, i, 'variance') + at(1, i, 'variance'));
}

function row({ value, sideOf, nearest, names, samples, sizes, mutants }: Row): Proof {
  const branches = (inputs: Inputs): Uint8Array => {
    const sides = new Uint8Array(zeros(shapeOf(inputs, names)).value.length);
    eachOf(inputs, names, (i, a, b) => { sides[i] = sideOf(value(a, b)); });
    return sides;
  };
  return {
    differentiable: [],
    branches,
    adopt: ({ out }) => out && Uint8Array.from(out, sideOf),
    apart: (inputs) => {
      const found = new Float64Array(zeros(shapeOf(inputs, names)).value.length);
      eachOf(inputs, names, (i, a, b, variance) => { found[i] = variance > 0 ? nearest(a, b).distance / Math.sqrt(variance) : Infinity; });
      return found;
    },
    forward: (inputs, _options, { kinkWidth }, sides): RefTensor => {
      const out = zeros(shapeOf(inputs, names));
      eachOf(inputs, names, (i, a, b, variance) => {
        const own = value(a, b);
        const other = nearest(a, b);
        out.value[i] = sides && sideOf(own) !== sides[i] ? other.value : own;
        // Where rounding leaves open on which side the numbers lie, the whole jump counts as error.
        if (variance > 0 && other.distance <= kinkWidth * Math.sqrt(variance)) out.variance[i] = (own - other.value) ** 2;
      });
      return out;
    },
    backward: () => ({}),
    complex: (inputs, _options, sides) => {
      const shape = shapeOf(inputs, names);
      const real = Object.fromEntries(names.map((name) => [name, { shape: inputs[name].shape, value: inputs[name].re, variance: inputs[name].im.map(() => 0) }]));
      const out = new Float64Array(zeros(shape).value.length);
      eachOf(real, names, (i, a, b) => { out[i] = sides && sideOf(value(a, b)) !== sides[i] ? nearest(a, b).value : value(a, b); });
      return complexOf(shape, out);
    },
    samples,
    sizes,
    mutants,
    conventions: [],
  };
}

const NUMBERS = { special: [0, -0, 1, -1, 1e-6, -1e-6, 0.5, -0.5, 2.999, -2.999, 100, -100.5, 1e6] };
const alone = { names: ['x'], samples: rowSamples(NUMBERS), sizes: rowSizes(NUMBERS) };

export const sign = row({
  ...alone,
  value: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  sideOf: (value) => (value > 0 ? 1 : 0),
  nearest: (x) => ({ value: x > 0 ? -1 : 1, distance: Math.abs(x) }),
  mutants: [
    { name: 'the sign turned round', kernel: /^sign$/, find: 'x < Value(0.0)', replace: 'x > Value(0.0)', symptoms: ['mask'] },
    { name: '0 counts as positive', kernel: /^sign$/, find: 'x > Value(0.0)', replace: 'x >= Value(0.0)', symptoms: ['region', 'mask'] },
    withoutLastLane(/^sign$/),
  ],
});

export const floor = row({
  ...alone,
  value: Math.floor,
  sideOf: (value) => Math.abs(value % 2),
  nearest: (x) => {
    const below = x - Math.floor(x);
    return below < 0.5 ? { value: Math.floor(x) - 1, distance: below } : { value: Math.floor(x) + 1, distance: 1 - below };
  },
  mutants: [
    { name: 'rounded to the nearest', kernel: /^floor$/, find: 'return floor(x);', replace: 'return round(x);', symptoms: ['region', 'mask'] },
    { name: 'towards 0', kernel: /^floor$/, find: 'return floor(x);', replace: 'return trunc(x);', symptoms: ['mask', 'region'] },
    withoutLastLane(/^floor$/),
  ],
});

const same = (noise: number): number => Math.round(2 * noise) / 2;

function comparison(name: string, operator: string, holds: (a: number, b: number) => boolean, wrong: readonly [string, string]): Proof {
  return row({
    value: (a, b) => (holds(a, b) ? 1 : 0),
    sideOf: (value) => value,
    nearest: (a, b) => ({ value: holds(a, b) ? 0 : 1, distance: Math.abs(a - b) }),
    names: ['a', 'b'],
    samples: placedSamples(same, same, [[1, 1], [0, 0], [0, -0], [2, 3], [3, 2], [-1, 1], [1, 1.0000001], [1e-30, 0]]),
    sizes: placedSizes(same, same),
    mutants: [
      ...wrong.map((other): Mutant => ({ name: `${other} instead of ${operator}`, kernel: new RegExp(`^${name}$`), find: `a ${operator} b`, replace: `a ${other} b`, symptoms: ['mask', 'region'] })),
      withoutLastLane(new RegExp(`^${name}$`)),
    ],
  });
}

export const equal = comparison('equal', '==', (a, b) => a === b, ['!=', '>=']);
export const notEqual = comparison('notEqual', '!=', (a, b) => a !== b, ['==', '<']);
export const less = comparison('less', '<', (a, b) => a < b, ['<=', '>']);
export const lessEqual = comparison('lessEqual', '<=', (a, b) => a <= b, ['<', '>=']);
export const greater = comparison('greater', '>', (a, b) => a > b, ['>=', '<']);
export const greaterEqual = comparison('greaterEqual', '>=', (a, b) => a >= b, ['>', '<=']);
