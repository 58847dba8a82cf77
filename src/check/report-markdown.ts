import type { ReportData } from './report-data.ts';
import { isProof } from './report-data.ts';
import { margin, tensorTable } from './report-table.ts';
import { alone, closest, describeWorst, firstLine, footLines } from './report-text.ts';

/** The report for a comment or an issue: GitHub's Markdown, with the launches folded. */
export function reportMarkdown(report: ReportData): string {
  const { titles, isNumber, rows } = tensorTable(report);
  const passed = isProof(report.verdict);
  const lines = [`**${passed ? '✓ ' : ''}${escaped(firstLine(report))}**`, ''];
  if (report.blame) lines.push(`- first wrong: ${escaped(report.blame.text)}`);
  for (const { symptom, text } of report.explanations) lines.push(`- looks like *${symptom}*: ${escaped(text)}`);
  for (const fault of report.faults) lines.push(`- reference: ${escaped(fault)}`);
  const worst = closest(report);
  if (worst) lines.push(`- worst element: ${escaped(`${worst.name} [${worst.shape.join(', ')}] ${describeWorst(worst)}`)}`);
  lines.push(...alone(report).map((line) => `- ${escaped(line)}`));
  if (rows.length > 0) {
    lines.push('', row(titles), row(isNumber.map((is) => (is ? '---:' : '---'))), ...rows.map((cells) => row(cells.map(escaped))));
  }
  if (report.launches.some(({ outputs }) => outputs.length > 0)) {
    lines.push('', '<details><summary>Launches</summary>', '', row(['launch', 'kernel', 'tensor', 'verdict', 'worst σ']), row(['---', '---', '---', '---', '---:']),
      ...report.launches.flatMap(({ label, kernel, outputs }) => outputs.map(({ name, verdict, worstSigma }) => row([label, kernel, name, verdict, margin(worstSigma)].map(escaped)))),
      '', '</details>');
  }
  lines.push('', ...footLines(report).map((line) => `${escaped(line.trim())}  `));
  return lines.join('\n').trimEnd();
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Text as text: names come from users, and none of them may become markup. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|#]/g, (character) => `\\${character}`);
}
