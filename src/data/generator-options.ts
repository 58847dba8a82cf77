import { checkNumber, checkOptionNames } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { RandomStream, randomStreams } from './philox.ts';

/** What every generator takes. */
export interface GeneratorOptions {
  /** Number of examples: an integer in [1, 2^24]. */
  points?: number;
  /** Standard deviation of the normal noise, ≥ 0, in the units of the points. */
  noise?: number;
  /** Integer in [0, Number.MAX_SAFE_INTEGER]. Default 0. The same seed gives the same examples. */
  seed?: number;
}

export interface CheckedOptions {
  readonly points: number;
  readonly noise: number;
  readonly random: RandomStream;
}

/** Checks the options that generators share, and refuses names that are neither shared nor in `more`. */
export function generatorOptions(
  who: string,
  options: GeneratorOptions,
  defaults: { points: number; noise: number },
  more: readonly string[] = [],
): CheckedOptions {
  checkOptionNames(who, options, ['points', 'noise', 'seed', ...more]);
  const { points = defaults.points, noise = defaults.noise, seed = 0 } = options;
  checkNumber(who, 'seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  return {
    points: checkNumber(who, 'points', points, { min: 1, max: 2 ** 24, integer: true }),
    noise: checkNumber(who, 'noise', noise, { min: 0, max: 1e6 }),
    random: new RandomStream(seed, randomStreams.data),
  };
}

/**
 * Points of the plane by class. Classes take turns (example i has class i mod classes), so any part of the data in this
 * order is balanced. `place` gives the point without noise: `t` counts from 0 to 1 through the class.
 */
export function pointsByClass(
  name: string,
  { points, noise, random }: CheckedOptions,
  classes: number,
  place: (label: number, t: number) => readonly [number, number],
): Dataset {
  const inputs = new Float32Array(points * 2);
  const targets = new Uint32Array(points);
  for (let i = 0; i < points; i++) {
    const label = i % classes;
    const count = Math.floor((points - 1 - label) / classes) + 1;
    const [x, y] = place(label, Math.floor(i / classes) / Math.max(count - 1, 1));
    inputs[2 * i] = x + random.normal(0, noise);
    inputs[2 * i + 1] = y + random.normal(0, noise);
    targets[i] = label;
  }
  return { name, length: points, inputs, inputShape: [2], targets, targetShape: [], classes };
}
