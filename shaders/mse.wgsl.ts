import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { lossDeclarations, type LossSpec } from './loss.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

export function mse(spec: LossSpec): Kernel {
  const { rows, columns, scale } = spec;
  return laneKernel({
    name: 'mse/row',
    formula: `rowLoss = Σ (x - t)²; dx = ${2 * scale} · (x - t)`,
    declarations: lossDeclarations(spec, arrayType(rows * columns)),
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  var total = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    let difference = x[start + i] - expected[start + i];
    total += difference * difference;
    dx[start + i] = ${float(2 * scale)} * difference;
  }
  rowLoss[lane] = total;`,
  });
}
