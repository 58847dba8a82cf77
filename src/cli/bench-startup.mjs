// Time from the import of a library to the end of its first training step: each on a fresh page, in a bundle of its own.
import { join } from 'node:path';
import { benchFolder } from './bench-install.mjs';
import { summary } from './bench-statistics.mjs';

/** @typedef {import('./bench-result.mjs').StartupResult} StartupResult */

/** Libraries that train. */
export const startupPeers = ['chainrule', 'tfjs', 'jax'];

/** ln 10 is what a net knows that knows nothing; a loss far from it is no first step. */
const [leastLoss, mostLoss] = [1, 6];

/**
 * Bundles each program for itself beside the built page, so that the same server has them: as an app is bundled, with all that it needs
 * at once in its first file ('strict' would split off what later files share, a second round of requests).
 */
export async function buildStartup() {
  const { build } = await import('vite');
  for (const peer of startupPeers) {
    await build({
      root: benchFolder, configFile: join(benchFolder, 'vite.config.ts'), logLevel: 'error',
      build: {
        outDir: `.cache/page/startup/${peer}`, emptyOutDir: true,
        rolldownOptions: { input: join(benchFolder, `startup/${peer}.ts`), preserveEntrySignatures: 'allow-extension', output: { entryFileNames: 'main.js' } },
      },
    });
  }
}

/** @param {import('playwright').BrowserContext} context @param {string} url @param {string} peer */
async function once(context, url, peer) {
  const page = await context.newPage();
  try {
    await page.goto(`${url}startup/index.html`);
    const { ms, loss } = await page.evaluate(async (file) => {
      const start = performance.now();
      const { firstStep } = await import(file);
      const result = await firstStep();
      return { ms: performance.now() - start, loss: result };
    }, `${url}startup/${peer}/main.js`);
    if (!(loss > leastLoss && loss < mostLoss)) throw new Error(`npm run bench: ${peer}'s first step gives a loss between ${leastLoss} and ${mostLoss}, got ${loss}.`);
    return ms;
  } finally {
    await page.close();
  }
}

/**
 * In turn, round after round. Cold: a fresh profile; warm: a second page in the same one.
 * @param {import('playwright').Browser} browser @param {string} url @param {readonly string[]} peers @param {number} rounds @returns {Promise<StartupResult[]>}
 */
export async function measureStartup(browser, url, peers, rounds) {
  const samples = startupPeers.filter((peer) => peers.includes(peer)).map((peer) => ({ peer, cold: /** @type {number[]} */ ([]), warm: /** @type {number[]} */ ([]) }));
  for (let round = 0; round < rounds; round++) {
    for (const { peer, cold, warm } of samples) {
      const context = await browser.newContext();
      try {
        cold.push(await once(context, url, peer));
        warm.push(await once(context, url, peer));
      } finally {
        await context.close();
      }
    }
  }
  return samples.map(({ peer, cold, warm }) => ({
    peer, cold: /** @type {NonNullable<ReturnType<typeof summary>>} */ (summary(cold)), warm: /** @type {NonNullable<ReturnType<typeof summary>>} */ (summary(warm)),
  }));
}
