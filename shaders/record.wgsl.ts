import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { lines, wgsl } from './wgsl.ts';

export interface RecordSpec {
  /** How many numbers each reported value has: the loss first, then its metrics. */
  readonly sizes: readonly number[];
}

/**
 * The last launch of a step: its values, and its number as a tag. After a device loss every call seems to succeed,
 * so a step counts only when its own tag is read back.
 */
export function record({ sizes }: RecordSpec): Kernel {
  const words = sizes.flatMap((size, value) => Array.from({ length: size }, (_, i) => `value${value}[${i}]`));
  return laneKernel({
    name: 'record',
    formula: 'report = [step number, value0, value1, …]',
    declarations: [
      { name: 'step', access: 'uniform', type: 'Step' },
      ...sizes.map((size, i) => ({ name: `value${i}`, access: 'read', type: arrayType(size) } as const)),
      { name: 'report', access: 'write', type: `array<u32, ${words.length + 1}>` },
    ],
    count: 1,
    body: wgsl`
report[0] = step.number;
  ${lines(words.length, (i) => `report[${i + 1}] = bitcast<u32>(${words[i]!});`)}`,
  });
}
