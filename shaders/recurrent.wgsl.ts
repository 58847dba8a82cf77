import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import {
  BACKWARD, backwardDeclarations, backwardName, cellFunctions, CELLS, FORMULAS, FORWARD, forwardDeclarations, forwardName, hasProduct, passedText,
  previousText, rowText, timeText, type RecurrentSpec,
} from './recurrent-cells.wgsl.ts';
import { lines, wgsl } from './wgsl.ts';

const read = (name: string, count: number): Declaration => ({ name, access: 'read', type: arrayType(count) });

/** One step forward: each lane makes one unit of one row of the batch, from the whole state of that row. */
export function recurrentForward(spec: RecurrentSpec): Kernel {
  const { cell, batch, time, hidden, hasBias } = spec;
  const { gates, states } = CELLS[cell];
  const wide = hidden % 4 === 0;
  const weight = (gate: number, k: string): string => `weight[(${gate * hidden}u + unit) * ${wide ? hidden / 4 : hidden}u + ${k}]`;
  const previous = (k: string): string => previousText(spec, k).hidden;
  return laneKernel({
    name: forwardName(spec, 'unit'),
    formula: `${FORMULAS[cell]}; input [${batch}, ${time}, ${gates * hidden}], out [${batch}, ${time}, ${states * hidden}]`,
    declarations: forwardDeclarations(spec, 1, wide ? 4 : 1),
    functions: cellFunctions(1),
    count: batch * hidden,
    body: wgsl`
let row = lane / ${hidden}u;
  let unit = lane % ${hidden}u;
  ${timeText(spec)}
  ${rowText(spec)}
  ${lines(gates, (gate) => `let x${gate} = x[at * ${gates * hidden}u + ${gate * hidden}u + unit];`)}
  ${lines(gates, (gate) => `var a${gate} = ${hasBias ? `bias[${gate * hidden}u + unit]` : '0.0'};`)}
#if ${hasProduct(spec) && wide}
  for (var k = 0u; k < ${hidden / 4 | 0}u; k++) {
    let h = vec4f(
      ${lines(4, (c) => `${previous(`4u * k + ${c}u`)},`)}
    );
    ${lines(gates, (gate) => `a${gate} += dot(${weight(gate, 'k')}, h);`, '    ')}
  }
#elif ${hasProduct(spec)}
  for (var k = 0u; k < ${hidden}u; k++) {
    let h = ${previous('k')};
    ${lines(gates, (gate) => `a${gate} += ${weight(gate, 'k')} * h;`, '    ')}
  }
#endif
${FORWARD[cell](spec).replace(/\n$/, '')}`,
  });
}

/** The gradient that comes from a later step through W: Σ over its gates r of dgates[r] · W[r, unit]. */
function carriedText(spec: RecurrentSpec, from: string): string {
  const { cell, hidden } = spec;
  const { gates } = CELLS[cell];
  return wgsl`
  for (var r = 0u; r < ${gates * hidden}u; r++) {
    dh += ${cell === 'gru' ? 'dhiddenGates' : 'dx'}[${from} * ${gates * hidden}u + r] * weight[r * ${hidden}u + unit];
  }
#if ${cell === 'gru'}
  ${passedText(spec, from)}
#endif`.replace(/\n$/, '');
}

/** One step backward: the gradients of the gates from dout, and from the step that came after. `dstate` holds dc (LSTM) or dh (GRU). */
export function recurrentBackward(spec: RecurrentSpec): Kernel {
  const { cell, batch, time, hidden, isLast } = spec;
  const { gates, states } = CELLS[cell];
  return laneKernel({
    name: backwardName(spec, 'unit'),
    formula: `the gradients of one step's gates; dout [${batch}, ${time}, ${states * hidden}], dx [${batch}, ${time}, ${gates * hidden}]`,
    declarations: backwardDeclarations(spec, 1),
    functions: cellFunctions(1),
    count: batch * hidden,
    body: wgsl`
let row = lane / ${hidden}u;
  let unit = lane % ${hidden}u;
  ${timeText(spec)}
  ${rowText(spec)}
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
