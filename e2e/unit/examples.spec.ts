import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { exampleNames, lineOf, problemOf, readRequest } from '../../src/cli/examples.mjs';
import { dataFolder, fileOf } from '../../src/cli/shared-data.mjs';
import type { ExampleRun } from '../../src/lab/examples.ts';

// What `npm run examples` decides without a browser.

const root = fileURLToPath(new URL('../..', import.meta.url));
const known = ['iris', 'lenet'];

test('every file of the folder is listed, and nothing else', () => {
  const listed = [...readFileSync(`${root}/examples/index.ts`, 'utf8').matchAll(/^ {2}'?([a-z-]+)'?: \(\) => import\('\.\/\1\.ts'\),$/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(exampleNames());
  expect(listed.length).toBeGreaterThan(8);
});

test('it runs all, or what is named', () => {
  expect(readRequest([], known)).toEqual({ names: known, reduced: false, json: false, help: false });
  expect(readRequest(['lenet', '--reduced', 'lenet', '--json'], known)).toEqual({ names: ['lenet'], reduced: true, json: true, help: false });
  expect(() => readRequest(['letter'], known)).toThrow('npm run examples: needs names among iris, lenet, got "letter".');
  expect(() => readRequest(['--fast'], known)).toThrow('npm run examples: unknown option "--fast".');
  expect(() => readRequest(['--reduced=yes'], known)).toThrow('--reduced takes no value');
});

const good: ExampleRun = {
  kind: 'done', title: 'Iris flowers', goal: 'at least 95 %', passed: true, reached: true, summary: '100.0 % right', steps: 1250, seconds: 3.2, adapter: 'a GPU',
  gradients: { passed: true, proven: 1300, total: 1310, text: '1300 of 1310' },
};

test('a run counts only with its goal, its proof and its steps', () => {
  expect(problemOf(good)).toBe(null);
  expect(problemOf({ ...good, reached: false })).toBe('missed its goal: 100.0 % right. Needed: at least 95 %.');
  expect(problemOf({ ...good, gradients: { ...good.gradients, passed: false } })).toContain('not proven');
  expect(problemOf({ ...good, gradients: { ...good.gradients, proven: 0 } })).toContain('not proven');
  expect(problemOf({ ...good, steps: 0 })).toBe('made no step.');
  expect(problemOf({ kind: 'missing', path: '/data/iris.csv' })).toBe('needs the data file /data/iris.csv, got none. SHARED_DIR names the folder that holds data/ (default ../shared).');
  expect(problemOf({ kind: 'unknown', names: known })).toBe('examples/index.ts does not list it, only iris, lenet.');
});

test('one line says it all', () => {
  expect(lineOf({ name: 'iris', run: good, problem: null }))
    .toBe('ok    iris: Iris flowers. Goal: at least 95 %. Result: 100.0 % right. 1,250 steps, 3 s, 1,300 of 1,310 gradients proven (10 below rounding noise)');
  expect(lineOf({ name: 'iris', run: { ...good, reached: false }, problem: 'missed it.' })).toMatch(/^FAIL {2}iris: .*\n {6}missed it\.$/s);
  expect(lineOf({ name: 'iris', run: null, problem: 'needs data.' })).toBe('FAIL  iris: needs data.');
});

test('data comes from SHARED_DIR, and from nowhere else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-data-'));
  try {
    writeFileSync(join(folder, 'iris.csv'), 'a');
    expect(dataFolder({ SHARED_DIR: folder })).toBe(join(folder, 'data'));
    expect(dataFolder({})).toBe(join(root, '../shared/data'));
    expect(fileOf(folder, '/iris.csv?t=1')).toBe(join(folder, 'iris.csv'));
    expect(fileOf(folder, '/a%20b/c.gz')).toBe(join(folder, 'a b/c.gz'));
    for (const url of ['/../x', '/%2e%2e/x', '/a/../../x', '/', '', '/%', '/a%00b']) expect(fileOf(folder, url), url).toBe(undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
