import type { Device } from '../gpu/device.ts';
import type { Symptom } from '../proof/proof.ts';
import type { CleanResult } from './clean.ts';
import type { Traits } from '../ops/request.ts';

/**
 * What planting one bug, or running one clean problem, came to.
 * - `killed`: the checker failed it.
 * - `survived`: the checker let a planted bug pass: a hole.
 * - `equivalent`: it changes no number, for the stated reason, and the checker let it pass.
 * - `wrong-reason`: it was said to be equivalent, and the checker failed it: the reason is wrong, or the checker.
 * - `passed`: a clean problem, as it should be.
 * - `false-alarm`: a clean problem that the checker failed.
 * - `invalid`: it could not be planted: its text stands in no kernel, or does not compile.
 */
export type Outcome = 'killed' | 'survived' | 'equivalent' | 'wrong-reason' | 'passed' | 'false-alarm' | 'invalid';

/** One thing to run. Plain data: a command hands jobs out to pages by their ids. */
export interface Job {
  /** Unique in its section; the same in every run. */
  readonly id: string;
  /** What it belongs to: an op, a net, a kernel. */
  readonly group: string;
  /** `text`, `launch`, `step`: how the bug is planted. What plants none is `clean`: it must not fail, and not hang. */
  readonly class: string;
  readonly name: string;
  /** Whether it belongs to the core set; the rest runs with `--all`. */
  readonly core: boolean;
  /** True where a group before it has the same bug in the same kernel: the core set runs it only where its group is asked for. */
  readonly repeats?: boolean;
  /** True where it is known to change nothing: then a run that takes too long is no bug that was found. */
  readonly harmless?: boolean;
}

/** The answer to one job, as plain data. */
export interface JobResult {
  readonly id: string;
  readonly group: string;
  readonly class: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** Kernels that the bug was planted in. */
  readonly kernels?: readonly string[];
  /** What killed it, or why it is equivalent or invalid. */
  readonly by?: string;
  /** Whether the report blamed the kernel (of a launch: the very launch) that is wrong. Only where there is a report. */
  readonly rightKernel?: boolean;
  /** What the report blamed. */
  readonly blamed?: string;
  /** The first explanations of the report, likeliest first. */
  readonly explanations?: readonly Symptom[];
  /** Explanations that would be right. */
  readonly symptoms?: readonly Symptom[];
  /** Whether one of the first two explanations is right. Only where there is a right one. */
  readonly rightExplanation?: boolean;
  /** For bugs in whole nets: what each usual practice says, true where it notices something. */
  readonly practices?: Readonly<Record<string, boolean>>;
  /** For bugs in whole nets: what the net came to. */
  readonly net?: { readonly firstLoss: number; readonly lastLoss: number; readonly accuracy?: number; readonly backward: boolean };
  /** The largest |GPU − reference|/σ of the report that found it; null where the GPU held NaN. */
  readonly sigmas?: number | null;
  /** Of clean problems: their errors, for `summarizeClean`. */
  readonly clean?: CleanResult;
  readonly ms: number;
}

/** A part of the campaign: a list of jobs, each of which can be run alone, in any page, in any order. */
export interface Section {
  readonly name: string;
  list(traits: Traits): readonly Job[];
  /** Throws where the job itself cannot be run: no GPU, an unknown id. */
  run(device: Device, id: string): Promise<JobResult>;
  /**
   * The same work without the bug: only where this ends in time has a job that does not end been stopped by its bug.
   * What plants no bug needs none.
   */
  control?(device: Device, id: string): Promise<void>;
}
