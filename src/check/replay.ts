import { checkOptionNames, OptionError, show } from '../errors.ts';
import { Device } from '../gpu/device.ts';
import type { Alter } from '../program/plan.ts';
import { runOp } from '../program/run-op.ts';
import { proofs as allProofs } from '../proof/index.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { calibrate } from './calibrate.ts';
import { checkSample } from './check-op.ts';
import { OpReport } from './op-report.ts';
import type { SampleReport } from './op-report.ts';
import type { Proofs } from './point.ts';
import { howToReplay, parseProblem, problemLine, sampleOf } from './problem.ts';
import type { Problem } from './problem.ts';
import { Report } from './report.ts';
import type { Investigation } from './report-data.ts';
import { shrink } from './shrink.ts';

export interface ReplayOptions {
  /** Changes the plan before it is compiled: plants the bug that is to be seen again. */
  readonly alter?: Alter;
  /** Largest errors of the builtins on this adapter. Default: measured on the device. */
  readonly builtins?: BuiltinErrors;
  /** Proofs by op name. Default: those of every op of the library. */
  readonly proofs?: Proofs;
}

/**
 * Runs the problem that a line names once more on this device, and proves it or says what is wrong:
 * `replay(device, 'matmul m=3 k=17 n=5 seed=7 variants=matmul:tiled')`. An op of your own needs its proof
 * in `proofs`: `{ proofs: { ...proofs, cube } }`. Throws an OptionError for a line that names no problem.
 */
export async function replay(device: Device, line: string, options: ReplayOptions = {}): Promise<OpReport> {
  const who = 'replay';
  if (!(device instanceof Device)) throw new OptionError(who, 'a device from await openDevice()', show(device));
  checkOptionNames(who, options, ['alter', 'builtins', 'proofs']);
  const problem = parseProblem(line, options.proofs);
  const builtins = options.builtins ?? (await calibrate(device)).builtins;
  return new OpReport({ op: problem.op, samples: await runProblem(device, problem, { ...options, builtins }), conventions: [], mutants: [] });
}

/** A problem under its cotangents. */
async function runProblem(device: Device, problem: Problem, { alter, builtins, proofs = allProofs }: ReplayOptions): Promise<SampleReport[]> {
  const { op, variants, adapterClass, fusion, cotangent } = problem;
  const reports = await checkSample(
    (...call) => runOp(device, ...call, { target: { variants, fusion, ...(adapterClass ? { adapterClass } : {}) }, ...(alter ? { alter } : {}) }),
    op, sampleOf(problem, proofs), { proofs, ...(builtins ? { builtins } : {}), ...(cotangent ? { cotangents: [cotangent] } : {}) },
  );
  return Object.keys(variants).length > 0 ? reports.map((report) => ({ ...report, variants })) : reports;
}

/** Whether a run says that the GPU is wrong. */
function fails({ report: { verdict } }: SampleReport): boolean {
  return verdict === 'fail' || verdict === 'unwritten';
}

/**
 * Runs the blamed op of a failed report alone, on seeded numbers of the same shapes and with the same kernel variant; where
 * that fails, too, looks for the smallest sizes that still do. Returns the report with what it found: its text then holds
 * the line that replays it. A report without a failure comes back as it is.
 */
export async function investigate(device: Device, report: Report, options: ReplayOptions = {}): Promise<Report> {
  const who = 'investigate';
  if (!(device instanceof Device)) throw new OptionError(who, 'a device from await openDevice()', show(device));
  checkOptionNames(who, options, ['alter', 'builtins', 'proofs']);
  if (!report.blame) return report;
  return new Report({ ...report, investigation: await findSmallest(device, report.blame.problems, options) });
}

async function findSmallest(device: Device, lines: readonly string[], options: ReplayOptions): Promise<Investigation> {
  const proofs = options.proofs ?? allProofs;
  const known = { ...options, builtins: options.builtins ?? (await calibrate(device)).builtins };
  for (const line of lines) {
    const problem = parseProblem(line, proofs);
    const reports = await runProblem(device, problem, known);
    const failing = reports.find(fails);
    if (!failing) continue;
    // One cotangent that fails is enough.
    const only: Problem = { ...problem, cotangent: failing.cotangent };
    const smallest = await shrink(only, proofs[problem.op].sizes!.ranges, async (candidate) => (await runProblem(device, candidate, known)).some(fails));
    const found = problemLine(smallest);
    return { alone: true, problem: found, text: `fails alone, too; the smallest failing problem is ${found}\nreplay it: ${howToReplay(found)}` };
  }
  const tried = lines.length > 0 ? ` (${lines.join('; ')})` : '';
  return { alone: false, text: lines.length > 0 ? `does not fail alone on seeded numbers of the same shapes${tried}` : 'its op cannot be run alone: its proof has no samples of these sizes' };
}
