import { workgroupKernel, type Kernel } from './kernel.ts';
import { layoutName, loadText, matmulParts, type MatmulSpec } from './matmul.wgsl.ts';
import { lines, wgsl } from './wgsl.ts';

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
function fill(operand: 'a' | 'b', along: 'k' | 'edge', size: number, k: number): string {
  const tile = operand === 'a' ? 'tileA' : 'tileB';
  const start = operand === 'a' ? 'tileRow' : 'tileColumn';
  if (along === 'k') {
    return wgsl`
{
      let edge = lane / ${TILE_DEPTH / 4}u;
      let depth = (lane % ${TILE_DEPTH / 4}u) * 4u;
      let four = ${loadText(operand, `min(${start} + edge, ${size - 1}u)`, `min(k + depth, ${k - 1}u)`)};
      ${lines(4, (j) => `${tile}[(depth + ${j}u) * ${STRIDE}u + edge] = select(0.0, four[${j}], ${start} + edge < ${size}u && k + depth + ${j}u < ${k}u);`, '      ')}
    }`.trim();
  }
  return wgsl`
{
      let depth = lane / ${TILE / 4}u;
      let edge = (lane % ${TILE / 4}u) * 4u;
      let four = ${loadText(operand, `min(k + depth, ${k - 1}u)`, `min(${start} + edge, ${size - 1}u)`)};
      ${lines(4, (j) => `${tile}[depth * ${STRIDE}u + edge + ${j}u] = select(0.0, four[${j}], k + depth < ${k}u && ${start} + edge + ${j}u < ${size}u);`, '      ')}
    }`.trim();
}

/**
 * A workgroup makes a 64 × 64 tile of C through workgroup memory; each lane 4 × 4 of it in registers.
 * For adapters on which neighbouring lanes really run together.
 */
export function matmulTiled(spec: MatmulSpec): Kernel {
  const { m, n, k, transposeA, transposeB } = spec;
  const tileColumns = Math.ceil(n / TILE);
  const parts = matmulParts(spec);
  return workgroupKernel({
    name: `matmul-${layoutName(spec)}/tiled`,
    formula: `out[${m}, ${n}] = Σ over k < ${k} of A[m, k] · B[k, n]`,
    declarations: parts.declarations,
    functions: `${parts.functions}
var<workgroup> tileA: array<f32, ${TILE_DEPTH * STRIDE}>;
var<workgroup> tileB: array<f32, ${TILE_DEPTH * STRIDE}>;`,
    workgroupSize: TILE_LANES,
    count: Math.ceil(m / TILE) * tileColumns,
    body: wgsl`
let tileRow = (group / ${tileColumns}u) * ${TILE}u;
  let tileColumn = (group % ${tileColumns}u) * ${TILE}u;
  let laneRow = (lane / ${TILE / 4}u) * 4u;
  let laneColumn = (lane % ${TILE / 4}u) * 4u;
  ${lines(4, (i) => `var sum${i} = vec4f(0.0);`)}
#if ${spec.rowSums}
  var totals = vec4f(0.0);
#endif
  for (var k = 0u; k < ${k}u; k += ${TILE_DEPTH}u) {
    ${fill('a', transposeA ? 'edge' : 'k', m, k)}
    ${fill('b', transposeB ? 'k' : 'edge', n, k)}
    workgroupBarrier();
    for (var depth = 0u; depth < ${TILE_DEPTH}u; depth++) {
      let fourA = vec4f(${[0, 1, 2, 3].map((i) => `tileA[depth * ${STRIDE}u + laneRow + ${i}u]`).join(', ')});
      let fourB = vec4f(${[0, 1, 2, 3].map((i) => `tileB[depth * ${STRIDE}u + laneColumn + ${i}u]`).join(', ')});
      ${lines(4, (i) => `sum${i} += fourA[${i}] * fourB;`, '      ')}
#if ${spec.rowSums}
      totals += fourA;
#endif
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  let row = tileRow + laneRow;
  let column = tileColumn + laneColumn;
  if (column < ${n}u) {
    ${lines(4, (i) => `if (row + ${i}u < ${m}u) {
      store_out(row + ${i}u, column, epilogue(sum${i}, row + ${i}u, column));
    }`, '    ')}
  }
#if ${spec.rowSums}
  if (column == 0u) {
    ${lines(4, (i) => `if (row + ${i}u < ${m}u) {
      rowSums[row + ${i}u] = totals[${i}];
    }`, '    ')}
  }
#endif`,
  });
}
