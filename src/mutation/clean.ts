import { calibrate } from '../check/calibrate.ts';
import { checkSnapshot } from '../check/check-snapshot.ts';
import { referenceOf, referencesAt } from '../check/references.ts';
import { isProof } from '../check/report-data.ts';
import { KAPPA } from '../check/verdict.ts';
import type { Verdict } from '../check/verdict.ts';
import type { AdapterClass } from '../gpu/adapter.ts';
import type { Device } from '../gpu/device.ts';
import type { Meaning } from '../program/graph.ts';
import { runGraph } from '../program/run-graph.ts';
import { proofs } from '../proof/index.ts';
import { DEFAULT_ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { distributionOf, errorsInSigmas } from './distribution.ts';
import type { Distribution } from './distribution.ts';
import { randomProblem } from './random-graph.ts';

export interface CleanOptions {
  /** Number of problems. Default 200. */
  readonly count?: number;
  /** The first problem's seed; the others follow. Default 1. */
  readonly seed?: number;
  /** Largest errors of the builtins. Default: as measured on this adapter. */
  readonly builtins?: BuiltinErrors;
  readonly signal?: AbortSignal;
}

/** What the check said about one problem without a bug. Plain data. */
export interface CleanResult {
  readonly seed: number;
  readonly adapterClass: AdapterClass;
  readonly fusion: boolean;
  /** The distinct ops of the problem. */
  readonly ops: readonly string[];
  readonly kernels: readonly string[];
  readonly verdict: Verdict;
  /** Whether the check called correct code wrong, or its own reference suspect. */
  readonly alarm: boolean;
  /** Elements of gradients that were proven. */
  readonly proven: number;
  /** |GPU − reference|/σ of every element of every gradient, end to end. */
  readonly gradients: readonly number[];
  /** The largest of each tensor that a launch wrote. */
  readonly outputs: readonly number[];
  /** The report's text, where there was an alarm. */
  readonly text?: string;
}

/** All problems together. Plain data for JSON. */
export interface CleanSummary {
  readonly problems: number;
  /** Problems with a proof: the others had nothing to prove (dead units, gradients below rounding noise). */
  readonly proven: number;
  readonly elements: number;
  readonly falseAlarms: readonly { readonly seed: number; readonly adapterClass: AdapterClass; readonly fusion: boolean; readonly verdict: Verdict; readonly text: string }[];
  /** Problems by the class of kernels that they ran. */
  readonly byClass: Readonly<Record<string, number>>;
  readonly ops: readonly string[];
  readonly kernels: readonly string[];
  /** |GPU − reference|/σ of gradients, by element, end to end. */
  readonly gradients: Distribution;
  /** The largest of each tensor that a launch wrote. */
  readonly outputs: Distribution;
  /** How many problems would raise a false alarm at other limits than κσ. */
  readonly alarmsAt: readonly { readonly kappa: number; readonly problems: number }[];
  readonly kappa: number;
  readonly seconds: number;
}

/** Limits for which false alarms are counted. */
const KAPPAS = [0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 16, 100, 1000];

/** Kernels that large problems get on their own: what small ones are made to run besides those of their size. */
const VARIANTS: readonly Readonly<Record<string, string>>[] = [{ matmul: 'register', reduce: 'workgroup' }, { matmul: 'tiled', reduce: 'workgroup' }];

/**
 * Runs random graphs and nets without a bug, and checks each as a user's net is checked. Half of them run without
 * fusion; every fourth runs as on the other class of adapters, with the kernels for large problems. Yields one result
 * for each.
 */
export async function* cleanProblems(device: Device, options: CleanOptions = {}): AsyncGenerator<CleanResult, void> {
  const { count = 200, seed: first = 1, signal } = options;
  for (let seed = first; seed < first + count; seed++) {
    signal?.throwIfAborted();
    yield cleanProblem(device, seed, options);
  }
}

/** The problem of one seed. */
export async function cleanProblem(device: Device, seed: number, options: Pick<CleanOptions, 'builtins'> = {}): Promise<CleanResult> {
  const builtins = options.builtins ?? (await calibrate(device)).builtins;
  const other = device.adapterClass === 'gpu' ? 'cpu' : 'gpu';
  const forced = seed % 4 === 0;
  const adapterClass = forced ? other : device.adapterClass;
  const variants = forced ? VARIANTS[seed / 4 % VARIANTS.length] : {};
  // Runs of eight, so that nets (multiples of 3) and forced kernels come both ways.
  const fusion = seed % 16 < 8;
  const snapshot = await runGraph(device, { name: `clean ${seed}`, ...randomProblem(seed), target: { adapterClass, variants, fusion } });
  const report = checkSnapshot(snapshot, { builtins });
  const references = referencesAt(snapshot, { ...DEFAULT_ROUNDING, builtins }, proofs);
  const errors = (meaning: Meaning, gpu: Float32Array): Float64Array => {
    const { value, variance } = referenceOf(meaning, references);
    return errorsInSigmas(gpu, value, variance);
  };
  const gradients = Object.entries(snapshot.gradients).flatMap(([id, gpu]) => [...errors({ kind: 'gradient', tensor: Number(id) }, gpu)]);
  const outputs = snapshot.launches.flatMap((launch) => launch.outputs)
    .flatMap(({ meaning, data }) => (meaning ? [errors(meaning, data).reduce((max, at) => Math.max(max, at), 0)] : []));
  // A problem may well have nothing to prove; only a wrong accusation is an alarm.
  const alarm = report.verdict === 'fail' || report.verdict === 'unwritten' || report.verdict === 'reference-suspect';
  return {
    seed, adapterClass, fusion,
    ops: [...new Set(snapshot.graph.nodes.map(({ op }) => op))],
    kernels: [...new Set(snapshot.launches.map(({ kernel }) => kernel))],
    verdict: report.verdict, alarm, proven: isProof(report.verdict) ? report.proven : 0,
    gradients,
    outputs,
    ...(alarm ? { text: String(report) } : {}),
  };
}

/** Counts false alarms and joins the distributions. */
export function summarizeClean(results: readonly CleanResult[], seconds: number): CleanSummary {
  const byClass: Record<string, number> = {};
  for (const { adapterClass } of results) byClass[adapterClass] = (byClass[adapterClass] ?? 0) + 1;
  const largest = results.map(({ gradients, outputs }) => [...gradients, ...outputs].reduce((max, at) => Math.max(max, at), 0));
  return {
    problems: results.length,
    proven: results.filter(({ verdict }) => isProof(verdict)).length,
    elements: results.reduce((sum, { proven }) => sum + proven, 0),
    falseAlarms: results.filter(({ alarm }) => alarm).map(({ seed, adapterClass, fusion, verdict, text = '' }) => ({ seed, adapterClass, fusion, verdict, text })),
    byClass,
    ops: [...new Set(results.flatMap(({ ops }) => ops))].sort(),
    kernels: [...new Set(results.flatMap(({ kernels }) => kernels))].sort(),
    gradients: distributionOf(results.flatMap(({ gradients }) => gradients)),
    outputs: distributionOf(results.flatMap(({ outputs }) => outputs)),
    alarmsAt: KAPPAS.map((kappa) => ({ kappa, problems: largest.filter((at) => at > kappa).length })),
    kappa: KAPPA,
    seconds,
  };
}
