import type { Calibration } from '../check/calibrate.ts';
import type { CleanSummary } from './clean.ts';
import type { MutationResult } from './result.ts';
import type { WitnessAgreement } from './witness.ts';

/** What planting bugs in the checker itself came to: the answer of src/cli/mutate-checker.mjs. */
export interface CheckerResult {
  /** Cases of the suite that each mutant had to get past. */
  readonly cases: number;
  readonly mutants: readonly { readonly name: string; readonly file: string; readonly caught: boolean; readonly by: string }[];
  readonly seconds: number;
}

/** All that docs/proof.md says, as numbers: docs/proof.json, schema chainrule/proof/1. */
export interface ProofRecord extends Omit<MutationResult, 'schema' | 'results' | 'shard' | 'passed' | 'clean' | 'checker'> {
  readonly schema: 'chainrule/proof/1';
  /** The command that made it, and the day. */
  readonly command: string;
  readonly date: string;
  /** Bugs that change no number, by the reason that was given. */
  readonly equivalents: readonly { readonly reason: string; readonly count: number }[];
  /** Bugs that were not found, reasons that were wrong, jobs that could not be run. */
  readonly open: readonly { readonly outcome: string; readonly id: string; readonly by: string }[];
  readonly clean: CleanSummary;
  /** How many of the bugs with a report would have been found at other limits than κσ, as far as that report tells. */
  readonly sigmas: readonly { readonly kappa: number; readonly found: number; readonly of: number }[];
  readonly checker: CheckerResult;
  readonly witness: WitnessAgreement & { readonly seconds: number };
  readonly calibration: Pick<Calibration, 'adapter' | 'browser' | 'milliseconds' | 'beyondPromise'> & {
    readonly measured: readonly Pick<Calibration['measured'][number], 'name' | 'unit' | 'promised' | 'measured' | 'used' | 'points'>[];
  };
  /** The largest |GPU − reference|/σ of each kernel on its op's samples: the committed file of this adapter and browser. */
  readonly precision: Readonly<Record<string, { readonly worstSigma: number; readonly sample: string }>>;
}
