import { halfName, halfOr, workgroupKernel, type Kernel } from './kernel.ts';
import { isBatched, productCount, startsText } from './matmul-batch.wgsl.ts';
import { fill, strideOf } from './matmul-tiled.wgsl.ts';
import { forEachTerm, layoutName, matmulFormula, matmulParts, rowSumsPlace, storeText, type MatmulSpec } from './matmul.wgsl.ts';
import { lines, plus, wgsl } from './wgsl.ts';

/** A small product that the lanes of one subgroup make together: out[m, n] += Σ over k of a[m, k] · b[k, n]; a and b of `type`, sums in f32. */
export interface MatrixUnit {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly type: 'f32' | 'f16';
  /** Lanes that a subgroup has at most. */
  readonly lanes: number;
}

/** WebGPU's name for it. In Chrome it needs chrome://flags/#enable-unsafe-webgpu. */
const FEATURE = 'chromium-experimental-subgroup-matrix';

/** Rows and columns of C that one subgroup makes. */
const PART = 32;
/** Lanes and bytes of a workgroup that every device has. */
const MOST_LANES = 256;
const MOST_BYTES = 16_384;

/** A workgroup's parts of C, side by side, its lanes, and the steps along k between two barriers. */
function formOf({ k, lanes: subgroup }: MatrixUnit) {
  // Of fewer lanes than a subgroup may have there are more subgroups: those beyond the parts only load.
  const [down, across] = subgroup * 4 <= MOST_LANES ? [2, 2] : [1, 2];
  const lanes = subgroup * down * across;
  const [rows, columns] = [down * PART, across * PART];
  // Each lane loads four numbers at least.
  return { down, across, lanes, rows, columns, depth: Math.max(16, k, (4 * lanes) / rows) };
}

/** Numbers of the strip through which results go to memory: `m` rows of each part. */
const stripOf = ({ down, across }: ReturnType<typeof formOf>, { m }: MatrixUnit): number => down * across * m * PART;

/** Numbers of padding of a tile's rows: 16 bytes, so that each begins where a matrix may. */
const paddingOf = ({ type }: MatrixUnit): number => (type === 'f16' ? 8 : 4);

/** True where a workgroup of such units has the shape that the kernel counts on (a lane for each row, for its sum), and fits into any device. */
function isUsable(unit: MatrixUnit): boolean {
  const form = formOf(unit);
  const tiles = form.depth * (form.rows + form.columns + 2 * paddingOf(unit)) * (unit.type === 'f16' ? 2 : 4);
  return [unit.m, unit.n].every((size) => size >= 4 && PART % size === 0) && form.depth % unit.k === 0 && form.lanes >= form.rows && form.lanes <= MOST_LANES && tiles + 4 * stripOf(form, unit) <= MOST_BYTES;
}

/** An adapter, as far as it tells of such units: of what sizes newer browsers only. */
interface MatrixAdapter {
  readonly features: { has(name: string): boolean };
  readonly info: {
    readonly subgroupMaxSize?: number;
    readonly subgroupMatrixConfigs?: Iterable<{ readonly componentType: string; readonly resultComponentType: string; readonly M: number; readonly N: number; readonly K: number }>;
  };
}

/** What an adapter has of such units, as far as sums are made in f32. None without the feature, or without sizes. */
export function matrixUnitsOf({ features, info: { subgroupMaxSize: lanes, subgroupMatrixConfigs = [] } }: MatrixAdapter): readonly MatrixUnit[] {
  if (!features.has(FEATURE) || lanes === undefined) return [];
  return Array.from(subgroupMatrixConfigs).flatMap(({ componentType: type, resultComponentType, M: m, N: n, K: k }): MatrixUnit[] => {
    if ((type !== 'f32' && !(type === 'f16' && features.has('shader-f16'))) || resultComponentType !== 'f32') return [];
    const unit: MatrixUnit = { m, n, k, type, lanes };
    return isUsable(unit) ? [unit] : [];
  });
}

/** The unit for a product: of f16 only where both operands hold that already, for nothing may be rounded on the way. The largest loads least. */
export function unitFor(spec: MatmulSpec, units: readonly MatrixUnit[]): MatrixUnit | undefined {
  const isHalf = halfOr(spec, 'a') === 'f16' && halfOr(spec, 'b') === 'f16';
  const size = ({ m, n }: MatrixUnit): number => m * n;
  const largest = (type: MatrixUnit['type']): MatrixUnit | undefined =>
    units.filter((unit) => unit.type === type).reduce<MatrixUnit | undefined>((best, unit) => (best && size(best) >= size(unit) ? best : unit), undefined);
  return (isHalf ? largest('f16') : undefined) ?? largest('f32');
}

/**
 * A workgroup makes a tile of C; each of its subgroups a part of 32 × 32, in units that its lanes multiply together. Both operands come
 * through workgroup memory, step by step along k, with zeros beyond their edges; the results go back through it, because only there a lane knows
 * which elements it has: for the epilogue, and for the edges.
 */
export function matmulSubgroupMatrix(spec: MatmulSpec, unit: MatrixUnit, variant: string): Kernel {
  const { m, n, k, transposeA, transposeB } = spec;
  const form = formOf(unit);
  const { down, across, rows, columns, depth, lanes } = form;
  const tile = { ...form, padding: paddingOf(unit), type: unit.type };
  const [strideA, strideB] = [strideOf(tile, rows), strideOf(tile, columns)];
  const parts = down * across;
  const [unitsDown, unitsAcross] = [PART / unit.m, PART / unit.n];
  const tileColumns = Math.ceil(n / columns);
  const tiles = Math.ceil(m / rows) * tileColumns;
  const count = productCount(spec) * tiles;
  const many = productCount(spec) > 1;
  const { declarations, functions } = matmulParts(spec);
  const each = (text: (i: number, j: number) => string): string => lines(unitsDown, (i) => lines(unitsAcross, (j) => text(i, j), '        '), '        ');
  // Columns of a matrix come before its rows.
  const result = `subgroup_matrix_result<f32, ${unit.n}, ${unit.m}>`;
  const fours = (unit.m * PART) / 4;
  return workgroupKernel({
    name: `matmul-${layoutName(spec)}/${variant}${halfName(spec)}`,
    formula: matmulFormula(spec),
    declarations,
    // Units of f16 only meet buffers of f16, which enable that.
    enables: ['chromium_experimental_subgroup_matrix'],
    builtins: '\n  @builtin(subgroup_id) subgroup: u32,',
    functions: `${functions}
var<workgroup> tileA: array<${unit.type}, ${depth * strideA}>;
var<workgroup> tileB: array<${unit.type}, ${depth * strideB}>;
var<workgroup> strip: array<f32, ${stripOf(form, unit)}>;`,
    workgroupSize: lanes,
    count,
    body: wgsl`
#if ${isBatched(spec)}
// Groups beyond the last product compute it again, for all lanes must come to the barriers; they store nothing.
  ${startsText(spec, `min(group, ${count - 1}u) / ${tiles}u`)}
#endif
  let tileRow = (${many ? `(group % ${tiles}u)` : 'group'} / ${tileColumns}u) * ${rows}u;
  let tileColumn = (group % ${tileColumns}u) * ${columns}u;
  let partRow = (subgroup / ${across}u) * ${PART}u;
  let partColumn = (subgroup % ${across}u) * ${PART}u;
  ${each((i, j) => `var sum${i}_${j} = ${result}();`)}
#if ${spec.rowSums}
  var total = 0.0;
#endif
  ${forEachTerm(spec, wgsl`
for (var k = 0u; k < ${k}u; k += ${depth}u) {
    ${fill(spec, tile, 'a', transposeA ? 'edge' : 'k')}
    ${fill(spec, tile, 'b', transposeB ? 'k' : 'edge')}
    workgroupBarrier();
    if (subgroup < ${parts}u) {
      for (var depth = 0u; depth < ${depth}u; depth += ${unit.k}u) {
        ${lines(unitsDown, (i) => `let left${i} = subgroupMatrixLoad<subgroup_matrix_left<${unit.type}, ${unit.k}, ${unit.m}>, col_major>(&tileA, ${plus(`depth * ${strideA}u + partRow`, i * unit.m)}, ${strideA}u);`, '        ')}
        ${lines(unitsAcross, (j) => `let right${j} = subgroupMatrixLoad<subgroup_matrix_right<${unit.type}, ${unit.n}, ${unit.k}>, row_major>(&tileB, ${plus(`depth * ${strideB}u + partColumn`, j * unit.n)}, ${strideB}u);`, '        ')}
        ${each((i, j) => `sum${i}_${j} = subgroupMatrixMultiplyAccumulate(left${i}, right${j}, sum${i}_${j});`)}
      }
    }
#if ${spec.rowSums}
    for (var depth = 0u; depth < ${depth}u; depth++) {
      total += f32(tileA[depth * ${strideA}u + min(lane, ${rows - 1}u)]);
    }
#endif
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }`.trim())}
  ${lines(unitsDown, (i) => wgsl`
if (subgroup < ${parts}u) {
    ${lines(unitsAcross, (j) => `subgroupMatrixStore<row_major>(&strip, ${plus(`subgroup * ${unit.m * PART}u`, j * unit.n)}, sum${i}_${j}, ${PART}u);`, '    ')}
  }
  workgroupBarrier();
  for (var place = lane; place < ${parts * fours}u; place += ${lanes}u) {
    let part = place / ${fours}u;
    let row = tileRow + (part / ${across}u) * ${PART}u + ${plus(`(place % ${fours}u) / ${PART / 4}u`, i * unit.m)};
    let column = tileColumn + (part % ${across}u) * ${PART}u + (place % ${PART / 4}u) * 4u;
    if (row < ${m}u && column < ${n}u${many ? ` && group < ${count}u` : ''}) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      ${storeText(spec, 'sum', 'row')}
    }
  }
  workgroupBarrier();`.trim())}
#if ${spec.rowSums}
  if (lane < ${rows}u && tileColumn == 0u && tileRow + lane < ${m}u${many ? ` && group < ${count}u` : ''}) {
    ${rowSumsPlace(spec, 'tileRow + lane')} = total;
  }
#endif`,
  });
}
