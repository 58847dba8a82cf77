// Writes docs/proof.md from docs/proof.json. Nobody edits the document by hand: a test compares the two.

/** @typedef {import('../mutation/proof-record.ts').ProofRecord} ProofRecord */
/** @typedef {import('../mutation/result.ts').Counts} Counts */
/** @typedef {import('../mutation/result.ts').Share} Share */

/** @param {number} value */
const count = (value) => value.toLocaleString('en-US');

/** @param {number} value @param {number} [digits] */
const figure = (value, digits = 3) => (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(digits))));

/** @param {number} part @param {number} whole */
const percent = (part, whole) => (whole === 0 ? '–' : `${figure(Math.floor(1000 * part / whole) / 10, 4)} %`);

/** @param {Share} share */
const share = ({ right, of }) => `${count(right)} of ${count(of)} (${percent(right, of)})`;

/** Text that stands in a cell of a table. @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();

/** @param {readonly string[]} head @param {readonly (readonly (string | number)[])[]} rows @returns {string[]} */
function table(head, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) => `| ${cells.map((one) => cell(String(one))).join(' | ')} |`;
  return [line(head), `|${head.map((_, column) => (column === 0 ? '---|' : '---:|')).join('')}`, ...rows.map(line)];
}

/** Killed among those that change a number. @param {Counts} counts */
const score = ({ killed, survived, wrongReason, invalid }) => percent(killed, killed + survived + wrongReason + invalid);

/** @param {string} title @param {Readonly<Record<string, Counts>>} counts @returns {string[]} */
function scores(title, counts) {
  const rows = Object.entries(counts).filter(([, { killed, survived, equivalent, invalid }]) => killed + survived + equivalent + invalid > 0)
    .map(([name, one]) => [name, one.killed + one.survived + one.wrongReason + one.invalid + one.equivalent, one.killed, one.survived, one.equivalent, one.invalid + one.wrongReason, score(one)]);
  return table([title, 'planted', 'found', 'survived', 'change nothing', 'could not run', 'score'], rows);
}

/** @param {string} name @param {import('../mutation/distribution.ts').Distribution} of */
const spread = (name, { count: number, median, percentile90, percentile99, percentile999, largest }) =>
  [name, count(number), ...[median, percentile90, percentile99, percentile999, largest].map((value) => figure(value))];

/** @param {ProofRecord} record @returns {string[]} */
function bugs({ byClass, byGroup, equivalents, open, diagnosis, practices, trainedAnyway }) {
  return [
    '## Planted bugs', '',
    'A bug is planted in the WGSL of a kernel (`text`) or in a launch: workgroups or whole launches left out, buffers exchanged, stale or',
    'not filled with poison, gradients added twice. Then the gradient check runs on the samples of the op (or on the kernel of a step). A bug is',
    'found where the verdict is *fail* or *unwritten*; a suspect reference finds nothing. A bug that hangs the GPU is run in a browser of its own.', '',
    ...scores('class', byClass), '', ...scores('op or kernel', byGroup), '',
    ...(open.length > 0 ? ['What was not found, or could not be run:', '', ...table(['bug', 'outcome', 'because'], open.map(({ id, outcome, by }) => [id, outcome, by])), ''] : []),
    ...(equivalents.length > 0 ? ['Bugs that change no number are run, too, and must pass:', '', ...table(['reason', 'bugs'], equivalents.map(({ reason, count: number }) => [reason, number])), ''] : []),
    '## Diagnosis', '',
    `The right kernel was blamed in ${share(diagnosis.kernel)}; one of the first two explanations was right in ${share(diagnosis.explanation)}.`,
    'Where an op works in several launches on memory that no tensor of the graph stands for (the steps of a sequence, sorted indices, rows of',
    'attention), its last one answers for all: the op is named rightly then, not the launch.', '',
    ...(practices.length > 0 ? [
      '## What the usual practices find', '',
      'The same bugs in whole nets that are trained, judged in the ways in which people judge them. They get what they rarely have: the loss of a',
      'run without a bug, and float64 gradients.', '',
      ...table(['practice', 'bugs noticed', 'share', 'objects to nets without a bug'], practices.map(({ name, noticed, of, falseAlarms, clean }) => [name, `${noticed} of ${of}`, percent(noticed, of), `${falseAlarms} of ${clean}`])), '',
      `Of the bugs in the backward pass that the check found, ${share(trainedAnyway)} still trained to within 2 % of the accuracy without a bug.`,
      'A net need not be able to show a bug: a branch that its numbers never take. Such bugs are found on the samples of the ops above.', '',
    ] : []),
  ];
}

/** @param {ProofRecord} record @returns {string[]} */
function alarms({ clean, sigmas }) {
  return [
    '## False alarms, and why κ is 4', '',
    `${count(clean.problems)} seeded problems without a bug (random graphs of the ops of fully connected nets, with shared and repeated tensors, and nets up to 301 inputs; with and`,
    `without fusion; ${Object.entries(clean.byClass).map(([name, number]) => `${number} with the kernels for a ${name}`).join(', ')}) were checked as a user's net is:`,
    `**${clean.falseAlarms.length} false alarms**. ${count(clean.proven)} were proven, ${count(clean.elements)} elements in all; the others had nothing to prove (dead units, gradients below rounding noise).`, '',
    '|GPU − reference|/σ of correct code:'.replaceAll('|', '\\|'), '',
    ...table(['', 'count', 'median', '90 %', '99 %', '99.9 %', 'largest'], [
      spread('gradients by element, end to end', clean.gradients), spread('tensors that a launch wrote, worst element', clean.outputs),
    ]), '',
    `An element passes within κσ, κ = ${clean.kappa}. The problems need κ ≥ ${figure(Math.max(clean.gradients.largest, clean.outputs.largest))}. What another κ would do:`, '',
    ...table(['κ', 'false alarms', ...(sigmas.length > 0 ? ['bugs found'] : [])], clean.alarmsAt.map(({ kappa, problems }) => {
      const found = sigmas.find((one) => one.kappa === kappa);
      return [kappa, `${problems} of ${clean.problems}`, ...(sigmas.length > 0 ? [found ? `${found.found} of ${found.of} (${percent(found.found, found.of)})` : '–'] : [])];
    })), '',
    'A bug counts as found at a larger κ where the largest error of the report that found it is beyond it: an estimate from below, since other samples may show more.', '',
  ];
}

/** @param {ProofRecord} record @returns {string[]} */
function references({ witness, checker }) {
  return [
    '## The two witnesses', '',
    'Every gradient of every sample of every op: the analytic gradient in float64 against finite differences (Richardson\'s pair, frozen branches) of every element, and against',
    'a complex step at boundaries and random elements. Differences are relative to the rms of the tensor. Figures are for random cotangents.', '',
    ...table(['op', 'samples', 'elements', 'largest difference', 'within its error bar', 'complex steps', 'largest difference', 'suspect'],
      [...witness.ops, { ...witness, op: 'all' }].map(({ op, samples, elements, differences, withinBar, complexSteps, complex, suspect }) =>
        [op, samples, count(elements), figure(differences, 2), percent(withinBar, elements), count(complexSteps), figure(complex, 2), suspect])), '',
    `An element is suspect where the witnesses differ by more than 1e-9 of the rms and 3 error bars. ${witness.replaced === 0 ? 'No difference was so uncertain that a complex step had to replace it.' : `In ${count(witness.replaced)} elements a complex step replaced a difference that was too uncertain.`}`, '',
    '## Bugs in the checker itself', '',
    `${checker.mutants.filter(({ caught }) => caught).length} of ${checker.mutants.length} bugs planted in the text of the checker and its references are caught by a suite of ${checker.cases} cases`,
    '(snapshots of a simulated GPU that must pass, and wrong ones that must fail with the right verdict and blame):', '',
    ...table(['bug', 'file', 'caught'], checker.mutants.map(({ name, file, caught }) => [name, `\`${file}\``, caught ? 'yes' : '**no**'])), '',
  ];
}

/** @param {ProofRecord} record @returns {string[]} */
function adapter({ calibration, precision, seconds, checker, witness, clean, scope }) {
  return [
    '## The adapter', '',
    `Tolerances count with the errors of the builtins as they were measured on ${calibration.adapter}, ${calibration.browser}, in ${figure(calibration.milliseconds)} ms`
      + `${calibration.beyondPromise.length > 0 ? `; beyond what WGSL allows: ${calibration.beyondPromise.join(', ')}` : ''}:`, '',
    ...table(['function', 'unit', 'allowed', 'largest found', 'counted with', 'points'], calibration.measured.map(({ name, unit, promised, measured, used, points }) => [name, unit, figure(promised), figure(measured), figure(used), count(points)])), '',
    'The largest |GPU − reference|/σ of each kernel on all samples of its op; a test fails when one doubles (`e2e/precision/kernels.json`):'.replaceAll('|', '\\|'), '',
    ...table(['kernel', 'worst σ', 'where'], Object.entries(precision).map(([kernel, { worstSigma, sample }]) => [`\`${kernel}\``, figure(worstSigma), sample])), '',
    '## Times', '',
    ...table(['part', 'seconds'], [[`planted bugs and clean problems, ${scope === 'all' ? 'all' : 'core set'}`, figure(seconds)], ['of these, 200 clean problems (summed over browsers)', figure(clean.seconds)], ['bugs in the checker', figure(checker.seconds)], ['witness agreement', figure(witness.seconds)]]), '',
  ];
}

/** The document. @param {ProofRecord} record @returns {string} */
export function proofDocument(record) {
  const { command, date, version, adapter: name, browser, seconds, clean, byClass, earlier } = record;
  const all = Object.values(byClass).reduce((sum, { killed, survived, wrongReason, invalid }) => ({ found: sum.found + killed, of: sum.of + killed + survived + wrongReason + invalid }), { found: 0, of: 0 });
  return [
    '# How good is the check?', '',
    '<!-- Written by the command below from docs/proof.json; a test compares the two. -->', '',
    `A checker that has never failed is no evidence. So bugs are planted, and what it says of them is counted: **${all.found} of ${all.of} found,`,
    `${clean.falseAlarms.length} false alarms in ${clean.problems} problems without a bug.**`, '',
    '```sh', command, '```', '',
    `wrote this on ${date}: chainrule ${version}, ${name}, ${browser}, ${figure(seconds / 60, 2)} minutes.${earlier ? ` ${count(earlier)} of the results were kept from earlier sources (--results).` : ''}`, '',
    ...bugs(record), ...alarms(record), ...references(record), ...adapter(record),
    '## Limits', '',
    '- Figures are of one adapter. Another one has other roundings: `npm run mutate` measures yours.',
    '- A software adapter runs a workgroup\'s lanes one group after the other: it finds missing barriers that a GPU may hide.',
    '- Bugs were planted by the people who wrote the kernels and by generic operators; nobody knows the bugs that nobody thought of.',
    '- The references share the mathematics of an op with its kernel: what both understand wrongly (a convention at a kink, a definition) only the',
    '  conventions and the comparison with PyTorch\'s values show.', '',
  ].join('\n');
}
