import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'playwright/test';
import { buildLibrary } from '../../src/cli/build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

// What npm would ship, as its users meet it: built, imported by plain Node, and compiled against with their own settings.
test('the built library loads in Node, and its types serve a user of either module resolution', async () => {
  const out = `.cache/library-${process.pid}`;
  try {
    await buildLibrary('silent', out);
    const use = `const m = await import('./index.js'); const g = await import('./gradcheck.js'); const k = await import('./kernels.js');
      console.log(JSON.stringify([m.spiral({ points: 10, seed: 1 }).length, typeof m.compile, typeof g.checkGradients, 'checkGradients' in m, typeof k.runRequests]));`;
    const node = spawnSync(process.execPath, ['--input-type=module', '-e', use], { cwd: `${root}/${out}`, encoding: 'utf8' });
    expect(node.stderr).toBe('');
    expect(JSON.parse(node.stdout)).toEqual([10, 'function', 'function', false, 'function']);

    // The checker's worker is a file beside the modules, named relative to them.
    const [worker] = readdirSync(`${root}/${out}/assets`).filter((name) => name.startsWith('worker-'));
    expect(readFileSync(`${root}/${out}/gradcheck.js`, 'utf8')).toContain(`new URL("assets/${worker}", import.meta.url)`);
    expect(gzipSync(readFileSync(`${root}/${out}/index.js`)).length, 'gzipped bytes of index.js, not minified').toBeLessThan(90_000);

    const user = `${root}/${out}/user`;
    mkdirSync(`${user}/node_modules/chainrule`, { recursive: true });
    const { exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { exports: unknown };
    writeFileSync(`${user}/node_modules/chainrule/package.json`, JSON.stringify({ name: 'chainrule', version: '0.0.0', type: 'module', exports }));
    symlinkSync(`${root}/${out}`, `${user}/node_modules/chainrule/dist`);
    writeFileSync(`${user}/package.json`, '{ "type": "module" }');
    writeFileSync(`${user}/use.ts`, `import { compile, linear } from 'chainrule'; import { checkGradients } from 'chainrule/gradcheck'; import 'chainrule/kernels';
      export const right: [typeof compile, typeof checkGradients] = [compile, checkGradients];
      export const wrong = linear('2', 3);`);
    for (const [module, moduleResolution] of [['esnext', 'bundler'], ['nodenext', 'nodenext']] as const) {
      const tsc = spawnSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '--ignoreConfig', '--pretty', 'false', '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022',
        '--module', module, '--moduleResolution', moduleResolution, 'use.ts'], { cwd: user, encoding: 'utf8' });
      // One error, where the argument is wrong: the types arrived and mean something.
      expect(tsc.stdout.trim().split('\n'), moduleResolution).toEqual([expect.stringContaining("use.ts(3,35): error TS2345: Argument of type 'string'")]);
    }
  } finally {
    rmSync(`${root}/${out}`, { recursive: true, force: true });
  }
});
