// Runs TypeScript in Node: a module and all that it imports, as one text of JavaScript.
import { join } from 'node:path';
import { root } from './command.mjs';

/**
 * @param {string} entry path from the root
 * @param {import('vite').Plugin[]} [plugins] may change the text of a module before it is compiled
 * @returns {Promise<string>}
 */
export async function bundle(entry, plugins = []) {
  const { build } = await import('vite');
  const result = await build({
    root, configFile: false, logLevel: 'silent', plugins, ssr: { noExternal: true },
    build: { ssr: join(root, entry), write: false, minify: false, target: 'node20', rolldownOptions: { output: { codeSplitting: false } } },
  });
  const [output] = Array.isArray(result) ? result : [result];
  if (!('output' in output)) throw new Error(`bundle: needs the text of ${entry}, got a watcher.`);
  return output.output[0].code;
}

/** An address that import() and new Worker() take, so that no file is left behind. @param {string} code */
export const urlOf = (code) => `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;

/** Imports a module of the library or of its tests. @param {string} entry path from the root @returns {Promise<any>} */
export async function load(entry) {
  return import(urlOf(await bundle(entry)));
}
