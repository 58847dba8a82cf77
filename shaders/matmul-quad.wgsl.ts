import { chainCall, drawOf } from './chain.wgsl.ts';
import { halfName, halfOr, quadKernel, type Kernel } from './kernel.ts';
import { isBatched, isVector, placeOf, productCount, startsText, storedSizes, usesRows, usesStart } from './matmul-batch.wgsl.ts';
import { COMPONENTS, forEachTerm, layoutName, matmulFormula, matmulParts, rowSumsPlace, storeText, type MatmulSpec } from './matmul.wgsl.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/** How a lane gets what the other three of its quad hold: the value of the lane at place ^ 1, ^ 2, ^ 3. */
const EXCHANGES = ['', 'quadSwapX', 'quadSwapY', 'quadSwapDiagonal'] as const;

/** The element of an operand, or the vec4 of it where `unit` is 4. Indices stand in the text: what a function is given has no range that a compiler could prove. */
function elementText(spec: MatmulSpec, operand: 'a' | 'b', row: string, column: string, unit: 1 | 4): string {
  const { offset, rowStride } = placeOf(spec, operand);
  const start = `start${operand.toUpperCase()}`;
  const starts = usesStart(spec, operand) ? [unit === 1 ? start : `${start} / 4u`] : [];
  // The stride of a single row is anything.
  const rows = storedSizes(spec, operand).rows > 1 ? [times(row, rowStride / unit)] : [];
  const element = `${operand}[${plus([...starts, ...rows, column].join(' + '), offset / unit)}]`;
  return halfOr(spec, operand) === 'f32' ? element : unit === 4 ? `vec4f(${element})` : `f32(${element})`;
}

/** A lane has the columns of one vec4, or of a second one 16 to the right: what belongs to that has names of its own. */
type Side = 'own' | 'right';

const named = (side: Side, name: string): string => (side === 'own' ? name : `right${name[0]!.toUpperCase()}${name.slice(1)}`);

/** The element that begins the given four. */
const elementOf = (fours: string): string => (/^\d+u$/.test(fours) ? `${4 * Number.parseInt(fours, 10)}u` : times(fours, 4));

/** Four neighbours of an operand along its stored columns, from four times `fours` on, with its prologue. Those past the edge repeat the last. */
function fourText(spec: MatmulSpec, operand: 'a' | 'b', row: string, fours: string, isWhole: boolean): string {
  const { columns } = storedSizes(spec, operand);
  const { columnStride } = placeOf(spec, operand);
  const scalar = (i: number): string => {
    const column = plus(elementOf(fours), i);
    return elementText(spec, operand, row, times(isWhole || i === 0 ? column : `min(${column}, ${columns - 1}u)`, columnStride), 1);
  };
  const value = isVector(spec, operand)
    ? elementText(spec, operand, row, fours, 4)
    : wgsl`
vec4f(
  ${lines(4, (i) => `${scalar(i)},`)}
)`.trim();
  const [name, chain] = operand === 'a' ? ['prologueA', spec.prologueA] as const : ['prologueB', spec.prologueB] as const;
  return chainCall(name, chain, value, usesRows(spec, operand) ? `firstRow${operand.toUpperCase()} + ${row}` : row, elementOf(fours));
}

/** The rows of b, k by k, for four of the lane's columns: registers b0 to b3, of which `depth` are steps along k; turned into `columns` where all are. */
function loadsOfB(spec: MatmulSpec, side: Side, k: string, depth: number): string[] {
  const { transposeA, transposeB, n } = spec;
  const isWhole = depth === 4;
  const all = [0, 1, 2, 3];
  const own = (name: string): string => named(side, name);
  // A matrix of columns along k makes four steps of a row one product: its sum goes to memory once for all four.
  const turnedWhole = wgsl`
let ${own('columns')} = mat4x4f(
  ${lines(4, (c) => `vec4f(${all.map((j) => `${own(`b${j}`)}.${COMPONENTS[c]}`).join(', ')}),`)}
)`.trim() + ';';
  const fourOfRow = (row: string): string => fourText(spec, 'b', row, own('four'), n % 4 === 0);
  if (transposeB) {
    // Four along k of each column, then turned: which component is which is decided here, in the text.
    const name = own(transposeA ? 'step' : 'b');
    const columns = all.map((c) => `let ${own(`column${c}`)} = ${fourText(spec, 'b', own(`columnRow${c}`), k, isWhole)};`);
    if (!transposeA && isWhole) return [...columns, `let ${own('columns')} = mat4x4f(${all.map((c) => own(`column${c}`)).join(', ')});`];
    const turned = all.filter((j) => j < depth).map((j) => `let ${name}${j} = vec4f(${all.map((c) => `${own(`column${c}`)}.${COMPONENTS[j]}`).join(', ')});`);
    if (!transposeA) return [...columns, ...turned];
    // Here register i is the step of the lane at place ^ i: pairs exchanged at odd places, halves at high ones.
    const none = all.filter((j) => j >= depth).map((j) => `let ${name}${j} = vec4f(0.0);`);
    return [
      ...columns, ...turned, ...none,
      ...all.map((i) => `let ${own(`pair${i}`)} = select(${name}${i}, ${name}${i ^ 1}, isOdd);`),
      ...all.map((i) => `let ${own(`b${i}`)} = select(${own(`pair${i}`)}, ${own(`pair${i ^ 2}`)}, isHigh);`),
      ...(isWhole ? [turnedWhole] : []),
    ];
  }
  if (!transposeA) return [...all.filter((j) => j < depth).map((j) => `let ${own(`b${j}`)} = ${fourOfRow(plus(elementOf(k), j))};`), ...(isWhole ? [turnedWhole] : [])];
  return [...all.map((j) => {
    const row = `${elementOf(k)} + place${j}`;
    return `let ${own(`b${j}`)} = ${isWhole ? fourOfRow(row) : `select(vec4f(0.0), ${fourOfRow(`min(${row}, ${spec.k - 1}u)`)}, ${row} < ${spec.k}u)`};`;
  }), ...(isWhole ? [turnedWhole] : [])];
}

/** What a quad makes: rows, and columns by the fours of each lane. */
interface Tile {
  readonly height: number;
  readonly sides: readonly Side[];
}

/** Four steps along k, or the `rest` steps after the last four: `k` counts fours. */
function block(spec: MatmulSpec, { height, sides }: Tile, k: string, rest = 0): string {
  const { transposeA } = spec;
  const depth = rest || 4;
  const text = sides.flatMap((side) => loadsOfB(spec, side, k, depth));
  for (let g = 0; g < height / 4; g++) {
    const step = `${elementOf(k)} + place`;
    const own = !transposeA ? fourText(spec, 'a', `row${g}`, k, depth === 4)
      : depth === 4 ? fourText(spec, 'a', step, `row${g}`, spec.m % 4 === 0)
        : `select(vec4f(0.0), ${fourText(spec, 'a', `min(${step}, ${spec.k - 1}u)`, `row${g}`, spec.m % 4 === 0)}, ${step} < ${spec.k}u)`;
    text.push('{', `let a0 = ${own};`, ...[1, 2, 3].map((i) => `let a${i} = ${EXCHANGES[i]}(a0);`));
    for (let i = 0; i < 4; i++) {
      // Register and component change their parts: the lane at place ^ i loaded row i of four, or at place ^ j step j along k.
      const factor = (j: number): string => (transposeA ? `a${j}.${COMPONENTS[i]}` : `a${i}.${COMPONENTS[j]}`);
      const row = transposeA ? `vec4f(${[0, 1, 2, 3].map(factor).join(', ')})` : `a${i}`;
      for (const side of sides) {
        const sum = `${named(side, 'sum')}${4 * g + i}`;
        if (depth === 4) text.push(`${sum} += ${row} * ${named(side, 'columns')};`);
        else for (let j = 0; j < (transposeA ? 4 : depth); j++) text.push(`${sum} = fma(vec4f(${factor(j)}), ${named(side, 'b')}${j}, ${sum});`);
      }
    }
    text.push('}');
  }
  return text.join('\n');
}

/**
 * The stores of a tile, part after part of its rows in a loop: a software adapter makes long code of a store, and of an epilogue's load, and
 * compiles long where each row has its own.
 */
function storesText(spec: MatmulSpec, height: number, side: Side): string {
  const { m, transposeA } = spec;
  if (spec.epilogue.some(drawOf)) return drawnStoresText(spec, height, side);
  const rows = Math.max(4, height / 4);
  const parts = height / rows;
  const sum = (i: number, part: number): string => `${named(side, 'sum')}${rows * part + i}`;
  const chosen = (i: number): string => (parts === 2
    ? `select(${sum(i, 0)}, ${sum(i, 1)}, isLower)`
    : `select(select(${sum(i, 0)}, ${sum(i, 1)}, isOddPart), select(${sum(i, 2)}, ${sum(i, 3)}, isOddPart), isLower)`);
  // Along k a lane holds, in register i, the row that the lane at place ^ i loaded.
  const rowOf = (i: number): string => (transposeA ? plus('firstOfPart', i) : `${plus('firstOfPart', i - i % 4)} + place${i % 4}`);
  return wgsl`
for (var part = 0u; part < ${parts}u; part++) {
  let firstOfPart = firstOfTile + part * ${rows}u;
  let isLower = part >= ${parts / 2}u;
#if ${parts === 4}
  let isOddPart = part % 2u == 1u;
#endif
  ${lines(rows, (i) => {
    const store = storeText(spec, `chosen${i}`, rowOf(i));
    return `let chosen${i} = ${chosen(i)};
  ${m % height === 0 ? store : `if (${rowOf(i)} < ${m}u) {
    ${store}
  }`}`;
  })}
}`.trim();
}

/** The stores of a tile row after row: an epilogue that draws is long, and takes a second to compile for each of many rows. */
function drawnStoresText(spec: MatmulSpec, height: number, side: Side): string {
  const sums = named(side, 'sum');
  return wgsl`
for (var i = 0u; i < ${height}u; i++) {
  let row = firstOfTile + ${spec.transposeA ? 'i' : 'i / 4u * 4u + (place ^ i) % 4u'};
  var sum = ${sums}0;
  switch i {
    ${lines(height - 1, (i) => `case ${i + 1}u: {
      sum = ${sums}${i + 1};
    }`, '    ')}
    default: {}
  }
  if (row < ${spec.m}u) {
    ${storeText(spec, 'sum', 'row')}
  }
}`.trim();
}

/** Four of the sums over A's rows, of one lane: for each `part` of 16 of the tile's rows. */
function rowSumsText(spec: MatmulSpec, height: number, part: number): string {
  const { m, k } = spec;
  const four = `four${part}`;
  return wgsl`
let ${four} = min(${plus(times('tile', height / 4), 4 * part)} + place, ${Math.ceil(m / 4) - 1}u);
var total${part} = vec4f(0.0);
for (var k = 0u; k < ${k}u; k++) {
  total${part} += ${fourText(spec, 'a', 'k', four, m % 4 === 0)};
}
let first${part} = ${plus('firstOfTile', 16 * part)} + place * 4u;
${lines(4, (i) => {
    const row = plus(`first${part}`, i);
    const store = `${rowSumsPlace(spec, row)} = total${part}.${COMPONENTS[i]};`;
    return m % height === 0 ? store : `if (${row} < ${m}u) {
  ${store}
}`;
  })}`.trim();
}

/**
 * A quad makes `height` × 16 results, each lane four columns of them in registers, or twice as many columns where there are 32 rows
 * (`quad-wide`): no workgroup memory, no barrier. The lanes load different rows of a and exchange them, so that no element is loaded twice within a quad.
 * For adapters on which a load costs many multiplications, and four lanes are one vector: software. Each result is a sum in the same
 * order whatever the tile, so tiles give the same bits.
 */
export function matmulQuad(spec: MatmulSpec, height: 8 | 16 | 32): Kernel {
  const { m, n, k, transposeA, transposeB } = spec;
  const fours = Math.ceil(n / 4);
  const isWide = height === 32;
  const sides: readonly Side[] = isWide ? ['own', 'right'] : ['own'];
  const tileColumns = Math.ceil(fours / (4 * sides.length));
  const tiles = Math.ceil(m / height) * tileColumns;
  const wholeFours = Math.floor(k / 4);
  const form: Tile = { height, sides };
  // Every turn of a loop writes all sums to memory: so many are worth two blocks a turn.
  const together = isWide && wholeFours % 2 === 0 ? 2 : 1;
  const many = productCount(spec) > 1;
  const tile = many ? `(quad % ${tiles}u) / ${tileColumns}u` : `quad / ${tileColumns}u`;
  return quadKernel({
    name: `matmul-${layoutName(spec)}/${isWide ? 'quad-wide' : 'quad'}${halfName(spec)}`,
    formula: matmulFormula(spec),
    ...matmulParts(spec, { vectorA: isVector(spec, 'a'), vectorB: isVector(spec, 'b') }),
    count: productCount(spec) * tiles,
    // Wide tiles are few: each may have a thread of its own.
    ...(isWide ? { workgroupSize: 4 } : {}),
    body: wgsl`
#if ${isBatched(spec)}
${startsText(spec, `quad / ${tiles}u`)}
#endif
  let tile = ${tile};
  let wantedFour = (quad % ${tileColumns}u) * ${4 * sides.length}u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let four = min(wantedFour, ${fours - 1}u);
#if ${sides.length > 1}
  let rightFour = min(wantedFour + 4u, ${fours - 1}u);
#endif
  ${lines(4, (i) => `let place${i} = ${i === 0 ? 'place' : `(place ^ ${i}u) % 4u`};`)}
  ${lines(height / 4, (g) => (transposeA
    ? `let row${g} = min(${plus(times('tile', height / 4), g)}, ${Math.ceil(m / 4) - 1}u);`
    : `let row${g} = min(${plus(times('tile', height), 4 * g)} + place, ${m - 1}u);`))}
#if ${transposeA && transposeB}
  let isOdd = place % 2u == 1u;
  let isHigh = place >= 2u;
#endif
#if ${transposeB}
  ${sides.flatMap((side) => [0, 1, 2, 3].map((c) => `let ${named(side, 'columnRow')}${c} = min(${plus(`${named(side, 'four')} * 4u`, c)}, ${n - 1}u);`)).join('\n  ')}
#endif
  ${sides.map((side) => lines(height, (i) => `var ${named(side, 'sum')}${i} = vec4f(0.0);`)).join('\n  ')}
  ${forEachTerm(spec, wgsl`
#if ${wholeFours > 0}
for (var k = 0u; k < ${wholeFours / together}u; k++) {
    ${together === 1 ? block(spec, form, 'k') : [0, 1].map((i) => `{
      let at = ${plus('k * 2u', i)};
      ${block(spec, form, 'at')}
    }`).join('\n    ')}
  }
#endif
#if ${k % 4 > 0}
  {
    ${k % 4 > 0 ? block(spec, form, `${wholeFours}u`, k % 4) : ''}
  }
#endif
`.trim())}
  let firstOfTile = ${times('tile', height)};
  ${sides.map((side) => `if (isLive && ${side === 'own' ? 'wantedFour' : 'wantedFour + 4u'} < ${fours}u) {
    let column = ${named(side, 'four')} * 4u;
    ${storesText(spec, height, side)}
  }`).join('\n  ')}
#if ${spec.rowSums}
  // The first quad of a row of tiles adds up A's rows, four in each lane: in a loop of its own, which costs the other quads nothing.
  if (isLive && wantedFour == place${height < 16 ? ` && place < ${height / 4}u` : ''}) {
    ${lines(Math.ceil(height / 16), (part) => rowSumsText(spec, height, part))}
  }
#endif`,
  });
}
