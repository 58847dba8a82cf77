import { quadKernel, type Kernel } from './kernel.ts';
import { COMPONENTS } from './matmul.wgsl.ts';
import {
  BACKWARD, backwardDeclarations, backwardName, cellFunctions, CELLS, FORMULAS, FORWARD, forwardDeclarations, forwardName, hasProduct, inValues,
  passedText, rowText, timeText, type RecurrentSpec, type Width,
} from './recurrent-cells.wgsl.ts';
import { lines, times, wgsl } from './wgsl.ts';

// Steps of recurrent nets as products of quads (see matmul-quad): a quad makes several rows of the batch, each lane one value of each, and
// then each lane finishes its values row by row. The lanes load different rows of the state and exchange them.

/** How a lane gets what the other three of its quad hold. */
const EXCHANGES = ['', 'quadSwapX', 'quadSwapY', 'quadSwapDiagonal'] as const;

/** Fewer quads than these leave threads without work. */
const QUADS = 8;

const widthOf = ({ hidden }: RecurrentSpec): Width => (hidden % 4 === 0 ? 4 : 1);

/** As many sums a lane holds at most: more rows would take less time, but their text much more to compile. */
const SUMS = 32;

/** How many rows a quad takes, with so many sums each: many share what is loaded of the weight, few leave work for all threads. */
function heightOf(spec: RecurrentSpec, sums: number): number {
  const columns = Math.ceil(spec.hidden / widthOf(spec) / 4);
  let height = 2 ** Math.floor(Math.log2(SUMS / sums));
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

/** All of `inner` for the first of `outer`, then for the next. */
const each = <T>(outer: number, inner: number, make: (a: number, b: number) => T): T[] =>
  Array.from({ length: outer * inner }, (_, n) => make(Math.floor(n / inner), n % inner));

/** Step j of the `width` steps along k that a value holds. */
const stepOf = (name: string, j: number, width: Width): string => (width === 1 ? name : `${name}.${COMPONENTS[j]}`);

/**
 * As many steps along k as a value holds: each row's numbers, from the lane that loads them, times the weights, of which one at a time is
 * in use. `sum0_1` is the sum of gate 0 for the lane's row 1.
 */
function multiplyText(height: number, gates: number, width: Width, load: (group: number) => string, weight: (gate: number, j: number) => string): string {
  return [
    ...each(height / 4, 4, (g, i) => `let h${4 * g + i} = ${i === 0 ? load(g) : `${EXCHANGES[i]}(h${4 * g})`};`),
    ...each(width, gates, (j, gate) => [
      `let weight${gate}_${j} = ${weight(gate, j)};`,
      ...Array.from({ length: height }, (_, i) => `sum${gate}_${i} = fma(Value(${stepOf(`h${i}`, j, width)}), weight${gate}_${j}, sum${gate}_${i});`),
    ]).flat(),
  ].join('\n');
}

/**
 * The lane's values one row after the other: once in the text, however many there are. Row i of four is that of the lane at place ^ i. The
 * step's states may stand in what others of its launch overwrite only at another time.
 */
function finishText(spec: RecurrentSpec, height: number, values: number, sums: readonly string[], body: string): string {
  return wgsl`
#if ${sums.length > 0}
  var sums = array<Value, ${Math.max(1, sums.length)}>(
    ${lines(Math.ceil(sums.length / 8), (row) => sums.slice(8 * row, 8 * row + 8).join(', ') + (8 * row + 8 < sums.length ? ',' : ''), '    ')}
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

/** One step forward. */
export function recurrentForwardQuad(spec: RecurrentSpec): Kernel {
  const { cell, batch, time, hidden, isFirst, hasBias } = spec;
  const { gates, states } = CELLS[cell];
  const width = widthOf(spec);
  const counted = inValues(spec, width);
  const values = counted.hidden;
  const height = heightOf(spec, gates);
  const start = (g: number): string => (isFirst ? `row${g} * ${values}u` : `(row${g} * ${time}u + earlier) * ${states * values}u`);
  return quadKernel({
    name: forwardName(spec, 'quad'),
    formula: `${FORMULAS[cell]}; input [${batch}, ${time}, ${gates * hidden}], out [${batch}, ${time}, ${states * hidden}]`,
    declarations: forwardDeclarations(spec, width, width),
    functions: cellFunctions(width),
    count: Math.ceil(batch / height) * Math.ceil(values / 4),
    body: wgsl`
  ${tileText(spec, height, values)}
#if ${hasProduct(spec)}
  ${lines(height / 4, (g) => `let start${g} = ${start(g)};`)}
  ${each(gates, height, (gate, i) => `var sum${gate}_${i} = Value(0.0);`).join('\n')}
  for (var k = 0u; k < ${values}u; k++) {
    ${each(gates, width, (gate, i) => `let column${gate}_${i} = weight[(unit * ${width}u + ${gate * hidden + i}u) * ${values}u + k];`).join('\n')}
    ${multiplyText(height, gates, width, (g) => `${isFirst ? 'initialHidden' : 'out'}[start${g} + k]`,
    (gate, j) => `Value(${Array.from({ length: width }, (_, i) => stepOf(`column${gate}_${i}`, j, width)).join(', ')})`)}
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
  const height = heightOf(spec, 1);
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
  for (var k = 0u; k < ${gates * values}u; k++) {
    ${multiplyText(height, 1, width, (g) => `${cell === 'gru' ? 'dhiddenGates' : 'dx'}[start${g} + k]`, (_, j) => `weight[(k * ${width}u + ${j}u) * ${values}u + unit]`)}
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
