import { groupSize, lanesFor, lanesForGroup, serialLoops, workgroupLoops, workgroupSums, type GroupLoops, type Grouping } from './group-loops.wgsl.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { togetherKernel, type Together } from './together.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

/** out = (1 - momentum) · running + momentum · statistic of each group of x. */
export interface RunningStatisticSpec extends Grouping {
  readonly momentum: number;
  /** `variance` is the unbiased one: divided by the number of elements less 1. */
  readonly statistic: 'mean' | 'variance';
}

/** The variance takes two passes, because E[x²] - E[x]² cancels. */
export function runningStatistic(spec: RunningStatisticSpec, variant: 'serial' | Together): Kernel {
  const { groups, momentum, statistic } = spec;
  const size = groupSize(spec);
  const isMean = statistic === 'mean';
  const body = ({ sum, once }: GroupLoops): string => [
    sum(['total'], 'total += x[at];'),
    ...(isMean ? [`let found = total / ${float(size)};`] : [
      `let center = total / ${float(size)};`,
      sum(['squares'], 'let difference = x[at] - center;\n  squares += difference * difference;'),
      `let found = squares / ${float(size - 1)};`,
    ]),
    once(`out[own] = running[own] * ${float(1 - momentum)} + found * ${float(momentum)};`),
  ].join('\n  ');
  const parts = {
    name: `running-${statistic}`,
    formula: `out = ${1 - momentum} · running + ${momentum} · ${isMean ? 'mean of x' : 'Σ (x - mean of x)² / (size - 1)'} in each group`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(size * groups) },
      { name: 'running', access: 'read', type: arrayType(groups) },
      { name: 'out', access: 'write', type: arrayType(groups) },
    ],
    count: groups,
  } as const;
  if (variant === 'serial') return laneKernel({ ...parts, name: `${parts.name}/serial`, workgroupSize: lanesFor(groups), body: `let own = lane;\n  ${body(serialLoops(spec))}` });
  return togetherKernel(variant, {
    ...parts, workgroupSize: lanesForGroup(spec), functions: workgroupSums(spec, isMean ? ['total'] : ['total', 'squares']),
    body: wgsl`
let own = min(group, ${groups - 1}u);
  ${body(workgroupLoops(spec, variant))}`,
  });
}
