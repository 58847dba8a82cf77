import { HELPERS } from './formulas.wgsl.ts';
import { arrayType, type Declaration } from './kernel.ts';
import { wgsl } from './wgsl.ts';

// What recurrent steps compute, whichever kernel runs them: texts over `Value`, one unit or four neighbours. Where it is four, `hidden`
// counts fours and the tensors are arrays of them.

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

/** How many units a `Value` holds. */
export type Width = 1 | 4;

/** The spec with `hidden` in values. */
export const inValues = (spec: RecurrentSpec, width: Width): RecurrentSpec => ({ ...spec, hidden: spec.hidden / width });

export const cellFunctions = (width: Width): string => [`alias Value = ${width === 4 ? 'vec4f' : 'f32'};`, HELPERS.sigmoid.text(), HELPERS.tanh.text()].join('\n');

/** Where time stands, and the steps before and after this one. */
export function timeText({ time, reverse }: RecurrentSpec): string {
  return wgsl`
let time = min(u32(timeIndex[0]), ${time - 1}u);
  let earlier = ${reverse ? `min(time + 1u, ${time - 1}u)` : 'max(time, 1u) - 1u'};
  let later = ${reverse ? 'max(time, 1u) - 1u' : `min(time + 1u, ${time - 1}u)`};`.trim();
}

/** Where the states of `row` stand at these times. */
export function rowText({ time }: RecurrentSpec): string {
  return wgsl`
let at = row * ${time}u + time;
  let before = row * ${time}u + earlier;
  let after = row * ${time}u + later;`.trim();
}

/** h before this step of unit `unit`, and c. */
export function previousText({ cell, hidden, isFirst, hasInitialHidden, hasInitialCell }: RecurrentSpec, unit: string): { hidden: string; cell: string } {
  const width = CELLS[cell].states * hidden;
  return {
    hidden: !isFirst ? `out[before * ${width}u + ${unit}]` : hasInitialHidden ? `initialHidden[row * ${hidden}u + ${unit}]` : 'Value(0.0)',
    cell: !isFirst ? `out[before * ${width}u + ${hidden}u + ${unit}]` : hasInitialCell ? `initialCell[row * ${hidden}u + ${unit}]` : 'Value(0.0)',
  };
}

/** What the cells make of x (the input's part of each gate) and a (the state's part). `gates` are saved for the backward pass. */
export const FORWARD: Readonly<Record<CellName, (spec: RecurrentSpec) => string>> = {
  tanh: ({ hidden }) => wgsl`
  out[at * ${hidden}u + unit] = hyperbolicTangent(x0 + a0);`,
  relu: ({ hidden }) => wgsl`
  out[at * ${hidden}u + unit] = select(x0 + a0, Value(0.0), x0 + a0 <= Value(0.0));`,
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

export const FORMULAS: Readonly<Record<CellName, string>> = {
  tanh: 'h = tanh(x + W·h + b)',
  relu: 'h = max(x + W·h + b, 0)',
  gru: 'r = σ(x_r + a_r), z = σ(x_z + a_z), n = tanh(x_n + r · a_n), h = (1 - z) · n + z · h, with a = W·h + b',
  lstm: 'i, f, o = σ(x + W·h + b), g = tanh(x + W·h + b), c = f · c + i · g, h = o · tanh(c)',
};

/** The gradients of one unit's gates from `dh`, what out and later steps give to h. */
export const BACKWARD: Readonly<Record<CellName, (spec: RecurrentSpec) => string>> = {
  tanh: ({ hidden }) => wgsl`
  let h = out[at * ${hidden}u + unit];
  dx[at * ${hidden}u + unit] = dh * (1.0 - h * h);`,
  relu: ({ hidden }) => wgsl`
  // The subgradient at 0 is 0.
  dx[at * ${hidden}u + unit] = select(Value(0.0), dh, out[at * ${hidden}u + unit] > Value(0.0));`,
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

const read = (name: string, count: number, width: Width): Declaration => ({ name, access: 'read', type: arrayType(count, width === 4) });
const part = (name: string, count: number, width: Width): Declaration => ({ name, access: 'part', type: arrayType(count, width === 4) });

/** True where a step adds a product of the weight with the state before it: without an initial state, that of the first step is 0. */
export const hasProduct = ({ isFirst, hasInitialHidden }: RecurrentSpec): boolean => !isFirst || hasInitialHidden;

/** What a step forward binds. A launch that does not multiply binds no weight. */
export function forwardDeclarations(spec: RecurrentSpec, width: Width, weightWidth: Width): Declaration[] {
  const { cell, batch, time, hidden, isFirst, hasBias, hasInitialHidden, hasInitialCell } = spec;
  const { gates, states } = CELLS[cell];
  return [
    read('timeIndex', 1, 1), read('x', batch * time * gates * hidden, width),
    ...(hasProduct(spec) ? [read('weight', gates * hidden * hidden, weightWidth)] : []),
    ...(hasBias ? [read('bias', gates * hidden, width)] : []),
    ...(isFirst && hasInitialHidden ? [read('initialHidden', batch * hidden, width)] : []),
    ...(isFirst && hasInitialCell && states === 2 ? [read('initialCell', batch * hidden, width)] : []),
    part('out', batch * time * states * hidden, width),
    ...(gates > 1 ? [part('gates', batch * time * 4 * hidden, width)] : []),
  ];
}

/** What a step backward binds. */
export function backwardDeclarations({ cell, batch, time, hidden, isFirst, isLast, hasInitialHidden, hasInitialCell }: RecurrentSpec, width: Width): Declaration[] {
  const { gates, states } = CELLS[cell];
  return [
    read('timeIndex', 1, 1), read('dout', batch * time * states * hidden, width),
    // A GRU's first step starts from the initial state: one buffer less, so that eight are enough.
    ...(cell === 'gru' && isFirst ? [] : [read('out', batch * time * states * hidden, width)]),
    ...(gates > 1 ? [read('gates', batch * time * 4 * hidden, width)] : []),
    ...(isLast ? [] : [read('weight', gates * hidden * hidden, width)]),
    ...(cell === 'gru' && isFirst && hasInitialHidden ? [read('initialHidden', batch * hidden, width)] : []),
    ...(cell === 'lstm' && isFirst && hasInitialCell ? [read('initialCell', batch * hidden, width)] : []),
    part('dx', batch * time * gates * hidden, width),
    ...(cell === 'gru' ? [part('dhiddenGates', batch * time * gates * hidden, width)] : []),
    ...(gates > 1 ? [part('dstate', batch * time * hidden, width)] : []),
  ];
}

/** What a GRU's state gives the one before it beside the gates: z of it is kept. */
export function passedText({ cell, hidden }: RecurrentSpec, from: string): string {
  return cell !== 'gru' ? '' : `dh += dstate[${from} * ${hidden}u + unit] * gates[${from} * ${4 * hidden}u + ${hidden}u + unit];`;
}

/** The name of the kernel of a step forward. */
export const forwardName = ({ cell, isFirst }: RecurrentSpec, variant: string): string => `recurrent-${cell}-${isFirst ? 'first' : 'next'}/${variant}`;

/** The name of the kernel of a step backward. */
export const backwardName = ({ cell, isFirst, isLast }: RecurrentSpec, variant: string): string =>
  `recurrent-${cell}-backward-${isLast ? 'last' : 'earlier'}${isFirst ? '-first' : ''}/${variant}`;
