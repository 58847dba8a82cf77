import { checkOptionNames, DataError, OptionError, show } from '../errors.ts';
import type { Dataset } from './dataset.ts';

/** One row of a table: cells by column, as a CSV parser gives them. */
export type Row = Readonly<Record<string, unknown>>;

/** What a column becomes: one number, one number for each category, the index of the category, or nothing. */
export type ColumnKind = 'number' | 'oneHot' | 'index' | 'ignore';

export interface RowsOptions {
  /** The column to predict: categories become class indices, numbers stay numbers. */
  readonly target: string;
  /** Whether the target is a class or a number. Default: a number where all its cells look like numbers, else a class; grades 1 to 5 may be classes. */
  readonly targetKind?: 'class' | 'number';
  /** What columns become, where that is not what their cells look like: numbers → `number`, anything else → `oneHot`. */
  readonly columns?: Readonly<Record<string, ColumnKind>>;
  /** Cells that count as missing, beside null, undefined and NaN. Default ['']. */
  readonly missingCells?: readonly string[];
  /**
   * A missing cell becomes the mean of its column over the training rows, or the category "(missing)", which is unknown where the
   * training rows have none (`impute`, the default); its row is left out (`drop`); or it is an error (`refuse`). A row without a target
   * is always left out.
   */
  readonly missing?: 'impute' | 'drop' | 'refuse';
  /** A category that the training rows do not have: an error (`refuse`, the default), or all zeros (`zeros`; for `index` the number of categories). */
  readonly unknown?: 'refuse' | 'zeros';
  /** Whether numbers are shifted and scaled to mean 0 and standard deviation 1 over the training rows. Default true. */
  readonly normalize?: boolean;
}

/** How one column is encoded: plain data, fitted on the training rows. */
export type ColumnEncoding =
  | { readonly column: string; readonly kind: 'number'; readonly mean: number; readonly scale: number }
  | { readonly column: string; readonly kind: 'oneHot' | 'index'; readonly categories: readonly string[] };

/** How rows become numbers: fitted once on the training rows, then applied to whatever the net is to see. */
export interface RowsEncoding {
  readonly columns: readonly ColumnEncoding[];
  /** The names of the inputs, one for each number: `bill_length_mm`, `island=Dream`. */
  readonly features: readonly string[];
  /** The target's categories by class index, in the order of texts, or of numbers where all are; absent where the target is a number. */
  readonly classes?: readonly string[];
  /** Rows with targets as a data set. */
  dataset(rows: readonly Row[], name?: string): Dataset;
  /**
   * The inputs alone, for predictions: rows × features. The target may be absent. Every row gets its place, so that none can be left
   * out: a missing cell is an error for `drop` as for `refuse`.
   */
  inputs(rows: readonly Row[]): Float32Array<ArrayBuffer>;
}

const MISSING = '(missing)';
const KINDS: readonly ColumnKind[] = ['number', 'oneHot', 'index', 'ignore'];

/**
 * Learns from training rows how a table becomes numbers: which columns are numbers, what their means and deviations are, which
 * categories there are. Test rows go through the same encoding: nothing of them is learnt.
 * @example const encoding = fitRows(train, { target: 'species' }); await trainer.fit(encoding.dataset(train));
 * @throws DataError for rows without the columns, cells of no kind, or nothing left; OptionError for options.
 */
export function fitRows(rows: readonly Row[], options: RowsOptions): RowsEncoding {
  const who = 'fitRows';
  checkOptionNames(who, options, ['target', 'targetKind', 'columns', 'missingCells', 'missing', 'unknown', 'normalize']);
  const { target, targetKind, columns: wanted = {}, missingCells = [''], missing = 'impute', unknown = 'refuse', normalize = true } = options;
  checkRows(who, rows);
  const names = Object.keys(rows[0]!);
  if (typeof target !== 'string' || !names.includes(target)) throw new OptionError(who, `target among the columns ${names.join(', ')}`, show(target));
  if (targetKind !== undefined && targetKind !== 'class' && targetKind !== 'number') throw new OptionError(who, 'targetKind to be "class" or "number"', show(targetKind));
  if (!Array.isArray(missingCells) || missingCells.some((cell) => typeof cell !== 'string')) throw new OptionError(who, 'missingCells as a list of texts', show(missingCells));
  if (!['impute', 'drop', 'refuse'].includes(missing)) throw new OptionError(who, 'missing among "impute", "drop", "refuse"', show(missing));
  if (unknown !== 'refuse' && unknown !== 'zeros') throw new OptionError(who, 'unknown to be "refuse" or "zeros"', show(unknown));
  if (typeof normalize !== 'boolean') throw new OptionError(who, 'normalize to be true or false', show(normalize));
  for (const [column, kind] of Object.entries(wanted)) {
    if (!names.includes(column) || column === target) throw new OptionError(who, `columns among ${names.filter((name) => name !== target).join(', ')}`, show(column));
    if (!KINDS.includes(kind)) throw new OptionError(who, `kinds of columns among ${KINDS.join(', ')}`, show(kind));
  }
  const isMissing = (cell: unknown): boolean => cell === null || cell === undefined || Number.isNaN(cell) || (typeof cell === 'string' && missingCells.includes(cell.trim()));
  const numberOf = (cell: unknown): number => (typeof cell === 'number' ? cell : typeof cell === 'boolean' ? Number(cell) : typeof cell === 'string' && cell.trim() !== '' ? Number(cell) : NaN);
  // A column may be called `constructor`: what every object has is nobody's wish.
  const wantedKind = (column: string): ColumnKind | undefined => (Object.hasOwn(wanted, column) ? wanted[column] : undefined);
  const inputs = names.filter((name) => name !== target && wantedKind(name) !== 'ignore');

  const checkColumns = (asker: string, list: readonly Row[], needed: readonly string[]): void => {
    for (const column of needed) {
      const row = list.findIndex((one) => !Object.hasOwn(one, column));
      if (row >= 0) throw new DataError(asker, `the column ${show(column)} in every row`, `row ${row} without it`);
    }
  };
  const refuseMissing = (asker: string, list: readonly Row[], advice = ''): void => {
    const row = list.findIndex((one) => inputs.some((column) => isMissing(one[column])));
    if (row >= 0) throw new DataError(asker, 'no missing cells', `one in row ${row}, column ${show(inputs.find((column) => isMissing(list[row]![column])))}`, advice);
  };
  /** The numbers of the rows that have a target, and where cells drop their rows all inputs: errors name rows as they were given. */
  const usable = (list: readonly Row[], asker: string): number[] => {
    checkColumns(asker, list, [...inputs, target]);
    if (missing === 'refuse') refuseMissing(asker, list);
    const found = list.flatMap((row, index) => (!isMissing(row[target]) && (missing !== 'drop' || inputs.every((column) => !isMissing(row[column]))) ? [index] : []));
    if (found.length === 0) throw new DataError(asker, 'at least one row with a target and all that it needs', `${list.length} rows without`);
    return found;
  };
  const targetNumbers = (asker: string, list: readonly Row[], chosen: readonly number[], advice = ''): Float32Array<ArrayBuffer> => Float32Array.from(chosen, (row) => {
    const value = numberOf(list[row]![target]);
    if (!Number.isFinite(Math.fround(value))) throw new DataError(asker, 'numbers as targets', `${show(list[row]![target])} in row ${row}`, advice);
    return value;
  });

  const chosenRows = usable(rows, who);
  const training = chosenRows.map((row) => rows[row]!);
  const cellsOf = (column: string): unknown[] => training.map((row) => row[column]).filter((cell) => !isMissing(cell));
  const isNumeric = (column: string): boolean => cellsOf(column).every((cell) => Number.isFinite(numberOf(cell)));
  const categoriesOf = (column: string): string[] => [...new Set(cellsOf(column).map(String))].sort();

  const columns = inputs.map((column): ColumnEncoding => {
    const kind = wantedKind(column) ?? (isNumeric(column) ? 'number' : 'oneHot');
    if (kind === 'number') {
      const values = cellsOf(column).map(numberOf);
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) throw new DataError(who, `numbers in the column ${show(column)}`, show(cellsOf(column)[bad]), 'Make it oneHot or index in columns.');
      if (values.length === 0) throw new DataError(who, `numbers in the column ${show(column)}`, 'only missing cells', 'Ignore it in columns.');
      const mean = values.reduce((sum, value) => sum + value / values.length, 0);
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0));
      const isConstant = values.every((value) => value === values[0]);
      return { column, kind, mean, scale: !normalize || isConstant ? 1 : deviation };
    }
    const categories = categoriesOf(column);
    const hasMissing = training.some((row) => isMissing(row[column]));
    return { column, kind: kind === 'index' ? 'index' : 'oneHot', categories: hasMissing ? [...categories, MISSING] : categories };
  });
  const features = columns.flatMap((column) => (column.kind === 'oneHot' ? column.categories.map((category) => `${column.column}=${category}`) : [column.column]));
  if (features.length === 0) throw new DataError(who, 'at least one column beside the target', 'none');
  const isClass = targetKind === undefined ? !isNumeric(target) : targetKind === 'class';
  if (targetKind === 'number') targetNumbers(who, rows, chosenRows, 'Leave targetKind out, or make it "class".');
  const byNumber = (): string[] => [...new Map(cellsOf(target).map((cell) => [String(cell), numberOf(cell)]))].sort(([, a], [, b]) => a - b).map(([name]) => name);
  const classes = isClass ? (isNumeric(target) ? byNumber() : categoriesOf(target)) : undefined;

  const categoryOf = (asker: string, categories: readonly string[], column: string, cell: unknown, row: number): number => {
    const index = categories.indexOf(isMissing(cell) ? MISSING : String(cell));
    if (index < 0 && unknown === 'refuse') {
      throw new DataError(asker, `categories of ${show(column)} that the training rows have (${categories.slice(0, 6).join(', ')}${categories.length > 6 ? ', …' : ''})`, `${show(cell)} in row ${row}`,
        'Pass unknown: "zeros" to let them be nothing.');
    }
    return index;
  };
  const encode = (asker: string, list: readonly Row[], chosen: readonly number[]): Float32Array<ArrayBuffer> => {
    const out = new Float32Array(chosen.length * features.length);
    let at = 0;
    for (const index of chosen) {
      for (const encoding of columns) {
        const cell = list[index]![encoding.column];
        if (encoding.kind === 'number') {
          const value = isMissing(cell) ? encoding.mean : numberOf(cell);
          if (!Number.isFinite(value)) throw new DataError(asker, `numbers in the column ${show(encoding.column)}`, `${show(cell)} in row ${index}`);
          out[at++] = normalize ? (value - encoding.mean) / encoding.scale : value;
          continue;
        }
        const category = categoryOf(asker, encoding.categories, encoding.column, cell, index);
        if (encoding.kind === 'index') out[at++] = category < 0 ? encoding.categories.length : category;
        else {
          if (category >= 0) out[at + category] = 1;
          at += encoding.categories.length;
        }
      }
    }
    return out;
  };
  return {
    columns, features, ...(classes ? { classes } : {}),
    inputs: (list) => {
      checkRows('inputs', list);
      checkColumns('inputs', list, inputs);
      if (missing !== 'impute') refuseMissing('inputs', list, missing === 'drop' ? 'Leave such rows out, or fit with missing: "impute".' : '');
      return encode('inputs', list, list.map((_, index) => index));
    },
    dataset: (list, name = 'rows') => {
      checkRows('dataset', list);
      const chosen = usable(list, 'dataset');
      const common = { name, length: chosen.length, inputs: encode('dataset', list, chosen), inputShape: [features.length] };
      if (classes) {
        const targets = Uint32Array.from(chosen, (row) => {
          const found = classes.indexOf(String(list[row]![target]));
          if (found < 0) throw new DataError('dataset', `targets that the training rows have (${classes.join(', ')})`, `${show(list[row]![target])} in row ${row}`);
          return found;
        });
        return { ...common, targets, targetShape: [], classes: classes.length };
      }
      return { ...common, targets: targetNumbers('dataset', list, chosen), targetShape: [1] };
    },
  };
}

function checkRows(who: string, rows: readonly Row[]): void {
  if (!Array.isArray(rows) || rows.length === 0) throw new DataError(who, 'at least one row', show(rows));
  const bad = rows.findIndex((row) => row === null || typeof row !== 'object' || Array.isArray(row));
  if (bad >= 0) throw new DataError(who, 'rows as objects: cells by column', `${show(rows[bad])} in row ${bad}`);
}
