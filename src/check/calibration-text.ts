import type { CalibrationNote } from './report-data.ts';

/** What the tolerances of a report stand on, within a sentence. */
export function calibrationText({ adapter, browser, builtins, beyondPromise }: CalibrationNote): string {
  const ulp = (value: number, growth = 0): string => `${digits(value)}${growth > 0 ? ` + ${digits(growth)}·|x|` : ''}`;
  const list = [
    `exp ${ulp(builtins.expUlp, builtins.expUlpPerUnit)}`, `log ${ulp(builtins.logUlp)}`, `division ${ulp(builtins.divisionUlp)}`,
    `tanh ${ulp(builtins.tanhUlp)}`, `sigmoid ${ulp(builtins.sigmoidUlp, builtins.sigmoidUlpPerUnit)} ulp`,
    `erf ${builtins.erfAbsolute.toExponential(1)}`,
  ];
  const beyond = beyondPromise.length > 0 ? `; beyond what WGSL promises: ${beyondPromise.join(', ')}` : '';
  return `measured on ${adapter} in ${browser}: ${list.join(', ')}${beyond}`;
}

function digits(value: number): string {
  return value.toPrecision(2);
}
