import { OptionError, show } from '../errors.ts';
import { cleanProblem } from './clean.ts';
import type { Section } from './section.ts';

/** Clean problems of the campaign: more than two hundred decide nothing new, fewer would not show one alarm in a hundred. */
const COUNT = 200;

const idOf = (seed: number): string => `clean ${seed}`;

function seedOf(id: string): number {
  const seed = Number(/^clean (\d+)$/.exec(id)?.[1]);
  if (!(seed >= 1 && seed <= COUNT)) throw new OptionError('mutate', `a clean problem from ${idOf(1)} to ${idOf(COUNT)}`, show(id));
  return seed;
}

/** Random graphs and nets without a bug, as one job each. `summarizeClean` joins what they bring. */
export const cleanSection: Section = {
  name: 'clean',
  list: () => Array.from({ length: COUNT }, (_, i) => ({ id: idOf(i + 1), group: 'random', class: 'clean', name: `seed ${i + 1}`, core: true })),
  async run(device, id) {
    const started = performance.now();
    const seed = seedOf(id);
    const clean = await cleanProblem(device, seed);
    return {
      id, group: 'random', class: 'clean', name: `seed ${seed}`, outcome: clean.alarm ? 'false-alarm' : 'passed', by: clean.text ?? clean.verdict, kernels: clean.kernels,
      clean, ms: performance.now() - started,
    };
  },
  async control(device, id) {
    await cleanProblem(device, seedOf(id));
  },
};
