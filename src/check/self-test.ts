import { ChainruleError, checkOptionNames, DeviceLostError, OptionError, show } from '../errors.ts';
import { Device } from '../gpu/device.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import type { Alter } from '../program/plan.ts';
import { runOp } from '../program/run-op.ts';
import { proofs as allProofs } from '../proof/index.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { VERSION } from '../version.ts';
import { browserName } from './browser-name.ts';
import { isHelper } from './builtin-rows.ts';
import { calibrate } from './calibrate.ts';
import { checkConvention, checkSample } from './check-op.ts';
import type { OpRunner } from './check-op.ts';
import { aborted } from './check-snapshot.ts';
import type { ConventionReport, SampleReport } from './op-report.ts';
import type { Proofs } from './point.ts';
import { investigate } from './replay.ts';
import type { Report } from './report.ts';
import { allProblems, coreProblems, testable } from './self-test-problems.ts';
import type { SelfTestProblem } from './self-test-problems.ts';
import type { SelfTestData, SelfTestFailure, SelfTestOp } from './self-test-data.ts';
import { selfTestJson, selfTestMarkdown, selfTestText } from './self-test-text.ts';

/** How far a self-test has come. */
export interface SelfTestProgress {
  /** Runs that are done, and how many there will be. */
  readonly done: number;
  readonly total: number;
  /** The op of the latest run: a few ops are tested at the same time. */
  readonly op: string;
  /** The op's result, once it has one. */
  readonly result?: SelfTestOp;
}

export interface SelfTestOptions {
  /** Every sample of every op with every kernel variant, instead of a few small samples of each. Default false. */
  readonly all?: boolean;
  /** The names of the ops to test. Default: all. */
  readonly ops?: readonly string[];
  readonly onProgress?: (progress: SelfTestProgress) => void;
  /** Ends the test with an error whose code is `aborted`. */
  readonly signal?: AbortSignal;
  /** Changes every plan before it is compiled, to plant a bug and see it found. Default: none. */
  readonly alter?: Alter;
}

/** The outcome of a self-test. `String(test)` is for people, `toMarkdown()` for an issue, `JSON.stringify(test)` for tools. */
export class SelfTest implements SelfTestData {
  readonly schema: SelfTestData['schema'];
  readonly passed: boolean;
  readonly extent: SelfTestData['extent'];
  readonly adapter: SelfTestData['adapter'];
  readonly browser: string;
  readonly userAgent: string;
  readonly date: string;
  readonly version: string;
  readonly kernels: SelfTestData['kernels'];
  readonly ops: readonly SelfTestOp[];
  readonly calibration: SelfTestData['calibration'];
  readonly seconds: SelfTestData['seconds'];

  constructor(data: SelfTestData) {
    this.schema = data.schema;
    this.passed = data.passed;
    this.extent = data.extent;
    this.adapter = data.adapter;
    this.browser = data.browser;
    this.userAgent = data.userAgent;
    this.date = data.date;
    this.version = data.version;
    this.kernels = data.kernels;
    this.ops = data.ops;
    this.calibration = data.calibration;
    this.seconds = data.seconds;
  }

  /** One line that says it all, a table of the ops, and what failed. */
  toString(): string {
    return selfTestText(this);
  }

  /** For an issue: facts, the table of ops, failures with their reports, the calibration. */
  toMarkdown(): string {
    return selfTestMarkdown(this);
  }

  /** Plain data (see SelfTestData); numbers that JSON lacks are the strings NaN and Infinity. */
  toJSON(): Record<string, unknown> {
    return selfTestJson(this);
  }
}

/**
 * Tests this device: measures how exact its arithmetic is, then proves every op of the library forward and backward on
 * small samples against the float64 reference, with tolerances from that measurement. Some seconds on a software adapter,
 * most of them for compiling; with `all` several minutes (7 on two cores).
 *
 * An op whose kernels do not compile or run counts as failed, and the test goes on. Throws OptionError for bad options,
 * DeviceLostError, and an error with code `aborted` after `signal`.
 */
export async function selfTest(device: Device, options: SelfTestOptions = {}): Promise<SelfTest> {
  const who = 'selfTest';
  if (!(device instanceof Device)) throw new OptionError(who, 'a device from await openDevice()', show(device));
  checkOptionNames(who, options, ['all', 'ops', 'onProgress', 'signal', 'alter']);
  const { all = false, signal } = options;
  if (typeof all !== 'boolean') throw new OptionError(who, 'all to be true or false', show(all));
  const proofs = chosen(who, options.ops);
  const date = new Date().toISOString();
  const started = performance.now();
  if (signal?.aborted) throw aborted(who);
  await device.probed;
  const calibration = await calibrate(device);
  const calibrated = performance.now();
  const { ops, codes } = await testOps(device, proofs, options, calibration.builtins);
  return new SelfTest({
    schema: 'chainrule/self-test/1', passed: ops.length > 0 && ops.every(({ passed }) => passed) && !calibration.beyondPromise.some(isHelper), extent: all ? 'all' : 'core',
    adapter: device.facts, browser: browserName(), userAgent: (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent ?? '',
    date, version: VERSION, kernels: { count: codes.size, hash: await hashOf(codes) }, ops,
    calibration: { rows: calibration.measured, beyondPromise: calibration.beyondPromise },
    seconds: { calibration: (calibrated - started) / 1000, total: (performance.now() - started) / 1000 },
  });
}

/** Ops that are tested at the same time: while one is judged, kernels of the next ones are compiled. */
const AT_ONCE = 3;

/** The proofs of the ops that are asked for, in the order in which the ops are known. */
function chosen(who: string, asked: unknown): Proofs {
  const proofs = testable(allProofs);
  if (asked === undefined) return proofs;
  const rule = 'ops to be a list of names of ops, one at least';
  if (!Array.isArray(asked) || asked.length === 0) throw new OptionError(who, rule, show(asked));
  for (const name of asked) if (typeof name !== 'string' || !Object.hasOwn(proofs, name)) throw new OptionError(who, rule, show(name));
  return Object.fromEntries(Object.entries(proofs).filter(([op]) => asked.includes(op)));
}

/** These ops, in their order, with the texts of all kernels that ran. */
async function testOps(device: Device, proofs: Proofs, { all, onProgress, signal, alter }: SelfTestOptions, builtins: BuiltinErrors): Promise<{ ops: SelfTestOp[]; codes: Set<string> }> {
  const problems = (all ? allProblems : coreProblems)(proofs, device.traits);
  const codes = new Set<string>();
  const total = problems.reduce((sum, { cotangents }) => sum + cotangents.length, 0);
  let done = 0;
  const runOf = async (op: string): Promise<SelfTestOp> => {
    const kernels = new Map<string, Kernel>();
    const result = await testOp({
      op, problems: problems.filter((problem) => problem.op === op), proofs, builtins, kernels: () => [...kernels.values()],
      runner: (variants) => (...call) => runOp(device, ...call, {
        target: { variants },
        alter: (planned) => {
          const plan = alter ? alter(planned) : planned;
          for (const { kernel } of plan.launches) kernels.set(kernel.code, kernel);
          return plan;
        },
      }),
      // Bugs are planted in what is run again, too.
      explain: (report) => investigate(device, report, { builtins, ...(alter ? { alter } : {}) }),
      onRun: () => {
        if (signal?.aborted) throw aborted('selfTest');
        done += 1;
        onProgress?.({ done, total, op });
      },
    });
    for (const code of kernels.keys()) codes.add(code);
    return result;
  };
  const ops: SelfTestOp[] = [];
  const waiting = Object.keys(proofs);
  const running: { op: string; result: Promise<SelfTestOp> }[] = [];
  try {
    while (waiting.length + running.length > 0) {
      while (running.length < AT_ONCE && waiting.length > 0) {
        const op = waiting.shift()!;
        const result = runOf(op);
        // It may fail while an op before it is still awaited, and is not unhandled for that.
        result.catch(() => {});
        running.push({ op, result });
      }
      const { op, result } = running[0]!;
      ops.push(await result);
      running.shift();
      onProgress?.({ done, total, op, result: ops.at(-1)! });
      if (signal?.aborted) throw aborted('selfTest');
    }
  } finally {
    // After an abort or a lost device nothing may run on behind the caller's back.
    await Promise.allSettled(running.map(({ result }) => result));
  }
  return { ops, codes };
}

interface OpTest {
  readonly op: string;
  readonly problems: readonly SelfTestProblem[];
  readonly proofs: Proofs;
  readonly builtins: BuiltinErrors;
  readonly kernels: () => readonly Kernel[];
  readonly runner: (variants: SelfTestProblem['variants']) => OpRunner;
  /** Looks for the smallest problem that fails likewise. */
  readonly explain: (report: Report) => Promise<Report>;
  readonly onRun: () => void;
}

async function testOp({ op, problems, proofs, builtins, kernels, runner, explain, onRun }: OpTest): Promise<SelfTestOp> {
  const started = performance.now();
  const samples: SampleReport[] = [];
  const conventions: ConventionReport[] = [];
  let failure: SelfTestFailure | undefined;
  let error: string | undefined;
  try {
    for (const { sample, variants, cotangents } of problems) {
      for (const found of await checkSample(runner(variants), op, sample, { proofs, builtins, cotangents })) {
        samples.push(found);
        if (!found.passed) failure ??= failureOf({ ...found, report: await explain(found.report) }, variants);
        onRun();
      }
    }
    for (const convention of proofs[op]!.conventions) conventions.push(await checkConvention(runner({}), op, convention));
  } catch (thrown) {
    // A kernel that this driver does not take is a finding about the op; a lost device or an abort ends the whole test.
    if (thrown instanceof DeviceLostError || (thrown instanceof ChainruleError && thrown.code === 'aborted')) throw thrown;
    error = thrown instanceof Error ? thrown.message : String(thrown);
  }
  const failed = samples.filter(({ passed }) => !passed).length;
  const reports = samples.map(({ report }) => report);
  const judged = reports.flatMap(({ tensors, values }) => [...tensors, ...values]);
  return {
    op, passed: error === undefined && samples.length > 0 && failed === 0 && conventions.every(({ passed }) => passed),
    verdict: error !== undefined ? 'error' : verdictOf(samples, conventions),
    runs: samples.length, failed,
    elements: judged.reduce((sum, { count }) => sum + count, 0),
    worstSigma: Math.max(0, ...judged.map(({ worstSigma }) => worstSigma)),
    margin: Math.max(0, ...judged.map(({ worst }) => worst?.margin ?? 0)),
    kernels: [...new Set(kernels().map(({ name }) => name))].sort(),
    conventions, seconds: (performance.now() - started) / 1000,
    ...(failure ? { failure } : {}), ...(error !== undefined ? { error } : {}),
  };
}

/** The first failing run's verdict; else `kink` where a branch was uncertain somewhere. */
function verdictOf(samples: readonly SampleReport[], conventions: readonly ConventionReport[]): SelfTestOp['verdict'] {
  const wrong = samples.find(({ passed }) => !passed);
  if (wrong) return wrong.report.passed ? 'nothing-to-check' : wrong.report.verdict;
  if (conventions.some(({ passed }) => !passed)) return 'fail';
  if (samples.length === 0) return 'nothing-to-check';
  return samples.some(({ report }) => report.verdict === 'kink') ? 'kink' : 'pass';
}

function failureOf({ sample, cotangent, report }: SampleReport, variants: SelfTestProblem['variants']): SelfTestFailure {
  const problem = report.investigation?.problem;
  return { sample, cotangent, variants, text: String(report), report: report.toJSON(), ...(problem ? { problem } : {}) };
}

async function hashOf(codes: ReadonlySet<string>): Promise<string> {
  const bytes = new TextEncoder().encode([...codes].sort().join('\0'));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
