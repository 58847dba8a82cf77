import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { classLoops, labelDeclarations, labelFunctions, rowStart, type LabelSpec } from './labels.wgsl.ts';
import { lossDeclarations, type LossSpec } from './loss.wgsl.ts';
import { constantRow, elementOf, isElement, onlineRow, readRow, sumOfParts } from './rows.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

export interface CrossEntropyIndexSpec extends LabelSpec {
  readonly smoothing: number;
}

/**
 * Integer targets: rowLoss = scale · Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal), with
 * goal = w[t] · [i = t], and with smoothing s (1 - s) · w[t] · [i = t] + s · w / classes.
 */
export function crossEntropyIndex(spec: CrossEntropyIndexSpec): Kernel {
  const { columns, smoothing, weight } = spec;
  const loops = classLoops(spec);
  const shares = (weight ?? [1]).map((one) => smoothing * one / columns);
  const share = weight ? 'shares[i]' : float(shares[0]!);
  const shareOfAll = smoothing * (weight ? weight.reduce((sum, one) => sum + one, 0) / columns : 1);
  return laneKernel({
    name: `cross-entropy-index${smoothing > 0 ? '-smoothed' : ''}/row`,
    formula: `${smoothing > 0 ? `goal = ${1 - smoothing} · w[t] · [i = t] + ${smoothing} · w / ${columns}` : 'goal = w[t] · [i = t]'}
      rowLoss = scale · Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)`,
    declarations: labelDeclarations(spec),
    functions: [
      loops.alias, onlineRow, labelFunctions(spec), ...(smoothing > 0 && weight ? [constantRow(loops, 'shares', shares)] : []),
    ].join('\n\n'),
    count: spec.rows,
    body: wgsl`
${rowStart(spec)}
  ${readRow(loops)}
  let logTotal = log(total);
#if ${smoothing > 0}
  let own = ${float(1 - smoothing)} * weight;
  var loss = Value(0.0);
  let factor = (own + ${float(shareOfAll)}) * scale / total;
  for (var i = 0u; i < ${loops.terms}u; i++) {
    let below = largest - x[start + i];
    loss += ${share} * (logTotal + below);
    let goal = ${share} + select(Value(0.0), Value(own), ${isElement(loops, 'label')});
    dx[start + i] = exp(-below) * factor - scale * goal;
  }
  rowLoss[lane] = scale * (own * (logTotal + (largest - ${elementOf(loops, 'x', 'label')})) + ${sumOfParts(loops, 'loss')});
#else
  rowLoss[lane] = scale * weight * (logTotal + (largest - ${elementOf(loops, 'x', 'label')}));
  let factor = weight * scale / total;
  for (var i = 0u; i < ${loops.terms}u; i++) {
    dx[start + i] = exp(x[start + i] - largest) * factor - select(Value(0.0), Value(weight * scale), ${isElement(loops, 'label')});
  }
#endif`,
  });
}

export interface CrossEntropyProbabilitiesSpec extends LossSpec {
  readonly smoothing: number;
  /** One factor for each class; 1 where left out. */
  readonly weight?: readonly number[];
}

/** The function goalOf(t, i): what the target asks of the classes of Value i. */
function goalFunction(spec: CrossEntropyProbabilitiesSpec): string {
  const { columns, smoothing, weight } = spec;
  const smoothed = smoothing > 0 ? `${float(1 - smoothing)} * t + ${float(smoothing / columns)}` : 't';
  return wgsl`
#if ${weight !== undefined}
${constantRow(classLoops(spec), 'classWeights', weight ?? [])}

#endif
fn goalOf(t: Value, i: u32) -> Value {
  return ${weight ? `classWeights[i] * ${smoothing > 0 ? `(${smoothed})` : smoothed}` : smoothed};
}
`.trim();
}

/** Soft targets that need not sum to one: rowLoss = Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal). */
export function crossEntropyProbabilities(spec: CrossEntropyProbabilitiesSpec): Kernel {
  const { rows, columns, scale, smoothing, weight } = spec;
  const loops = classLoops(spec);
  const plain = smoothing === 0 && weight === undefined;
  const goal = plain ? 'expected[start + i]' : 'goalOf(expected[start + i], i)';
  return laneKernel({
    name: 'cross-entropy-probabilities/row',
    formula: `${plain ? 'goal = t' : `goal = ${weight ? 'w · ' : ''}(${1 - smoothing} · t + ${smoothing} / ${columns})`}
      rowLoss = Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)`,
    declarations: lossDeclarations(spec, loops.type, loops.type),
    functions: [loops.alias, onlineRow, ...(plain ? [] : [goalFunction(spec)])].join('\n\n'),
    count: rows,
    body: wgsl`
let start = ${loops.start('lane')};
  ${readRow(loops)}
  let logTotal = log(total);
  var mass = Value(0.0);
  var loss = Value(0.0);
  for (var i = 0u; i < ${loops.terms}u; i++) {
    let goal = ${goal};
    mass += goal;
    loss += goal * (logTotal + (largest - x[start + i]));
  }
  let massOfRow = ${sumOfParts(loops, 'mass')};
  let factor = ${float(scale)} * massOfRow / total;
  for (var i = 0u; i < ${loops.terms}u; i++) {
    dx[start + i] = exp(x[start + i] - largest) * factor - ${float(scale)} * ${goal};
  }
  rowLoss[lane] = ${sumOfParts(loops, 'loss')};`,
  });
}

/** dtarget = scale · upstream · d goal / d t · (log Σ e^x - x). */
export function crossEntropyTarget(spec: CrossEntropyProbabilitiesSpec): Kernel {
  const { rows, scale, smoothing, weight } = spec;
  const loops = classLoops(spec);
  const factor = (1 - smoothing) * scale;
  return laneKernel({
    name: 'cross-entropy-target',
    formula: `dtarget = ${factor} · ${weight ? 'w · ' : ''}upstream · (log Σ e^x - x)`,
    declarations: [
      { name: 'x', access: 'read', type: loops.type },
      { name: 'upstream', access: 'read', type: arrayType(1) },
      { name: 'dtarget', access: 'write', type: loops.type },
    ],
    functions: [loops.alias, onlineRow, ...(weight ? [constantRow(loops, 'classWeights', weight)] : [])].join('\n\n'),
    count: rows,
    body: wgsl`
let start = ${loops.start('lane')};
  ${readRow(loops)}
  let logTotal = log(total);
  let factor = ${float(factor)} * upstream[0];
  for (var i = 0u; i < ${loops.terms}u; i++) {
    dtarget[start + i] = ${weight ? 'classWeights[i] * ' : ''}factor * (logTotal + (largest - x[start + i]));
  }`,
  });
}
