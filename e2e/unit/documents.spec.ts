import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { blocksOf, documentBlocks, fits, missingOutput, writeBlocks } from '../documents.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles the blocks as strictly as the sources; returns what tsc says. */
function typeCheck(blocks: Parameters<typeof writeBlocks>[0], folder: string): string {
  // Runs side by side in one checkout must not take each other's files away.
  const path = `${root}/${writeBlocks(blocks, `${folder}-${process.pid}`)}`;
  writeFileSync(`${path}/tsconfig.json`, JSON.stringify({
    extends: '../../tsconfig.json',
    // An example may name a value only to show it.
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    // The sources that a block imports need the declarations of a package that has none.
    include: ['.', '../../shaders/*.d.ts'],
  }));
  const run = spawnSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', path, '--pretty', 'false'], { cwd: root, encoding: 'utf8' });
  rmSync(path, { recursive: true });
  return run.status === 0 ? '' : run.stdout + run.stderr || 'tsc failed without a word';
}

/** The commands of a shell block that do not exist, one sentence each. */
function badCommands(text: string, scripts: Readonly<Record<string, string>>): string[] {
  const problems: string[] = [];
  for (const [, script] of text.matchAll(/\bnpm (?:run )?([a-z][\w:-]*)/g)) {
    if (!['install', 'ci', 'exec', 'create', 'init', 'pack'].includes(script) && !Object.hasOwn(scripts, script)) problems.push(`npm has no script ${script}`);
  }
  for (const [, path] of text.matchAll(/^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*node ([^\s-]\S*)/gm)) {
    if (!existsSync(`${root}/${path}`)) problems.push(`node ${path}: no such file`);
  }
  return problems;
}

test('TypeScript blocks of the documents compile', () => {
  const blocks = documentBlocks().filter(({ tag }) => tag === 'ts' || tag === 'tsx');
  expect(blocks.length, 'ts blocks in the documents').toBeGreaterThan(0);
  expect(typeCheck(blocks, 'documents')).toBe('');
});

test('commands in the documents exist', () => {
  const blocks = documentBlocks().filter(({ tag }) => tag === 'sh');
  expect(blocks.length, 'sh blocks in the documents').toBeGreaterThan(0);
  const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  expect(blocks.flatMap(({ place, text }) => badCommands(text, scripts).map((problem) => `${place}: ${problem}`))).toEqual([]);
});

test('every block has a tag that a check knows', () => {
  const known = /^(ts|tsx|ts fragment|sh|json|html|wgsl|text)$/;
  expect(documentBlocks().filter(({ tag }) => !known.test(tag)).map(({ place, tag }) => `${place}: ${tag}`)).toEqual([]);
});

test('no document holds a placeholder', () => {
  const placeholder = /\b(TODO|TBD|FIXME|XXX)\b|^[A-Z]{5,}$/m;
  const found = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].flatMap((name) => placeholder.exec(readFileSync(`${root}/${name}`, 'utf8'))?.[0] ?? []);
  expect(found).toEqual([]);
  expect('a\nMEASURED\nb').toMatch(placeholder);
});

test('the checks find what is wrong', () => {
  const [good, bad] = blocksOf('X.md', '```ts\nconst a: number = 1;\n```\n\n- list\n  ```ts\n  const a: number = "";\n  ```\n');
  expect([good.place, bad.place, bad.text]).toEqual(['X.md:1', 'X.md:6', 'const a: number = "";\n']);
  expect(typeCheck([good], 'documents-good')).toBe('');
  expect(typeCheck([good, bad], 'documents-bad')).toContain("X-6.ts(1,7): error TS2322");
  expect(() => blocksOf('X.md', '```\nx\n```')).toThrow('X.md:1: needs a language');
  expect(() => blocksOf('X.md', '```ts\nx')).toThrow('X.md:1: needs an end');
  expect(badCommands('npm run gone\nnpm start -- --port 1\nnpm ci\nnode gone.mjs\n', { start: '' })).toEqual(['npm has no script gone', 'node gone.mjs: no such file']);
  expect(fits('loss 0.…', 'loss 0.12')).toBe(true);
  expect(fits('1.9', '1x9')).toBe(false);
  expect(missingOutput(['a', 'b'], ['a', 'c', 'b'])).toBeUndefined();
  expect(missingOutput(['a', 'b'], ['b', 'a'])).toBe('b');
});
