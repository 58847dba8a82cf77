import process from 'node:process';
import { findBrowser } from '../../src/cli/browser.mjs';
import { runAll, serveSources, Worker, type Task } from '../../src/cli/mutate-pool.mjs';
import { expect, test } from '../harness.ts';

test('a bug that never ends stops no other: it counts as found, and the rest goes on', async ({ adapter }) => {
  test.setTimeout(300_000);
  expect(adapter).not.toBe('');
  const server = await serveSources();
  const { chromium } = await import('playwright');
  const executablePath = findBrowser(process.env, chromium.executablePath())!;
  const worker = new Worker({ executablePath, url: server.url });
  try {
    const listed = await worker.list(['hang', 'step kernels']);
    const tasks = listed.flatMap(({ section, jobs }): Task[] => jobs.map((job) => ({ section, job })));
    const hanging = tasks.find(({ section }) => section === 'hang')!;
    const quick = tasks.filter(({ section }) => section === 'step kernels').slice(0, 2);
    const results = await runAll([quick[0]!, hanging, quick[1]!, { section: 'step kernels', job: { ...quick[0]!.job, id: 'nobody knows it' } }], [worker], 6_000);
    expect(results.map(({ outcome }) => outcome)).toEqual(['killed', 'killed', 'killed', 'invalid']);
    expect(results[1]!.by).toMatch(/^timeout: no answer in 6 s|lost|crash/i);
    expect(results[3]!.by).toContain('nobody knows it');
  } finally {
    await worker.close();
    await server.close();
  }
});
