import { arrayType, halfOr, type Declaration } from './kernel.ts';
import type { MatmulSpec } from './matmul.wgsl.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/** An axis along which both operands hold matrices: how many, and how far apart they lie; 0 where there is but one for all. */
export interface BatchAxis {
  readonly size: number;
  readonly strideA: number;
  readonly strideB: number;
  /** The products along this axis are added up; else each is a result of its own. */
  readonly summed: boolean;
}

/** Where a stored matrix lies that is a view of a larger tensor: element (row, column) stands at offset + row·rowStride + column·columnStride. */
export interface StoredMatrix {
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

type Operand = 'a' | 'b';

const sizeOfAxes = (axes: readonly BatchAxis[]): number => axes.reduce((product, { size }) => product * size, 1);
const resultAxes = ({ batch }: MatmulSpec): BatchAxis[] => batch.filter(({ summed }) => !summed);
const summedAxes = ({ batch }: MatmulSpec): BatchAxis[] => batch.filter(({ summed }) => summed);
const strideOf = (axis: BatchAxis, operand: Operand): number => (operand === 'a' ? axis.strideA : axis.strideB);

export const isBatched = ({ batch }: MatmulSpec): boolean => batch.length > 0;

/** Products that are results of their own. */
export function productCount(spec: MatmulSpec): number {
  return sizeOfAxes(resultAxes(spec));
}

/** Pairs of matrices whose products are one result. */
export function termCount(spec: MatmulSpec): number {
  return sizeOfAxes(summedAxes(spec));
}

/** An operand's stored matrices: how many there are, and their size. */
export function storedSizes({ m, n, k, transposeA, transposeB, batch }: MatmulSpec, operand: Operand): { matrices: number; rows: number; columns: number } {
  const [rows, columns] = operand === 'a' ? (transposeA ? [k, m] : [m, k]) : (transposeB ? [n, k] : [k, n]);
  const own = batch.filter((axis) => strideOf(axis, operand) > 0);
  return { matrices: sizeOfAxes(own), rows: rows!, columns: columns! };
}

/** Where an operand's first matrix lies. */
export function placeOf(spec: MatmulSpec, operand: Operand): StoredMatrix {
  return (operand === 'a' ? spec.storedA : spec.storedB) ?? { offset: 0, rowStride: storedSizes(spec, operand).columns, columnStride: 1 };
}

/** True where an operand has more than one matrix: loads are told where theirs starts. */
export function usesStart({ batch }: MatmulSpec, operand: Operand): boolean {
  return batch.some((axis) => strideOf(axis, operand) > 0);
}

/** True where a prologue wants to know the row within all of the operand's matrices. */
export function usesRows(spec: MatmulSpec, operand: Operand): boolean {
  return usesStart(spec, operand) && (operand === 'a' ? spec.prologueA : spec.prologueB).length > 0;
}

/** Elements from the first to the last that the operand's matrices cover. */
function extent(spec: MatmulSpec, operand: Operand): number {
  const { rows, columns } = storedSizes(spec, operand);
  const { offset, rowStride, columnStride } = placeOf(spec, operand);
  const before = spec.batch.reduce((sum, axis) => sum + (axis.size - 1) * strideOf(axis, operand), 0);
  return offset + before + (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
}

/** True where an operand is read number by number. A prologue goes by fours. */
export function readsSingle({ single = false, prologueA, transposeB }: MatmulSpec, operand: Operand): boolean {
  return single && (operand === 'a' ? prologueA.length === 0 : transposeB);
}

/** True where four neighbouring columns are one aligned vec4 in every row of every matrix. */
export function isVector(spec: MatmulSpec, operand: Operand): boolean {
  const { rows, columns } = storedSizes(spec, operand);
  const { offset, rowStride, columnStride } = placeOf(spec, operand);
  const steps = [columns, offset, ...(rows > 1 ? [rowStride] : []), ...spec.batch.map((axis) => strideOf(axis, operand))];
  return !readsSingle(spec, operand) && columnStride === 1 && steps.every((step) => step % 4 === 0);
}

export function matrixDeclaration(spec: MatmulSpec, operand: Operand, vector = isVector(spec, operand)): Declaration {
  return { name: operand, access: 'read', type: arrayType(extent(spec, operand), vector, halfOr(spec, operand)) };
}

/**
 * `fn load_a(row, column) -> Value`, with the matrix's start before them where there are several: four columns at once.
 * Columns past the edge repeat the last one, so that no index leaves the operand; their results are never stored. A single column is an f32.
 */
export function matrixFunction(spec: MatmulSpec, operand: Operand): string {
  const { rows, columns } = storedSizes(spec, operand);
  const { offset, rowStride, columnStride } = placeOf(spec, operand);
  const start = usesStart(spec, operand);
  const index = (column: string): string =>
    plus([...(start ? ['start'] : []), ...(rows > 1 ? [times('row', rowStride)] : []), times(column, columnStride)].join(' + '), offset);
  const first = index('column');
  const isHalf = halfOr(spec, operand) === 'f16';
  const four = `${operand}[${first.includes(' ') ? `(${first})` : first} / 4u]`;
  const one = (at: string): string => (isHalf ? `f32(${operand}[${at}])` : `${operand}[${at}]`);
  return wgsl`
fn load_${operand}(${start ? 'start: u32, ' : ''}row: u32, column: u32) -> ${readsSingle(spec, operand) ? 'f32' : 'Value'} {
#if ${readsSingle(spec, operand)}
  return ${one(first)};
#elif ${isVector(spec, operand)}
  return ${isHalf ? `Value(${four})` : four};
#else
  return Value(
    ${lines(4, (i) => `${one(i === 0 ? first : index(`min(column + ${i}u, ${columns - 1}u)`))},`, '    ')}
  );
#endif
}
`;
}

/** Where the matrix starts that belongs to the number `index` of a product or a term; in rows where strides count them. */
function startText(axes: readonly BatchAxis[], operand: Operand, index: string, unit: number): string[] {
  let divide = sizeOfAxes(axes);
  return axes.flatMap((axis, position) => {
    divide /= axis.size;
    const stride = strideOf(axis, operand) / unit;
    if (stride === 0) return [];
    const quotient = divide === 1 ? index : `${index} / ${divide}u`;
    // The outermost axis needs no remainder.
    return [times(position === 0 ? quotient : `${divide === 1 ? quotient : `(${quotient})`} % ${axis.size}u`, stride)];
  });
}

/** Names of what the text below declares: starts in elements for the loads, in rows for prologues. */
function startsOf(spec: MatmulSpec): { name: string; operand: Operand; unit: number }[] {
  return (['a', 'b'] as const).flatMap((operand) => {
    const letter = operand.toUpperCase();
    return [
      ...(usesStart(spec, operand) ? [{ name: `start${letter}`, operand, unit: 1 }] : []),
      ...(usesRows(spec, operand) ? [{ name: `firstRow${letter}`, operand, unit: storedSizes(spec, operand).columns }] : []),
    ];
  });
}

/** The beginning of a body: which product, where its matrices start and where its rows go. Where terms are summed, that of their first. */
export function startsText(spec: MatmulSpec, product: string): string {
  const axes = resultAxes(spec);
  const many = productCount(spec) > 1;
  const summed = termCount(spec) > 1;
  const starts = startsOf(spec).flatMap(({ name, operand, unit }) => {
    const terms = startText(axes, operand, 'product', unit);
    if (summed) return terms.length > 0 ? [`let ${base(name)} = ${terms.join(' + ')};`] : [];
    return [`let ${name} = ${terms.join(' + ')};`];
  });
  return [...(many ? [`let product = ${product};`, `let firstRow = product * ${spec.m}u;`] : []), ...starts].join('\n  ');
}

/** The beginning of a term: where its matrices start. */
export function termStartsText(spec: MatmulSpec): string {
  const axes = summedAxes(spec);
  return startsOf(spec).map(({ name, operand, unit }) => {
    const before = resultAxes(spec).some((axis) => strideOf(axis, operand) > 0) ? [base(name)] : [];
    return `let ${name} = ${[...before, ...startText(axes, operand, 'term', unit)].join(' + ')};`;
  }).join('\n    ');
}

/** `startA` is `productStartA` before a term is added to it. */
const base = (name: string): string => `product${name[0]!.toUpperCase()}${name.slice(1)}`;
