import { defineConfig } from 'playwright/test';
import process from 'node:process';
import { findBrowser, flagsHere } from '../src/cli/browser.mjs';

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  globalSetup: './server.ts',
  reporter: './reporter.ts',
  // A second try would hide a kernel that is wrong now and then.
  retries: 0,
  // Each worker runs a browser of its own, and a software adapter takes every core it gets.
  workers: 2,
  timeout: 120_000,
  // A loop that never yields stops even the timer of its own test: the runner ends it from outside, and the run has failed.
  globalTimeout: 30 * 60_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: 'chromium',
    headless: true,
    screenshot: 'only-on-failure',
    // Without a path Playwright names its own browser, or says that it is missing: unit tests need none.
    launchOptions: { executablePath: findBrowser(process.env), args: flagsHere() },
  },
  projects: [
    { name: 'unit', testDir: 'unit' },
    // The longest single tests are of the page: were they last, one worker would wait for the other.
    { name: 'page', testDir: 'page' },
    { name: 'gpu', testDir: 'gpu' },
  ],
});
