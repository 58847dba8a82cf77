// The file that `npm run mutate -- --results` keeps: a line of JSON for each job that has run. A campaign that was cut off goes on with
// it, and the files of several machines become one by putting them one after the other.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, root } from './command.mjs';

/** @typedef {import('../mutation/section.ts').JobResult} JobResult */
/** @typedef {{ version: string, adapter: string, browser: string, sources: string }} Circumstances */
/** @typedef {Circumstances & { section: string, result: JobResult }} Kept */

/** What has to run again, because somebody will have done something about it. */
const again = new Set(['survived', 'wrong-reason', 'false-alarm', 'invalid']);

/** A digest of all that runs in the page: two results with the same one are of the same code. */
export function sourcesDigest() {
  const hash = createHash('sha256');
  for (const folder of ['shaders', 'src']) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|wgsl)$/.test(name)).toSorted();
    for (const name of files) hash.update(`${folder}/${name}\0`).update(readFileSync(join(root, folder, name))).update('\0');
  }
  return hash.digest('hex').slice(0, 12);
}

/** @param {string} section @param {string} id */
const keyOf = (section, id) => `${section}: ${id}`;

/** A line that a killed run left unfinished is none: its job runs again. @param {string} text @returns {Kept[]} */
function linesOf(text) {
  return text.split('\n').flatMap((line) => {
    try {
      return [/** @type {Kept} */ (JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

/**
 * The results that a file keeps and that count here: the last of each job, if it ended well. Throws CommandError where one comes from
 * another version, adapter or browser.
 * @param {string} path @param {Circumstances} here @returns {Map<string, Kept>}
 */
export function readResults(path, here) {
  const kept = new Map(existsSync(path) ? linesOf(readFileSync(path, 'utf8')).map((line) => [keyOf(line.section, line.result.id), line]) : []);
  for (const [key, line] of kept) {
    for (const what of /** @type {const} */ (['version', 'adapter', 'browser'])) {
      if (line[what] !== here[what]) throw new CommandError(`npm run mutate: --results needs results of ${what} ${here[what]}, got ${line[what]} in ${path}. Name another file.`, 2);
    }
    if (again.has(line.result.outcome)) kept.delete(key);
  }
  return kept;
}

/**
 * Says what stands in the file, and adds to it.
 * @param {string | undefined} path nothing is kept without one @param {Circumstances} here
 */
export function resultsFile(path, here) {
  const kept = path === undefined ? new Map() : readResults(path, here);
  try {
    // The next line must not go on in one that was cut off; and what can't be written to must show before the first job, not after it.
    if (path !== undefined) appendFileSync(path, existsSync(path) && !/(^|\n)$/.test(readFileSync(path, 'utf8')) ? '\n' : '');
  } catch (error) {
    throw new CommandError(`npm run mutate: --results needs a file that can be written, got ${path}: ${error instanceof Error ? error.message : String(error)}.`, 2);
  }
  return {
    /** @param {string} section @param {string} id @returns {Kept | undefined} */
    find: (section, id) => kept.get(keyOf(section, id)),
    /** @param {string} section @param {JobResult} result */
    add(section, result) {
      if (path !== undefined) appendFileSync(path, `${JSON.stringify({ ...here, section, result })}\n`);
    },
  };
}
