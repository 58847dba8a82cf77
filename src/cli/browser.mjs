// Finds a browser with WebGPU for tests and verify, and knows the flags that give it an adapter.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { CommandError, root } from './command.mjs';

const names = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'microsoft-edge-stable', 'microsoft-edge'];

/** Where installers put Chrome, Chromium and Edge. @param {string} platform @param {NodeJS.ProcessEnv} env @returns {string[]} */
function usualPaths(platform, env) {
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map((name) => `Applications/${name}.app/Contents/MacOS/${name}`);
    return [...apps.map((app) => `/${app}`), ...apps.map((app) => join(homedir(), app))];
  }
  if (platform === 'win32') {
    const folders = [env.ProgramFiles, env['ProgramFiles(x86)'], env.LOCALAPPDATA].filter((folder) => folder !== undefined);
    const apps = ['Google\\Chrome\\Application\\chrome.exe', 'Chromium\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'];
    return folders.flatMap((folder) => apps.map((app) => `${folder}\\${app}`));
  }
  const folders = [...(env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/bin', '/usr/local/bin', '/snap/bin'];
  return [...names.flatMap((name) => folders.map((folder) => join(folder, name))), '/opt/google/chrome/chrome'];
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * On Linux a found file may be a stub that asks for a snap, or lack a shared library; asking for its version tells.
 * Elsewhere `--version` opens a window, and installers are whole.
 * @param {string} path
 */
function starts(path) {
  return process.platform !== 'linux' || spawnSync(path, ['--version'], { timeout: 20_000, stdio: 'ignore' }).status === 0;
}

/**
 * The path of an installed browser, or undefined. `CHROME_PATH` decides alone where it is set: falling back in silence
 * would test another browser than the one that was asked for.
 * @param {NodeJS.ProcessEnv} [env] @param {string} [playwrightPath] Playwright's own Chromium, used where it exists
 * @returns {string | undefined}
 */
export function findBrowser(env = process.env, playwrightPath) {
  if (env.CHROME_PATH) {
    if (isExecutable(env.CHROME_PATH)) return env.CHROME_PATH;
    throw new CommandError(`browser: CHROME_PATH needs to name a program, got ${JSON.stringify(env.CHROME_PATH)}, `
      + `which ${existsSync(env.CHROME_PATH) ? 'cannot be executed' : 'does not exist'}. Correct it or unset it.`);
  }
  const paths = [...usualPaths(process.platform, env), ...(playwrightPath ? [playwrightPath] : [])];
  return [...new Set(paths)].find((path) => isExecutable(path) && starts(path));
}

/** @param {string} command @param {string[]} args @returns {string | undefined} its output if it failed */
function attempt(command, args) {
  const run = spawnSync(command, args, { cwd: root, encoding: 'utf8', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  return run.status === 0 ? undefined : `${run.error?.message ?? ''}${run.stdout ?? ''}${run.stderr ?? ''}`;
}

function canUseApt() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return process.platform === 'linux' && process.getuid?.() === 0 && /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release);
}

/** The path of a browser; installs one where there is none. @param {(line: string) => void} say @returns {Promise<string>} */
export async function ensureBrowser(say) {
  const { chromium } = await import('playwright');
  const own = chromium.executablePath();
  const found = findBrowser(process.env, own);
  if (found) return found;

  const tried = ['no Chrome, Chromium or Edge is installed'];
  const cli = join(root, 'node_modules/playwright/cli.js');
  say('browser: none found, trying playwright install chromium');
  if (attempt(process.execPath, [cli, 'install', '--no-shell', 'chromium']) === undefined) {
    if (starts(own)) return own;
    // The download lacks system libraries on a bare Linux; Playwright knows their names.
    if (canUseApt()) attempt(process.execPath, [cli, 'install-deps', 'chromium']);
    if (starts(own)) return own;
    tried.push('the one that Playwright downloaded does not start');
  } else {
    tried.push('Playwright could not download one');
  }
  if (canUseApt()) {
    say('browser: trying apt-get install chromium (this takes a minute)');
    const failed = attempt('apt-get', ['update']) ?? attempt('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
    const installed = failed === undefined ? findBrowser() : undefined;
    if (installed) return installed;
    tried.push(`apt-get could not install one${failed ? ` (${failed.trim().split('\n').at(-1)})` : ''}`);
  }
  throw new CommandError(`browser: needs Chrome, Chromium or Edge with WebGPU, got none: ${tried.join(', ')}. `
    + 'Install one, or set CHROME_PATH to the program.');
}

/** @returns {boolean} whether Linux shows a GPU's device file; a machine without one renders in software */
function hasGpuFile() {
  const cards = existsSync('/dev/dri') ? readdirSync('/dev/dri') : [];
  return cards.some((name) => name.startsWith('renderD')) || existsSync('/dev/nvidia0');
}

/**
 * Which adapter to ask for. `CHAINRULE_ADAPTER=swiftshader|gpu` decides; else software where Linux shows no GPU.
 * @param {NodeJS.ProcessEnv} env @param {string} platform @param {() => boolean} [gpu] @returns {'gpu' | 'swiftshader'}
 */
export function chooseAdapter(env, platform, gpu = hasGpuFile) {
  const wish = env.CHAINRULE_ADAPTER;
  if (wish === 'gpu' || wish === 'swiftshader') return wish;
  if (wish) throw new CommandError(`browser: CHAINRULE_ADAPTER needs to be gpu or swiftshader, got ${JSON.stringify(wish)}.`);
  return platform !== 'linux' || gpu() ? 'gpu' : 'swiftshader';
}

/**
 * The flags that give a headless browser WebGPU, and keep it from calling home in a closed network.
 * @param {string} platform @param {{ software: boolean, asRoot?: boolean }} options @returns {string[]}
 */
export function flags(platform, { software, asRoot = false }) {
  return [
    '--enable-unsafe-webgpu',
    ...(software ? ['--use-webgpu-adapter=swiftshader'] : []),
    // Headless Chrome on Linux takes the GPU only through Vulkan, and has no surface to present to.
    ...(!software && platform === 'linux'
      ? ['--use-angle=vulkan', '--enable-features=Vulkan', '--disable-vulkan-surface', '--ignore-gpu-blocklist'] : []),
    ...(platform === 'linux' && asRoot ? ['--no-sandbox'] : []),
    '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ];
}

/** @returns {string[]} the flags for this machine */
export function flagsHere() {
  const { platform, env } = process;
  return flags(platform, { software: chooseAdapter(env, platform) === 'swiftshader', asRoot: process.getuid?.() === 0 });
}
