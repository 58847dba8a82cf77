import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { dataFolder, sharedData } from '../src/cli/shared-data.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Serves the working tree for the whole run. Nothing is watched: every test sees the sources as they were first read. */
export default async function serve(): Promise<() => Promise<void>> {
  const server = await createServer({
    root,
    configFile: `${root}/vite.config.ts`,
    // `npm start` may be running from the same folder.
    cacheDir: '.cache/vite-e2e',
    logLevel: 'warn',
    // What examples train on.
    plugins: [sharedData(dataFolder(process.env))],
    server: { host: '127.0.0.1', port: 0, strictPort: true, hmr: false, watch: null },
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (!address || typeof address === 'string') throw new Error('e2e server: needs a TCP port, got none.');
  // Workers are started later and inherit the environment.
  process.env.CHAINRULE_URL = `http://127.0.0.1:${address.port}/`;
  return () => server.close();
}
