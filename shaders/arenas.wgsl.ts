import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { float, lines, plus } from './wgsl.ts';

// What a step does to whole arenas beside the optimiser.

export interface GradientSumSpec {
  /** Elements of an arena; a multiple of 4. */
  readonly count: number;
  /** What each gradient is multiplied by: 1 / n makes the sum of n a mean. */
  readonly factor: number;
  /** Whether it overwrites what an earlier sum has left. */
  readonly first: boolean;
}

/** total = [total +] factor · gradients: several batches' gradients, always added in the order of the steps. */
export function gradientSum({ count, factor, first }: GradientSumSpec): Kernel {
  return laneKernel({
    name: first ? 'gradient-sum/first' : 'gradient-sum/next',
    formula: `total ${first ? '' : '+'}= ${factor} · gradients`,
    declarations: [
      { name: 'gradients', access: 'read', type: arrayType(count, true) },
      { name: 'total', access: first ? 'write' : 'update', type: arrayType(count, true) },
    ],
    count: count / 4,
    body: `total[lane] ${first ? '' : '+'}= ${float(factor)} * gradients[lane];`,
  });
}

export interface WeightAverageSpec {
  /** Elements of an arena; a multiple of 4. */
  readonly count: number;
  /** How far the average follows the weights in one step: 1 - decay. */
  readonly rate: number;
  /** Whether the average starts as a copy. */
  readonly first: boolean;
}

/** average += rate · (parameters - average): a weight that stays the same is its own average exactly. */
export function weightAverage({ count, rate, first }: WeightAverageSpec): Kernel {
  return laneKernel({
    name: first ? 'weight-average/first' : 'weight-average/next',
    formula: first ? 'average = parameters' : `average += ${rate} · (parameters - average)`,
    declarations: [
      { name: 'parameters', access: 'read', type: arrayType(count, true) },
      { name: 'average', access: first ? 'write' : 'update', type: arrayType(count, true) },
    ],
    count: count / 4,
    body: first ? 'average[lane] = parameters[lane];' : `average[lane] += ${float(rate)} * (parameters[lane] - average[lane]);`,
  });
}

export interface StoreBuffersSpec {
  /** Elements of the arena. */
  readonly count: number;
  /** Which elements of the arena each new value becomes: its binding is `next0`, `next1`, … */
  readonly parts: readonly { readonly offset: number; readonly size: number }[];
}

/** buffers[part] = next[part]: what several tensors of the model's own state become at the end of a step, in one launch. */
export function storeBuffers({ count, parts }: StoreBuffersSpec): Kernel {
  const starts = parts.map((_, index) => parts.slice(0, index).reduce((sum, { size }) => sum + size, 0));
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  const at = (index: number): string => (index === 0 ? 'lane' : `lane - ${index}u`);
  const store = (part: number): string => `buffers[${plus('lane', parts[part]!.offset - starts[part]!)}] = next${part}[${at(starts[part]!)}];`;
  return laneKernel({
    name: 'store-buffers',
    formula: 'buffers[part] = next[part]',
    declarations: [
      ...parts.map(({ size }, index) => ({ name: `next${index}`, access: 'read', type: arrayType(size) } as const)),
      { name: 'buffers', access: 'update', type: arrayType(count) },
    ],
    count: total,
    body: parts.length === 1 ? store(0) : `${lines(parts.length, (part) => {
      const condition = part === 0 ? `if (lane < ${starts[1]!}u) {` : part < parts.length - 1 ? `} else if (lane < ${starts[part + 1]!}u) {` : '} else {';
      return `${condition}\n    ${store(part)}`;
    })}\n  }`,
  });
}
