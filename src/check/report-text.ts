import { calibrationText } from './calibration-text.ts';
import { printable } from './markdown.ts';
import { howToReplay } from './problem.ts';
import type { LaunchReport, ReportData } from './report-data.ts';
import { count, margin, number, tensorTable } from './report-table.ts';
import { isWrong } from './verdict.ts';
import type { TensorReport } from './verdict.ts';

/** The report for people: a line that says it all, what to know besides, and an aligned table. */
export function reportText(report: ReportData): string {
  const lines = [firstLine(report)];
  if (report.blame) lines.push(`  first wrong: ${report.blame.text}`);
  for (const { text, symptom } of report.explanations) lines.push(`  looks like ${symptom}: ${text}`);
  for (const fault of report.faults) lines.push(`  reference: ${fault}`);
  for (const value of report.values.filter(isWrong)) lines.push(`  forward: ${value.name} ${showShape(value)} is wrong: ${describeWorst(value)}`);
  for (const tensor of report.tensors) {
    if (tensor.failed > 0) lines.push(`  ${tensor.name} ${showShape(tensor)}: ${describeWorst(tensor)}`);
  }
  lines.push(...elsewhere(report));
  lines.push(...alone(report).map((line) => `  ${line}`));
  if (report.tensors.length > 0) lines.push('', ...table(report));
  const worst = closest(report);
  // Failing tensors have said so above; a proof shows how close it was.
  if (worst && worst.failed === 0) lines.push('', `worst element: ${worst.name} ${describeWorst(worst)}, relative error ${number(worst.worst!.relativeError)}`);
  lines.push('', ...footLines(report));
  return lines.map(printable).join('\n');
}

/** What became of the failure by itself, or how to find out. */
export function alone({ investigation, blame }: ReportData): string[] {
  if (investigation) return investigation.text.split('\n');
  return (blame?.problems ?? []).slice(0, 1).map((line) => `alone, on seeded numbers of the same shapes: ${howToReplay(line)}`);
}

/** The one line that says it all. */
export function firstLine(report: ReportData): string {
  const { adapter, tensors, total } = report;
  const on = `on ${adapter}`;
  const names = (list: readonly TensorReport[]): string => list.map(({ name }) => name).join(', ');
  const failed = tensors.filter((tensor) => tensor.failed > 0 && tensor.verdict !== 'reference-suspect');
  switch (report.verdict) {
    case 'pass':
    case 'kink':
      return `${count(report.proven)} of ${count(total)} gradients proven ${on}`;
    case 'fail':
    case 'unwritten': {
      if (failed.length === 0) return report.values.some(isWrong) ? `✗ the forward pass is wrong ${on}` : `✗ a tensor within the backward pass is wrong ${on}`;
      const elements = failed.reduce((sum, tensor) => sum + tensor.failed, 0);
      const shown = failed.map(({ name, verdict }) => (verdict === 'unwritten' ? `${name} (never written)` : name)).join(', ');
      return `✗ ${count(elements)} of ${count(total)} gradients fail ${on}: ${shown}`;
    }
    case 'reference-suspect':
      return `✗ the reference is suspect ${on}: its two witnesses disagree${suspectNames(tensors)}; this says nothing about the GPU`;
    case 'nothing-to-check':
      return total === 0
        ? `✗ nothing to check ${on}: the snapshot holds no gradients`
        : `✗ nothing to check ${on}: the reference gradient is all zero for ${names(tensors.filter(({ verdict }) => verdict === 'nothing-to-check'))}`;
    case 'below-noise':
      return `✗ nothing proven ${on}: all ${count(total)} gradients are smaller than rounding noise`;
  }
}

/** What ends a report in any form: kinks, coverage, launches, calibration, the objective and the time. */
export function footLines(report: ReportData): string[] {
  const { kinks, launches, calibration, objective, seconds } = report;
  const lines: string[] = [];
  if (kinks.length > 0) {
    lines.push(`the GPU's branches, within rounding: ${kinks.map(({ node, label, adopted }) => `${count(adopted)} of ${node} '${label}'`).join(', ')}`);
  }
  lines.push(...coverageLines(report.tensors));
  if (report.frozen && report.frozen.length > 0) lines.push(`frozen (no gradient): ${report.frozen.join(', ')}`);
  const furthest = furthestLaunch(launches);
  if (furthest) {
    const outputs = launches.reduce((sum, launch) => sum + launch.outputs.length, 0);
    lines.push(`${count(outputs)} tensors of ${count(launches.length)} launches compared: the furthest is ${furthest.name} at ${margin(furthest.worstSigma)} σ (launch ${furthest.label}, kernel ${furthest.kernel})`);
  }
  lines.push(calibration
    ? `tolerance: 4 σ, with the errors ${calibrationText(calibration)}`
    : 'tolerance: 4 σ, with the errors of exp, log, … that WGSL allows');
  lines.push(`objective ${number(objective.gpu)} on the GPU, ${number(objective.reference)} in float64; ${seconds.toFixed(1)} s`);
  return lines;
}

/** How the reference was certified. */
function coverageLines(tensors: readonly TensorReport[]): string[] {
  const covered = tensors.flatMap(({ coverage, count: elements, name }) => (coverage ? [{ coverage, elements, name }] : []));
  if (covered.length === 0) return [];
  const differenced = covered.reduce((sum, { coverage }) => sum + coverage.differenced, 0);
  const complex = covered.reduce((sum, { coverage }) => sum + coverage.complexSteps, 0);
  const all = covered.reduce((sum, { elements }) => sum + elements, 0);
  const lines = [`reference: ${count(differenced)} of ${count(all)} elements certified by finite differences${complex > 0 ? ` (${count(complex)} by a complex step)` : ''}`];
  const directed = covered.filter(({ coverage }) => coverage.directions);
  if (directed.length > 0) {
    const miss = directed.reduce((largest, { coverage }) => Math.max(largest, coverage.directions!.miss), 0);
    const names = directed.map(({ name, coverage: { directions } }) => `${name} (τ ${number(directions!.tolerance)}${directions!.worst > 1 ? `, off by ${number(directions!.worst)} τ` : ''})`);
    lines.push(`  ${names.join(', ')}: along ${directed[0].coverage.directions!.count} Gaussian directions; they miss an error of 25 τ or more with probability ${miss.toExponential(1)}`);
  }
  return lines;
}

/** The first wrong tensor where it is neither a forward value nor a gradient that the report lists by itself. */
function elsewhere({ blame, launches, tensors, values }: ReportData): string[] {
  if (!blame || [...tensors, ...values].some((tensor) => isWrong(tensor) && blame.tensor.endsWith(tensor.name))) return [];
  const output = launches.flatMap(({ outputs }) => outputs).find(({ name, worst }) => name === blame.tensor && worst);
  return output ? [`  ${output.name} ${showShape(output)}: ${describeElement(output)}`] : [];
}

/** The tensor that came closest to its tolerance, or went furthest beyond it. */
export function closest({ tensors }: Pick<ReportData, 'tensors'>): TensorReport | undefined {
  return [...tensors].filter(({ worst }) => worst).sort((a, b) => b.worst!.margin - a.worst!.margin)[0];
}

function furthestLaunch(launches: readonly LaunchReport[]): { name: string; worstSigma: number; label: string; kernel: string } | undefined {
  const all = launches.flatMap(({ outputs, label, kernel }) => outputs.map(({ name, worstSigma }) => ({ name, worstSigma, label, kernel })));
  return all.sort((a, b) => b.worstSigma - a.worstSigma)[0];
}

function showShape({ shape }: Pick<TensorReport, 'shape'>): string {
  return `[${shape.join(', ')}]`;
}

function suspectNames(tensors: readonly TensorReport[]): string {
  const suspects = tensors.filter(({ suspect }) => suspect > 0);
  return suspects.length > 0 ? ` at ${suspects.map(({ name, suspect }) => `${count(suspect)} of ${name}`).join(', ')}` : '';
}

/** The worst element in words. */
export function describeWorst(tensor: TensorReport): string {
  if (!tensor.worst) return '';
  const { unwritten, failed } = tensor;
  const left = unwritten > 0 ? `${count(unwritten)} of ${count(failed)} wrong elements were never written; ` : '';
  return `${left}${describeElement(tensor)}`;
}

function describeElement({ worst }: Pick<TensorReport, 'worst'>): string {
  if (!worst) return '';
  return `at [${worst.index.join(', ')}] the GPU has ${number(worst.gpu)}, the reference ${number(worst.reference)}`
    + ` ± ${number(worst.referenceError)}; σ ${number(worst.sigma)}, tolerance ${number(worst.tolerance)}`;
}

/** Words stand left, numbers right. */
function table(report: ReportData): string[] {
  const { titles, isNumber, rows } = tensorTable(report);
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join('  ').trimEnd();
  return [line(titles), ...rows.map(line)];
}
