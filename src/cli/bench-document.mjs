// docs/benchmarks.md: written from a complete run of npm run bench, by nobody's hand.
import { withoutRobustness } from './bench-robustness.mjs';
import { belowCopy } from './bench-rules.mjs';
import { bytesText, caseHeader, caseRows, countHeader, countRows, growthText, nearLinear, percent, robustnessHeader, robustnessRow, short } from './bench-table.mjs';

/** @typedef {import('./bench-result.mjs').BenchResult} BenchResult */

/** @param {readonly string[]} header @param {readonly (readonly string[])[]} rows */
function markdownTable(header, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${header.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`, ...rows.map(line)].join('\n');
}

/** @param {BenchResult} result */
function head({ date, adapter, runtime, flags, versions, ceilings, seconds }) {
  return markdownTable(['', ''], [
    ['Date', date], ['Adapter', `${adapter?.name ?? 'none'}${adapter?.class === 'cpu' ? ': a software adapter, so only ratios mean something' : ''}`],
    ['Adapter, as WebGPU names it', adapter ? [adapter.vendor, adapter.architecture, adapter.device, adapter.description].filter(Boolean).join(', ') : 'none'],
    ['Browser', `${runtime ?? 'none'}, headless`], ['Flags', flags.map((flag) => `\`${flag}\``).join(' ')],
    ['Versions', Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')],
    ['Ceilings', ceilings ? `${short(ceilings.gflops)} GFLOP/s (${ceilings.multiplyAdd}), ${short(ceilings.gbps)} GB/s (copy, ${ceilings.copy})` : 'none'],
    ['Duration', `${short(seconds / 60)} minutes`],
  ]);
}

/**
 * What a missed ratio of a case would take, as a part of the adapter's own ceiling: so a reader sees whether a better kernel could meet it.
 * @param {Pick<BenchResult, 'requirements' | 'cases'>} result @returns {string[]}
 */
export function neededOf({ requirements: rows, cases }) {
  return rows.filter(({ met }) => !met).flatMap(({ what, against, required, got }) => {
    const fraction = cases.find(({ name }) => what === `${name}: time`)?.contestants[0]?.fraction;
    const [least, ratio] = [required, got].map((text) => Number.parseFloat(text.replace('≥ ', '')));
    if (!fraction || !least || !ratio) return [];
    return [`- ${what.replace(': time', '')}, against ${against}: all of it together runs at ${percent(fraction)} of the adapter's ceiling; ${short(least)}× would be ${percent(fraction * least / ratio)}.`];
  });
}

/** @param {BenchResult} result */
function requirements({ requirements: rows, problems, cases }) {
  const missed = rows.filter(({ met }) => !met).length;
  const needed = neededOf({ requirements: rows, cases });
  return [
    missed === 0 ? `All ${rows.length} are met.` : `**${missed} of ${rows.length} are missed.**`, '',
    markdownTable(['what', 'against', 'required', 'got', 'met'], rows.map(({ what, against, required, got, met }) => [what, against, required, got, met ? 'yes' : '**no**'])),
    ...(needed.length > 0 ? ['', ...needed] : []),
    ...(problems.length > missed ? ['', ...problems.slice(0, problems.length - missed).map((problem) => `- ${problem}`)] : []),
  ].join('\n');
}

/** @param {BenchResult} result */
function modes({ cases }) {
  const rows = cases.flatMap(({ name, contestants }) => contestants.map(({ peer, mode, notPossible }) => [name, peer, notPossible === null ? mode ?? '' : `not possible: ${notPossible}`]));
  // The same words in many cases are told once.
  const byMode = new Map(rows.map(([, peer, mode]) => [`${peer}\n${mode}`, { peer, mode, cases: rows.filter((row) => row[1] === peer && row[2] === mode).map(([name]) => name) }]));
  return markdownTable(['contestant', 'how', 'cases'], [...byMode.values()].map(({ peer, mode, cases: names }) => [peer, mode, names.length > 4 ? `${names.length} cases` : names.join('; ')]));
}

/** @param {BenchResult} result */
function sweepText({ sweeps, ceilings }) {
  return sweeps.map(({ name, note, points }) => [
    `### By ${name}`, '',
    markdownTable(['size', 'MFLOP a step', 'ms a step', 'GFLOP/s', 'of ceiling'], points.map(({ label, flops, ms }) => {
      const rate = flops / ms / 1e6;
      return [label, short(flops / 1e6), short(ms), short(rate), ceilings ? percent(rate / ceilings.gflops) : ''];
    })), '', growthText({ points, note }),
  ].join('\n')).join('\n\n');
}

const inside = `- **Gate first.** Every contestant gets the same numbers. Products and ops over rows are held against float64 loops at places spread over the
  result; of a training the first losses and the update of the first step are held against Chainrule's, whose gradients are proven by its own check.
  Who fails is not timed.
- **Sync.** A sample is a batch of runs and then \`queue.onSubmittedWorkDone()\` of the contestant's own device; the time is divided by the runs. Samples
  of all contestants alternate. \`min\` is the fastest sample, and ratios are ratios of these.
- **Trainings.** Batches lie on the GPU before the time starts, and parameters stay there. Chainrule is told that the training is long (\`longRun\`) and
  trains by \`fit\`: the gathering of the batch is
  inside, the uploads of 48 bytes of scalars are, and so is every step's report with its loss, read back a few steps late. The peers read nothing back
  in the timed steps; their targets lie there as one-hot rows.
- **Products and ops over rows.** Operands lie on the GPU. Chainrule's launches are those of a training step, in one pass; a peer's call allocates its
  output and lets go of it.
- **Predictions.** Upload of the rows and readback of the outputs are inside, one call after the other.
- **Import to first step.** From \`import()\` of a bundle of its own, on a fresh page, to the loss of the first step of 784-128-10 on the host: parsing,
  opening the device, drawing weights and compiling kernels included. Cold is a fresh profile, warm a second page in it.
- **Counts** are taken by wrapping WebGPU's own methods, per run; **peak** is the most bytes in buffers at once, pools of the
  library included; of a training without the inputs that lie there for all batches, the same for all.
- **FLOPs** are those of the products alone, forward and backward, a multiply-add as two. **Bytes** are what has to be read and written at least.
- **Ceilings** come from a kernel that only multiplies and adds in registers and one that only copies, the best of several shapes on this adapter.
- **Running statistics** of batch normalisation are kept by Chainrule alone. LSTMs have no biases: two for each gate, as PyTorch has, and one train
  differently under Adam.`;

const runIt = `\`\`\`sh
npm run bench                        # everything that the adapter can do in reasonable time
npm run bench -- --case 'MLP|matmul 512' --peer jax --rounds 20
npm run bench -- --full --sweep --json > result.json
npm run bench -- --document          # writes this file
\`\`\`

On a machine with a GPU the browser takes it (\`CHAINRULE_ADAPTER=gpu\` insists), and the large cases run as well. Headless Chrome on a Linux server needs
Vulkan; where there is no browser, \`npm run bench:node\` runs the cases in Node through Dawn. Both print the adapter first: the fallback to software is
silent in WebGPU.`;

/** Why ops that memory bounds stay below half of the copy. @param {BenchResult} result */
function belowCopyText(result) {
  const below = belowCopy(result);
  if (below.length === 0) return '';
  return `Below half of the copy's bandwidth, counting each number read and written once:

${below.map(({ name, fraction, does }) => `- ${name}, ${percent(fraction)}: it ${does ?? 'has no reason that is known'}.`).join('\n')}

${result.adapter?.class === 'gpu' ? '' : 'On a software adapter a load costs about as much wherever the number lies: reading a row again from the cache counts like reading it first.\n\n'}`;
}

/** The document of a complete result. @param {BenchResult} result @returns {string} */
export function benchmarkDocument(result) {
  if (!result.complete) throw new Error('benchmarkDocument: needs a complete result, got a part.');
  const { cases, startup, sizes, sweeps, robustness } = result;
  return `<!-- Written by npm run bench -- --document. Do not edit. -->
# Benchmarks

Chainrule beside TensorFlow.js (WebGPU backend), jax-js and onnxruntime-web: the same numbers, the same page, the same adapter, in turn.

${head(result)}

## What is required

${requirements(result)}

## Times

${markdownTable(caseHeader, cases.flatMap(caseRows))}

${belowCopyText(result)}## What WebGPU was asked for

Per step, product, op or prediction, in steady state.

${markdownTable(countHeader, cases.flatMap(countRows))}

## From the import to the end of the first training step

${markdownTable(['', 'cold min ms', 'cold median ms', 'warm min ms', 'warm median ms'], startup.map(({ peer, cold, warm }) => [peer, ...[cold.min, cold.median, warm.min, warm.median].map(short)]))}

## Bundle of a program that trains an MLP and a CNN

${markdownTable(['', 'minified', 'gzip', 'note'], sizes.map(({ peer, bytes, gzip, note }) => [peer, bytesText(bytes), bytesText(gzip), note ?? '']))}

## Products without the browser's robustness

Chainrule's kernels in a second Chromium with \`${withoutRobustness}\`, on software adapters: what clamped indices and the like cost.

${robustness.length > 0 ? markdownTable(robustnessHeader, robustness.map(robustnessRow)) : 'Not measured.'}

## Cost against work

Chainrule alone: a training step while one size grows. A power of 1 is linear; below 1 what does not grow with the work still weighs.
From ${nearLinear.from} to ${nearLinear.to} counts as near-linear; elsewhere the reason stands beside it.

${sweeps.length > 0 ? sweepText(result) : 'Not measured.'}

## How each runs

${modes(result)}

## What is inside the timing

${inside}

## Run it

${runIt}
`;
}
