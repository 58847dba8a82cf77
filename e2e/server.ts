import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build, createServer, type Plugin } from 'vite';
import { dataFolder, fileOf, sharedData } from '../src/cli/shared-data.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** As `npm run build` does. The server for development has set NODE_ENV, by which a build would become one for development, too. */
async function buildPage(folder: string): Promise<void> {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    await build({ root, configFile: `${root}/vite.config.ts`, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
}

/** The page as users get it, under /built/: built when the first test asks for it, into a folder that goes with the run. */
function builtPage(folder: string): Plugin {
  let ready: Promise<unknown> | undefined;
  return {
    name: 'chainrule-built-page',
    configureServer: ({ middlewares }) => {
      middlewares.use('/built', (request, response, next) => {
        ready ??= buildPage(folder);
        ready.then(() => {
          const path = (request.url ?? '/').split('?')[0] === '/' ? '/index.html' : request.url!;
          const file = fileOf(folder, path);
          if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) return next();
          response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
          response.end(readFileSync(file));
        }).catch(next);
      });
    },
  };
}

/** Serves the working tree for the whole run. Nothing is watched: every test sees the sources as they were first read. */
export default async function serve(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-built-'));
  const server = await createServer({
    root,
    configFile: `${root}/vite.config.ts`,
    // `npm start` may be running from the same folder.
    cacheDir: '.cache/vite-e2e',
    logLevel: 'warn',
    // What examples train on, and what page tests open.
    plugins: [sharedData(dataFolder(process.env)), builtPage(folder)],
    server: { host: '127.0.0.1', port: 0, strictPort: true, hmr: false, watch: null },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error('e2e server: needs a TCP port, got none.');
  // Workers are started later and inherit the environment.
  process.env.CHAINRULE_URL = `http://127.0.0.1:${address.port}/`;
  return async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
}
