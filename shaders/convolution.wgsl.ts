import { chainCall, chainFormula, chainFunctions, chainParts, isFull, storeDeclaration, storeFunction, type ChainStep } from './chain.wgsl.ts';
import {
  block, blockLength, component, decode, flattened, gather, guarded, registerColumns, registerLoad, registersOf, tapText, VECTORS, type Convolution,
} from './convolution-parts.wgsl.ts';
import { arrayType, halfName, halfOr, laneKernel, numberText, type Kernel } from './kernel.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/**
 * A convolution, or with `transposed` the same one backwards, as its input's gradient and a transposed convolution want it: there
 * `source` has the convolution's output's shape and `out` its input's. The weight is [out, in / groups, height, width] either way.
 */
export interface ConvolutionSpec extends Convolution {
  readonly transposed: boolean;
  /** Adds bias[channel of out]. */
  readonly bias: boolean;
  readonly epilogue: readonly ChainStep[];
}

/** Rows and columns of `out` as chains see it: [batch · channels · height, width]. */
export function convolutionMatrix({ batch, groups, inChannels, outChannels, input, output, transposed }: ConvolutionSpec): { rows: number; columns: number } {
  const [height, columns] = transposed ? input : output;
  return { rows: batch * groups * (transposed ? inChannels : outChannels) * height, columns };
}

/** Kernels that are wider are loops over their columns: unrolled they would be long texts. */
export const UNROLLED = 12;
/** Channels and columns that one lane makes. */
const CHANNELS = 4;
const COLUMNS = 14;

/** One row where the chain allows it: its operands must lie like `out`. */
export function simplified(spec: ConvolutionSpec): ConvolutionSpec {
  const { rows, columns } = convolutionMatrix(spec);
  const operands = spec.epilogue.flatMap(({ operands: all }) => all);
  if (!operands.every(({ access }) => isFull(access, rows, columns))) return spec;
  const flat = flattened(spec);
  const matrix = convolutionMatrix(flat);
  const access = { rowTerms: [{ divide: 1, modulo: matrix.rows, stride: matrix.columns }], columnStride: 1, count: rows * columns } as const;
  return { ...flat, epilogue: flat.epilogue.map((step) => ({ ...step, operands: step.operands.map(({ name, access: { type } }) => ({ name, access: type ? { ...access, type } : access })) })) };
}

export function formulaOf({ transposed, bias, epilogue, stride, padding, dilation, groups }: ConvolutionSpec): string {
  const axis = (name: string, index: 0 | 1): string =>
    `${name} · ${stride[index]} + k${name} · ${dilation[index]} - ${padding[index]}`;
  const sum = transposed
    ? 'Σ over o, ky, kx of source[n, o, y′, x′] · weight[o, i, ky, kx]'
    : `Σ over i, ky, kx of source[n, i, ${axis('y', 0)}, ${axis('x', 1)}] · weight[o, i, ky, kx]`;
  const start = bias ? `${sum} + bias[${transposed ? 'i' : 'o'}]` : sum;
  return `out[n, ${transposed ? 'i' : 'o'}, y, x] = ${chainFormula(start, epilogue)}${groups > 1 ? ` in each of ${groups} groups` : ''}
${transposed ? `where y = ${axis('y′', 0).replace('ky′', 'ky')} and x = ${axis('x′', 1).replace('kx′', 'kx')}` : ''}`.trim();
}

/**
 * One lane makes a block of up to 4 channels × 14 columns in registers. For each summed channel and kernel row it loads a stretch of a
 * source row once and uses each number for all taps that meet it; each weight serves all columns.
 */
export function convolutionBlock(original: ConvolutionSpec): Kernel {
  const spec = simplified(original);
  const { batch, groups, inChannels, outChannels, transposed, kernel: [kernelRows, kernelColumns], stride, epilogue } = spec;
  const [made, summed] = transposed ? [inChannels, outChannels] : [outChannels, inChannels];
  const [[rows, columns], [sourceRows, sourceColumns]] = transposed ? [spec.input, spec.output] : [spec.output, spec.input];
  const count = blockLength(made, CHANNELS);
  const width = blockLength(columns, COLUMNS, transposed ? stride[1] : 1);
  const blocks = Math.ceil(columns / width);
  const channelBlocks = Math.ceil(made / count);
  const matrix = convolutionMatrix(spec);
  const parts = chainParts(epilogue, 1, matrix.rows, matrix.columns);
  const inner = kernelColumns <= UNROLLED && width <= COLUMNS ? unrolled(spec, { width, blocks, count }) : looped(spec, { width, count });
  const weightCount = groups * outChannels * inChannels * kernelRows * kernelColumns;
  const area = kernelRows * kernelColumns;
  const isWhole = made % count === 0;

  const results = (indentation: string, channel: number): string => {
    const deeper = (column: number) => guarded(columns % width === 0 || column === 0 ? '' : `${plus('column', column)} < ${columns}u`,
      () => `store_out(outRow${channel}, ${plus('column', column)}, ${chainCall('epilogue', epilogue, component(`sum${column}`, channel, count), `outRow${channel}`, plus('column', column))});`,
      indentation);
    return block([
      `let outRow${channel} = ${times(plus('firstChannel', channel), rows)} + row;`,
      ...Array.from({ length: width }, (_, column) => deeper(column)),
    ], indentation);
  };
  return laneKernel({
    name: `convolution${transposed ? '-transposed' : ''}/block${halfName(spec)}`,
    formula: formulaOf(spec),
    declarations: [
      { name: 'source', access: 'read', type: arrayType(batch * groups * summed * sourceRows * sourceColumns, false, halfOr(spec, 'source')) },
      { name: 'weight', access: 'read', type: arrayType(weightCount, false, halfOr(spec, 'weight')) },
      ...(spec.bias ? [{ name: 'bias', access: 'read', type: arrayType(groups * made) } as const] : []),
      ...parts.declarations, storeDeclaration('out', 1, matrix.rows, matrix.columns, halfOr(spec, 'out')),
    ],
    functions: ['alias Value = f32;', storeFunction('out', 1, matrix.rows, matrix.columns, halfOr(spec, 'out')), parts.functions, chainFunctions({ epilogue })].join('\n\n'),
    count: batch * groups * channelBlocks * rows * blocks,
    body: wgsl`
${decode('lane', [['columnBlock', blocks], ['row', rows], ['channelBlock', channelBlocks], ['group', groups], ['example', batch]])}
  let column = ${times('columnBlock', width)};
  let channel = ${times('channelBlock', count)};
  ${lines(count, (c) => `let weights${c} = group * ${outChannels * inChannels * area}u + ${
    times(c === 0 ? 'channel' : isWhole ? `channel + ${c}u` : `min(channel + ${c}u, ${made - 1}u)`, (transposed ? 1 : inChannels) * area)};`)}
  ${inner.columns}
  ${lines(width, (j) => `var sum${j} = ${VECTORS[count - 1]}(0.0);`)}
  for (var i = 0u; i < ${summed}u; i++) {
    let plane = (${times('example', groups)} + group) * ${summed}u + i;
    for (var ky = 0u; ky < ${kernelRows}u; ky++) {
#if ${transposed}
      let tap = ${plus('row', spec.padding[0])} - ${times('ky', spec.dilation[0])};
      let sourceRow = ${stride[0] === 1 ? 'tap' : `tap / ${stride[0]}u`};
      if (${stride[0] > 1 ? `tap % ${stride[0]}u != 0u || ` : ''}sourceRow >= ${sourceRows}u) {
#else
      let sourceRow = ${tapText(spec, 0, 'row', 'ky')};
      if (sourceRow >= ${sourceRows}u) {
#endif
        continue;
      }
      let sourceStart = (plane * ${sourceRows}u + sourceRow) * ${sourceColumns}u;
      let taps = i * ${(transposed ? inChannels : 1) * area}u + ky * ${kernelColumns}u;
      ${inner.body}
    }
  }
#if ${spec.bias}
  let added = ${gather(count, (c) => `bias[group * ${made}u + ${c === 0 ? 'channel' : isWhole ? `channel + ${c}u` : `min(channel + ${c}u, ${made - 1}u)`}]`)};
  ${lines(width, (j) => `sum${j} += added;`)}
#endif
  let firstChannel = (${times('example', groups)} + group) * ${made}u + channel;
  ${lines(count, (c) => guarded(isWhole || c === 0 ? '' : `channel + ${c}u < ${made}u`, (indentation) => results(indentation, c), '  '))}`,
  });
}

/** The weights of one tap for the channels that a lane makes. */
const weightsOf = (spec: ConvolutionSpec, count: number, tap: string): string => gather(count, (c) => numberText(spec, 'weight', `weights${c} + ${tap}`));

interface Block {
  readonly width: number;
  readonly count: number;
}

/** Where the tap of a result stands, in columns from where its block begins; undefined where the stride leaves it out. */
export function offsetOf({ transposed, stride, padding, dilation }: ConvolutionSpec, result: number, tap: number): number | undefined {
  if (!transposed) return result * stride[1] + tap * dilation[1] - padding[1];
  const distance = result + padding[1] - tap * dilation[1];
  return distance % stride[1] === 0 ? distance / stride[1] : undefined;
}

/** All kernel columns in the text: which numbers meet is decided here, also where a stride leaves holes. */
function unrolled(spec: ConvolutionSpec, { width, blocks, count }: Block & { readonly blocks: number }): { columns: string; body: string } {
  const { transposed, stride, kernel } = spec;
  const [results, columns] = transposed ? [spec.input[1], spec.output[1]] : [spec.output[1], spec.input[1]];
  const step = transposed ? width / stride[1] : width * stride[1];
  const registers = registersOf({ length: width, blocks, results, step, columns }, kernel[1], (result, tap) => offsetOf(spec, result, tap));
  const registerAt = new Map(registers.map(({ offset }, index) => [offset, index]));
  const taps = Array.from({ length: kernel[1] }, (_, tap) => {
    const sums = Array.from({ length: width }, (__, result) => {
      const offset = offsetOf(spec, result, tap);
      return offset === undefined ? '' : `sum${result} += weight${tap} * source${registerAt.get(offset)!};`;
    });
    return sums.every((sum) => sum === '') ? '' : block([`let weight${tap} = ${weightsOf(spec, count, plus('taps', tap))};`, ...sums], '      ');
  });
  return {
    columns: block(['let begin = ' + times('columnBlock', step) + ';', registerColumns(registers, 'begin', columns, 'source', '  ')], '  '),
    body: block([...registers.map((register, index) => `let source${index} = ${registerLoad(register, index, spec, 'source', 'sourceStart', 'source')};`), ...taps], '      '),
  };
}

/** A loop over the kernel's columns: each number is loaded for each tap anew. */
function looped(spec: ConvolutionSpec, { width, count }: Block): { columns: string; body: string } {
  const { transposed, stride, kernel, padding, dilation } = spec;
  const columns = (transposed ? spec.output : spec.input)[1];
  const load = (result: number): string => {
    if (!transposed) {
      return `let at${result} = ${tapText(spec, 1, result === 0 ? 'column' : `(column + ${result}u)`, 'kx')};
        let source${result} = select(0.0, ${numberText(spec, 'source', `sourceStart + min(at${result}, ${columns - 1}u)`)}, at${result} < ${columns}u);`;
    }
    const hole = stride[1] > 1 ? `at${result} % ${stride[1]}u == 0u && ` : '';
    const place = stride[1] > 1 ? `at${result} / ${stride[1]}u` : `at${result}`;
    return `let at${result} = ${plus('column', result + padding[1])} - ${times('kx', dilation[1])};
        let source${result} = select(0.0, ${numberText(spec, 'source', `sourceStart + min(${place}, ${columns - 1}u)`)}, ${hole}${place} < ${columns}u);`;
  };
  return {
    columns: '',
    body: wgsl`
for (var kx = 0u; kx < ${kernel[1]}u; kx++) {
        let weights = ${weightsOf(spec, count, 'taps + kx')};
        ${lines(width, load, '        ')}
        ${lines(width, (result) => `sum${result} += weights * source${result};`, '        ')}
      }`.trim(),
  };
}
