// The benchmark's result for people who look at a terminal.
import { growth } from './bench-statistics.mjs';

/** @typedef {import('./bench-result.mjs').BenchResult} BenchResult */

export const short = (/** @type {number} */ value) => (value >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3))));

export const bytesText = (/** @type {number} */ bytes) => (bytes >= 2 ** 20 ? `${short(bytes / 2 ** 20)} MiB` : `${short(bytes / 1024)} KiB`);

export const percent = (/** @type {number} */ part) => `${short(part * 100)} %`;

/**
 * Columns of equal width; the first to the left, the others to the right.
 * @param {readonly string[]} header @param {readonly (readonly string[])[]} rows
 */
export function columns(header, rows) {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  return [header, ...rows].map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd());
}

export const caseHeader = ['case', 'contestant', 'min ms', 'median ms', 'rounds', 'ours is faster', 'GFLOP/s', 'GB/s', 'of ceiling'];

/** One row for each contestant. @param {BenchResult['cases'][number]} one @returns {string[][]} */
export function caseRows(one) {
  const own = one.contestants.find(({ peer }) => peer === 'chainrule')?.ms;
  return one.contestants.map(({ peer, ms, gflops, gbps, fraction, problem, notPossible }, index) => {
    const name = index === 0 ? one.name : '';
    if (!ms) return [name, peer, problem !== null ? 'FAILS' : notPossible !== null ? 'not possible' : '-', '', '', '', '', '', ''];
    const ratio = peer === 'chainrule' || !own ? undefined : ms.min / own.min;
    return [
      name, peer, short(ms.min), short(ms.median), String(ms.rounds), ratio === undefined ? '' : `${short(ratio)}×`,
      gflops === null ? '' : short(gflops), gbps === null ? '' : short(gbps), fraction === null ? '' : percent(fraction),
    ];
  });
}

export const robustnessHeader = ['product', 'ms', 'ms without robustness', 'part of that speed'];

/** @param {BenchResult['robustness'][number]} one */
export const robustnessRow = ({ name, ms, withoutMs }) => [name, short(ms), short(withoutMs), percent(withoutMs / ms)];

export const countHeader = ['per step or run', 'contestant', 'dispatches', 'submits', 'bind groups', 'buffers', 'pipelines', 'bytes allocated', 'readbacks', 'uploads', 'peak'];

/** @param {BenchResult['cases'][number]} one @returns {string[][]} */
export function countRows(one) {
  return one.contestants.flatMap(({ peer, counts, peakBytes }) => (counts === null ? [] : [[
    peer === 'chainrule' ? one.name : '', peer, ...[counts.dispatches, counts.submits, counts.bindGroups, counts.buffers, counts.pipelines].map(short),
    bytesText(counts.bytes), short(counts.readbacks), short(counts.uploads), peakBytes === null ? '' : bytesText(peakBytes),
  ]]));
}

/** Powers of the work that count as linear. */
export const nearLinear = { from: 0.85, to: 1.15 };

/**
 * The fitted power of the work with which time grows, over all sizes and over the largest three, and where it is not near 1 the reason.
 * @param {Pick<import('./bench-result.mjs').SweepResult, 'points' | 'note'>} sweep
 */
export function growthText({ points, note }) {
  const [all, largest] = [growth(points), growth(points.slice(-3))];
  const reason = all < nearLinear.from ? `not linear. ${note.below}` : all > nearLinear.to ? `not linear. ${note.above}` : 'near-linear.';
  return `Time grows with the power ${short(all)} of the work${points.length > 3 ? `, ${short(largest)} over the largest three sizes` : ''}: ${reason}`;
}

/** @param {BenchResult} result */
export function table(result) {
  const { adapter, ceilings, runtime, cases, startup, sizes, sweeps, robustness, requirements, problems, passed, seconds } = result;
  const reasons = cases.flatMap(({ name, contestants }) => contestants.flatMap(({ peer, notPossible }) => (notPossible === null ? [] : [`${name}: not possible with ${peer}: ${notPossible}`])));
  return [
    `adapter  ${adapter?.name ?? 'none'} (class ${adapter?.class ?? 'unknown'})`, `runtime  ${runtime ?? 'none'}`,
    ...(ceilings ? [`ceilings  ${short(ceilings.gflops)} GFLOP/s, ${short(ceilings.gbps)} GB/s`] : []), '',
    ...(cases.length > 0 ? [...columns(caseHeader, cases.flatMap(caseRows)), '', ...columns(countHeader, cases.flatMap(countRows)), ''] : []),
    ...(startup.length > 0 ? [...columns(['import to first step', 'cold min ms', 'cold median ms', 'warm min ms', 'warm median ms'],
      startup.map(({ peer, cold, warm }) => [peer, ...[cold.min, cold.median, warm.min, warm.median].map(short)])), ''] : []),
    ...(sizes.length > 0 ? [...columns(['bundle size', 'minified', 'gzip'], sizes.map(({ peer, bytes, gzip }) => [peer, bytesText(bytes), bytesText(gzip)])), ''] : []),
    ...(robustness.length > 0 ? [...columns(robustnessHeader, robustness.map(robustnessRow)), ''] : []),
    ...sweeps.flatMap(({ name, note, points }) => [
      ...columns([name, 'MFLOP', 'ms', 'GFLOP/s'], points.map(({ label, flops, ms }) => [label, short(flops / 1e6), short(ms), short(flops / ms / 1e6)])), growthText({ note, points }), '',
    ]),
    ...(requirements.length > 0 ? [...columns(['requirement', 'against', 'required', 'got', 'met'], requirements.map(({ what, against, required, got, met }) => [what, against, required, got, met ? 'yes' : 'NO'])), ''] : []),
    ...reasons, ...problems.map((problem) => `- ${problem}`),
    `${passed ? requirements.length > 0 ? `All ${requirements.length} requirements are met` : 'Nothing here has a requirement' : `${problems.length} problems`} (${short(seconds)} s).`,
  ].join('\n');
}
