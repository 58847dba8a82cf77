// One representative of every exported kernel, in all variants and layouts: their text is kept under e2e/golden.
import { accuracy } from '../shaders/accuracy.wgsl.ts';
import { adam } from '../shaders/adam.wgsl.ts';
import { gatherBatch } from '../shaders/batch.wgsl.ts';
import { bceWithLogits } from '../shaders/bce-with-logits.wgsl.ts';
import { calibration } from '../shaders/calibration.wgsl.ts';
import { fullAccess, type Access, type ChainStep } from '../shaders/chain.wgsl.ts';
import { crossEntropyIndex, crossEntropyProbabilities } from '../shaders/cross-entropy.wgsl.ts';
import { dropout } from '../shaders/dropout.wgsl.ts';
import { elementwise } from '../shaders/elementwise.wgsl.ts';
import { FORMULAS } from '../shaders/formulas.wgsl.ts';
import type { Kernel } from '../shaders/kernel.ts';
import { matmulTiled } from '../shaders/matmul-tiled.wgsl.ts';
import { matmulRegister, type MatmulSpec } from '../shaders/matmul.wgsl.ts';
import { mse } from '../shaders/mse.wgsl.ts';
import { philoxFill } from '../shaders/philox.wgsl.ts';
import { record } from '../shaders/record.wgsl.ts';
import { reduceSerial, reduceWorkgroup } from '../shaders/reduce.wgsl.ts';
import { sgd } from '../shaders/sgd.wgsl.ts';
import { softmax, softmaxBackward } from '../shaders/softmax.wgsl.ts';
import { activity, statistics } from '../shaders/statistics.wgsl.ts';
import { BUILTIN_ROWS } from '../src/check/builtin-rows.ts';
import { sumOfSquares } from '../shaders/sum-of-squares.wgsl.ts';

/** A bias: one row for all. */
const bias = (columns: number): Access => ({ rowTerms: [], columnStride: 1, count: columns });
const PARAMETERS: Readonly<Record<string, readonly number[]>> = { scale: [-0.5], leakyRelu: [0.01], leakyReluBackward: [0.01] };

/** A formula with its operands, all of them of the value's own shape. */
function step(formula: string, access: Access, from = 0): ChainStep {
  const operands = Array.from({ length: FORMULAS[formula]!.operands }, (_, i) => ({ name: `operand${from + i}`, access }));
  return { formula, parameters: PARAMETERS[formula] ?? [], operands };
}

const formula = (name: string): Kernel => elementwise({ rows: 6, columns: 8, start: fullAccess(6, 8), steps: [step(name, fullAccess(6, 8))] });

const product = (spec: Partial<MatmulSpec>): MatmulSpec =>
  ({ m: 10, n: 7, k: 6, transposeA: false, transposeB: false, epilogue: [], prologueA: [], prologueB: [], rowSums: false, ...spec });
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
    [`matmul-${letters}-register`, matmulRegister(spec, 4, 'register')],
    [`matmul-${letters}-tiled`, matmulTiled({ ...spec, m: 130, n: 70, k: 33 })],
  ] satisfies [string, Kernel][];
});

const loss = { rows: 5, columns: 3, scale: 0.2 };
const arena = { count: 256 };

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
  ['matmul-forward-small', matmulRegister(forwardLayer(7, 10, 6), 1, 'small')],
  ['matmul-forward-register', matmulRegister(forwardLayer(8, 10, 12), 4, 'register')],
  ['matmul-forward-tiled', matmulTiled(forwardLayer(68, 66, 32))],
  ['matmul-backward-small', matmulRegister(backwardLayer(6, 7, 10), 4, 'small')],
  ['matmul-backward-register', matmulRegister(backwardLayer(8, 12, 16), 4, 'register')],
  ['matmul-backward-tiled', matmulTiled(backwardLayer(68, 66, 32))],
  ['reduce-serial', reduceSerial({ outer: 3, size: 600, inner: 5, scale: 1 })],
  ['reduce-workgroup', reduceWorkgroup({ outer: 3, size: 600, inner: 5, scale: 0.125 })],
  ['softmax', softmax({ rows: 5, columns: 3 })],
  ['softmax-backward', softmaxBackward({ rows: 5, columns: 3 })],
  ['mse', mse(loss)],
  ['bce-with-logits', bceWithLogits(loss)],
  ['cross-entropy-index', crossEntropyIndex(loss)],
  ['cross-entropy-probabilities', crossEntropyProbabilities(loss)],
  ['sgd', sgd({ ...arena, momentum: 0, nesterov: false, weightDecay: 0 })],
  ['sgd-momentum', sgd({ ...arena, momentum: 0.9, nesterov: false, weightDecay: 0 })],
  ['sgd-nesterov', sgd({ ...arena, momentum: 0.9, nesterov: true, weightDecay: 0.01 })],
  ['adam', adam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false })],
  ['adam-decay', adam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, decoupled: false })],
  ['adam-w', adam({ ...arena, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, decoupled: true })],
  ['gather-batch-wide', gatherBatch({ examples: 100, rows: 8, inputSize: 12, targetSize: 1, targetType: 'u32' })],
  ['gather-batch', gatherBatch({ examples: 100, rows: 8, inputSize: 7, targetSize: 3, targetType: 'f32' })],
  ['accuracy-index', accuracy({ rows: 8, columns: 10, target: 'index' })],
  ['accuracy-probabilities', accuracy({ rows: 8, columns: 10, target: 'probabilities' })],
  ['accuracy-sign', accuracy({ rows: 8, columns: 3, target: 'sign' })],
  ['statistics', statistics(arena)],
  ['activity', activity({ rows: 8, columns: 16 })],
  ['record', record({ values: 2 })],
  ['philox-fill', philoxFill({ length: 13 })],
  ['calibration', calibration({ terms: BUILTIN_ROWS.map(({ expression, helper }) => ({ expression, ...(helper ? { helper } : {}), count: 100 })) })],
  ['dropout', dropout({ count: 13, threshold: 2 ** 22, scale: 1 / 0.75, layer: 2 })],
  ['sum-of-squares', sumOfSquares({ count: 600, factor: 5e-5 })],
]);
