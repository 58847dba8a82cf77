import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { summarize, table } from '../../src/cli/mutate-report.mjs';
import { readResults, resultsFile, sourcesDigest } from '../../src/cli/mutate-results.mjs';
import { Worker } from '../../src/cli/mutate-pool.mjs';
import { choose, shardRule } from '../../src/cli/mutate.mjs';
import type { MutationResult } from '../../src/mutation/result.ts';
import type { Job } from '../../src/mutation/section.ts';

type Result = MutationResult['results'][number];

const result = (change: Partial<Result>): Result => ({ section: 'ops', id: 'relu: text, the mask dropped', group: 'relu', class: 'text', name: 'the mask dropped', outcome: 'killed', ms: 5, ...change });
const summary = (results: readonly Result[]): MutationResult =>
  summarize({ version: '1.2.3', adapter: 'SwiftShader', browser: 'chromium 156', scope: 'core', shard: null, seconds: 12, results });

test('only a campaign without a survivor, a false alarm, a wrong reason and a job that did not run passes', () => {
  const good = [result({}), result({ outcome: 'equivalent', by: 'a + b is b + a' }), result({ class: 'clean', outcome: 'passed' })];
  expect(summary(good).passed).toBe(true);
  expect(summary([]).passed).toBe(false);
  for (const outcome of ['survived', 'wrong-reason', 'false-alarm', 'invalid'] as const) {
    const bad = summary([...good, result({ outcome, id: 'the one' })]);
    expect(bad.passed, outcome).toBe(false);
    expect(table(bad)).toContain(`${outcome.toUpperCase()} ops: the one`);
  }
  // A net need not show every bug, if the samples of its op find that very bug.
  const inNet = result({ section: 'nets', group: 'small', name: 'relu: no mask', outcome: 'survived' });
  const alone = result({ section: 'ops', group: 'relu', name: 'no mask', outcome: 'killed' });
  expect(summary([...good, inNet]).passed).toBe(false);
  expect(summary([...good, inNet, alone]).passed).toBe(true);
  expect(table(summary([...good, inNet, alone]))).not.toContain('SURVIVED');
  expect(summary([...good, inNet, { ...alone, outcome: 'survived' }]).passed).toBe(false);
});

test('scores count what was killed, and what a report could say', () => {
  const { diagnosis, byClass, byGroup } = summary([
    result({ rightKernel: true, rightExplanation: true }), result({ rightKernel: true, rightExplanation: false }), result({ rightKernel: false }),
    result({ class: 'launch', outcome: 'equivalent', rightKernel: false }), result({ class: 'hang', group: 'reduce', by: 'timeout' }),
  ]);
  expect(diagnosis).toEqual({ kernel: { right: 2, of: 3 }, explanation: { right: 1, of: 2 } });
  expect(byClass).toMatchObject({ text: { total: 3, killed: 3 }, launch: { total: 1, equivalent: 1 }, hang: { killed: 1 } });
  expect(byGroup).toMatchObject({ relu: { total: 4 }, reduce: { total: 1 } });
});

test('practices are counted over bugs that change a number, and over clean nets', () => {
  const net = (accuracy: number, backward = true) => ({ firstLoss: 1, lastLoss: 0.1, accuracy, backward });
  const inNet = (change: Partial<Result>): Result => result({ section: 'nets', group: 'small', practices: { falls: false, golden: true }, net: net(0.99), ...change });
  const { practices, trainedAnyway } = summary([
    inNet({}), inNet({ practices: { falls: true, golden: true }, net: net(0.5) }), inNet({ outcome: 'survived', practices: { falls: false, golden: false } }), inNet({ outcome: 'equivalent' }),
    inNet({ net: net(1, false) }), inNet({ class: 'clean', outcome: 'passed', practices: { falls: false, golden: false }, net: net(1) }),
  ]);
  expect(practices).toEqual([
    { name: 'falls', noticed: 1, of: 4, falseAlarms: 0, clean: 1 }, { name: 'golden', noticed: 3, of: 4, falseAlarms: 0, clean: 1 }, { name: 'chainrule', noticed: 3, of: 4, falseAlarms: 0, clean: 1 },
  ]);
  expect(trainedAnyway).toEqual({ right: 1, of: 2 });
});

test('options choose jobs: the core set, everything, one op, one part', () => {
  const job = (id: string, group: string, core = true): Job => ({ id, group, class: 'text', name: id, core });
  const listed = [{ section: 'ops', jobs: [job('a', 'relu'), job('b', 'relu', false), job('c', 'tanh')] }, { section: 'nets', jobs: [job('d', 'small')] }];
  const ids = (options: Record<string, string | true>): string => choose(listed, options).map(({ job: { id } }) => id).join('');
  expect([ids({}), ids({ all: true }), ids({ op: 'relu' }), ids({ section: 'nets' })]).toEqual(['acd', 'abcd', 'a', 'd']);
  expect([ids({ all: true, shard: '1/3' }), ids({ all: true, shard: '2/3' }), ids({ all: true, shard: '3/3' })]).toEqual(['ad', 'b', 'c']);
  expect(() => ids({ op: 'gelu' })).toThrow(/--op among relu, tanh, small, got nothing/);
  expect([shardRule('2/3'), shardRule('3/3')]).toEqual([undefined, undefined]);
  for (const wrong of ['0/3', '4/3', '1', 'a/b', '1/3/5']) expect(shardRule(wrong)).toBe('a part and a number of parts such as 2/4');
});

test('what does not end counts as found only where the same work without the bug ends, and twice', async () => {
  const late = async (): Promise<never> => { throw new Error('the page crashed'); };
  const wrong = async (): Promise<never> => { throw new Error('no such job'); };
  const fine = async () => result({});
  const outcomes = async (job: Partial<Job>, ...answers: (() => Promise<Result>)[]): Promise<string> => {
    const worker = new Worker({ executablePath: '', url: '' });
    const asked: boolean[] = [];
    worker.attempt = async (_task, _limit, control = false) => {
      asked.push(control);
      return answers[asked.length - 1]!();
    };
    const { outcome } = await worker.run({ section: 'ops', job: { id: 'a', group: 'relu', class: 'text', name: 'a', core: true, ...job } }, 1);
    return `${outcome} after ${asked.map((control) => (control ? 'without' : 'with')).join(', ')}`;
  };
  expect(await outcomes({}, fine)).toBe('killed after with');
  expect(await outcomes({}, wrong)).toBe('invalid after with');
  expect(await outcomes({}, late, fine, late)).toBe('killed after with, without, with');
  expect(await outcomes({}, late, fine, fine)).toBe('killed after with, without, with');
  expect(await outcomes({}, late, fine, wrong)).toBe('invalid after with, without, with');
  expect(await outcomes({}, late, late)).toBe('invalid after with, without');
  expect(await outcomes({ harmless: true }, late, fine, late)).toBe('wrong-reason after with, without, with');
  expect(await outcomes({ class: 'clean' }, late, fine, late)).toBe('false-alarm after with, without, with');
});

test('results that were kept are not run again, unless they ended badly', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-results-'));
  const here = { version: '1.2.3', adapter: 'SwiftShader', browser: 'chromium 156', sources: sourcesDigest() };
  const path = join(folder, 'results.jsonl');
  try {
    const file = resultsFile(path, here);
    expect(file.find('ops', 'a')).toBe(undefined);
    file.add('ops', result({ id: 'a', outcome: 'survived' }));
    file.add('ops', result({ id: 'b' }));
    file.add('nets', result({ id: 'b', outcome: 'equivalent', by: 'it is 0' }));
    // A run that was killed while it wrote, and one that goes on.
    appendFileSync(path, '{"version":"1.2');
    resultsFile(path, { ...here, sources: 'others' }).add('ops', result({ id: 'c' }));
    const found = resultsFile(path, here);
    expect([found.find('ops', 'a'), found.find('ops', 'b')?.result.outcome, found.find('nets', 'b')?.result.by, found.find('ops', 'c')?.sources]).toEqual([undefined, 'killed', 'it is 0', 'others']);
    file.add('ops', result({ id: 'a' }));
    expect([...readResults(path, here).keys()]).toEqual(['ops: a', 'ops: b', 'nets: b', 'ops: c']);
    expect(() => resultsFile(join(folder, 'none', 'results.jsonl'), here)).toThrow(/--results needs a file that can be written, got .*none/);
    expect(() => readResults(path, { ...here, browser: 'chromium 157' })).toThrow(/needs results of browser chromium 157, got chromium 156 in .*results\.jsonl/);
    const lines = readFileSync(path, 'utf8').length;
    resultsFile(undefined, here).add('ops', result({ id: 'd' }));
    expect(readFileSync(path, 'utf8').length).toBe(lines);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  expect(here.sources).toMatch(/^[0-9a-f]{12}$/);
  expect(table(summary([result({})]))).not.toContain('earlier');
  expect(table(summarize({ ...summary([result({})]), earlier: 3 }))).toContain('3 of the results were kept from earlier sources');
});
