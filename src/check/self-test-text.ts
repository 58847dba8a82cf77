import type { BuiltinMeasurement } from './calibrate.ts';
import type { SelfTestData, SelfTestFailure, SelfTestOp } from './self-test-data.ts';

/** One line that says how it ended. */
function headline({ ops, adapter, passed, extent }: SelfTestData): string {
  const wrong = ops.filter((op) => !op.passed);
  const what = extent === 'all' ? 'every sample and kernel variant' : 'core samples';
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
    ...(calibration.beyondPromise.length > 0 ? [['beyond promise', calibration.beyondPromise.join(', ')] as const] : []),
  ];
}

const opHead = ['op', 'verdict', 'worst σ', 'worst/tolerance', 'elements', 'runs', 's', 'kernels'] as const;

function opRow({ op, passed, verdict, worstSigma, margin, elements, runs, failed, seconds, kernels, conventions }: SelfTestOp): string[] {
  const broken = conventions.filter((convention) => !convention.passed).length;
  return [
    op, `${passed ? '✓' : '✗'} ${verdict}${broken > 0 ? `, ${broken} of ${conventions.length} conventions broken` : ''}`, number(worstSigma), number(margin), elements.toLocaleString('en-US'),
    failed > 0 ? `${failed} of ${runs} fail` : String(runs), seconds.toFixed(2), kernels.join(' '),
  ];
}

const calibrationHead = ['function', 'unit', 'promised', 'measured', 'used', 'points', 'beyond promise'] as const;

function calibrationRow({ name, unit, promised, measured, used, points }: BuiltinMeasurement): string[] {
  return [name, unit, number(promised), number(measured), number(used), points.toLocaleString('en-US'), measured > promised ? 'yes' : ''];
}

/** What went wrong with an op, in lines. */
function complaints({ failure, error, conventions }: SelfTestOp): string[] {
  return [
    ...(error !== undefined ? [`It did not come to its end: ${error}`] : []),
    ...conventions.flatMap(({ name, passed, got }) => (passed ? [] : [`Convention ${name}: ${got ?? 'broken'}`])),
    ...(failure ? [`Sample ${where(failure)}:`, ...failure.text.split('\n'), ...(failure.problem && !failure.text.includes(failure.problem) ? [`Again: npm run check -- '${failure.problem}'`] : [])] : []),
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
  ].join('\n');
}

/** For an issue. */
export function selfTestMarkdown(test: SelfTestData): string {
  const { ops, calibration, userAgent } = test;
  return [
    `### Chainrule self-test: ${escaped(headline(test))}`, '',
    ...facts(test).map(([name, text]) => `- ${name}: ${escaped(text)}`), ...(userAgent ? [`- user agent: ${escaped(userAgent)}`] : []), '',
    ...markdown([[...opHead], ...ops.map(opRow)]), '',
    ...ops.filter(({ passed }) => !passed).flatMap((op) => [`#### ✗ ${op.op}`, '', ...fenced(complaints(op)), '']),
    '<details><summary>Calibration</summary>', '',
    ...markdown([[...calibrationHead], ...calibration.rows.map(calibrationRow)]), '', '</details>',
  ].join('\n');
}

/** For tools. */
export function selfTestJson(test: SelfTestData): Record<string, unknown> {
  const plain: unknown = JSON.parse(JSON.stringify({ ...test }, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value)));
  return plain as Record<string, unknown>;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd());
}

function markdown(rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  const [head, ...rest] = rows;
  return [line(head!), `|${head!.map(() => '---|').join('')}`, ...rest.map(line)];
}

/** What drivers say of themselves must not become markup. */
function escaped(text: string): string {
  return text.replace(/[\\|<>`*_[\]]/g, (sign) => `\\${sign}`).replace(/\s+/g, ' ');
}

/** A block of text as it is: with a fence longer than any inside. */
function fenced(lines: readonly string[]): string[] {
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, ...lines, fence];
}

function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  return value >= 1e-3 && value < 1e4 ? String(Number(value.toPrecision(3))) : value.toExponential(2);
}
