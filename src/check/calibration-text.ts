import { PROMISED_ERRORS } from '../reference/rounding.ts';
import { BUILTIN_ROWS, isHelper } from './builtin-rows.ts';
import type { CalibrationNote } from './report-data.ts';

/** What the tolerances of a report stand on, within a sentence. */
export function calibrationText({ adapter, browser, builtins, beyondPromise }: CalibrationNote): string {
  const ulp = (value: number, growth = 0): string => `${digits(value)}${growth > 0 ? ` + ${digits(growth)}·|x|` : ''}`;
  const list = [
    `exp ${ulp(builtins.expUlp, builtins.expUlpPerUnit)}`, `log ${ulp(builtins.logUlp)}`, `division ${ulp(builtins.divisionUlp)}`,
    `tanh ${ulp(builtins.tanhUlp)}`, `sigmoid ${ulp(builtins.sigmoidUlp, builtins.sigmoidUlpPerUnit)} ulp`,
    `erf ${builtins.erfAbsolute.toExponential(1)}`,
  ];
  return [`measured on ${adapter} in ${browser}: ${list.join(', ')}`, ...beyondTexts({ builtins, beyondPromise })].join('; ');
}

/** What is to be said of functions that err more than is promised, kind by kind. */
export function beyondTexts({ builtins, beyondPromise }: Pick<CalibrationNote, 'builtins' | 'beyondPromise'>): string[] {
  // Whatever errs too much to be counted with leaves its field at the promise.
  const counted = (name: string): boolean => BUILTIN_ROWS.some((row) => row.name === name
    && [row.field, ...(row.growth ? [row.growth.field] : [])].some((field) => builtins[field] > PROMISED_ERRORS[field]));
  const of = (wanted: (name: string) => boolean): string => beyondPromise.filter(wanted).join(', ');
  return [
    ['beyond what WGSL promises', of((name) => !isHelper(name) && counted(name))],
    ['so far beyond what WGSL promises that checks count with the promise', of((name) => !isHelper(name) && !counted(name))],
    ["beyond what the library's own formula reaches, so wrong", of(isHelper)],
  ].flatMap(([text, names]) => (names ? [`${text}: ${names}`] : []));
}

function digits(value: number): string {
  return value.toPrecision(2);
}
