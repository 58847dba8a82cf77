import { HELPERS } from './formulas.wgsl.ts';
import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { lines, wgsl } from './wgsl.ts';

/** Which cell: how many gates it has, and how many numbers of state each unit carries (h, and for an LSTM c). */
export const CELLS = {
  tanh: { gates: 1, states: 1 },
  relu: { gates: 1, states: 1 },
  gru: { gates: 3, states: 1 },
  lstm: { gates: 4, states: 2 },
} as const;

export type CellName = keyof typeof CELLS;

export interface RecurrentSpec {
  readonly cell: CellName;
  readonly batch: number;
  readonly time: number;
  readonly hidden: number;
  /** Runs from the last place to the first. */
  readonly reverse: boolean;
  /** The first step, whose state comes from `initialHidden` (and `initialCell`), or is 0 where these are missing. */
  readonly isFirst: boolean;
  /** The last step, after which no gradient comes from the future. */
  readonly isLast: boolean;
  readonly hasBias: boolean;
  readonly hasInitialHidden: boolean;
  readonly hasInitialCell: boolean;
}

const HELPER_FUNCTIONS = ['alias Value = f32;', HELPERS.sigmoid.text(), HELPERS.tanh.text()].join('\n');

const read = (name: string, count: number): Declaration => ({ name, access: 'read', type: arrayType(count) });
const part = (name: string, count: number): Declaration => ({ name, access: 'part', type: arrayType(count) });

/** What every step begins with: its lane's row of the batch and unit, and where time stands. */
function placeText({ time, hidden, reverse }: RecurrentSpec): string {
  return wgsl`
let row = lane / ${hidden}u;
  let unit = lane % ${hidden}u;
  let time = min(u32(place[0]), ${time - 1}u);
  let earlier = ${reverse ? `min(time + 1u, ${time - 1}u)` : 'max(time, 1u) - 1u'};
  let later = ${reverse ? 'max(time, 1u) - 1u' : `min(time + 1u, ${time - 1}u)`};
  let at = row * ${time}u + time;
  let before = row * ${time}u + earlier;
  let after = row * ${time}u + later;`.trim();
}

/** h before this step of unit `unit`, and c. */
function previousText({ cell, hidden, isFirst, hasInitialHidden, hasInitialCell }: RecurrentSpec, unit: string): { hidden: string; cell: string } {
  const width = CELLS[cell].states * hidden;
  return {
    hidden: !isFirst ? `out[before * ${width}u + ${unit}]` : hasInitialHidden ? `initialHidden[row * ${hidden}u + ${unit}]` : '0.0',
    cell: !isFirst ? `out[before * ${width}u + ${hidden}u + ${unit}]` : hasInitialCell ? `initialCell[row * ${hidden}u + ${unit}]` : '0.0',
  };
}

/** What the cells make of x (the input's part of each gate) and a (the state's part). `gates` are saved for the backward pass. */
const FORWARD: Readonly<Record<CellName, (spec: RecurrentSpec) => string>> = {
  tanh: ({ hidden }) => wgsl`
  out[at * ${hidden}u + unit] = hyperbolicTangent(x0 + a0);`,
  relu: ({ hidden }) => wgsl`
  out[at * ${hidden}u + unit] = select(x0 + a0, 0.0, x0 + a0 <= 0.0);`,
  gru: (spec) => wgsl`
  let reset = logistic(x0 + a0);
  let update = logistic(x1 + a1);
  let candidate = hyperbolicTangent(x2 + reset * a2);
  out[at * ${spec.hidden}u + unit] = (1.0 - update) * candidate + update * ${previousText(spec, 'unit').hidden};
  let saved = at * ${4 * spec.hidden}u + unit;
  gates[saved] = reset;
  gates[saved + ${spec.hidden}u] = update;
  gates[saved + ${2 * spec.hidden}u] = candidate;
  gates[saved + ${3 * spec.hidden}u] = a2;`,
  lstm: (spec) => wgsl`
  let inputGate = logistic(x0 + a0);
  let forget = logistic(x1 + a1);
  let candidate = hyperbolicTangent(x2 + a2);
  let output = logistic(x3 + a3);
  let cell = forget * ${previousText(spec, 'unit').cell} + inputGate * candidate;
  out[at * ${2 * spec.hidden}u + unit] = output * hyperbolicTangent(cell);
  out[at * ${2 * spec.hidden}u + ${spec.hidden}u + unit] = cell;
  let saved = at * ${4 * spec.hidden}u + unit;
  gates[saved] = inputGate;
  gates[saved + ${spec.hidden}u] = forget;
  gates[saved + ${2 * spec.hidden}u] = candidate;
  gates[saved + ${3 * spec.hidden}u] = output;`,
};

const FORMULAS_TEXT: Readonly<Record<CellName, string>> = {
  tanh: 'h = tanh(x + W·h + b)',
  relu: 'h = max(x + W·h + b, 0)',
  gru: 'r = σ(x_r + a_r), z = σ(x_z + a_z), n = tanh(x_n + r · a_n), h = (1 - z) · n + z · h, with a = W·h + b',
  lstm: 'i, f, o = σ(x + W·h + b), g = tanh(x + W·h + b), c = f · c + i · g, h = o · tanh(c)',
};

/** One step forward: each lane makes one unit of one row of the batch, from the whole state of that row. */
export function recurrentForward(spec: RecurrentSpec): Kernel {
  const { cell, batch, time, hidden, isFirst, hasBias, hasInitialHidden, hasInitialCell } = spec;
  const { gates, states } = CELLS[cell];
  const hasState = !isFirst || hasInitialHidden;
  const wide = hidden % 4 === 0;
  const weight = (gate: number, k: string): string => `weight[(${gate * hidden}u + unit) * ${wide ? hidden / 4 : hidden}u + ${k}]`;
  const previous = (k: string): string => previousText(spec, k).hidden;
  return laneKernel({
    name: `recurrent-${cell}/${isFirst ? 'first' : 'next'}`,
    formula: `${FORMULAS_TEXT[cell]}; input [${batch}, ${time}, ${gates * hidden}], out [${batch}, ${time}, ${states * hidden}]`,
    declarations: [
      read('place', 1), read('x', batch * time * gates * hidden),
      ...(hasState ? [{ name: 'weight', access: 'read', type: arrayType(gates * hidden * hidden, wide) } as const] : []),
      ...(hasBias ? [read('bias', gates * hidden)] : []),
      ...(isFirst && hasInitialHidden ? [read('initialHidden', batch * hidden)] : []),
      ...(isFirst && hasInitialCell && states === 2 ? [read('initialCell', batch * hidden)] : []),
      part('out', batch * time * states * hidden),
      ...(gates > 1 ? [part('gates', batch * time * 4 * hidden)] : []),
    ],
    functions: HELPER_FUNCTIONS,
    count: batch * hidden,
    body: wgsl`
${placeText(spec)}
  ${lines(gates, (gate) => `let x${gate} = x[at * ${gates * hidden}u + ${gate * hidden}u + unit];`)}
  ${lines(gates, (gate) => `var a${gate} = ${hasBias ? `bias[${gate * hidden}u + unit]` : '0.0'};`)}
#if ${hasState && wide}
  for (var k = 0u; k < ${hidden / 4 | 0}u; k++) {
    let h = vec4f(
      ${lines(4, (c) => `${previous(`4u * k + ${c}u`)},`)}
    );
    ${lines(gates, (gate) => `a${gate} += dot(${weight(gate, 'k')}, h);`, '    ')}
  }
#elif ${hasState}
  for (var k = 0u; k < ${hidden}u; k++) {
    let h = ${previous('k')};
    ${lines(gates, (gate) => `a${gate} += ${weight(gate, 'k')} * h;`, '    ')}
  }
#endif
${FORWARD[cell](spec).replace(/\n$/, '')}`,
  });
}

/** The gradient that comes from a later step through W: Σ over its gates r of dgates[r] · W[r, unit]. */
function carriedText({ cell, hidden }: RecurrentSpec, from: string): string {
  const { gates } = CELLS[cell];
  return wgsl`
  for (var r = 0u; r < ${gates * hidden}u; r++) {
    dh += ${cell === 'gru' ? 'dhiddenGates' : 'dx'}[${from} * ${gates * hidden}u + r] * weight[r * ${hidden}u + unit];
  }
#if ${cell === 'gru'}
  dh += dstate[${from} * ${hidden}u + unit] * gates[${from} * ${4 * hidden}u + ${hidden}u + unit];
#endif`.replace(/\n$/, '');
}

const BACKWARD: Readonly<Record<CellName, (spec: RecurrentSpec) => string>> = {
  tanh: ({ hidden }) => wgsl`
  let h = out[at * ${hidden}u + unit];
  dx[at * ${hidden}u + unit] = dh * (1.0 - h * h);`,
  relu: ({ hidden }) => wgsl`
  // The subgradient at 0 is 0.
  dx[at * ${hidden}u + unit] = select(0.0, dh, out[at * ${hidden}u + unit] > 0.0);`,
  gru: (spec) => wgsl`
  let saved = at * ${4 * spec.hidden}u + unit;
  let reset = gates[saved];
  let update = gates[saved + ${spec.hidden}u];
  let candidate = gates[saved + ${2 * spec.hidden}u];
  let dcandidate = dh * (1.0 - update) * (1.0 - candidate * candidate);
  let dreset = dcandidate * gates[saved + ${3 * spec.hidden}u] * reset * (1.0 - reset);
  let dupdate = dh * (${previousText(spec, 'unit').hidden} - candidate) * update * (1.0 - update);
  let to = at * ${3 * spec.hidden}u + unit;
  dx[to] = dreset;
  dx[to + ${spec.hidden}u] = dupdate;
  dx[to + ${2 * spec.hidden}u] = dcandidate;
  dhiddenGates[to] = dreset;
  dhiddenGates[to + ${spec.hidden}u] = dupdate;
  dhiddenGates[to + ${2 * spec.hidden}u] = dcandidate * reset;
  dstate[at * ${spec.hidden}u + unit] = dh;`,
  lstm: (spec) => wgsl`
  let saved = at * ${4 * spec.hidden}u + unit;
  let inputGate = gates[saved];
  let forget = gates[saved + ${spec.hidden}u];
  let candidate = gates[saved + ${2 * spec.hidden}u];
  let output = gates[saved + ${3 * spec.hidden}u];
  let squashed = hyperbolicTangent(out[at * ${2 * spec.hidden}u + ${spec.hidden}u + unit]);
  var dc = dout[at * ${2 * spec.hidden}u + ${spec.hidden}u + unit] + dh * output * (1.0 - squashed * squashed);
#if ${!spec.isLast}
  dc += dstate[after * ${spec.hidden}u + unit] * gates[after * ${4 * spec.hidden}u + ${spec.hidden}u + unit];
#endif
  let to = at * ${4 * spec.hidden}u + unit;
  dx[to] = dc * candidate * inputGate * (1.0 - inputGate);
  dx[to + ${spec.hidden}u] = dc * ${previousText(spec, 'unit').cell} * forget * (1.0 - forget);
  dx[to + ${2 * spec.hidden}u] = dc * inputGate * (1.0 - candidate * candidate);
  dx[to + ${3 * spec.hidden}u] = dh * squashed * output * (1.0 - output);
  dstate[at * ${spec.hidden}u + unit] = dc;`,
};

/** One step backward: the gradients of the gates from dout, and from the step that came after. `dstate` holds dc (LSTM) or dh (GRU). */
export function recurrentBackward(spec: RecurrentSpec): Kernel {
  const { cell, batch, time, hidden, isFirst, isLast, hasInitialHidden, hasInitialCell } = spec;
  const { gates, states } = CELLS[cell];
  const readsHidden = cell === 'gru' && isFirst && hasInitialHidden;
  const readsCell = cell === 'lstm' && isFirst && hasInitialCell;
  return laneKernel({
    name: `recurrent-${cell}-backward/${isLast ? 'last' : 'earlier'}${isFirst ? '-first' : ''}`,
    formula: `the gradients of one step's gates; dout [${batch}, ${time}, ${states * hidden}], dx [${batch}, ${time}, ${gates * hidden}]`,
    declarations: [
      read('place', 1), read('dout', batch * time * states * hidden),
      // A GRU's first step starts from the initial state: one buffer less, so that eight are enough.
      ...(cell === 'gru' && isFirst ? [] : [read('out', batch * time * states * hidden)]),
      ...(gates > 1 ? [read('gates', batch * time * 4 * hidden)] : []),
      ...(isLast ? [] : [read('weight', gates * hidden * hidden)]),
      ...(readsHidden ? [read('initialHidden', batch * hidden)] : []),
      ...(readsCell ? [read('initialCell', batch * hidden)] : []),
      part('dx', batch * time * gates * hidden),
      ...(cell === 'gru' ? [part('dhiddenGates', batch * time * gates * hidden)] : []),
      ...(gates > 1 ? [part('dstate', batch * time * hidden)] : []),
    ],
    functions: HELPER_FUNCTIONS,
    count: batch * hidden,
    body: wgsl`
${placeText(spec)}
  var dh = dout[at * ${states * hidden}u + unit];
${isLast ? '' : carriedText(spec, 'after')}
${BACKWARD[cell](spec).replace(/\n$/, '')}`,
  });
}

/** What the first step leaves for the state that it started from: dinitialHidden, and for an LSTM dinitialCell. */
export function recurrentInitial(spec: RecurrentSpec): Kernel {
  const { cell, batch, time, hidden, reverse } = spec;
  const { gates, states } = CELLS[cell];
  return laneKernel({
    name: `recurrent-${cell}-initial`,
    formula: `dinitialHidden = Σ dgates · W of the first step${states === 2 ? ', dinitialCell = dc · f' : ''}; [${batch}, ${hidden}]`,
    declarations: [
      read(cell === 'gru' ? 'dhiddenGates' : 'dx', batch * time * gates * hidden), read('weight', gates * hidden * hidden),
      ...(gates > 1 ? [read('gates', batch * time * 4 * hidden), read('dstate', batch * time * hidden)] : []),
      { name: 'dinitialHidden', access: 'write', type: arrayType(batch * hidden) },
      ...(states === 2 ? [{ name: 'dinitialCell', access: 'write', type: arrayType(batch * hidden) } as const] : []),
    ],
    count: batch * hidden,
    body: wgsl`
let row = lane / ${hidden}u;
  let unit = lane % ${hidden}u;
  let first = row * ${time}u + ${reverse ? time - 1 : 0}u;
  var dh = 0.0;
${carriedText(spec, 'first')}
  dinitialHidden[lane] = dh;
#if ${states === 2}
  dinitialCell[lane] = dstate[first * ${hidden}u + unit] * gates[first * ${4 * hidden}u + ${hidden}u + unit];
#endif`,
  });
}

/** previous[row, time] = h before that step: what W was multiplied with, for its gradient. */
export function recurrentPrevious({ cell, batch, time, hidden, reverse, hasInitialHidden }: RecurrentSpec): Kernel {
  const { states } = CELLS[cell];
  const first = reverse ? time - 1 : 0;
  return laneKernel({
    name: `recurrent-${cell}-previous`,
    formula: `previous[row, t] = h[row, ${reverse ? 't + 1' : 't - 1'}]; [${batch}, ${time}, ${hidden}]`,
    declarations: [
      read('out', batch * time * states * hidden), ...(hasInitialHidden ? [read('initialHidden', batch * hidden)] : []),
      { name: 'previous', access: 'write', type: arrayType(batch * time * hidden) },
    ],
    count: batch * time * hidden,
    body: wgsl`
let unit = lane % ${hidden}u;
  let at = lane / ${hidden}u;
  if (at % ${time}u == ${first}u) {
    previous[lane] = ${hasInitialHidden ? `initialHidden[at / ${time}u * ${hidden}u + unit]` : '0.0'};
  } else {
    previous[lane] = out[(at ${reverse ? '+' : '-'} 1u) * ${states * hidden}u + unit];
  }`,
  });
}
