import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { lanesFor } from './group-loops.wgsl.ts';
import { togetherKernel, type Together } from './together.wgsl.ts';
import { float, lines, wgsl } from './wgsl.ts';

/** dweight = Σ dout · y and dbias = Σ dout over all elements of a channel, of x seen as [outer, channels, inner]. */
export interface NormalizationParametersSpec {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
  /** Element e has the statistics of group e / length % groups. */
  readonly groups: number;
  readonly length: number;
  readonly centred: boolean;
  /** A number where `variance` is given and not its inverse root: what is added to it. */
  readonly eps?: number;
  readonly dweight: boolean;
  readonly dbias: boolean;
}

/** Lanes of the cooperative variant. */
const PARAMETER_LANES = 256;
const PARTIAL = 256;

function declarationsOf({ outer, channels, inner, groups, centred, eps, dweight, dbias }: NormalizationParametersSpec): Declaration[] {
  const count = outer * channels * inner;
  return [
    { name: 'dout', access: 'read', type: arrayType(count) },
    ...(dweight ? [{ name: 'x', access: 'read', type: arrayType(count) } as const] : []),
    ...(dweight && centred ? [{ name: 'mean', access: 'read', type: arrayType(groups) } as const] : []),
    ...(dweight ? [{ name: eps === undefined ? 'rstd' : 'variance', access: 'read', type: arrayType(groups) } as const] : []),
    ...(dweight ? [{ name: 'dweight', access: 'write', type: arrayType(channels) } as const] : []),
    ...(dbias ? [{ name: 'dbias', access: 'write', type: arrayType(channels) } as const] : []),
  ];
}

const formulaOf = ({ centred, eps, dweight, dbias }: NormalizationParametersSpec): string => [
  ...(dweight ? [`dweight = Σ dout · y, y = ${centred ? '(x - mean)' : 'x'} · ${eps === undefined ? 'rstd' : '1/√(variance + eps)'}`] : []),
  ...(dbias ? ['dbias = Σ dout'] : []),
].join('; ');

/** Adds what the element `at` gives. */
function termsOf({ outer, channels, inner, groups, length, centred, eps, dweight, dbias }: NormalizationParametersSpec, indentation: string): string {
  const group = groups === outer * channels * inner / length ? wgsl`at / ${length}u` : wgsl`at / ${length}u % ${groups}u`;
  const scale = eps === undefined ? 'rstd[own]' : `inverseSqrt(variance[own] + ${float(eps)})`;
  return [
    ...(dweight ? [`let own = ${group};`, `weightSum += dout[at] * (${centred ? '(x[at] - mean[own])' : 'x[at]'} * ${scale});`] : []),
    ...(dbias ? ['biasSum += dout[at];'] : []),
  ].join(`\n${indentation}`);
}

const sumsOf = ({ dweight, dbias }: NormalizationParametersSpec): ('weight' | 'bias')[] => [...(dweight ? ['weight' as const] : []), ...(dbias ? ['bias' as const] : [])];

/** The place of term i of a channel. */
const placeOf = ({ channels, inner }: NormalizationParametersSpec, i: string, channel: string): string => (inner === 1
  ? wgsl`${i} * ${channels}u + ${channel}`
  : wgsl`(${i} / ${inner}u * ${channels}u + ${channel}) * ${inner}u + ${i} % ${inner}u`);

/** One lane sums one channel, in partial sums. */
export function normalizeParametersSerial(spec: NormalizationParametersSpec): Kernel {
  const { outer, channels, inner } = spec;
  const sums = sumsOf(spec);
  return laneKernel({
    name: 'normalize-parameters/serial',
    formula: formulaOf(spec),
    declarations: declarationsOf(spec),
    count: channels,
    workgroupSize: lanesFor(channels),
    body: wgsl`
${lines(sums.length, (k) => `var ${sums[k]!}Total = 0.0;`)}
  for (var first = 0u; first < ${outer * inner}u; first += ${PARTIAL}u) {
    ${lines(sums.length, (k) => `var ${sums[k]!}Sum = 0.0;`, '    ')}
    let end = min(first + ${PARTIAL}u, ${outer * inner}u);
    for (var i = first; i < end; i++) {
      let at = ${placeOf(spec, 'i', 'lane')};
      ${termsOf(spec, '      ')}
    }
    ${lines(sums.length, (k) => `${sums[k]!}Total += ${sums[k]!}Sum;`, '    ')}
  }
  ${lines(sums.length, (k) => `d${sums[k]!}[lane] = ${sums[k]!}Total;`)}`,
  });
}

/** Channels that a workgroup sums: one alone where it has neighbours enough for neighbouring lanes. */
export const channelTile = ({ inner }: Pick<NormalizationParametersSpec, 'inner'>): number => (inner >= 8 ? 1 : 8);

/**
 * A workgroup sums a tile of channels: neighbouring lanes take neighbouring channels where these lie side by side, else
 * neighbouring elements of one. Then a lane for each channel adds up what the others found, in one order, or every subgroup does for all.
 */
export function normalizeParametersTogether(spec: NormalizationParametersSpec, how: Together): Kernel {
  const { outer, channels, inner } = spec;
  const sums = sumsOf(spec);
  const tile = channelTile(spec);
  const slices = PARAMETER_LANES / tile;
  return togetherKernel(how, {
    name: 'normalize-parameters',
    formula: formulaOf(spec),
    declarations: declarationsOf(spec),
    functions: lines(sums.length, (k) => `var<workgroup> ${sums[k]!}Sums: array<f32, ${PARAMETER_LANES}>;`, ''),
    workgroupSize: PARAMETER_LANES,
    count: Math.ceil(channels / tile),
    body: wgsl`
let channel = group * ${tile}u + lane % ${tile}u;
  let column = min(channel, ${channels - 1}u);
  ${lines(sums.length, (k) => `var ${sums[k]!}Sum = 0.0;`)}
  for (var i = lane / ${tile}u; i < ${outer * inner}u; i += ${slices}u) {
    let at = ${placeOf(spec, 'i', 'column')};
    ${termsOf(spec, '    ')}
  }
  ${lines(sums.length, (k) => `${sums[k]!}Sums[lane] = ${sums[k]!}Sum;`)}
  workgroupBarrier();
#if ${how === 'subgroup'}
  for (var place = 0u; place < ${tile}u; place++) {
    ${lines(sums.length, (k) => `${sums[k]!}Sum = 0.0;`, '    ')}
    for (var slice = rank; slice < ${slices}u; slice += members) {
      ${lines(sums.length, (k) => `${sums[k]!}Sum += ${sums[k]!}Sums[slice * ${tile}u + place];`, '      ')}
    }
    ${lines(sums.length, (k) => `${sums[k]!}Sum = subgroupAdd(${sums[k]!}Sum);`, '    ')}
    if (lane == place && channel < ${channels}u) {
      ${lines(sums.length, (k) => `d${sums[k]!}[channel] = ${sums[k]!}Sum;`, '      ')}
    }
  }
#else
  if (lane < ${tile}u && channel < ${channels}u) {
    ${lines(sums.length, (k) => `${sums[k]!}Sum = 0.0;`, '    ')}
    for (var slice = 0u; slice < ${slices}u; slice++) {
      ${lines(sums.length, (k) => `${sums[k]!}Sum += ${sums[k]!}Sums[slice * ${tile}u + lane];`, '      ')}
    }
    ${lines(sums.length, (k) => `d${sums[k]!}[channel] = ${sums[k]!}Sum;`, '    ')}
  }
#endif`,
  });
}
