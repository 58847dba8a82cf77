import type { Case } from '../cases/case.ts';
import type { Contestant, Evidence, Peer, Running } from '../contestants/contestant.ts';
import { NotPossible } from '../contestants/contestant.ts';
import { accountOf, liveBytes, type Account, type Counts } from './counters.ts';
import { gateProblem } from './gate.ts';
import { expectedOf } from './references.ts';

export interface MeasureOptions {
  /** Rounds at most; a contestant leaves earlier when its time is up. */
  readonly rounds: number;
  /** Milliseconds that one sample shall take, where a single run does not take longer. */
  readonly sample: number;
  /** Milliseconds for one contestant, everything included. After the third round nobody begins another beyond it. */
  readonly budget: number;
}

export interface Measured {
  readonly peer: Peer;
  readonly mode: string | null;
  /** Milliseconds of one run, a number for each round; empty where it did not run, or not right. */
  readonly samples: readonly number[];
  /** Runs in one sample. */
  readonly times: number;
  readonly setupMs: number;
  /** Per run, in steady state. */
  readonly counts: Counts | null;
  /** The most bytes of buffers at once in steady state, without the inputs of a training's batches: all hold the same. */
  readonly peakBytes: number | null;
  /** The losses of the first steps, of a training. */
  readonly losses: readonly number[] | null;
  /** What its gate found, or why it failed. */
  readonly problem: string | null;
  /** Why the library can't do this. */
  readonly notPossible: string | null;
}

const LEAST_ROUNDS = 3;
const WARM_UPS = 3;
/** After a run as long as this, in milliseconds, nothing is left to warm up. */
const LONG_RUN = 2_000;

/** A contestant under way. */
interface Entry {
  readonly peer: Peer;
  readonly samples: number[];
  running?: Running;
  account?: Account;
  evidence?: Evidence;
  setupMs: number;
  spent: number;
  times: number;
  /** Bytes on its device that are not its own: what another mode of the same library holds, and the data. */
  foreign: number;
  counts?: Counts;
  peakBytes?: number;
  problem?: string;
  notPossible?: string;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0];

/** Runs so often and waits until the GPU is done; milliseconds in all. */
async function timed({ running }: Entry, times: number): Promise<number> {
  const { run, flush, device } = running!;
  const start = performance.now();
  await run(times);
  await flush();
  await device.queue.onSubmittedWorkDone();
  return performance.now() - start;
}

/** Starts a contestant, lets it show its results, and makes it run until nothing is new to it. */
async function prepare(contestant: Contestant, work: Case, { sample, budget }: MeasureOptions): Promise<Entry> {
  const entry: Entry = { peer: contestant.peer, samples: [], setupMs: 0, spent: 0, times: 1, foreign: 0 };
  const start = performance.now();
  const before = liveBytes();
  try {
    entry.running = await contestant.start(work);
    entry.account = accountOf(entry.running.device);
    entry.foreign = (before.get(entry.running.device) ?? 0) + (work.kind === 'training' ? work.data().inputs.byteLength : 0);
    entry.evidence = await entry.running.prove();
    entry.setupMs = performance.now() - start;
    const { granularity } = entry.running;
    let fastest = Infinity;
    for (let i = 0; i < WARM_UPS; i++) {
      // Its first runs, for the proof, were as long: nothing is left to warm up.
      if (entry.setupMs > budget) break;
      entry.account.markPeak();
      const ms = await timed(entry, granularity);
      fastest = Math.min(fastest, ms);
      // Before others of the same library begin.
      entry.peakBytes = entry.account.peak - entry.foreign;
      if (ms > LONG_RUN) break;
    }
    entry.times = granularity * (fastest === Infinity ? 1 : Math.max(1, Math.round(sample / fastest)));
  } catch (error) {
    if (error instanceof NotPossible) entry.notPossible = error.message;
    else entry.problem = messageOf(error);
  }
  entry.spent = performance.now() - start;
  return entry;
}

function perRun(before: Counts, after: Counts, runs: number): Counts {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, (value - before[name as keyof Counts]) / runs])) as unknown as Counts;
}

/**
 * One case: every contestant is gated and warmed up, then all of them run in turn, round after round, so that whatever else the machine does
 * falls on all alike. The first contestant is the reference of the gate.
 */
export async function measure(work: Case, contestants: readonly Contestant[], options: MeasureOptions, say: (line: string) => void): Promise<Measured[]> {
  const expected = expectedOf(work);
  const entries: Entry[] = [];
  for (const contestant of contestants) {
    const entry = await prepare(contestant, work, options);
    entries.push(entry);
    const reference = entries[0].evidence;
    if (entry.evidence) {
      entry.problem ??= reference ? gateProblem(work, entry.evidence, expected, reference) : `nothing to compare with: ${entries[0].peer} failed`;
    }
    say(`${work.name}: ${entry.peer} ${entry.problem ? `FAILS: ${entry.problem}` : entry.notPossible ? `can't: ${entry.notPossible}` : `is right, ready after ${(entry.spent / 1000).toFixed(1)} s`}`);
  }
  let racing = entries.filter(({ problem, notPossible }) => problem === undefined && notPossible === undefined);
  for (let round = 0; round < options.rounds && racing.length > 0; round++) {
    for (const entry of racing) {
      try {
        const { account, times } = entry;
        const before = account!.snapshot();
        account!.markPeak();
        const ms = await timed(entry, times);
        entry.counts = perRun(before, account!.snapshot(), times);
        entry.peakBytes ??= account!.peak - entry.foreign;
        entry.spent += ms;
        entry.samples.push(ms / entry.times);
      } catch (error) {
        entry.problem = messageOf(error);
      }
    }
    racing = racing.filter(({ problem, spent, samples, times }) =>
      problem === undefined && (samples.length < LEAST_ROUNDS || spent + (samples.at(-1) ?? 0) * times < options.budget));
  }
  return entries.map((entry) => ({
    peer: entry.peer, mode: entry.running?.mode ?? null, samples: entry.problem ? [] : entry.samples, times: entry.times, setupMs: entry.setupMs,
    counts: entry.counts ?? null, peakBytes: entry.peakBytes ?? null,
    losses: entry.evidence?.kind === 'training' ? entry.evidence.losses : null,
    problem: entry.problem ?? null, notPossible: entry.notPossible ?? null,
  }));
}
