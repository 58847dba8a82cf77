// npm run examples: trains the nets of examples/ in a headless browser, judges them by their goals and proves their gradients.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, readOptions, root, runIfStarted } from './command.mjs';
import { ensureBrowser, flagsHere } from './browser.mjs';
import { install } from './install.mjs';
import { dataFolder, sharedData } from './shared-data.mjs';

/** @typedef {import('../lab/examples.ts').ExampleAnswer} Answer */
/** @typedef {import('../lab/examples.ts').ExampleRun} Run */
/** @typedef {{ name: string, run: Run | null, problem: string | null }} Outcome `problem` says why it does not count as passed. */

const help = `npm run examples [-- names] [options]
Trains the nets of the folder examples/ from fixed seeds in a headless browser, all of them or those that are named, and prints a line
for each: its goal, what came out, and how many gradients of the trained net are proven. The exit code is 1 where a goal is missed.

  npm run examples                  all, in full (tens of minutes without a GPU)
  npm run examples -- lenet iris    these two

  --reduced   a few seconds of training each, and weaker goals: what the tests run
  --json      print only the results as JSON (schema chainrule/examples/1). npm itself prints two lines before it;
              'npm run --silent examples -- --json' and 'node src/cli/examples.mjs --json' do not.
  --help      this text

The data is read from the folder data in SHARED_DIR (default ../shared). CHROME_PATH names the browser,
CHAINRULE_ADAPTER=gpu|swiftshader the kind of adapter.`;

/** Milliseconds for one example: the longest takes some minutes in software. */
const patience = 45 * 60_000;

/** Files of the folder that are no examples. */
const others = new Set(['index.ts', 'kit.ts']);

/** @param {string} [folder] @returns {string[]} */
export function exampleNames(folder = join(root, 'examples')) {
  return readdirSync(folder).filter((file) => file.endsWith('.ts') && !others.has(file)).map((file) => file.slice(0, -3)).sort();
}

/** What the command line asks for. @param {readonly string[]} args @param {readonly string[]} [known] */
export function readRequest(args, known = exampleNames()) {
  const names = args.filter((arg) => !arg.startsWith('-'));
  const rules = /** @type {const} */ ({ reduced: { type: 'flag' }, json: { type: 'flag' }, help: { type: 'flag' } });
  const options = readOptions('npm run examples', rules, args.filter((arg) => arg.startsWith('-')));
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new CommandError(`npm run examples: needs names among ${known.join(', ')}, got ${JSON.stringify(stranger)}.`, 2);
  return { names: names.length > 0 ? [...new Set(names)] : [...known], reduced: options.reduced === true, json: options.json === true, help: options.help === true };
}

/** Why an answer is no success, or null. @param {Answer} answer @returns {string | null} */
export function problemOf(answer) {
  if (answer.kind === 'missing') return `needs the data file ${answer.path}, got none. SHARED_DIR names the folder that holds data/ (default ../shared).`;
  if (answer.kind === 'unknown') return `examples/index.ts does not list it, only ${answer.names.join(', ')}.`;
  const { reached, goal, summary, gradients: { passed, proven, total, text }, steps } = answer;
  if (!reached) return `missed its goal: ${summary}. Needed: ${goal}.`;
  if (!passed || !(proven > 0 && total > 0)) return `the gradients of the trained net are not proven:\n${text}`;
  return steps > 0 ? null : 'made no step.';
}

/** One line for people. @param {Outcome} outcome */
export function lineOf({ name, run, problem }) {
  if (!run) return `FAIL  ${name}: ${problem}`;
  const { title, goal, summary, steps, seconds, gradients: { proven, total } } = run;
  const count = (/** @type {number} */ number) => number.toLocaleString('en-US');
  const noise = proven === total ? '' : ` (${count(total - proven)} below rounding noise)`;
  return `${problem ? 'FAIL' : 'ok  '}  ${name}: ${title}. Goal: ${goal}. Result: ${summary}. ${count(steps)} steps, ${seconds.toFixed(0)} s, `
    + `${count(proven)} of ${count(total)} gradients proven${noise}${problem ? `\n      ${problem}` : ''}`;
}

async function serve() {
  const { createServer } = await import('vite');
  const server = await createServer({
    root, configFile: join(root, 'vite.config.ts'), cacheDir: '.cache/vite-examples', logLevel: 'error', plugins: [sharedData(dataFolder(process.env))],
    server: { host: '127.0.0.1', port: 0, strictPort: true, hmr: false, watch: null },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error('npm run examples: needs a TCP port, got none.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/**
 * Runs one example on a page of its own, so that none depends on what ran before it.
 * @param {import('playwright').Browser} browser @param {string} url @param {{ name: string, reduced: boolean }} request @param {(line: string) => void} say
 * @returns {Promise<Outcome>}
 */
async function runOne(browser, url, request, say) {
  const page = await browser.newPage();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const failed = new Promise((_, fail) => {
    page.on('crash', () => fail(new Error('the page crashed.')));
    page.on('pageerror', (error) => fail(new Error(`the page threw ${error.message}`)));
    page.on('console', (message) => {
      if (message.type() === 'error') fail(new Error(`the page logged the error: ${message.text()}`));
    });
    timer = setTimeout(() => fail(new Error(`it did not finish in ${patience / 60_000} minutes.`)), patience);
  });
  // It may fail after the page has answered, when nobody waits for it any more.
  failed.catch(() => {});
  try {
    await page.exposeFunction('chainruleExampleLog', (/** @type {string} */ line) => say(`${request.name}: ${line}`));
    await page.goto(`${url}src/lab/examples.html`);
    await Promise.race([page.waitForFunction('typeof globalThis.chainruleExample === "function"', undefined, { timeout: 60_000 }), failed]);
    const run = page.evaluate((argument) => /** @type {any} */ (globalThis).chainruleExample(argument), request);
    const answer = /** @type {Answer} */ (await Promise.race([run, failed]));
    return { name: request.name, run: answer.kind === 'done' ? answer : null, problem: problemOf(answer) };
  } catch (error) {
    return { name: request.name, run: null, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    await page.close();
  }
}

await runIfStarted(import.meta.url, async (args) => {
  const { names, reduced, json, help: asked } = readRequest(args);
  if (asked) {
    console.log(help);
    return 0;
  }
  // What runs alongside goes to stderr, so that stdout is the result and nothing else.
  const say = (/** @type {string} */ line) => console.error(line);
  install(say);
  const executablePath = await ensureBrowser(say);
  const { chromium } = await import('playwright');
  const server = await serve();
  const browser = await chromium.launch({ executablePath, args: flagsHere(), headless: true });
  /** @type {Outcome[]} */
  const outcomes = [];
  try {
    for (const name of names) {
      say(`running ${name}${reduced ? ', reduced' : ''}`);
      const outcome = await runOne(browser, server.url, { name, reduced }, say);
      outcomes.push(outcome);
      if (!json) console.log(lineOf(outcome));
    }
  } finally {
    await browser.close();
    await server.close();
  }
  const passed = outcomes.every(({ problem }) => problem === null);
  if (json) {
    const examples = outcomes.map(({ name, run, problem }) => ({ name, passed: problem === null, problem, ...(run ? { ...run, passed: problem === null, kind: undefined } : {}) }));
    console.log(JSON.stringify({ schema: 'chainrule/examples/1', passed, reduced, browser: `chromium ${browser.version()}`, examples }, null, 2));
  } else {
    console.log(`${outcomes.filter(({ problem }) => problem === null).length} of ${outcomes.length} examples passed`);
  }
  return passed ? 0 : 1;
});
