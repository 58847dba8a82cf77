import { isProof } from './report-data.ts';
import type { Blame, CalibrationNote, Explanation, Investigation, KinkReport, LaunchReport, ObjectiveReport, ReportData } from './report-data.ts';
import { reportJson } from './report-json.ts';
import type { ReportJson } from './report-json.ts';
import { reportMarkdown } from './report-markdown.ts';
import { reportText } from './report-text.ts';
import type { TensorReport, Verdict } from './verdict.ts';

/** The outcome of a gradient check. `String(report)` is for people, `JSON.stringify(report)` for tools. */
export class Report implements ReportData {
  /** True only where every gradient was compared, none failed, and at least one was large enough to mean something. */
  readonly passed: boolean;
  readonly verdict: Verdict;
  readonly adapter: string;
  readonly checked: number;
  readonly total: number;
  readonly proven: number;
  readonly tensors: readonly TensorReport[];
  readonly values: readonly TensorReport[];
  readonly objective: ObjectiveReport;
  readonly faults: readonly string[];
  readonly launches: readonly LaunchReport[];
  readonly kinks: readonly KinkReport[];
  readonly blame?: Blame;
  readonly explanations: readonly Explanation[];
  readonly investigation?: Investigation;
  readonly calibration?: CalibrationNote;
  readonly frozen: readonly string[];
  readonly seconds: number;

  constructor(data: ReportData) {
    this.verdict = data.verdict;
    this.passed = isProof(data.verdict);
    this.adapter = data.adapter;
    this.checked = data.checked;
    this.total = data.total;
    this.proven = data.proven;
    this.tensors = data.tensors;
    this.values = data.values;
    this.objective = data.objective;
    this.faults = data.faults;
    this.launches = data.launches;
    this.kinks = data.kinks;
    this.blame = data.blame;
    this.explanations = data.explanations;
    this.investigation = data.investigation;
    this.calibration = data.calibration;
    this.frozen = data.frozen ?? [];
    this.seconds = data.seconds;
  }

  /** One line that says it all, then a table with one line for each tensor. */
  toString(): string {
    return reportText(this);
  }

  /** Plain data with `schema: 'chainrule/gradient-report/2'`; numbers that JSON lacks are the strings NaN, Infinity and -Infinity. */
  toJSON(): ReportJson & Readonly<Record<string, unknown>> {
    return reportJson(this);
  }

  /** For a comment or an issue: the line that says it all, what failed, a table of gradients, the launches folded. */
  toMarkdown(): string {
    return reportMarkdown(this);
  }
}
