// What Chrome's robustness (clamped indices, zeroed memory) costs our products: the same kernels in a second browser that has it switched off.

/** @typedef {import('./bench-run.mjs').Host} Host */

/** Dawn's own switch: for comparisons only, since shaders could then read what is not theirs. */
export const withoutRobustness = '--enable-dawn-features=disable_robustness';

/** The products that are compared: those of a software adapter that are large enough for their loops to count. */
export const comparedProducts = /^matmul (512|1024) (nn|nt|tn)$/;

/** Turns of both browsers, one after the other. */
const turns = 4;

/**
 * The fastest time of each product in both browsers, whose turns alternate.
 * @param {{ usual: Host, without: Host }} hosts @param {readonly string[]} names @param {(line: string) => void} say
 * @returns {Promise<import('./bench-result.mjs').RobustnessResult[]>}
 */
export async function measureRobustness({ usual, without }, names, say) {
  const results = [];
  for (const name of names) {
    const fastest = { usual: Infinity, without: Infinity };
    for (let turn = 0; turn < turns; turn += 1) {
      for (const [which, host] of /** @type {const} */ ([['usual', usual], ['without', without]])) {
        const [{ samples, problem }] = await host.ask({ ask: 'case', name, peers: ['chainrule'], options: { rounds: 3, sample: 60, budget: 2_000 } });
        if (problem !== null || samples.length === 0) throw new Error(`npm run bench: ${name} ${which === 'usual' ? 'with' : 'without'} robustness: ${problem ?? 'no samples'}`);
        fastest[which] = Math.min(fastest[which], ...samples);
      }
    }
    say(`${name}: ${Number(fastest.usual.toPrecision(3))} ms, ${Number(fastest.without.toPrecision(3))} ms without robustness`);
    results.push({ name, ms: fastest.usual, withoutMs: fastest.without });
  }
  return results;
}
