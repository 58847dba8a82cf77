// The page's part of `npm run mutate`: lists the jobs, and runs one when it is asked to. Whatever hangs or dies here, dies alone.
import { calibrate, type Calibration } from '../check/calibrate.ts';
import { openDevice, type Device } from '../gpu/device.ts';
import type { JobResult } from './section.ts';
import { sections } from './sections.ts';

let opened: Promise<Device> | undefined;

function device(): Promise<Device> {
  opened ??= openDevice();
  return opened;
}

const campaign = {
  /** The adapter's name, after it has answered. */
  async ready(): Promise<string> {
    const ready = await device();
    await ready.idle();
    return ready.name;
  },

  /** The jobs of all sections, or of those that are named: the plans of all ops take seconds. */
  async list(names?: readonly string[]) {
    const ready = await device();
    await ready.probed;
    return sections.filter(({ name }) => names?.includes(name) ?? true).map(({ name, list }) => ({ section: name, jobs: list(ready.traits) }));
  },

  /** How exact this adapter's functions are, which all tolerances of the campaign stand on. */
  async calibration(): Promise<Calibration> {
    return calibrate(await device());
  },

  /** Runs one job; with `control` the same work without its bug, which answers nothing. */
  async run(section: string, id: string, control = false): Promise<JobResult | undefined> {
    const found = sections.find(({ name }) => name === section);
    if (!found) throw new Error(`mutate: needs a section among ${sections.map(({ name }) => name).join(', ')}, got ${section}.`);
    let usable = false;
    try {
      const result = control ? await found.control?.(await device(), id) : await found.run(await device(), id);
      usable = result?.outcome !== 'invalid';
      return result ?? undefined;
    } finally {
      // A device keeps its first error: the next job gets a new one.
      if (!usable) {
        (await device().catch(() => undefined))?.destroy();
        opened = undefined;
      }
    }
  },
};

export type Campaign = typeof campaign;

(globalThis as { chainruleMutate?: Campaign }).chainruleMutate = campaign;
