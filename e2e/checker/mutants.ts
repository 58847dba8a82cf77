/** A bug planted in the checker's own text. The suite must fail with it. */
export interface CheckerMutant {
  readonly name: string;
  /** Path from the root. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** How often `find` stands in the file; all are replaced. Default 1. */
  readonly times?: number;
}

const VERDICT = 'src/check/verdict.ts';
const GROUNDED = 'src/check/grounded.ts';
const JUDGE_ALL = 'src/check/judge-all.ts';
const REPORT_DATA = 'src/check/report-data.ts';
const SNAPSHOT = 'src/check/check-snapshot.ts';
const POINT = 'src/check/point.ts';
const ANALYTIC = 'src/check/analytic.ts';
const DIFFERENCES = 'src/check/differences.ts';
const CERTIFY = 'src/check/certify.ts';
const DIRECTIONS = 'src/check/directions.ts';
const COVERAGE = 'src/check/coverage.ts';
const WITNESSES = 'src/check/witnesses.ts';
const NUDGE = 'src/check/nudge.ts';
const ADOPT = 'src/check/adopt.ts';
const BLAME = 'src/check/blame.ts';
const EXPLAIN_CASE = 'src/check/explain-case.ts';
const LAUNCHES = 'src/check/judge-launches.ts';
const CHECK_OP = 'src/check/check-op.ts';
const OP_REPORT = 'src/check/op-report.ts';
const ROUNDING = 'src/reference/rounding.ts';
const USED_ERROR = 'src/check/used-error.ts';
const PRODUCT = 'src/reference/product.ts';

export const mutants: readonly CheckerMutant[] = [
  // The verdict on one element.
  { name: 'NaN passes: > for !(<=)', file: VERDICT, find: 'if (!(difference <= tolerance && tolerance < Infinity)) continue;', replace: 'if (difference > tolerance) continue;' },
  { name: 'κ is 5', file: VERDICT, find: 'export const KAPPA = 4;', replace: 'export const KAPPA = 5;' },
  { name: 'κ is 3', file: VERDICT, find: 'export const KAPPA = 4;', replace: 'export const KAPPA = 3;' },
  { name: 'κ is missing', file: VERDICT, find: 'const tolerance = KAPPA * sigma + FLUSH_FLOOR + bar;', replace: 'const tolerance = sigma + FLUSH_FLOOR + bar;' },
  { name: 'σ is the variance', file: VERDICT, find: 'const sigma = Math.sqrt(variance[i]);', replace: 'const sigma = variance[i];' },
  { name: 'a fixed relative tolerance instead of σ', file: VERDICT, find: 'const tolerance = KAPPA * sigma + FLUSH_FLOOR + bar;', replace: 'const tolerance = 1e-3 * Math.abs(reference[i]) + 1e-5;' },
  { name: "the tolerance comes from the GPU's number", file: VERDICT, find: 'const tolerance = KAPPA * sigma + FLUSH_FLOOR + bar;', replace: 'const tolerance = KAPPA * sigma + 1e-4 * Math.abs(gpu[i]) + bar;' },
  { name: 'an absolute tolerance beside σ', file: VERDICT, find: 'const FLUSH_FLOOR = 1e-37;', replace: 'const FLUSH_FLOOR = 1e-5;' },
  { name: 'the reference is fed from the GPU', file: JUDGE_ALL, find: 'gpu: snapshot.gradients[id], reference: reference.value,', replace: 'gpu: snapshot.gradients[id], reference: Float64Array.from(snapshot.gradients[id]),' },
  { name: 'the last element is skipped', file: VERDICT, find: 'for (let i = 0; i < gpu.length; i++) {\n    const bar', replace: 'for (let i = 0; i < gpu.length - 1; i++) {\n    const bar' },
  { name: 'the first element is skipped', file: VERDICT, find: 'for (let i = 0; i < gpu.length; i++) {\n    const bar', replace: 'for (let i = 1; i < gpu.length; i++) {\n    const bar' },
  { name: 'the sign of an error is lost', file: VERDICT, find: 'const difference = Math.abs(gpu[i] - reference[i]);', replace: 'const difference = Math.abs(Math.abs(gpu[i]) - Math.abs(reference[i]));' },
  { name: 'errors below the reference pass', file: VERDICT, find: 'const difference = Math.abs(gpu[i] - reference[i]);', replace: 'const difference = gpu[i] - reference[i];' },
  { name: 'poison is not counted', file: VERDICT, find: 'if (bits[i] === POISON_BITS) unwritten++;', replace: 'if (bits[i] === POISON_BITS) unwritten += 0;' },
  { name: 'all zeros are just wrong', file: VERDICT, find: '|| (sizes.gpu === 0 && sizes.reference > 0)', replace: '' },
  { name: 'the worst element is never updated', file: VERDICT, find: 'if (!worst || margin > worst.margin) worst', replace: 'if (!worst) worst' },
  { name: 'the worst element is the best one', file: VERDICT, find: 'margin > worst.margin', replace: 'margin < worst.margin' },
  { name: 'below noise counts as a pass', file: VERDICT, find: ": belowNoise === gpu.length ? 'below-noise'", replace: ": belowNoise > gpu.length ? 'below-noise'" },
  { name: 'a dead gradient counts as a pass', file: VERDICT, find: ": sizes.reference === 0 && exact ? 'nothing-to-check'", replace: '' },
  { name: 'suspect elements are judged', file: VERDICT, find: 'notFinite++;\n      continue;', replace: 'notFinite++;' },
  { name: 'suspects excuse failures', file: VERDICT, find: ": failed > 0 ? 'fail'\n      : suspect > 0 ? 'reference-suspect'", replace: ": suspect > 0 ? 'reference-suspect'\n      : failed > 0 ? 'fail'" },
  { name: 'an infinite tolerance lets infinity pass', file: VERDICT, find: ' && tolerance < Infinity', replace: '' },
  { name: 'an infinite tolerance is like any other', file: VERDICT, find: ' && Number.isFinite(tolerance);', replace: ';' },
  { name: 'nothing is below noise', file: VERDICT, find: ' && tolerance > negligible', replace: ' && tolerance < -negligible' },
  { name: 'a zero is never proven', file: VERDICT, find: ' && tolerance > negligible', replace: '' },
  { name: 'suspects are forgotten', file: VERDICT, find: ": suspect > 0 ? 'reference-suspect'", replace: '' },

  // The verdict on all.
  { name: 'an empty report is a pass', file: REPORT_DATA, find: "if (tensors.length === 0 || tensors.some(", replace: 'if (tensors.some(' },
  { name: 'nothing to check is a pass', file: REPORT_DATA, find: "return verdict === 'pass' || verdict === 'kink';", replace: "return verdict !== 'fail' && verdict !== 'unwritten' && verdict !== 'reference-suspect' && verdict !== 'below-noise';" },
  { name: 'below noise is a proof', file: REPORT_DATA, find: "return verdict === 'pass' || verdict === 'kink';", replace: "return verdict === 'pass' || verdict === 'kink' || verdict === 'below-noise';" },
  { name: 'a kink is no proof', file: REPORT_DATA, find: "return verdict === 'pass' || verdict === 'kink';", replace: "return verdict === 'pass';" },
  { name: 'noise counts as proven', file: SNAPSHOT, find: 'sum + passed - belowNoise', replace: 'sum + passed + 0 * belowNoise' },
  { name: 'a tensor without measurements is left out', file: SNAPSHOT, find: '?? unmeasured(plan);', replace: '?? unmeasured(plan);\n    if (!measured.includes(one)) continue;' },
  { name: 'a net that has diverged is judged', file: 'src/check/range.ts', find: 'if (at < 0) return;', replace: 'if (at < graph.tensors.length * Infinity) return;' },
  { name: 'any infinity is a divergence', file: 'src/check/range.ts', find: 'if (at < 0) return;', replace: 'if (at < -1) return;' },
  { name: 'launches may be of any length', file: POINT, find: 'if (data.length !== size) throw new DataError(who, `${size} numbers of', replace: 'if (data.length > 1e9) throw new DataError(who, `${size} numbers of' },
  { name: 'faults of the reference are ignored', file: REPORT_DATA, find: 'faults.length > 0 || ', replace: '' },
  { name: 'forward values are ignored', file: SNAPSHOT, find: 'overallVerdict(tensors, values, faults', replace: 'overallVerdict(tensors, values.slice(0, 0), faults' },
  { name: 'what launches wrote is ignored', file: SNAPSHOT, find: 'overallVerdict(tensors, values, faults, launches, valuesOnly)', replace: 'overallVerdict(tensors, values, faults, undefined, valuesOnly)' },
  { name: 'the first tensor is skipped', file: SNAPSHOT, find: 'for (const plan of bench.plans) {', replace: 'for (const plan of bench.plans.slice(1)) {' },
  { name: 'the last tensor is skipped', file: SNAPSHOT, find: 'for (const plan of bench.plans) {', replace: 'for (const plan of bench.plans.slice(0, -1)) {' },
  { name: 'calibrated errors are not used', file: SNAPSHOT, find: 'builtins: options.builtins ?? DEFAULT_ROUNDING.builtins', replace: 'builtins: DEFAULT_ROUNDING.builtins' },
  { name: 'a forgotten parameter is no matter', file: POINT, find: 'if (forgotten) throw', replace: 'if (forgotten && graph.tensors.length === 0) throw' },
  { name: 'values that are not finite are let in', file: POINT, find: 'if (bad >= 0) {', replace: 'if (bad > data.length) {' },

  // Rounding that went one way.
  { name: 'rounding that a row inherits is a bug', file: JUDGE_ALL, find: 'return wrong && findings.snapshot.launches.length > 0 ?', replace: 'return wrong && findings.snapshot.launches.length < 0 ?' },
  { name: 'a launch is judged by what it wrote', file: GROUNDED, find: 'grounded.set(key, ought);', replace: 'grounded.set(key, gpu ? exact(ought.shape, gpu) : ought);' },
  { name: 'what is wrong is taken for granted after it', file: GROUNDED, find: 'return gpu.every((of, i) =>', replace: 'return gpu.length > 0 || gpu.every((of, i) =>' },
  { name: 'nothing of the GPU is taken for granted', file: GROUNDED, find: 'gpu && isRight(gpu, ought) ? exact(ought.shape, gpu) : ought;', replace: 'ought;' },
  { name: 'rounding of any size proves something', file: VERDICT, find: 'drowned[i] = 1;', replace: 'drowned[i] = 0;' },
  { name: 'a kink excuses rounding of any size', file: VERDICT, find: 'if (settled.drowned?.[i]) belowNoise++;\n    else if (', replace: 'if (' },
  { name: 'branches before rounding, numbers after it', file: GROUNDED, find: 'patternAt(proof, node, snapshot, inputs, rounding, true)', replace: 'references.point.patterns[graph.nodes.indexOf(node)]' },
  { name: 'what rounding took out of its tolerance is not counted', file: VERDICT, find: 'amplified++;', replace: 'amplified += 0;' },

  // The references.
  { name: "the forward reference starts from the GPU's values", file: POINT, find: 'tensors[node.outputs.out] = out;', replace: 'tensors[node.outputs.out] = snapshot.computed[node.outputs.out] ? exact(out.shape, snapshot.computed[node.outputs.out]) : out;' },
  { name: 'a second gradient replaces the first', file: ANALYTIC, find: 'gradients.set(id, before ? added(before, gradient) : gradient);', replace: 'gradients.set(id, gradient);' },
  { name: 'the variance of what comes in is not carried on', file: PRODUCT, find: 'variance[j] += x * x * right.variance[p * n + j] + sx * y * y;', replace: '' },
  { name: 'the variance of one operand is forgotten', file: PRODUCT, find: 'x * x * right.variance[p * n + j] + sx * y * y', replace: 'x * x * right.variance[p * n + j]' },
  { name: 'the roundings of a sum are not added', file: PRODUCT, find: 'variance[j] + (roundings * size[j]) ** 2', replace: 'variance[j]' },
  { name: 'the roundings of a sum are not squared', file: PRODUCT, find: 'variance[j] + (roundings * size[j]) ** 2', replace: 'variance[j] + roundings * size[j]' },
  { name: 'the scale of rounding is |Σ ab| for Σ |ab|', file: PRODUCT, find: 'size[j] += Math.abs(term);', replace: 'size[j] += term;' },
  { name: 'the roundings of a sum do not grow with its length', file: PRODUCT, find: 'const roundings = ROUNDING * Math.sqrt(k);', replace: 'const roundings = ROUNDING;' },
  { name: 'roundings add up in the worst case', file: PRODUCT, find: 'const roundings = ROUNDING * Math.sqrt(k);', replace: 'const roundings = ROUNDING * k;' },
  { name: 'one rounding counts for two', file: ROUNDING, find: 'export const ROUNDING = 0.6 * UNIT_ROUNDOFF;', replace: 'export const ROUNDING = 1.2 * UNIT_ROUNDOFF;' },
  { name: 'the variance of a sum of gradients is not added', file: 'src/reference/arithmetic.ts', find: 'a.variance[i] + b.variance[i] + (ROUNDING * value) ** 2', replace: 'a.variance[i] - b.variance[i]' },
  { name: 'exp counts as exact', file: ROUNDING, find: 'return Math.hypot(ulpError(builtins.expUlp + builtins.expUlpPerUnit * size, value), argument) + FLUSH;', replace: 'return argument * 0 + FLUSH;' },

  { name: 'flushing to zero counts as an error', file: PRODUCT, find: ' + (size[j] > 0 ? flushed : 0)', replace: '' },
  { name: 'a wrong function of the library is measured as an adapter\'s', file: USED_ERROR, find: '(helper ? 1 : LENIENCE)', replace: 'LENIENCE' },
  { name: 'a builtin at fault widens the tolerance', file: USED_ERROR, find: 'const LENIENCE = 4;', replace: 'const LENIENCE = 100;' },

  // Finite differences.
  { name: 'the analytic gradient is fed into the differences', file: CERTIFY, find: 'const { plan, reference, variance, differences } = witnesses;', replace: 'const { plan, reference, variance, differences } = witnesses;\n  differences.value.set(reference);\n  differences.bar.fill(0);' },
  { name: 'a one-sided difference', file: DIFFERENCES, find: 'return (nudger.nudge(element, above - x) - nudger.nudge(element, below - x)) / (above - below);', replace: 'return nudger.nudge(element, above - x) / (above - x);' },
  { name: "Richardson's third is missing", file: DIFFERENCES, find: '(4 * narrow - wide) / 3', replace: '(4 * narrow - wide)' },
  { name: "Richardson's pair is swapped", file: DIFFERENCES, find: '(4 * narrow - wide) / 3', replace: '(4 * wide - narrow) / 3' },
  { name: 'the witnesses always agree', file: CERTIFY, find: 'return Math.abs(differences.value[i] - reference[i]) <= tolerance && bar', replace: 'return bar' },
  { name: 'the error bar is ignored', file: CERTIFY, find: ' && bar <= widest(variance, i, floor);', replace: ';' },
  { name: 'elements that were never measured are certified', file: CERTIFY, find: "return unmeasured[i] ? 'unmeasured' : undefined;", replace: 'return undefined;' },
  { name: 'a direction may get lost', file: CERTIFY, find: 'const lost = plan.directions > directions.length;', replace: 'const lost = false;' },
  { name: 'drawn elements that disagree say nothing of the others', file: CERTIFY, find: "directions.length === 0 && reasons.includes('disagree')", replace: 'directions.length < 0' },
  { name: 'the witnesses may differ by 1e-3', file: CERTIFY, find: 'export const AGREEMENT = 1e-9;', replace: 'export const AGREEMENT = 1e-3;' },
  { name: 'a sparse change is not compared with the whole op', file: WITNESSES, find: 'if (fault) return fault;', replace: '' },
  { name: 'the seeds\' cotangents are forgotten', file: NUDGE, find: 'objective += cotangent[change.index[k]] * change.delta[k]', replace: 'objective += change.delta[k]' },

  // Gaussian directions.
  { name: 'directions are Rademacher', file: DIRECTIONS, find: '() => random.normal()', replace: '() => Math.sign(random.normal())' },
  { name: 'directions are uniform', file: DIRECTIONS, find: '() => random.normal()', replace: '() => random.uniform()' },
  { name: 'all directions are the same', file: DIRECTIONS, find: 'DIRECTION_PARTS + id * 64 + number', replace: 'DIRECTION_PARTS + id * 64' },
  { name: 'all tensors share their directions', file: DIRECTIONS, find: 'DIRECTION_PARTS + id * 64 + number', replace: 'DIRECTION_PARTS + number' },
  { name: 'a wrong direction is ignored', file: CERTIFY, find: 'directions.some(({ difference, tolerance }) => !(difference <= tolerance))', replace: 'directions.every(({ difference, tolerance }) => difference < -tolerance)' },
  { name: 'P(miss) of one direction is stated for all', file: CERTIFY, find: 'miss: missOfOne(DETECTABLE) ** directions.length', replace: 'miss: missOfOne(DETECTABLE)' },
  { name: 'P(miss) is one-sided', file: COVERAGE, find: 'return 2 * normalIntegral(1 / size) - 1;', replace: 'return normalIntegral(1 / size) - 0.5;' },

  // Branches.
  { name: 'any branch of the GPU is adopted', file: ADOPT, find: '(apart ? apart[i] : distance(ours, theirs, i)) <= WIDTH;', replace: 'true;' },
  { name: 'no branch of the GPU is adopted', file: ADOPT, find: 'const WIDTH = 8;', replace: 'const WIDTH = 0;' },
  { name: "the GPU's own input does not speak against its branch", file: ADOPT, find: 'contradicts(proof, node, inputs, captured, branches, own, certain) || ', replace: '' },
  { name: 'any number of branches is adopted', file: ADOPT, find: 'crossed > 3 + 4 * expected', replace: 'crossed > branches.length' },
  { name: 'no more branches than three are adopted', file: ADOPT, find: 'crossed > 3 + 4 * expected', replace: 'crossed > 3' },
  { name: 'any number of far branches is adopted', file: ADOPT, find: 'far > FAR_ADOPTED || ', replace: '' },
  { name: 'no branch counts as uncertain', file: ROUNDING, find: 'kinkWidth: 8 }', replace: 'kinkWidth: 0 }' },
  { name: 'every branch counts as uncertain', file: ROUNDING, find: 'kinkWidth: 8 }', replace: 'kinkWidth: 1e9 }' },

  // Diagnosis.
  { name: 'the last wrong launch is blamed', file: BLAME, find: 'const [first, ...later] = wrong;', replace: 'const [first, ...later] = wrong.toReversed();' },
  { name: 'explanations are said whatever they leave unexplained', file: EXPLAIN_CASE, find: '<= KAPPA * (sigma(i) + ROUNDING * Math.abs(expected)) + FLUSH_FLOOR)) return false;', replace: '<= Infinity)) return false;' },
  { name: 'doubt about one gradient excuses every launch', file: LAUNCHES, find: 'doubtful.has(keyOf(meaning)) && failed', replace: 'doubtful.size > 0 && failed' },
  { name: 'a doubtful reference convicts launches', file: LAUNCHES, find: 'doubtful.has(keyOf(meaning)) && failed', replace: 'doubtful.size < 0 && failed' },
  { name: 'doubt excuses poison', file: LAUNCHES, find: ' && !unmistakable)', replace: ')' },
  { name: 'doubt is not handed on to what is made from it', file: LAUNCHES, find: 'dependents(graph, meaning).forEach((key) => found.add(key))', replace: 'void found.add(keyOf(meaning))' },
  { name: 'launches are judged without the roundings behind them', file: LAUNCHES, find: 'reference: value, variance,', replace: 'reference: value, variance: variance.map((of) => of / 100),' },

  // Ops.
  { name: 'only the first sample counts', file: OP_REPORT, find: '[...samples, ...conventions, ...mutants].every(', replace: '[...samples.slice(0, 1), ...conventions, ...mutants].every(' },
  { name: 'no samples are a proof', file: OP_REPORT, find: 'this.passed = samples.length > 0 && ', replace: 'this.passed = ' },
  { name: 'conventions are not asked', file: CHECK_OP, find: '2 ** -22 * Math.abs(value)', replace: '1e9' },
  { name: 'a sample that says nothing passes', file: CHECK_OP, find: "(cotangent === 'ones' && report.verdict === 'below-noise')", replace: "report.verdict === 'nothing-to-check' || report.verdict === 'below-noise'" },

  // The hand-written gradients and the forward formulas of the proofs.
  { name: "a derivative of the proofs is wrong: tanh's", file: 'src/reference/curve.ts', find: 'out.value[i] = d * slope;', replace: 'out.value[i] = d * slope * (1 + 1e-6);' },
  { name: "ReLU's derivative is 1 on both sides", file: 'src/reference/branched.ts', find: 'out.value[i] = factor * d;', replace: 'out.value[i] = d;' },
];
