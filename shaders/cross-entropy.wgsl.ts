import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { lossDeclarations, type LossSpec } from './loss.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

/** Integer targets: rowLoss = log Σ e^x - x[t]; dx = scale · (softmax(x) - [i = t]). */
export function crossEntropyIndex(spec: LossSpec): Kernel {
  const { rows, columns, scale } = spec;
  return laneKernel({
    name: 'cross-entropy-index/row',
    formula: 'rowLoss = log Σ e^x - x[t]; dx = scale · (softmax(x) - [i = t])',
    declarations: lossDeclarations(spec, `array<u32, ${rows}>`),
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  // Labels are checked before upload; the bound keeps a wrong one inside its row.
  let label = min(expected[lane], ${columns - 1}u);
  var largest = x[start];
  for (var i = 1u; i < ${columns}u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    let weight = exp(x[start + i] - largest);
    dx[start + i] = weight;
    total += weight;
  }
  rowLoss[lane] = log(total) + largest - x[start + label];
  let scale = ${float(scale)} / total;
  for (var i = 0u; i < ${columns}u; i++) {
    dx[start + i] = dx[start + i] * scale - select(0.0, ${float(scale)}, i == label);
  }`,
  });
}

/** Soft targets that need not sum to one: rowLoss = Σ t · (log Σ e^x - x); dx = scale · (softmax(x) · Σ t - t). */
export function crossEntropyProbabilities(spec: LossSpec): Kernel {
  const { rows, columns, scale } = spec;
  return laneKernel({
    name: 'cross-entropy-probabilities/row',
    formula: 'rowLoss = Σ t · (log Σ e^x - x); dx = scale · (softmax(x) · Σ t - t)',
    declarations: lossDeclarations(spec, arrayType(rows * columns)),
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  var largest = x[start];
  for (var i = 1u; i < ${columns}u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  var mass = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    let weight = exp(x[start + i] - largest);
    dx[start + i] = weight;
    total += weight;
    mass += expected[start + i];
  }
  let logTotal = log(total);
  let scale = ${float(scale)} * mass / total;
  var loss = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    loss += expected[start + i] * (logTotal - (x[start + i] - largest));
    dx[start + i] = dx[start + i] * scale - ${float(scale)} * expected[start + i];
  }
  rowLoss[lane] = loss;`,
  });
}
