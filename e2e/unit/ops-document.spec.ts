import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { BEGIN, END, opRows, opsDocument, readmeTable, rowOf, withTable } from '../ops-document.ts';
import type { PrecisionFile } from '../precision.ts';
import { libraryOps } from '../../src/ops/index.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const precision = JSON.parse(readFileSync(path('e2e/precision/kernels.json'), 'utf8')) as PrecisionFile;

test('the tables of ops in README.md and docs/ops.md are what the generator makes of the registry', () => {
  const rows = opRows(precision);
  const readme = readFileSync(path('README.md'), 'utf8');
  const [document, table] = [opsDocument(rows, precision), withTable(readme, readmeTable(rows))];
  if (process.env.UPDATE_DOCUMENTS === '1') {
    writeFileSync(path('docs/ops.md'), document);
    writeFileSync(path('README.md'), table);
  }
  const hint = 'UPDATE_DOCUMENTS=1 npm test -- -g "tables of ops" writes them';
  expect(existsSync(path('docs/ops.md')) ? readFileSync(path('docs/ops.md'), 'utf8') : '', hint).toBe(document);
  expect(readFileSync(path('README.md'), 'utf8'), hint).toBe(table);
  for (const { op } of rows) expect(document, op.name).toContain(`| \`${op.name}(`);
});

test('documents say something of every op, in one line', () => {
  for (const { name, formula, notes = '' } of libraryOps) {
    expect(formula, name).toMatch(/^\S[^`\n]{2,160}$/);
    expect(notes, name).not.toMatch(/[`\n]|[^.]$/);
    expect(`${formula} ${notes}`, name).not.toMatch(/undefined|\bTODO\b/);
  }
  expect(new Set(libraryOps.map(({ name }) => name)).size).toBe(libraryOps.length);
});

test('a row holds the variants of its kernels, conventions and the worst error of any adapter', () => {
  const op = (name: string): (typeof libraryOps)[number] => libraryOps.find((one) => one.name === name)!;
  const file: PrecisionFile = {
    A: { relu: { worstSigma: 0.5, sample: 's' }, reluBackward: { worstSigma: 1.25, sample: 's' }, exp: { worstSigma: 3, sample: 's' } },
    B: { relu: { worstSigma: 1.5, sample: 's' } },
  };
  const relu = rowOf(op('relu'), file);
  expect([relu.worst, [...relu.kernels.keys()], relu.conventions]).toEqual([{ sigma: 1.5, kernel: 'relu' }, ['relu', 'reluBackward'], ["relu'(0) = 0"]]);
  expect(rowOf(op('softmax'), file).kernels.get('softmax')).toEqual(['row', 'subgroup', 'workgroup']);
  expect(rowOf(op('softmax'), file).worst).toBeUndefined();
  const document = opsDocument([relu, rowOf(op('abs'), {})], file);
  expect(document).toContain('| `relu(x)` | `out = max(x, 0)`<br>The gradient is 0 at 0.<br>Asserted: relu\'(0) = 0. | `relu`<br>`reluBackward` | 1.5 (`relu`) | ');
  expect(document).toContain('| `abs(x)` | `out = \\|x\\|`<br>');
  expect(document).toContain(' | – | ');
  expect(document).toContain('Measured on: A; B.');
  expect(readmeTable([relu])).toContain('| Activations | `relu` | 1.5 |');
});

test('the table takes the place of what stands between the marks', () => {
  expect(withTable(`a\n${BEGIN}\nold\n${END}\nb\n`, 'new')).toBe(`a\n${BEGIN}\nnew\n${END}\nb\n`);
  expect(() => withTable(`${END} ${BEGIN}`, 'new')).toThrow('README.md: needs the lines');
  expect(() => withTable('', 'new')).toThrow('README.md: needs the lines');
});
