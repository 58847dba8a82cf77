/** The proof API: a chunk of its own, so that a page that only trains does not load it. */
export { checkGradients } from './check/check-gradients.ts';
export type { Checkable, CheckBatch, CheckOptions } from './check/check-gradients.ts';
export { checkOp, checkSample } from './check/check-op.ts';
export type { ConventionReport, OpCheckOptions, OpReport, OpRunner, SampleReport } from './check/check-op.ts';
export { checkSnapshot } from './check/check-snapshot.ts';
export type { Progress, SnapshotCheckOptions } from './check/check-snapshot.ts';
export { Report } from './check/report.ts';
export type { ObjectiveReport, ReportData } from './check/report-data.ts';
export type { ElementReport, TensorReport, Verdict } from './check/verdict.ts';
export { POISON_BITS } from './program/poison.ts';
export { proofs } from './proof/index.ts';
export type { Convention, Mutant, Proof, Sample, SampleTensor } from './proof/proof.ts';
export type { BuiltinErrors } from './reference/rounding.ts';
