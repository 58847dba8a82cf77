import { laneKernel, type Kernel } from './kernel.ts';
import { lines, wgsl } from './wgsl.ts';

export interface RecordSpec {
  /** Scalars that the step reports: the loss first, then its metrics. */
  readonly values: number;
}

/**
 * The last launch of a step: its scalars, and its number as a tag. After a device loss every call seems to succeed,
 * so a step counts only when its own tag is read back.
 */
export function record({ values }: RecordSpec): Kernel {
  return laneKernel({
    name: 'record',
    formula: 'report = [step number, value0, value1, …]',
    declarations: [
      { name: 'step', access: 'uniform', type: 'Step' },
      ...Array.from({ length: values }, (_, i) => ({ name: `value${i}`, access: 'read', type: 'array<f32, 1>' } as const)),
      { name: 'report', access: 'write', type: `array<u32, ${values + 1}>` },
    ],
    count: 1,
    body: wgsl`
report[0] = step.number;
  ${lines(values, (i) => `report[${i + 1}] = bitcast<u32>(value${i}[0]);`)}`,
  });
}
