/** The proof API: a chunk of its own, so that a page that only trains does not load it. */
export { checkGradients } from './check/check-gradients.ts';
export type { Checkable, CheckBatch, CheckOptions } from './check/check-gradients.ts';
export { assertGradients } from './check/assert-gradients.ts';
export { DriftReport, gradientDrift } from './check/drift.ts';
export type { DriftOptions, TensorDrift } from './check/drift.ts';
export { GradientError } from './check/gradient-error.ts';
export { traceObjective } from './check/trace-objective.ts';
export type { Objective, ObjectiveInput, ObjectiveOptions } from './check/trace-objective.ts';
export { verifyEvery } from './check/verify-every.ts';
export type { VerifyOptions } from './check/verify-every.ts';
export { checkOp } from './check/check-own-op.ts';
export type { OpCheckOptions } from './check/check-own-op.ts';
export { checkOpWith, checkSample } from './check/check-op.ts';
export type { OpRunner, OpRunOptions } from './check/check-op.ts';
export { OpReport } from './check/op-report.ts';
export type { ConventionReport, MutantReport, OpReportData, SampleReport } from './check/op-report.ts';
export { checkSnapshot } from './check/check-snapshot.ts';
export type { Phase, Progress, SnapshotCheckOptions } from './check/check-snapshot.ts';
export type { Coverage, CoverageMethod, CoverageWish, DirectionsReport } from './check/coverage.ts';
export { Report } from './check/report.ts';
export type {
  Blame, CalibrationNote, Explanation, Investigation, KinkReport, LaunchOutputReport, LaunchReport, ObjectiveReport, ReportData,
} from './check/report-data.ts';
export type { ReportJson } from './check/report-json.ts';
export { investigate, replay } from './check/replay.ts';
export type { ReplayOptions } from './check/replay.ts';
export { parseProblem, problemLine } from './check/problem.ts';
export type { Problem } from './check/problem.ts';
export type { ElementReport, TensorReport, Verdict } from './check/verdict.ts';
export { selfTest, SelfTest } from './check/self-test.ts';
export type { SelfTestOptions, SelfTestProgress } from './check/self-test.ts';
export type { SelfTestData, SelfTestFailure, SelfTestOp } from './check/self-test-data.ts';
export { calibrate } from './check/calibrate.ts';
export type { BuiltinMeasurement, Calibration } from './check/calibrate.ts';
export { browserName } from './check/browser-name.ts';
export { plantable, plantText } from './mutation/plant.ts';
export type { PlantableMutant } from './mutation/plant.ts';
export { POISON_BITS } from './program/poison.ts';
export { proofs } from './proof/index.ts';
export type {
  Convention, GpuPlace, Inputs, Mutant, Options, Place, Proof, Sample, SampleTensor, Site, Sizes, Symptom,
} from './proof/proof.ts';

// What proofs of one's own are written with: float64 tensors with a variance for each number …
export { exact, reshaped, zeros } from './reference/tensor.ts';
export type { RefTensor } from './reference/tensor.ts';
export { added, multiplied, negated, scaled } from './reference/arithmetic.ts';
export { broadcastMap, expanded, reduction, summed } from './reference/axes.ts';
export type { Reduction } from './reference/axes.ts';
export { positive, twoArmed, twoArmedBackward } from './reference/branched.ts';
export { mapped, mappedBackward } from './reference/curve.ts';
export type { Curve } from './reference/curve.ts';
export { matrix, product } from './reference/product.ts';
// … the rules for the variances …
export { DEFAULT_ROUNDING, divisionError, expError, FLUSH, logError, meanError, ROUNDING, ulpError, UNIT_ROUNDOFF } from './reference/rounding.ts';
export type { BuiltinErrors, Rounding } from './reference/rounding.ts';
// … complex numbers for the complex step, sparse changes for fast differences …
export {
  complexAdd, complexDiv, complexExp, complexExpanded, complexLog, complexLog1p, complexMapped, complexMul, complexNormalIntegral, complexOf, complexPaired,
  complexProduct, complexReshaped, complexScale, complexSigmoid, complexSoftplus, complexSqrt, complexSub, complexSummed, complexTanh, complexZeros,
} from './reference/complex.ts';
export type { Complex, ComplexTensor } from './reference/complex.ts';
export { addDelta, deltaAt, emptyChange } from './proof/change.ts';
export type { Change } from './proof/change.ts';
// … and samples and mutants.
export { classIndices, filled, movingPeak, normals, probabilities, uniforms } from './proof/sample-data.ts';
export { withoutLastLane } from './proof/mutants.ts';
