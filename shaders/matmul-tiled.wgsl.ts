import { halfName, workgroupKernel, type Kernel } from './kernel.ts';
import { isBatched, productCount, startsText } from './matmul-batch.wgsl.ts';
import { COMPONENTS, forEachTerm, layoutName, loadText, matmulFormula, matmulParts, storeText, type MatmulSpec } from './matmul.wgsl.ts';
import { lines, plus, wgsl } from './wgsl.ts';

/** Rows and columns of C that one workgroup makes. */
export const TILE = 64;
/** Steps along k between two barriers. */
export const TILE_DEPTH = 16;
/** Lanes: each makes 4 × 4 of the tile. */
const TILE_LANES = (TILE / 4) * (TILE / 4);
/** A row of padding keeps lanes of one column off the same memory bank. */
const STRIDE = TILE + 1;

/**
 * One load of four neighbours, in the direction in which the operand is stored, into the k-major tile.
 * `along` says whether the four lie along k or along the tile's rows (for b: columns). Beyond the edges it writes 0.
 */
function fill(spec: MatmulSpec, operand: 'a' | 'b', along: 'k' | 'edge'): string {
  const { k } = spec;
  const [tile, start, size] = operand === 'a' ? ['tileA', 'tileRow', spec.m] as const : ['tileB', 'tileColumn', spec.n] as const;
  if (along === 'k') {
    return wgsl`
{
      let edge = lane / ${TILE_DEPTH / 4}u;
      let depth = (lane % ${TILE_DEPTH / 4}u) * 4u;
      let position = min(${start} + edge, ${size - 1}u);
      let step = min(k + depth, ${k - 1}u);
      let four = ${loadText(spec, operand, 'position', 'step')};
      ${lines(4, (j) => `${tile}[${j === 0 ? 'depth' : `(depth + ${j}u)`} * ${STRIDE}u + edge] = select(0.0, four.${COMPONENTS[j]}, ${start} + edge < ${size}u && ${plus('k + depth', j)} < ${k}u);`, '      ')}
    }`.trim();
  }
  return wgsl`
{
      let depth = lane / ${TILE / 4}u;
      let edge = (lane % ${TILE / 4}u) * 4u;
      let step = min(k + depth, ${k - 1}u);
      let position = min(${start} + edge, ${size - 1}u);
      let four = ${loadText(spec, operand, 'step', 'position')};
      ${lines(4, (j) => `${tile}[${plus(`depth * ${STRIDE}u + edge`, j)}] = select(0.0, four.${COMPONENTS[j]}, k + depth < ${k}u && ${plus(`${start} + edge`, j)} < ${size}u);`, '      ')}
    }`.trim();
}

/** Four neighbours of a tile as one vector. */
const four = (tile: string, position: string): string => wgsl`
vec4f(
        ${lines(4, (i) => `${tile}[${plus(`depth * ${STRIDE}u + ${position}`, i)}],`, '        ')}
      )`.trim();

/**
 * A workgroup makes a 64 × 64 tile of C through workgroup memory; each lane 4 × 4 of it in registers.
 * For adapters on which neighbouring lanes really run together.
 */
export function matmulTiled(spec: MatmulSpec): Kernel {
  const { m, n, k, transposeA, transposeB } = spec;
  const tileColumns = Math.ceil(n / TILE);
  const tiles = Math.ceil(m / TILE) * tileColumns;
  const count = productCount(spec) * tiles;
  const many = productCount(spec) > 1;
  const parts = matmulParts(spec);
  return workgroupKernel({
    name: `matmul-${layoutName(spec)}/tiled${halfName(spec)}`,
    formula: matmulFormula(spec),
    declarations: parts.declarations,
    functions: `${parts.functions}
var<workgroup> tileA: array<f32, ${TILE_DEPTH * STRIDE}>;
var<workgroup> tileB: array<f32, ${TILE_DEPTH * STRIDE}>;`,
    workgroupSize: TILE_LANES,
    count,
    body: wgsl`
#if ${isBatched(spec)}
// Groups beyond the last product compute it again, for all lanes must come to the barriers; they store nothing.
  ${startsText(spec, `min(group, ${count - 1}u) / ${tiles}u`)}
#endif
  let tileRow = (${many ? `(group % ${tiles}u)` : 'group'} / ${tileColumns}u) * ${TILE}u;
  let tileColumn = (group % ${tileColumns}u) * ${TILE}u;
  let laneRow = (lane / ${TILE / 4}u) * 4u;
  let laneColumn = (lane % ${TILE / 4}u) * 4u;
  ${lines(4, (i) => `var sum${i} = vec4f(0.0);`)}
#if ${spec.rowSums}
  var totals = vec4f(0.0);
#endif
  ${forEachTerm(spec, wgsl`
for (var k = 0u; k < ${k}u; k += ${TILE_DEPTH}u) {
    ${fill(spec, 'a', transposeA ? 'edge' : 'k')}
    ${fill(spec, 'b', transposeB ? 'k' : 'edge')}
    workgroupBarrier();
    for (var depth = 0u; depth < ${TILE_DEPTH}u; depth++) {
      let fourA = ${four('tileA', 'laneRow')};
      let fourB = ${four('tileB', 'laneColumn')};
      ${lines(4, (i) => `sum${i} += fourA.${COMPONENTS[i]} * fourB;`, '      ')}
#if ${spec.rowSums}
      totals += fourA;
#endif
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }`.trim())}
  let row = tileRow + laneRow;
  let column = tileColumn + laneColumn;
  if (column < ${n}u${many ? ` && group < ${count}u` : ''}) {
    ${lines(4, (i) => `if (${plus('row', i)} < ${m}u) {
      ${storeText(spec, `sum${i}`, plus('row', i))}
    }`, '    ')}
  }
#if ${spec.rowSums}
  if (column == 0u) {
    ${lines(4, (i) => `if (${plus('row', i)} < ${m}u) {
      rowSums[${plus('row', i)}] = totals.${COMPONENTS[i]};
    }`, '    ')}
  }
#endif`,
  });
}
