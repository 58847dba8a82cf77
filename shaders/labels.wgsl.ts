import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { lossDeclarations, type LossSpec } from './loss.wgsl.ts';
import { elementOf, isElement, rowLoops, type RowLoops } from './rows.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

/** Class indices as u32, or as whole numbers in f32 (what argMax gives). */
export type LabelType = 'u32' | 'f32';

/** A loss over [rows, columns] with one class index for each row. */
export interface LabelSpec extends LossSpec {
  readonly labels: LabelType;
  /** Rows with this label are left out. A negative index stands for its 32 bits as u32, as labels hold it. */
  readonly ignoreIndex: number;
  /** One factor for each class; 1 where left out. */
  readonly weight?: readonly number[];
  /** True divides by the sum of the rows' weights: by the number of rows that count where all weigh 1. */
  readonly mean: boolean;
  /** Set on some of the rows of a larger request: what their mean divides by was made before. */
  readonly isPart?: true;
}

/** Up to here each lane adds up the weights of all rows itself; above, a launch of its own makes sums of parts before. */
const OWN_MASS_ROWS = 128;
/** The parts of the sum of weights, one lane each. */
export const MASS_PARTS = 64;

/** Whether the weights of the rows need a launch before the loss's own. */
export const needsMass = ({ mean, rows, isPart }: LabelSpec): boolean => mean && (isPart ?? rows > OWN_MASS_ROWS);

export const labelArray = ({ labels, rows }: Pick<LabelSpec, 'labels' | 'rows'>): string => `array<${labels}, ${rows}>`;

/** How a lane goes through a row of classes. */
export const classLoops = ({ rows, columns }: LossSpec): RowLoops => rowLoops({ outer: rows, size: columns, inner: 1 });

/** The functions labelOf(row) and weightOf(label): 0 for a row that is left out. */
export function labelFunctions({ labels, ignoreIndex, weight, columns }: Pick<LabelSpec, 'labels' | 'ignoreIndex' | 'weight' | 'columns'>): string {
  return wgsl`
#if ${weight !== undefined}
const classWeights = array<f32, ${columns}>(${(weight ?? []).map(float).join(', ')});

#endif
// The NaN that tells of a label that is no class, which no constant may be.
var<private> quietNan: u32 = 0x7fc00000u;

fn labelOf(row: u32) -> u32 {
#if ${labels === 'u32'}
  return expected[row];
#else
  // What is no whole number of any size is no class either.
  return select(${(ignoreIndex >>> 0) === 0xffffffff ? 0xfffffffe : 0xffffffff}u, bitcast<u32>(i32(round(expected[row]))), abs(expected[row]) < 2e9);
#endif
}

// The bound keeps a wrong label inside its row.
fn weightOf(label: u32) -> f32 {
  return select(${weight ? `classWeights[min(label, ${columns - 1}u)]` : '1.0'}, 0.0, label == ${ignoreIndex >>> 0}u);
}
`.trim();
}

/** mass[part] = Σ of the weights of its rows. */
export function labelMass(spec: LabelSpec): Kernel {
  const { rows } = spec;
  const share = Math.ceil(rows / MASS_PARTS);
  return laneKernel({
    name: 'label-mass',
    formula: `mass[part] = Σ weight of the labels of ${share} rows`,
    declarations: [
      { name: 'expected', access: 'read', type: labelArray(spec) },
      { name: 'mass', access: 'write', type: arrayType(MASS_PARTS) },
    ],
    functions: labelFunctions(spec),
    count: MASS_PARTS,
    body: wgsl`
var total = 0.0;
  let end = min((lane + 1u) * ${share}u, ${rows}u);
  for (var row = lane * ${share}u; row < end; row++) {
    total += weightOf(labelOf(row));
  }
  mass[lane] = total;`,
  });
}

/** The bindings of a loss with labels; `mass` only where a launch before has made it. */
export const labelDeclarations = (spec: LabelSpec) => [
  ...lossDeclarations(spec, labelArray(spec), classLoops(spec).type),
  ...(needsMass(spec) ? [{ name: 'mass', access: 'read', type: arrayType(MASS_PARTS) } as const] : []),
];

/**
 * Statements that set `label` (inside its row), `weight` and `scale`, and end a row that is left out: its loss and its gradient
 * are 0 whatever its numbers are. Where all rows are left out the mean is 0. A row whose label is no class gives NaN: that of another
 * class would be a wrong number that nobody sees.
 */
export function rowStart(spec: LabelSpec): string {
  const { rows, columns, scale, mean } = spec;
  const { terms, start } = classLoops(spec);
  return wgsl`
let start = ${start('lane')};
  let label = labelOf(lane);
  let weight = weightOf(label);
  let isLeftOut = label == ${spec.ignoreIndex >>> 0}u;
  if (isLeftOut || label >= ${columns}u) {
    let outside = select(bitcast<f32>(quietNan), 0.0, isLeftOut);
    rowLoss[lane] = outside;
    for (var i = 0u; i < ${terms}u; i++) {
      dx[start + i] = Value(outside);
    }
    return;
  }
#if ${mean}
  var massOfAll = 0.0;
#if ${needsMass(spec)}
  for (var part = 0u; part < ${MASS_PARTS}u; part++) {
    massOfAll += mass[part];
  }
#else
  for (var row = 0u; row < ${rows}u; row++) {
    massOfAll += weightOf(labelOf(row));
  }
#endif
  let scale = select(${float(scale)} / massOfAll, 0.0, massOfAll == 0.0);
#else
  let scale = ${float(scale)};
#endif
`.trim();
}

/** Negative log-likelihood: rowLoss = -weight · x[t]; dx = -weight at t, 0 elsewhere. */
export function nll(spec: LabelSpec): Kernel {
  const loops = classLoops(spec);
  return laneKernel({
    name: 'nll/row',
    formula: 'rowLoss = -scale · w[t] · x[t]; dx = -scale · w[t] · [i = t]',
    declarations: labelDeclarations(spec),
    functions: `${loops.alias}\n\n${labelFunctions(spec)}`,
    count: spec.rows,
    body: wgsl`
${rowStart(spec)}
  rowLoss[lane] = -scale * weight * ${elementOf(loops, 'x', 'label')};
  for (var i = 0u; i < ${loops.terms}u; i++) {
    dx[start + i] = select(Value(0.0), Value(-scale * weight), ${isElement(loops, 'label')});
  }`,
  });
}
