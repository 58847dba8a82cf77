// Sums up what the jobs of `npm run mutate` came to, and prints it for people. No browser here: tests feed it by hand.

/** @typedef {import('../mutation/result.ts').MutationResult} MutationResult */
/** @typedef {import('../mutation/result.ts').Counts} Counts */
/** @typedef {MutationResult['results'][number]} Result */

/** What counts as a failure of the campaign. */
const bad = new Set(['survived', 'wrong-reason', 'false-alarm', 'invalid']);

/** @type {Readonly<Record<import('../mutation/section.ts').Outcome, Exclude<keyof Counts, 'total'>>>} */
const countNames = {
  killed: 'killed', survived: 'survived', equivalent: 'equivalent', 'wrong-reason': 'wrongReason', invalid: 'invalid', passed: 'passed', 'false-alarm': 'falseAlarm',
};

/** @param {readonly Result[]} results @returns {Counts} */
export function count(results) {
  const counts = { total: results.length, killed: 0, survived: 0, equivalent: 0, wrongReason: 0, invalid: 0, passed: 0, falseAlarm: 0 };
  for (const { outcome } of results) counts[countNames[outcome]] += 1;
  return counts;
}

/** @param {readonly Result[]} results @param {(result: Result) => string} key @returns {Record<string, Counts>} */
function countBy(results, key) {
  const keys = [...new Set(results.map(key))];
  return Object.fromEntries(keys.map((name) => [name, count(results.filter((result) => key(result) === name))]));
}

/** @param {readonly (boolean | undefined)[]} answers @returns {import('../mutation/result.ts').Share} */
function share(answers) {
  const given = answers.filter((answer) => answer !== undefined);
  return { right: given.filter(Boolean).length, of: given.length };
}

/** Accuracy that a net may lose and still pass for well trained. */
const NEARLY = 0.02;

/** @param {readonly Result[]} results */
function trainedAnyway(results) {
  const clean = new Map(results.filter((result) => result.class === 'clean' && result.net?.accuracy !== undefined).map(({ group, net }) => [group, net?.accuracy ?? NaN]));
  const backward = results.filter((result) => result.class !== 'clean' && result.net?.backward && result.outcome === 'killed' && clean.has(result.group));
  return share(backward.map(({ group, net }) => (net?.accuracy ?? 0) >= (clean.get(group) ?? NaN) - NEARLY));
}

/** @param {readonly Result[]} results @returns {import('../mutation/result.ts').PracticeResult[]} */
function practicesOf(results) {
  const planted = results.filter((result) => result.practices && result.class !== 'clean' && (result.outcome === 'killed' || result.outcome === 'survived'));
  const clean = results.filter((result) => result.practices && result.class === 'clean');
  const names = [...new Set([...planted, ...clean].flatMap(({ practices }) => Object.keys(practices ?? {})))];
  const all = names.map((name) => ({
    name, noticed: planted.filter(({ practices }) => practices?.[name]).length, of: planted.length,
    falseAlarms: clean.filter(({ practices }) => practices?.[name]).length, clean: clean.length,
  }));
  const ours = { name: 'chainrule', noticed: count(planted).killed, of: planted.length, falseAlarms: count(clean).falseAlarm, clean: clean.length };
  return planted.length + clean.length > 0 ? [...all, ours] : [];
}

/**
 * What went wrong: bugs that survived, jobs that could not be run, and so on. A net may not be able to show a bug (a branch that its
 * numbers never take): that counts against the checker unless the samples of the op find the very same bug in this run.
 * @param {readonly Result[]} results
 */
export function openOf(results) {
  const foundAlone = new Set(results.flatMap(({ section, outcome, group, name }) => (section === 'ops' && outcome === 'killed' ? [`${group}: ${name}`] : [])));
  return results.filter(({ section, outcome, name }) => bad.has(outcome) && !(section === 'nets' && outcome === 'survived' && foundAlone.has(name)));
}

/**
 * @param {Pick<MutationResult, 'version' | 'adapter' | 'browser' | 'scope' | 'shard' | 'seconds' | 'results' | 'clean' | 'checker' | 'earlier'>} facts
 * @returns {MutationResult}
 */
export function summarize({ results, ...facts }) {
  const planted = results.filter((result) => result.class !== 'clean');
  return {
    schema: 'chainrule/mutation/1', passed: results.length > 0 && openOf(results).length === 0 && (facts.checker?.mutants.every(({ caught }) => caught) ?? true), ...facts,
    bySection: countBy(results, ({ section }) => section),
    byClass: countBy(planted.filter(({ section }) => section !== 'nets'), (result) => result.class),
    byGroup: countBy(planted.filter(({ section }) => section !== 'nets'), ({ group }) => group),
    diagnosis: {
      kernel: share(planted.map(({ outcome, rightKernel }) => (outcome === 'killed' ? rightKernel : undefined))),
      explanation: share(planted.map(({ outcome, rightExplanation }) => (outcome === 'killed' ? rightExplanation : undefined))),
    },
    practices: practicesOf(results), trainedAnyway: trainedAnyway(results), results,
  };
}

/** @param {import('../mutation/result.ts').Share} share */
function shareText({ right, of }) {
  return `${right} of ${of}${of > 0 ? ` (${((100 * right) / of).toFixed(1)} %)` : ''}`;
}

/** @param {readonly (readonly string[])[]} rows @returns {string[]} */
function columns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd());
}

/** @param {string} title @param {Readonly<Record<string, Counts>>} counts @returns {string[]} */
function countTable(title, counts) {
  const rows = Object.entries(counts).map(([name, { total, killed, survived, equivalent, passed, falseAlarm, invalid, wrongReason }]) =>
    [name, total, killed, survived, equivalent, passed, falseAlarm + wrongReason, invalid].map((cell) => (cell === 0 ? '·' : String(cell))));
  return ['', ...columns([[title, 'jobs', 'killed', 'survived', 'equivalent', 'clean', 'false', 'invalid'], ...rows])];
}

/** The result as tables, what went wrong, and the verdict. @param {MutationResult} result @returns {string} */
export function table({ passed, version, adapter, browser, scope, shard, seconds, bySection, byClass, byGroup, diagnosis, practices, trainedAnyway: anyway, clean, checker, earlier, results }) {
  const lines = [`chainrule ${version}, ${adapter}, ${browser}: ${scope === 'all' ? 'all bugs' : 'the core set'}${shard ? `, part ${shard}` : ''}, ${results.length} jobs in ${seconds.toFixed(0)} s`];
  if (earlier) lines.push(`${earlier} of the results were kept from earlier sources`);
  lines.push(...countTable('section', bySection), ...countTable('class, without the nets', byClass), ...countTable('op or kernel', byGroup));
  lines.push('', `right kernel blamed: ${shareText(diagnosis.kernel)}`, `right explanation among the first two: ${shareText(diagnosis.explanation)}`);
  if (practices.length > 0) {
    lines.push('', ...columns([['bugs in whole nets', 'noticed', 'objects to clean nets'], ...practices.map(({ name, noticed, of, falseAlarms, clean }) => [name, `${noticed} of ${of}`, `${falseAlarms} of ${clean}`])]));
    lines.push(`backward bugs that still trained to within ${100 * NEARLY} % of the accuracy without: ${shareText(anyway)}`);
  }
  if (clean) {
    const largest = Math.max(clean.gradients.largest, clean.outputs.largest);
    lines.push('', `false alarms in ${clean.problems} clean problems: ${clean.falseAlarms.length}; largest error ${largest.toFixed(2)} σ, allowed are ${clean.kappa} σ`);
  }
  if (checker) {
    const caught = checker.mutants.filter((mutant) => mutant.caught).length;
    lines.push('', `bugs in the checker itself: ${caught} of ${checker.mutants.length} caught by ${checker.cases} cases in ${checker.seconds.toFixed(0)} s`);
    for (const { name, file, caught: found } of checker.mutants) if (!found) lines.push(`SURVIVED checker: ${name} (${file})`);
  }
  /** @type {Map<string, number>} */
  const reasons = new Map();
  for (const { outcome, by = '' } of results) if (outcome === 'equivalent') reasons.set(by, (reasons.get(by) ?? 0) + 1);
  if (reasons.size > 0) lines.push('', 'Equivalent, because', ...[...reasons].map(([reason, number]) => `- ${number} times: ${reason}`));
  const open = openOf(results);
  if (open.length > 0) lines.push('', ...open.map(({ outcome, section, id, by }) => `${outcome.toUpperCase()} ${section}: ${id}${by ? ` (${by})` : ''}`));
  lines.push('', passed ? 'Every bug that changes a number was found, and nothing else.' : 'NOT good enough.');
  return lines.join('\n');
}
