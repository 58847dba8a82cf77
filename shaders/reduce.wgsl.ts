import {
  chainCall, chainFormula, chainFunctions, chainParts, flatAccess, flatSteps, indexText, isFull, loadDeclaration, loadFunction,
  type Access, type ChainStep,
} from './chain.wgsl.ts';
import { foldNamed } from './fold.ts';
import type { FoldName } from './folds.wgsl.ts';
import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

/**
 * out[kept] = epilogue(scale · fold over the folded axes of prologue(x)): one launch, whatever axes are folded.
 * Chains see rows and columns: the prologue those of `shape`, whose last axis is the columns, the epilogue those of out.
 */
export interface ReduceSpec {
  readonly fold: FoldName;
  /** What is folded, before it is. */
  readonly shape: readonly number[];
  /** For each axis of `shape` whether it is folded. */
  readonly folded: readonly boolean[];
  readonly scale: number;
  /** Where the first value stands in binding `x`. */
  readonly start: Access;
  readonly prologue: readonly ChainStep[];
  readonly epilogue: readonly ChainStep[];
  /** The columns of out. */
  readonly columns: number;
}

/** A running f32 sum loses a digit for every ten terms or so; a sum of partial sums of this many terms does not. */
const PARTIAL = 256;

const sizeOf = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);

/** How many numbers come out, and how many terms each is made of. */
export function reduceSizes({ shape, folded }: Pick<ReduceSpec, 'shape' | 'folded'>): { outputs: number; terms: number } {
  return { outputs: sizeOf(shape.filter((_, axis) => !folded[axis])), terms: sizeOf(shape.filter((_, axis) => folded[axis])) };
}

/** Digits of an index, each with what it moves the row and the column by. */
interface Digit {
  readonly divide: number;
  modulo: number;
  readonly row: number;
  readonly column: number;
}

/** The digits of the index over the axes that are folded or those that are kept. Axes that lie one behind the other are one digit. */
function digitsOf({ shape, folded }: Pick<ReduceSpec, 'shape' | 'folded'>, which: boolean, flat: boolean): Digit[] {
  const digits: Digit[] = [];
  let divide = 1;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    const size = shape[axis]!;
    const inColumn = flat || axis === shape.length - 1;
    const [row, column] = inColumn ? [0, stride] : [stride, 0];
    const last = digits[digits.length - 1];
    if (folded[axis] === which && size > 1) {
      if (last && row === last.row * last.modulo && column === last.column * last.modulo) last.modulo *= size;
      else digits.push({ divide, modulo: size, row, column });
      divide *= size;
    }
    stride = inColumn && !flat ? 1 : stride * size;
  }
  return digits;
}

const indexOf = (digits: readonly Digit[], along: 'row' | 'column', index: string): string =>
  indexText({ rowTerms: digits.map(({ divide, modulo, ...strides }) => ({ divide, modulo, stride: strides[along] })), columnStride: 0, count: 0 }, index, '');

/** The texts of an element's index in a tensor without gaps: where an output's first term stands, and how far term i is from it. */
export function foldedPlaces(spec: Pick<ReduceSpec, 'shape' | 'folded'>): { start(output: string): string; term(index: string): string } {
  const [kept, folded] = [digitsOf(spec, false, true), digitsOf(spec, true, true)];
  return { start: (output) => indexOf(kept, 'column', output), term: (index) => indexOf(folded, 'column', index) };
}

/** The sum of two index texts, of which one may be nothing. */
const together = (...texts: string[]): string => texts.filter((text) => text !== '0u').join(' + ') || '0u';

/** Where x and every operand have the shape that is folded, all of it is one row. */
function flattened(spec: ReduceSpec): { spec: ReduceSpec; rows: number; columns: number; flat: boolean } {
  const columns = spec.shape[spec.shape.length - 1] ?? 1;
  const rows = sizeOf(spec.shape) / columns;
  const accesses = [spec.start, ...spec.prologue.flatMap(({ operands }) => operands.map(({ access }) => access))];
  if (!accesses.every((access) => isFull(access, rows, columns))) return { spec, rows, columns, flat: false };
  return {
    spec: { ...spec, start: flatAccess(spec.start, rows * columns), prologue: flatSteps(spec.prologue, rows * columns) },
    rows: 1, columns: rows * columns, flat: true,
  };
}

/** What all variants share: bindings, functions, and the texts that read a term and write a result. */
export function reduceParts(original: ReduceSpec) {
  const { spec, rows, columns, flat } = flattened(original);
  const { outputs, terms } = reduceSizes(spec);
  const fold = foldNamed(spec.fold);
  const before = chainParts(spec.prologue, 1, rows, columns);
  const outRows = outputs / spec.columns;
  const after = chainParts(spec.epilogue, 1, outRows, spec.columns);
  const others = Object.keys(fold.results).filter((name) => name !== 'out');
  const kept = digitsOf(spec, false, flat);
  const folded = digitsOf(spec, true, flat);
  const startOf = (output: string): string => ['row', 'column'].flatMap((along) => {
    const text = indexOf(kept, along as 'row' | 'column', output);
    return text === '0u' ? [] : [`let start${along === 'row' ? 'Row' : 'Column'} = ${text};`];
  }).join('\n  ');
  const at = (along: 'row' | 'column'): string =>
    together(indexOf(kept, along, 'lane') === '0u' ? '0u' : along === 'row' ? 'startRow' : 'startColumn', indexOf(folded, along, 'i'));
  const [row, column] = [at('row'), at('column')];
  const term = spec.prologue.length === 0
    ? `let value = load_x(${row}, ${column});`
    : `let row = ${row};\n      let column = ${column};\n      let value = ${chainCall('prologue', spec.prologue, 'load_x(row, column)', 'row', 'column')};`;
  const store = (output: string, state: string): string => {
    const result = fold.results['out']!(state);
    const value = spec.scale === 1 ? result : `${result} * ${float(spec.scale)}`;
    const [outRow, outColumn] = outRows === 1 ? ['0u', output] : [`${output} / ${spec.columns}u`, `${output} % ${spec.columns}u`];
    const out = chainCall('epilogue', spec.epilogue, value, outRow, outColumn);
    return [`out[${output}] = ${out};`, ...others.map((name) => `${name}[${output}] = ${fold.results[name]!(state)};`)].join('\n  ');
  };
  const write = (name: string): Declaration => ({ name, access: 'write', type: arrayType(outputs) });
  return {
    name: spec.fold === 'sum' ? 'reduce' : spec.fold,
    formula: `out[kept] = ${chainFormula(`${spec.scale === 1 ? '' : `${spec.scale} · `}${fold.formula(chainFormula('x', spec.prologue))}`, spec.epilogue)} over ${terms} terms, x [${spec.shape.map((size, axis) => (spec.folded[axis] ? `(${size})` : size)).join(', ')}]`,
    declarations: [loadDeclaration('x', spec.start, 1, columns), ...before.declarations, ...after.declarations, write('out'), ...others.map(write)],
    functions: [
      'alias Value = f32;', loadFunction('x', spec.start, 1, columns), before.functions, after.functions,
      chainFunctions({ prologue: spec.prologue, epilogue: spec.epilogue }), fold.functions ?? '',
    ].filter((text) => text !== '').join('\n\n'),
    fold, outputs, terms, term, startOf, store,
  };
}

/** One lane makes one output, in partial results of 256 terms. */
export function reduceSerial(spec: ReduceSpec): Kernel {
  const { name, fold, outputs, terms, term, startOf, store, ...parts } = reduceParts(spec);
  return laneKernel({
    ...parts,
    name: `${name}/serial`,
    count: outputs,
    body: wgsl`
${startOf('lane')}
  var total = ${fold.initial};
  for (var first = 0u; first < ${terms}u; first += ${PARTIAL}u) {
    var partial = ${fold.initial};
    let end = min(first + ${PARTIAL}u, ${terms}u);
    for (var i = first; i < end; i++) {
      ${term}
      ${fold.add('partial')}
    }
    ${fold.join('total', 'partial')}
  }
  ${store('lane', 'total')}`,
  });
}
