import process from 'node:process';
import { test as base, type Page } from 'playwright/test';
import type { Answer, HarnessGlobal, Library } from './harness-page.ts';

export { expect } from 'playwright/test';
export type { Caught, Library } from './harness-page.ts';

/** Problems of a page that no assertion asked about: uncaught errors, console errors, WebGPU's warnings, a crash. */
export interface Problems {
  /** Tells that this test provokes such a problem: those that match do not fail it. */
  allow(pattern: RegExp): void;
}

/**
 * Runs `body` in the browser. It sees only its two arguments: it travels as text, so what it needs from the test
 * comes in as `argument`. Numbers, strings, arrays, plain objects and typed arrays can go in and come back.
 */
export type Run = <T, A = undefined>(body: (lib: Library, argument: A) => Promise<T> | T, argument?: A) => Promise<T>;

interface HarnessPage {
  readonly page: Page;
  readonly adapter: string;
  /** Where problems go: to the test that is running. */
  report: (problem: string) => void;
}

function watch(page: Page, report: (problem: string) => void): void {
  page.on('pageerror', (error) => report(`uncaught: ${error.stack ?? error.message}`));
  page.on('crash', () => report('the page crashed'));
  page.on('console', (message) => {
    const text = message.text();
    // Chrome tells an uncaptured GPU error only as a warning; for us it is a wrong result that nobody noticed.
    const gpu = message.type() === 'warning' && /GPU|WGSL|\[(Invalid )?(Device|Buffer|Texture|ShaderModule|ComputePipeline|BindGroup|Queue|CommandEncoder|ComputePassEncoder|CommandBuffer)/.test(text);
    if (message.type() === 'error' || gpu) report(`console ${message.type()}: ${text} (${message.location().url})`);
  });
}

function serverUrl(): string {
  const url = process.env.CHAINRULE_URL;
  if (!url) throw new Error('harness: needs CHAINRULE_URL, which e2e/server.ts sets, got none. Start tests with npm test.');
  return url;
}

/** The body as text for the page, where it gets back the helper that its `using` declarations were turned into. */
function sourceOf(body: (lib: Library, argument: never) => unknown): string {
  const text = body.toString();
  const helper = /= (_usingCtx\d*)\(\)/.exec(text)?.[1];
  return helper ? `((${helper}) => ${text})(globalThis.harness.usingContext)` : `(${text})`;
}

interface TestFixtures {
  run: Run;
  problems: Problems & { report: (problem: string) => void };
  /** The adapter's name as the browser gives it. */
  adapter: string;
}

/** GPU tests take `run`: one page for all tests of a worker, so that pipelines stay compiled. Page tests take `page`, a fresh one each. */
export const test = base.extend<TestFixtures, { harness: HarnessPage }>({
  // eslint-disable-next-line no-empty-pattern
  baseURL: async ({}, use) => use(serverUrl()),

  // eslint-disable-next-line no-empty-pattern
  problems: async ({}, use) => {
    const seen: string[] = [];
    const allowed: RegExp[] = [];
    await use({ report: (problem) => seen.push(problem), allow: (pattern) => allowed.push(pattern) });
    const unexpected = seen.filter((problem) => !allowed.some((pattern) => pattern.test(problem)));
    if (unexpected.length === 0) return;
    const error = new Error(`The page reported ${unexpected.length} problem(s):\n${unexpected.join('\n')}`);
    // This file's lines would say nothing about the test.
    error.stack = error.message;
    throw error;
  },

  harness: [async ({ browser }, use) => {
    const context = await browser.newContext({ baseURL: serverUrl() });
    const page = await context.newPage();
    const early: string[] = [];
    const harness = { page, adapter: '', report: (problem: string): void => { early.push(problem); } };
    watch(page, (problem) => harness.report(problem));
    await page.goto('e2e/harness.html');
    try {
      await page.waitForFunction('globalThis.harness !== undefined', undefined, { timeout: 60_000 });
    } catch {
      throw new Error(`harness: needs e2e/harness.html to load, got ${early.join('; ') || 'no answer in 60 s'}.`);
    }
    const adapter = await page.evaluate<string | null>('globalThis.harness.adapter()');
    if (adapter === null) {
      throw new Error(`harness: needs a WebGPU adapter, got none in ${browser.browserType().name()} ${browser.version()}. `
        + 'Set CHROME_PATH to a current Chrome, or CHAINRULE_ADAPTER=swiftshader to run in software.');
    }
    harness.adapter = `${adapter} (${browser.browserType().name()} ${browser.version()})`;
    await use(harness);
    await context.close();
  }, { scope: 'worker', timeout: 90_000 }],

  adapter: async ({ harness }, use, info) => {
    // The reporter prints it once.
    info.annotations.push({ type: 'adapter', description: harness.adapter });
    await use(harness.adapter);
  },

  run: async ({ harness, problems, adapter }, use) => {
    void adapter;
    harness.report = problems.report;
    const run: Run = async (body, argument) => {
      const call = new Error();
      Error.captureStackTrace(call, run);
      // As text first: only Playwright's own functions can be sent together with an argument, and `lib` lives in the page.
      await using handle = await harness.page.evaluateHandle<unknown>(sourceOf(body));
      const answer = await harness.page.evaluate<Answer, { body: unknown; argument: unknown }>(
        ({ body, argument }) => (globalThis as unknown as { harness: HarnessGlobal }).harness.run(body as never, argument),
        { body: handle, argument },
      );
      if (answer.error === null) return answer.value as never;
      // The stack names the test's line, the message the page's.
      call.message = `in the page: ${answer.error}`;
      call.stack = `Error: ${call.message}\n${call.stack?.split('\n').slice(1).join('\n')}`;
      throw call;
    };
    await use(run);
    // A GPU error arrives after the work that caused it: one round trip lets it reach this test and not the next.
    await harness.page.evaluate('new Promise((done) => setTimeout(done))').catch(() => {});
  },

  page: async ({ page, problems }, use) => {
    watch(page, problems.report);
    await use(page);
  },
});
