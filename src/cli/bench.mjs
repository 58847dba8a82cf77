// npm run bench: the library against its peers, side by side in one headless browser.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { root, runIfStarted } from './command.mjs';
import { chooseAdapter, ensureBrowser, flagsHere } from './browser.mjs';
import { install } from './install.mjs';
import { benchmarkDocument } from './bench-document.mjs';
import { installPeers, versionsOf } from './bench-install.mjs';
import { optionsHelp, readBenchOptions } from './bench-options.mjs';
import { buildPage, pageHost, servePage } from './bench-page.mjs';
import { schema } from './bench-result.mjs';
import { measureRobustness, withoutRobustness } from './bench-robustness.mjs';
import { runCases } from './bench-run.mjs';
import { measureSizes } from './bench-size.mjs';
import { buildStartup, measureStartup } from './bench-startup.mjs';
import { table } from './bench-table.mjs';

/** @typedef {import('./bench-result.mjs').BenchResult} BenchResult */

const help = `npm run bench [-- options]
Measures chainrule and its peers (tfjs, jax-js, onnxruntime-web) in a headless browser: each result is checked first, then all run in
turn. The exit code is 1 where a required ratio is missed or a result is wrong. Without a GPU it takes less than 20 minutes on two cores.

${optionsHelp}

npm itself prints two lines before --json; 'npm run --silent bench -- --json' and 'node src/cli/bench.mjs --json' do not.
The peers are installed into bench/node_modules when it first runs. CHROME_PATH names the browser, CHAINRULE_ADAPTER=gpu|swiftshader the
kind of adapter.`;

await runIfStarted(import.meta.url, async (args) => {
  const options = readBenchOptions('npm run bench', args);
  if (options.help) {
    console.log(help);
    return 0;
  }
  // What runs alongside goes to stderr, so that stdout is the result and nothing else.
  const say = (/** @type {string} */ line) => console.error(line);
  const start = performance.now();
  install(say);
  installPeers(say);
  const executablePath = await ensureBrowser(say);
  say('building the page');
  await buildPage();
  const { chromium } = await import('playwright');
  const server = await servePage();
  const flags = flagsHere();
  const browser = await chromium.launch({ executablePath, args: flags, headless: true });
  /** @type {BenchResult} */
  let result;
  try {
    const found = await runCases(pageHost(browser, server.url, say), options, say, {
      expects: chooseAdapter(process.env, process.platform),
      startup: async (peers, rounds) => {
        await buildStartup();
        return measureStartup(browser, server.url, peers, rounds);
      },
      sizes: () => measureSizes(options.peers),
      robustness: async (names) => {
        const other = await chromium.launch({ executablePath, args: [...flags, withoutRobustness], headless: true });
        try {
          return await measureRobustness({ usual: pageHost(browser, server.url, () => {}), without: pageHost(other, server.url, () => {}) }, names, say);
        } finally {
          await other.close();
        }
      },
    });
    result = {
      schema, where: 'chrome', date: new Date().toISOString().slice(0, 10), seconds: (performance.now() - start) / 1000,
      runtime: `chromium ${browser.version()}`, flags, versions: versionsOf(), ...found,
    };
  } finally {
    await browser.close();
    await server.close();
  }
  if (options.document) {
    writeFileSync(join(root, 'docs/benchmarks.md'), benchmarkDocument(result));
    say('wrote docs/benchmarks.md');
  }
  console.log(options.json ? JSON.stringify(result, null, 2) : table(result));
  return result.passed ? 0 : 1;
});
