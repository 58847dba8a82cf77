import { OptionError, show } from '../errors.ts';
import type { AdapterClass } from '../gpu/adapter.ts';
import { proofs as allProofs } from '../proof/index.ts';
import type { Sample } from '../proof/proof.ts';
import type { Proofs } from './point.ts';

/** One op on seeded numbers of given sizes, and how it is to be launched: all that it takes to run it again. */
export interface Problem {
  readonly op: string;
  /** The sizes that the op's proof names, flags among them; those left out take their smallest value. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly seed: number;
  /** Kernel variants by family. Default: the device's own choice. */
  readonly variants: Readonly<Record<string, string>>;
  /** The kind of adapter that variants are chosen for. Default: the device's own. */
  readonly adapterClass?: AdapterClass;
  /** False keeps one launch per request. Default true. */
  readonly fusion: boolean;
  /** Default: ones, then random ones. */
  readonly cotangent?: 'ones' | 'random';
}

const WHO = 'replay';
const SETTINGS = ['seed', 'variants', 'adapterClass', 'fusion', 'cotangent'];

/**
 * Reads a line such as `matmul m=3 k=17 n=5 transposeA=1 seed=7 variants=matmul:tiled`: the op, its sizes, and optionally
 * `seed` (default 1), `variants` (family:variant, with commas between), `adapterClass` (gpu or cpu), `fusion` (0 or 1)
 * and `cotangent` (ones or random). Throws an OptionError for a line that names no problem.
 */
export function parseProblem(line: string, proofs: Proofs = allProofs): Problem {
  if (typeof line !== 'string') throw new OptionError(WHO, 'a line such as "matmul m=3 k=17 n=5 seed=1"', show(line));
  const [op = '', ...words] = line.trim().split(/\s+/);
  const withSizes = Object.keys(proofs).filter((name) => proofs[name].sizes);
  if (!withSizes.includes(op)) throw new OptionError(WHO, `an op among ${withSizes.join(', ')}`, show(op));
  const { ranges } = proofs[op].sizes!;
  const sizes: Record<string, number> = {};
  const settings: Record<string, string> = {};
  for (const word of words) {
    const [, name = '', value = ''] = /^([A-Za-z]\w*)=(.+)$/.exec(word) ?? [];
    if (Object.hasOwn(settings, name) || Object.hasOwn(sizes, name)) throw new OptionError(WHO, `${name} once`, 'it twice');
    if (SETTINGS.includes(name)) settings[name] = value;
    else if (!Object.hasOwn(ranges, name)) throw new OptionError(WHO, `name=value with a name among ${[...Object.keys(ranges), ...SETTINGS].join(', ')}`, show(word));
    else sizes[name] = integer(name, value, ...ranges[name]);
  }
  const { seed = '1', variants = '', adapterClass, fusion = '1', cotangent } = settings;
  if (adapterClass !== undefined && adapterClass !== 'gpu' && adapterClass !== 'cpu') throw new OptionError(WHO, 'adapterClass to be gpu or cpu', show(adapterClass));
  if (cotangent !== undefined && cotangent !== 'ones' && cotangent !== 'random') throw new OptionError(WHO, 'cotangent to be ones or random', show(cotangent));
  return {
    op, sizes, seed: integer('seed', seed, 0, 2 ** 28), fusion: integer('fusion', fusion, 0, 1) === 1,
    variants: Object.fromEntries(variants.split(',').filter(Boolean).map((pair) => {
      const [, family, variant] = /^([\w-]+):([\w-]+)$/.exec(pair) ?? [];
      if (!family || !variant) throw new OptionError(WHO, 'variants as family:variant, with commas between', show(pair));
      return [family, variant];
    })),
    ...(adapterClass ? { adapterClass } : {}), ...(cotangent ? { cotangent } : {}),
  };
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) throw new OptionError(WHO, `${name} to be an integer from ${least} to ${most}`, show(text));
  return value;
}

/** The line that `parseProblem` reads back. Flags that are off and settings at their defaults are left out. */
export function problemLine({ op, sizes, seed, variants, adapterClass, fusion, cotangent }: Problem): string {
  const forced = Object.entries(variants).map(([family, variant]) => `${family}:${variant}`).join(',');
  return [
    op, ...Object.entries(sizes).filter(([, value]) => value !== 0).map(([name, value]) => `${name}=${value}`), `seed=${seed}`,
    ...(forced ? [`variants=${forced}`] : []), ...(adapterClass ? [`adapterClass=${adapterClass}`] : []), ...(fusion ? [] : ['fusion=0']),
    ...(cotangent ? [`cotangent=${cotangent}`] : []),
  ].join(' ');
}

/** How to run a problem again: in one's own code, which knows the proofs of one's own ops, and the library's also by a command. */
export function howToReplay(line: string): string {
  const library = Object.hasOwn(allProofs, line.split(' ', 1)[0]!);
  return library ? `npm run check -- '${line}', or replay(device, '${line}') in your code` : `replay(device, '${line}', { proofs }) in your code, with its proof among them`;
}

/** The sample that a problem stands for. */
export function sampleOf({ op, sizes, seed }: Problem, proofs: Proofs = allProofs): Sample {
  return proofs[op].sizes!.sample(sizes, seed);
}
