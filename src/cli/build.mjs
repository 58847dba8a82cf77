// npm run build: the library in dist, the page as static files in dist/lab.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, readOptions, root, runIfStarted } from './command.mjs';
import { install } from './install.mjs';

const help = `npm run build [-- options]
Builds the library into dist (index.js, gradcheck.js, kernels.js and their types: what the npm package holds) and the page into
dist/lab (static files for any server and any path).

  --help   this text`;

/** @param {'info' | 'silent'} logLevel */
export async function buildLab(logLevel) {
  const { build } = await import('vite');
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel });
}

/**
 * The library as ES modules, and its types. The checker's worker becomes a file beside it that is found relative to the
 * module, so that any bundler and any CDN can serve it.
 * @param {'info' | 'silent'} logLevel @param {string} [out] the folder, from the root
 */
export async function buildLibrary(logLevel, out = 'dist') {
  const { build } = await import('vite');
  rmSync(join(root, out), { recursive: true, force: true });
  await build({
    root, configFile: false, logLevel, base: './',
    worker: { format: 'es' },
    build: {
      target: 'es2022', outDir: out, emptyOutDir: false, minify: false,
      lib: { entry: { index: join(root, 'src/index.ts'), gradcheck: join(root, 'src/gradcheck.ts'), kernels: join(root, 'src/kernels.ts') }, formats: ['es'] },
    },
  });
  // The entry points and what they reach: tests and the page have no place in the package.
  const project = join(root, out, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false, declaration: true, emitDeclarationOnly: true, rewriteRelativeImportExtensions: true, allowImportingTsExtensions: false,
      rootDir: root, outDir: join(root, out, 'types'), paths: {},
    },
    include: [],
    files: ['src/index.ts', 'src/gradcheck.ts', 'src/kernels.ts', 'shaders/wgsl-preprocessor.d.ts'].map((file) => join(root, file)),
  }));
  const types = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', project], { cwd: root, encoding: 'utf8' });
  rmSync(project);
  if (types.status !== 0) throw new CommandError(`npm run build: needs sources without type errors, got:\n${types.stdout}${types.stderr}`);
}

await runIfStarted(import.meta.url, async (args) => {
  if (readOptions('npm run build', { help: { type: 'flag' } }, args).help) {
    console.log(help);
    return;
  }
  install(console.log);
  await buildLibrary('info');
  await buildLab('info');
});
