import { broadcastMap, broadcastShape, expanded, summed } from '../reference/axes.ts';
import { complexExpanded, complexMapped } from '../reference/complex.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { SERIAL_SUM, withoutLastLane } from './mutants.ts';
import type { Inputs, Proof, Sample, SampleTensor } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { drawOf, FLAG, flagOf, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

type Shaped = Readonly<Record<string, { readonly shape: Shape }>>;

function outputOf({ condition, a, b }: Shaped): Shape {
  return broadcastShape(condition.shape, broadcastShape(a.shape, b.shape) ?? a.shape) ?? a.shape;
}

/** 1 where a is chosen. */
function choices({ condition }: Inputs, shape: Shape): Uint8Array {
  return Uint8Array.from(broadcastMap(condition.shape, shape), (from) => (condition.value[from] !== 0 ? 1 : 0));
}

/** A condition of 0 and of several other numbers, as f32 or as u32. */
function conditions(shape: Shape, type: 'f32' | 'u32', seed: number): SampleTensor {
  // Of the first two one is chosen for a and one for b: else a small sample might leave either without a gradient.
  const { data } = filled(shape, (i) => ((i < 2 ? i === 1 : drawOf(seed, 5, i) < 0.5) ? 0 : type === 'u32' || i % 3 > 0 ? 1 + i % 4 : -0.5));
  return { shape, data: type === 'u32' ? Uint32Array.from(data) : data };
}

/** d a, or d b, before it is summed back: the upstream gradient where that one is chosen. */
function chosen(dout: RefTensor, sides: Uint8Array, side: number): RefTensor {
  const out = zeros(dout.shape);
  sides.forEach((of, i) => {
    if (of !== side) return;
    out.value[i] = dout.value[i];
    out.variance[i] = dout.variance[i];
  });
  return out;
}

const CASES: readonly (readonly [condition: Shape, a: Shape, b: Shape, type: 'f32' | 'u32'])[] = [
  [[5, 7], [5, 7], [5, 7], 'f32'], [[4, 5], [4, 5], [5], 'u32'], [[16], [3, 16], [], 'f32'], [[3, 1], [2, 1, 4], [3, 4], 'u32'], [[67], [1], [67], 'f32'],
  [[2, 9, 4], [9, 1], [4], 'u32'], [[16, 8], [16, 8], [16, 8], 'u32'],
];

const samples: readonly Sample[] = CASES.map(([condition, a, b, type], k) => ({
  name: `condition [${condition.join(', ')}] ${type}, [${a.join(', ')}] or [${b.join(', ')}]`, options: {},
  inputs: { condition: conditions(condition, type, 401 + k), a: normals(421 + k, a), b: normals(441 + k, b) },
}));

export const where: Proof = {
  differentiable: ['a', 'b'],
  branches: (inputs) => choices(inputs, outputOf(inputs)),
  forward: (inputs, _options, _rounding, sides) => {
    const shape = outputOf(inputs);
    const given = sides ?? choices(inputs, shape);
    const [a, b] = [inputs.a, inputs.b].map((x) => expanded(x, broadcastMap(x.shape, shape), shape));
    const out = zeros(shape);
    given.forEach((side, i) => {
      out.value[i] = (side ? a : b).value[i];
      out.variance[i] = (side ? a : b).variance[i];
    });
    return out;
  },
  backward: (inputs, out, dout, _options, _rounding, sides = choices(inputs, out.shape)) => ({
    a: summed(chosen(dout, sides, 1), broadcastMap(inputs.a.shape, out.shape), inputs.a.shape),
    b: summed(chosen(dout, sides, 0), broadcastMap(inputs.b.shape, out.shape), inputs.b.shape),
  }),
  working: (inputs, _options, _rounding, dout): Record<string, RefTensor> => {
    if (!dout) return {};
    const sides = choices(inputs, dout.shape);
    return { chosenForA: chosen(dout, sides, 1), chosenForB: chosen(dout, sides, 0) };
  },
  complex: (inputs, _options, sides) => {
    const shape = outputOf(inputs);
    const [condition, a, b] = [inputs.condition, inputs.a, inputs.b].map((x) => complexExpanded(x, broadcastMap(x.shape, shape), shape));
    const isA = (i: number): boolean => (sides ? sides[i] === 1 : condition.re[i] !== 0);
    return complexMapped(a, (z, i) => (isA(i) ? z : { re: b.re[i], im: b.im[i] }));
  },
  samples,
  sizes: sizesFrom(
    { rows: [1, 17], columns: [2, 67], words: FLAG, oneRowOfConditions: FLAG, oneColumnOfA: FLAG, oneRowOfB: FLAG },
    ({ rows, columns, words, oneRowOfConditions, oneColumnOfA, oneRowOfB }, seed) => {
      const condition = conditions([oneRowOfConditions ? 1 : rows, columns], words ? 'u32' : 'f32', seed);
      return { options: {}, inputs: { condition, a: matrixOf(seed, 0, [rows, oneColumnOfA ? 1 : columns]), b: matrixOf(seed, 1, [oneRowOfB ? 1 : rows, columns]) } };
    },
    ({ inputs }) => {
      const { condition, a, b } = inputs;
      const { rows, columns } = rowsAndColumns(outputOf(inputs));
      return {
        rows, columns, words: flagOf(condition.data instanceof Uint32Array), oneRowOfConditions: flagOf(condition.shape[0] !== rows),
        oneColumnOfA: flagOf(a.shape[1] !== columns), oneRowOfB: flagOf(b.shape[0] !== rows),
      };
    },
  ),
  mutants: [
    { name: 'the choice turned round', kernel: /^where$/, find: 'select(b, a, ', replace: 'select(a, b, ', symptoms: ['mask'] },
    { name: 'only positive conditions count', kernel: /^where$/, find: 'condition != Value(0.0)', replace: 'condition > Value(0.0)', symptoms: ['mask'] },
    { name: 'da everywhere', kernel: /^whereBackwardA$/, find: 'select(Value(0.0), dout, ', replace: 'select(dout, dout, ', symptoms: ['mask'] },
    { name: 'da where b was chosen', kernel: /^whereBackwardA$/, find: 'select(Value(0.0), dout, ', replace: 'select(dout, Value(0.0), ', symptoms: ['mask'] },
    { name: 'db everywhere', kernel: /^whereBackwardB$/, find: 'select(dout, Value(0.0), ', replace: 'select(dout, dout, ', symptoms: ['mask'] },
    { name: 'db where a was chosen', kernel: /^whereBackwardB$/, find: 'select(dout, Value(0.0), ', replace: 'select(Value(0.0), dout, ', symptoms: ['mask'] },
    withoutLastLane(/^where$/),
    withoutLastLane(/^whereBackwardA$/),
    withoutLastLane(/^whereBackwardB$/),
    ...SERIAL_SUM,
  ],
  conventions: [],
};
