// How large a program gets that trains an MLP and a CNN with each library, through a bundler with minification.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { benchFolder } from './bench-install.mjs';

/** @typedef {import('./bench-result.mjs').SizeResult} SizeResult */

/** What has to be said of a size, and which chunks its program never loads. */
const programs = /** @type {const} */ ([
  { peer: 'chainrule', without: undefined, note: 'without the gradient checker, which is a module of its own; with every chunk that some trainings load when they ask for it' },
  { peer: 'tfjs', without: undefined, note: 'tfjs-core, tfjs-layers and the WebGPU backend, not the whole of @tensorflow/tfjs' },
  { peer: 'jax', without: /webgl/, note: 'without its WebGL backend, which it loads on demand; its optimisers would be a package of their own' },
  { peer: 'onnxruntime', without: undefined, note: 'inference only' },
]);

const gzip = (/** @type {string | Uint8Array} */ code) => gzipSync(code, { level: 9 }).length;

/** onnxruntime-web's WebAssembly, which its WebGPU program loads. */
function wasmOf() {
  const folder = join(benchFolder, 'node_modules/onnxruntime-web/dist');
  const name = readdirSync(folder).find((file) => file === 'ort-wasm-simd-threaded.asyncify.wasm');
  if (!name) throw new Error('npm run bench: needs the WebAssembly of onnxruntime-web, got none.');
  const code = readFileSync(join(folder, name));
  return { bytes: code.length, gzip: gzip(code) };
}

/** @param {readonly string[]} peers @returns {Promise<SizeResult[]>} */
export async function measureSizes(peers) {
  const { build } = await import('vite');
  /** @type {SizeResult[]} */
  const results = [];
  for (const { peer, without, note } of programs) {
    if (!peers.includes(peer)) continue;
    const result = await build({
      root: benchFolder, configFile: join(benchFolder, 'vite.config.ts'), logLevel: 'error',
      build: {
        write: false, minify: true, target: 'es2022', modulePreload: false,
        rolldownOptions: { input: join(benchFolder, `sizes/${peer}.ts`), preserveEntrySignatures: 'strict' },
      },
    });
    const [output] = Array.isArray(result) ? result : [result];
    if (!('output' in output)) throw new Error('npm run bench: needs the text of a program, got a watcher.');
    const chunks = output.output.flatMap((chunk) => (chunk.type === 'chunk' && !without?.test(chunk.fileName) ? [chunk.code] : []));
    const size = { bytes: chunks.reduce((sum, code) => sum + Buffer.byteLength(code), 0), gzip: chunks.reduce((sum, code) => sum + gzip(code), 0) };
    results.push({ peer, ...size, note });
    if (peer === 'onnxruntime') results.push({ peer: 'onnxruntime, WebAssembly', ...wasmOf(), note: 'loaded by its program' });
  }
  return results;
}
