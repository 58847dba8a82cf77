// The benchmark's page: built, served, and asked in headless Chrome.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { benchFolder } from './bench-install.mjs';

/** Milliseconds for one request: five contestants at 20 s each, and room for a slow machine. */
const patience = 5 * 60_000;

const configFile = join(benchFolder, 'vite.config.ts');

export async function buildPage() {
  const { build } = await import('vite');
  const folder = join(benchFolder, '.cache/page');
  if (existsSync(folder)) rmSync(folder, { recursive: true });
  await build({ root: benchFolder, configFile, logLevel: 'error' });
}

export async function servePage() {
  const { preview } = await import('vite');
  const server = await preview({ root: benchFolder, configFile, logLevel: 'silent' });
  const address = server.httpServer.address();
  if (!address || typeof address === 'string') throw new Error('npm run bench: needs a TCP port, got none.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/**
 * Asks each request on a fresh page.
 * @param {import('playwright').Browser} browser @param {string} url @param {(line: string) => void} say @returns {import('./bench-run.mjs').Host}
 */
export function pageHost(browser, url, say) {
  return {
    async ask(request) {
      const page = await browser.newPage();
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let timer;
      /** @type {Promise<never>} */
      const failed = new Promise((_, fail) => {
        page.on('crash', () => fail(new Error('npm run bench: the page crashed.')));
        timer = setTimeout(() => fail(new Error(`npm run bench: the page did not answer ${JSON.stringify(request)} in ${patience / 60_000} minutes.`)), patience);
      });
      failed.catch(() => {});
      page.on('console', (message) => {
        if (message.type() === 'error') say(`  page: ${message.text().split('\n')[0]}`);
      });
      page.on('pageerror', (error) => say(`  page: ${error.message.split('\n')[0]}`));
      try {
        await page.exposeFunction('chainruleBenchProgress', (/** @type {string} */ line) => say(`  ${line}`));
        await page.goto(`${url}page/index.html`);
        await page.waitForFunction('typeof globalThis.chainruleBench === "function"', undefined, { timeout: 60_000 });
        return await Promise.race([page.evaluate((argument) => /** @type {any} */ (globalThis).chainruleBench(argument), request), failed]);
      } finally {
        clearTimeout(timer);
        await page.close();
      }
    },
  };
}
