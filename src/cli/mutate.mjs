// npm run mutate: plants bugs in kernels and launches and says which of them the checker finds.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, readOptions, root, runIfStarted } from './command.mjs';
import { ensureBrowser } from './browser.mjs';
import { load } from './bundle.mjs';
import { install } from './install.mjs';
import { checkerMutants, misplaced, mutateChecker } from './mutate-checker.mjs';
import { runAll, serveSources, Worker } from './mutate-pool.mjs';
import { summarize, table } from './mutate-report.mjs';
import { resultsFile, sourcesDigest } from './mutate-results.mjs';
import { proofDocument } from './proof-document.mjs';
import { proofRecord } from './proof-record.mjs';

const help = `npm run mutate [-- options]
Plants bugs in the library's kernels (WGSL) and launches, one at a time, runs the gradient checker on each, and prints how many it
found, how many it let pass, and which change no number (each with the reason). Clean problems run beside them: none may fail.
The exit code is 1 where a bug survives, a clean problem fails, or a job could not be run.

  --all           every bug in every place, not the core set
  --shard i/n     only the i-th of n equal parts, for --all on several machines
  --results file  keeps every result in this file as it comes, and does not run again what ended well there: a campaign that was cut
                  off goes on, and the files of several machines make one (cat). It is for one version, adapter and browser.
  --op name       only the bugs of one op, net or step kernel
  --section name  only one section
  --document      writes docs/proof.json and docs/proof.md, too
  --workers n     browsers at the same time (default 2)
  --limit s       seconds for one bug; what takes longer hangs, and is found (default 60)
  --json          print only the result as JSON (schema chainrule/mutation/1: src/mutation/result.ts). npm itself prints two lines
                  before it; 'npm run --silent mutate -- --json' and 'node src/cli/mutate.mjs --json' do not.
  --help          this text

CHROME_PATH names the browser, CHAINRULE_ADAPTER=gpu|swiftshader the kind of adapter.`;

/** @param {number} most @returns {(text: string) => string | undefined} */
const wholeNumber = (most) => (text) => (/^[1-9]\d*$/.test(text) && Number(text) <= most ? undefined : `a whole number from 1 to ${most}`);

/** @param {string} text @returns {string | undefined} */
export function shardRule(text) {
  const [, part, of] = /^([1-9]\d{0,3})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  return part !== undefined && Number(part) <= Number(of) ? undefined : 'a part and a number of parts such as 2/4';
}

const rules = /** @type {const} */ ({
  all: { type: 'flag' }, document: { type: 'flag' }, json: { type: 'flag' }, help: { type: 'flag' },
  shard: { type: 'value', check: shardRule }, results: { type: 'value' }, op: { type: 'value' }, section: { type: 'value' },
  workers: { type: 'value', check: wholeNumber(64) }, limit: { type: 'value', check: wholeNumber(3600) },
});

/**
 * The tasks that the options ask for, in their order.
 * @param {readonly { section: string, jobs: readonly import('../mutation/section.ts').Job[] }[]} listed
 * @param {Record<string, string | true>} options @returns {import('./mutate-pool.mjs').Task[]}
 */
export function choose(listed, { all, shard, op, section }) {
  const tasks = listed.flatMap(({ section: name, jobs }) => jobs.map((job) => ({ section: name, job })))
    .filter(({ job }) => all || (job.core && (op !== undefined || !job.repeats)))
    .filter((task) => (op === undefined || task.job.group === op) && (section === undefined || task.section === section));
  if (tasks.length === 0) {
    const groups = [...new Set(listed.flatMap(({ jobs }) => jobs.map(({ group }) => group)))];
    throw new CommandError(`npm run mutate: needs --section among ${listed.map((one) => one.section).join(', ')} and --op among ${groups.join(', ')}, got nothing to run.`, 2);
  }
  if (typeof shard !== 'string') return tasks;
  const [part, of] = shard.split('/').map(Number);
  return tasks.filter((_, index) => index % of === part - 1);
}

/** What the clean problems say together. @param {readonly import('../mutation/section.ts').JobResult[]} results */
async function cleanSummary(results) {
  const measured = results.flatMap(({ clean, ms }) => (clean ? [{ clean, ms }] : []));
  if (measured.length === 0) return undefined;
  const { summarizeClean } = /** @type {typeof import('../mutation/clean.ts')} */ (await load('src/mutation/clean.ts'));
  return summarizeClean(measured.map(({ clean }) => clean), measured.reduce((sum, { ms }) => sum + ms, 0) / 1000);
}

/**
 * Writes docs/proof.json and docs/proof.md.
 * @param {import('../mutation/result.ts').MutationResult} result @param {import('../check/calibrate.ts').Calibration} calibration
 * @param {Record<string, string | true>} options
 */
async function writeDocument(result, calibration, options) {
  const { clean, checker } = result;
  if (!clean || !checker) throw new Error('npm run mutate: --document needs clean problems and mutants of the checker, got none.');
  const record = await proofRecord({
    result, clean, checker, calibration, date: new Date().toISOString().slice(0, 10), command: `npm run mutate -- --document${options.all ? ' --all' : ''}`,
  });
  mkdirSync(join(root, 'docs'), { recursive: true });
  writeFileSync(join(root, 'docs/proof.json'), `${JSON.stringify(record, null, 1)}\n`);
  writeFileSync(join(root, 'docs/proof.md'), proofDocument(record));
}

/** @param {Record<string, string | true>} options @param {(line: string) => void} say */
async function mutate(options, say) {
  const started = Date.now();
  const whole = !options.op && !options.section && !options.shard;
  // A text that has moved must show before minutes of work, not after them.
  const lost = whole ? misplaced(await checkerMutants()) : [];
  if (lost.length > 0) throw new CommandError(lost.join('\n'), 2);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  install(say);
  const executablePath = await ensureBrowser(say);
  const server = await serveSources();
  const workers = Array.from({ length: Number(options.workers ?? 2) }, () => new Worker({ executablePath, url: server.url }));
  try {
    const tasks = choose(await workers[0].list(), options);
    const { adapter, browser } = workers[0];
    const calibration = await workers[0].calibration();
    const sources = sourcesDigest();
    const file = resultsFile(typeof options.results === 'string' ? options.results : undefined, { version, adapter, browser, sources });
    const before = tasks.map(({ section, job }) => file.find(section, job.id));
    const rest = tasks.filter((_, index) => !before[index]);
    say(`${rest.length} jobs on ${adapter}, ${browser}${rest.length < tasks.length ? `; ${tasks.length - rest.length} stand in ${options.results}` : ''}`);
    const fresh = await runAll(rest, workers, 1000 * Number(options.limit ?? 60), (done, result, { section }) => {
      file.add(section, result);
      const { outcome, id, by } = result;
      if (['survived', 'wrong-reason', 'false-alarm', 'invalid'].includes(outcome)) say(`${outcome.toUpperCase()} ${id}${by ? ` (${by})` : ''}`);
      if (done % 50 === 0) say(`${done} of ${rest.length}, ${Math.round((Date.now() - started) / 1000)} s`);
    });
    const results = before.map((one) => one?.result ?? /** @type {import('../mutation/section.ts').JobResult} */ (fresh.shift()));
    const earlier = before.filter((one) => one && one.sources !== sources).length;
    const seconds = (Date.now() - started + before.reduce((sum, one) => sum + (one?.result.ms ?? 0), 0) / workers.length) / 1000;
    const clean = await cleanSummary(results);
    const checker = whole ? await mutateChecker({ say: (line) => { if (line.startsWith('SURVIVED')) say(line); } }) : undefined;
    const result = summarize({
      version, adapter, browser, scope: options.all ? 'all' : 'core', shard: typeof options.shard === 'string' ? options.shard : null, seconds,
      ...(clean ? { clean } : {}), ...(checker ? { checker } : {}), ...(earlier > 0 ? { earlier } : {}),
      // The summary says what the numbers of the clean problems say.
      results: results.map((result, index) => ({ section: tasks[index].section, ...result, clean: undefined })),
    });
    return { result, calibration };
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
    await server.close();
  }
}

await runIfStarted(import.meta.url, async (args) => {
  const options = readOptions('npm run mutate', rules, args);
  if (options.help) {
    console.log(help);
    return 0;
  }
  // What runs alongside goes to stderr, so that stdout is the result and nothing else.
  if (options.document && (options.op || options.section || options.shard)) throw new CommandError('npm run mutate: --document needs the whole set, without --op, --section and --shard.', 2);
  const { result, calibration } = await mutate(options, (line) => console.error(line));
  if (options.document) await writeDocument(result, calibration, options);
  console.log(options.json ? JSON.stringify(result, null, 2) : table(result));
  return result.passed ? 0 : 1;
});
