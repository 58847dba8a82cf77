import { chainCall, chainFunctions, chainParts, storeDeclaration, storeFunction } from './chain.wgsl.ts';
import { block, component, decode, gather, guarded, registerColumns, registersOf, tapText, VECTORS, type Register } from './convolution-parts.wgsl.ts';
import { bestOf, costOf, lengthsOf, sharedPlaces, sharedValue, vectorsOf } from './convolution-quad-parts.wgsl.ts';
import { convolutionMatrix, formulaOf, offsetOf, simplified, UNROLLED, type ConvolutionSpec } from './convolution.wgsl.ts';
import { arrayType, halfName, halfOr, numberText, quadKernel, type Kernel } from './kernel.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/** Results that a lane keeps in registers, and products in the text of one step: more compile longer, and gain little. */
const RESULTS = 128;
const PRODUCTS = 512;

/** What is made and what is read, whichever way the convolution goes. */
function sidesOf({ transposed, inChannels, outChannels, input, output }: ConvolutionSpec) {
  const [made, summed] = transposed ? [inChannels, outChannels] : [outChannels, inChannels];
  const [[rows, columns], [sourceRows, sourceColumns]] = transposed ? [input, output] : [output, input];
  return { made, summed, rows, columns, sourceRows, sourceColumns };
}

/** Where the tap of a result stands; undefined also where that is padding for all lanes: a row that is one block has its edges in the text. */
function placeOf(spec: ConvolutionSpec, width: number, result: number, tap: number): number | undefined {
  const { columns, sourceColumns } = sidesOf(spec);
  const offset = offsetOf(spec, result, tap);
  return offset !== undefined && columns <= width && (result >= columns || offset < 0 || offset >= sourceColumns) ? undefined : offset;
}

/** The source columns that a block of results needs, for the taps in the text. */
function registersFor(spec: ConvolutionSpec, width: number): Register[] {
  const { transposed, kernel, stride } = spec;
  const { columns, sourceColumns } = sidesOf(spec);
  const step = transposed ? width / stride[1] : width * stride[1];
  return registersOf({ length: width, blocks: Math.ceil(columns / width), results: columns, step, columns: sourceColumns }, kernel[1], (result, tap) => placeOf(spec, width, result, tap));
}

interface Tile {
  /** Channels of a quad. */
  readonly count: number;
  /** Columns of a lane. */
  readonly width: number;
}

/** True where all are: without `&&`, whose branches would make a long text of a short one, which compilers take minutes for. */
const allOf = (conditions: readonly string[]): string =>
  (conditions.length === 1 ? conditions[0]! : conditions.map((condition) => (condition.includes(' ') ? `(${condition})` : condition)).join(' & '));

/** The tile that costs least. */
function tileOf(spec: ConvolutionSpec): Tile {
  const { batch, groups, transposed, kernel, stride } = spec;
  const { made, rows, columns } = sidesOf(spec);
  const classes = classesOf(spec);
  const isUnrolled = kernel[1] <= UNROLLED;
  const taps = isUnrolled ? kernel[1] : 1;
  return bestOf(lengthsOf(made, RESULTS / 4).flatMap((count) => lengthsOf(columns, 16, transposed ? stride[1] : 1).flatMap((width) => {
    const products = count * width * taps / (transposed ? stride[1] : 1);
    if (count * width > RESULTS || products > PRODUCTS) return [];
    const blocks = Math.ceil(columns / width);
    const loads = Math.ceil(count * taps / 4) + (isUnrolled ? registersFor(spec, width).length : width);
    const tiles = groups * classes * Math.ceil(made / count);
    return [{ tile: { count, width }, cost: costOf({ loads, products, quads: tiles * Math.ceil(batch * Math.ceil(rows / classes) * blocks / 4) }) }];
  }))) ?? { count: 1, width: transposed ? stride[1] : 1 };
}

/**
 * Backwards a stride leaves kernel rows out: those that meet a row depend on its remainder. As many classes of rows as the stride is long
 * are tiles of their own then, so that no lane has to go through what it leaves out; 1 where nothing is gained.
 */
const classesOf = ({ transposed, kernel, stride, dilation }: ConvolutionSpec): number => (transposed && dilation[0] === 1 && kernel[0] > 1 ? stride[0] : 1);

/** True where a kernel row may stand on a row that is not there: over the edge, or between two of a stride. */
function meetsNoRow(spec: ConvolutionSpec): boolean {
  const { transposed, kernel, stride: [stride], padding: [padding], dilation: [dilation] } = spec;
  const { rows, sourceRows } = sidesOf(spec);
  const reach = (kernel[0] - 1) * dilation;
  if (!transposed) return padding > 0 || (rows - 1) * stride + reach - padding >= sourceRows;
  return stride > 1 || reach > padding || rows - 1 + padding >= sourceRows;
}

/**
 * A quad makes up to 32 channels of four blocks of columns, one for each lane, in registers. The lanes need the same weights: each loads
 * a quarter of them and hands them round. Of the source a lane loads a stretch of a row, and uses each number for all taps that meet it.
 * For adapters on which a load costs many multiplications, and four lanes are one vector: software.
 */
export function convolutionQuad(original: ConvolutionSpec): Kernel {
  const spec = simplified(original);
  const { batch, groups, inChannels, outChannels, transposed, kernel, stride, padding, dilation, epilogue } = spec;
  const { made, summed, rows, columns, sourceRows, sourceColumns } = sidesOf(spec);
  const { count, width } = tileOf(spec);
  const isUnrolled = kernel[1] <= UNROLLED;
  const taps = isUnrolled ? kernel[1] : 1;
  const vectors = vectorsOf(count);
  const [blocks, channelBlocks, area] = [Math.ceil(columns / width), Math.ceil(made / count), kernel[0] * kernel[1]];
  const classes = classesOf(spec);
  const classRows = Math.ceil(rows / classes);
  const counter = classes > 1 ? 'tapOfClass' : 'ky';
  const positions = batch * classRows * blocks;
  const fours = Math.ceil(positions / 4);
  const tiles = channelBlocks * classes * groups;
  const matrix = convolutionMatrix(spec);
  const unit = columns % 4 === 0 && width % 4 === 0 ? 4 : 1;
  const parts = chainParts(epilogue, unit, matrix.rows, matrix.columns);
  const hasRowGaps = meetsNoRow(spec);
  const isWhole = made % count === 0;
  const channelText = (c: number | string): string => (c === 0 ? 'channel' : isWhole ? `channel + ${typeof c === 'number' ? `${c}u` : c}` : `min(channel + ${typeof c === 'number' ? `${c}u` : c}, ${made - 1}u)`);

  const shares = Math.ceil(count * taps / 4);
  const own = sharedPlaces(count * taps, (n) => `group * ${outChannels * inChannels * area}u + ${
    times(channelText(count === 1 ? 0 : taps === 1 ? n : `${n} / ${taps}u`), (transposed ? 1 : inChannels) * area)}${taps === 1 ? '' : ` + ${n} % ${taps}u`}`, 'own');
  const weightsAt = (tap: number, place: string): string[] => vectors.map(({ first, size }, v) =>
    `let weight${v}_${tap} = ${gather(size, (c) => sharedValue(place, (first + c) * taps + tap))};`);
  const zeroed = (load: string, conditions: readonly string[]): string => (conditions.length > 0 ? `select(0.0, ${load}, ${allOf(conditions)})` : load);
  const rowCondition = hasRowGaps ? ['isRow'] : [];
  const product = (v: number, result: number, tap: number, source: string): string =>
    `sum${v}_${result} = fma(weight${v}_${tap}, ${VECTORS[vectors[v]!.size - 1]}(${source}), sum${v}_${result});`;

  let before = '';
  let body: string;
  if (isUnrolled) {
    const registers = registersFor(spec, width);
    const registerAt = new Map(registers.map(({ offset }, index) => [offset, index]));
    before = block(['let begin = ' + (transposed ? times('columnBlock', width / stride[1]) : times('columnBlock', width * stride[1])) + ';', registerColumns(registers, 'begin', sourceColumns, 'source', '  ')], '  ');
    body = block([
      ...Array.from({ length: shares }, (_, q) => `let shared${q} = ${numberText(spec, 'weight', `own${q} + taps`)};`),
      ...registers.map(({ outside }, index) => `let source${index} = ${zeroed(numberText(spec, 'source', `sourceStart + sourceColumn${index}`), [...rowCondition, ...(outside === 'padding' ? [`sourceInside${index}`] : [])])};`),
      ...Array.from({ length: taps }, (_, tap) => weightsAt(tap, 'shared')).flat(),
      // Sum by sum, so that each is in a register while its products are added.
      ...vectors.flatMap((_, v) => Array.from({ length: width * taps }, (__, at) => {
        const [result, tap] = [Math.floor(at / taps), at % taps];
        const offset = placeOf(spec, width, result, tap);
        return offset === undefined ? '' : product(v, result, tap, `source${registerAt.get(offset)!}`);
      })),
    ], '');
  } else {
    const sourceText = (result: number): string => {
      const at = transposed ? `${plus('column', result + padding[1])} - ${times('kx', dilation[1])}` : tapText(spec, 1, result === 0 ? 'column' : `(column + ${result}u)`, 'kx');
      const isStrided = transposed && stride[1] > 1;
      const place = isStrided ? `at${result} / ${stride[1]}u` : `at${result}`;
      const load = zeroed(numberText(spec, 'source', `sourceStart + min(${place}, ${sourceColumns - 1}u)`), [...rowCondition, `${place} < ${sourceColumns}u`, ...(isStrided ? [`at${result} % ${stride[1]}u == 0u`] : [])]);
      return block([`let at${result} = ${at};`, `let source${result} = ${load};`], '');
    };
    body = wgsl`
for (var kx = 0u; kx < ${kernel[1]}u; kx++) {
  ${lines(shares, (q) => `let shared${q} = ${numberText(spec, 'weight', `own${q} + taps + kx`)};`)}
  ${weightsAt(0, 'shared').join('\n')}
  ${lines(width, sourceText)}
  ${lines(width, (result) => vectors.map((_, v) => product(v, result, 0, `source${result}`)).join('\n'))}
}`.trim();
  }

  const results = (c: number): string => {
    const v = vectors.findIndex(({ first, size }) => c < first + size);
    const sumText = (column: number): string => component(`sum${v}_${column}`, c - vectors[v]!.first, vectors[v]!.size);
    return block([
      `let outRow${c} = ${times(plus('firstChannel', c), rows)} + row;`,
      ...Array.from({ length: width / unit }, (_, at) => {
        const column = plus('column', at * unit);
        const value = unit === 1 ? sumText(at) : `vec4f(${[0, 1, 2, 3].map((i) => sumText(at * 4 + i)).join(', ')})`;
        return guarded(columns % width === 0 || at === 0 ? '' : `${column} < ${columns}u`, () =>
          `store_out(outRow${c}, ${column}, ${chainCall('epilogue', epilogue, value, `outRow${c}`, column)});`, '');
      }),
    ], '');
  };
  return quadKernel({
    name: `convolution${transposed ? '-transposed' : ''}/quad${halfName(spec)}`,
    formula: formulaOf(spec),
    declarations: [
      { name: 'source', access: 'read', type: arrayType(batch * groups * summed * sourceRows * sourceColumns, false, halfOr(spec, 'source')) },
      { name: 'weight', access: 'read', type: arrayType(groups * outChannels * inChannels * area, false, halfOr(spec, 'weight')) },
      ...(spec.bias ? [{ name: 'bias', access: 'read', type: arrayType(groups * made) } as const] : []),
      ...parts.declarations, storeDeclaration('out', unit, matrix.rows, matrix.columns, halfOr(spec, 'out')),
    ],
    functions: [`alias Value = ${unit === 4 ? 'vec4f' : 'f32'};`, storeFunction('out', unit, matrix.rows, matrix.columns, halfOr(spec, 'out')), parts.functions, chainFunctions({ epilogue })].join('\n\n'),
    count: fours * tiles,
    body: wgsl`
  let wantedPosition = ${fours === 1 ? '' : `quad % ${fours}u * 4u + `}place;
  // Lanes beyond the last position do its work again: their neighbours need what they load.
  let position = min(wantedPosition, ${positions - 1}u);
${decode('position', [['columnBlock', blocks], [classes === 1 ? 'row' : 'rowOfClass', classRows], ['example', batch]])}
  let tile = ${fours === 1 ? 'quad' : `quad / ${fours}u`};
${decode('tile', [['channelBlock', channelBlocks], ...(classes === 1 ? [] : [['remainder', classes] as const]), ['group', groups]])}
#if ${classes > 1}
  let row = rowOfClass * ${classes}u + remainder;
  let shifted = ${plus('remainder', padding[0])};
#endif
  let column = ${times('columnBlock', width)};
  let channel = ${times('channelBlock', count)};
  ${own}
  ${before}
  ${vectors.map(({ size }, v) => lines(width, (j) => `var sum${v}_${j} = ${VECTORS[size - 1]}(0.0);`)).join('\n')}
  for (var i = 0u; i < ${summed}u; i++) {
    let plane = (${times('example', groups)} + group) * ${summed}u + i;
    for (var ${counter} = 0u; ${counter} < ${Math.ceil(kernel[0] / classes)}u; ${counter}++) {
#if ${classes > 1}
      let wantedTap = shifted % ${classes}u + tapOfClass * ${classes}u;
      let ky = ${kernel[0] % classes === 0 ? 'wantedTap' : `min(wantedTap, ${kernel[0] - 1}u)`};
      let wantedRow = rowOfClass + shifted / ${classes}u - tapOfClass;
#elif ${transposed}
      let tap = ${plus('row', padding[0])} - ${times('ky', dilation[0])};
      let wantedRow = ${stride[0] === 1 ? 'tap' : `tap / ${stride[0]}u`};
#else
      let wantedRow = ${tapText(spec, 0, 'row', 'ky')};
#endif
#if ${hasRowGaps}
      let isRow = ${allOf([
    `wantedRow < ${sourceRows}u`,
    ...(classes > 1 ? kernel[0] % classes === 0 ? [] : ['ky == wantedTap'] : transposed && stride[0] > 1 ? [`tap % ${stride[0]}u == 0u`] : []),
  ])};
#endif
      let sourceStart = (plane * ${sourceRows}u + ${hasRowGaps ? `min(wantedRow, ${sourceRows - 1}u)` : 'wantedRow'}) * ${sourceColumns}u;
      let taps = i * ${(transposed ? inChannels : 1) * area}u + ky * ${kernel[1]}u;
      ${body}
    }
  }
#if ${spec.bias}
  ${vectors.map(({ first, size }, v) => block([
    `let added${v} = ${gather(size, (c) => `bias[group * ${made}u + ${channelText(first + c)}]`)};`,
    ...Array.from({ length: width }, (_, j) => `sum${v}_${j} += added${v};`),
  ], '')).join('\n')}
#endif
  if (isLive && wantedPosition == position${rows % classes === 0 ? '' : ` && row < ${rows}u`}) {
    let firstChannel = (${times('example', groups)} + group) * ${made}u + channel;
    ${lines(count, (c) => guarded(isWhole || c === 0 ? '' : `channel + ${c}u < ${made}u`, () => results(c), ''))}
  }`,
  });
}
