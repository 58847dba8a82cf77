import { chainCall, chainFormula, chainFunctions, chainParts, type ChainStep } from './chain.wgsl.ts';
import { groupSize, lanesFor, lanesForGroup, serialLoops, workgroupLoops, workgroupSums, type GroupLoops, type Grouping } from './group-loops.wgsl.ts';
import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { togetherKernel, type Together } from './together.wgsl.ts';
import { float, times, wgsl } from './wgsl.ts';

/**
 * Every normalisation: out = (x - mean) · rstd · weight + bias, with mean and rstd = 1/√(variance + eps) of the group that an
 * element belongs to. The weight of element e is that of channel e / inner % channels.
 */
export interface NormalizationSpec extends Grouping {
  readonly channels: number;
  readonly inner: number;
  readonly eps: number;
  /** False leaves the mean out: rstd = 1/√(mean of x² + eps). */
  readonly centred: boolean;
  readonly weight: boolean;
  readonly bias: boolean;
  /** What follows each element of the result before it is stored. */
  readonly epilogue?: Epilogue;
}

/** A chain over the result as rows of `columns`. */
export interface Epilogue {
  readonly steps: readonly ChainStep[];
  readonly columns: number;
}

/** What goes back: dx; and the gradients of weight and bias where a group is a channel, so that its sums are theirs. */
export interface NormalizationBackwardSpec extends Omit<NormalizationSpec, 'eps' | 'bias'> {
  readonly dweight: boolean;
  readonly dbias: boolean;
}

/** True where a group is all of a channel, as for batches. */
export function isChannel({ groups, length, channels, inner }: Pick<NormalizationSpec, 'groups' | 'length' | 'channels' | 'inner'>): boolean {
  return groups === channels && length === inner;
}

/** How a kernel goes through groups, and how many neighbours it works on at once: numbers of one channel, or one of each of four channels. */
interface Way {
  readonly variant: 'serial' | Together;
  readonly width: 1 | 4;
}

function wayOf({ length, channels, inner, epilogue }: Pick<NormalizationSpec, 'length' | 'channels' | 'inner' | 'epilogue'>, variant: Way['variant']): Way {
  const inFours = variant === 'serial' && [length, inner === 1 ? channels : inner, epilogue?.columns ?? 4].every((size) => size % 4 === 0);
  return { variant, width: inFours ? 4 : 1 };
}

/** The channel of the Value `at`, which stands at `position` in its group. */
function channelOf(spec: Pick<NormalizationSpec, 'runs' | 'groups' | 'length' | 'channels' | 'inner'>, position: string, width: Way['width']): string {
  const { runs, length, channels, inner } = spec;
  if (isChannel(spec)) return 'own';
  if (runs === 1 && inner === 1 && channels === length) return position;
  return inner === 1 ? wgsl`at % ${channels / width}u` : wgsl`at / ${inner / width}u % ${channels}u`;
}

/** The type of a weight or bias: where each element of a Value has a channel of its own they are read as Values, too. */
const channelType = ({ channels, inner }: Pick<NormalizationSpec, 'channels' | 'inner'>, { width }: Way): string => arrayType(channels, width === 4 && inner === 1);

const elements = (spec: Grouping): number => groupSize(spec) * spec.groups;

/** What a kernel needs for the chain that follows its result, and the text of a result that went through it. */
function epilogueParts(spec: Grouping & { readonly epilogue?: Epilogue }, { width }: Way): { declarations: readonly Declaration[]; functions: string; formula: string; after: (result: string, position: string) => string } {
  const { epilogue, runs, length } = spec;
  const alias = `alias Value = ${width === 4 ? 'vec4f' : 'f32'};`;
  if (!epilogue) return { declarations: [], functions: width === 4 ? alias : '', formula: '', after: (result) => result };
  const { steps, columns } = epilogue;
  const parts = chainParts(steps, width, elements(spec) / columns, columns);
  // Where a group is a row, its lane or workgroup and the place in it are the row and the column.
  const isRow = runs === 1 && length === columns;
  return {
    declarations: parts.declarations,
    functions: [alias, parts.functions, chainFunctions({ epilogue: steps })].join('\n\n'),
    formula: `; stored: ${chainFormula('it', steps)}`,
    after: (result, position) => (isRow
      ? chainCall('epilogue', steps, result, 'own', times(position, width))
      : chainCall('epilogue', steps, result, wgsl`at / ${columns / width}u`, times(wgsl`at % ${columns / width}u`, width))),
  };
}

/** A row of the family's table of variants: how a text that goes through groups becomes a kernel. */
function kernelOf(
  name: string, { variant, width }: Way, spec: Grouping, parts: { formula: string; declarations: readonly Declaration[]; functions: string; sums: readonly string[]; body: (loops: GroupLoops) => string },
): Kernel {
  const { formula, declarations, functions, sums, body } = parts;
  if (variant === 'serial') {
    return laneKernel({
      name: `${name}/serial`, formula, declarations, count: spec.groups, workgroupSize: lanesFor(spec.groups), functions,
      body: `let own = lane;\n  ${body(serialLoops(spec, width))}`,
    });
  }
  return togetherKernel(variant, {
    name, formula, declarations, count: spec.groups, workgroupSize: lanesForGroup(spec),
    functions: [workgroupSums(spec, sums), ...(functions ? [functions] : [])].join('\n\n'),
    body: wgsl`
let own = min(group, ${spec.groups - 1}u);
  ${body(workgroupLoops(spec, variant))}`,
  });
}

/** Two passes for mean and variance, because E[x²] - E[x]² cancels; a third one writes. */
export function normalize(spec: NormalizationSpec, variant: Way['variant']): Kernel {
  const { groups, eps, centred, weight, bias } = spec;
  const way = wayOf(spec, variant);
  const type = arrayType(elements(spec), way.width === 4);
  const size = float(groupSize(spec));
  const difference = centred ? '(x[at] - center)' : 'x[at]';
  const epilogue = epilogueParts(spec, way);
  return kernelOf('normalize', way, spec, {
    formula: `out = ${centred ? '(x - mean)' : 'x'} · rstd${weight ? ' · weight' : ''}${bias ? ' + bias' : ''}; rstd = 1/√(mean of ${centred ? '(x - mean)²' : 'x²'} + eps)${epilogue.formula}`,
    declarations: [
      { name: 'x', access: 'read', type },
      ...(weight ? [{ name: 'weight', access: 'read', type: channelType(spec, way) } as const] : []),
      ...(bias ? [{ name: 'bias', access: 'read', type: channelType(spec, way) } as const] : []),
      { name: 'out', access: 'write', type },
      ...(centred ? [{ name: 'mean', access: 'write', type: arrayType(groups) } as const] : []),
      { name: 'rstd', access: 'write', type: arrayType(groups) },
      ...epilogue.declarations,
    ],
    functions: epilogue.functions,
    sums: [...(centred ? ['total'] : []), 'squares'],
    body: ({ position, sum, visit, once }) => {
      const channel = channelOf(spec, position, way.width);
      return [
        ...(centred
          ? [sum(['total'], 'total += x[at];'), `let center = total / ${size};`, sum(['squares'], 'let difference = x[at] - center;\n  squares += difference * difference;')]
          : [sum(['squares'], 'squares += x[at] * x[at];')]),
        `let scale = inverseSqrt(squares / ${size} + ${float(eps)});`,
        once(`${centred ? 'mean[own] = center;\n  ' : ''}rstd[own] = scale;`),
        visit(`out[at] = ${epilogue.after(`${difference} * scale${weight ? ` * weight[${channel}]` : ''}${bias ? ` + bias[${channel}]` : ''}`, position)};`),
      ].join('\n  ');
    },
  });
}

/** dx = rstd · (g - mean of g - y · mean of g · y) with g = dout · weight and y = (x - mean) · rstd. */
export function normalizeBackward(spec: NormalizationBackwardSpec, variant: Way['variant']): Kernel {
  const { groups, channels, centred, weight, dweight, dbias } = spec;
  const way = wayOf(spec, variant);
  const type = arrayType(elements(spec), way.width === 4);
  const size = float(groupSize(spec));
  // The weight of a channel that is a group is a factor of all: it stays out of the sums, which then are dweight and dbias.
  const isOne = isChannel(spec);
  const y = `${centred ? '(x[at] - center)' : 'x[at]'} * scale`;
  const epilogue = epilogueParts(spec, way);
  return kernelOf('normalize-backward', way, spec, {
    formula: `dx = rstd · (g${centred ? ' - mean of g' : ''} - y · mean of g · y), g = dout${weight ? ' · weight' : ''}, y = ${centred ? '(x - mean)' : 'x'} · rstd`
      + `${dweight ? '; dweight = Σ dout · y' : ''}${dbias ? '; dbias = Σ dout' : ''}${epilogue.formula}`,
    declarations: [
      { name: 'dout', access: 'read', type },
      { name: 'x', access: 'read', type },
      ...(weight ? [{ name: 'weight', access: 'read', type: channelType(spec, way) } as const] : []),
      ...(centred ? [{ name: 'mean', access: 'read', type: arrayType(groups) } as const] : []),
      { name: 'rstd', access: 'read', type: arrayType(groups) },
      { name: 'dx', access: 'write', type },
      ...(dweight ? [{ name: 'dweight', access: 'write', type: arrayType(channels) } as const] : []),
      ...(dbias ? [{ name: 'dbias', access: 'write', type: arrayType(channels) } as const] : []),
      ...epilogue.declarations,
    ],
    functions: epilogue.functions,
    sums: centred ? ['sum', 'product'] : ['product'],
    body: ({ position, sum, visit, once }) => {
      const g = weight && !isOne ? `dout[at] * weight[${channelOf(spec, position, way.width)}]` : 'dout[at]';
      return [
        ...(centred ? ['let center = mean[own];'] : []),
        'let scale = rstd[own];',
        ...(centred
          ? [sum(['sum', 'product'], `let gradient = ${g};\n  sum += gradient;\n  product += gradient * (${y});`), `let level = sum / ${size};`]
          : [sum(['product'], `product += ${g} * (${y});`)]),
        `let slope = product / ${size};`,
        ...(dweight || dbias ? [once([...(dweight ? ['dweight[own] = product;'] : []), ...(dbias ? ['dbias[own] = sum;'] : [])].join('\n  '))] : []),
        `let factor = ${weight && isOne ? 'scale * weight[own]' : 'scale'};`,
        visit(`dx[at] = ${epilogue.after(`factor * (${g}${centred ? ' - level' : ''} - ${y} * slope)`, position)};`),
      ].join('\n  ');
    },
  });
}
