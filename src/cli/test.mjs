// npm test: types, lint, then every test, after installing what they need. Ends with the totals on one line.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, root, runIfStarted } from './command.mjs';
import { ensureBrowser } from './browser.mjs';
import { install } from './install.mjs';

const help = `npm test [-- arguments for Playwright]
Installs what it needs (dependencies, a browser), then checks types, lints and runs every test.
The last line is "N passed, N failed, N skipped"; the exit code is 1 after any failure or without a test.

  npm test -- -g matmul                  the tests whose names match
  npm test -- e2e/gpu/matmul.spec.ts     the tests of a file
  npm test -- --project unit             a project: unit, gpu or page
With arguments, types and lint are left out.

CHROME_PATH names the browser, CHAINRULE_ADAPTER=gpu|swiftshader the kind of adapter.`;

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/** @param {string} name @param {string[]} command @param {Totals} totals */
function check(name, command, totals) {
  const start = Date.now();
  const run = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  const passed = run.status === 0;
  totals[passed ? 'passed' : 'failed']++;
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${name}, ${((Date.now() - start) / 1000).toFixed(1)} s`);
  if (!passed) console.log(`${run.error?.message ?? ''}${run.stdout}${run.stderr}`.trimEnd());
}

/** @param {string[]} args @param {NodeJS.ProcessEnv} env @returns {Promise<number>} the exit code */
function playwright(args, env) {
  const cli = join(root, 'node_modules/playwright/cli.js');
  const child = spawn(process.execPath, [cli, 'test', '--config', 'e2e/playwright.config.ts', ...args], { cwd: root, env, stdio: 'inherit' });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code) => done(code ?? 1));
  });
}

/** @param {string} path @returns {Totals | undefined} */
function readTotals(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {string[]} args @param {Totals} totals */
async function runTests(args, totals) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env };
  let only = args;
  try {
    env.CHROME_PATH = await ensureBrowser(console.log);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    totals.failed++;
    console.log(`FAIL  ${error.message}\n      Only the unit tests can run.`);
    only = [...args, '--project', 'unit'];
    // The wrong path would stop those too.
    delete env.CHROME_PATH;
  }
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-test-'));
  try {
    env.CHAINRULE_TOTALS = join(folder, 'totals.json');
    const code = await playwright(only, env);
    const ran = readTotals(env.CHAINRULE_TOTALS) ?? { passed: 0, failed: 0, skipped: 0 };
    for (const key of /** @type {const} */ (['passed', 'failed', 'skipped'])) totals[key] += ran[key];
    if (code !== 0 && ran.failed === 0) {
      totals.failed++;
      console.log(`FAIL  Playwright ended with code ${code} and named no failing test`);
    } else if (ran.passed + ran.failed + ran.skipped === 0) {
      totals.failed++;
      console.log('FAIL  no test ran');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runIfStarted(import.meta.url, async (args) => {
  if (args.includes('--help')) {
    console.log(help);
    return 0;
  }
  /** @type {Totals} */
  const totals = { passed: 0, failed: 0, skipped: 0 };
  install(console.log);
  if (args.length > 0) {
    console.log('types and lint are left out: a part of the tests was asked for');
  } else {
    check('types', ['node_modules/typescript/bin/tsc', '--noEmit'], totals);
    check('lint', ['node_modules/oxlint/bin/oxlint', '--deny-warnings'], totals);
  }
  // A test.only that was left behind must not make the other tests vanish from a full run.
  await runTests(args.length > 0 ? args : ['--forbid-only'], totals);
  console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  return totals.failed > 0 || totals.passed === 0 ? 1 : 0;
});
