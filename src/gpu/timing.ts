import { GpuError, OptionError } from '../errors.ts';
import type { Device } from './device.ts';
import type { Dispatch } from './sequence.ts';

/**
 * How launches were timed. `timestamps`: the GPU's own clock at the beginning and the end of each. `repeats`: each so many times in one
 * submit that the host's clock can tell.
 */
export type TimingMethod = 'timestamps' | 'repeats';

export interface Timing {
  readonly method: TimingMethod;
  /** Of each launch, in order: the median of the rounds by timestamps, the least of them by repeats. */
  readonly microseconds: readonly number[];
}

/** Browsers round timestamps to 65 or 100 µs where developer features are off: useless for launches of a few. In nanoseconds. */
const COARSE = 10_000;
/** Queries that one set may hold. */
const MOST_QUERIES = 4096;
/** What the repeats of one launch shall take together at least, and how many there are at most. */
const LEAST_MILLISECONDS = 5;
const MOST_REPEATS = 1000;

export const hasTimestamps = (device: Device): boolean => device.raw.features.has('timestamp-query');

/**
 * Times launches in their order, so that each reads what those before it wrote; each runs several times, so what it updates in place is
 * updated several times. Without a method: timestamps where the device has them and they are fine enough, else repeats.
 */
export async function timeLaunches(device: Device, dispatches: readonly Dispatch[], rounds: number, method?: TimingMethod): Promise<Timing> {
  if (method === 'timestamps' && !hasTimestamps(device)) {
    throw new OptionError('profile', 'a device with timestamp-query for the method "timestamps"', device.name, 'Leave method out, or take "repeats".');
  }
  if (method !== 'repeats' && hasTimestamps(device)) {
    const stamps = await stampLaunches(device, dispatches, rounds);
    if (method === 'timestamps' || isUsable(stamps)) return { method: 'timestamps', microseconds: mediansOf(stamps) };
  }
  return { method: 'repeats', microseconds: await repeatLaunches(device, dispatches, rounds) };
}

/** The stamps of each round in nanoseconds: begin and end of each launch. */
export type Stamps = readonly (readonly bigint[])[];

/** The greatest number that all differences of stamps are multiples of: what the clock is rounded to. 0 where it stands still. */
export function quantumOf(stamps: Stamps): number {
  const all = stamps.flat();
  let divisor = 0n;
  for (const stamp of all) {
    let [a, b] = [divisor, stamp > all[0]! ? stamp - all[0]! : all[0]! - stamp];
    while (b > 0n) [a, b] = [b, a % b];
    divisor = a;
  }
  return Number(divisor);
}

/** Whether durations can be told from these stamps: the clock runs, forwards, in steps that are small enough. */
export function isUsable(stamps: Stamps): boolean {
  const quantum = quantumOf(stamps);
  const backwards = stamps.some((round) => round.some((stamp, index) => index % 2 === 1 && stamp < round[index - 1]!));
  return quantum > 0 && quantum < COARSE && !backwards;
}

/** Of each launch the median over the rounds, in microseconds. */
export function mediansOf(stamps: Stamps): number[] {
  return Array.from({ length: stamps[0]!.length / 2 }, (_, launch) => {
    const durations = stamps.map((round) => Number(round[2 * launch + 1]! - round[2 * launch]!) / 1000).sort((a, b) => a - b);
    const middle = durations.length >> 1;
    return Math.max(0, durations.length % 2 === 1 ? durations[middle]! : (durations[middle - 1]! + durations[middle]!) / 2);
  });
}

/** Runs all launches `rounds` times, each in a pass of its own between two stamps; the first round, which warms up, does not count. */
async function stampLaunches(device: Device, dispatches: readonly Dispatch[], rounds: number): Promise<Stamps> {
  const count = 2 * dispatches.length;
  const set = device.raw.createQuerySet({ label: 'profile', type: 'timestamp', count: Math.min(count, MOST_QUERIES) });
  const resolved = device.raw.createBuffer({ label: 'profile stamps', size: count * 8, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer('profile stamps, read', count * 8, 'staging');
  try {
    const all: bigint[][] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const encoder = device.raw.createCommandEncoder({ label: 'profile' });
      for (let first = 0; first < count; first += MOST_QUERIES) {
        const end = Math.min(count, first + MOST_QUERIES);
        for (let at = first; at < end; at += 2) {
          const { label, pipeline, bindGroup, groups } = dispatches[at / 2]!;
          const pass = encoder.beginComputePass({ label, timestampWrites: { querySet: set, beginningOfPassWriteIndex: at - first, endOfPassWriteIndex: at - first + 1 } });
          pass.setPipeline(pipeline.raw);
          pass.setBindGroup(0, bindGroup);
          pass.dispatchWorkgroups(groups[0], groups[1]);
          pass.end();
        }
        encoder.resolveQuerySet(set, 0, end - first, resolved, first * 8);
      }
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * 8);
      device.raw.queue.submit([encoder.finish()]);
      const words = await device.mapped(staging, count * 8);
      staging.unmap();
      if (round > 0) all.push([...new BigUint64Array(words)]);
    }
    return all;
  } finally {
    set.destroy();
    resolved.destroy();
    staging.destroy();
  }
}

/** Milliseconds from the submission of launches, `times` over in one pass, until they have run. */
export async function elapsed(device: Device, dispatches: readonly Dispatch[], times: number): Promise<number> {
  const encoder = device.raw.createCommandEncoder({ label: 'profile' });
  const pass = encoder.beginComputePass({ label: 'profile' });
  for (let time = 0; time < times; time += 1) {
    for (const { pipeline, bindGroup, groups } of dispatches) {
      pass.setPipeline(pipeline.raw);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(groups[0], groups[1]);
    }
  }
  pass.end();
  const commands = encoder.finish();
  await device.idle();
  const start = performance.now();
  device.raw.queue.submit([commands]);
  await device.idle();
  return performance.now() - start;
}

/** Microseconds of launches that run one after the other, `base` milliseconds of a submit left out: the least of the rounds. */
export async function timeTogether(device: Device, dispatches: readonly Dispatch[], rounds: number, base: number): Promise<number> {
  // A first run may take long for other reasons: the number of repeats grows until they do take that long.
  let times = 1;
  for (;;) {
    const took = Math.max(0, await elapsed(device, dispatches, times) - base);
    if (took >= LEAST_MILLISECONDS || times >= MOST_REPEATS) break;
    times = Math.min(MOST_REPEATS, Math.ceil(times * Math.min(16, Math.max(1.5, 1.2 * LEAST_MILLISECONDS / Math.max(took, 0.001)))));
  }
  let least = Infinity;
  for (let round = 0; round < rounds; round += 1) least = Math.min(least, await elapsed(device, dispatches, times));
  return 1000 * Math.max(0, least - base) / times;
}

/** What a submit of nothing takes, in milliseconds. */
export async function submitCost(device: Device): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 5; round += 1) least = Math.min(least, await elapsed(device, [], 0));
  if (!Number.isFinite(least)) throw new GpuError('gpu', 'profile', 'a clock', 'none that runs');
  return least;
}

async function repeatLaunches(device: Device, dispatches: readonly Dispatch[], rounds: number): Promise<number[]> {
  const base = await submitCost(device);
  const microseconds: number[] = [];
  for (const dispatch of dispatches) microseconds.push(await timeTogether(device, [dispatch], rounds, base));
  return microseconds;
}
