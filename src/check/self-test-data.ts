import type { AdapterFacts } from '../gpu/adapter.ts';
import type { BuiltinMeasurement } from './calibrate.ts';
import type { ConventionReport } from './op-report.ts';
import type { Verdict } from './verdict.ts';

/** The first run of an op that failed, and all that its report says. */
export interface SelfTestFailure {
  readonly sample: string;
  readonly cotangent: 'ones' | 'random';
  /** The kernel variants that were forced, by family; empty where the op chose. */
  readonly variants: Readonly<Record<string, string>>;
  /** The report as text: what is wrong first, who made it, what it looks like. */
  readonly text: string;
  /** The report as plain data: `chainrule/gradient-report/2`. */
  readonly report: Readonly<Record<string, unknown>>;
  /** The smallest problem that fails likewise, as `npm run check -- '<problem>'` and `replay` take it; absent where the op does not fail alone. */
  readonly problem?: string;
}

/** What the self-test found about one op. */
export interface SelfTestOp {
  readonly op: string;
  /** True where there was a run, and every run and every convention held. */
  readonly passed: boolean;
  /** The worst verdict of its runs; `error` where one did not come to its end. */
  readonly verdict: Verdict | 'error';
  /** Runs forward and backward, and how many of them failed. */
  readonly runs: number;
  readonly failed: number;
  /** Elements of outputs and gradients that were compared. */
  readonly elements: number;
  /** The largest |gpu − reference|/σ of all of them; Infinity where the GPU gave NaN. */
  readonly worstSigma: number;
  /** The largest |gpu − reference|/tolerance: above 1 is a failure. */
  readonly margin: number;
  /** Names of the kernels that ran, with their variants. */
  readonly kernels: readonly string[];
  /** PyTorch's conventions at special points, which no difference can see. */
  readonly conventions: readonly ConventionReport[];
  /** From its first run to its last; a few ops are tested at the same time, so all of them add up to more than the total. */
  readonly seconds: number;
  readonly failure?: SelfTestFailure;
  /** What stopped it, where it did not come to its end. */
  readonly error?: string;
}

/** A self-test as plain data. Fields may be added within version 1; none changes its meaning. */
export interface SelfTestData {
  readonly schema: 'chainrule/self-test/1';
  /** True where every op passed, and no function of the library's own errs more than its formula does. */
  readonly passed: boolean;
  /** `core`: a few small samples of every op. `all`: every sample with every kernel variant. */
  readonly extent: 'core' | 'all';
  readonly adapter: AdapterFacts;
  /** The engine and its major version: `chromium 156`. */
  readonly browser: string;
  /** What the browser says of itself; empty outside browsers. */
  readonly userAgent: string;
  /** When it began, in UTC: `2026-01-31T12:00:00.000Z`. */
  readonly date: string;
  /** Of the library. */
  readonly version: string;
  /** All kernels of the ops that ran: how many texts, and the SHA-256 over them, sorted. Equal hashes: the same WGSL ran. */
  readonly kernels: { readonly count: number; readonly hash: string };
  readonly ops: readonly SelfTestOp[];
  /** How far this adapter's functions err, and what tolerances count with. */
  readonly calibration: {
    readonly rows: readonly BuiltinMeasurement[];
    /** Functions that err more than is promised: builtins more than WGSL does, the library's own tanh, sigmoid and erf more than their formulas. */
    readonly beyondPromise: readonly string[];
  };
  readonly seconds: { readonly calibration: number; readonly total: number };
}
