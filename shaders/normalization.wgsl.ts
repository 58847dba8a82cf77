import { groupSize, lanesFor, lanesForGroup, serialLoops, workgroupLoops, workgroupSums, type GroupLoops, type Grouping } from './group-loops.wgsl.ts';
import { arrayType, laneKernel, workgroupKernel, type Declaration, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

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

/** The channel of the element `at`, which stands at `position` in its group. */
function channelOf(spec: Pick<NormalizationSpec, 'runs' | 'groups' | 'length' | 'channels' | 'inner'>, position: string): string {
  const { runs, length, channels, inner } = spec;
  if (isChannel(spec)) return 'own';
  if (runs === 1 && inner === 1 && channels === length) return position;
  return inner === 1 ? wgsl`at % ${channels}u` : wgsl`at / ${inner}u % ${channels}u`;
}

const elements = (spec: Grouping): number => groupSize(spec) * spec.groups;

/** A row of the family's table of variants: how a text that goes through groups becomes a kernel. */
function kernelOf(
  name: string, variant: 'serial' | 'workgroup', spec: Grouping, parts: { formula: string; declarations: readonly Declaration[]; sums: readonly string[]; body: (loops: GroupLoops) => string },
): Kernel {
  const { formula, declarations, sums, body } = parts;
  if (variant === 'serial') {
    return laneKernel({
      name: `${name}/serial`, formula, declarations, count: spec.groups, workgroupSize: lanesFor(spec.groups),
      body: `let own = lane;\n  ${body(serialLoops(spec))}`,
    });
  }
  return workgroupKernel({
    name: `${name}/workgroup`, formula, declarations, count: spec.groups, workgroupSize: lanesForGroup(spec),
    functions: workgroupSums(spec, sums),
    body: wgsl`
let own = min(group, ${spec.groups - 1}u);
  ${body(workgroupLoops(spec))}`,
  });
}

/** Two passes for mean and variance, because E[x²] - E[x]² cancels; a third one writes. */
export function normalize(spec: NormalizationSpec, variant: 'serial' | 'workgroup'): Kernel {
  const { groups, channels, eps, centred, weight, bias } = spec;
  const size = float(groupSize(spec));
  const difference = centred ? '(x[at] - center)' : 'x[at]';
  return kernelOf('normalize', variant, spec, {
    formula: `out = ${centred ? '(x - mean)' : 'x'} · rstd${weight ? ' · weight' : ''}${bias ? ' + bias' : ''}; rstd = 1/√(mean of ${centred ? '(x - mean)²' : 'x²'} + eps)`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(elements(spec)) },
      ...(weight ? [{ name: 'weight', access: 'read', type: arrayType(channels) } as const] : []),
      ...(bias ? [{ name: 'bias', access: 'read', type: arrayType(channels) } as const] : []),
      { name: 'out', access: 'write', type: arrayType(elements(spec)) },
      ...(centred ? [{ name: 'mean', access: 'write', type: arrayType(groups) } as const] : []),
      { name: 'rstd', access: 'write', type: arrayType(groups) },
    ],
    sums: [...(centred ? ['total'] : []), 'squares'],
    body: ({ position, sum, visit, once }) => {
      const channel = channelOf(spec, position);
      return [
        ...(centred
          ? [sum(['total'], 'total += x[at];'), `let center = total / ${size};`, sum(['squares'], 'let difference = x[at] - center;\n  squares += difference * difference;')]
          : [sum(['squares'], 'squares += x[at] * x[at];')]),
        `let scale = inverseSqrt(squares / ${size} + ${float(eps)});`,
        once(`${centred ? 'mean[own] = center;\n  ' : ''}rstd[own] = scale;`),
        visit(`out[at] = ${difference} * scale${weight ? ` * weight[${channel}]` : ''}${bias ? ` + bias[${channel}]` : ''};`),
      ].join('\n  ');
    },
  });
}

/** dx = rstd · (g - mean of g - y · mean of g · y) with g = dout · weight and y = (x - mean) · rstd. */
export function normalizeBackward(spec: NormalizationBackwardSpec, variant: 'serial' | 'workgroup'): Kernel {
  const { groups, channels, centred, weight, dweight, dbias } = spec;
  const size = float(groupSize(spec));
  // The weight of a channel that is a group is a factor of all: it stays out of the sums, which then are dweight and dbias.
  const isOne = isChannel(spec);
  const y = `${centred ? '(x[at] - center)' : 'x[at]'} * scale`;
  return kernelOf('normalize-backward', variant, spec, {
    formula: `dx = rstd · (g${centred ? ' - mean of g' : ''} - y · mean of g · y), g = dout${weight ? ' · weight' : ''}, y = ${centred ? '(x - mean)' : 'x'} · rstd`
      + `${dweight ? '; dweight = Σ dout · y' : ''}${dbias ? '; dbias = Σ dout' : ''}`,
    declarations: [
      { name: 'dout', access: 'read', type: arrayType(elements(spec)) },
      { name: 'x', access: 'read', type: arrayType(elements(spec)) },
      ...(weight ? [{ name: 'weight', access: 'read', type: arrayType(channels) } as const] : []),
      ...(centred ? [{ name: 'mean', access: 'read', type: arrayType(groups) } as const] : []),
      { name: 'rstd', access: 'read', type: arrayType(groups) },
      { name: 'dx', access: 'write', type: arrayType(elements(spec)) },
      ...(dweight ? [{ name: 'dweight', access: 'write', type: arrayType(channels) } as const] : []),
      ...(dbias ? [{ name: 'dbias', access: 'write', type: arrayType(channels) } as const] : []),
    ],
    sums: centred ? ['sum', 'product'] : ['product'],
    body: ({ position, sum, visit, once }) => {
      const g = weight && !isOne ? `dout[at] * weight[${channelOf(spec, position)}]` : 'dout[at]';
      return [
        ...(centred ? ['let center = mean[own];'] : []),
        'let scale = rstd[own];',
        ...(centred
          ? [sum(['sum', 'product'], `let gradient = ${g};\n  sum += gradient;\n  product += gradient * (${y});`), `let level = sum / ${size};`]
          : [sum(['product'], `product += ${g} * (${y});`)]),
        `let slope = product / ${size};`,
        ...(dweight || dbias ? [once([...(dweight ? ['dweight[own] = product;'] : []), ...(dbias ? ['dbias[own] = sum;'] : [])].join('\n  '))] : []),
        `let factor = ${weight && isOne ? 'scale * weight[own]' : 'scale'};`,
        visit(`dx[at] = factor * (${g}${centred ? ' - level' : ''} - ${y} * slope);`),
      ].join('\n  ');
    },
  });
}
