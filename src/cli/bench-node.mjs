// npm run bench:node: the same cases in Node through Dawn, for servers with a GPU and no browser.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, runIfStarted } from './command.mjs';
import { chooseAdapter } from './browser.mjs';
import { install } from './install.mjs';
import { benchFolder, installPeers, versionsOf } from './bench-install.mjs';
import { optionsHelp, readBenchOptions } from './bench-options.mjs';
import { schema } from './bench-result.mjs';
import { runCases } from './bench-run.mjs';
import { measureSizes } from './bench-size.mjs';
import { table } from './bench-table.mjs';

/** @typedef {import('./bench-result.mjs').BenchResult} BenchResult */

const help = `npm run bench:node [-- options]
Measures what 'npm run bench' does in Node through Dawn (the package webgpu, on Vulkan): for servers with a GPU. onnxruntime-web needs a
browser and is left out, as is the time from the import to the first step.

${optionsHelp}

CHAINRULE_ADAPTER=gpu insists on a GPU. Where there is none, the loader and the software adapter of an installed Chromium serve:
  LD_LIBRARY_PATH=/usr/lib/chromium VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json npm run bench:node`;

/** Milliseconds for one request. */
const patience = 5 * 60_000;

const program = join(benchFolder, '.cache/node/main.mjs');

/** onnxruntime-web's WebGPU provider is made for browsers. */
const absent = 'onnxruntime';

async function buildProgram() {
  const { build } = await import('vite');
  await build({
    root: benchFolder, configFile: join(benchFolder, 'vite.config.ts'), logLevel: 'error', ssr: { noExternal: true, external: ['webgpu'] },
    build: { ssr: join(benchFolder, 'node/main.ts'), outDir: '.cache/node', emptyOutDir: true, minify: false, target: 'node20', rolldownOptions: { input: join(benchFolder, 'node/main.ts'), output: { entryFileNames: 'main.mjs' } } },
  });
}

/** A process for each request. @param {(line: string) => void} say @returns {import('./bench-run.mjs').Host} */
function processHost(say) {
  return {
    ask: (request) => new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, JSON.stringify(request)], { stdio: ['ignore', 'pipe', 'pipe'] });
      const timer = setTimeout(() => child.kill('SIGKILL'), patience);
      let [answer, errors] = ['', ''];
      child.stdout.on('data', (data) => { answer += data; });
      child.stderr.on('data', (data) => {
        errors += data;
        const lines = errors.split('\n');
        errors = /** @type {string} */ (lines.pop());
        for (const line of lines) say(`  ${line}`);
      });
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(timer);
        if (errors) say(`  ${errors}`);
        try {
          resolve(JSON.parse(answer));
        } catch {
          reject(new CommandError(`npm run bench:node: needs an answer to ${JSON.stringify(request)}, got none: the process ended with ${signal ?? code}. `
            + 'Dawn needs Vulkan with an adapter; --help names a software one.'));
        }
      });
    }),
  };
}

await runIfStarted(import.meta.url, async (args) => {
  const options = readBenchOptions('npm run bench:node', args);
  if (options.help) {
    console.log(help);
    return 0;
  }
  if (options.document) throw new CommandError('npm run bench:node: --document is for npm run bench, whose result the document shows; use --json here.', 2);
  // What runs alongside goes to stderr, so that stdout is the result and nothing else.
  const say = (/** @type {string} */ line) => console.error(line);
  const start = performance.now();
  install(say);
  installPeers(say);
  say('building the program');
  await buildProgram();
  const found = await runCases(processHost(say), { ...options, peers: options.peers.filter((peer) => peer !== absent) }, say, {
    who: 'npm run bench:node', ...(process.env.CHAINRULE_ADAPTER ? { expects: chooseAdapter(process.env, process.platform) } : {}), sizes: () => measureSizes(options.peers),
  });
  /** @type {BenchResult} */
  const result = {
    schema, where: 'node', date: new Date().toISOString().slice(0, 10), seconds: (performance.now() - start) / 1000,
    runtime: `node ${process.version}`, flags: [], versions: versionsOf(), ...found,
  };
  console.log(options.json ? JSON.stringify(result, null, 2) : table(result));
  return result.passed ? 0 : 1;
});
