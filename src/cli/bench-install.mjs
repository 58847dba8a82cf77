// The benchmark's own packages: large, and needed by nothing else.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, root } from './command.mjs';
import { reasonToInstall } from './install.mjs';

export const benchFolder = join(root, 'bench');

/** @param {string} path */
const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

/** Installs what bench/package-lock.json says, where it is not there. @param {(line: string) => void} say */
export function installPeers(say) {
  const lock = readJson(join(benchFolder, 'package-lock.json'));
  if (!lock) throw new CommandError('npm run bench: needs bench/package-lock.json, got none. Restore it from the repository.');
  const reason = reasonToInstall(lock, readJson(join(benchFolder, 'node_modules/.package-lock.json')), (path) => existsSync(join(benchFolder, path)));
  if (!reason) return;
  say(`peers: ${reason}, running npm ci in bench (some 400 MB)`);
  // None of them needs its install script, and one would try to download.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  const run = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: benchFolder, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: benchFolder, encoding: 'utf8', shell: process.platform === 'win32' });
  if (run.status !== 0) {
    const output = `${run.error?.message ?? ''}${run.stdout ?? ''}${run.stderr ?? ''}`.trim().split('\n').slice(0, 30).join('\n');
    throw new CommandError(`npm run bench: npm ci failed in bench. Is the npm registry reachable?\n${output}`);
  }
}

/** Which versions are compared. @returns {Record<string, string>} */
export function versionsOf() {
  const own = readJson(join(root, 'package.json'));
  const { dependencies } = readJson(join(benchFolder, 'package.json'));
  return { chainrule: own.version, ...dependencies };
}
