import { escaped, markdownTable, markdownText } from './markdown.ts';
import type { ReportData } from './report-data.ts';
import { isProof } from './report-data.ts';
import { margin, tensorTable } from './report-table.ts';
import { alone, closest, describeWorst, firstLine, footLines } from './report-text.ts';
import { isWrong } from './verdict.ts';

/** The report for a comment or an issue: GitHub's Markdown, with the launches folded. What is too much for one is counted. */
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
    lines.push('', ...markdownTable(titles, rows.map((cells, index) => ({ cells, wrong: isWrong(report.tensors[index]!) })), isNumber));
  }
  const outputs = report.launches.flatMap(({ label, kernel, outputs: written }) => written.map(({ name, verdict, worstSigma }) => ({
    cells: [label, kernel, name, verdict, margin(worstSigma)], wrong: isWrong({ verdict }),
  })));
  if (outputs.length > 0) {
    lines.push('', '<details><summary>Launches</summary>', '',
      ...markdownTable(['launch', 'kernel', 'tensor', 'verdict', 'worst σ'], outputs, [false, false, false, false, true]), '', '</details>');
  }
  lines.push('', ...footLines(report).map((line) => `${escaped(line.trim())}  `));
  return markdownText(lines);
}
