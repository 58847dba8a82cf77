import { chainCall, chainFormula, chainFunctions, chainParts, storeDeclaration, storeFunction, type ChainStep } from './chain.wgsl.ts';
import { arrayType, halfName, halfOr, laneKernel, type Declaration, type HalfSpec, type Kernel } from './kernel.ts';
import {
  isBatched, matrixDeclaration, matrixFunction, productCount, readsSingle, startsText, storedSizes, termCount, termStartsText, usesRows, usesStart,
  type BatchAxis, type StoredMatrix,
} from './matmul-batch.wgsl.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/**
 * out[m, n] = epilogue(Σ over k of A[m, k] · B[k, n]), with A = a or aᵀ and B = b or bᵀ; or many such products at once.
 * A chain on `a` or `b` is applied to each element as it is loaded (prologue), in the stored layout. `half`: a, b, out; sums are f32.
 */
export interface MatmulSpec extends HalfSpec {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** a is stored [k, m] instead of [m, k]. */
  readonly transposeA: boolean;
  /** b is stored [n, k] instead of [k, n]. */
  readonly transposeB: boolean;
  readonly epilogue: readonly ChainStep[];
  readonly prologueA: readonly ChainStep[];
  readonly prologueB: readonly ChainStep[];
  /** Also writes rowSums[m] = Σ over k of A[m, k]: the bias gradient, from the elements that dW reads anyway; of each product its own. */
  readonly rowSums: boolean;
  /** The axes along which a and b hold several matrices, outermost first; none for a single product. */
  readonly batch: readonly BatchAxis[];
  /** Where the stored matrices lie, if not row by row from the first element on. */
  readonly storedA?: StoredMatrix;
  readonly storedB?: StoredMatrix;
  /** Set where each turn of the loop along k is a single step, for which most operands are read number by number (`readsSingle`). */
  readonly single?: boolean;
}

/** Rows of the two-dimensional view of out: those of all products, one after the other. */
export function outRows(spec: MatmulSpec): number {
  return productCount(spec) * spec.m;
}

/** `nn`, `nt`, `tn`, `tt`: which operands are transposed. */
export function layoutName({ transposeA, transposeB }: MatmulSpec): string {
  return `${transposeA ? 't' : 'n'}${transposeB ? 't' : 'n'}`;
}

/** What a product computes, with the indices as a and b are stored. */
export function matmulFormula(spec: MatmulSpec): string {
  const { m, n, k, transposeA, transposeB, prologueA, prologueB, epilogue, rowSums } = spec;
  const a = chainFormula(transposeA ? 'a[k, m]' : 'a[m, k]', prologueA);
  const b = chainFormula(transposeB ? 'b[n, k]' : 'b[k, n]', prologueB);
  const terms = termCount(spec);
  const sum = `Σ over ${terms > 1 ? `${terms} pairs of matrices and ` : ''}k of ${a} · ${b}`;
  const many = productCount(spec) > 1 ? `, for each of ${productCount(spec)} products` : '';
  return `out[m, n] = ${chainFormula(sum, epilogue)}, with m < ${m}, n < ${n}, k < ${k}${many}${rowSums ? `\nrowSums[m] = Σ over k of ${a}` : ''}`;
}

/**
 * What every variant shares: how a, b and the epilogue's operands are read and out is written, four columns at a time. With `loads` a
 * variant reads a and b itself: it says which of them hold vectors.
 */
export function matmulParts(spec: MatmulSpec, loads?: { readonly vectorA: boolean; readonly vectorB: boolean }): { declarations: Declaration[]; functions: string } {
  const { n } = spec;
  const rows = outRows(spec);
  const [a, b] = [storedSizes(spec, 'a'), storedSizes(spec, 'b')];
  const operands = [
    chainParts(spec.prologueA, 4, a.matrices * a.rows, a.columns), chainParts(spec.prologueB, 4, b.matrices * b.rows, b.columns),
    chainParts(spec.epilogue, 4, rows, n),
  ];
  return {
    declarations: [
      matrixDeclaration(spec, 'a', loads?.vectorA), matrixDeclaration(spec, 'b', loads?.vectorB),
      ...operands.flatMap(({ declarations }) => declarations),
      storeDeclaration('out', 4, rows, n, halfOr(spec, 'out')),
      ...(spec.rowSums ? [{ name: 'rowSums', access: 'write', type: arrayType(rows) } as const] : []),
    ],
    functions: [
      'alias Value = vec4f;', ...(loads ? [] : [matrixFunction(spec, 'a'), matrixFunction(spec, 'b')]),
      storeFunction('out', 4, rows, n, halfOr(spec, 'out')), ...operands.map(({ functions }) => functions),
      chainFunctions({ prologueA: spec.prologueA, prologueB: spec.prologueB, epilogue: spec.epilogue }),
    ].join('\n\n'),
  };
}

export const COMPONENTS = ['x', 'y', 'z', 'w'] as const;

/** One four-wide load with the operand's prologue. */
export function loadText(spec: MatmulSpec, operand: 'a' | 'b', row: string, column: string): string {
  const [name, chain] = operand === 'a' ? ['prologueA', spec.prologueA] as const : ['prologueB', spec.prologueB] as const;
  const letter = operand.toUpperCase();
  const start = usesStart(spec, operand) ? `start${letter}, ` : '';
  return chainCall(name, chain, `load_${operand}(${start}${row}, ${column})`, usesRows(spec, operand) ? `firstRow${letter} + ${row}` : row, column);
}

/** The store of four columns with the epilogue. */
export function storeText(spec: MatmulSpec, sum: string, row: string): string {
  const place = productCount(spec) > 1 ? `firstRow + ${row}` : row;
  return `store_out(${place}, column, ${chainCall('epilogue', spec.epilogue, sum, place, 'column')});`;
}

/** Where the sum of a row of A goes. */
export function rowSumsPlace(spec: MatmulSpec, row: string): string {
  return `rowSums[${productCount(spec) > 1 ? `firstRow + ${row}` : row}]`;
}

/** `text`, which adds one pair of matrices to the sums, for every pair that a result is a sum of. */
export function forEachTerm(spec: MatmulSpec, text: string): string {
  const terms = termCount(spec);
  if (terms === 1) return text;
  return `for (var term = 0u; term < ${terms}u; term++) {
    ${termStartsText(spec)}
  ${text}
  }`;
}

/**
 * Four steps along k (`depth` of them used) for a block of `height` × 4 results. Both operands are loaded along the
 * direction in which they are stored; which component belongs to which (row, k) is decided here, in the text.
 */
export function block(spec: MatmulSpec, height: number, depth: number): string {
  const { m, n, transposeA, transposeB } = spec;
  const part = (operand: 'a' | 'b', vector: string, component: number): string => (readsSingle(spec, operand) ? vector : `${vector}.${COMPONENTS[component]}`);
  const loadsA = transposeA
    ? lines(depth, (j) => `let a${j} = ${loadText(spec, 'a', plus('k', j), 'row')};`, '    ')
    : lines(height, (i) => `let a${i} = ${loadText(spec, 'a', i === 0 ? 'row' : `min(row + ${i}u, ${m - 1}u)`, 'k')};`, '    ');
  const loadsB = transposeB
    ? lines(4, (c) => `let column${c} = ${loadText(spec, 'b', c === 0 ? 'column' : `min(column + ${c}u, ${n - 1}u)`, 'k')};`, '    ')
    : lines(depth, (j) => `let b${j} = ${loadText(spec, 'b', plus('k', j), 'column')};`, '    ');
  const gatherB = transposeB
    ? lines(depth, (j) => `let b${j} = vec4f(${[0, 1, 2, 3].map((c) => part('b', `column${c}`, j)).join(', ')});`, '    ')
    : '';
  const elementA = (i: number, j: number): string => (transposeA ? part('a', `a${j}`, i) : part('a', `a${i}`, j));
  const products = lines(height, (i) =>
    lines(depth, (j) => `sum${i} += ${elementA(i, j)} * b${j};`, '    '), '    ');
  const rowSums = spec.rowSums
    ? lines(height, (i) => lines(depth, (j) => `total${i} += ${elementA(i, j)};`, '    '), '    ')
    : '';
  return [loadsA, loadsB, gatherB, products, rowSums].filter((part) => part !== '').join('\n    ');
}

/** True where a step along k may stand alone: what is stored along k has no prologue, which would go by fours. */
export const goesByOne = ({ prologueA, prologueB, transposeA, transposeB }: MatmulSpec): boolean =>
  (transposeA || prologueA.length === 0) && (!transposeB || prologueB.length === 0);

/**
 * One lane makes `height` rows × 4 columns in registers: no workgroup memory, no barrier.
 * `height` 1 spreads a small product over many lanes; 4 reads each element of b a quarter as often. Sums add up step after step along k,
 * whether a turn of the loop has four of them or a single one, which is half of the text: the bits are the same.
 */
export function matmulRegister(spec: MatmulSpec, height: 1 | 4, variant: string): Kernel {
  const { m, n, k, single } = spec;
  const step = single ? 1 : 4;
  const blockColumns = Math.ceil(n / 4);
  const blocks = Math.ceil(m / height) * blockColumns;
  const wholeK = k - (k % step);
  const many = productCount(spec) > 1;
  return laneKernel({
    name: `matmul-${layoutName(spec)}/${variant}${halfName(spec)}`,
    formula: matmulFormula(spec),
    ...matmulParts(spec),
    count: productCount(spec) * blocks,
    body: wgsl`
#if ${isBatched(spec)}
${startsText(spec, `lane / ${blocks}u`)}
#endif
  let row = ${times(many ? `(lane % ${blocks}u) / ${blockColumns}u` : `lane / ${blockColumns}u`, height)};
  let column = (lane % ${blockColumns}u) * 4u;
  ${lines(height, (i) => `var sum${i} = vec4f(0.0);`)}
#if ${spec.rowSums}
  ${lines(height, (i) => `var total${i} = 0.0;`)}
#endif
  ${forEachTerm(spec, wgsl`
#if ${wholeK > 0}
for (var k = 0u; k < ${wholeK}u; k += ${step}u) {
    ${block(spec, height, step)}
  }
#endif
#if ${k % step > 0}
  {
    let k = ${wholeK}u;
    ${k % step > 0 ? block(spec, height, k % step) : ''}
  }
#endif
`.trim())}
  ${lines(height, (i) => (i === 0
    ? storeText(spec, 'sum0', 'row')
    : `if (row + ${i}u < ${m}u) {
    ${storeText(spec, `sum${i}`, `row + ${i}u`)}
  }`))}
#if ${spec.rowSums}
  if (column == 0u) {
    ${lines(height, (i) => (i === 0 ? `${rowSumsPlace(spec, 'row')} = total0;` : `if (row + ${i}u < ${m}u) {
      ${rowSumsPlace(spec, `row + ${i}u`)} = total${i};
    }`), '    ')}
  }
#endif`,
  });
}
