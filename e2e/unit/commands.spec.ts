import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { chooseAdapter, findBrowser, flags } from '../../src/cli/browser.mjs';
import { nodeTooOld, portRule, readOptions } from '../../src/cli/command.mjs';
import { reasonToInstall } from '../../src/cli/install.mjs';
import { opener } from '../../src/cli/start.mjs';
import { judge as judgeTest } from '../reporter.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function command(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [`src/cli/${name}.mjs`, ...args], { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } });
}

for (const [name, script] of [['start', 'npm start'], ['build', 'npm run build'], ['verify', 'npm run verify'], ['check', 'npm run check'], ['float16', 'npm run test:float16'], ['texts', 'npm run test:texts']] as const) {
  test(`${script} explains itself and refuses an unknown option`, () => {
    const help = command(name, ['--help']);
    expect([help.status, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain(script);
    const unknown = command(name, ['--colour']);
    expect([unknown.status, unknown.stdout]).toEqual([2, '']);
    expect(unknown.stderr).toBe(`${script}: unknown option "--colour". ${script} -- --help lists the options.\n`);
  });
}

test('npm test explains itself, and fails when no test ran', () => {
  expect(command('test', ['--help']).stdout).toContain('N passed, N failed, N skipped');
  const output = mkdtempSync(join(tmpdir(), 'chainrule-output-'));
  const none = command('test', ['--project=unit', '-g', 'no test has this name', '--output', output]);
  rmSync(output, { recursive: true });
  expect(none.status).toBe(1);
  expect(none.stdout).toContain('types and lint are left out');
  expect(none.stdout.trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed, 0 skipped');
});

test('how a test counts', () => {
  expect(judgeTest('expected', [])).toEqual(['passed', '']);
  expect(judgeTest('unexpected', [])).toEqual(['failed', '']);
  expect(judgeTest('flaky', [])[0]).toBe('failed');
  expect(judgeTest('skipped', [{ type: 'skip', description: 'no file' }])).toEqual(['skipped', 'no file']);
  expect(judgeTest('skipped', [{ type: 'skip' }])).toEqual(['failed', 'skipped without a reason']);
  expect(judgeTest('skipped', [])).toEqual(['failed', 'did not run']);
});

test('options are read, and what is not understood is refused', () => {
  const rules = { port: { type: 'value', check: portRule }, open: { type: 'flag' } } as const;
  expect(readOptions('x', rules, ['--port', '80', '--open'])).toEqual({ port: '80', open: true });
  expect(readOptions('x', rules, ['--port=80'])).toEqual({ port: '80' });
  for (const [args, message] of [
    [['--port'], '--port needs a value'], [['--port', '0'], 'needs a port from 1 to 65535, got "0"'], [['--port', '8e1'], 'needs a port'],
    [['--open=1'], '--open takes no value'], [['--open', '--open'], 'given twice'], [['open'], 'unknown option "open"'], [['--toString'], 'unknown option'],
  ] as const) {
    expect(() => readOptions('x', rules, args), args.join(' ')).toThrow(message);
  }
});

test('an old Node is named', () => {
  expect(['v20.19.0', 'v20.20.2', 'v22.0.0', 'v24.1.0'].map(nodeTooOld)).toEqual([undefined, undefined, undefined, undefined]);
  expect(nodeTooOld('v20.18.3')).toContain('needs Node 20.19 or newer, got v20.18.3');
  expect(nodeTooOld('v18.20.0')).toContain('https://nodejs.org');
});

test('dependencies are installed when they are not the locked ones', () => {
  const entry = { version: '1.0.0', integrity: 'sha512-a' };
  const lock = { packages: { '': {}, 'node_modules/a': entry, 'node_modules/b': { ...entry, optional: true } } };
  const all = () => true;
  expect(reasonToInstall(lock, { packages: { 'node_modules/a': entry } }, all)).toBeUndefined();
  expect(reasonToInstall(lock, undefined, all)).toContain('missing');
  expect(reasonToInstall(lock, { packages: {} }, all)).toContain('node_modules/a is missing');
  expect(reasonToInstall(lock, { packages: { 'node_modules/a': entry } }, () => false)).toContain('node_modules/a is missing');
  expect(reasonToInstall(lock, { packages: { 'node_modules/a': { ...entry, version: '1.0.1' } } }, all)).toContain('not the one');
  expect(reasonToInstall(lock, { packages: { 'node_modules/a': { ...entry, integrity: 'sha512-b' } } }, all)).toContain('not the one');
  expect(reasonToInstall(lock, { packages: { 'node_modules/a': entry, 'node_modules/c': entry } }, all)).toContain('node_modules/c is not in');
});

test('the browser is the one that CHROME_PATH names, or none', () => {
  expect(findBrowser({ CHROME_PATH: process.execPath })).toBe(process.execPath);
  expect(() => findBrowser({ CHROME_PATH: '/nowhere/chrome' })).toThrow('got "/nowhere/chrome", which does not exist. Correct it or unset it.');
  expect(() => findBrowser({ CHROME_PATH: root })).toThrow('cannot be executed');
});

test('flags give each platform an adapter', () => {
  for (const platform of ['linux', 'darwin', 'win32']) {
    expect(flags(platform, { software: true })).toContain('--use-webgpu-adapter=swiftshader');
    const gpu = flags(platform, { software: false });
    expect(gpu).toContain('--enable-unsafe-webgpu');
    expect(gpu.includes('--use-angle=vulkan'), platform).toBe(platform === 'linux');
    expect(gpu).not.toContain('--use-webgpu-adapter=swiftshader');
    // The sandbox goes only where Chrome refuses to start with it.
    expect(gpu).not.toContain('--no-sandbox');
    expect(flags(platform, { software: false, asRoot: true }).includes('--no-sandbox'), platform).toBe(platform === 'linux');
  }
  expect(chooseAdapter({}, 'linux', () => false)).toBe('swiftshader');
  expect(chooseAdapter({}, 'linux', () => true)).toBe('gpu');
  expect(chooseAdapter({}, 'darwin', () => false)).toBe('gpu');
  expect(chooseAdapter({ CHAINRULE_ADAPTER: 'swiftshader' }, 'darwin')).toBe('swiftshader');
  expect(chooseAdapter({ CHAINRULE_ADAPTER: 'gpu' }, 'linux', () => false)).toBe('gpu');
  expect(() => chooseAdapter({ CHAINRULE_ADAPTER: 'cpu' }, 'linux')).toThrow('needs to be gpu or swiftshader, got "cpu"');
});

test('npm start opens a browser only where somebody sees it', () => {
  expect(opener('darwin', {})).toEqual(['open']);
  expect(opener('win32', {})?.[0]).toBe('cmd');
  expect(opener('linux', { DISPLAY: ':0' })).toEqual(['xdg-open']);
  expect(opener('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toEqual(['xdg-open']);
  for (const env of [{}, { CI: 'true', DISPLAY: ':0' }, { SSH_CONNECTION: '1', DISPLAY: ':0' }]) expect(opener('linux', env)).toBeUndefined();
});

test('npm start serves the working tree until Ctrl-C, and names a port that is taken', async () => {
  const taken = createServer().listen(0, 'localhost');
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  const refused = command('start', ['--no-open', '--port', port]);
  expect([refused.status, refused.stderr.trim()]).toEqual([1, `npm start: needs a free port, got ${port}, which is in use. Choose another with --port.`]);
  taken.close();
  await once(taken, 'close');

  const folder = mkdtempSync(join(tmpdir(), 'chainrule-outside-'));
  const secret = join(folder, 'secret.txt');
  writeFileSync(secret, 'secret');
  const child = spawn(process.execPath, ['src/cli/start.mjs', '--no-open', '--port', port], { cwd: root });
  try {
    let printed = '';
    const url = await new Promise<string>((done, fail) => {
      child.stdout.on('data', (chunk) => {
        printed += chunk;
        const found = /Chainrule is at (\S+)/.exec(printed)?.[1];
        if (found) done(found);
      });
      child.on('exit', (code) => fail(new Error(`npm start ended with ${code}:\n${printed}`)));
    });
    expect(new URL(url).port).toBe(port);
    const harness = await fetch(`${url}e2e/harness.html`);
    expect([harness.status, await harness.text()]).toEqual([200, expect.stringContaining('Chainrule test harness')]);
    const outside = await fetch(new URL(`/@fs/${secret.replaceAll('\\', '/').replace(/^\//, '')}`, url));
    expect(outside.status, 'nothing beside the project is served').toBe(403);
    child.kill('SIGINT');
    const [code, signal] = await once(child, 'exit');
    // Windows has no signal to catch: there kill ends the process.
    if (process.platform !== 'win32') expect([code, signal]).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
