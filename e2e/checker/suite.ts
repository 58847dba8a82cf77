// A compact suite for the checker: known-good snapshots must pass, known-bad ones must fail with the right verdict. It runs
// against the checker as it is and against every mutant of it, so it must be quick and must not import a test runner.

import { coverageCases } from './cases-coverage.ts';
import { diagnosisCases } from './cases-diagnosis.ts';
import { doubtCases } from './cases-doubt.ts';
import { groundedCases } from './cases-grounded.ts';
import { opCases } from './cases-op.ts';
import { toleranceCases } from './cases-tolerance.ts';
import { verdictCases } from './cases-verdict.ts';
import { witnessCases } from './cases-witness.ts';

/** One case: it throws where the checker is wrong. */
export interface Case {
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

export const cases: readonly Case[] = [...verdictCases, ...toleranceCases, ...witnessCases, ...coverageCases, ...doubtCases, ...groundedCases, ...diagnosisCases, ...opCases];

/** What came of a run: how many cases passed, the first failure, and the milliseconds of each case by name. */
export interface SuiteResult {
  readonly cases: number;
  readonly failures: readonly string[];
  readonly times: Readonly<Record<string, number>>;
}

/** Runs all cases, the quickest first by an earlier run's `times`; ends at the first failure, because one is enough to catch a mutant. */
export async function runSuite(times: SuiteResult['times'] = {}): Promise<SuiteResult> {
  const found: Record<string, number> = {};
  let count = 0;
  for (const { name, run } of cases.toSorted((a, b) => (times[a.name] ?? 0) - (times[b.name] ?? 0))) {
    const start = performance.now();
    try {
      await run();
      count++;
    } catch (error) {
      return { cases: count, failures: [`${name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`], times: found };
    }
    found[name] = performance.now() - start;
  }
  return { cases: count, failures: [], times: found };
}
