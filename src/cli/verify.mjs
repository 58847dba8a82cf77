// npm run verify: trains a net on digits in the built page and proves its gradients before and after.
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { CommandError, readOptions, root, runIfStarted } from './command.mjs';
import { ensureBrowser, flagsHere } from './browser.mjs';
import { buildLab } from './build.mjs';
import { install } from './install.mjs';
import { countCalls } from './verify-counters.mjs';
import { judge, requiredAccuracy, table } from './verify-report.mjs';

/** @typedef {import('../lab/verify-result.ts').VerifyResult} Result */

const help = `npm run verify [-- options]
Builds the page, tests every op on this adapter in a headless browser, trains 784-128-10 on digits, proves every gradient
before and after training, and measures the accuracy on digits that training never saw. The exit code is 1 where anything is wrong.

  --json   print only the result as JSON (schema chainrule/verify/1: src/lab/verify-result.ts). npm itself prints two lines
           before it; 'npm run --silent verify -- --json' and 'node src/cli/verify.mjs --json' do not.
  --help   this text

MNIST_DIR names the folder with the four MNIST files (default ../shared/data/mnist); without them it draws digits.
CHROME_PATH names the browser, CHAINRULE_ADAPTER=gpu|swiftshader the kind of adapter.`;

const mnistFiles = ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz', 't10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz'];

// Ten epochs take well under a minute in software; a page that hangs must not hang the command.
const patience = 15 * 60_000;

/**
 * The folder with all MNIST files, or undefined. A folder that was asked for must have them.
 * @param {NodeJS.ProcessEnv} env @returns {string | undefined}
 */
export function findMnist(env) {
  const folder = resolve(root, env.MNIST_DIR || '../shared/data/mnist');
  const missing = mnistFiles.find((name) => !existsSync(join(folder, name)));
  if (!missing) return folder;
  if (env.MNIST_DIR) throw new CommandError(`npm run verify: MNIST_DIR needs to hold ${mnistFiles.join(', ')}, got a folder without ${missing}.`, 2);
  return undefined;
}

/** Serves the MNIST files under /mnist/: only for this command, since they are no part of the page. @param {string | undefined} folder */
function mnistPlugin(folder) {
  return /** @type {import('vite').Plugin} */ ({
    name: 'chainrule-mnist',
    configurePreviewServer(server) {
      server.middlewares.use('/mnist/', (request, response) => {
        const name = mnistFiles.find((file) => request.url?.replace(/^\//, '').split('?')[0] === file);
        if (!folder || !name) {
          response.statusCode = 404;
          response.end();
          return;
        }
        // No content-encoding: the page reads the .gz file itself.
        response.setHeader('content-type', 'application/octet-stream');
        createReadStream(join(folder, name)).pipe(response);
      });
    },
  });
}

/** @param {string | undefined} mnist */
async function serveBuilt(mnist) {
  const { preview } = await import('vite');
  const server = await preview({
    root, configFile: join(root, 'vite.config.ts'), logLevel: 'silent', plugins: [mnistPlugin(mnist)],
    preview: { host: '127.0.0.1', port: 0, strictPort: true, open: false },
  });
  const address = server.httpServer.address();
  if (!address || typeof address === 'string') throw new Error('npm run verify: needs a TCP port, got none.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/**
 * Runs the page's part. Every problem of the page counts, also one that its result does not mention.
 * @param {import('playwright').Browser} browser @param {string} url @param {import('../lab/verify-result.ts').VerifyOptions} options
 * @param {string[]} problems @param {(line: string) => void} say
 */
async function measure(browser, url, options, problems, say) {
  const page = await browser.newPage();
  const failed = new Promise((_, fail) => {
    page.on('crash', () => fail(new Error('The page crashed.')));
    setTimeout(() => fail(new Error(`The page did not finish in ${patience / 60_000} minutes.`)), patience).unref();
  });
  // It may fail after the page has answered, when nobody waits for it any more.
  failed.catch(() => {});
  page.on('pageerror', (error) => problems.push(`The page threw ${error.message}.`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`The page logged the error: ${message.text()}`);
  });
  await page.exposeFunction('chainruleVerifyProgress', say);
  await page.addInitScript(countCalls);
  await page.goto(`${url}src/lab/verify.html`);
  await page.waitForFunction('typeof globalThis.chainruleVerify === "function"', undefined, { timeout: 60_000 });
  const run = page.evaluate((argument) => /** @type {any} */ (globalThis).chainruleVerify(argument), options);
  return /** @type {import('../lab/verify-result.ts').VerifyMeasured} */ (await Promise.race([run, failed]));
}

/** @param {(line: string) => void} say @returns {Promise<Result>} */
async function verify(say) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  /** @type {string[]} */
  const problems = [];
  /** @type {Result['browser']} */
  let browserName = null;
  /** @type {Result['measured']} */
  let measured = null;
  const mnist = findMnist(process.env);
  try {
    install(say);
    const executablePath = await ensureBrowser(say);
    say('building the page');
    await buildLab('silent');
    say(mnist ? `data: MNIST from ${mnist}` : 'data: drawn digits (no MNIST files found; MNIST_DIR names their folder)');
    const { chromium } = await import('playwright');
    const server = await serveBuilt(mnist);
    const browser = await chromium.launch({ executablePath, args: flagsHere(), headless: true });
    try {
      browserName = `chromium ${browser.version()}`;
      measured = await measure(browser, server.url, { mnist: mnist ? mnistFiles.map((name) => `${server.url}mnist/${name}`) : null }, problems, say);
      problems.push(...judge(measured));
    } finally {
      await browser.close();
      await server.close();
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    problems.push(text.split('\n')[0]);
    if (text.includes('\n')) say(text);
  }
  return {
    schema: 'chainrule/verify/1', passed: problems.length === 0, problems, version, browser: browserName,
    requiredAccuracy: measured ? requiredAccuracy[measured.data.source] : null, measured,
  };
}

await runIfStarted(import.meta.url, async (args) => {
  const options = readOptions('npm run verify', { json: { type: 'flag' }, help: { type: 'flag' } }, args);
  if (options.help) {
    console.log(help);
    return 0;
  }
  // What runs alongside goes to stderr, so that stdout is the result and nothing else.
  const result = await verify((line) => console.error(line));
  console.log(options.json ? JSON.stringify(result, null, 2) : table(result));
  return result.passed ? 0 : 1;
});
