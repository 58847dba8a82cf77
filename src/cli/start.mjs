// npm start: the page on a local server.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, portRule, readOptions, root, runIfStarted } from './command.mjs';
import { install } from './install.mjs';

const help = `npm start [-- options]
Installs the dependencies where they are missing, serves the page and opens it in your browser.

  --port <number>   the port; without it 5173, or the next free one
  --no-open         print the address, open no browser
  --help            this text

Ctrl-C stops it.`;

/**
 * The program that opens an address in the user's browser, or undefined where nobody would see it.
 * @param {string} platform @param {NodeJS.ProcessEnv} env @returns {[string, ...string[]] | undefined}
 */
export function opener(platform, env) {
  if (env.CI || env.SSH_CONNECTION || env.SSH_TTY) return undefined;
  if (platform === 'darwin') return ['open'];
  // The empty argument is the window's title: start takes its first quoted argument for one.
  if (platform === 'win32') return ['cmd', '/c', 'start', ''];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : undefined;
}

/** @param {string} url */
function open(url) {
  const [program, ...args] = opener(process.platform, process.env) ?? [];
  if (!program) return;
  // The address is printed, so a desktop without an opener loses nothing.
  spawn(program, [...args, url], { stdio: 'ignore', detached: true }).on('error', () => {}).unref();
}

await runIfStarted(import.meta.url, async (args) => {
  const options = readOptions('npm start', {
    port: { type: 'value', check: portRule }, 'no-open': { type: 'flag' }, help: { type: 'flag' },
  }, args);
  if (options.help) {
    console.log(help);
    return;
  }
  install(console.log);
  const { createServer } = await import('vite');
  const server = await createServer({
    root, configFile: join(root, 'vite.config.ts'), clearScreen: false, logLevel: 'warn',
    // A port that was asked for is the one the user will type: taking another in silence would confuse.
    server: options.port ? { port: Number(options.port), strictPort: true } : {},
  });
  try {
    await server.listen();
  } catch (error) {
    await server.close();
    const text = error instanceof Error ? error.message : String(error);
    throw new CommandError(/in use|EADDRINUSE/.test(text)
      ? `npm start: needs a free port, got ${options.port ?? 5173}, which is in use. Choose another with --port.`
      : `npm start: the server did not start: ${text}`);
  }
  const url = server.resolvedUrls?.local[0] ?? '';
  console.log(`Chainrule is at ${url}\nCtrl-C stops it.`);
  if (!options['no-open']) open(url);
  await new Promise((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
  await server.close();
  console.log('stopped');
});
