import { withoutLastLane, WITHOUT_MEAN, WITHOUT_UPSTREAM } from './mutants.ts';
import type { Convention, Mutant, Options, Sample, SampleTensor, Sizes } from './proof.ts';
import { classIndices, filled, movingPeak, normals, probabilities, uniform } from './sample-data.ts';
import { drawOf, FLAG, flagOf, logitsOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** PyTorch's −100 as labels hold it. */
export const IGNORED = 2 ** 32 - 100;

/** Labels of which every third row but the first is left out. */
export const someIgnored = (rows: number, f: (row: number) => number, ignored = IGNORED): SampleTensor => classIndices(rows, (row) => (row % 3 === 1 ? ignored : f(row)));

/** One weight for each class, one of them 0. */
export const classWeights = (classes: number): number[] => Array.from({ length: classes }, (_, c) => [1, 0.5, 2.25, 0, 3][c % 5]);

function hard(rows: number, classes: number, options: Options = {}): Sample {
  const labels = (row: number): number => Math.floor(classes * uniform(821 + rows, row));
  const target = options.ignoreIndex === undefined ? classIndices(rows, labels) : someIgnored(rows, labels, Number(options.ignoreIndex) >>> 0);
  return { name: `[${rows}, ${classes}] with class indices${said(options)}`, options, inputs: { input: logits(rows, classes), target } };
}

function soft(rows: number, classes: number, options: Options = {}): Sample {
  return { name: `[${rows}, ${classes}] with probabilities${said(options)}`, options, inputs: { input: logits(rows, classes), target: probabilities(823 + rows, rows, classes) } };
}

const said = (options: Options): string => (Object.keys(options).length > 0 ? `, ${Object.keys(options).join(', ')}` : '');

function logits(rows: number, classes: number): SampleTensor {
  return normals(827 + rows, [rows, classes], 2);
}

export const CROSS_ENTROPY_SAMPLES: readonly Sample[] = [
  hard(1, 2), hard(5, 3), soft(5, 7), hard(17, 15), hard(63, 7), hard(3, 65, { labelSmoothing: 0.1 }), hard(67, 2, { reduction: 'sum' }),
  hard(64, 4, { ignoreIndex: -100 }), hard(9, 8), hard(66, 12, { labelSmoothing: 0.2, weight: classWeights(12) }), soft(7, 16), soft(5, 8, { weight: classWeights(8) }),
  // More rows than a lane counts by itself.
  hard(263, 5, { ignoreIndex: 4, weight: classWeights(5), labelSmoothing: 0.25 }),
  hard(16, 17, { weight: classWeights(17) }),
  soft(3, 67), soft(17, 6, { weight: classWeights(6), labelSmoothing: 0.3 }), soft(6, 9, { reduction: 'sum' }),
  {
    // Allowed, and only such targets tell whether a kernel relies on a sum of 1.
    name: 'targets that do not sum to one',
    options: {},
    inputs: { input: normals(5, [4, 7], 2), target: filled([4, 7], (i) => (i % 3) / 4) },
  },
  {
    name: 'a peak in each column, right and wrong',
    options: {},
    inputs: { input: movingPeak(17, 17, -80, 8), target: classIndices(17, (row) => (row % 2 ? row * 7 % 17 : (row + 3) % 17)) },
  },
  {
    name: 'probabilities of 0 and 1',
    options: {},
    inputs: { input: logits(13, 5), target: filled([13, 5], (i) => (i % 5 === Math.floor(i / 5) % 5 ? 1 : 0)) },
  },
  {
    name: 'ties and zero logits',
    options: {},
    inputs: { input: filled([6, 5], (i) => (i % 5 < 2 ? 0 : -1)), target: classIndices(6, (row) => row % 5) },
  },
  {
    name: 'large logits of sequences',
    options: { labelSmoothing: 0.1 },
    inputs: { input: normals(811, [3, 2, 11], 300), target: { shape: [3, 2], data: Uint32Array.of(0, 3, 6, 9, 1, 4) } },
  },
];

export const CROSS_ENTROPY_CONVENTIONS: readonly Convention[] = [
  {
    name: 'labels may stand in f32, where they have no gradient', options: { reduction: 'sum' },
    inputs: { input: filled([3, 2], (i) => i), target: filled([3], () => -100) },
    cotangent: Float32Array.of(2),
    gradients: { input: [0, 0, 0, 0, 0, 0], target: [0, 0, 0] },
  },
  {
    name: 'where all rows are left out there is no gradient', options: {},
    inputs: { input: filled([2, 3], (i) => i), target: classIndices(2, () => IGNORED) },
    cotangent: Float32Array.of(2),
    gradients: { input: [0, 0, 0, 0, 0, 0] },
  },
];

export const CROSS_ENTROPY_SIZES: Sizes = sizesFrom(
  { rows: [1, 263], classes: [2, 67], probabilities: FLAG, peak: FLAG, large: FLAG, ignored: FLAG, weighted: FLAG, smooth: FLAG },
  ({ rows, classes, probabilities: isSoft, peak, large, ignored, weighted, smooth }, seed) => {
    const input = logitsOf(seed, rows, classes, { peak, large });
    const labels = (row: number): number => Math.floor(classes * drawOf(seed, 1, row));
    const target = isSoft
      // Targets need not sum to 1, and some are 0.
      ? filled([rows, classes], (i) => Math.max(0, 2 * drawOf(seed, 1, i) - 0.5) / classes)
      : ignored ? someIgnored(rows, labels) : classIndices(rows, labels);
    const weight = Array.from({ length: classes }, (_, c) => 0.5 + drawOf(seed, 2, c));
    return { options: { ...(weighted ? { weight } : {}), ...(smooth ? { labelSmoothing: 0.1 } : {}) }, inputs: { input, target } };
  },
  ({ options, inputs: { input, target } }) => {
    if (input.shape.length !== 2 || options.reduction !== undefined || options.ignoreIndex !== undefined) return undefined;
    const { rows, columns } = rowsAndColumns(input.shape);
    return {
      rows, classes: columns, probabilities: flagOf(target.shape.length === input.shape.length), weighted: flagOf(options.weight !== undefined),
      smooth: flagOf(options.labelSmoothing !== undefined), ignored: flagOf(target.data.includes(IGNORED)),
    };
  },
);

/** Bugs that the losses with labels share. */
export const labelMutants = (kernel: RegExp): readonly Mutant[] => [
  { name: 'rows that are left out count in the mean', kernel, find: 'massOfAll += weightOf(labelOf(row))', replace: 'massOfAll += 1.0', symptoms: ['factor', 'region'] },
  { name: 'the mean misses its last row', kernel, find: 'massOfAll += weightOf(labelOf(row))', replace: 'massOfAll += weightOf(labelOf(max(row, 1u)))', symptoms: ['factor'] },
  { name: 'only the last part of the mean', kernel, find: 'massOfAll += mass[part]', replace: 'massOfAll = mass[part]', symptoms: ['factor', 'garbage'] },
  { name: 'the weight of another class', kernel, find: 'classWeights[min(label, ', replace: 'classWeights[min(label + 1u, ', symptoms: ['formula'] },
  { name: 'a part of the mean misses its first row', kernel: /^label-mass/, find: 'var row = lane * ', replace: 'var row = 1u + lane * ', symptoms: ['factor', 'reduction'] },
  { name: 'only the last row of a part', kernel: /^label-mass/, find: 'total += weight', replace: 'total = weight', symptoms: ['factor', 'reduction'] },
  { name: 'parts of the mean that overlap', kernel: /^label-mass/, find: 'min((lane + 1u) * ', replace: 'min((lane + 2u) * ', symptoms: ['factor', 'reduction'] },
  withoutLastLane(/^label-mass/),
];

export const CROSS_ENTROPY_MUTANTS: readonly Mutant[] = [
  WITHOUT_MEAN,
  WITHOUT_UPSTREAM,
  ...labelMutants(/^cross-entropy-index/),
  { name: 'rows that are left out keep their gradient', kernel: /-smoothed/, find: 'if (isLeftOut || ', replace: 'if (!isLeftOut && ', symptoms: ['mask', 'formula', 'region'] },
  { name: 'the target is always class 0', kernel: /-index\/row/, find: 'i == label)', replace: 'i == 0u)', symptoms: ['formula', 'mask'] },
  { name: 'the sign of the target', kernel: /-index\/row/, find: '* factor - ', replace: '* factor + ', symptoms: ['formula'] },
  { name: 'the maximum not added back', kernel: /-index\/row/, find: 'logTotal + (largest - x', replace: 'logTotal + (0.0 - x', symptoms: ['formula'] },
  { name: 'the last logit taken for the maximum', kernel: /^cross/, find: 'select(row.largest, value, isLarger)', replace: 'value', symptoms: ['region'] },
  { name: 'the loss of another class', kernel: /-index\/row/, find: '- x[start + label]', replace: '- x[start]', symptoms: ['formula'] },
  { name: 'the sum keeps only its last term', kernel: /^cross/, find: 'row.total + smaller', replace: 'smaller', symptoms: ['reduction'] },
  { name: 'the gradient not scaled', kernel: /-index\/row/, find: '- largest) * factor', replace: '- largest)', symptoms: ['formula'] },
  { name: 'the gradient added to what was there', kernel: /^cross/, find: 'dx[start + i] = exp(', replace: 'dx[start + i] += exp(', symptoms: ['garbage', 'unwritten'] },
  { name: 'the target is always the first class of four', kernel: /-index\/row/, find: 'vec4u(label))', replace: 'vec4u(label & ~3u))', symptoms: ['formula', 'mask'] },
  { name: 'the loss of the first class of four', kernel: /-index\/row/, find: '[label % 4u]', replace: '[0u]', symptoms: ['formula'] },
  { name: 'the last of four classes left out of the sum', kernel: /^cross/, find: ' + (parts.z + parts.w)', replace: ' + parts.z', symptoms: ['reduction', 'formula'] },
  { name: 'smoothing leaves the label whole', kernel: /-smoothed/, find: 'f * weight;', replace: 'f * 0.0 + weight;', symptoms: ['formula', 'factor'] },
  { name: 'the label alone in the smoothed gradient', kernel: /-smoothed/, find: ' + select(Value(0.0), Value(own), i == label)', replace: '', symptoms: ['formula'] },
  { name: 'the smoothed loss keeps only its last class', kernel: /-smoothed/, find: 'loss += ', replace: 'loss = ', symptoms: ['reduction'] },
  { name: 'the shares of smoothing forgotten in the mass', kernel: /-smoothed/, find: '(own + ', replace: '(own + 0.0 * ', symptoms: ['formula'] },
  { name: 'targets taken for a distribution', kernel: /-probabilities/, find: ' * massOfRow / total', replace: ' / total', symptoms: ['formula', 'region'] },
  { name: 'the target forgotten in the gradient', kernel: /-probabilities/, find: ' * factor - ', replace: ' * factor - 0.0 * ', symptoms: ['formula'] },
  { name: 'the maximum subtracted twice', kernel: /-probabilities/, find: '(largest - x[start + i])', replace: '(2.0 * largest - x[start + i])', symptoms: ['formula'] },
  { name: 'the loss keeps only its last class', kernel: /-probabilities/, find: 'loss += goal', replace: 'loss = goal', symptoms: ['reduction'] },
  { name: 'smoothing of probabilities without its shares', kernel: /-probabilities/, find: 'f * t + ', replace: 'f * t + 0.0 * ', symptoms: ['formula'] },
  { name: 'the upstream gradient of the target forgotten', kernel: /^cross-entropy-target/, find: ' * upstream[0]', replace: '', symptoms: ['factor'] },
  { name: 'the logarithm forgotten in the target\'s gradient', kernel: /^cross-entropy-target/, find: '(logTotal + (largest', replace: '((largest', symptoms: ['formula'] },
  { name: 'the sign of the target\'s gradient', kernel: /^cross-entropy-target/, find: 'factor * (logTotal', replace: '-factor * (logTotal', symptoms: ['factor'] },
  withoutLastLane(/^cross/),
];
