import { halfName, workgroupKernel, type Kernel } from './kernel.ts';
import { isBatched, productCount, startsText } from './matmul-batch.wgsl.ts';
import { COMPONENTS, forEachTerm, layoutName, loadText, matmulFormula, matmulParts, rowSumsPlace, storeText, type MatmulSpec } from './matmul.wgsl.ts';
import type { Tile } from './tiles.ts';
import { lines, plus, wgsl } from './wgsl.ts';

const lanesOf = ({ rows, columns, laneRows, laneColumns }: Tile): number => (rows / laneRows) * (columns / laneColumns);

/** What the lanes of a workgroup load of both operands between two barriers, and how it lies: k-major, in numbers of `type`. */
export interface Filled {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly lanes: number;
  readonly type: 'f32' | 'f16';
  /** Numbers of padding after each step along k. */
  readonly padding: number;
}

/** Numbers from one step along k to the next. */
export const strideOf = ({ padding }: Filled, edge: number): number => edge + padding;

/**
 * The loads of an operand's part of a tile, four neighbours at a time in the direction in which it is stored, into the k-major tile.
 * `along` says whether the four lie along k or along the tile's rows (for b: columns). Beyond the edges they write 0.
 */
export function fill(spec: MatmulSpec, form: Filled, operand: 'a' | 'b', along: 'k' | 'edge'): string {
  const { k } = spec;
  const [tile, start, size, extent] = operand === 'a' ? ['tileA', 'tileRow', spec.m, form.rows] as const : ['tileB', 'tileColumn', spec.n, form.columns] as const;
  const stride = strideOf(form, extent);
  const { lanes } = form;
  const stored = (value: string): string => (form.type === 'f16' ? `f16(${value})` : value);
  const loads = (extent * form.depth) / (4 * lanes);
  const at = loads === 1 ? 'lane' : 'place';
  const [across, first, second] = along === 'k' ? [form.depth / 4, 'edge', 'depth'] as const : [extent / 4, 'depth', 'edge'] as const;
  const target = (j: number): string => (along === 'k' ? `${j === 0 ? 'depth' : `(depth + ${j}u)`} * ${stride}u + edge` : plus(`depth * ${stride}u + edge`, j));
  const inside = (j: number): string => (along === 'k'
    ? `${start} + edge < ${size}u && ${plus('k + depth', j)} < ${k}u`
    : `k + depth < ${k}u && ${plus(`${start} + edge`, j)} < ${size}u`);
  const [row, column] = along === 'k' ? ['position', 'step'] as const : ['step', 'position'] as const;
  const [positionText, stepText] = [`let position = min(${start} + edge, ${size - 1}u);`, `let step = min(k + depth, ${k - 1}u);`];
  // A loop, not the same text several times: software adapters take minutes to compile that.
  return wgsl`
#if ${loads > 1}
for (var load = 0u; load < ${loads}u; load++) {
      let place = lane + load * ${lanes}u;
#else
{
#endif
      let ${first} = ${at} / ${across}u;
      let ${second} = (${at} % ${across}u) * 4u;
      ${along === 'k' ? positionText : stepText}
      ${along === 'k' ? stepText : positionText}
      let four = ${loadText(spec, operand, row, column)};
      ${lines(4, (j) => `${tile}[${target(j)}] = ${stored(`select(0.0, four.${COMPONENTS[j]}, ${inside(j)})`)};`, '      ')}
    }`.trim();
}

/** Four neighbours of a tile as one vector. */
const four = (tile: string, stride: number, position: string): string => wgsl`
vec4f(
        ${lines(4, (i) => `${tile}[${plus(`depth * ${stride}u + ${position}`, i)}],`, '        ')}
      )`.trim();

/** `fourA`, or `fourA1` for the second of several. */
const nth = (name: string, part: number): string => (part === 0 ? name : `${name}${part}`);

/**
 * A workgroup makes a tile of C through workgroup memory; each lane its part of it in registers, in fours that lie apart where it has
 * several, so that neighbouring lanes read neighbouring banks. For adapters on which neighbouring lanes really run together.
 */
export function matmulTiled(spec: MatmulSpec, tile: Tile, variant: string): Kernel {
  const { m, n, k, transposeA, transposeB } = spec;
  // A row of padding keeps lanes of one column off the same memory bank.
  const form = { ...tile, lanes: lanesOf(tile), type: 'f32', padding: 1 } as const;
  const [strideA, strideB] = [strideOf(form, form.rows), strideOf(form, form.columns)];
  const tileColumns = Math.ceil(n / form.columns);
  const tiles = Math.ceil(m / form.rows) * tileColumns;
  const [foursDown, foursAcross] = [form.laneRows / 4, form.laneColumns / 4];
  /** Fours of a lane lie this far apart. */
  const [stepRows, stepColumns] = [form.rows / foursDown, form.columns / foursAcross];
  const lanesAcross = form.columns / form.laneColumns;
  const rowOf = (i: number): string => plus('row', Math.floor(i / 4) * stepRows + (i % 4));
  const sum = (i: number, part: number): string => (part === 0 ? `sum${i}` : `right${i}`);
  const count = productCount(spec) * tiles;
  const many = productCount(spec) > 1;
  const parts = matmulParts(spec);
  return workgroupKernel({
    name: `matmul-${layoutName(spec)}/${variant}${halfName(spec)}`,
    formula: matmulFormula(spec),
    declarations: parts.declarations,
    functions: `${parts.functions}
var<workgroup> tileA: array<f32, ${form.depth * strideA}>;
var<workgroup> tileB: array<f32, ${form.depth * strideB}>;`,
    workgroupSize: form.lanes,
    count,
    body: wgsl`
#if ${isBatched(spec)}
// Groups beyond the last product compute it again, for all lanes must come to the barriers; they store nothing.
  ${startsText(spec, `min(group, ${count - 1}u) / ${tiles}u`)}
#endif
  let tileRow = (${many ? `(group % ${tiles}u)` : 'group'} / ${tileColumns}u) * ${form.rows}u;
  let tileColumn = (group % ${tileColumns}u) * ${form.columns}u;
  let laneRow = (lane / ${lanesAcross}u) * 4u;
  let laneColumn = (lane % ${lanesAcross}u) * 4u;
  ${lines(foursAcross, (part) => lines(form.laneRows, (i) => `var ${sum(i, part)} = vec4f(0.0);`))}
#if ${spec.rowSums}
  ${lines(foursDown, (part) => `var ${nth('totals', part)} = vec4f(0.0);`)}
#endif
  ${forEachTerm(spec, wgsl`
for (var k = 0u; k < ${k}u; k += ${form.depth}u) {
    ${fill(spec, form, 'a', transposeA ? 'edge' : 'k')}
    ${fill(spec, form, 'b', transposeB ? 'k' : 'edge')}
    workgroupBarrier();
    for (var depth = 0u; depth < ${form.depth}u; depth++) {
      ${lines(foursDown, (part) => `let ${nth('fourA', part)} = ${four('tileA', strideA, plus('laneRow', part * stepRows))};`, '      ')}
      ${lines(foursAcross, (part) => `let ${nth('fourB', part)} = ${four('tileB', strideB, plus('laneColumn', part * stepColumns))};`, '      ')}
      ${lines(foursAcross, (part) => lines(form.laneRows, (i) => `${sum(i, part)} += ${nth('fourA', Math.floor(i / 4))}.${COMPONENTS[i % 4]} * ${nth('fourB', part)};`, '      '), '      ')}
#if ${spec.rowSums}
      ${lines(foursDown, (part) => `${nth('totals', part)} += ${nth('fourA', part)};`, '      ')}
#endif
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }`.trim())}
  let row = tileRow + laneRow;
  ${lines(foursAcross, (part) => {
    const text = wgsl`
let column = ${plus('tileColumn + laneColumn', part * stepColumns)};
  if (column < ${n}u${many ? ` && group < ${count}u` : ''}) {
    ${lines(form.laneRows, (i) => `if (${rowOf(i)} < ${m}u) {
      ${storeText(spec, sum(i, part), rowOf(i))}
    }`, '    ')}
  }`.trim();
    return part === 0 ? text : `{\n${text}\n}`;
  })}
#if ${spec.rowSums}
  if (column == 0u${many ? ` && group < ${count}u` : ''}) {
    ${lines(form.laneRows, (i) => `if (${rowOf(i)} < ${m}u) {
      ${rowSumsPlace(spec, rowOf(i))} = ${nth('totals', Math.floor(i / 4))}.${COMPONENTS[i % 4]};
    }`, '    ')}
  }
#endif`,
  });
}
