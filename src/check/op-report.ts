import { escaped, markdownTable, markdownText, printable } from './markdown.ts';
import type { Report } from './report.ts';

/** One sample under one cotangent. */
export interface SampleReport {
  readonly sample: string;
  readonly cotangent: 'ones' | 'random';
  /** The kernel variants that were forced, by family; absent where the op chose. */
  readonly variants?: Readonly<Record<string, string>>;
  /** Whether the report is green, or says only that this cotangent makes gradients too small to tell (softmax with ones). */
  readonly passed: boolean;
  readonly report: Report;
}

/** One special point: PyTorch's convention and what came instead. */
export interface ConventionReport {
  readonly name: string;
  readonly passed: boolean;
  /** The first difference, where there is one. */
  readonly got?: string;
}

/** One planted bug, and what found it. */
export interface MutantReport {
  readonly name: string;
  /** True where a sample or a convention failed, or where the proof gives a reason why the mutant changes nothing. */
  readonly passed: boolean;
  /** What found it; absent where nothing did. */
  readonly by?: string;
  /** What to know of a mutant that nothing found: its text stands in no kernel, or the reason that the proof gives. */
  readonly note?: string;
}

/** All that was found about one op. */
export interface OpReportData {
  readonly op: string;
  readonly samples: readonly SampleReport[];
  readonly conventions: readonly ConventionReport[];
  readonly mutants: readonly MutantReport[];
}

const REPORT_SCHEMA = 'chainrule/op-report/1';

/** The outcome of a check of one op. `String(report)` is for people, `JSON.stringify(report)` for tools. */
export class OpReport implements OpReportData {
  readonly op: string;
  /** True only where there are samples, all of them and all conventions hold, and every planted bug was found. */
  readonly passed: boolean;
  readonly samples: readonly SampleReport[];
  readonly conventions: readonly ConventionReport[];
  readonly mutants: readonly MutantReport[];

  constructor({ op, samples, conventions, mutants }: OpReportData) {
    this.op = op;
    this.samples = samples;
    this.conventions = conventions;
    this.mutants = mutants;
    this.passed = samples.length > 0 && [...samples, ...conventions, ...mutants].every(({ passed }) => passed);
  }

  /** A line that says it all, then what failed: samples with their own reports, conventions, planted bugs that nothing found. */
  toString(): string {
    const { op, samples, conventions, mutants, passed } = this;
    const worst = worstSample(samples);
    const lines = [passed
      ? `${op}: forward and gradients proven on ${samples.length} runs${worst ? `, worst error ${worst.margin.toFixed(2)} of what is allowed (${worst.name})` : ''}${conventions.length > 0 ? `; ${conventions.length} conventions hold` : ''}${mutants.length > 0 ? `; ${mutants.length} planted bugs found` : ''}`
      : `✗ ${op}: ${samples.length === 0 ? 'no samples, so nothing is proven' : complaints(this).join('; ')}`];
    for (const sample of samples) if (!sample.passed) lines.push(`  ${describe(sample)}:`, ...String(sample.report).split('\n').map((line) => `    ${line}`));
    for (const { name, passed: holds, got } of conventions) if (!holds) lines.push(`  convention ${name}: ${got ?? 'broken'}`);
    for (const { name, passed: found, note } of mutants) if (!found) lines.push(`  planted bug ${name}: ${note ?? 'nothing found it'}`);
    return lines.map(printable).join('\n');
  }

  /** Plain data with `schema: 'chainrule/op-report/1'`. */
  toJSON(): Record<string, unknown> {
    const { op, passed, conventions, mutants } = this;
    return {
      schema: REPORT_SCHEMA, op, passed,
      samples: this.samples.map(({ report, ...sample }) => ({ ...sample, report: report.toJSON() })), conventions, mutants,
    };
  }

  /** The report as Markdown: a table with one row for each run, and lists of conventions and planted bugs. */
  toMarkdown(): string {
    const mark = (passed: boolean): string => (passed ? '✓' : '✗');
    const lines = [
      `**${this.passed ? '' : '✗ '}${escaped(this.op)}**: ${this.passed ? 'proven' : complaints(this).join('; ') || 'nothing proven'}`, '',
      ...markdownTable(['sample', 'cotangent', 'verdict', 'worst/tolerance', 'passed'], this.samples.map((sample) => ({
        cells: [describe(sample, false), sample.cotangent, sample.report.verdict, marginOf(sample).toFixed(3), mark(sample.passed)], wrong: !sample.passed,
      }))),
    ];
    if (this.conventions.length > 0) lines.push('', ...this.conventions.map(({ name, passed, got }) => `- ${mark(passed)} convention ${escaped(name)}${got ? `: ${escaped(got)}` : ''}`));
    if (this.mutants.length > 0) lines.push('', ...this.mutants.map(({ name, passed, by, note }) => `- ${mark(passed)} planted bug ${escaped(name)}: ${escaped(by ? `found by ${by}` : note ?? 'nothing found it')}`));
    return markdownText(lines);
  }
}

function complaints({ samples, conventions, mutants }: OpReportData): string[] {
  const failed = samples.filter(({ passed }) => !passed).length;
  const broken = conventions.filter(({ passed }) => !passed).length;
  const survivors = mutants.filter(({ passed }) => !passed).length;
  return [
    ...(failed > 0 ? [`${failed} of ${samples.length} runs fail`] : []), ...(broken > 0 ? [`${broken} of ${conventions.length} conventions broken`] : []),
    ...(survivors > 0 ? [`${survivors} of ${mutants.length} planted bugs not found`] : []),
  ];
}

/** A run by name: the sample, what was forced, the cotangent. */
export function describe({ sample, cotangent, variants = {} }: SampleReport, withCotangent = true): string {
  const forced = Object.entries(variants).map(([family, variant]) => `${family}:${variant}`).join(' ');
  return `${sample}${forced ? ` (${forced})` : ''}${withCotangent ? `, ${cotangent}` : ''}`;
}

function marginOf({ report }: SampleReport): number {
  return Math.max(0, ...[...report.tensors, ...report.values].map(({ worst }) => worst?.margin ?? 0));
}

function worstSample(samples: readonly SampleReport[]): { name: string; margin: number } | undefined {
  const [worst] = samples.map((sample) => ({ name: describe(sample), margin: marginOf(sample) })).sort((a, b) => b.margin - a.margin);
  return worst;
}
