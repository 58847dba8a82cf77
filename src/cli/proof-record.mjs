// Gathers all that docs/proof.md says: what npm run mutate found, and what is measured beside it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from './bundle.mjs';
import { CommandError, root } from './command.mjs';
import { openOf } from './mutate-report.mjs';

/** @typedef {import('../mutation/proof-record.ts').ProofRecord} ProofRecord */
/** @typedef {import('../mutation/result.ts').MutationResult} MutationResult */

/** The largest error of each kernel, kept by the precision ratchet. */
const precisionPath = 'e2e/precision/kernels.json';

/**
 * The committed precision table of an adapter and the newest version of its browser.
 * @param {string} adapter @param {string} browser @returns {ProofRecord['precision']}
 */
function precisionOf(adapter, browser) {
  const path = join(root, precisionPath);
  const tables = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const [name] = browser.split(' ');
  const keys = Object.keys(tables).filter((key) => key.startsWith(`${adapter}, ${name} `));
  const key = keys.find((candidate) => candidate === `${adapter}, ${browser}`) ?? keys.toSorted().at(-1);
  if (!key) throw new CommandError(`npm run mutate: needs a precision table of ${adapter}, ${browser} in ${precisionPath}, got none. UPDATE_PRECISION=1 npm test -- e2e/gpu/precision.spec.ts writes it.`);
  return tables[key];
}

/** How the two references of the checker agree. @returns {Promise<ProofRecord['witness']>} */
async function measureWitness() {
  const { witnessAgreement } = await load('src/mutation/witness.ts');
  const started = performance.now();
  const found = witnessAgreement();
  return { ...found, seconds: (performance.now() - started) / 1000 };
}

/**
 * Bugs with a report whose largest error lies beyond κσ; NaN always does. Below the present κ all were found: reports stop there.
 * @param {MutationResult['results']} results @param {readonly number[]} kappas @returns {ProofRecord['sigmas']}
 */
function detection(results, kappas) {
  const killed = results.filter(({ outcome, sigmas }) => outcome === 'killed' && sigmas !== undefined);
  return kappas.map((kappa) => ({ kappa, found: killed.filter(({ sigmas }) => sigmas === null || (sigmas ?? 0) > kappa).length, of: killed.length }));
}

/**
 * @param {{
 *   result: MutationResult, clean: ProofRecord['clean'], checker: ProofRecord['checker'],
 *   calibration: import('../check/calibrate.ts').Calibration, command: string, date: string,
 *   witness?: ProofRecord['witness'], precision?: ProofRecord['precision'],
 * }} parts what is left out is measured, or read from the committed table of the adapter
 * @returns {Promise<ProofRecord>}
 */
export async function proofRecord({ result, clean, checker, calibration, command, date, witness, precision }) {
  const { results, schema: _, shard: __, passed: ___, ...facts } = result;
  /** @type {Map<string, number>} */
  const reasons = new Map();
  for (const { outcome, by = '' } of results) {
    if (outcome === 'equivalent') reasons.set(by, (reasons.get(by) ?? 0) + 1);
  }
  const open = openOf(results);
  return {
    schema: 'chainrule/proof/1', command, date, ...facts,
    equivalents: [...reasons].map(([reason, count]) => ({ reason, count })),
    open: open.map(({ outcome, section, id, by = '' }) => ({ outcome, id: `${section}: ${id}`, by })),
    clean, sigmas: detection(results, clean.alarmsAt.map(({ kappa }) => kappa)),
    checker: { ...checker, mutants: checker.mutants.map(({ name, file, caught, by }) => ({ name, file, caught, by: caught ? '' : by })) }, witness: witness ?? await measureWitness(),
    calibration: {
      adapter: calibration.adapter, browser: calibration.browser, milliseconds: calibration.milliseconds, beyondPromise: calibration.beyondPromise,
      measured: calibration.measured.map(({ name, unit, promised, measured, used, points }) => ({ name, unit, promised, measured, used, points })),
    },
    precision: precision ?? precisionOf(calibration.adapter, calibration.browser),
  };
}
