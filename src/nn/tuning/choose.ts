/** What a variant took, in milliseconds; undefined where it was refused. */
export interface Timed {
  readonly variant: string;
  readonly milliseconds: number | undefined;
}

/** The fastest, if it beats the rule's own choice by that part of its time; else the rule's. */
export function fastest(timed: readonly Timed[], rule: string, minimumGain: number): string {
  const running = timed.filter((one): one is Timed & { milliseconds: number } => one.milliseconds !== undefined);
  const best = running.reduce<(typeof running)[number] | undefined>((least, one) => (least && least.milliseconds <= one.milliseconds ? least : one), undefined);
  if (!best) return rule;
  const own = running.find(({ variant }) => variant === rule);
  return !own || (best.milliseconds < own.milliseconds && best.milliseconds <= (1 - minimumGain) * own.milliseconds) ? best.variant : rule;
}

/** Rounds after which a variant that is far behind is measured no more, and how far that is. */
const FAIR_ROUNDS = 3;
const FAR_BEHIND = 1.5;
/** Rounds in which each variant is measured at most. */
const MOST_ROUNDS = 8;

/**
 * Measures in turn, so that what else the machine does meets all of them: the least time of each counts. Those far behind leave after three
 * rounds, and all end when the budget is spent; everyone has been measured once by then. `measure` gives milliseconds of one run;
 * what it spent is what the clock says.
 */
export async function race(variants: readonly string[], measure: (variant: string) => Promise<number>, budget: number, now: () => number = () => performance.now()): Promise<Map<string, number>> {
  const least = new Map<string, number>();
  const start = now();
  let running = [...variants];
  for (let round = 0; round < MOST_ROUNDS && running.length > 0; round += 1) {
    for (const variant of running) {
      if (round > 0 && now() - start >= budget) return least;
      least.set(variant, Math.min(least.get(variant) ?? Infinity, await measure(variant)));
    }
    const best = Math.min(...least.values());
    if (round + 1 >= FAIR_ROUNDS) running = running.filter((variant) => least.get(variant)! <= FAR_BEHIND * best);
    if (running.length === 1 && round + 1 >= FAIR_ROUNDS) break;
  }
  return least;
}
