import { blockLength, decode, type Pair } from './convolution-parts.wgsl.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { float, times, wgsl } from './wgsl.ts';

/** Each of `planes` planes `scale` times as high and wide. */
export interface UpsampleSpec {
  readonly planes: number;
  readonly input: Pair;
  readonly scale: Pair;
  readonly mode: 'nearest' | 'bilinear';
}

/** Columns that one lane makes. */
const COLUMNS = 8;

const AXES = ['Row', 'Column'] as const;

/** A kernel that makes each element of planes of this size: `body` leaves `result` for (plane, row, column). */
function planeKernel(spec: UpsampleSpec, [rows, columns]: Pair, parts: { name: string; formula: string; from: string; fromPlane: number; functions?: string; body: string }): Kernel {
  const width = blockLength(columns, COLUMNS);
  const blocks = Math.ceil(columns / width);
  const last = columns % width === 0 ? `firstColumn + ${width}u` : `min(firstColumn + ${width}u, ${columns}u)`;
  return laneKernel({
    name: parts.name,
    formula: parts.formula,
    declarations: [
      { name: parts.from, access: 'read', type: arrayType(spec.planes * parts.fromPlane) }, { name: 'out', access: 'write', type: arrayType(spec.planes * rows * columns) },
    ],
    functions: parts.functions ?? '',
    count: spec.planes * rows * blocks,
    body: wgsl`
${decode('lane', [['columnBlock', blocks], ['row', rows], ['plane', spec.planes]])}
  let start = plane * ${parts.fromPlane}u;
  let firstColumn = ${times('columnBlock', width)};
  for (var column = firstColumn; column < ${last}; column++) {
    ${parts.body.trim()}
    out[(plane * ${rows}u + row) * ${columns}u + column] = result;
  }`,
  });
}

/** Twice the place in the input that an output's middle falls on, in parts of `scale`, and at least 0: (2 · at + 1) − scale. */
const doubled = (at: string, scale: number): string => `max(2u * ${at} + 1u, ${scale}u) - ${scale}u`;

/** nearest: out[y, x] = x[y / scale, x / scale]. bilinear: the mean of the four around, weighted by how near they are (alignCorners false). */
export function upsample(spec: UpsampleSpec): Kernel {
  const { input, scale, mode } = spec;
  const size = [input[0] * scale[0], input[1] * scale[1]] as const;
  const weights = AXES.map((name, axis) => wgsl`
let at${name} = ${doubled(axis === 0 ? 'row' : 'column', scale[axis])};
    let first${name}In = at${name} / ${2 * scale[axis]}u;
    let second${name}In = min(first${name}In + 1u, ${input[axis] - 1}u);
    let far${name} = f32(at${name} % ${2 * scale[axis]}u) * ${float(1 / (2 * scale[axis]))};`.trim()).join('\n    ');
  const at = (row: string, column: string): string => `x[start + ${row}RowIn * ${input[1]}u + ${column}ColumnIn]`;
  return planeKernel(spec, size, {
    name: `upsample-${mode}/row`,
    formula: mode === 'nearest'
      ? `out[p, y, x] = x[p, y / ${scale[0]}, x / ${scale[1]}]`
      : `out[p, y, x] = the mean of the four neighbours of x at ((y + 1/2) / ${scale[0]} - 1/2, (x + 1/2) / ${scale[1]} - 1/2) by their distance`,
    from: 'x', fromPlane: input[0] * input[1],
    body: mode === 'nearest' ? `let result = x[start + (row / ${scale[0]}u) * ${input[1]}u + column / ${scale[1]}u];` : wgsl`
${weights}
    let upper = ${at('first', 'first')} * (1.0 - farColumn) + ${at('first', 'second')} * farColumn;
    let lower = ${at('second', 'first')} * (1.0 - farColumn) + ${at('second', 'second')} * farColumn;
    let result = upper * (1.0 - farRow) + lower * farRow;`,
  });
}

/** Each element collects the gradients of the elements that were made from it, with their weights. */
export function upsampleBackward(spec: UpsampleSpec): Kernel {
  const { input, scale, mode } = spec;
  const [rows, columns] = [input[0] * scale[0], input[1] * scale[1]];
  const isNearest = mode === 'nearest';
  const weight = (axis: 0 | 1): string => wgsl`
// The weight of input \`to\` in output \`made\`: 1 where it falls on it, 0 from one input further on.
fn weight${AXES[axis]}(made: u32, to: u32) -> f32 {
  let place = min(${doubled('made', scale[axis])}, ${2 * scale[axis] * (input[axis] - 1)}u);
  let wanted = to * ${2 * scale[axis]}u;
  let distance = max(place, wanted) - min(place, wanted);
  return f32(${2 * scale[axis]}u - min(distance, ${2 * scale[axis]}u)) * ${float(1 / (2 * scale[axis]))};
}
`;
  // As many outputs as can hold an input lie around it.
  const first = (axis: 0 | 1, at: string): string => (isNearest ? times(at, scale[axis]) : `max(${times(at, scale[axis])}, ${Math.floor(scale[axis] / 2)}u) - ${Math.floor(scale[axis] / 2)}u`);
  const after = (axis: 0 | 1, at: string): string => (isNearest
    ? `${times(at, scale[axis])} + ${scale[axis]}u` : `min(${times(at, scale[axis])} + ${scale[axis] + Math.ceil(scale[axis] / 2)}u, ${[rows, columns][axis]}u)`);
  const [weightRow, product] = isNearest
    ? ['', 'result += dout[start + y * COLUMNSu + x];'] : ['let share = weightRow(y, row);', 'result += share * weightColumn(x, column) * dout[start + y * COLUMNSu + x];'];
  return planeKernel(spec, input, {
    name: `upsample-${mode}-backward/row`,
    formula: `dx[p, y, x] = Σ of dout over the outputs that x[p, y, x] is in${isNearest ? '' : ', each times its weight'}`,
    from: 'dout', fromPlane: rows * columns,
    functions: isNearest ? '' : `${weight(0)}\n${weight(1)}`,
    body: wgsl`
var result = 0.0;
    for (var y = ${first(0, 'row')}; y < ${after(0, 'row')}; y++) {
#if ${!isNearest}
      ${weightRow}
#endif
      for (var x = ${first(1, 'column')}; x < ${after(1, 'column')}; x++) {
        ${product.replace('COLUMNS', String(columns))}
      }
    }`,
  });
}
