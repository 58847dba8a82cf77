import { plainJson } from './plain-json.ts';
import { isProof } from './report-data.ts';
import type { ReportData } from './report-data.ts';

const REPORT_SCHEMA = 'chainrule/gradient-report/2';

/** What `JSON.stringify` writes for a report: all of its data, numbers that JSON lacks as the strings NaN, Infinity and -Infinity. */
export interface ReportJson extends ReportData {
  readonly schema: typeof REPORT_SCHEMA;
  readonly passed: boolean;
}

/** The report for tools. */
export function reportJson(report: ReportData): ReportJson & Readonly<Record<string, unknown>> {
  const {
    verdict, adapter, checked, total, proven, seconds, objective, blame, explanations, investigation, kinks, faults, tensors, values, launches, calibration, frozen,
  } = report;
  const data = {
    passed: isProof(verdict), verdict, adapter, checked, total, proven, seconds, objective, blame, explanations, investigation, kinks, faults, tensors, values, launches, calibration, frozen,
  };
  return { schema: REPORT_SCHEMA, ...plainJson(data) };
}
