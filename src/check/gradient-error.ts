import { ChainruleError } from '../errors.ts';
import type { Report } from './report.ts';

/** Gradients that are not proven, as an error whose message is the report: for assertions and for training that is watched. */
export class GradientError extends ChainruleError {
  override readonly name: string = 'GradientError';
  /** The whole report. */
  readonly report: Report;

  constructor(who: string, rule: string, report: Report, advice = '') {
    super('gradients', who, rule, String(report), advice);
    // A report has many lines: it stands by itself.
    this.message = `${who}: needs ${rule}, got:\n\n${report}${advice ? `\n\n${advice}` : ''}`;
    this.report = report;
  }
}
