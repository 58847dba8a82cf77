import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { labelDeclarations, labelFunctions, rowStart, type LabelSpec } from './labels.wgsl.ts';
import { lossDeclarations, type LossSpec } from './loss.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

export interface CrossEntropyIndexSpec extends LabelSpec {
  readonly smoothing: number;
}

/** e^(x - max) of a row into dx, their sum in `total`, their logarithm in `logTotal`: nothing overflows. */
const exponentials = (columns: number): string => wgsl`
var largest = x[start];
  for (var i = 1u; i < ${columns}u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    let power = exp(x[start + i] - largest);
    dx[start + i] = power;
    total += power;
  }
  let logTotal = log(total);`.trim();

/**
 * Integer targets: rowLoss = scale · Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal), with
 * goal = w[t] · [i = t], and with smoothing s (1 - s) · w[t] · [i = t] + s · w / classes.
 */
export function crossEntropyIndex(spec: CrossEntropyIndexSpec): Kernel {
  const { columns, smoothing, weight } = spec;
  const shares = (weight ?? [1]).map((one) => smoothing * one / columns);
  const share = weight ? 'shares[i]' : float(shares[0]!);
  const shareOfAll = smoothing * (weight ? weight.reduce((sum, one) => sum + one, 0) / columns : 1);
  return laneKernel({
    name: `cross-entropy-index${smoothing > 0 ? '-smoothed' : ''}/row`,
    formula: `${smoothing > 0 ? `goal = ${1 - smoothing} · w[t] · [i = t] + ${smoothing} · w / ${columns}` : 'goal = w[t] · [i = t]'}
      rowLoss = scale · Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)`,
    declarations: labelDeclarations(spec),
    functions: wgsl`
${labelFunctions(spec)}

#if ${smoothing > 0 && weight !== undefined}
const shares = array<f32, ${columns}>(${shares.map(float).join(', ')});
#endif
`,
    count: spec.rows,
    body: wgsl`
${rowStart(spec)}
  ${exponentials(columns)}
#if ${smoothing > 0}
  let own = ${float(1 - smoothing)} * weight;
  var loss = own * (logTotal + (largest - x[start + label]));
  let factor = (own + ${float(shareOfAll)}) * scale / total;
  for (var i = 0u; i < ${columns}u; i++) {
    loss += ${share} * (logTotal + (largest - x[start + i]));
    let goal = ${share} + select(0.0, own, i == label);
    dx[start + i] = dx[start + i] * factor - scale * goal;
  }
  rowLoss[lane] = scale * loss;
#else
  rowLoss[lane] = scale * weight * (logTotal + (largest - x[start + label]));
  let factor = weight * scale / total;
  for (var i = 0u; i < ${columns}u; i++) {
    dx[start + i] = dx[start + i] * factor - select(0.0, weight * scale, i == label);
  }
#endif`,
  });
}

export interface CrossEntropyProbabilitiesSpec extends LossSpec {
  readonly smoothing: number;
  /** One factor for each class; 1 where left out. */
  readonly weight?: readonly number[];
}

/** The function goalOf(t, i): what the target asks of class i. */
function goalFunction({ columns, smoothing, weight }: CrossEntropyProbabilitiesSpec): string {
  const smoothed = smoothing > 0 ? `${float(1 - smoothing)} * t + ${float(smoothing / columns)}` : 't';
  return wgsl`
#if ${weight !== undefined}
const classWeights = array<f32, ${columns}>(${(weight ?? []).map(float).join(', ')});

#endif
fn goalOf(t: f32, i: u32) -> f32 {
  return ${weight ? `classWeights[i] * ${smoothing > 0 ? `(${smoothed})` : smoothed}` : smoothed};
}
`.trim();
}

/** Soft targets that need not sum to one: rowLoss = Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal). */
export function crossEntropyProbabilities(spec: CrossEntropyProbabilitiesSpec): Kernel {
  const { rows, columns, scale, smoothing, weight } = spec;
  const plain = smoothing === 0 && weight === undefined;
  const goal = plain ? 'expected[start + i]' : 'goalOf(expected[start + i], i)';
  return laneKernel({
    name: 'cross-entropy-probabilities/row',
    formula: `${plain ? 'goal = t' : `goal = ${weight ? 'w · ' : ''}(${1 - smoothing} · t + ${smoothing} / ${columns})`}
      rowLoss = Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)`,
    declarations: lossDeclarations(spec, arrayType(rows * columns)),
    functions: plain ? '' : goalFunction(spec),
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  ${exponentials(columns)}
  var mass = 0.0;
  var loss = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    let goal = ${goal};
    mass += goal;
    loss += goal * (logTotal + (largest - x[start + i]));
  }
  let factor = ${float(scale)} * mass / total;
  for (var i = 0u; i < ${columns}u; i++) {
    dx[start + i] = dx[start + i] * factor - ${float(scale)} * ${goal};
  }
  rowLoss[lane] = loss;`,
  });
}

/** dtarget = scale · upstream · d goal / d t · (log Σ e^x - x). */
export function crossEntropyTarget({ rows, columns, scale, smoothing, weight }: CrossEntropyProbabilitiesSpec): Kernel {
  const factor = (1 - smoothing) * scale;
  return laneKernel({
    name: 'cross-entropy-target',
    formula: `dtarget = ${factor} · ${weight ? 'w · ' : ''}upstream · (log Σ e^x - x)`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(rows * columns) },
      { name: 'upstream', access: 'read', type: arrayType(1) },
      { name: 'dtarget', access: 'write', type: arrayType(rows * columns) },
    ],
    functions: weight ? `const classWeights = array<f32, ${columns}>(${weight.map(float).join(', ')});` : '',
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  var largest = x[start];
  for (var i = 1u; i < ${columns}u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    total += exp(x[start + i] - largest);
  }
  let logTotal = log(total);
  let factor = ${float(factor)} * upstream[0];
  for (var i = 0u; i < ${columns}u; i++) {
    dtarget[start + i] = ${weight ? 'classWeights[i] * ' : ''}factor * (logTotal + (largest - x[start + i]));
  }`,
  });
}
