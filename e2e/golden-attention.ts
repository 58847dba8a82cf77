// Attention, rotary positions and products of batches, for the golden list.
import { attentionRowDots, keyGradientRows, keyGradientTiles, queryGradientRows, queryGradientTiles } from '../shaders/attention-backward.wgsl.ts';
import { maskGradient } from '../shaders/attention-mask.wgsl.ts';
import type { AttentionBackwardSpec, AttentionInput, AttentionMask } from '../shaders/attention-parts.wgsl.ts';
import { attentionWeights, attentionWeightsGradient } from '../shaders/attention-weights.wgsl.ts';
import { attentionRows, attentionTiles } from '../shaders/attention.wgsl.ts';
import { fullAccess } from '../shaders/chain.wgsl.ts';
import type { Kernel } from '../shaders/kernel.ts';
import { matmulSubgroupMatrix } from '../shaders/matmul-subgroup-matrix.wgsl.ts';
import { matmulTiled } from '../shaders/matmul-tiled.wgsl.ts';
import { TILES } from '../shaders/tiles.ts';
import { matmulRegister, type MatmulSpec } from '../shaders/matmul.wgsl.ts';
import { rotary } from '../shaders/rotary.wgsl.ts';

/** `matrices` matrices of `rows` by `columns`, one behind the other. */
const input = (matrices: number, rows: number, columns: number): AttentionInput =>
  ({ matrixTerms: [{ divide: 1, modulo: matrices, stride: rows * columns }], offset: 0, rowStride: columns, columns, size: matrices * rows * columns });
/** Four heads that are a view [2, 2, T, 8] of [2, T, 2, 8]; two of them share keys. */
const heads: AttentionInput = { matrixTerms: [{ divide: 2, modulo: 2, stride: 2080 }, { divide: 1, modulo: 2, stride: 8 }], offset: 0, rowStride: 16, columns: 8, size: 4160 };
const causal: AttentionBackwardSpec = {
  matrices: 4, group: 2, queries: 130, keys: 140, scale: 0.5, causal: true, query: heads, key: input(2, 140, 8), value: input(2, 140, 4), dout: input(4, 130, 4),
};
const mask: AttentionMask = { kind: 'additive', type: 'f32', access: fullAccess(390, 5) };
const masked = { matrices: 3, group: 1, queries: 130, keys: 5, scale: 0.5, causal: false, query: input(3, 130, 3), key: input(3, 5, 3), value: input(3, 5, 2), dout: input(3, 130, 2), mask };

/** Two products of which the operands' matrices lie apart, and a sum of three. */
const batch: MatmulSpec = {
  m: 5, n: 8, k: 4, transposeA: false, transposeB: true, epilogue: [], prologueA: [], prologueB: [], rowSums: false,
  batch: [{ size: 2, strideA: 20, strideB: 0, summed: false }, { size: 3, strideA: 40, strideB: 32, summed: true }],
};

export const attentionKernels: readonly [string, Kernel][] = [
  ['attention-rows', attentionRows(causal)],
  ['attention-rows-mask', attentionRows(masked)],
  ['attention-tiles', attentionTiles(causal)],
  ['attention-row-dots', attentionRowDots(masked)],
  ['attention-query-gradient-rows', queryGradientRows({ ...causal, makesRows: true })],
  ['attention-query-gradient-tiles', queryGradientTiles({ ...masked, makesRows: false })],
  ['attention-key-gradient-rows', keyGradientRows(masked)],
  ['attention-key-gradient-tiles', keyGradientTiles(causal)],
  ['attention-mask-gradient', maskGradient({ ...masked, scores: [3, 130, 5], shape: [130, 5], mask: { ...mask, access: fullAccess(130, 5) } })],
  ['attention-weights', attentionWeights({ ...masked, causal: true })],
  ['attention-weights-gradient', attentionWeightsGradient(masked)],
  ['rotary', rotary({ matrices: 20, positions: 5, columns: 6, base: 10_000, offset: 2, inverse: false, access: fullAccess(100, 6) })],
  ['matmul-batch-small', matmulRegister(batch, 1, 'small')],
  ['matmul-batch-register', matmulRegister(batch, 4, 'register')],
  ['matmul-batch-subgroup-matrix', matmulSubgroupMatrix({ ...batch, storedA: { offset: 4, rowStride: 8, columnStride: 1 } }, { m: 8, n: 8, k: 8, type: 'f32', lanes: 32 }, 'subgroup-matrix')],
  ['matmul-batch-tiled', matmulTiled({ ...batch, storedA: { offset: 4, rowStride: 8, columnStride: 1 } }, TILES['64x64'], 'tiled')],
];
