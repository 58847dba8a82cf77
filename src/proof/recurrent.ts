import { added } from '../reference/arithmetic.ts';
import { matrix, product } from '../reference/product.ts';
import type { Rounding } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { withoutLastLane } from './mutants.ts';
import type { Inputs, Mutant, Options, Proof, Sample } from './proof.ts';
import { recurrentChange, RULES } from './recurrent-change.ts';
import { COMPLEX_UNITS, recurrentComplex } from './recurrent-complex.ts';
import { beside, columns, elman, elmanRelu, gruCell, lstmCell, stateParts, type Cell, type Step } from './recurrent-steps.ts';
import { normals } from './sample-data.ts';
import { FLAG, matrixOf, sizesFrom } from './sizes.ts';

/** One pass over a sequence: each step by its place in time. */
interface Run {
  readonly batch: number;
  readonly time: number;
  readonly hidden: number;
  /** Places in the order in which they run. */
  readonly order: readonly number[];
  readonly steps: readonly Step[];
}

function run(cell: Cell, { x, weight, bias, initialHidden, initialCell }: Inputs, { reverse }: Options, rounding: Rounding, branches?: Uint8Array): Run {
  const [batch, time] = x.shape;
  const hidden = weight.shape[1];
  const order = Array.from({ length: time }, (_, step) => (reverse === true ? time - 1 - step : step));
  const steps: Step[] = [];
  let state = [initialHidden ?? zeros([batch, hidden]), initialCell ?? zeros([batch, hidden])].slice(0, cell.states);
  for (const place of order) {
    const width = cell.gates * hidden;
    const parts = Array.from({ length: cell.gates }, (_, gate) => columns(x, batch, time * width, place * width + gate * hidden, hidden));
    const own = branches && Uint8Array.from({ length: batch * hidden }, (_, i) => branches[(Math.floor(i / hidden) * time + place) * hidden + i % hidden]);
    const step = cell.step(parts, stateParts(state[0], weight, bias, cell.gates), state, rounding, own);
    steps[place] = step;
    state = [...step.after];
  }
  return { batch, time, hidden, order, steps };
}

/** [batch, time, width] of what each place holds, [batch, width]. */
function overTime(places: readonly RefTensor[], batch: number, time: number): RefTensor {
  const width = places[0].shape[1];
  const out = zeros([batch, time, width]);
  places.forEach((one, place) => {
    for (let i = 0; i < batch * width; i++) {
      const to = (Math.floor(i / width) * time + place) * width + i % width;
      out.value[to] = one.value[i];
      out.variance[to] = one.variance[i];
    }
  });
  return out;
}

function sumOverRows(x: RefTensor, width: number): RefTensor {
  const rows = x.value.length / width;
  const ones = { ...zeros([1, rows]), value: new Float64Array(rows).fill(1) };
  return product(matrix(ones, 1, rows), matrix(x, rows, width), [width]);
}

/** All that the backward pass makes, working memory included. */
function backwards(cell: Cell, inputs: Inputs, dout: RefTensor, options: Options, rounding: Rounding, branches?: Uint8Array) {
  const { batch, time, hidden, order, steps } = run(cell, inputs, options, rounding, branches);
  const width = cell.states * hidden;
  const [dx, dgates, kept]: [RefTensor[], RefTensor[], RefTensor[]] = [[], [], []];
  let dstate = Array.from({ length: cell.states }, () => zeros([batch, hidden]));
  for (const place of order.toReversed()) {
    const own = dstate.map((one, state) => added(columns(dout, batch, time * width, place * width + state * hidden, hidden), one));
    const found = cell.back(steps[place], own, rounding);
    dx[place] = beside(found.input);
    dgates[place] = beside(found.hidden);
    if (found.kept) kept[place] = found.kept;
    const throughWeight = product(matrix(dgates[place], batch, cell.gates * hidden), matrix(inputs.weight, cell.gates * hidden, hidden), [batch, hidden]);
    dstate = found.before.map((one, state) => (state === 0 ? added(throughWeight, one) : one));
  }
  const all = overTime(dgates, batch, time);
  const previous = overTime(steps.map(({ before }) => before[0]), batch, time);
  return {
    dx: overTime(dx, batch, time), dhiddenGates: all, previous, dstate: kept.length > 0 ? overTime(kept, batch, time) : undefined,
    weight: product(matrix(all, batch * time, cell.gates * hidden, true), matrix(previous, batch * time, hidden), [cell.gates * hidden, hidden]),
    bias: sumOverRows(all, cell.gates * hidden), initial: dstate,
  };
}

const cellOf = (options: Options): Cell => (options.nonlinearity === 'relu' ? elmanRelu : elman);

function recurrent(chosen: (options: Options) => Cell, hasCell: boolean, samples: readonly Sample[], mutants: readonly Mutant[], isKinked = false): Proof {
  const gates = chosen({}).gates;
  return {
    differentiable: ['x', 'weight', 'bias', 'initialHidden', ...(hasCell ? ['initialCell'] : [])],
    forward: (inputs, options, rounding, branches) => {
      const { batch, time, steps } = run(chosen(options), inputs, options, rounding, branches);
      return overTime(steps.map(({ after }) => beside(after)), batch, time);
    },
    ...(isKinked ? {
      branches: (inputs: Inputs, options: Options) => {
        const { batch, time, hidden, steps } = run(chosen(options), inputs, options, { builtins: NOTHING, kinkWidth: 0 });
        return Uint8Array.from({ length: batch * time * hidden }, (_, i) => {
          const place = Math.floor(i / hidden) % time;
          const at = Math.floor(i / hidden / time) * hidden + i % hidden;
          return steps[place].pre[0].value[at] > 0 ? 1 : 0;
        });
      },
      adopt: ({ out }: { out?: Float32Array }, options: Options) => (options.nonlinearity === 'relu' && out ? Uint8Array.from(out, (value) => (value > 0 ? 1 : 0)) : undefined),
    } : {}),
    backward: (inputs, _out, dout, options, rounding, branches) => {
      const found = backwards(chosen(options), inputs, dout, options, rounding, branches);
      return {
        x: found.dx, weight: found.weight, ...(inputs.bias ? { bias: found.bias } : {}),
        ...(inputs.initialHidden ? { initialHidden: found.initial[0] } : {}), ...(inputs.initialCell ? { initialCell: found.initial[1] } : {}),
      };
    },
    working: (inputs, options, rounding, dout): Record<string, RefTensor> => {
      const { batch, time, steps } = run(chosen(options), inputs, options, rounding);
      const saved: Record<string, RefTensor> = gates > 1 ? { gates: overTime(steps.map((step) => beside(step.gates)), batch, time) } : {};
      if (!dout) return saved;
      const { dx, dhiddenGates, previous, dstate, initial } = backwards(chosen(options), inputs, dout, options, rounding);
      return { ...saved, dx, dhiddenGates, previous, ...(dstate ? { dstate } : {}), dinitialHidden: initial[0], ...(initial[1] ? { dinitialCell: initial[1] } : {}) };
    },
    complex: (inputs, options, branches) => recurrentComplex(COMPLEX_UNITS[chosen(options).rule], gates, chosen(options).states, inputs, options, branches),
    perturb: (place) => recurrentChange(RULES[chosen(place.options).rule], place),
    work: ({ x, weight }) => x[0] * x[1] * weight[0] * weight[1],
    samples,
    sizes: sizesFrom(
      { batch: [1, 5], time: [1, 7], hidden: [1, 17], reverse: FLAG, bias: FLAG, initialHidden: FLAG, initialCell: FLAG },
      ({ batch, time, hidden, reverse, bias, initialHidden, initialCell }, seed) => ({
        options: reverse ? { reverse: true } : {},
        inputs: {
          x: matrixOf(seed, 0, [batch, time, gates * hidden]), weight: matrixOf(seed, 1, [gates * hidden, hidden], 0, 0.5),
          ...(bias ? { bias: matrixOf(seed, 2, [gates * hidden]) } : {}), ...(initialHidden ? { initialHidden: matrixOf(seed, 3, [batch, hidden]) } : {}),
          ...(initialCell && hasCell ? { initialCell: matrixOf(seed, 4, [batch, hidden]) } : {}),
        },
      }),
    ),
    mutants,
    conventions: [],
  };
}

/** For values alone. */
const NOTHING = {} as Rounding['builtins'];

type Parts = { readonly bias?: boolean; readonly initial?: boolean };

const sample = (gates: number, [batch, time, hidden]: readonly [number, number, number], options: Options = {}, { bias = true, initial = true }: Parts = {}, hasCell = false): Sample => ({
  name: `[${batch}, ${time}] with ${hidden} units${options.reverse === true ? ', reversed' : ''}${bias ? '' : ', no bias'}${initial ? ', initial state' : ''}${options.nonlinearity === 'relu' ? ', relu' : ''}`,
  options,
  inputs: {
    x: normals(701 + time, [batch, time, gates * hidden]), weight: normals(709 + hidden, [gates * hidden, hidden], 1 / Math.sqrt(hidden)),
    ...(bias ? { bias: normals(719 + hidden, [gates * hidden]) } : {}),
    ...(initial ? { initialHidden: normals(727 + batch, [batch, hidden]), ...(hasCell ? { initialCell: normals(733 + batch, [batch, hidden]) } : {}) } : {}),
  },
});

function samplesOf(gates: number, hasCell: boolean): Sample[] {
  return [
    sample(gates, [2, 2, 1], {}, { initial: false }, hasCell), sample(gates, [2, 3, 5], {}, {}, hasCell), sample(gates, [3, 5, 8], {}, { initial: false }, hasCell),
    sample(gates, [2, 4, 7], { reverse: true }, {}, hasCell), sample(gates, [5, 7, 3], { reverse: true }, { initial: false, bias: false }, hasCell), sample(gates, [2, 1, 4], {}, { bias: false }, hasCell),
    sample(gates, [4, 3, 17], {}, { initial: false }, hasCell), sample(gates, [3, 6, 12], {}, {}, hasCell),
  ];
}

/** What can be wrong with steps of quads: which lane loads, exchanges and finishes what. */
function inQuads(name: string): Mutant[] {
  const all = new RegExp(`^recurrent-(${name})-.*/quad`);
  const forward = new RegExp(`^recurrent-(${name})-next/quad`);
  const backward = new RegExp(`^recurrent-(${name})-backward-earlier.*/quad`);
  const multiplying = new RegExp(`^recurrent-(${name})-(next|backward-earlier.*)/quad`);
  return [
    { name: 'lanes at the edge of a quad never store', kernel: all, find: 'wanted < ', replace: 'wanted + 1u < ', symptoms: ['unwritten', 'edge'] },
    { name: 'a lane of a quad leaves out its first row', kernel: all, find: 'for (var i = 0u; i < ', replace: 'for (var i = 1u; i < ', symptoms: ['unwritten', 'garbage'] },
    { name: 'rows finished with the sums of a neighbour\'s', kernel: multiplying, find: '(place ^ (i % 4u))', replace: '(i % 4u)', symptoms: ['formula'] },
    { name: 'rows exchanged with the wrong neighbour', kernel: multiplying, find: 'quadSwapX(h0)', replace: 'quadSwapY(h0)', symptoms: ['formula', 'region'] },
    { name: 'rows exchanged crosswise instead of by two', kernel: multiplying, find: 'quadSwapY(h0)', replace: 'quadSwapDiagonal(h0)', symptoms: ['formula', 'region'] },
    { name: 'a quad without the first steps along k', kernel: multiplying, find: 'for (var k = 0u;', replace: 'for (var k = 1u;', symptoms: ['reduction', 'formula'] },
    { name: 'every lane of a quad loads the first row', kernel: multiplying, find: 'let start0 = (row0', replace: 'let start0 = (0u * row0', symptoms: ['formula', 'region'] },
    { name: 'a quad adds no product to one of its rows', kernel: multiplying, find: 'sum0_1 = fma(', replace: 'sum0_1 = 0.0 * fma(', symptoms: ['reduction', 'formula'] },
    { name: 'the first row\'s sum for all rows of a quad', kernel: forward, find: 'sums[0u + i]', replace: 'sums[0u * i]', symptoms: ['formula'] },
    { name: 'the first row\'s gradient for all rows of a quad', kernel: backward, find: 'sums[i]', replace: 'sums[0u * i]', symptoms: ['formula'] },
    { name: 'a lane of a quad takes another unit\'s weight', kernel: forward, find: '= weight[(unit * ', replace: '= weight[(0u * unit * ', symptoms: ['formula', 'region'] },
    { name: 'steps of a quad with the first row of the weight', kernel: backward, find: '= weight[(k * ', replace: '= weight[(0u * k * ', symptoms: ['formula', 'transposed'] },
  ];
}

/** What can be wrong with any of the cells' kernels. */
function shared(name: string): Mutant[] {
  const cells = name.replace('|', ' or ');
  return [
    ...inQuads(name),
    withoutLastLane(new RegExp(`^recurrent-(${name})-(first|next)/unit`), `${cells}'s steps forward`),
    withoutLastLane(new RegExp(`^recurrent-(${name})-backward.*/unit`), `${cells}'s steps backward`),
    { name: 'every row of the batch is the first', kernel: new RegExp(`^recurrent-(${name})-first/unit`), find: 'let row = lane / ', replace: 'let row = 0u * lane / ', symptoms: ['formula', 'unwritten', 'garbage', 'region'] },
    withoutLastLane(new RegExp(`^recurrent-(${name})-initial`)), withoutLastLane(new RegExp(`^recurrent-(${name})-previous`)),
    { name: 'the state of the row before it in the batch', kernel: new RegExp(`^recurrent-(${name})-next/unit`), find: 'let before = row * ', replace: 'let before = (max(row, 1u) - 1u) * ', symptoms: ['formula', 'region'] },
    { name: 'the first place for every place', kernel: new RegExp(`^recurrent-(${name})-next`), find: 'u32(timeIndex[0])', replace: '0u * u32(timeIndex[0])', symptoms: ['formula', 'unwritten', 'garbage'] },
    { name: 'the state\'s part only of the first gate', kernel: new RegExp(`^recurrent-(${name})-next/unit`), find: 'a0 += ', replace: 'a0 = ', symptoms: ['reduction', 'formula'] },
    { name: 'the weight transposed', kernel: new RegExp(`^recurrent-(${name})-backward-earlier.*/unit`), find: '+ unit];\n  }', replace: '+ 0u * unit];\n  }', symptoms: ['formula', 'transposed'] },
    { name: 'the gradient of later steps forgotten', kernel: new RegExp(`^recurrent-(${name})-backward-earlier`), find: 'dh += ', replace: 'dh += 0.0 * ', symptoms: ['formula', 'reduction'] },
    { name: 'the upstream gradient forgotten', kernel: new RegExp(`^recurrent-(${name})-backward`), find: 'var dh = dout[', replace: 'var dh = 0.0 * dout[', symptoms: ['formula', 'zero-block'] },
    { name: 'another place\'s state', kernel: new RegExp(`^recurrent-(${name})-previous`), find: '1u) * ', replace: '0u) * ', symptoms: ['formula'] },
    { name: 'the first place keeps a state', kernel: new RegExp(`^recurrent-(${name})-previous`), find: 'if (at % ', replace: 'if (at == 0u && at % ', symptoms: ['formula', 'region', 'edge'] },
    { name: 'only the last gate', kernel: new RegExp(`^recurrent-(${name})-initial`), find: 'dh += d', replace: 'dh = d', symptoms: ['reduction', 'formula'] },
    { name: 'another row of the batch', kernel: new RegExp(`^recurrent-(${name})-initial`), find: 'let row = lane / ', replace: 'let row = 0u * lane / ', symptoms: ['formula'] },
  ];
}

export const rnn = recurrent(cellOf, false, [...samplesOf(1, false), sample(1, [3, 5, 6], { nonlinearity: 'relu' }), sample(1, [2, 4, 9], { nonlinearity: 'relu', reverse: true }, { initial: false })], [
  ...shared('tanh|relu'),
  { name: 'the derivative at the wrong side', kernel: /^recurrent-relu-backward/, find: '] > Value(0.0))', replace: '] < Value(0.0))', symptoms: ['mask'] },
  { name: 'h instead of h²', kernel: /^recurrent-tanh-backward/, find: 'h * h', replace: 'h', symptoms: ['formula'] },
  { name: 'negative numbers kept', kernel: /^recurrent-relu-(first|next)/, find: '<= Value(0.0)', replace: '<= Value(-1.0)', symptoms: ['mask', 'region'] },
  { name: 'the state\'s part of the first step forgotten', kernel: /^recurrent-(tanh|relu)-first/, find: 'x0 + a0', replace: 'x0', symptoms: ['formula'] },
], true);

export const gru = recurrent(() => gruCell, false, samplesOf(3, false), [
  ...shared('gru'),
  { name: 'the new state and the old one exchanged', kernel: /^recurrent-gru-(first|next)/, find: '(1.0 - update) * candidate', replace: 'update * candidate', symptoms: ['formula'] },
  { name: 'the reset gate forgotten', kernel: /^recurrent-gru-(first|next)/, find: 'reset * a2', replace: 'a2', symptoms: ['formula'] },
  { name: 'the part that passes by the gates forgotten', kernel: /^recurrent-gru-backward-earlier/, find: 'dh += dstate', replace: 'dh += 0.0 * dstate', symptoms: ['formula', 'reduction'] },
  { name: 'the candidate\'s gradient without its reset', kernel: /^recurrent-gru-backward/, find: 'dcandidate * reset;', replace: 'dcandidate;', symptoms: ['formula'] },
  { name: 'the old state forgotten', kernel: /^recurrent-gru-backward/, find: ' - candidate) * update', replace: ') * update', symptoms: ['formula'] },
]);

export const lstm = recurrent(() => lstmCell, true, samplesOf(4, true), [
  ...shared('lstm'),
  { name: 'the input and the forget gate exchanged', kernel: /^recurrent-lstm-(first|next)/, find: '+ inputGate * candidate', replace: '+ forget * candidate', symptoms: ['formula'] },
  { name: 'h without the output gate', kernel: /^recurrent-lstm-(first|next)/, find: 'output * hyperbolicTangent(cell)', replace: 'hyperbolicTangent(cell)', symptoms: ['formula'] },
  { name: 'dc of later steps forgotten', kernel: /^recurrent-lstm-backward-earlier/, find: 'dc += dstate', replace: 'dc += 0.0 * dstate', symptoms: ['formula', 'reduction'] },
  { name: 'dc without what h gives', kernel: /^recurrent-lstm-backward/, find: ' + dh * output', replace: ' + 0.0 * dh * output', symptoms: ['formula'] },
  { name: 'the forget gate of the initial cell forgotten', kernel: /^recurrent-lstm-initial/, find: 'dinitialCell[lane] = dstate[', replace: 'dinitialCell[lane] = 2.0 * dstate[', symptoms: ['factor'] },
]);
