import type { CleanSummary } from './clean.ts';
import type { CheckerResult } from './proof-record.ts';
import type { JobResult } from './section.ts';

/** How many jobs of a kind came to what. */
export interface Counts {
  readonly total: number;
  readonly killed: number;
  readonly survived: number;
  readonly equivalent: number;
  readonly wrongReason: number;
  readonly invalid: number;
  readonly passed: number;
  readonly falseAlarm: number;
}

/** Right answers among those that could be given. */
export interface Share {
  readonly right: number;
  readonly of: number;
}

/** What one practice noticed in the nets. */
export interface PracticeResult {
  readonly name: string;
  /** Planted bugs that it noticed, and how many there were. */
  readonly noticed: number;
  readonly of: number;
  /** Nets without a bug that it objected to. */
  readonly falseAlarms: number;
  readonly clean: number;
}

/** The result of `npm run mutate --json`: schema chainrule/mutation/1. A number that JSON lacks is null. */
export interface MutationResult {
  readonly schema: 'chainrule/mutation/1';
  /** True where no bug survived, no reason was wrong, no clean problem failed and every job could be run. */
  readonly passed: boolean;
  readonly version: string;
  readonly adapter: string;
  readonly browser: string;
  readonly scope: 'core' | 'all';
  readonly shard: string | null;
  readonly seconds: number;
  /** Results that `--results` had kept from other sources than the present ones; absent where there is none. */
  readonly earlier?: number;
  /** By section, by class (of what must be killed), and by what the bugs belong to. */
  readonly bySection: Readonly<Record<string, Counts>>;
  readonly byClass: Readonly<Record<string, Counts>>;
  readonly byGroup: Readonly<Record<string, Counts>>;
  /** Bugs that a report was written of: did it blame the right kernel, did it explain it rightly. */
  readonly diagnosis: { readonly kernel: Share; readonly explanation: Share };
  readonly practices: readonly PracticeResult[];
  /** Bugs in the backward pass of a net that still reached nearly the accuracy of the net without a bug. */
  readonly trainedAnyway: Share;
  /** What clean problems say about σ and κ; absent where none were asked for. */
  readonly clean?: CleanSummary;
  /** Bugs planted in the checker itself; absent where only a part was asked for. */
  readonly checker?: CheckerResult;
  readonly results: readonly (JobResult & { readonly section: string })[];
}
