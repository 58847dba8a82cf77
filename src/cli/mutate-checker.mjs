// Plants bugs in the checker's own text and runs a suite of known-good and known-bad snapshots against each: in Node, on
// a simulated GPU. A part of npm run mutate.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, sep } from 'node:path';
import { Worker } from 'node:worker_threads';
import { bundle, load, urlOf } from './bundle.mjs';
import { CommandError, root } from './command.mjs';

/** @typedef {import('../../e2e/checker/mutants.ts').CheckerMutant} CheckerMutant */
/** @typedef {import('../../e2e/checker/suite.ts').SuiteResult} SuiteResult */

/**
 * @typedef {{ name: string, file: string, caught: boolean, by: string }} CheckerMutantResult
 * `by` names the case that failed, or says why the mutant survived.
 * @typedef {{ cases: number, mutants: CheckerMutantResult[], seconds: number }} CheckerResult
 */

/** A mutant that loops must not hang the run. The whole suite takes a second or two. */
const patience = 120_000;

/** The suite with a mutant planted. @param {CheckerMutant} [mutant] @returns {Promise<string>} */
async function suiteWith(mutant) {
  let planted = false;
  const code = await bundle('e2e/checker/suite.ts', mutant ? [{
    name: 'chainrule-checker-mutant',
    enforce: 'pre',
    transform(text, id) {
      if (!id.split(sep).join('/').endsWith(`/${mutant.file}`)) return undefined;
      planted = true;
      return plantedText(text, mutant);
    },
  }] : []);
  if (mutant && !planted) throw new CommandError(`mutants of the checker: needs ${mutant.file} to be a part of the suite, got a suite without it.`);
  return code;
}

/** @param {string} code @param {CheckerMutant} mutant */
function plantedText(code, { name, file, find, replace, times = 1 }) {
  const found = code.split(find).length - 1;
  if (found !== times) throw new CommandError(`mutants of the checker: '${name}' needs its text ${times} times in ${file}, got ${found}.`);
  return code.replaceAll(find, () => replace);
}

/**
 * Runs the suite in a thread of its own, the quickest cases first by the `times` of an earlier run.
 * @param {string} code @param {SuiteResult['times']} [times] @returns {Promise<SuiteResult>}
 */
function runSuite(code, times = {}) {
  const main = `import { parentPort } from 'node:worker_threads';
    const { runSuite } = await import(${JSON.stringify(urlOf(code))});
    parentPort.postMessage(await runSuite(${JSON.stringify(times)}));`;
  return new Promise((resolve) => {
    const worker = new Worker(new URL(urlOf(main)));
    /** @param {SuiteResult} answer */
    const end = (answer) => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(answer);
    };
    const timer = setTimeout(() => end({ cases: 0, failures: [`it did not end in ${patience / 1000} s`], times: {} }), patience);
    worker.on('message', end);
    worker.on('error', (error) => end({ cases: 0, failures: [`it threw ${(error instanceof Error ? error.message : String(error)).split('\n')[0]}`], times: {} }));
  });
}

/** All mutants of the checker. @returns {Promise<readonly CheckerMutant[]>} */
export async function checkerMutants() {
  return (await load('e2e/checker/mutants.ts')).mutants;
}

/** Mutants whose text does not stand in their file as often as they say, one sentence each. @param {readonly CheckerMutant[]} mutants */
export function misplaced(mutants) {
  return mutants.flatMap((mutant) => {
    try {
      plantedText(readFileSync(join(root, mutant.file), 'utf8'), mutant);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}

/**
 * Plants every mutant and runs the suite, which must pass on the checker as it is: throws CommandError where it does
 * not, or where a mutant cannot be planted.
 * @param {{ mutants?: readonly CheckerMutant[], say?: (line: string) => void }} [options]
 * @returns {Promise<CheckerResult>}
 */
export async function mutateChecker({ mutants, say = () => {} } = {}) {
  const started = performance.now();
  const list = mutants ?? await checkerMutants();
  const wrong = misplaced(list);
  if (wrong.length > 0) throw new CommandError(wrong.join('\n'));
  const { cases, failures, times } = await runSuite(await suiteWith());
  if (failures.length > 0) throw new CommandError(`mutants of the checker: needs a suite that passes on the checker as it is, got:\n${failures.join('\n')}`);
  /** @type {CheckerMutantResult[]} */
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < list.length) {
      const at = next++;
      const { name, file } = list[at];
      const { failures: found } = await runSuite(await suiteWith(list[at]), times);
      results[at] = { name, file, caught: found.length > 0, by: found[0] ?? 'no case of the suite fails' };
      say(`${found.length > 0 ? 'caught  ' : 'SURVIVED'}  ${name} (${file}): ${results[at].by}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  return { cases, mutants: results, seconds: (performance.now() - started) / 1000 };
}
