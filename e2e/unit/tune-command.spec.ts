import { expect, test } from 'playwright/test';
import { libraryOps } from '../../src/ops/index.ts';
import { namesOf } from '../../src/ops/variants.ts';
import { MEASURED, TABLE } from '../../src/nn/tuning/table.ts';
import { tableText, winners } from '../../src/cli/tune.mjs';

const one = (sizeClass: string, chosen: string, by: 'rule' | 'measured') => ({ net: 'a net', family: 'matmul', label: 'a label', sizeClass, rule: 'small', chosen, by, variants: [] });

test('a class of work goes into the table where one variant was faster wherever it was measured', () => {
  expect(winners([
    one('a', 'quad', 'measured'), one('a', 'quad', 'measured'), one('b', 'quad', 'measured'), one('b', 'small', 'rule'),
    one('c', 'quad', 'measured'), one('c', 'tiled', 'measured'), one('d', 'small', 'rule'),
  ])).toEqual({ a: 'quad' });
});

test('what the command writes is what it reads', async () => {
  const table = { 'an adapter': { 'matmul: it\'s "m" 8 \\': 'quad' }, another: {} };
  const text = tableText(['here, today'], table);
  const plain = text.replaceAll(/(MEASURED|TABLE): [^=]+=/g, '$1 =');
  expect(await import(`data:text/javascript,${encodeURIComponent(plain)}`)).toMatchObject({ MEASURED: ['here, today'], TABLE: table });
});

test('the table names variants that there are, and says where it was measured', () => {
  const names = namesOf(libraryOps.flatMap(({ families = [] }) => families));
  expect(Object.keys(TABLE).length).toBe(MEASURED.length);
  for (const entries of Object.values(TABLE)) {
    for (const [work, variant] of Object.entries(entries)) expect(names[work.split(':')[0]!], work).toContain(variant);
  }
});
