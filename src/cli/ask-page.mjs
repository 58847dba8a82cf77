// What commands share that ask a page of src/lab one question: a server, a browser, the answer.
import { join } from 'node:path';
import { CommandError, root } from './command.mjs';
import { ensureBrowser, flagsHere } from './browser.mjs';
import { install } from './install.mjs';

/** @param {string} command @param {string} name */
async function serve(command, name) {
  const { createServer } = await import('vite');
  const server = await createServer({
    root, configFile: join(root, 'vite.config.ts'), cacheDir: `.cache/vite-${name}`, logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, strictPort: true, hmr: false, watch: null },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error(`${command}: needs a TCP port, got none.`);
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/**
 * Opens src/lab/<name>.html in a headless browser and calls its global function. Rejects where the page crashes, throws, or takes longer
 * than `patience` milliseconds.
 * @param {{ command: string, name: string, global: string, patience: number }} page @param {unknown} request @param {(line: string) => void} say
 * @returns {Promise<any>}
 */
export async function askPage({ command, name, global, patience }, request, say) {
  install(say);
  const executablePath = await ensureBrowser(say);
  const { chromium } = await import('playwright');
  const server = await serve(command, name);
  const browser = await chromium.launch({ executablePath, args: flagsHere(), headless: true });
  try {
    const page = await browser.newPage();
    /** @type {Promise<never>} */
    const failed = new Promise((_, fail) => {
      page.on('crash', () => fail(new CommandError(`${command}: the page crashed.`)));
      page.on('pageerror', (error) => fail(new CommandError(`${command}: the page threw ${error.message}.`)));
      setTimeout(() => fail(new CommandError(`${command}: the page did not finish in ${patience / 60_000} minutes.`)), patience).unref();
    });
    // It may fail after the page has answered, when nobody waits for it any more.
    failed.catch(() => {});
    page.on('console', (message) => { if (message.type() === 'info') say(message.text()); });
    await page.goto(`${server.url}src/lab/${name}.html`);
    const loaded = page.waitForFunction((wanted) => typeof (/** @type {any} */ (globalThis)[wanted]) === 'function', global, { timeout: 60_000 });
    await Promise.race([loaded, failed]);
    const run = page.evaluate(([wanted, argument]) => /** @type {any} */ (globalThis)[/** @type {string} */ (wanted)](argument), /** @type {const} */ ([global, request]));
    return await Promise.race([run, failed]);
  } finally {
    await browser.close();
    await server.close();
  }
}
