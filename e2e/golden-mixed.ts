// Kernels of mixed precision, for the golden list.
import { adam } from '../shaders/adam.wgsl.ts';
import { fullAccess } from '../shaders/chain.wgsl.ts';
import type { Convolution } from '../shaders/convolution-parts.wgsl.ts';
import { convolutionQuad } from '../shaders/convolution-quad.wgsl.ts';
import { convolutionWeight } from '../shaders/convolution-weight.wgsl.ts';
import { convolutionBlock } from '../shaders/convolution.wgsl.ts';
import { elementwise } from '../shaders/elementwise.wgsl.ts';
import type { Kernel } from '../shaders/kernel.ts';
import { adjustLossScale, unscale } from '../shaders/loss-scale.wgsl.ts';
import { matmulQuad } from '../shaders/matmul-quad.wgsl.ts';
import { matmulVector } from '../shaders/matmul-vector.wgsl.ts';
import { matmulSubgroupMatrix } from '../shaders/matmul-subgroup-matrix.wgsl.ts';
import { matmulTiled } from '../shaders/matmul-tiled.wgsl.ts';
import { TILES } from '../shaders/tiles.ts';
import { matmulRegister, type MatmulSpec } from '../shaders/matmul.wgsl.ts';
import { muonApply, muonMomentum } from '../shaders/muon.wgsl.ts';

/** A layer whose output is kept as f32 for its gradient and goes on as f16, and one whose output only products read. */
const both: MatmulSpec = {
  m: 7, n: 6, k: 10, transposeA: false, transposeB: true, rowSums: false, prologueA: [], prologueB: [], batch: [], half: ['a', 'b'],
  epilogue: [{ formula: 'relu', parameters: [], operands: [] }, { formula: 'identity', parameters: [], operands: [], save: 'saved0', saveType: 'f16' }],
};
const only: MatmulSpec = { ...both, n: 12, k: 8, transposeB: false, epilogue: [], half: ['a', 'b', 'out'] };
const convolution: Convolution = {
  batch: 2, groups: 1, inChannels: 2, outChannels: 3, input: [5, 6], output: [5, 6], kernel: [3, 3], stride: [1, 1], padding: [1, 1], dilation: [1, 1],
};

export const mixedKernels: readonly [string, Kernel][] = [
  ['half-copy', elementwise({ rows: 5, columns: 7, start: fullAccess(5, 7), steps: [], half: ['out'] })],
  ['half-copy-fours', elementwise({ rows: 5, columns: 8, start: { ...fullAccess(5, 8), type: 'f16' }, steps: [], half: ['out'] })],
  ['half-matmul-small', matmulRegister(both, 1, 'small')],
  ['half-matmul-register', matmulRegister(only, 4, 'register')],
  ['half-matmul-subgroup-matrix', matmulSubgroupMatrix({ ...only, m: 68, n: 66, k: 32 }, { m: 16, n: 16, k: 16, type: 'f16', lanes: 32 }, 'subgroup-matrix')],
  ['half-matmul-tiled', matmulTiled({ ...only, m: 68, n: 66, k: 32 }, TILES['64x64'], 'tiled')],
  ['half-matmul-gemv-subgroup', matmulVector({ ...both, m: 1 }, 'subgroup', 'gemv-subgroup')],
  ['half-matmul-quad', matmulQuad(only, 8)],
  ['half-convolution', convolutionBlock({ ...convolution, transposed: false, bias: true, epilogue: [], half: ['out', 'source', 'weight'] })],
  ['half-convolution-transposed', convolutionBlock({ ...convolution, transposed: true, bias: false, epilogue: [], half: ['source', 'weight'] })],
  ['half-convolution-quad', convolutionQuad({ ...convolution, transposed: false, bias: true, epilogue: [], half: ['out', 'source', 'weight'] })],
  ['half-convolution-weight', convolutionWeight({ ...convolution, splits: 1, bias: true, half: ['dout', 'source'] })],
  ['unscale', unscale({ count: 256, partials: 2 })],
  ['adjust-loss-scale', adjustLossScale({ partials: 100, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000 })],
  ['adam-guarded', adam({ count: 256, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, amsgrad: false, decoupled: false, clip: { norm: 1 }, guarded: true })],
  ['muon-momentum-guarded', muonMomentum({ count: 256, momentum: 0.95, nesterov: true, guarded: true })],
  ['muon-apply-guarded', muonApply({ count: 256, size: 250, weightDecay: 0.1, ratio: 1, guarded: true })],
];
