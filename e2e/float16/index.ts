// What `npm run test:float16` runs, in Node through Dawn.
import { openDevice } from '../../src/gpu/device.ts';
import type { Case } from './case.ts';
import { driftCases } from './drift.ts';
import { operationCases } from './operations.ts';
import { roundingCases } from './rounding.ts';
import { trainingCases } from './training.ts';

const cases: readonly Case[] = [...roundingCases, ...operationCases, ...trainingCases, ...driftCases];

/**
 * Runs the cases whose names contain `only`, one after the other, on one device. Returns how many failed, and how many ran.
 * Throws where the adapter has no shader-f16.
 */
export async function runCases(only: string, say: (line: string) => void): Promise<{ failed: number; ran: number }> {
  const device = await openDevice();
  say(`adapter: ${device.name}`);
  if (!device.hasFloat16) throw new Error(`npm run test:float16: needs an adapter with shader-f16, got ${device.name}. --help names one.`);
  let [failed, ran] = [0, 0];
  for (const { name, run, lacks } of cases.filter((one) => one.name.includes(only))) {
    const lacking = lacks?.(device);
    if (lacking) {
      say(`left out: ${name}: ${lacking}`);
      continue;
    }
    const start = performance.now();
    ran += 1;
    try {
      const found = await run(device);
      say(`ok    ${name} (${((performance.now() - start) / 1000).toFixed(1)} s): ${found}`);
    } catch (error) {
      failed += 1;
      say(`FAIL  ${name}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
  device.destroy();
  return { failed, ran };
}
