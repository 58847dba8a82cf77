import { laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { wgsl } from './wgsl.ts';

export interface BatchSpec {
  /** Examples in the data set. */
  readonly examples: number;
  readonly rows: number;
  readonly inputSize: number;
  readonly inputType: 'f32' | 'u32';
  readonly targetSize: number;
  readonly targetType: 'f32' | 'u32';
}

/** Copies the rows that `order` names, from `step.cursor` on, out of a data set that lives on the GPU. */
export function gatherBatch({ examples, rows, inputSize, inputType, targetSize, targetType }: BatchSpec): Kernel {
  const wide = inputSize % 4 === 0 ? 4 : 1;
  const lanesInput = (rows * inputSize) / wide;
  const input = (count: number): string => (wide === 4 ? `array<vec4${inputType[0]!}, ${count / 4}>` : `array<${inputType}, ${count}>`);
  const target = (count: number): string => `array<${targetType}, ${count}>`;
  const declarations: Declaration[] = [
    { name: 'step', access: 'uniform', type: 'Step' },
    { name: 'order', access: 'read', type: `array<u32, ${examples}>` },
    { name: 'allInputs', access: 'read', type: input(examples * inputSize) },
    { name: 'allTargets', access: 'read', type: target(examples * targetSize) },
    { name: 'inputs', access: 'write', type: input(rows * inputSize) },
    { name: 'targets', access: 'write', type: target(rows * targetSize) },
  ];
  return laneKernel({
    name: 'gather-batch',
    formula: 'inputs[row] = allInputs[order[cursor + row]]; targets likewise',
    declarations,
    count: lanesInput + rows * targetSize,
    body: wgsl`
if (lane < ${lanesInput}u) {
    let example = min(order[min(step.cursor + lane / ${inputSize / wide}u, ${examples - 1}u)], ${examples - 1}u);
    inputs[lane] = allInputs[example * ${inputSize / wide}u + lane % ${inputSize / wide}u];
  } else {
    let element = lane - ${lanesInput}u;
    let example = min(order[min(step.cursor + element / ${targetSize}u, ${examples - 1}u)], ${examples - 1}u);
    targets[element] = allTargets[example * ${targetSize}u + element % ${targetSize}u];
  }`,
  });
}
