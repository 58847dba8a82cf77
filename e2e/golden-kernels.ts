// One representative of every exported kernel, in all variants and layouts: their text is kept under e2e/golden.
import { accuracy } from '../shaders/accuracy.wgsl.ts';
import { adagrad, adadelta, rmsprop } from '../shaders/adaptive.wgsl.ts';
import { adam, adamax, nadam, radam } from '../shaders/adam.wgsl.ts';
import { gradientSum, storeBuffers, weightAverage } from '../shaders/arenas.wgsl.ts';
import { gatherBatchRange } from '../shaders/batch-range.wgsl.ts';
import { gatherBatch } from '../shaders/batch.wgsl.ts';
import { calibration } from '../shaders/calibration.wgsl.ts';
import { copyMemory, multiplyAdd } from '../shaders/ceilings.wgsl.ts';
import { fullAccess, type Access, type ChainStep } from '../shaders/chain.wgsl.ts';
import { cosineEmbedding } from '../shaders/cosine-embedding.wgsl.ts';
import { concatKernel } from '../shaders/concat.wgsl.ts';
import { crossEntropyIndex, crossEntropyProbabilities, crossEntropyTarget } from '../shaders/cross-entropy.wgsl.ts';
import { cumsumSerial, cumsumWorkgroup } from '../shaders/cumsum.wgsl.ts';
import * as elementLosses from '../shaders/element-losses.wgsl.ts';
import { elementwise } from '../shaders/elementwise.wgsl.ts';
import { bringingFolds } from '../shaders/fold.ts';
import { FOLDS, type FoldName } from '../shaders/folds.wgsl.ts';
import { FORMULAS } from '../shaders/formulas.wgsl.ts';
import { gather, indexOrder, oneHot, scatterScan, scatterSorted } from '../shaders/indexing.wgsl.ts';
import type { Convolution } from '../shaders/convolution-parts.wgsl.ts';
import { convolutionQuad } from '../shaders/convolution-quad.wgsl.ts';
import { convolutionWeight } from '../shaders/convolution-weight.wgsl.ts';
import { convolutionBlock } from '../shaders/convolution.wgsl.ts';
import type { Kernel } from '../shaders/kernel.ts';
import { labelMass, nll, type LabelSpec } from '../shaders/labels.wgsl.ts';
import { lion } from '../shaders/lion.wgsl.ts';
import * as metricKernels from '../shaders/metrics.wgsl.ts';
import { quadProbe } from '../shaders/quads.wgsl.ts';
import { matmulQuad } from '../shaders/matmul-quad.wgsl.ts';
import { matmulVector } from '../shaders/matmul-vector.wgsl.ts';
import { matmulSubgroupMatrix } from '../shaders/matmul-subgroup-matrix.wgsl.ts';
import { matmulTiled } from '../shaders/matmul-tiled.wgsl.ts';
import { TILES } from '../shaders/tiles.ts';
import { splitProduct } from '../src/ops/matmul-split.ts';
import { matmulRegister, type MatmulSpec } from '../shaders/matmul.wgsl.ts';
import { padBackwardKernel, padKernel } from '../shaders/pad.wgsl.ts';
import { muonApply, muonMomentum, muonNormalize } from '../shaders/muon.wgsl.ts';
import { normalizeParametersSerial, normalizeParametersTogether } from '../shaders/normalization-parameters.wgsl.ts';
import { normalize, normalizeBackward } from '../shaders/normalization.wgsl.ts';
import { philoxFill } from '../shaders/philox.wgsl.ts';
import { placeKernel } from '../shaders/place.wgsl.ts';
import { prodBackward } from '../shaders/prod-backward.wgsl.ts';
import { averagePooling, averagePoolingBackward, maxPooling, maxPoolingBackward } from '../shaders/pooling.wgsl.ts';
import { record } from '../shaders/record.wgsl.ts';
import { reduceSerial, type ReduceSpec } from '../shaders/reduce.wgsl.ts';
import { reduceRange } from '../shaders/reduce-range.wgsl.ts';
import { reduceTogether } from '../shaders/reduce-together.wgsl.ts';
import { runningStatistic } from '../shaders/running-statistic.wgsl.ts';
import { sgd } from '../shaders/sgd.wgsl.ts';
import { squaredNorm } from '../shaders/squared-norm.wgsl.ts';
import { softmax, softmaxBackward, softmaxBackwardTogether, softmaxTogether } from '../shaders/softmax.wgsl.ts';
import { activity, statistics } from '../shaders/statistics.wgsl.ts';
import { upsample, upsampleBackward } from '../shaders/upsample.wgsl.ts';
import { attentionKernels } from './golden-attention.ts';
import { mixedKernels } from './golden-mixed.ts';
import { recurrentKernels } from './golden-recurrent.ts';
import { BUILTIN_ROWS } from '../src/check/builtin-rows.ts';
import { sumOfSquares } from '../shaders/sum-of-squares.wgsl.ts';

/** A bias: one row for all. */
const bias = (columns: number): Access => ({ rowTerms: [], columnStride: 1, count: columns });
/** What a mask is drawn by. */
const counter: Access = { rowTerms: [], columnStride: 1, count: 3, type: 'u32' };
const PARAMETERS: Readonly<Record<string, readonly number[]>> = {
  scale: [-0.5], normalize: [1e-5], overDeviation: [1e-5], leakyRelu: [0.01], leakyReluBackward: [0.01], varianceBackward: [0.25],
  clamp: [1, -0.5, 1, 0.75], clampBackward: [1, -0.5, 1, 0.75], elu: [0.5], eluBackward: [0.5], softplus: [2, 20], softplusBackward: [2, 20],
  dropout: [2 ** 22, 1 / 0.75, 2], inverseRoot: [1e-5],
};

/** A formula with its operands, all of them of the value's own shape. */
function step(formula: string, access: Access, from = 0): ChainStep {
  const stands = FORMULAS[formula]!.draws ? counter : access;
  const operands = Array.from({ length: FORMULAS[formula]!.operands }, (_, i) => ({ name: `operand${from + i}`, access: stands }));
  return { formula, parameters: PARAMETERS[formula] ?? [], operands };
}

const formula = (name: string): Kernel => elementwise({ rows: 6, columns: 8, start: fullAccess(6, 8), steps: [step(name, fullAccess(6, 8))] });

const product = (spec: Partial<MatmulSpec>): MatmulSpec =>
  ({ m: 10, n: 7, k: 6, transposeA: false, transposeB: false, epilogue: [], prologueA: [], prologueB: [], rowSums: false, batch: [], ...spec });
/** As a layer asks for it: out = relu(x · wᵀ + bias), with the sum before relu kept. */
const forwardLayer = (n: number, m: number, k: number): MatmulSpec =>
  product({ m, n, k, transposeB: true, epilogue: [{ ...step('add', bias(n)), save: 'saved0' }, step('relu', fullAccess(m, n))] });
/** dW = (dout · relu′)ᵀ · x, with the bias gradient on the way. */
const backwardLayer = (n: number, m: number, k: number): MatmulSpec =>
  product({ m, n, k, transposeA: true, prologueA: [step('reluBackward', fullAccess(k, m))], rowSums: true });

const LAYOUTS = [[false, false], [false, true], [true, false], [true, true]] as const;
const layouts: [string, Kernel][] = LAYOUTS.flatMap(([transposeA, transposeB]) => {
  const letters = `${transposeA ? 't' : 'n'}${transposeB ? 't' : 'n'}`;
  const spec = product({ transposeA, transposeB });
  return [
    [`matmul-${letters}-small`, matmulRegister(spec, transposeA ? 4 : 1, 'small')],
    [`matmul-${letters}-short`, matmulRegister({ ...spec, single: true }, 1, 'short')],
    [`matmul-${letters}-register`, matmulRegister(spec, 4, 'register')],
    [`matmul-${letters}-tiled`, matmulTiled({ ...spec, m: 130, n: 70, k: 33 }, TILES['64x64'], 'tiled')],
    [`matmul-${letters}-quad`, matmulQuad({ ...spec, m: 13, n: 22, k: 10 }, 8)],
    [`matmul-${letters}-quad-wide`, matmulQuad({ ...spec, m: 33, n: 38, k: transposeB ? 10 : 6 }, 32)],
  ] satisfies [string, Kernel][];
});

const fold = ({ shape = [6], ...spec }: Partial<ReduceSpec>): ReduceSpec => {
  const columns = shape.at(-1)!;
  const start = fullAccess(shape.reduce((size, dimension) => size * dimension, 1) / columns, columns);
  return { fold: 'sum', shape, folded: shape.map(() => true), scale: 1, start, prologue: [], epilogue: [], columns: 1, ...spec };
};

const loss = { rows: 5, columns: 3, scale: 0.2 };
const counted = { rows: 8, columns: 4, ignoreIndex: -100 };
const labels: LabelSpec = { ...loss, scale: 1, labels: 'u32', ignoreIndex: -100, mean: true };
const arena = { count: 256 };

/** Normalisations of [3, 8, 10]: the rows, the channels of each example in 4 groups, the channels of the batch. */
const normalizedRows = { runs: 1, groups: 24, length: 10, channels: 10, inner: 1, eps: 1e-5, centred: true, weight: true, bias: true };
const normalizedGroups = { ...normalizedRows, groups: 12, length: 20, channels: 8, inner: 10 };
const normalizedBatch = { ...normalizedGroups, runs: 3, groups: 8, length: 10 };
const normalizedParameters = { outer: 24, channels: 10, inner: 1, groups: 24, length: 10, centred: true, dweight: true, dbias: true };
/** A table [2, 5, 3] with 7 indices: one for each element, or one for each row. */
const indexed = { outer: 2, size: 5, inner: 3, count: 7, eachRow: false, indices: 'u32' } as const;
const indexedRows = { ...indexed, outer: 1, eachRow: true, indices: 'f32', padding: 2 } as const;

/** [2, 4, 9, 11] by [6, 2, 3, 3] in two groups. */
const convolution: Convolution = {
  batch: 2, groups: 2, inChannels: 2, outChannels: 3, input: [9, 11], output: [5, 6], kernel: [3, 3], stride: [2, 2], padding: [1, 1], dilation: [1, 1],
};
const wide: Convolution = { ...convolution, groups: 1, outChannels: 5, input: [1, 40], output: [1, 6], kernel: [1, 15], stride: [1, 5], padding: [0, 2] };
const plain = { bias: false, epilogue: [] } as const;
const pool = { planes: 6, input: [9, 8], output: [5, 4], kernel: [3, 3], stride: [2, 2], padding: [1, 0], dilation: [1, 1], epilogue: [] } as const;
const upscale = { planes: 6, input: [4, 5], scale: [2, 3] } as const;

/** Kernels by the name of their golden file. */
export const goldenKernels: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  ...Object.keys(FORMULAS).map((name): [string, Kernel] => [`elementwise-${name}`, formula(name)]),
  ['elementwise-copy', elementwise({ rows: 5, columns: 7, start: fullAccess(5, 7), steps: [] })],
  ['elementwise-broadcast', elementwise({
    rows: 12, columns: 5, start: { rowTerms: [{ divide: 1, modulo: 4, stride: 0 }, { divide: 4, modulo: 3, stride: 5 }], columnStride: 1, count: 15 },
    steps: [step('mul', { rowTerms: [{ divide: 1, modulo: 4, stride: 1 }], columnStride: 0, count: 4 })],
  })],
  ['elementwise-chain', elementwise({
    rows: 6, columns: 8, start: fullAccess(6, 8), steps: [{ ...step('add', bias(8)), save: 'saved0' }, step('tanh', bias(8)), step('mul', fullAccess(6, 8), 1)],
  })],
  ...layouts,
  ...attentionKernels,
  ...recurrentKernels,
  ...mixedKernels,
  ['matmul-forward-small', matmulRegister(forwardLayer(7, 10, 6), 1, 'small')],
  ['matmul-forward-register', matmulRegister(forwardLayer(8, 10, 12), 4, 'register')],
  ['matmul-forward-tiled', matmulTiled(forwardLayer(68, 66, 32), TILES['64x64'], 'tiled')],
  ['matmul-forward-quad', matmulQuad(forwardLayer(16, 20, 24), 16)],
  ['matmul-backward-small', matmulRegister(backwardLayer(6, 7, 10), 4, 'small')],
  ['matmul-backward-short', matmulRegister({ ...backwardLayer(6, 7, 10), single: true }, 4, 'short')],
  ['matmul-backward-register', matmulRegister(backwardLayer(8, 12, 16), 4, 'register')],
  ['matmul-backward-quad', matmulQuad(backwardLayer(8, 12, 16), 8)],
  ['matmul-backward-tiled', matmulTiled(backwardLayer(68, 66, 32), TILES['64x64'], 'tiled')],
  // Three slices of 32 steps along k.
  ['matmul-backward-split', splitProduct.kernel({ ...backwardLayer(8, 12, 32), batch: [{ size: 3, strideA: 32 * 12, strideB: 32 * 8, summed: false }] }, { adapterClass: 'gpu', maxBindings: 8, quads: false, fusion: true, variants: {} })],
  ['matmul-nt-gemv-subgroup', matmulVector(product({ m: 2, n: 70, k: 130, transposeB: true, epilogue: [step('add', bias(70)), step('relu', fullAccess(2, 70))] }), 'subgroup', 'gemv-subgroup')],
  ['matmul-forward-subgroup-matrix', matmulSubgroupMatrix(forwardLayer(70, 66, 32), { m: 8, n: 8, k: 8, type: 'f32', lanes: 32 }, 'subgroup-matrix')],
  ['matmul-tt-subgroup-matrix', matmulSubgroupMatrix(product({ m: 40, n: 44, k: 20, transposeA: true, transposeB: true }), { m: 8, n: 8, k: 4, type: 'f32', lanes: 64 }, 'subgroup-matrix')],
  ['matmul-backward-subgroup-matrix', matmulSubgroupMatrix(backwardLayer(40, 50, 36), { m: 8, n: 16, k: 8, type: 'f32', lanes: 128 }, 'subgroup-matrix')],
  ['matmul-nt-gemv', matmulVector(product({ m: 1, n: 70, k: 130, transposeB: true }), 'workgroup', 'gemv')],
  ['matmul-nn-gemv', matmulVector(product({ m: 2, n: 70, k: 128 }), 'workgroup', 'gemv')],
  ['matmul-tn-gemv', matmulVector(product({ m: 70, n: 1, k: 128, transposeA: true, rowSums: true }), 'workgroup', 'gemv')],
  ['matmul-nn-tiled-32x32', matmulTiled(product({ m: 40, n: 36, k: 44 }), TILES['32x32'], 'tiled-32x32')],
  ['matmul-backward-tiled-128x64', matmulTiled(backwardLayer(68, 130, 32), TILES['128x64'], 'tiled-128x64')],
  ['matmul-backward-tiled-128x128', matmulTiled(backwardLayer(132, 130, 32), TILES['128x128'], 'tiled-128x128')],
  ['convolution-block', convolutionBlock({ ...convolution, transposed: false, bias: true, epilogue: [step('relu', fullAccess(60, 6))] })],
  ['convolution-wide', convolutionBlock({ ...wide, ...plain, transposed: false })],
  ['convolution-transposed-block', convolutionBlock({ ...convolution, ...plain, transposed: true })],
  ['convolution-transposed-wide', convolutionBlock({ ...wide, ...plain, transposed: true })],
  ['convolution-quad', convolutionQuad({ ...convolution, transposed: false, bias: true, epilogue: [step('relu', fullAccess(60, 6))] })],
  ['convolution-quad-wide', convolutionQuad({ ...wide, ...plain, transposed: false })],
  ['convolution-transposed-quad', convolutionQuad({ ...convolution, ...plain, transposed: true })],
  ['convolution-transposed-quad-wide', convolutionQuad({ ...wide, ...plain, transposed: true })],
  ['convolution-weight-block', convolutionWeight({ ...convolution, splits: 2, bias: true })],
  ['convolution-weight-wide', convolutionWeight({ ...wide, splits: 1, bias: false })],
  ['max-pooling', maxPooling(pool)],
  ['max-pooling-backward', maxPoolingBackward({ ...pool, epilogue: [step('reluBackward', fullAccess(54, 8))] })],
  ['average-pooling', averagePooling({ ...pool, countIncludePad: false })],
  ['average-pooling-backward', averagePoolingBackward({ ...pool, countIncludePad: true })],
  ['upsample-nearest', upsample({ ...upscale, mode: 'nearest' })],
  ['upsample-bilinear', upsample({ ...upscale, mode: 'bilinear' })],
  ['upsample-nearest-backward', upsampleBackward({ ...upscale, mode: 'nearest' })],
  ['upsample-bilinear-backward', upsampleBackward({ ...upscale, mode: 'bilinear' })],
  ['reduce-serial', reduceSerial(fold({ shape: [3, 600, 5], folded: [false, true, false], columns: 5 }))],
  ['reduce-workgroup', reduceTogether(fold({ shape: [3, 600, 5], folded: [false, true, false], columns: 5, scale: 0.125 }), 'workgroup')],
  ['reduce-subgroup', reduceTogether(fold({ shape: [3, 600, 5], folded: [false, true, false], columns: 5, scale: 0.125 }), 'subgroup')],
  // As the gradient of a broadcast operand asks for it, with something to follow.
  ['reduce-chains', reduceSerial(fold({
    shape: [4, 3, 5], folded: [true, false, true], columns: 3, prologue: [step('mul', bias(5))], epilogue: [step('add', fullAccess(1, 3), 1)],
  }))],
  ...(Object.keys(bringingFolds(FOLDS, FOLDS)) as FoldName[]).map((name): [string, Kernel] => [`reduce-${name}`, reduceSerial(fold({ fold: name }))]),
  ['reduce-max-workgroup', reduceTogether(fold({ fold: 'max', shape: [2, 515], folded: [false, true] }), 'workgroup')],
  ['reduce-range-first', reduceRange({ ...fold({ fold: 'argMax', shape: [300, 4], folded: [true, false], columns: 4 }), range: { first: 0, isLast: false } })],
  ['reduce-range-later', reduceRange({ ...fold({ fold: 'argMax', shape: [300, 4], folded: [true, false], columns: 4 }), range: { first: 600, isLast: false } })],
  ['reduce-range-last', reduceRange({ ...fold({ fold: 'norm2', shape: [44, 4], folded: [true, false], columns: 4, scale: 0.5 }), range: { first: 900, isLast: true } })],
  ...(['max', 'prod'] as const).map((name): [string, Kernel] => [`reduce-${name}-subgroup`, reduceTogether(fold({ fold: name, shape: [2, 515], folded: [false, true] }), 'subgroup')]),
  ['prod-backward', prodBackward({ shape: [3, 4, 5], folded: [true, false, true] })],
  ['softmax', softmax({ outer: 5, size: 3, inner: 1, log: false })],
  ['softmax-axis', softmax({ outer: 2, size: 5, inner: 3, log: false })],
  ['softmax-four', softmax({ outer: 5, size: 12, inner: 1, log: false })],
  ['softmax-axis-four', softmax({ outer: 2, size: 5, inner: 8, log: false })],
  ['softmax-workgroup', softmaxTogether({ outer: 5, size: 600, inner: 1, log: false }, 'workgroup')],
  ['softmax-subgroup', softmaxTogether({ outer: 5, size: 600, inner: 1, log: false }, 'subgroup')],
  ['softmax-backward', softmaxBackward({ outer: 5, size: 3, inner: 1, log: false })],
  ['softmax-backward-four', softmaxBackward({ outer: 5, size: 12, inner: 1, log: false })],
  ['softmax-backward-workgroup', softmaxBackwardTogether({ outer: 5, size: 600, inner: 1, log: false }, 'workgroup')],
  ['softmax-backward-subgroup', softmaxBackwardTogether({ outer: 5, size: 600, inner: 1, log: false }, 'subgroup')],
  ['log-softmax', softmax({ outer: 5, size: 3, inner: 1, log: true })],
  ['log-softmax-backward', softmaxBackward({ outer: 5, size: 3, inner: 1, log: true })],
  ['cumsum', cumsumSerial({ outer: 2, size: 5, inner: 3, reverse: false })],
  ['cumsum-reverse', cumsumSerial({ outer: 2, size: 5, inner: 1, reverse: true })],
  ['cumsum-workgroup', cumsumWorkgroup({ outer: 2, size: 600, inner: 3, reverse: true })],
  ['mse', elementLosses.mse(loss)],
  ['mae', elementLosses.mae(loss)],
  ['huber', elementLosses.huber({ ...loss, delta: 1.5 })],
  ['hinge', elementLosses.hinge({ ...loss, margin: 1 })],
  ['hinge-target', elementLosses.hingeTarget({ ...loss, margin: 1 })],
  ['kl-div', elementLosses.klDiv({ ...loss, logTarget: false })],
  ['kl-div-target', elementLosses.klDivTarget({ ...loss, logTarget: false })],
  ['kl-div-log', elementLosses.klDiv({ ...loss, logTarget: true })],
  ['kl-div-log-target', elementLosses.klDivTarget({ ...loss, logTarget: true })],
  ['bce-with-logits', elementLosses.bceWithLogits(loss)],
  ['bce-with-logits-target', elementLosses.bceWithLogitsTarget(loss)],
  ['bce-with-logits-weighted', elementLosses.bceWithLogits({ ...loss, weight: [1, 0.5, 2], posWeight: [3] })],
  ['bce-with-logits-weighted-target', elementLosses.bceWithLogitsTarget({ ...loss, weight: [1, 0.5, 2], posWeight: [3] })],
  ['cross-entropy-index', crossEntropyIndex({ ...labels, smoothing: 0 })],
  ['cross-entropy-index-smoothed', crossEntropyIndex({ ...labels, rows: 200, labels: 'f32', weight: [1, 0.5, 2], smoothing: 0.1 })],
  ['cross-entropy-probabilities', crossEntropyProbabilities({ ...loss, smoothing: 0 })],
  ['cross-entropy-probabilities-weighted', crossEntropyProbabilities({ ...loss, smoothing: 0.1, weight: [1, 0.5, 2] })],
  ['cross-entropy-target', crossEntropyTarget({ ...loss, smoothing: 0.1, weight: [1, 0.5, 2] })],
  ['cross-entropy-index-fours', crossEntropyIndex({ ...labels, columns: 8, smoothing: 0.1 })],
  ['nll', nll({ ...labels, mean: false, weight: [1, 0.5, 2] })],
  ['label-mass', labelMass({ ...labels, rows: 200, weight: [1, 0.5, 2] })],
  ['cosine-embedding', cosineEmbedding({ ...loss, margin: 0.25 })],
  ['sgd', sgd({ ...arena, momentum: 0, nesterov: false, weightDecay: 0 })],
  ['sgd-momentum', sgd({ ...arena, momentum: 0.9, nesterov: false, weightDecay: 0 })],
  ['sgd-nesterov', sgd({ ...arena, momentum: 0.9, nesterov: true, weightDecay: 0.01 })],
  ['adam', adam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, amsgrad: false, decoupled: false })],
  ['adam-decay', adam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, amsgrad: false, decoupled: false })],
  ['adam-w', adam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, amsgrad: false, decoupled: true })],
  ['adam-amsgrad', adam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, amsgrad: true, decoupled: false })],
  ['adamax', adamax({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 })],
  ['nadam', nadam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false })],
  ['radam', radam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false })],
  ['adagrad', adagrad({ ...arena, eps: 1e-10, weightDecay: 0 })],
  ['adadelta', adadelta({ ...arena, rho: 0.9, eps: 1e-6, weightDecay: 0 })],
  ['rmsprop', rmsprop({ ...arena, alpha: 0.99, eps: 1e-8, momentum: 0, centered: false, weightDecay: 0 })],
  ['rmsprop-centered', rmsprop({ ...arena, alpha: 0.99, eps: 1e-8, momentum: 0.9, centered: true, weightDecay: 0 })],
  ['lion', lion({ ...arena, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 })],
  ['sgd-clip-norm', sgd({ ...arena, momentum: 0, nesterov: false, weightDecay: 0, clip: { norm: 1 } })],
  ['sgd-clip-value', sgd({ ...arena, momentum: 0, nesterov: false, weightDecay: 0, clip: { value: 0.5 } })],
  ['muon-momentum', muonMomentum({ ...arena, momentum: 0.95, nesterov: true })],
  ['muon-normalize', muonNormalize({ ...arena, eps: 1e-7 })],
  ['muon-apply', muonApply({ ...arena, size: 255, weightDecay: 0.1, ratio: 2 })],
  ['squared-norm', squaredNorm({ ...arena, partials: 4 })],
  ['gather-batch-wide', gatherBatch({ examples: 100, rows: 8, inputSize: 12, inputType: 'f32', targetSize: 1, targetType: 'u32' })],
  ['gather-batch', gatherBatch({ examples: 100, rows: 8, inputSize: 7, inputType: 'f32', targetSize: 3, targetType: 'f32' })],
  ['gather-batch-indices', gatherBatch({ examples: 100, rows: 8, inputSize: 16, inputType: 'u32', targetSize: 16, targetType: 'u32' })],
  ['gather-batch-range-first', gatherBatchRange({ examples: 100, rows: 8, inputSize: 12, inputType: 'f32', targetSize: 1, targetType: 'u32', held: { first: 0, count: 64 }, firstRow: 0 })],
  ['gather-batch-range-later', gatherBatchRange({ examples: 100, rows: 8, inputSize: 7, inputType: 'u32', targetSize: 3, targetType: 'f32', held: { first: 64, count: 36 }, firstRow: 8 })],
  ['accuracy-index', accuracy({ rows: 8, columns: 10, target: 'index' })],
  ['accuracy-ignored', accuracy({ rows: 8, columns: 10, target: 'index', ignoreIndex: -100 })],
  ['confusion-index', metricKernels.confusion({ ...counted, target: 'index' })],
  ['confusion-probabilities', metricKernels.confusion({ ...counted, target: 'probabilities' })],
  ['confusion-sign', metricKernels.confusion({ ...counted, target: 'signs' })],
  ['top-k', metricKernels.topK({ ...counted, target: 'index', k: 2 })],
  ['regression-sums', metricKernels.regressionSums({ rows: 8, columns: 3 })],
  ['surprise', metricKernels.surprise({ ...counted, target: 'index' })],
  ['add-terms', metricKernels.addTerms({ rows: 300 })],
  ['accuracy-probabilities', accuracy({ rows: 8, columns: 10, target: 'probabilities' })],
  ['accuracy-sign', accuracy({ rows: 8, columns: 3, target: 'signs' })],
  ['statistics', statistics(arena)],
  ['activity', activity({ rows: 8, columns: 16 })],
  ['gradient-sum-first', gradientSum({ ...arena, factor: 0.25, first: true })],
  ['gradient-sum-next', gradientSum({ ...arena, factor: 0.25, first: false })],
  ['weight-average-first', weightAverage({ ...arena, rate: 0.001, first: true })],
  ['weight-average-next', weightAverage({ ...arena, rate: 0.001, first: false })],
  ['store-buffers', storeBuffers({ count: 256, parts: [{ offset: 0, size: 7 }, { offset: 64, size: 1 }, { offset: 128, size: 64 }] })],
  ['record', record({ sizes: [1, 2] })],
  ['philox-fill', philoxFill({ length: 13 })],
  ['quad-probe', quadProbe()],
  ['calibration', calibration({ terms: BUILTIN_ROWS.map(({ expression, helper }) => ({ expression, ...(helper ? { helper } : {}), count: 100 })) })],
  ['multiply-add', multiplyAdd({ lanes: 64, rounds: 8 })],
  ['copy-memory', copyMemory(256)],
  ['dropout', elementwise({ rows: 1, columns: 13, start: fullAccess(1, 13), steps: [{ ...step('dropout', counter), saveDrawn: 'saved0' }] })],
  // Rows of 7 begin anywhere in a block of four; another layer draws another mask.
  ['dropout-chain', elementwise({
    rows: 5, columns: 7, start: fullAccess(5, 7),
    steps: [step('add', bias(7)), { ...step('dropout', counter, 1), saveDrawn: 'saved0' }, step('add', fullAccess(5, 7), 2), { ...step('dropout', counter, 3), parameters: [2 ** 23, 2, 3] }],
  })],
  // A part of a larger tensor draws the numbers of its place in the whole.
  ['dropout-part', elementwise({ rows: 5, columns: 7, start: fullAccess(5, 7), steps: [{ ...step('dropout', counter), saveDrawn: 'saved0', drawsFrom: 448 }] })],
  ['matmul-forward-dropout', matmulRegister(product({
    transposeB: true, n: 10, epilogue: [step('add', bias(10)), { ...step('relu', bias(10)), save: 'saved0' }, { ...step('dropout', counter, 1), saveDrawn: 'saved1' }],
  }), 4, 'register')],
  ['matmul-forward-quad-dropout', matmulQuad(product({ m: 9, n: 12, k: 6, transposeB: true, epilogue: [{ ...step('dropout', counter), saveDrawn: 'saved0' }] }), 8)],
  ['place', placeKernel({ axes: [{ size: 5, start: 1, count: 2, step: 2 }, { size: 7, start: 0, count: 7, step: 1 }], value: 0, type: 'f32' })],
  ['place-indices', placeKernel({ axes: [{ size: 5, start: 1, count: 3, step: 1 }], value: 7, type: 'u32' })],
  ['concat', concatKernel({ outer: 3, inner: 4, sizes: [2, 1, 5], type: 'f32' })],
  // The first part as the heads [2, 3, 2] of [3, 2, 2]: its elements stand elsewhere.
  ['concat-strided', concatKernel({
    outer: 3, inner: 1, sizes: [4, 5], type: 'f32',
    accesses: [{ access: { rowTerms: [{ divide: 1, modulo: 2, stride: 6 }, { divide: 2, modulo: 3, stride: 2 }], columnStride: 1, count: 12 }, columns: 2 }, undefined],
  })],
  ['concat-indices', concatKernel({ outer: 3, inner: 1, sizes: [2, 4], type: 'u32' })],
  ['pad-reflect', padKernel({ axes: [{ size: 3, before: 0, after: 0 }, { size: 5, before: 2, after: 4 }], mode: 'reflect', type: 'f32' })],
  ['pad-replicate', padKernel({ axes: [{ size: 3, before: 1, after: 0 }, { size: 5, before: 2, after: 4 }], mode: 'replicate', type: 'f32' })],
  ['pad-reflect-backward', padBackwardKernel({ axes: [{ size: 3, before: 0, after: 0 }, { size: 5, before: 2, after: 4 }], mode: 'reflect', type: 'f32' })],
  ['pad-replicate-backward', padBackwardKernel({ axes: [{ size: 3, before: 1, after: 0 }, { size: 5, before: 2, after: 4 }], mode: 'replicate', type: 'f32' })],
  ['elementwise-copy-indices', elementwise({
    rows: 6, columns: 8, start: { rowTerms: [{ divide: 1, modulo: 6, stride: 12 }], columnStride: 1, count: 72, offset: 4, type: 'u32' }, steps: [], type: 'u32',
  })],
  ['elementwise-strided', elementwise({
    rows: 6, columns: 5, start: { rowTerms: [{ divide: 1, modulo: 6, stride: 1 }], columnStride: 6, count: 30 },
    steps: [step('add', { rowTerms: [{ divide: 1, modulo: 6, stride: -5 }], columnStride: -1, count: 30, offset: 29 })],
  })],
  ['sum-of-squares', sumOfSquares({ count: 600, factor: 5e-5 }, 'workgroup')],
  ['sum-of-squares-subgroup', sumOfSquares({ count: 600, factor: 5e-5 }, 'subgroup')],
  ['normalize-serial', normalize(normalizedRows, 'serial')],
  ['normalize-serial-long', normalize({ ...normalizedRows, length: 300, channels: 300, bias: false }, 'serial')],
  ['normalize-serial-batch', normalize(normalizedBatch, 'serial')],
  ['normalize-serial-square', normalize({ ...normalizedRows, centred: false, bias: false }, 'serial')],
  ['normalize-epilogue-serial', normalize({ ...normalizedRows, epilogue: { steps: [{ formula: 'relu', parameters: [], operands: [], save: 'saved0' }], columns: normalizedRows.length } }, 'serial')],
  ['normalize-fours-serial', normalize({
    ...normalizedBatch, length: 12, inner: 12, epilogue: { steps: [{ formula: 'add', parameters: [], operands: [{ name: 'operand0', access: fullAccess(24, 12) }] }], columns: 12 },
  }, 'serial')],
  ['normalize-backward-fours-serial', normalizeBackward({ ...normalizedRows, length: 12, channels: 12, dweight: false, dbias: false }, 'serial')],
  ['normalize-workgroup', normalize(normalizedGroups, 'workgroup')],
  ['normalize-subgroup', normalize(normalizedGroups, 'subgroup')],
  ['normalize-backward-serial', normalizeBackward({ ...normalizedGroups, dweight: false, dbias: false }, 'serial')],
  ['normalize-backward-serial-square', normalizeBackward({ ...normalizedRows, centred: false, dweight: false, dbias: false }, 'serial')],
  ['normalize-backward-epilogue-workgroup', normalizeBackward({
    ...normalizedBatch, dweight: true, dbias: true, epilogue: { steps: [{ formula: 'add', parameters: [], operands: [{ name: 'operand0', access: fullAccess(48, 5) }] }], columns: 5 },
  }, 'workgroup')],
  ['normalize-backward-workgroup', normalizeBackward({ ...normalizedBatch, dweight: true, dbias: true }, 'workgroup')],
  ['normalize-backward-subgroup', normalizeBackward({ ...normalizedBatch, dweight: true, dbias: true }, 'subgroup')],
  ['normalize-parameters-serial', normalizeParametersSerial(normalizedParameters)],
  ['normalize-parameters-workgroup', normalizeParametersTogether(normalizedParameters, 'workgroup')],
  ['normalize-parameters-subgroup', normalizeParametersTogether({ ...normalizedParameters, outer: 3, channels: 8, inner: 10, groups: 8 }, 'subgroup')],
  ['normalize-parameters-variance', normalizeParametersSerial({ ...normalizedParameters, outer: 3, channels: 8, inner: 10, groups: 8, eps: 1e-5, dbias: false })],
  ['running-mean-serial', runningStatistic({ runs: 6, groups: 8, length: 1, momentum: 0.1, statistic: 'mean' }, 'serial')],
  ['running-variance-workgroup', runningStatistic({ runs: 3, groups: 8, length: 10, momentum: 0.1, statistic: 'variance' }, 'workgroup')],
  ['running-variance-subgroup', runningStatistic({ runs: 3, groups: 8, length: 10, momentum: 0.1, statistic: 'variance' }, 'subgroup')],
  ['gather', gather(indexed)],
  ['gather-rows', gather(indexedRows)],
  ['gather-range-first', gather({ ...indexedRows, range: { first: 0, total: 11 } })],
  ['gather-range-later', gather({ ...indexedRows, indices: 'u32', range: { first: 5, total: 11 } })],
  ['scatter-scan-range', scatterScan({ ...indexedRows, target: false, range: { first: 5, total: 11 } })],
  ['scatter-sorted-range', scatterSorted({ ...indexedRows, target: false, range: { first: 5, total: 11 } })],
  ['scatter-scan', scatterScan({ ...indexed, target: true })],
  ['scatter-scan-rows', scatterScan({ ...indexedRows, target: false })],
  ['index-order', indexOrder(indexed)],
  ['index-order-rows', indexOrder(indexedRows)],
  ['scatter-sorted', scatterSorted({ ...indexed, target: true })],
  ['scatter-sorted-rows', scatterSorted({ ...indexedRows, target: false })],
  ['one-hot', oneHot({ count: 7, classes: 5, indices: 'u32' })],
]);
