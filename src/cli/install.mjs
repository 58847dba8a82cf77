// Makes sure that node_modules holds what package-lock.json says. Only Node's own modules: it runs before there are others.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, root, runIfStarted } from './command.mjs';

/** @typedef {{ packages: Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }> }} Lock */

/**
 * Why `npm ci` is needed, or undefined. `installed` is npm's own note in node_modules of what it put there.
 * @param {Lock} lock @param {Lock | undefined} installed @param {(path: string) => boolean} exists
 * @returns {string | undefined}
 */
export function reasonToInstall(lock, installed, exists) {
  if (!installed) return 'node_modules is missing';
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === '') continue;
    const got = installed.packages[path];
    // npm leaves out what belongs to another platform, and those are the optional ones.
    if (!got) {
      if (wanted.optional || wanted.devOptional || wanted.peer) continue;
      return `${path} is missing`;
    }
    if (got.version !== wanted.version || got.integrity !== wanted.integrity) return `${path} is not the one in package-lock.json`;
    if (!exists(path)) return `${path} is missing`;
  }
  const extra = Object.keys(installed.packages).find((path) => path !== '' && !lock.packages[path]);
  return extra ? `${extra} is not in package-lock.json` : undefined;
}

/** @param {string} path @returns {Lock | undefined} */
function readLock(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** Installs the dependencies where they are not the locked ones. @param {(line: string) => void} say */
export function install(say) {
  const lock = readLock(join(root, 'package-lock.json'));
  if (!lock) throw new CommandError('install: needs package-lock.json, got none. Restore it from the repository.');
  const reason = reasonToInstall(lock, readLock(join(root, 'node_modules/.package-lock.json')), (path) => existsSync(join(root, path)));
  if (!reason) return;
  say(`dependencies: ${reason}, running npm ci`);
  // Under `npm start` npm names its own script; it then runs without a shell, also on Windows, where `npm` is npm.cmd.
  const npm = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const run = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  if (run.status !== 0) {
    // What went wrong stands first; npm's own help follows it.
    const output = `${run.error?.message ?? ''}${run.stdout ?? ''}${run.stderr ?? ''}`.trim().split('\n').slice(0, 30).join('\n');
    throw new CommandError(`install: npm ci failed. Is the npm registry reachable?\n${output}`);
  }
  say('dependencies: installed');
}

await runIfStarted(import.meta.url, async (args) => {
  if (args.length > 0) throw new CommandError(`install: unknown option ${JSON.stringify(args[0])}. It takes none.`, 2);
  install(console.log);
  console.log('dependencies: match package-lock.json');
});
