// How large a program gets that uses the library: through a bundler with minification, as a user's would.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './command.mjs';

/** What a program that trains an MLP and a CNN imports. Each name is used, so that none is dropped. */
export const TRAINING_PROGRAM = `
import { adam, compile, conv2d, crossEntropy, dataset, flatten, linear, maxPool2d, openDevice, relu, sequential } from 'chainrule';

export async function train(inputs, targets) {
  const device = await openDevice();
  const mlp = sequential(linear(784, 128), relu(), linear(128, 10));
  const cnn = sequential(conv2d(1, 6, 5), relu(), maxPool2d(2), flatten(), linear(864, 10));
  for (const [model, inputShape] of [[mlp, [784]], [cnn, [1, 28, 28]]]) {
    const trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adam(), inputShape, batchSize: 64, seed: 1 });
    await trainer.fit(dataset({ inputs, targets, inputShape, classes: 10 }), { epochs: 1 });
    await trainer.evaluate(dataset({ inputs, targets, inputShape, classes: 10 }));
  }
}
`;

/**
 * Bundles a program whose imports of `chainrule` mean the sources, and weighs what it makes.
 * @typedef {{ name: string, bytes: number }} ModuleSize `bytes` as the bundler leaves them before minification
 * @typedef {{ name: string, bytes: number, gzip: number, imports: string[], isEntry: boolean, code: string, modules: ModuleSize[] }} ChunkSize
 * @typedef {{ bytes: number, gzip: number, modules: ModuleSize[], chunks: ChunkSize[], later: ChunkSize[] }} ProgramSize `chunks` are loaded
 *   at once, and `bytes`, `gzip` and `modules` are theirs together; `later` are those that the program loads when it needs them
 * @param {string} program the text of an ES module @returns {Promise<ProgramSize>}
 */
export async function bundleSize(program) {
  const { build } = await import('vite');
  const entry = 'virtual:program';
  const result = await build({
    root, configFile: false, logLevel: 'silent',
    resolve: { alias: ['', '/gradcheck', '/kernels'].map((part) => ({ find: new RegExp(`^chainrule${part}$`), replacement: join(root, `src${part || '/index'}.ts`) })) },
    plugins: [{
      name: 'program',
      resolveId: (id) => (id === entry ? `\0${entry}` : undefined),
      load: (id) => (id === `\0${entry}` ? program : undefined),
    }],
    worker: { format: 'es' },
    // As for a server: for a page vite adds code of its own that loads chunks early.
    ssr: { noExternal: true },
    build: { ssr: true, write: false, minify: true, target: 'es2022', rolldownOptions: { input: entry, preserveEntrySignatures: 'allow-extension' } },
  });
  const [output] = Array.isArray(result) ? result : [result];
  if (!('output' in output)) throw new Error('bundleSize: needs the text of a program, got a watcher.');
  const all = output.output.flatMap((chunk) => (chunk.type !== 'chunk' ? [] : [{
    name: chunk.fileName, bytes: Buffer.byteLength(chunk.code), gzip: gzipSync(chunk.code, { level: 9 }).length, imports: chunk.imports, isEntry: chunk.isEntry, code: chunk.code,
    modules: largestFirst(Object.entries(chunk.modules).map(([id, { renderedLength }]) => ({ name: id.replace(`${root}/`, '').replace('\0', ''), bytes: renderedLength }))),
  }]));
  const names = new Set(all.filter(({ isEntry }) => isEntry).map(({ name }) => name));
  for (const name of names) for (const imported of all.find((chunk) => chunk.name === name)?.imports ?? []) names.add(imported);
  const chunks = all.filter(({ name }) => names.has(name));
  return {
    bytes: sum(chunks, 'bytes'), gzip: sum(chunks, 'gzip'), modules: largestFirst(chunks.flatMap(({ modules }) => modules)),
    chunks, later: all.filter(({ name }) => !names.has(name)),
  };
}

/** @param {ModuleSize[]} modules */
const largestFirst = (modules) => modules.sort((a, b) => b.bytes - a.bytes);

/** @param {ChunkSize[]} chunks @param {'bytes' | 'gzip'} of */
const sum = (chunks, of) => chunks.reduce((total, chunk) => total + chunk[of], 0);
