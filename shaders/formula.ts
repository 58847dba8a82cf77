import type { HelperText } from './helpers.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

/** Where a chain wants numbers that a formula draws: four columns at once. */
export interface DrawPlace {
  /** The binding by which it draws. */
  readonly name: string;
  /** The text of a number of that binding. */
  readonly element: (index: number) => string;
  readonly rows: number;
  readonly columns: number;
  /** The text of the place's index: row by row, all columns of a row. */
  readonly index: string;
}

/** The text of `fn load_<name>(row: u32, column: u32) -> vec4f` for numbers that are drawn, not loaded, and stored by `store_<saveDrawn>` where they are saved. */
export type Draw = (step: { readonly parameters: readonly number[]; readonly saveDrawn?: string }, place: DrawPlace) => string;

/**
 * One row of the elementwise family: a formula over `Value`, which a kernel makes an alias of f32 or vec4f.
 * The same row serves as a kernel of its own, as the end of a matmul (epilogue) and as the load of one (prologue).
 */
export interface Formula {
  /** Functions that `code` calls, what is called first. */
  readonly helpers?: readonly HelperText[];
  /** How many further arguments of type Value it takes after the first. */
  readonly operands: number;
  /** True where exchanging the first two arguments changes nothing. */
  readonly commutes?: boolean;
  /** True where a chain that has just made any one of its arguments may go on with it. */
  readonly anyArgument?: boolean;
  /** The function's body; `parameters` are numbers printed into the text. Arguments are named by `arguments`. */
  readonly code: (parameters: readonly number[]) => string;
  readonly argumentNames: readonly string[];
  /** Set where its operand, of which there is one, is drawn by what that binding holds. */
  readonly draws?: Draw;
}

export const unary = (code: Formula['code'], helpers: Formula['helpers'] = []): Formula =>
  ({ operands: 0, code, helpers, argumentNames: ['x'] });
/** `saved` is x or y, whichever the derivative is written in. */
export const backward = (saved: 'x' | 'y', code: Formula['code'], helpers: Formula['helpers'] = []): Formula =>
  ({ operands: 1, code, helpers, argumentNames: ['dout', saved] });
export const binary = (code: string, commutes: boolean, helpers: Formula['helpers'] = []): Formula =>
  ({ operands: 1, commutes, anyArgument: true, code: () => code, helpers, argumentNames: ['a', 'b'] });
/** A formula over any arguments. */
export const over = (argumentNames: readonly string[], code: string, helpers: Formula['helpers'] = []): Formula =>
  ({ operands: argumentNames.length - 1, code: () => code, helpers, argumentNames });
/** 1 where two numbers compare so, else 0. */
export const comparison = (operator: string, commutes = false): Formula => binary(`return select(Value(0.0), Value(1.0), a ${operator} b);`, commutes);

/** Formulas by their names. */
export type Formulas = Readonly<Record<string, Formula>>;

/**
 * The formulas that kernels may name: these, which shared code asks for, and those that an op has brought. A list of all would bring all of
 * them to every page.
 */
const known = new Map<string, Formula>(Object.entries({
  add: binary('return a + b;', true),
  sub: binary('return a - b;', false),
  mul: binary('return a * b;', true),
  identity: unary(() => 'return x;'),
  zero: unary(() => wgsl`
// Not x · 0: that would be NaN for an infinite x.
  return Value(0.0);`),
  scale: unary(([factor]) => `return x * ${float(factor!)};`),
}));

/** Makes formulas known that `value` names, and returns it. */
export function bringing<T>(formulas: Formulas, value: T): T {
  for (const [name, formula] of Object.entries(formulas)) known.set(name, formula);
  return value;
}

/** A formula by its name; undefined where there is none, or where no op has brought it. */
export const formulaNamed = (name: string): Formula | undefined => known.get(name);

/** Those that are known now. */
export const knownFormulas = (): Formulas => Object.fromEntries(known);
