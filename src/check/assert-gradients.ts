import { checkGradients } from './check-gradients.ts';
import type { Checkable, CheckOptions } from './check-gradients.ts';
import { GradientError } from './gradient-error.ts';
import type { Report } from './report.ts';

/**
 * `checkGradients` as an assertion for any test runner: returns the report where every gradient is proven, and throws a
 * GradientError (code `gradients`) with the report as its message and as its property `report` where one is not. A check
 * that proves nothing (a dead net, nothing but noise) is no proof and throws, too. Other errors are those of `checkGradients`.
 */
export async function assertGradients(subject: Checkable, options: CheckOptions = {}): Promise<Report> {
  const report = await checkGradients(subject, options);
  if (!report.passed) throw new GradientError('assertGradients', 'every gradient to be proven', report);
  return report;
}
