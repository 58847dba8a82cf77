import { isHelper } from './builtin-rows.ts';
import type { BuiltinMeasurement } from './calibrate.ts';
import { escaped, fenced, markdownTable, markdownText, printable } from './markdown.ts';
import { plainJson } from './plain-json.ts';
import { howToReplay } from './problem.ts';
import { number } from './report-table.ts';
import type { SelfTestData, SelfTestFailure, SelfTestOp } from './self-test-data.ts';

/** One line that says how it ended. */
function headline({ ops, adapter, passed, extent, calibration }: SelfTestData): string {
  const wrong = ops.filter((op) => !op.passed);
  const helpers = calibration.beyondPromise.filter(isHelper);
  const what = extent === 'all' ? 'every sample and kernel variant' : 'core samples';
  if (ops.length > 0 && wrong.length === 0 && helpers.length > 0) {
    return `✗ ${helpers.join(', ')} of the library wrong on ${adapter.name}: beyond what the formula reaches, though all ${ops.length} ops hold (${what})`;
  }
  return passed
    ? `✓ ${ops.length} of ${ops.length} ops proven on ${adapter.name} (${what})`
    : `✗ ${wrong.length} of ${ops.length} ops fail on ${adapter.name} (${what}): ${wrong.map(({ op }) => op).join(', ')}`;
}

function facts({ adapter, browser, version, date, kernels, seconds, calibration }: SelfTestData): readonly (readonly [name: string, text: string])[] {
  const parts = [['vendor', adapter.vendor], ['architecture', adapter.architecture], ['device', adapter.device], ['description', adapter.description]];
  return [
    ['adapter', `${adapter.name}; ${parts.filter(([, value]) => value).map(([name, value]) => `${name} ${value}`).join(', ') || 'the browser says no more'}; taken for a ${adapter.adapterClass === 'cpu' ? 'software adapter' : 'GPU'}`],
    ['browser', browser],
    ['chainrule', version],
    ['date', date],
    ['kernels', `${kernels.count} texts, SHA-256 ${kernels.hash}`],
    ['time', `${seconds.total.toFixed(1)} s, of which ${seconds.calibration.toFixed(1)} s for the calibration`],
    ...beyond(calibration),
  ];
}

/** Functions that err more than is promised: one fact for builtins, another for the library's own. */
function beyond({ rows, beyondPromise }: SelfTestData['calibration']): (readonly [name: string, text: string])[] {
  const excused = (name: string): boolean => rows.some((row) => row.name === name && row.used > row.promised);
  const builtins = beyondPromise.filter((name) => !isHelper(name)).map((name) => (excused(name) ? name : `${name} (too far to be counted with)`));
  const helpers = beyondPromise.filter(isHelper);
  return [
    ...(builtins.length > 0 ? [['beyond what WGSL promises', builtins.join(', ')] as const] : []),
    ...(helpers.length > 0 ? [["beyond what the library's own formula reaches", `${helpers.join(', ')}: wrong`] as const] : []),
  ];
}

const opHead = ['op', 'verdict', 'worst σ', 'worst/tolerance', 'elements', 'runs', 's', 'kernels'] as const;

function opRow({ op, passed, verdict, worstSigma, margin, elements, runs, failed, seconds, kernels, conventions }: SelfTestOp): string[] {
  const broken = conventions.filter((convention) => !convention.passed).length;
  return [
    op, `${passed ? '✓' : '✗'} ${verdict}${broken > 0 ? `, ${broken} of ${conventions.length} conventions broken` : ''}`, number(worstSigma, 3), number(margin, 3), elements.toLocaleString('en-US'),
    failed > 0 ? `${failed} of ${runs} fail` : String(runs), seconds.toFixed(2), kernels.join(' '),
  ];
}

const calibrationHead = ['function', 'unit', 'promised', 'measured', 'used', 'points', 'beyond promise'] as const;

function calibrationRow({ name, unit, promised, measured, used, points }: BuiltinMeasurement): string[] {
  return [name, unit, number(promised, 3), number(measured, 3), number(used, 3), points.toLocaleString('en-US'), measured > promised ? 'yes' : ''];
}

/** What went wrong with an op, in lines. */
function complaints({ failure, error, conventions }: SelfTestOp): string[] {
  return [
    ...(error !== undefined ? [`It did not come to its end: ${error}`] : []),
    ...conventions.flatMap(({ name, passed, got }) => (passed ? [] : [`Convention ${name}: ${got ?? 'broken'}`])),
    ...(failure ? [`Sample ${where(failure)}:`, ...failure.text.split('\n'), ...(failure.problem && !failure.text.includes(failure.problem) ? [`Again: ${howToReplay(failure.problem)}`] : [])] : []),
  ];
}

function where({ sample, cotangent, variants }: SelfTestFailure): string {
  const forced = Object.entries(variants).map(([family, variant]) => `${family}:${variant}`).join(' ');
  return `${sample}, cotangent ${cotangent}${forced ? `, ${forced}` : ''}`;
}

/** For people in a terminal. */
export function selfTestText(test: SelfTestData): string {
  const { ops, calibration } = test;
  return [
    headline(test), ...facts(test).map(([name, text]) => `  ${name}: ${text}`), '',
    ...aligned([[...opHead], ...ops.map(opRow)]), '',
    ...aligned([[...calibrationHead], ...calibration.rows.map(calibrationRow)]),
    ...ops.filter(({ passed }) => !passed).flatMap((op) => ['', `✗ ${op.op}`, ...complaints(op).map((line) => `  ${line}`)]),
  ].map(printable).join('\n');
}

/** For an issue. */
export function selfTestMarkdown(test: SelfTestData): string {
  const { ops, calibration, userAgent } = test;
  return markdownText([
    `### Chainrule self-test: ${escaped(headline(test))}`, '',
    ...facts(test).map(([name, text]) => `- ${name}: ${escaped(text)}`), ...(userAgent ? [`- user agent: ${escaped(userAgent)}`] : []), '',
    ...markdownTable(opHead, ops.map((op) => ({ cells: opRow(op), wrong: !op.passed }))), '',
    ...ops.filter(({ passed }) => !passed).flatMap((op) => [`#### ✗ ${escaped(op.op)}`, '', ...fenced(complaints(op)), '']),
    '<details><summary>Calibration</summary>', '',
    ...markdownTable(calibrationHead, calibration.rows.map((measurement) => ({ cells: calibrationRow(measurement), wrong: measurement.measured > measurement.promised }))), '', '</details>',
  ]);
}

/** For tools. */
export function selfTestJson(test: SelfTestData): Record<string, unknown> {
  return { ...plainJson({ ...test }) };
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd());
}
