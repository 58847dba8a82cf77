import type { Problem } from './problem.ts';

/** Most problems that are tried: each is a run on the GPU and a check. */
const MOST_TRIES = 80;

/**
 * The smallest problem that still fails: size by size halves what stands above the smallest value, then takes one away,
 * as long as it goes on failing. `ranges` are the sizes' smallest and largest values; a size that is not given stands at
 * its smallest. `fails` is asked at most `tries` times.
 */
export async function shrink(
  problem: Problem, ranges: Readonly<Record<string, readonly [number, number]>>, fails: (problem: Problem) => Promise<boolean>, tries = MOST_TRIES,
): Promise<Problem> {
  let smallest = problem;
  let left = tries;
  const refused = new Set<string>();
  const attempt = async (name: string, value: number): Promise<boolean> => {
    const candidate = { ...smallest, sizes: { ...smallest.sizes, [name]: value } };
    const key = JSON.stringify(candidate.sizes);
    if (left <= 0 || refused.has(key)) return false;
    left--;
    if (!(await fails(candidate))) {
      refused.add(key);
      return false;
    }
    smallest = candidate;
    return true;
  };
  for (let moved = true; moved && left > 0;) {
    moved = false;
    for (const [name, [least]] of Object.entries(ranges)) {
      const current = (): number => smallest.sizes[name] ?? least;
      // Straight to the smallest first: most sizes do not matter.
      if (current() > least && (await attempt(name, least))) {
        moved = true;
        continue;
      }
      while (current() - least > 1 && (await attempt(name, least + Math.floor((current() - least) / 2)))) moved = true;
      while (current() > least && (await attempt(name, current() - 1))) moved = true;
    }
  }
  return smallest;
}
