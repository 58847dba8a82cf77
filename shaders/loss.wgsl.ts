import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

/**
 * A loss over [rows, columns]: rowLoss[row] = Σ over its columns, and in the same launch the gradient of
 * scale · Σ rowLoss with respect to the input.
 */
export interface LossSpec {
  readonly rows: number;
  readonly columns: number;
  readonly scale: number;
}

/** The bindings of every loss kernel; `target` is the WGSL type of the expected values, `type` that of the numbers beside them. */
export const lossDeclarations = ({ rows, columns }: LossSpec, target: string, type = arrayType(rows * columns)): Declaration[] => [
  { name: 'x', access: 'read', type },
  { name: 'expected', access: 'read', type: target },
  { name: 'rowLoss', access: 'write', type: arrayType(rows) },
  { name: 'dx', access: 'write', type },
];

/** A loss that compares element by element, in WGSL: statements that set `loss` and `slope` from x (the input) and t (the target). */
export interface ElementFormula {
  readonly name: string;
  readonly formula: string;
  readonly functions?: string;
  readonly body: string;
}

/** One lane adds up one row of elements; the gradient comes out on the way. */
export function elementLoss(spec: LossSpec, { name, formula, functions = '', body }: ElementFormula): Kernel {
  const { rows, columns, scale } = spec;
  return laneKernel({
    name: `${name}/row`,
    formula: `rowLoss = Σ loss, dx = ${scale === 1 ? '' : `${scale} · `}slope\n${formula}`,
    declarations: lossDeclarations(spec, arrayType(rows * columns)),
    functions,
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  var total = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    let at = start + i;
    let x = x[at];
    let t = expected[at];
    ${indented(body)}
    total += loss;
    dx[at] = ${scale === 1 ? '' : `${float(scale)} * `}slope;
  }
  rowLoss[lane] = total;`,
  });
}

/** d loss / d target where it is not the negative of d loss / d input: statements that set `slope` from x and t. */
export function elementLossTarget({ rows, columns, scale }: LossSpec, { name, formula, functions = '', body }: ElementFormula): Kernel {
  const count = rows * columns;
  // Some slopes are the same for every target.
  const asksTarget = /\bt\b/.test(body);
  return laneKernel({
    name: `${name}-target`,
    formula: `dtarget = ${scale === 1 ? '' : `${scale} · `}upstream · slope\n${formula}`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(count) },
      ...(asksTarget ? [{ name: 'expected', access: 'read', type: arrayType(count) } as const] : []),
      { name: 'upstream', access: 'read', type: arrayType(1) },
      { name: 'dtarget', access: 'write', type: arrayType(count) },
    ],
    functions,
    count,
    body: wgsl`
let at = lane;
  let x = x[at];
#if ${asksTarget}
  let t = expected[at];
#endif
  ${indented(body, '  ')}
  dtarget[at] = ${scale === 1 ? '' : `${float(scale)} * `}upstream[0] * slope;`,
  });
}

const indented = (body: string, by = '    '): string => body.trim().split('\n').map((line, index) => (index === 0 ? line.trim() : `${by}${line.trim()}`)).join('\n');
