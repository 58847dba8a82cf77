import { chainCall, chainFormula, chainFunctions, chainParts, storeDeclaration, storeFunction, type ChainStep } from './chain.wgsl.ts';
import { blockLength, decode, tapText, type Window } from './convolution-parts.wgsl.ts';
import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { float, plus, times, wgsl } from './wgsl.ts';

/** A window that moves over each of `planes` planes. */
export interface PoolingSpec extends Window {
  readonly planes: number;
  readonly epilogue: readonly ChainStep[];
}

/** For a mean: what its sum is divided by. */
export interface AveragePoolingSpec extends PoolingSpec {
  /** Whether padding counts as elements. */
  readonly countIncludePad: boolean;
}

/** Columns that one lane makes: its place is decoded once for all of them. */
const COLUMNS = 8;

/** Rows and columns of what a kernel writes, as chains see it. */
export const poolingMatrix = ({ planes, input, output }: PoolingSpec, direction: 'forward' | 'backward'): { rows: number; columns: number } => {
  const [height, columns] = direction === 'forward' ? output : input;
  return { rows: planes * height, columns };
};

/** What the kernels of one direction share: a loop over a block of columns of `out`, whose body leaves `result`. */
function pooling(
  spec: PoolingSpec, direction: 'forward' | 'backward', parts: { name: string; formula: string; reads: readonly Declaration[]; writes?: readonly Declaration[]; body: string },
): Kernel {
  const { rows, columns } = poolingMatrix(spec, direction);
  const width = blockLength(columns, COLUMNS);
  const blocks = Math.ceil(columns / width);
  const chain = chainParts(spec.epilogue, 1, rows, columns);
  const last = columns % width === 0 ? `firstColumn + ${width}u` : `min(firstColumn + ${width}u, ${columns}u)`;
  return laneKernel({
    name: parts.name,
    formula: parts.formula,
    declarations: [...parts.reads, ...chain.declarations, storeDeclaration('out', 1, rows, columns), ...parts.writes ?? []],
    functions: ['alias Value = f32;', storeFunction('out', 1, rows, columns), chain.functions, chainFunctions({ epilogue: spec.epilogue })].join('\n\n'),
    count: rows * blocks,
    body: wgsl`
${decode('lane', [['columnBlock', blocks], ['row', rows / spec.planes], ['plane', spec.planes]])}
  let outRow = plane * ${rows / spec.planes}u + row;
  let firstColumn = ${times('columnBlock', width)};
  for (var column = firstColumn; column < ${last}; column++) {
    ${parts.body.trim()}
    store_out(outRow, column, ${chainCall('epilogue', spec.epilogue, 'result', 'outRow', 'column')});
  }`,
  });
}

const source = (name: string, { planes }: PoolingSpec, [rows, columns]: readonly number[]): Declaration =>
  ({ name, access: 'read', type: arrayType(planes * rows * columns) });

/** `index[…]` = ky · width + kx of the first largest element of each window, and out = that element. NaN counts as the largest. */
export function maxPooling(spec: PoolingSpec): Kernel {
  const { planes, input, output, kernel } = spec;
  return pooling(spec, 'forward', {
    name: 'max-pooling/row',
    formula: `out[p, y, x] = ${chainFormula('max over ky, kx of x[p, y · stride + ky, x · stride + kx]', spec.epilogue)}
index = ky · ${kernel[1]} + kx of the first that is the largest`,
    reads: [source('x', spec, input)],
    writes: [{ name: 'index', access: 'write', type: arrayType(planes * output[0] * output[1]) }],
    body: wgsl`
var result = 0.0;
    var chosen = ${kernel[0] * kernel[1]}u;
    for (var ky = 0u; ky < ${kernel[0]}u; ky++) {
      let inputRow = ${tapText(spec, 0, 'row', 'ky')};
      if (inputRow >= ${input[0]}u) {
        continue;
      }
      for (var kx = 0u; kx < ${kernel[1]}u; kx++) {
        let inputColumn = ${tapText(spec, 1, 'column', 'kx')};
        if (inputColumn >= ${input[1]}u) {
          continue;
        }
        let value = x[(plane * ${input[0]}u + inputRow) * ${input[1]}u + inputColumn];
        // By its bits, because a NaN is greater than nothing: what has diverged must not look healthy.
        let isNumber = (bitcast<u32>(value) & 0x7fffffffu) <= 0x7f800000u;
        if (value > result || chosen == ${kernel[0] * kernel[1]}u || !isNumber) {
          result = value;
          chosen = ky * ${kernel[1]}u + kx;
        }
      }
    }
    index[outRow * ${output[1]}u + column] = f32(chosen);`,
  });
}

/** The places of the windows that hold (row, column): for each ky, kx at most one, at (outputRow, outputColumn). */
function overWindows(spec: Window, inner: string): string {
  const { kernel, stride, output, padding, dilation } = spec;
  const place = (axis: 0 | 1, at: string, tap: string, name: string, indentation: string): string => wgsl`
let ${name}Distance = ${plus(at, padding[axis])} - ${times(tap, dilation[axis])};
${indentation}let output${name === 'row' ? 'Row' : 'Column'} = ${stride[axis] === 1 ? `${name}Distance` : `${name}Distance / ${stride[axis]}u`};
${indentation}if (${stride[axis] > 1 ? `${name}Distance % ${stride[axis]}u != 0u || ` : ''}output${name === 'row' ? 'Row' : 'Column'} >= ${output[axis]}u) {
${indentation}  continue;
${indentation}}`.trim();
  return wgsl`
for (var ky = 0u; ky < ${kernel[0]}u; ky++) {
      ${place(0, 'row', 'ky', 'row', '      ')}
      for (var kx = 0u; kx < ${kernel[1]}u; kx++) {
        ${place(1, 'column', 'kx', 'column', '        ')}
        ${inner}
      }
    }`.trim();
}

/** Each element collects the gradients of the windows that chose it. */
export function maxPoolingBackward(spec: PoolingSpec): Kernel {
  const { kernel, output } = spec;
  return pooling(spec, 'backward', {
    name: 'max-pooling-backward/row',
    formula: `dx[p, y, x] = ${chainFormula('Σ of dout over the windows that chose it', spec.epilogue)}`,
    reads: [source('dout', spec, output), source('index', spec, output)],
    body: wgsl`
var result = 0.0;
    ${overWindows(spec, wgsl`
let at = (plane * ${output[0]}u + outputRow) * ${output[1]}u + outputColumn;
        if (u32(index[at]) == ky * ${kernel[1]}u + kx) {
          result += dout[at];
        }`.trim())}`,
  });
}

/** The number that the sum of a window at (outputRow, outputColumn) is multiplied by: one over its elements, those of the padding included where they count. */
function factorText({ kernel, input, output, stride, padding, countIncludePad }: AveragePoolingSpec, row: string, column: string): string {
  const spans = ([0, 1] as const).map((axis) => {
    const [size, at] = [input[axis], axis === 0 ? row : column];
    const first = (output[axis] - 1) * stride[axis] - padding[axis];
    const [hasBefore, hasAfter] = [padding[axis] > 0, first + kernel[axis] > size + (countIncludePad ? padding[axis] : 0)];
    const start = times(at, stride[axis]);
    // Counted from the padding's edge, where nothing is negative.
    const end = hasAfter ? `min(${start} + ${kernel[axis]}u, ${size + (countIncludePad ? 2 : 1) * padding[axis]}u)` : `${start} + ${kernel[axis]}u`;
    if (!hasAfter && (countIncludePad || !hasBefore)) return `${kernel[axis]}u`;
    return `(${end} - ${countIncludePad || !hasBefore ? start : `max(${start}, ${padding[axis]}u)`})`;
  });
  return spans.every((span) => !span.includes(' ')) ? float(1 / (kernel[0] * kernel[1])) : `1.0 / f32(${spans.join(' * ')})`;
}

/** The mean of each window. */
export function averagePooling(spec: AveragePoolingSpec): Kernel {
  const { input, kernel } = spec;
  return pooling(spec, 'forward', {
    name: 'average-pooling/row',
    formula: `out[p, y, x] = ${chainFormula('mean over ky, kx of x[p, y · stride + ky, x · stride + kx]', spec.epilogue)}`,
    reads: [source('x', spec, input)],
    body: wgsl`
var sum = 0.0;
    for (var ky = 0u; ky < ${kernel[0]}u; ky++) {
      let inputRow = ${tapText(spec, 0, 'row', 'ky')};
      if (inputRow >= ${input[0]}u) {
        continue;
      }
      for (var kx = 0u; kx < ${kernel[1]}u; kx++) {
        let inputColumn = ${tapText(spec, 1, 'column', 'kx')};
        if (inputColumn < ${input[1]}u) {
          sum += x[(plane * ${input[0]}u + inputRow) * ${input[1]}u + inputColumn];
        }
      }
    }
    let result = sum * (${factorText(spec, 'row', 'column')});`,
  });
}

/** Each element collects its share of the gradients of the windows that hold it. */
export function averagePoolingBackward(spec: AveragePoolingSpec): Kernel {
  const { output } = spec;
  return pooling(spec, 'backward', {
    name: 'average-pooling-backward/row',
    formula: `dx[p, y, x] = ${chainFormula('Σ of dout / elements over the windows that hold it', spec.epilogue)}`,
    reads: [source('dout', spec, output)],
    body: wgsl`
var result = 0.0;
    ${overWindows(spec, `result += dout[(plane * ${output[0]}u + outputRow) * ${output[1]}u + outputColumn] * (${factorText(spec, 'outputRow', 'outputColumn')});`)}`,
  });
}
