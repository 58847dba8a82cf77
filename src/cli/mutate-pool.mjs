// Runs jobs in browsers of their own and survives those that hang or die. No job's bug can stop the others.
import { flagsHere } from './browser.mjs';
import { CommandError, root } from './command.mjs';
import { join } from 'node:path';

/** @typedef {import('../mutation/section.ts').Job} Job */
/** @typedef {import('../mutation/section.ts').JobResult} JobResult */
/** @typedef {{ section: string, job: Job }} Task */

/** Serves the sources as they are. Nothing is watched: a run sees one state of them. */
export async function serveSources() {
  const { createServer } = await import('vite');
  const server = await createServer({
    root, configFile: join(root, 'vite.config.ts'), cacheDir: '.cache/vite-mutate', logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, strictPort: true, hmr: false, watch: null },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error('npm run mutate: needs a TCP port, got none.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/** A wait that came to its end. */
class Timeout extends Error {}

/** @template T @param {Promise<T>} promise @param {number} ms @returns {Promise<T>} */
async function within(promise, ms) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Timeout(`no answer in ${ms / 1000} s`)), ms); });
  // Whoever loses the race must not count as a failure that nobody handled.
  promise.catch(() => {});
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds for a browser to start and to open its GPU. */
const START_LIMIT = 90_000;

/** A browser of its own process tree, so that a hanging GPU can be ended with it. */
export class Worker {
  /** @param {{ executablePath: string, url: string }} options */
  constructor({ executablePath, url }) {
    this.executablePath = executablePath;
    this.url = url;
    /** @type {import('playwright').BrowserServer | undefined} */
    this.server = undefined;
    /** @type {import('playwright').Page | undefined} */
    this.page = undefined;
    this.adapter = '';
    this.browser = '';
  }

  /** The page, in a fresh browser where there is none. */
  async open() {
    if (this.page) return this.page;
    const { chromium } = await import('playwright');
    this.server = await chromium.launchServer({ executablePath: this.executablePath, args: flagsHere(), headless: true });
    const browser = await chromium.connect(this.server.wsEndpoint());
    this.browser = `chromium ${browser.version()}`;
    const page = await browser.newPage();
    const failed = new Promise((_, fail) => { page.on('pageerror', ({ message }) => fail(new Error(message))); });
    failed.catch(() => {});
    page.on('crash', () => this.crashed?.());
    try {
      await page.goto(`${this.url}src/mutation/mutate.html`);
      await Promise.race([failed, page.waitForFunction('globalThis.chainruleMutate !== undefined', undefined, { timeout: START_LIMIT })]);
      this.adapter = /** @type {string} */ (await within(page.evaluate('globalThis.chainruleMutate.ready()'), START_LIMIT));
    } catch (error) {
      await this.close();
      throw new CommandError(`npm run mutate: needs its page to start, got: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
    this.page = page;
    return page;
  }

  /** Whatever it hangs in, it is gone then. */
  async close() {
    const { server } = this;
    this.page = undefined;
    this.server = undefined;
    await server?.kill();
  }

  /** Every job of every section, or of those that are named. @param {readonly string[]} [names] @returns {Promise<{ section: string, jobs: Job[] }[]>} */
  async list(names) {
    const page = await this.open();
    return /** @type {{ section: string, jobs: Job[] }[]} */ (await page.evaluate((only) => /** @type {any} */ (globalThis).chainruleMutate.list(only), names));
  }

  /** How exact the adapter is. @returns {Promise<import('../check/calibrate.ts').Calibration>} */
  async calibration() {
    const page = await this.open();
    return /** @type {import('../check/calibrate.ts').Calibration} */ (await page.evaluate('globalThis.chainruleMutate.calibration()'));
  }

  /**
   * Runs one job; throws a Timeout or what the page threw. The browser is a new one after that.
   * @param {Task} task @param {number} limit milliseconds @param {boolean} [control] the same work without the bug
   * @returns {Promise<JobResult>}
   */
  async attempt({ section, job }, limit, control = false) {
    const page = await this.open();
    const crash = new Promise((_, fail) => { this.crashed = () => fail(new Error('the page crashed')); });
    crash.catch(() => {});
    try {
      const answer = page.evaluate(([name, id, without]) => /** @type {any} */ (globalThis).chainruleMutate.run(name, id, without), /** @type {const} */ ([section, job.id, control]));
      answer.catch(() => {});
      return /** @type {JobResult} */ (await within(Promise.race([answer, crash]), limit));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Runs one job, whatever it does. A bug that hangs or kills the GPU twice is found, where the same work without it
   * ends in time; a clean problem that does so is a false alarm.
   * @param {Task} task @param {number} limit milliseconds @returns {Promise<JobResult>}
   */
  async run(task, limit) {
    const started = Date.now();
    const { id, group, class: kind, name, harmless } = task.job;
    /** @param {JobResult['outcome']} outcome @param {string} by @returns {JobResult} */
    const result = (outcome, by) => ({ id, group, class: kind, name, outcome, by, ms: Date.now() - started });
    try {
      return await this.attempt(task, limit);
    } catch (first) {
      // A mistake of the campaign itself happens every time, and is no bug that was found.
      if (!isEnd(first)) return result('invalid', text(first));
    }
    try {
      await this.attempt(task, limit, true);
    } catch (error) {
      return result('invalid', `the same work without the bug does not end either: ${text(error)}`);
    }
    try {
      return await this.attempt(task, limit);
    } catch (second) {
      if (!isEnd(second)) return result('invalid', text(second));
      return result(kind === 'clean' ? 'false-alarm' : harmless ? 'wrong-reason' : 'killed', `${second instanceof Timeout ? 'timeout: ' : ''}${text(second)}`);
    }
  }
}

/** @param {unknown} error */
const text = (error) => (error instanceof Error ? error.message.split('\n')[0] : String(error));

/** Whether a job did not come to its end: it hung, or took the GPU or the page with it. @param {unknown} error */
const isEnd = (error) => error instanceof Timeout || isDeath(error);

/** Whether an error says that the GPU's process or the page is gone. @param {unknown} error */
function isDeath(error) {
  return error instanceof Error && /DeviceLostError|page crashed|Target (page|crashed)|has been closed|device to stay/i.test(`${error.name} ${error.message}`);
}

/** Jobs of one group that a worker takes at once: what a page has prepared for one serves the next. */
const CHUNK = 12;

/**
 * Runs tasks on several workers; the results come in the tasks' order.
 * @param {readonly Task[]} tasks @param {readonly Worker[]} workers @param {number} limit milliseconds for one job
 * @param {(done: number, result: JobResult, task: Task) => void} [onResult] @returns {Promise<JobResult[]>}
 */
export async function runAll(tasks, workers, limit, onResult) {
  /** @type {number[][]} */
  const chunks = [];
  tasks.forEach(({ section, job }, index) => {
    const open = chunks.at(-1);
    const first = open && tasks[open[0]];
    if (open && first?.section === section && first.job.group === job.group && open.length < CHUNK) open.push(index);
    else chunks.push([index]);
  });
  /** @type {JobResult[]} */
  const results = [];
  let done = 0;
  await Promise.all(workers.map(async (worker) => {
    for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
      for (const index of chunk) {
        const result = await worker.run(tasks[index], limit);
        results[index] = result;
        done += 1;
        onResult?.(done, result, tasks[index]);
      }
    }
    await worker.close();
  }));
  return results;
}
