import { calibrationText } from './calibration-text.ts';
import type { Doubts } from './certify.ts';
import { printable } from './markdown.ts';
import { howToReplay } from './problem.ts';
import type { KinkReport, LaunchReport, ReportData } from './report-data.ts';
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
  const failed = tensors.filter((tensor) => tensor.failed > 0);
  switch (report.verdict) {
    case 'pass':
    case 'kink':
      return `${count(report.proven)} of ${count(total)} gradients proven ${on}${reservations(report)}`;
    case 'fail':
    case 'unwritten': {
      if (failed.length === 0) return `✗ ${report.values.some(isWrong) ? 'the forward pass' : 'a tensor within the backward pass'} is wrong ${on}${tempered(report)}`;
      const elements = failed.reduce((sum, tensor) => sum + tensor.failed, 0);
      const shown = failed.map(({ name, verdict }) => (verdict === 'unwritten' ? `${name} (never written)` : name)).join(', ');
      return `✗ ${count(elements)} of ${count(total)} gradients fail ${on}: ${shown}${tempered(report)}`;
    }
    case 'reference-suspect':
      return `✗ the reference is suspect ${on}: ${reasons(report) || 'it is not finite within the backward pass'}; this says nothing about the GPU`;
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
    lines.push(`the GPU's branches, within rounding: ${kinks.map(branchesOf).join(', ')}`);
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
    : 'tolerance: 4 σ, computed from the graph and its numbers');
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
  const agreed = covered.reduce((sum, { coverage }) => sum + coverage.agreed, 0);
  const steps = complex > 0 ? ` (${count(complex)} by a complex step)` : '';
  const lines = [agreed === differenced
    ? `reference: ${count(agreed)} of ${count(all)} elements certified by finite differences${steps}`
    : `reference: ${count(differenced)} of ${count(all)} elements differenced${steps}, ${count(agreed)} of them certified`];
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

/** What a proof does not cover: elements below rounding noise, whole tensors of them, and branches that rounding decided. */
function reservations({ tensors, kinks }: ReportData): string {
  const belowNoise = tensors.reduce((sum, tensor) => sum + tensor.belowNoise, 0);
  const drowned = tensors.filter(({ verdict }) => verdict === 'below-noise').map(({ name }) => name);
  const beside = tensors.reduce((sum, { kink }) => sum + kink, 0);
  const amplified = tensors.reduce((sum, tensor) => sum + (tensor.amplified ?? 0), 0);
  return [
    belowNoise > 0 ? `, ${count(belowNoise)} below rounding noise${drowned.length > 0 ? ` (all of ${drowned.join(', ')}), of which nothing is said` : ''}` : '',
    amplified > 0 ? `; ${count(amplified)} judged by what each launch had read, because rounding before it went one way` : '',
    kinks.length > 0 ? `; where rounding decided, with the GPU's branches: ${kinks.map(branchesOf).join(', ')}` : beside > 0 ? `; ${count(beside)} beside a kink` : '',
  ].join('');
}

function branchesOf({ node, label, adopted, of }: KinkReport): string {
  return `${count(adopted)} of ${count(of)} at ${node} '${label}'`;
}

/** Why references are in doubt. */
const DOUBTS: Readonly<Record<keyof Doubts, string>> = {
  disagree: 'its two witnesses disagree', uncertain: 'its difference is too uncertain', implied: 'other measurements of the tensor disagree',
  unmeasured: 'it was not measured', notFinite: 'it or its tolerance is not finite',
};

/** The doubts of all tensors, one reason after the other. */
function doubtText(tensors: readonly TensorReport[]): string {
  const found = (Object.keys(DOUBTS) as (keyof Doubts)[]).flatMap((doubt) => {
    const names = tensors.flatMap(({ name, doubts }) => (doubts?.[doubt] ? [`${count(doubts[doubt])} of ${name}`] : []));
    return names.length > 0 ? [`${DOUBTS[doubt]} at ${names.join(', ')}`] : [];
  });
  return found.join('; ');
}

/** Why the whole reference is suspect. */
function reasons({ tensors, values, faults }: ReportData): string {
  return [
    doubtText(tensors), doubtText(values),
    ...(faults.length > 0 ? ['fast and slow evaluations of its forward code differ'] : []),
  ].filter(Boolean).join('; ');
}

/** A failure beside a reference that is in doubt elsewhere, or whose own evaluations differ: that must be known. */
function tempered(report: ReportData): string {
  const why = reasons(report);
  return why ? `; the reference is suspect: ${why}` : '';
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
