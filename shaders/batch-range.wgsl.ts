import type { BatchSpec } from './batch.wgsl.ts';
import { laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { plus, wgsl } from './wgsl.ts';

/** A batch out of a range of a data set's examples, or a range of its rows. */
export interface BatchRangeSpec extends BatchSpec {
  /** The first example of those that are bound, and how many they are. */
  readonly held: { readonly first: number; readonly count: number };
  /** The row of the batch that is the first of these. */
  readonly firstRow: number;
}

/** Of `gatherBatch` what a range of the examples makes: each launch writes the rows that it has. */
export function gatherBatchRange({ examples, rows, inputSize, inputType, targetSize, targetType, held: { first, count }, firstRow }: BatchRangeSpec): Kernel {
  const wide = inputSize % 4 === 0 ? 4 : 1;
  const lanesInput = (rows * inputSize) / wide;
  const input = (elements: number): string => (wide === 4 ? `array<vec4${inputType[0]!}, ${elements / 4}>` : `array<${inputType}, ${elements}>`);
  const target = (elements: number): string => `array<${targetType}, ${elements}>`;
  const declarations: Declaration[] = [
    { name: 'step', access: 'uniform', type: 'Step' },
    { name: 'order', access: 'read', type: `array<u32, ${examples}>` },
    { name: 'allInputs', access: 'read', type: input(count * inputSize) },
    { name: 'allTargets', access: 'read', type: target(count * targetSize) },
    { name: 'inputs', access: 'part', type: input(rows * inputSize) },
    { name: 'targets', access: 'part', type: target(rows * targetSize) },
  ];
  // Of an example before the first the place is beyond all: u32 wraps.
  const place = (row: string): string => wgsl`let place = order[min(${plus(`step.cursor + ${row}`, firstRow)}, ${examples - 1}u)]${first > 0 ? ` - ${first}u` : ''};`;
  return laneKernel({
    name: 'gather-batch-range',
    formula: `inputs[row] = allInputs[order[cursor + row${firstRow > 0 ? ` + ${firstRow}` : ''}] - ${first}] where that is one of ${count} examples; targets likewise`,
    declarations,
    count: lanesInput + rows * targetSize,
    body: wgsl`
if (lane < ${lanesInput}u) {
    ${place(wgsl`lane / ${inputSize / wide}u`)}
    if (place < ${count}u) {
      inputs[lane] = allInputs[place * ${inputSize / wide}u + lane % ${inputSize / wide}u];
    }
  } else {
    let element = lane - ${lanesInput}u;
    ${place(wgsl`element / ${targetSize}u`)}
    if (place < ${count}u) {
      targets[element] = allTargets[place * ${targetSize}u + element % ${targetSize}u];
    }
  }`,
  });
}
