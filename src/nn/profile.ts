import { checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import { measureCeilings } from '../gpu/ceilings.ts';
import type { Device, DeviceBuffer } from '../gpu/device.ts';
import { submit, type Range } from '../gpu/sequence.ts';
import { submitCost, timeLaunches, timeTogether, type TimingMethod } from '../gpu/timing.ts';
import { bytesOf, type MemoryRole } from '../program/memory.ts';
import type { Launch, ProgramPlan } from '../program/plan.ts';
import { Profile } from './profile-report.ts';
import type { Progress } from './progress.ts';
import type { StepEngine, StepScalars } from './step-engine.ts';
import type { Batch } from './step-report.ts';

/** How to profile. */
export interface ProfileOptions {
  /**
   * `timestamps`: by the GPU's own clock (an OptionError where the device has no timestamp-query; browsers may round it to 100 µs). `repeats`:
   * each launch many times in one submit. Default: timestamps where the device has them and they are not rounded, else repeats.
   */
  readonly method?: TimingMethod;
  /** Measurements of each launch, ≥ 1: of timestamps the median counts, of repeats the least. Default 5. */
  readonly rounds?: number;
}

/** Options as they are used, checked. */
export function checkProfileOptions(options: ProfileOptions): { method: TimingMethod | undefined; rounds: number } {
  checkOptionNames('profile', options, ['method', 'rounds']);
  const { method, rounds = 5 } = options;
  if (method !== undefined && method !== 'timestamps' && method !== 'repeats') throw new OptionError('profile', 'method to be "timestamps" or "repeats"', show(method));
  return { method, rounds: checkNumber('profile', 'rounds', rounds, { integer: true, min: 1, max: 1000 }) };
}

/** What a launch moves: each tensor that it binds once, an updated one twice, and of one that several launches write in parts its share. */
export function bytesMoved({ kernel, tensors }: Launch, all: readonly Launch[]): number {
  const writers = (id: number): number => all.filter((launch) => launch.kernel.bindings.some(({ access }, index) => access === 'part' && launch.tensors[index]!.id === id)).length;
  return kernel.bindings.reduce((sum, { access }, index) => {
    const tensor = tensors[index]!;
    const bytes = bytesOf(tensor);
    return sum + (access === 'update' ? 2 * bytes : access === 'part' ? bytes / writers(tensor.id) : bytes);
  }, 0);
}

/**
 * Times the launches of the next step of the program that trains, on one batch. What they change is put back: weights, buffers and all
 * state of the optimiser are afterwards as they were, bit for bit, and no step is counted.
 */
export async function profile(engine: StepEngine, rows: number, batch: Batch, progress: Progress, values: StepScalars['values'], options: ProfileOptions): Promise<Profile> {
  const { method, rounds } = checkProfileOptions(options);
  const { device } = engine.setup;
  const step = await engine.training(rows);
  const { net, program } = step;
  await step.ring.drained();
  const ceilings = await measureCeilings(device);
  const { sections } = progress;
  const launches = program.plan.launches.filter(({ section }) => sections.includes(section));
  const dispatches = program.dispatches(...sections);

  program.write(net.inputs, batch.inputs);
  program.write(net.targets, batch.targets);
  // Training counts its steps from 1: nobody can take what this leaves in the report for a step's.
  const number = 0;
  engine.writeStep({ number, ...(values ? { values } : {}) });
  engine.writeCounter(step, number);
  return keeping(device, changedBy(engine, program.plan), async () => {
    const timing = await timeLaunches(device, dispatches, rounds, method);
    const stepMicroseconds = await timeTogether(device, dispatches, rounds, await submitCost(device));
    return new Profile({
      adapter: device.name, method: timing.method, ceilings, stepMicroseconds,
      launches: launches.map((launch, index) => ({
        section: launch.section, label: launch.label, kernel: launch.kernel.name, microseconds: timing.microseconds[index]!,
        bytes: bytesMoved(launch, launches), flops: launch.flops,
      })),
    });
  });
}

/** What outlives a step. All else is written anew by each step before it is read. */
const LASTING: readonly MemoryRole[] = ['parameters', 'buffers', 'gradients', 'optimizer'];

/** The buffers that outlive a step and that its launches write. */
function changedBy({ store }: StepEngine, { launches, placements, buffers }: ProgramPlan): DeviceBuffer[] {
  const written = new Set(launches.flatMap(({ kernel, tensors }) => kernel.bindings.flatMap(({ access }, index) => (access === 'read' || access === 'uniform' ? [] : [placements.get(tensors[index]!.id)!.buffer]))));
  return buffers.filter(({ name, role }) => LASTING.includes(role) && written.has(name)).map(({ name }) => store.find(name)!);
}

/** Runs `body` and puts these buffers back as they were, also where it fails. */
async function keeping<T>(device: Device, buffers: readonly DeviceBuffer[], body: () => Promise<T>): Promise<T> {
  const whole = (buffer: DeviceBuffer): Range => ({ buffer, offset: 0, bytes: buffer.size });
  const copies: DeviceBuffer[] = [];
  try {
    for (const buffer of buffers) copies.push(device.createBuffer(`${buffer.label}, kept`, buffer.size, 'storage'));
    submit(device, 'keep', [], buffers.map((buffer, index) => ({ from: whole(buffer), to: copies[index]!, at: 0 })));
    try {
      return await body();
    } finally {
      submit(device, 'put back', [], buffers.map((buffer, index) => ({ from: whole(copies[index]!), to: buffer, at: 0 })));
      await device.idle();
    }
  } finally {
    for (const copy of copies) copy.destroy();
  }
}
