import {
  block, blockLength, component, decode, flattened, gather, guarded, registerColumns, registerLoad, registersOf, tapText, VECTORS, type Convolution,
} from './convolution-parts.wgsl.ts';
import { arrayType, halfName, halfOr, laneKernel, numberText, type Kernel } from './kernel.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/**
 * The gradient of a convolution's weight, as `splits` partial sums [splits, out, in / groups, height, width] over parts of the
 * batch's positions: a reduction in a fixed order makes one of them.
 */
export interface ConvolutionWeightSpec extends Convolution {
  readonly splits: number;
  /** Also writes biasSums [splits, out]: the partial sums of dout, which it reads anyway. */
  readonly bias: boolean;
}

/** Lanes that keep any adapter busy; a lane's share should be long enough to pay for its beginning and end. */
const LANES_WANTED = 2048;
const SHORTEST = 4;
/** Kernel columns that one lane serves, and weights along them and over input channels. */
const TAPS = 8;
const WEIGHTS = 12;
const CHANNELS = 4;
const COLUMNS = 8;

/** How the work is cut: a unit is a block of columns of one output row of one example. */
function cut(spec: Convolution) {
  const { groups, inChannels, outChannels, output, kernel } = spec;
  const width = blockLength(output[1], COLUMNS);
  const taps = blockLength(kernel[1], TAPS);
  const count = blockLength(outChannels, CHANNELS);
  const inCount = blockLength(inChannels, Math.max(1, Math.min(4, Math.floor(WEIGHTS / taps))));
  const [columnBlocks, tapBlocks] = [Math.ceil(output[1] / width), Math.ceil(kernel[1] / taps)];
  const [channelBlocks, inBlocks] = [Math.ceil(outChannels / count), Math.ceil(inChannels / inCount)];
  return {
    width, taps, count, inCount, columnBlocks, tapBlocks, channelBlocks, inBlocks,
    lanes: groups * channelBlocks * inBlocks * kernel[0] * tapBlocks, units: spec.batch * output[0] * columnBlocks,
  };
}

/** How many partial sums serve a convolution of this size: 1 where the weight alone keeps all lanes busy. */
export function weightSplits(convolution: Convolution): number {
  const { lanes, units } = cut(flattened(convolution));
  const wanted = Math.max(1, Math.min(Math.floor(LANES_WANTED / lanes), Math.floor(units / SHORTEST)));
  return Math.ceil(units / Math.ceil(units / wanted));
}

/**
 * One lane makes up to 4 output channels × 12 weights of one kernel row, over its share of the positions: for each block of columns it
 * loads a stretch of a row of x and of dout once and lets every pair that meets in a weight meet.
 */
export function convolutionWeight(original: ConvolutionWeightSpec): Kernel {
  const spec = flattened(original);
  const { batch, groups, inChannels, outChannels, input, output, kernel, stride, padding, dilation, splits } = spec;
  const { width, taps, count, inCount, columnBlocks, tapBlocks, channelBlocks, inBlocks, lanes, units } = cut(spec);
  const share = Math.ceil(units / splits);
  const [channels, weights] = [groups * outChannels, groups * outChannels * inChannels * kernel[0] * kernel[1]];
  // A block that begins at a tap of its own: the columns that all of them may meet.
  const offsetOf = (result: number, tap: number): number => result * stride[1] + tap * dilation[1] - padding[1];
  const columns = { length: width, blocks: columnBlocks, results: output[1], step: width * stride[1], columns: input[1] };
  const registers = tapBlocks === 1
    ? registersOf(columns, taps, offsetOf)
    : registersOf(columns, taps, offsetOf).map(({ offset }) => ({ offset, outside: 'padding' as const }));
  const registerAt = new Map(registers.map(({ offset }, index) => [offset, index]));
  const hasTail = output[1] % width !== 0;
  const planes = (of: string, begin: string, number: number, all: number): string => lines(number, (c) =>
    `let ${of}${c} = ${c === 0 ? begin : all % number === 0 ? `${begin} + ${c}u` : `min(${begin} + ${c}u, ${all - 1}u)`};`);
  const douts = lines(width, (j) => {
    const load = gather(count, (c) => numberText(spec, 'dout', `douts${c} + ${hasTail ? `min(${plus('column', j)}, ${output[1] - 1}u)` : plus('column', j)}`));
    return `let dout${j} = ${hasTail && j > 0 ? `select(${VECTORS[count - 1]}(0.0), ${load}, ${plus('column', j)} < ${output[1]}u)` : load};`;
  }, '    ');
  const products = lines(inCount, (b) => block([
    `let from${b} = ((${times('example', groups)} + group) * ${inChannels}u + in${b}) * ${input[0] * input[1]}u + sourceRow * ${input[1]}u;`,
    ...registers.map((register, index) => `let x${b}_${index} = ${registerLoad(register, index, spec, 'source', `from${b}`, 'x')};`),
    ...Array.from({ length: width * taps }, (_, at) => {
      const [j, tap] = [Math.floor(at / taps), at % taps];
      return `sum${b}_${tap} += dout${j} * x${b}_${registerAt.get(offsetOf(j, tap))!};`;
    }),
  ], '      '), '      ');
  const store = (c: number) => guarded(c === 0 || outChannels % count === 0 ? '' : `channel + ${c}u < ${outChannels}u`, (outer) => block([
    `let row${c} = ((split * ${channels}u + group * ${outChannels}u + channel${c}) * ${inChannels}u + inChannel) * ${kernel[0]}u + ky;`,
    ...Array.from({ length: inCount }, (_, b) => guarded(b === 0 || inChannels % inCount === 0 ? '' : `inChannel + ${b}u < ${inChannels}u`, (middle) => block(
      Array.from({ length: taps }, (__, tap) => guarded(tap === 0 || kernel[1] % taps === 0 ? '' : `${plus('kx', tap)} < ${kernel[1]}u`, () =>
        `out[${plus(`${times(plus(`row${c}`, b * kernel[0]), kernel[1])} + kx`, tap)}] = ${component(`sum${b}_${tap}`, c, count)};`, middle)), middle), outer)),
  ], outer), '  ');
  return laneKernel({
    name: `convolution-weight/block${halfName(spec)}`,
    formula: `out[s, o, i, ky, kx] = Σ over part s of n, y, x of dout[n, o, y, x] · source[n, i, ${['y', 'x'].map((name, axis) =>
      `${name} · ${stride[axis]} + k${name} · ${dilation[axis]} - ${padding[axis]}`).join(', ')}], in ${splits} parts${spec.bias ? '\nbiasSums[s, o] = Σ over part s of dout[n, o, y, x]' : ''}`,
    declarations: [
      { name: 'source', access: 'read', type: arrayType(batch * groups * inChannels * input[0] * input[1], false, halfOr(spec, 'source')) },
      { name: 'dout', access: 'read', type: arrayType(batch * channels * output[0] * output[1], false, halfOr(spec, 'dout')) },
      { name: 'out', access: 'write', type: arrayType(splits * weights) },
      ...(spec.bias ? [{ name: 'biasSums', access: 'write', type: arrayType(splits * channels) } as const] : []),
    ],
    count: lanes * splits,
    body: wgsl`
${decode('lane', [['tapBlock', tapBlocks], ['ky', kernel[0]], ['inBlock', inBlocks], ['channelBlock', channelBlocks], ['group', groups], ['split', splits]])}
  let kx = ${times('tapBlock', taps)};
  let inChannel = ${times('inBlock', inCount)};
  let channel = ${times('channelBlock', count)};
  ${planes('in', 'inChannel', inCount, inChannels)}
  ${planes('channel', 'channel', count, outChannels)}
  ${lines(inCount, (b) => lines(taps, (tap) => `var sum${b}_${tap} = ${VECTORS[count - 1]}(0.0);`))}
#if ${spec.bias}
  var total = ${VECTORS[count - 1]}(0.0);
#endif
  // Units are blocks of columns; what a unit is follows from the one before, without a division.
  let first = split * ${share}u;
  let last = min(first + ${share}u, ${units}u);
  var column = ${columnBlocks === 1 ? '0u' : times(`first % ${columnBlocks}u`, width)};
  var row = ${columnBlocks === 1 ? 'first' : `first / ${columnBlocks}u`} % ${output[0]}u;
  var example = first / ${columnBlocks * output[0]}u;
  for (var unit = first; unit < last; unit++) {
    ${lines(count, (c) => `let douts${c} = (((${times('example', groups)} + group) * ${outChannels}u + channel${c}) * ${output[0]}u + row) * ${output[1]}u;`, '    ')}
    ${douts}
#if ${spec.bias}
    total += ${Array.from({ length: width }, (_, j) => `dout${j}`).join(' + ')};
#endif
    let sourceRow = ${tapText(spec, 0, 'row', 'ky')};
    if (sourceRow < ${input[0]}u) {
      let begin = ${times('column', stride[1])}${tapBlocks > 1 ? ` + ${times('kx', dilation[1])}` : ''};
      ${registerColumns(registers, 'begin', input[1], 'x', '      ')}
      ${products}
    }
    column += ${width}u;
    if (column >= ${output[1]}u) {
      column = 0u;
      row++;
      if (row == ${output[0]}u) {
        row = 0u;
        example++;
      }
    }
  }
  ${lines(count, store)}
#if ${spec.bias}
  if (inBlock + ky + tapBlock == 0u) {
    let sums = split * ${channels}u + group * ${outChannels}u + channel;
    ${lines(count, (c) => guarded(c === 0 || outChannels % count === 0 ? '' : `channel + ${c}u < ${outChannels}u`,
      () => `biasSums[${plus('sums', c)}] = ${component('total', c, count)};`, '    '), '    ')}
  }
#endif`,
  });
}
