/** How many numbers become one: a row of the reduction family. Text works on a variable of type `state`. */
export interface Fold {
  /** What it computes, for people: `Σ x`. */
  readonly formula: (x: string) => string;
  /** The running result's type. Kernels whose state is f32 keep it in a plain variable, others in a struct. */
  readonly state: 'f32' | 'State';
  /** The struct and the functions that the statements below call. */
  readonly functions?: string;
  /** The result of no terms. */
  readonly initial: string;
  /** The statement that adds term `value` at place `i` of the folded axes. */
  readonly add: (state: string) => string;
  /** The statement that joins another state. */
  readonly join: (state: string, other: string) => string;
  /** With which f32 states are joined. */
  readonly operator?: '+' | '*';
  /** The fields of a struct, in its order: lanes exchange them one by one. */
  readonly fields?: readonly string[];
  /** What each binding gets from the last state. `out` is scaled and goes through the epilogue. */
  readonly results: Readonly<Record<string, (state: string) => string>>;
}

export const plain = (formula: Fold['formula'], initial: string, operator: '+' | '*', term = 'value', finish = (state: string): string => state): Fold => ({
  formula, state: 'f32', initial, operator,
  add: (state) => `${state} ${operator}= ${term};`,
  join: (state, other) => `${state} ${operator}= ${other};`,
  results: { out: finish },
});

/** Folds by their names. */
export type Folds = Readonly<Record<string, Fold>>;

/** The folds that kernels may name: the sum, which shared code asks for, and those that an op has brought, like formulas. */
const known = new Map<string, Fold>([['sum', plain((x) => `Σ ${x}`, '0.0', '+')]]);

/** Makes folds known that `value` names, and returns it. */
export function bringingFolds<T>(folds: Folds, value: T): T {
  for (const [name, fold] of Object.entries(folds)) known.set(name, fold);
  return value;
}

/** A fold by its name, which an op has brought. */
export function foldNamed(name: string): Fold {
  const fold = known.get(name);
  if (!fold) throw new TypeError(`reduce: needs a fold among ${[...known.keys()].join(', ')}, got ${name}`);
  return fold;
}
