// Serves the data files beside the repository to pages that train on them: the examples and their tests.
import { createReadStream, statSync } from 'node:fs';
import { join, normalize, resolve, sep } from 'node:path';
import { root } from './command.mjs';

/** The folder with the data: `data` in SHARED_DIR, which is ../shared where it is not set. @param {NodeJS.ProcessEnv} env @returns {string} */
export function dataFolder(env) {
  return resolve(root, env.SHARED_DIR || '../shared', 'data');
}

/** The file that a request asks for, or undefined where it asks for one outside the folder. @param {string} folder @param {string} url @returns {string | undefined} */
export function fileOf(folder, url) {
  let name;
  try {
    name = decodeURIComponent(url.split(/[?#]/)[0]);
  } catch {
    return undefined;
  }
  const path = normalize(join(folder, name));
  return name.includes('\0') || !path.startsWith(folder + sep) || path.endsWith(sep) ? undefined : path;
}

/** @param {string | undefined} path */
function isFile(path) {
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * A plugin for Vite's server: the files lie under /shared-data/. For one that is not there the answer is empty (204, because browsers log
 * a 404 as an error) and names in `x-missing` where it was looked for.
 * @param {string} folder @returns {import('vite').Plugin}
 */
export function sharedData(folder) {
  return {
    name: 'chainrule-shared-data',
    configureServer(server) {
      server.middlewares.use('/shared-data/', (request, response) => {
        const path = fileOf(folder, request.url ?? '');
        if (path === undefined || !isFile(path)) {
          response.statusCode = 204;
          response.setHeader('x-missing', encodeURIComponent(path ?? folder));
          response.end();
          return;
        }
        // No content-encoding: the page reads .gz files itself.
        response.setHeader('content-type', 'application/octet-stream');
        createReadStream(path).pipe(response);
      });
    },
  };
}
