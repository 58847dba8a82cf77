// npm run build: the page as static files in dist/lab.
import { join } from 'node:path';
import { readOptions, root, runIfStarted } from './command.mjs';
import { install } from './install.mjs';

const help = `npm run build [-- options]
Builds the page into dist/lab: static files for any server and any path.

  --help   this text`;

/** @param {'info' | 'silent'} logLevel */
export async function buildLab(logLevel) {
  const { build } = await import('vite');
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel });
}

await runIfStarted(import.meta.url, async (args) => {
  if (readOptions('npm run build', { help: { type: 'flag' } }, args).help) {
    console.log(help);
    return;
  }
  install(console.log);
  await buildLab('info');
});
