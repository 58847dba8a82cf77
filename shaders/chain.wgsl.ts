import { FORMULAS, HELPERS } from './formulas.wgsl.ts';
import { arrayType, type Declaration } from './kernel.ts';
import { lines, times, wgsl } from './wgsl.ts';

/**
 * Where the element of an operand stands that belongs to (row, column) of a two-dimensional view:
 * index = Σ over `rowTerms` of ((row / divide) % modulo) · stride + column · columnStride.
 * Broadcasting is a stride of 0, so one rule serves biases, masks and any NumPy-style broadcast.
 */
export interface Access {
  readonly rowTerms: readonly { readonly divide: number; readonly modulo: number; readonly stride: number }[];
  readonly columnStride: 0 | 1;
  /** Elements that the operand has. */
  readonly count: number;
}

/** One formula of a chain: value = formula(value, …operands). */
export interface ChainStep {
  /** A key of `FORMULAS`. */
  readonly formula: string;
  readonly parameters: readonly number[];
  /** Further arguments: a binding's name and where its elements stand. */
  readonly operands: readonly { readonly name: string; readonly access: Access }[];
  /** The binding to which the value after this step is written too, for a backward pass that needs it. */
  readonly save?: string;
}

/** The access of a tensor that has just the view's own shape. */
export function fullAccess(rows: number, columns: number): Access {
  return { rowTerms: [{ divide: 1, modulo: rows, stride: columns }], columnStride: 1, count: rows * columns };
}

export function isFull(access: Access, rows: number, columns: number): boolean {
  const [term, ...others] = access.rowTerms;
  if (access.columnStride !== 1 && columns > 1) return false;
  if (rows === 1) return access.count === columns;
  return others.length === 0 && term !== undefined && term.divide === 1 && term.modulo >= rows && term.stride === columns;
}

/** True where four neighbouring columns of the operand are one aligned vec4, or one number for all four. */
export function isVector(access: Access, columns: number): boolean {
  return access.columnStride === 0 || (columns % 4 === 0 && access.rowTerms.every(({ stride }) => stride % 4 === 0));
}

/** The WGSL index of the element at (row, column). */
export function indexText(access: Access, row: string, column: string): string {
  const terms = access.rowTerms.filter(({ stride, modulo }) => stride > 0 && modulo > 1).map(({ divide, modulo, stride }) => {
    const quotient = divide === 1 ? row : `${row} / ${divide}u`;
    // The outermost term needs no remainder: row never exceeds divide · modulo.
    if (!access.rowTerms.some((other) => other.divide > divide)) return times(quotient, stride);
    return times(divide === 1 ? `${row} % ${modulo}u` : `(${quotient}) % ${modulo}u`, stride);
  });
  if (access.columnStride === 1) terms.push(column);
  return terms.length > 0 ? terms.join(' + ') : '0u';
}

/** The index of the vec4 in which an element stands. */
const quarter = (index: string): string => (index.includes(' ') ? `(${index}) / 4u` : `${index} / 4u`);

/**
 * `fn load_<name>(row, column) -> Value`: four columns of an operand at once where Value is vec4f, one where it is f32.
 * Columns past the edge repeat the last one, so that no index leaves the operand; their results are never stored.
 */
export function loadFunction(name: string, access: Access, width: 1 | 4, columns: number): string {
  const vector = width === 4 && access.columnStride === 1 && isVector(access, columns);
  const gather = width === 4 && access.columnStride === 1 && !vector;
  const at = (column: string): string => `${name}[${indexText(access, 'row', column)}]`;
  return wgsl`
fn load_${name}(row: u32, column: u32) -> Value {
#if ${vector}
  return ${name}[${quarter(indexText(access, 'row', 'column'))}];
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
  return { name, access: 'read', type: arrayType(access.count, vector) };
}

/** `fn store_<name>(row, column, value)`: writes the columns that exist. */
export function storeFunction(name: string, width: 1 | 4, rows: number, columns: number): string {
  const vector = width === 4 && columns % 4 === 0;
  const index = indexText(fullAccess(rows, columns), 'row', 'column');
  return wgsl`
fn store_${name}(row: u32, column: u32, value: Value) {
#if ${vector}
  ${name}[${quarter(index)}] = value;
#elif ${width === 4}
  let index = ${index};
  ${name}[index] = value.x;
  if (column + 1u < ${columns}u) {
    ${name}[index + 1u] = value.y;
  }
  if (column + 2u < ${columns}u) {
    ${name}[index + 2u] = value.z;
  }
  if (column + 3u < ${columns}u) {
    ${name}[index + 3u] = value.w;
  }
#else
  ${name}[${index}] = value;
#endif
}
`;
}

export function storeDeclaration(name: string, width: 1 | 4, rows: number, columns: number): Declaration {
  return { name, access: 'write', type: arrayType(rows * columns, width === 4 && columns % 4 === 0) };
}

/** A function name for a formula with its parameters: the same formula with other parameters is another function. */
function functionName({ formula, parameters }: ChainStep, chains: readonly (readonly ChainStep[])[]): string {
  const all = chains.flat().filter((step) => step.formula === formula).map((step) => step.parameters.join());
  const position = [...new Set(all)].indexOf(parameters.join());
  return position > 0 ? `${formula}${position + 1}` : formula;
}

/** What a chain makes of `start`, for people: `mul(tanh(x), operand0)`. */
export function chainFormula(start: string, chain: readonly ChainStep[]): string {
  return chain.reduce((inner, { formula, operands }) => `${formula}(${[inner, ...operands.map(({ name }) => name)].join(', ')})`, start);
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
  const helpers = [...new Set(steps.flatMap(({ formula }) => FORMULAS[formula]!.helpers ?? []))].map((name) => HELPERS[name]);
  const formulas = new Map<string, string>();
  for (const step of steps) {
    const { argumentNames, code } = FORMULAS[step.formula]!;
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
    const operands = step.operands.map((operand) => `, load_${operand.name}(row, column)`).join('');
    return [`value = ${functionName(step, all)}(value${operands});`, ...(step.save ? [`store_${step.save}(row, column, value);`] : [])];
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
  for (const { operands, save } of chain) {
    for (const { name, access } of operands) {
      declarations.push(loadDeclaration(name, access, width, columns));
      functions.push(loadFunction(name, access, width, columns));
    }
    if (save) {
      declarations.push(storeDeclaration(save, width, rows, columns));
      functions.push(storeFunction(save, width, rows, columns));
    }
  }
  return { declarations, functions: functions.join('\n') };
}
