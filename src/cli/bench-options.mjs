// What the command line of the benchmark asks for.
import { CommandError, readOptions } from './command.mjs';

/** @typedef {{ matches: RegExp | undefined, peers: readonly string[], rounds: number, json: boolean, document: boolean, full: boolean, sweep: boolean, help: boolean }} BenchOptions */

export const peerNames = ['chainrule', 'tfjs', 'jax', 'jax-eager', 'onnxruntime'];

/** Rounds at most, where nothing else is asked for. */
const usualRounds = 8;

/** @param {string} text */
function patternRule(text) {
  try {
    RegExp(text);
    return undefined;
  } catch {
    return 'a regular expression';
  }
}

const rules = /** @type {const} */ ({
  case: { type: 'value', check: patternRule },
  peer: { type: 'value', check: (/** @type {string} */ text) => (text.split(',').every((name) => peerNames.includes(name)) ? undefined : `names among ${peerNames.join(', ')}`) },
  rounds: { type: 'value', check: (/** @type {string} */ text) => (/^\d+$/.test(text) && Number(text) >= 3 && Number(text) <= 1000 ? undefined : 'a number from 3 to 1000') },
  json: { type: 'flag' }, document: { type: 'flag' }, full: { type: 'flag' }, sweep: { type: 'flag' }, help: { type: 'flag' },
});

/** @param {string} who @param {readonly string[]} args @returns {BenchOptions} */
export function readBenchOptions(who, args) {
  const options = readOptions(who, rules, args);
  const peers = typeof options.peer === 'string' ? options.peer.split(',') : peerNames;
  const selects = ['case', 'peer', 'rounds'].find((name) => options[name] !== undefined);
  if (options.document && selects) {
    throw new CommandError(`${who}: --document needs all cases with all peers, got --${selects}: a document of a part would read like one of the whole. Leave one of the two out.`, 2);
  }
  return {
    matches: typeof options.case === 'string' ? new RegExp(options.case) : undefined,
    // It is what all others are held against.
    peers: peerNames.filter((name) => name === 'chainrule' || peers.includes(name)),
    rounds: typeof options.rounds === 'string' ? Number(options.rounds) : usualRounds,
    json: options.json === true, document: options.document === true, full: options.full === true, sweep: options.sweep === true, help: options.help === true,
  };
}

/** The help's list of options. */
export const optionsHelp = `  --case <regex>   the cases whose names match; 'import to first step' and 'bundle size' are such names, too
  --peer <names>   ${peerNames.join(', ')}: these, with commas between them; chainrule always runs
  --rounds <n>     samples of each contestant at most (default ${usualRounds}, at least 3)
  --full           also the large cases, which otherwise run on a GPU only
  --sweep          instead of the cases cost against work: batch, width, depth and length of sequences, chainrule alone
  --json           print only the result as JSON (schema chainrule/bench/1: src/cli/bench-result.mjs)
  --document       write docs/benchmarks.md: of all cases, sweeps included
  --help           this text`;
