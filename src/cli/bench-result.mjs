// The types of a benchmark's result: what --json prints.

/** @typedef {{ dispatches: number, submits: number, bindGroups: number, buffers: number, pipelines: number, bytes: number, readbacks: number, uploads: number }} Counts */

/**
 * One contestant in one case.
 * @typedef {{
 *   peer: string, mode: string | null, ms: { min: number, median: number, rounds: number } | null, times: number, setupMs: number,
 *   gflops: number | null, gbps: number | null, fraction: number | null, counts: Counts | null, peakBytes: number | null,
 *   losses: readonly number[] | null, problem: string | null, notPossible: string | null,
 * }} ContestantResult
 * `ms` of one run; `counts` per run; `fraction` of the adapter's ceiling for what bounds the case; `problem`: why its gate or its run
 * failed; `notPossible`: why the library can't do it.
 */

/** @typedef {{ name: string, kind: string, flops: number | null, bytes: number | null, contestants: ContestantResult[] }} CaseResult */

/** @typedef {{ peer: string, cold: { min: number, median: number, rounds: number }, warm: { min: number, median: number, rounds: number } }} StartupResult Milliseconds from the import to the end of the first step. */

/** @typedef {{ peer: string, bytes: number, gzip: number, note: string | null }} SizeResult */

/** @typedef {{ name: string, note: { below: string, above: string }, points: { label: string, flops: number, ms: number }[] }} SweepResult */

/** @typedef {{ name: string, ms: number, withoutMs: number }} RobustnessResult Milliseconds of a product in the usual browser, and in one with robustness switched off. */

/** @typedef {{ what: string, against: string, required: string, got: string, met: boolean }} Requirement */

/**
 * @typedef {{
 *   schema: 'chainrule/bench/1', passed: boolean, problems: string[], complete: boolean, where: 'chrome' | 'node', date: string, seconds: number,
 *   runtime: string | null, flags: string[],
 *   adapter: { name: string, vendor: string, architecture: string, device: string, description: string, class: string } | null,
 *   versions: Record<string, string>, ceilings: { gflops: number, gbps: number, multiplyAdd: string, copy: string } | null,
 *   cases: CaseResult[], startup: StartupResult[], sizes: SizeResult[], sweeps: SweepResult[], robustness: RobustnessResult[], requirements: Requirement[],
 * }} BenchResult
 * `complete`: every case of the adapter's class ran, with every contestant.
 */

export const schema = 'chainrule/bench/1';
