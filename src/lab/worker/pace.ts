/** Milliseconds between two events of a kind while training. */
export const every = { telemetry: 40, picture: { gpu: 100, cpu: 300 }, evaluation: { gpu: 1000, cpu: 3000 }, save: 4000 } as const;
/** Steps after which training stops by itself, so that a forgotten tab rests. Start goes on for as many more. */
export const budget = { points: 3000, curve: 2000, images: 1200 } as const;
/** Step of the first check while training: early, but with weights that have moved. */
export const firstCheck = 100;

/** What happens regularly while training. */
export type Regular = keyof typeof every;

/** Says when something is due again. */
export class Pace {
  readonly #last: Record<Regular, number> = { telemetry: 0, picture: 0, evaluation: 0, save: 0 };

  /** Whether so many milliseconds have passed since it was last said of this; then they begin anew. */
  due(what: Regular, milliseconds: number): boolean {
    if (performance.now() - this.#last[what] < milliseconds) return false;
    this.#last[what] = performance.now();
    return true;
  }
}

/** Tries five times: a browser needs a moment to start its GPU process again. */
export async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 300 * tried); });
    try {
      return await attempt();
    } catch (error) {
      if (tried === 5) throw error;
    }
  }
}
