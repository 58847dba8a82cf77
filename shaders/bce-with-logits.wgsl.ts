import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { lossDeclarations, type LossSpec } from './loss.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

/** The form max(x, 0) - x·t + log(1 + e^-|x|) overflows nowhere. */
export function bceWithLogits(spec: LossSpec): Kernel {
  const { rows, columns, scale } = spec;
  return laneKernel({
    name: 'bce-with-logits/row',
    formula: 'rowLoss = Σ max(x, 0) - x·t + log(1 + e^-|x|); dx = scale · (sigmoid(x) - t)',
    declarations: lossDeclarations(spec, arrayType(rows * columns)),
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  var total = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    let logit = x[start + i];
    let t = expected[start + i];
    let e = exp(-abs(logit));
    total += max(logit, 0.0) - logit * t + log(1.0 + e);
    let s = 1.0 / (1.0 + e);
    dx[start + i] = ${float(scale)} * (select(e * s, s, logit >= 0.0) - t);
  }
  rowLoss[lane] = total;`,
  });
}
