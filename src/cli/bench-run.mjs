// Runs the cases one after the other on a host (a page or a Node process) and puts the result together.
import { CommandError } from './command.mjs';
import { peerNames } from './bench-options.mjs';
import { comparedProducts } from './bench-robustness.mjs';
import { problemsOf, requirementsOf } from './bench-rules.mjs';
import { rateOf, summary } from './bench-statistics.mjs';

/** @typedef {import('./bench-result.mjs').BenchResult} BenchResult */
/** @typedef {import('./bench-result.mjs').CaseResult} CaseResult */
/** @typedef {import('./bench-options.mjs').BenchOptions} BenchOptions */

/**
 * What answers requests (bench/harness/answer.ts): each on a page or in a process of its own, so that no case inherits another's memory,
 * caches or broken device.
 * @typedef {{ ask: (request: object) => Promise<any> }} Host
 */

/** Names that stand beside those of the cases. */
export const extraNames = { startup: 'import to first step', sizes: 'bundle size' };

/** Milliseconds: of a sample, and for one contestant in one case. The second leaves room for a last sample below 20 s. */
const sample = 200;
const budget = 8_000;

/** @param {any} measured @param {{ flops: number | null, bytes: number | null, kind: string }} facts @param {BenchResult['ceilings']} ceilings @returns {import('./bench-result.mjs').ContestantResult} */
function contestantResult({ samples, ...rest }, { flops, bytes, kind }, ceilings) {
  const ms = summary(samples);
  const compute = ms && rateOf(flops, ms.min, ceilings?.gflops ?? null);
  const memory = ms && kind === 'rows' ? rateOf(bytes, ms.min, ceilings?.gbps ?? null) : null;
  return { ...rest, ms, gflops: compute?.rate ?? null, gbps: memory?.rate ?? null, fraction: (memory ?? compute)?.fraction ?? null };
}

/**
 * `expects` is the kind of adapter that was asked for.
 * @param {Host} host @param {BenchOptions} options @param {(line: string) => void} say
 * @param {{ who?: string, expects?: 'gpu' | 'swiftshader', startup?: (peers: readonly string[], rounds: number) => Promise<BenchResult['startup']>, sizes?: () => Promise<BenchResult['sizes']>, robustness?: (names: readonly string[]) => Promise<BenchResult['robustness']> }} extras
 * @returns {Promise<Pick<BenchResult, 'adapter' | 'ceilings' | 'cases' | 'startup' | 'sizes' | 'sweeps' | 'robustness' | 'requirements' | 'problems' | 'passed' | 'complete'>>}
 */
export async function runCases(host, options, say, extras) {
  const { who = 'npm run bench' } = extras;
  const about = await host.ask({ ask: 'about' });
  say(`adapter: ${about.adapter.name} (class ${about.adapter.class})`);
  // WebGPU falls back to software in silence, and figures of it would pass for a GPU's.
  if (extras.expects && (extras.expects === 'gpu') !== (about.adapter.class === 'gpu')) {
    throw new CommandError(`${who}: needs ${extras.expects === 'gpu' ? 'a GPU' : 'a software adapter'}, got ${about.adapter.name}. CHAINRULE_ADAPTER=gpu|swiftshader says which one to measure.`);
  }
  const { matches } = options;
  const wanted = (/** @type {string} */ name) => matches === undefined || matches.test(name);
  const isGpu = about.adapter.class === 'gpu';
  /** @type {{ name: string, kind: string, large: boolean, flops: number | null, bytes: number | null, peers: string[] }[]} */
  const chosen = about.cases.filter((/** @type {any} */ one) => wanted(one.name) && (options.full || isGpu || !one.large));
  const [startupChosen, sizesChosen] = [extras.startup && wanted(extraNames.startup), extras.sizes && wanted(extraNames.sizes)];
  // A name that only the options leave out deserves another answer than one that does not exist.
  const sweepsOnly = options.sweep && !options.document;
  /** @type {{ name: string, note: { below: string, above: string } }[]} */
  const chosenSweeps = options.sweep || options.document ? about.sweeps.filter((/** @type {any} */ one) => wanted(one.name)) : [];
  if (sweepsOnly ? chosenSweeps.length === 0 : chosen.length === 0 && !startupChosen && !sizesChosen) {
    const names = sweepsOnly ? about.sweeps.map((/** @type {any} */ one) => one.name) : [...about.cases.map((/** @type {any} */ one) => one.name), ...Object.values(extraNames)];
    throw new CommandError(`${who}: --case needs to match a name (large cases need --full or a GPU), got ${String(matches)}. Names: ${names.join('; ')}.`, 2);
  }
  let ceilings = await host.ask({ ask: 'ceilings' });
  say(`ceilings: ${ceilings.gflops.toFixed(1)} GFLOP/s (${ceilings.multiplyAdd}), ${ceilings.gbps.toFixed(1)} GB/s (${ceilings.copy})`);
  /** @type {{ facts: (typeof chosen)[number], measured: any[] }[]} */
  const raw = [];
  const measuring = { rounds: options.rounds, sample, budget };
  for (const facts of sweepsOnly ? [] : chosen) {
    const { name } = facts;
    const peers = options.peers.filter((peer) => facts.peers.includes(peer));
    const measured = await host.ask({ ask: 'case', name, peers, options: measuring });
    raw.push({ facts, measured });
    say(lineOf(name, measured));
  }
  const startup = startupChosen && !sweepsOnly && extras.startup ? await extras.startup(options.peers, Math.max(3, Math.min(options.rounds, 5))) : [];
  const sizes = sizesChosen && !sweepsOnly && extras.sizes ? await extras.sizes() : [];
  const compared = sweepsOnly || isGpu ? [] : chosen.map(({ name }) => name).filter((name) => comparedProducts.test(name));
  const robustness = extras.robustness && compared.length > 0 ? await extras.robustness(compared) : [];
  const sweeps = [];
  for (const { name, note } of chosenSweeps) sweeps.push({ name, note, points: await host.ask({ ask: 'sweep', name, options: measuring }) });
  // Whatever else the machine did in the meantime, a ceiling is the most that was seen.
  const again = await host.ask({ ask: 'ceilings' });
  ceilings = {
    ...(again.gflops > ceilings.gflops ? { gflops: again.gflops, multiplyAdd: again.multiplyAdd } : { gflops: ceilings.gflops, multiplyAdd: ceilings.multiplyAdd }),
    ...(again.gbps > ceilings.gbps ? { gbps: again.gbps, copy: again.copy } : { gbps: ceilings.gbps, copy: ceilings.copy }),
  };
  /** @type {CaseResult[]} */
  const cases = raw.map(({ facts, measured }) => {
    const { name, kind, flops, bytes } = facts;
    return { name, kind, flops, bytes, contestants: measured.map((one) => contestantResult(one, facts, ceilings)) };
  });
  const result = { adapter: about.adapter, ceilings, cases, startup, sizes, sweeps, robustness };
  const problems = problemsOf(result);
  return {
    ...result, requirements: requirementsOf(result), problems, passed: problems.length === 0,
    complete: matches === undefined && !sweepsOnly && options.peers.length === peerNames.length,
  };
}

/** @param {string} name @param {readonly { peer: string, samples: readonly number[] }[]} measured */
function lineOf(name, measured) {
  return `${name}: ${measured.map(({ peer, samples }) => `${peer} ${samples.length > 0 ? `${Number(Math.min(...samples).toPrecision(3))} ms` : '-'}`).join(', ')}`;
}
