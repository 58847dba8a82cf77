import { formulaNamed, type Draw } from './formula.ts';
import { arrayType, type Declaration } from './kernel.ts';
import { lines, times, wgsl } from './wgsl.ts';

/**
 * Where the element of an operand stands that belongs to (row, column) of a two-dimensional view:
 * index = offset + Σ over `rowTerms` of ((row / divide) % modulo) · stride + column · columnStride.
 * Broadcasting is a stride of 0, a transposed view has another column stride, a flipped one negative strides: one rule
 * serves biases, masks, views and any NumPy-style broadcast.
 */
export interface Access {
  readonly rowTerms: readonly { readonly divide: number; readonly modulo: number; readonly stride: number }[];
  readonly columnStride: number;
  /** Elements of the operand's buffer. */
  readonly count: number;
  /** Where its first element stands. Default 0. */
  readonly offset?: number | undefined;
  /** Set where the buffer holds whole numbers or f16, which become f32 as they are loaded. */
  readonly type?: 'u32' | 'f16';
}

/** One formula of a chain: value = formula(value, …operands). */
export interface ChainStep {
  /** A name of `FORMULAS`. */
  readonly formula: string;
  readonly parameters: readonly number[];
  /** Further arguments: a binding's name and where its elements stand. */
  readonly operands: readonly { readonly name: string; readonly access: Access }[];
  /** Which of the formula's arguments the chain's value is; the operands are the others, in their order. Default 0. */
  readonly position?: number;
  /** The binding to which the value after this step is written too, for a backward pass that needs it. */
  readonly save?: string;
  /** What the saved value is stored as. Default f32. */
  readonly saveType?: 'f16';
  /** The binding to which goes what its formula draws, for a backward pass that needs it. */
  readonly saveDrawn?: string;
  /** Where the chain runs over a part of a larger tensor: the elements before it, a multiple of 4, for a formula that draws by an element's place. */
  readonly drawsFrom?: number;
}

/** How a step draws numbers, if it does. They come in blocks of four: only chains over four columns at once have such steps. */
export const drawOf = ({ formula }: ChainStep): Draw | undefined => formulaNamed(formula)!.draws;

/** Where the operands stand that the steps load. */
export const loadedBy = (steps: readonly ChainStep[]): Access[] => steps.flatMap((step) => (drawOf(step) ? [] : step.operands.map(({ access }) => access)));

/** The access of a tensor that has just the view's own shape. */
export function fullAccess(rows: number, columns: number): Access {
  return { rowTerms: [{ divide: 1, modulo: rows, stride: columns }], columnStride: 1, count: rows * columns };
}

/** The same tensor as one row of `count` elements, where it has the view's own shape. */
export function flatAccess({ type }: Access, count: number): Access {
  return { ...fullAccess(1, count), ...(type ? { type } : {}) };
}

/** The same steps over one row of `count` elements, for operands that all have the view's own shape. */
export function flatSteps(steps: readonly ChainStep[], count: number): ChainStep[] {
  return steps.map((step) => (drawOf(step) ? step : { ...step, operands: step.operands.map(({ name, access }) => ({ name, access: flatAccess(access, count) })) }));
}

export function isFull(access: Access, rows: number, columns: number): boolean {
  const [term, ...others] = access.rowTerms;
  if ((access.columnStride !== 1 && columns > 1) || access.offset) return false;
  if (rows === 1) return access.count === columns;
  return others.length === 0 && term !== undefined && term.divide === 1 && term.modulo >= rows && term.stride === columns;
}

/** True where four neighbouring columns of the operand are one aligned vec4, or one number for all four. */
export function isVector(access: Access, columns: number): boolean {
  const { rowTerms, columnStride, count, offset = 0 } = access;
  return columnStride === 0 || (columnStride === 1 && [columns, count, offset, ...rowTerms.map(({ stride }) => stride)].every((size) => size % 4 === 0));
}

/** The WGSL index of the element at (row, column). */
export function indexText(access: Access, row: string, column: string): string {
  const { rowTerms, columnStride, offset = 0 } = access;
  const terms = rowTerms.filter(({ stride, modulo }) => stride !== 0 && modulo > 1).map(({ divide, modulo, stride }) => {
    const quotient = divide === 1 ? row : `${row} / ${divide}u`;
    // The outermost term needs no remainder: row never exceeds divide · modulo.
    const place = !rowTerms.some((other) => other.divide > divide) ? quotient : divide === 1 ? `${row} % ${modulo}u` : `(${quotient}) % ${modulo}u`;
    return { stride, text: times(place, Math.abs(stride)) };
  });
  if (columnStride !== 0) terms.push({ stride: columnStride, text: times(column, Math.abs(columnStride)) });
  const forwards = terms.flatMap(({ stride, text }) => (stride > 0 ? [text] : []));
  const backwards = terms.flatMap(({ stride, text }) => (stride < 0 ? [text] : []));
  const start = [...(offset > 0 ? [`${offset}u`] : []), ...forwards].join(' + ') || '0u';
  return [start, ...backwards].join(' - ');
}

/** The index of the vec4 in which an element stands. */
const quarter = (index: string): string => (index.includes(' ') ? `(${index}) / 4u` : `${index} / 4u`);

/**
 * `fn load_<name>(row, column) -> Value`: four columns of an operand at once where Value is vec4f, one where it is f32.
 * Columns past the edge repeat the last one, so that no index leaves the operand; their results are never stored.
 */
export function loadFunction(name: string, access: Access, width: 1 | 4, columns: number): string {
  const vector = width === 4 && access.columnStride === 1 && isVector(access, columns);
  const gather = width === 4 && access.columnStride !== 0 && !vector;
  const number = (element: string): string => (access.type ? `f32(${element})` : element);
  const at = (column: string): string => number(`${name}[${indexText(access, 'row', column)}]`);
  const four = `${name}[${quarter(indexText(access, 'row', 'column'))}]`;
  return wgsl`
fn load_${name}(row: u32, column: u32) -> Value {
#if ${vector}
  return ${access.type ? `Value(${four})` : four};
#elif ${gather}
  return Value(
    ${lines(4, (offset) => `${at(offset === 0 ? 'column' : `min(column + ${offset}u, ${columns - 1}u)`)},`, '    ')}
  );
#else
  return Value(${at('column')});
#endif
}
`;
}

/** The declaration of an operand as `loadFunction` reads it. */
export function loadDeclaration(name: string, access: Access, width: 1 | 4, columns: number): Declaration {
  const vector = width === 4 && access.columnStride === 1 && isVector(access, columns);
  return { name, access: 'read', type: arrayType(access.count, vector, access.type) };
}

/** `fn store_<name>(row, column, value)`: writes the columns that exist, as f16 where said. */
export function storeFunction(name: string, width: 1 | 4, rows: number, columns: number, type: 'f32' | 'f16' = 'f32'): string {
  const vector = width === 4 && columns % 4 === 0;
  const index = indexText(fullAccess(rows, columns), 'row', 'column');
  const number = (value: string): string => (type === 'f16' ? `toHalf(${value})` : value);
  return wgsl`
fn store_${name}(row: u32, column: u32, value: Value) {
#if ${vector}
  ${name}[${quarter(index)}] = ${type === 'f16' ? 'toHalves(value)' : 'value'};
#elif ${width === 4}
  let index = ${index};
  ${name}[index] = ${number('value.x')};
  if (column + 1u < ${columns}u) {
    ${name}[index + 1u] = ${number('value.y')};
  }
  if (column + 2u < ${columns}u) {
    ${name}[index + 2u] = ${number('value.z')};
  }
  if (column + 3u < ${columns}u) {
    ${name}[index + 3u] = ${number('value.w')};
  }
#else
  ${name}[${index}] = ${number('value')};
#endif
}
`;
}

export function storeDeclaration(name: string, width: 1 | 4, rows: number, columns: number, type: 'f32' | 'f16' = 'f32'): Declaration {
  return { name, access: 'write', type: arrayType(rows * columns, width === 4 && columns % 4 === 0, type) };
}

/** Formulas whose names WGSL has taken for functions that they call, or reserves. */
const TAKEN = /* @__PURE__ */ new Set(['abs', 'exp', 'log', 'sqrt', 'sin', 'cos', 'floor', 'sign', 'clamp', 'pow', 'where']);

/** A function name for a formula with its parameters: the same formula with other parameters is another function. */
function functionName({ formula, parameters }: ChainStep, chains: readonly (readonly ChainStep[])[]): string {
  const all = chains.flat().filter((step) => step.formula === formula).map((step) => step.parameters.join());
  const position = [...new Set(all)].indexOf(parameters.join());
  return `${formula}${TAKEN.has(formula) ? 'Of' : ''}${position > 0 ? position + 1 : ''}`;
}

/** The arguments of a step in the formula's order: the chain's value among its operands. */
function argumentsOf({ operands, position = 0 }: ChainStep, value: string, operandText: (name: string) => string): string {
  return operands.map(({ name }) => operandText(name)).toSpliced(position, 0, value).join(', ');
}

/** What a chain makes of `start`, for people: `mul(tanh(x), operand0)`. */
export function chainFormula(start: string, chain: readonly ChainStep[]): string {
  return chain.reduce((inner, step) => `${step.formula}(${argumentsOf(step, inner, (name) => name)})`, start);
}

/** The call of a chain by its function's name; an empty chain leaves the value as it is. */
export function chainCall(name: string, chain: readonly ChainStep[], value: string, row: string, column: string): string {
  return chain.length === 0 ? value : `${name}(${value}, ${row}, ${column})`;
}

/**
 * The functions of one or more chains over the same Value: helpers and formulas once each, then
 * `fn <chain>(start, row, column) -> Value` for each chain that is not empty. Loads and stores come from the caller.
 */
export function chainFunctions(chains: Readonly<Record<string, readonly ChainStep[]>>): string {
  const all = Object.values(chains);
  const steps = all.flat();
  const helpers = [...new Set(steps.flatMap(({ formula }) => formulaNamed(formula)!.helpers ?? []))].map(({ text }) => text());
  const formulas = new Map<string, string>();
  for (const step of steps) {
    const { argumentNames, code } = formulaNamed(step.formula)!;
    const name = functionName(step, all);
    formulas.set(name, wgsl`
fn ${name}(${argumentNames.map((argument) => `${argument}: Value`).join(', ')}) -> Value {
  ${code(step.parameters)}
}
`);
  }
  const bodies = Object.entries(chains).filter(([, chain]) => chain.length > 0).map(([name, chain]) => wgsl`
fn ${name}(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  ${chain.flatMap((step) => {
    const given = argumentsOf(step, 'value', (operand) => `load_${operand}(row, column)`);
    return [`value = ${functionName(step, all)}(${given});`, ...(step.save ? [`store_${step.save}(row, column, value);`] : [])];
  }).join('\n  ')}
  return value;
}
`);
  return [...helpers, ...formulas.values(), ...bodies].join('\n');
}

/** Everything that chains need beside their own functions: declarations and loads of operands, stores of saved values. */
export function chainParts(
  chain: readonly ChainStep[], width: 1 | 4, rows: number, columns: number,
): { declarations: Declaration[]; functions: string } {
  const declarations: Declaration[] = [];
  const functions: string[] = [];
  for (const step of chain) {
    const { operands, save, saveType, saveDrawn, drawsFrom } = step;
    for (const { name, access } of operands) {
      declarations.push(loadDeclaration(name, access, drawOf(step) ? 1 : width, columns));
      functions.push(drawOf(step)?.(step, {
        name, rows, columns, index: indexText({ ...fullAccess(rows, columns), offset: drawsFrom }, 'row', 'column'), element: (place) => `${name}[${indexText(access, '0u', `${place}u`)}]`,
      }) ?? loadFunction(name, access, width, columns));
    }
    if (saveDrawn) {
      declarations.push(storeDeclaration(saveDrawn, width, rows, columns));
      functions.push(storeFunction(saveDrawn, width, rows, columns));
    }
    if (save) {
      declarations.push(storeDeclaration(save, width, rows, columns, saveType));
      functions.push(storeFunction(save, width, rows, columns, saveType));
    }
  }
  return { declarations, functions: functions.join('\n') };
}
