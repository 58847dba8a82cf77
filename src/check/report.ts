import { isProof } from './report-data.ts';
import type { ObjectiveReport, ReportData } from './report-data.ts';
import { reportJson, reportText } from './report-text.ts';
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
  readonly blame?: string;
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
    this.blame = data.blame;
    this.seconds = data.seconds;
  }

  /** One line that says it all, then a table with one line for each tensor. */
  toString(): string {
    return reportText(this);
  }

  /** Plain data with `schema: 'chainrule/gradient-report/1'`; numbers that JSON lacks are the strings NaN and Infinity. */
  toJSON(): Record<string, unknown> {
    return reportJson(this);
  }
}
