import fc from 'fast-check';
import { expect, test } from 'playwright/test';
import { checkSnapshot } from '../../src/check/check-snapshot.ts';
import { escaped, fenced, markdownTable, markdownText, printable } from '../../src/check/markdown.ts';
import { OpReport } from '../../src/check/op-report.ts';
import { Report } from '../../src/check/report.ts';
import { mlp } from './simulated-gpu.ts';

const NAME = 'w\u001b[31m|`*_<b>#1 ~x~ &amp; @someone\n| done \u202e';

test('a name is no markup, no mention, no new line and no escape sequence', () => {
  expect(escaped(NAME)).toBe('w\\[31m\\|\\`\\*\\_\\<b\\>\\#1 \\~x\\~ \\&amp; @\u200bsomeone \\| done ');
  expect(printable(NAME)).toBe('w[31m|`*_<b>#1 ~x~ &amp; @someone | done ');
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    // Without what is escaped, nothing is left that means anything.
    const bare = escaped(text).replaceAll(/\\[\\`*_{}[\]<>|#~&]/g, '').replaceAll('@\u200b', '');
    expect(bare).not.toMatch(/[\\`*_{}[\]<>|#~&@]|\p{Cc}/u);
    expect(printable(text)).not.toMatch(/\p{Cc}/u);
  }));
});

test('a table counts the rows that are too many, the right ones first', () => {
  const rows = Array.from({ length: 1000 }, (_, i) => ({ cells: [`row ${i}`], wrong: i === 999 }));
  const lines = markdownTable(['name'], rows);
  expect(lines.slice(0, 3)).toEqual(['| name |', '| --- |', '| row 0 |']);
  expect(lines).toContain('| row 999 |');
  expect(lines.at(-1)).toBe('and 800 more, none of them wrong');
  expect(markdownTable(['name'], rows.map((row) => ({ ...row, wrong: true }))).at(-1)).toBe('and 800 more, 800 of them wrong');
  expect(markdownTable(['name'], [{ cells: ['x'.repeat(30_000)] }]).at(-1)).toBe('and 1 more, none of them wrong');
});

test('no text is longer than a comment may be', () => {
  const long = markdownText(Array.from({ length: 5000 }, (_, i) => `line ${i} ${'x'.repeat(50)}`));
  expect(long.length).toBeLessThan(65_536);
  expect(long).toMatch(/\n\n… and [\d,]+ more lines: the report as text or JSON has them$/);
  expect(markdownText(['a', 'b', ''])).toBe('a\nb');
  expect(fenced(['```', 'a\u001bb'])).toEqual(['````text', '```', 'ab', '````']);
});

test('a report of thousands of tensors with such names fits, and names those that are wrong', () => {
  const { net, loss } = mlp(5, 9, [3, 11, 5], 'tanh', 'crossEntropy');
  const report = checkSnapshot(net.observed([{ tensor: loss }], undefined));
  const [tensor] = report.tensors;
  const many = new Report({
    ...report, tensors: Array.from({ length: 3000 }, (_, i) => ({ ...tensor!, name: `${NAME} ${i}`, ...(i === 2500 ? { verdict: 'fail' as const } : {}) })),
    launches: Array.from({ length: 3000 }, (_, i) => ({ ...report.launches[0]!, label: `${NAME} ${i}` })),
  });
  const markdown = many.toMarkdown();
  expect(markdown.length).toBeLessThan(65_536);
  expect(markdown).toContain(`${escaped(`${NAME} 2500`)} |`);
  expect(markdown).toMatch(/and 2,8\d\d more, none of them wrong/);
  expect(markdown).not.toContain('\u001b');
  expect(String(many)).not.toContain('\u001b');
  const op = new OpReport({ op: 'x', samples: [{ sample: NAME, cotangent: 'ones', passed: false, report: many }], conventions: [{ name: NAME, passed: false, got: NAME }], mutants: [] });
  expect(String(op)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  expect(op.toMarkdown()).toContain(`| ${escaped(NAME)} |`);
  expect(op.toMarkdown().split('\n').filter((line) => line.startsWith('| ')).length).toBe(3);
});
