import { loadFunction, type Access } from './chain.wgsl.ts';
import { arrayType, type Declaration } from './kernel.ts';
import { float, lines, plus, times, wgsl } from './wgsl.ts';

/** How an input of attention lies: matrices of rows whose elements are neighbours. Heads may be a view between rows. */
export interface AttentionInput {
  /** Where a matrix starts: Σ of ((matrix / divide) % modulo) · stride. The outermost term first. */
  readonly matrixTerms: readonly { readonly divide: number; readonly modulo: number; readonly stride: number }[];
  readonly offset: number;
  readonly rowStride: number;
  readonly columns: number;
  /** Elements of the buffer. */
  readonly size: number;
}

/** What is added to the scores, or hides them. */
export interface AttentionMask {
  /** `additive` is added to the scores, and hides where it is −∞; `boolean` hides where it is 0. */
  readonly kind: 'additive' | 'boolean';
  readonly type: 'f32' | 'u32';
  /** Where the element of (row of queries, key) stands. */
  readonly access: Access;
}

/** Attention of `matrices` heads (of all examples) with `queries` rows each over `keys` rows; `group` of them share keys and values. */
export interface AttentionSpec {
  readonly matrices: number;
  readonly group: number;
  readonly queries: number;
  readonly keys: number;
  readonly scale: number;
  /** Query t sees the keys 0 to t. */
  readonly causal: boolean;
  readonly query: AttentionInput;
  readonly key: AttentionInput;
  readonly value: AttentionInput;
  readonly mask?: AttentionMask;
}

/** What the backward kernels read besides. */
export interface AttentionBackwardSpec extends AttentionSpec {
  readonly dout: AttentionInput;
}

/** Scores of hidden keys, and the largest score of a row that sees none. A mask at or below it hides, as −∞ does. */
export const LOWEST = '-1e30f';
/** Rows of queries, or of keys, that one workgroup owns: one for each lane. */
export const TILE_LANES = 64;

/** Groups of four columns. */
export const chunks = ({ columns }: AttentionInput): number => Math.ceil(columns / 4);

/** Text of something for each group of four columns. */
export const each = (input: AttentionInput, line: (chunk: number) => string): string => lines(chunks(input), line);

const isVector = ({ columns, offset, rowStride, matrixTerms, size }: AttentionInput): boolean =>
  [columns, offset, rowStride, size, ...matrixTerms.map(({ stride }) => stride)].every((step) => step % 4 === 0);

export function inputDeclaration(name: string, input: AttentionInput): Declaration {
  return { name, access: 'read', type: arrayType(input.size, isVector(input)) };
}

/** Where a matrix of an input starts, in the units of its buffer: numbers, or groups of four. */
export function matrixStart(input: AttentionInput, matrix: string): string {
  const unit = isVector(input) ? 4 : 1;
  const terms = input.matrixTerms.filter(({ stride, modulo }) => stride > 0 && modulo > 1).map(({ divide, modulo, stride }, position) => {
    const quotient = divide === 1 ? matrix : `${matrix} / ${divide}u`;
    const isOutermost = position === 0 && input.matrixTerms[0]!.divide === divide;
    return times(isOutermost ? quotient : `${divide === 1 ? matrix : `(${quotient})`} % ${modulo}u`, stride / unit);
  });
  return terms.length > 0 ? plus(terms.join(' + '), input.offset / unit) : `${input.offset / unit}u`;
}

/** The matrix of keys and of values that a head of queries reads. */
export const sharedMatrix = ({ group }: AttentionSpec): string => (group === 1 ? 'matrix' : `matrix / ${group}u`);

/** Where a row starts in the matrix that starts at `start`. */
export function rowStart(input: AttentionInput, start: string, row: string): string {
  return `${start} + ${times(row, input.rowStride / (isVector(input) ? 4 : 1))}`;
}

/** Four columns of the row that starts at `start`; 0 where there are no more. */
export function chunkText(name: string, input: AttentionInput, start: string, chunk: number): string {
  if (isVector(input)) return `${name}[${plus(start, chunk)}]`;
  return `vec4f(${[0, 1, 2, 3].map((i) => (chunk * 4 + i < input.columns ? `${name}[${plus(start, chunk * 4 + i)}]` : '0.0')).join(', ')})`;
}

/** `fn chunk_<name>(start, chunk)`: the same for a chunk that is known only when the kernel runs. */
export function chunkFunction(name: string, input: AttentionInput): string {
  const last = input.columns - 1;
  return wgsl`
fn chunk_${name}(start: u32, chunk: u32) -> vec4f {
#if ${isVector(input)}
  return ${name}[start + chunk];
#else
  let column = chunk * 4u;
  return vec4f(
    ${name}[start + column],
    ${lines(3, (i) => `select(0.0, ${name}[start + min(column + ${i + 1}u, ${last}u)], column < ${Math.max(0, last - i)}u),`, '    ')}
  );
#endif
}
`;
}

/** Stores of a whole row, of which chunk i is the variable `<variable>i`, into a tensor without gaps. */
export function storeRow(name: string, columns: number, row: string, variable: string): string {
  const vector = columns % 4 === 0;
  return lines(Math.ceil(columns / 4), (chunk) => (vector
    ? `${name}[${plus(times(row, columns / 4), chunk)}] = ${variable}${chunk};`
    : lines(Math.min(4, columns - chunk * 4), (i) => `${name}[${plus(times(row, columns), chunk * 4 + i)}] = ${variable}${chunk}.${'xyzw'[i]};`)));
}

export function storeDeclaration(name: string, rows: number, columns: number): Declaration {
  return { name, access: 'write', type: arrayType(rows * columns, columns % 4 === 0) };
}

export function maskDeclaration({ mask }: Pick<AttentionSpec, 'mask'>): Declaration[] {
  return mask ? [{ name: 'mask', access: 'read', type: `array<${mask.type}, ${mask.access.count}>` }] : [];
}

export function maskFunction({ mask, keys }: Pick<AttentionSpec, 'mask' | 'keys'>): string {
  return mask ? `alias Value = f32;\n\n${loadFunction('mask', mask.access, 1, keys)}` : '';
}

/** Four dot products of a row in registers, `<variable>i`, with four other rows, of which `other` gives the chunks. */
export function dots(input: AttentionInput, to: string, variable: string, other: (row: number, chunk: number) => string): string {
  return `var ${to} = vec4f(0.0);
  ${each(input, (i) => `${to} += vec4f(
  ${lines(4, (row) => `dot(${variable}${i}, ${other(row, i)}),`)}
  );`)}`;
}

/** Adds four rows, weighted by the components of `weights`, to the row `<to>i`; `shrink` multiplies what is there. */
export function addRows(
  input: AttentionInput, to: string, weights: string, other: (row: number, chunk: number) => string, shrink = '',
): string {
  return each(input, (i) => {
    const term = (row: number): string => `${weights}.${'xyzw'[row]} * ${other(row, i)}`;
    return `${to}${i} ${shrink ? `= ${to}${i} * ${shrink} +` : '+='} ${term(0)}
  ${lines(3, (row) => `+ ${term(row + 1)}`)};`;
  });
}

/**
 * From `score` as dot products to scaled and masked scores: also declares `hidden`. `unseen` says where there is no such
 * key or query; `row` and `column` are texts by position for the mask.
 */
export function maskedScores(
  spec: AttentionSpec, unseen: string, row: (position: number) => string, column: (position: number) => string,
): string {
  const { mask, scale } = spec;
  if (!mask) {
    return `score *= ${float(scale)};
let hidden = ${unseen};`;
  }
  const given = `let given = vec4f(
  ${lines(4, (position) => `load_mask(${row(position)}, ${column(position)}),`)}
  );`;
  return [
    given, `score = score * ${float(scale)}${mask.kind === 'additive' ? ' + given' : ''};`,
    `let hidden = ${unseen} | ${mask.kind === 'additive' ? `(given <= vec4f(${LOWEST}))` : '(given == vec4f(0.0))'};`,
  ].join('\n');
}

/** `vec4u(t, t + 1, t + 2, t + 3)`. */
export const fourFrom = (first: string): string => `(vec4u(${first}) + vec4u(0u, 1u, 2u, 3u))`;
