// What the benchmark must show, and whether it does. No browser here: tests feed it by hand.

/** @typedef {import('./bench-result.mjs').BenchResult} BenchResult */
/** @typedef {import('./bench-result.mjs').CaseResult} CaseResult */
/** @typedef {import('./bench-result.mjs').ContestantResult} ContestantResult */
/** @typedef {import('./bench-result.mjs').Requirement} Requirement */

/** Contestants that are one library in several modes: the best mode counts. */
const modesOf = /** @type {Readonly<Record<string, readonly string[]>>} */ ({ jax: ['jax', 'jax-eager'], tfjs: ['tfjs'] });

const label = /** @type {Readonly<Record<string, string>>} */ ({ jax: 'jax-js', tfjs: 'tfjs' });

/** How many times faster than jax-js and tfjs, on a software adapter and on a GPU. */
const speeds = [
  { what: /^MLP 784-128-10,/, cpu: { jax: 5, tfjs: 20 }, gpu: { jax: 3, tfjs: 10 } },
  { what: /^MLP 784-512-512-10,/, cpu: {}, gpu: { jax: 3, tfjs: 10 } },
  { what: /^matmul (512|1024) /, cpu: { jax: 2.5, tfjs: 10 }, gpu: {} },
  { what: /^(LeNet|ResNet)/, cpu: { jax: 3, tfjs: 8 }, gpu: {} },
  { what: /^LSTM/, cpu: { jax: 3, tfjs: 8 }, gpu: {} },
  { what: /^transformer/, cpu: { jax: 3, tfjs: 8 }, gpu: { jax: 3, tfjs: 10 } },
];

const startupSpeed = /** @type {const} */ ({ jax: 2, tfjs: 4 });

/** Peak bytes at most, as a part of the peer's. */
const peaks = { what: /^(MLP|transformer)/, most: { jax: 1, tfjs: 0.5 } };

/** The most dispatches of an MLP step. */
const mlpDispatches = 12;
/** Of a transformer step with attention in one launch, or without. */
const transformerDispatches = (/** @type {number} */ layers) => 25 + 28 * layers;

/** On a software adapter: the least speed of a product, as a part of that without the browser's robustness. */
const leastWithRobustness = 0.65;

/** An op that memory bounds either reaches this part of the copy's bandwidth or says why not. */
const leastOfCopy = 0.5;

/** What such an op does beside reading its inputs and writing its results once. */
const beside = /** @type {readonly { what: RegExp, does: string }[]} */ ([
  { what: /^softmax \d/, does: 'reads each row twice, for its sum and for its results, and makes two exponentials an element' },
  { what: /^softmax and gradient/, does: 'reads each row twice in both directions, and makes two exponentials an element' },
  { what: /^layerNorm \d/, does: 'reads each row three times: for the mean, for the squares of what differs from it, and for its results' },
  { what: /^layerNorm and gradients/, does: 'reads each row three times forward and twice backward, and both tensors once more for the gradients of weight and bias' },
  { what: /^crossEntropy/, does: 'reads each row twice, makes two exponentials an element, and compares each place with the label' },
]);

/**
 * Own cases that memory bounds and that reach less than half of the copy's bandwidth, with the reason; a case without a known reason is a problem.
 * @param {Pick<BenchResult, 'cases'>} result @returns {{ name: string, fraction: number, does: string | undefined }[]}
 */
export function belowCopy({ cases }) {
  return cases.flatMap(({ name, kind, contestants }) => {
    const fraction = contestants.find(({ peer }) => peer === 'chainrule')?.fraction;
    if (kind !== 'rows' || fraction === undefined || fraction === null || fraction >= leastOfCopy) return [];
    return [{ name, fraction, does: beside.find(({ what }) => what.test(name))?.does }];
  });
}

const short = (/** @type {number} */ value) => String(Number(value.toPrecision(3)));

/** The library's fastest mode that is right. @param {readonly ContestantResult[]} contestants @param {string} library */
function bestOf(contestants, library) {
  const timed = contestants.filter(({ peer, ms }) => modesOf[library].includes(peer) && ms !== null);
  return timed.toSorted((a, b) => (a.ms?.min ?? Infinity) - (b.ms?.min ?? Infinity))[0];
}

/**
 * How many times a library's time is ours, by the fastest rounds; undefined where one of both has no time.
 * @param {CaseResult} one @param {string} library
 */
export function ratioOf({ contestants }, library) {
  const own = contestants.find(({ peer }) => peer === 'chainrule')?.ms;
  const other = bestOf(contestants, library)?.ms;
  return own && other ? other.min / own.min : undefined;
}

/** @param {CaseResult} one @param {'cpu' | 'gpu'} adapterClass @returns {Requirement[]} */
function speedRequirements(one, adapterClass) {
  const rule = speeds.find(({ what }) => what.test(one.name));
  return Object.entries(rule?.[adapterClass] ?? {}).flatMap(([library, least]) => {
    const ratio = ratioOf(one, library);
    // A library that was left out, that can't do it or that fails its gate has nothing to be compared with.
    if (ratio === undefined) return [];
    return [{ what: `${one.name}: time`, against: label[library], required: `≥ ${least}× faster`, got: `${short(ratio)}×`, met: ratio >= least }];
  });
}

/** @param {CaseResult} one @returns {Requirement[]} */
function peakRequirements({ name, contestants }) {
  const own = contestants.find(({ peer }) => peer === 'chainrule');
  if (!peaks.what.test(name) || !own?.ms || own.peakBytes === null) return [];
  return Object.entries(peaks.most).flatMap(([library, most]) => {
    const other = bestOf(contestants, library);
    if (!other?.peakBytes) return [];
    const part = /** @type {number} */ (own.peakBytes) / other.peakBytes;
    return [{ what: `${name}: peak GPU bytes`, against: label[library], required: `≤ ${most} of it`, got: short(part), met: part <= most }];
  });
}

/** @param {CaseResult} one @returns {Requirement[]} */
function countRequirements({ name, kind, contestants }) {
  const counts = contestants.find(({ peer, ms }) => peer === 'chainrule' && ms !== null)?.counts;
  if (kind !== 'training' || !counts) return [];
  const layers = /^transformer (\d+)×/.exec(name)?.[1];
  const limit = name.startsWith('MLP 784-128-10') ? mlpDispatches : layers ? transformerDispatches(Number(layers)) : undefined;
  /** @type {[string, number, string, boolean][]} */
  const rows = [
    ...(limit === undefined ? [] : [/** @type {[string, number, string, boolean]} */ (['dispatches a step', counts.dispatches, `≤ ${limit}`, counts.dispatches <= limit])]),
    ['submits a step', counts.submits, '1', counts.submits === 1],
    ['buffers created a step', counts.buffers, '0', counts.buffers === 0],
    ['bind groups created a step', counts.bindGroups, '0', counts.bindGroups === 0],
    ['pipelines compiled a step', counts.pipelines, '0', counts.pipelines === 0],
  ];
  return rows.map(([what, got, required, met]) => ({ what: `${name}: ${what}`, against: 'itself', required, got: short(got), met }));
}

/** @param {BenchResult['startup']} startup @returns {Requirement[]} */
function startupRequirements(startup) {
  const own = startup.find(({ peer }) => peer === 'chainrule');
  if (!own) return [];
  return Object.entries(startupSpeed).flatMap(([library, least]) => {
    const other = startup.find(({ peer }) => peer === library);
    return other ? /** @type {const} */ (['cold', 'warm']).map((cache) => {
      const ratio = other[cache].min / own[cache].min;
      return { what: `import to the end of the first step, ${cache} cache`, against: label[library], required: `≥ ${least}× faster`, got: `${short(ratio)}×`, met: ratio >= least };
    }) : [];
  });
}

/** @param {BenchResult['robustness']} robustness @returns {Requirement[]} */
function robustnessRequirements(robustness) {
  return robustness.map(({ name, ms, withoutMs }) => {
    const part = withoutMs / ms;
    return { what: `${name}: speed`, against: 'itself without robustness', required: `≥ ${leastWithRobustness} of it`, got: short(part), met: part >= leastWithRobustness };
  });
}

/**
 * Every requirement that this result can answer.
 * @param {Pick<BenchResult, 'cases' | 'startup' | 'adapter' | 'robustness'>} result @returns {Requirement[]}
 */
export function requirementsOf({ cases, startup, adapter, robustness }) {
  const adapterClass = adapter?.class === 'gpu' ? 'gpu' : 'cpu';
  return [
    ...cases.flatMap((one) => [...speedRequirements(one, adapterClass), ...peakRequirements(one), ...countRequirements(one)]),
    ...startupRequirements(startup), ...robustnessRequirements(robustness),
  ];
}

/**
 * What makes the command fail, one sentence each: missed requirements, failed gates, and an own side that did not run. A peer that fails
 * its gate is a finding about the comparison, so it fails too: its column would be empty in silence.
 * @param {Pick<BenchResult, 'cases' | 'startup' | 'adapter' | 'robustness'>} result @returns {string[]}
 */
export function problemsOf(result) {
  const failed = result.cases.flatMap(({ name, contestants }) => contestants.flatMap(({ peer, problem, notPossible }) => {
    if (problem !== null) return [`${name}: ${peer} fails: ${problem}.`];
    return peer === 'chainrule' && notPossible !== null ? [`${name}: chainrule can't: ${notPossible}.`] : [];
  }));
  const missed = requirementsOf(result).filter(({ met }) => !met).map(({ what, against, required, got }) => `${what}: ${got} of ${against}, required ${required}.`);
  const unexplained = belowCopy(result).filter(({ does }) => does === undefined).map(({ name, fraction }) => `${name}: ${short(fraction)} of the copy's bandwidth, required ≥ ${leastOfCopy} or a reason.`);
  return [...failed, ...missed, ...unexplained];
}
