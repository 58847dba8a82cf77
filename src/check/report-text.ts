import { isProof } from './report-data.ts';
import type { ReportData } from './report-data.ts';
import type { TensorReport } from './verdict.ts';

const REPORT_SCHEMA = 'chainrule/gradient-report/1';

/** The report for people: a line that says it all, what to know besides, and an aligned table. */
export function reportText(report: ReportData): string {
  const lines = [firstLine(report)];
  if (report.blame) lines.push(`  first wrong: ${report.blame}`);
  for (const fault of report.faults) lines.push(`  reference: ${fault}`);
  const wrong = report.values.filter(({ verdict }) => verdict === 'fail' || verdict === 'unwritten');
  for (const value of wrong) lines.push(`  forward: ${value.name} is wrong: ${describeWorst(value)}`);
  for (const tensor of report.tensors) {
    if (tensor.failed > 0) lines.push(`  ${tensor.name}: ${describeWorst(tensor)}`);
  }
  if (report.tensors.length > 0) lines.push('', ...table(report.tensors));
  const worst = [...report.tensors].filter(({ worst: element }) => element).sort((a, b) => b.worst!.margin - a.worst!.margin)[0];
  // Failing tensors have said so above; a proof shows how close it was.
  if (worst && worst.failed === 0) lines.push('', `worst element: ${worst.name} ${describeWorst(worst)}, relative error ${number(worst.worst!.relativeError)}`);
  const { gpu, reference } = report.objective;
  lines.push('', `objective ${number(gpu)} on the GPU, ${number(reference)} in float64; ${report.seconds.toFixed(1)} s`);
  return lines.join('\n');
}

function firstLine(report: ReportData): string {
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
      if (failed.length === 0) return `✗ the forward pass is wrong ${on}`;
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

function suspectNames(tensors: readonly TensorReport[]): string {
  const suspects = tensors.filter(({ suspect }) => suspect > 0);
  return suspects.length > 0 ? ` at ${suspects.map(({ name, suspect }) => `${count(suspect)} of ${name}`).join(', ')}` : '';
}

function describeWorst({ worst, unwritten, failed }: TensorReport): string {
  if (!worst) return '';
  const left = unwritten > 0 ? `${count(unwritten)} of ${count(failed)} wrong elements were never written; ` : '';
  return `${left}at [${worst.index.join(', ')}] the GPU has ${number(worst.gpu)}, the reference ${number(worst.reference)}`
    + ` ± ${number(worst.referenceError)}; σ ${number(worst.sigma)}, tolerance ${number(worst.tolerance)}`;
}

function table(tensors: readonly TensorReport[]): string[] {
  // Such elements passed, but are too small for that to say much: shown only where there are any.
  const noisy = tensors.some(({ belowNoise }) => belowNoise > 0);
  const head = ['gradient', 'shape', 'verdict', 'passed', ...(noisy ? ['below noise'] : []), 'worst/tolerance', 'bits', 'ratio', 'cosine', 'relative error'];
  const rows = tensors.map((tensor) => [
    tensor.name,
    `[${tensor.shape.join(', ')}]`,
    tensor.verdict,
    `${count(tensor.passed)}/${count(tensor.count)}`,
    ...(noisy ? [count(tensor.belowNoise)] : []),
    tensor.worst ? margin(tensor.worst.margin) : '–',
    !Number.isFinite(tensor.bits) ? '–' : tensor.bits.toFixed(1),
    !Number.isFinite(tensor.ratio) ? '–' : tensor.ratio.toFixed(6),
    Number.isNaN(tensor.cosine) ? '–' : tensor.cosine.toFixed(6),
    tensor.worst ? number(tensor.worst.relativeError) : '–',
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  // Words stand left, numbers right.
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column < 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd();
  return [line(head), ...rows.map(line)];
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function margin(value: number): string {
  return value < 1000 ? value.toFixed(3) : value.toExponential(2);
}

function number(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(6))) : value.toExponential(2);
}

/** The report for tools. */
export function reportJson(report: ReportData): Record<string, unknown> {
  const { verdict, adapter, checked, total, proven, seconds, objective, blame, faults, tensors, values } = report;
  const data = { passed: isProof(verdict), verdict, adapter, checked, total, proven, seconds, objective, blame, faults, tensors, values };
  const plain: unknown = JSON.parse(JSON.stringify(data, (_, value: unknown) =>
    (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value)));
  return { schema: REPORT_SCHEMA, ...(plain as typeof data) };
}
