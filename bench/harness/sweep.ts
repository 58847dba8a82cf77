import { sweeps } from '../cases/sweeps.ts';
import type { Contestant } from '../contestants/contestant.ts';
import type { SweepPoint } from './answer.ts';
import { measure, type MeasureOptions } from './measure.ts';

/** One series: the fastest time of a step at each size. */
export async function runSweep(name: string, contestant: Contestant, options: MeasureOptions, say: (line: string) => void): Promise<SweepPoint[]> {
  const found = sweeps.find((sweep) => sweep.name === name);
  if (!found) throw new Error(`bench: needs a sweep among ${sweeps.map((sweep) => sweep.name).join(', ')}, got ${JSON.stringify(name)}.`);
  const points: SweepPoint[] = [];
  for (const { label, work } of found.points) {
    const [measured] = await measure({ ...work, name: `${name}: ${label}` }, [contestant], options, say);
    if (measured.problem !== null || measured.samples.length === 0) throw new Error(`bench: ${name} at ${label}: ${measured.problem ?? 'no samples'}`);
    points.push({ label, flops: work.flops!, ms: Math.min(...measured.samples) });
  }
  return points;
}
