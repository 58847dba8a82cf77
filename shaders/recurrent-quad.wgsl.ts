import { quadKernel, type Kernel } from './kernel.ts';
import {
  BACKWARD, backwardDeclarations, backwardName, cellFunctions, CELLS, FORMULAS, FORWARD, forwardDeclarations, forwardName, hasProduct, inValues,
  passedText, rowText, timeText, type RecurrentSpec, type Width,
} from './recurrent-cells.wgsl.ts';
import { lines, times, wgsl } from './wgsl.ts';

// Steps of recurrent nets as products of quads (see matmul-quad): a quad makes up to 32 rows of the batch, each lane one value of each, and
// then each lane finishes its values row by row. The lanes load different rows of the state and exchange them.

/** How a lane gets what the other three of its quad hold. */
const EXCHANGES = ['', 'quadSwapX', 'quadSwapY', 'quadSwapDiagonal'] as const;

/** Fewer quads than these leave threads without work. */
const QUADS = 8;

const widthOf = ({ hidden }: RecurrentSpec): Width => (hidden % 4 === 0 ? 4 : 1);

/** How many rows a quad takes: many share what is loaded of the weight, few leave work for all threads. */
function heightOf(spec: RecurrentSpec, most: number): number {
  const columns = Math.ceil(spec.hidden / widthOf(spec) / 4);
  let height = most;
  while (height > 4 && (height >= 2 * spec.batch || Math.ceil(spec.batch / height) * columns < QUADS)) height /= 2;
  return height;
}

/** What both directions begin with: which rows and which value are the lane's, and where the rows stand that it loads. */
function tileText(spec: RecurrentSpec, height: number, values: number): string {
  const columns = Math.ceil(values / 4);
  return wgsl`
let wanted = ${columns === 1 ? '' : `quad % ${columns}u * 4u + `}place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let unit = min(wanted, ${values - 1}u);
  let firstRow = ${times(columns === 1 ? 'quad' : `quad / ${columns}u`, height)};
  ${lines(height / 4, (g) => `let row${g} = min(firstRow + ${4 * g}u + place, ${spec.batch - 1}u);`)}
  ${timeText(spec)}`.trim();
}

/** One number of a stored list of them: where it holds values of four, a component of one. */
const numberText = (name: string, start: string, k: string, width: Width): string => (width === 1 ? `${name}[${start} + ${k}]` : `${name}[${start} + ${k} / 4u][${k} % 4u]`);

/** Each row's number at k, from the lane that loads it, times the weight: `sum0_1` is the sum of gate 0 for the lane's row 1. */
function multiplyText(height: number, gates: number, load: (group: number) => string): string {
  return lines(height / 4, (g) => [
    `let h${4 * g} = ${load(g)};`, ...[1, 2, 3].map((i) => `let h${4 * g + i} = ${EXCHANGES[i]}(h${4 * g});`),
    ...[0, 1, 2, 3].flatMap((i) => Array.from({ length: gates }, (_, gate) => `sum${gate}_${4 * g + i} = fma(Value(h${4 * g + i}), weight${gate}, sum${gate}_${4 * g + i});`)),
  ].join('\n'));
}

/**
 * The lane's values one row after the other: once in the text, however many there are. Row i of four is that of the lane at place ^ i. The
 * step's states may stand in what others of its launch overwrite only at another time.
 */
function finishText(spec: RecurrentSpec, height: number, values: number, sums: readonly string[], body: string): string {
  return wgsl`
#if ${sums.length > 0}
  var sums = array<Value, ${Math.max(1, sums.length)}>(
    ${sums.join(', ')}
  );
#endif
  for (var i = 0u; i < ${height}u; i++) {
    let row = firstRow + (i - i % 4u) + (place ^ (i % 4u));
    if (isLive && wanted < ${values}u && row < ${spec.batch}u) {
      ${rowText(spec)}
      ${body}
    }
  }`.trim();
}

const each = <T>(gates: number, height: number, make: (gate: number, i: number) => T): T[] =>
  Array.from({ length: gates * height }, (_, n) => make(Math.floor(n / height), n % height));

/** One step forward. */
export function recurrentForwardQuad(spec: RecurrentSpec): Kernel {
  const { cell, batch, time, hidden, isFirst, hasBias } = spec;
  const { gates, states } = CELLS[cell];
  const width = widthOf(spec);
  const counted = inValues(spec, width);
  const values = counted.hidden;
  const height = heightOf(spec, 16);
  const start = (g: number): string => (isFirst ? `row${g} * ${values}u` : `(row${g} * ${time}u + earlier) * ${states * values}u`);
  const weight = (gate: number, unit: number): string => `weight[unit * ${width * hidden}u + ${(gate * hidden + unit) * hidden}u + k]`;
  return quadKernel({
    name: forwardName(spec, 'quad'),
    formula: `${FORMULAS[cell]}; input [${batch}, ${time}, ${gates * hidden}], out [${batch}, ${time}, ${states * hidden}]`,
    declarations: forwardDeclarations(spec, width, 1),
    functions: cellFunctions(width),
    count: Math.ceil(batch / height) * Math.ceil(values / 4),
    body: wgsl`
  ${tileText(spec, height, values)}
#if ${hasProduct(spec)}
  ${lines(height / 4, (g) => `let start${g} = ${start(g)};`)}
  ${each(gates, height, (gate, i) => `var sum${gate}_${i} = Value(0.0);`).join('\n')}
  for (var k = 0u; k < ${hidden}u; k++) {
    ${lines(gates, (gate) => `let weight${gate} = Value(${Array.from({ length: width }, (_, unit) => weight(gate, unit)).join(', ')});`)}
    ${multiplyText(height, gates, (g) => numberText(isFirst ? 'initialHidden' : 'out', `start${g}`, 'k', width))}
  }
#endif
  ${finishText(spec, height, values, hasProduct(spec) ? each(gates, height, (gate, i) => `sum${gate}_${i}`) : [], wgsl`
${lines(gates, (gate) => `let x${gate} = x[at * ${gates * values}u + ${gate * values}u + unit];`)}
  ${lines(gates, (gate) => `let a${gate} = ${[
    ...(hasProduct(spec) ? [`sums[${gate * height}u + i]`] : []), ...(hasBias ? [`bias[${gate * values}u + unit]`] : []),
  ].join(' + ') || 'Value(0.0)'};`)}
${FORWARD[cell](counted)}`)}`,
  });
}

/** One step backward. */
export function recurrentBackwardQuad(spec: RecurrentSpec): Kernel {
  const { cell, batch, time, hidden, isLast } = spec;
  const { gates, states } = CELLS[cell];
  const width = widthOf(spec);
  const counted = inValues(spec, width);
  const values = counted.hidden;
  const height = heightOf(spec, 32);
  return quadKernel({
    name: backwardName(spec, 'quad'),
    formula: `the gradients of one step's gates; dout [${batch}, ${time}, ${states * hidden}], dx [${batch}, ${time}, ${gates * hidden}]`,
    declarations: backwardDeclarations(spec, width),
    functions: cellFunctions(width),
    count: Math.ceil(batch / height) * Math.ceil(values / 4),
    body: wgsl`
  ${tileText(spec, height, values)}
#if ${!isLast}
  ${lines(height / 4, (g) => `let start${g} = (row${g} * ${time}u + later) * ${gates * values}u;`)}
  ${lines(height, (i) => `var sum0_${i} = Value(0.0);`)}
  for (var k = 0u; k < ${gates * hidden}u; k++) {
    let weight0 = weight[k * ${values}u + unit];
    ${multiplyText(height, 1, (g) => numberText(cell === 'gru' ? 'dhiddenGates' : 'dx', `start${g}`, 'k', width))}
  }
#endif
  ${finishText(spec, height, values, isLast ? [] : each(1, height, (_, i) => `sum0_${i}`), wgsl`
var dh = dout[at * ${states * values}u + unit];
#if ${!isLast}
  dh += sums[i];
  ${passedText(counted, 'after')}
#endif
${BACKWARD[cell](counted)}`)}`,
  });
}
