// Nets for limits on bindings that some of their tensors are beyond: planned without a GPU, and trained with one.
import {
  adam, avgPool2d, conv2d, convTranspose2d, crossEntropy, dropout, flatten, gelu, groupNorm, layerNorm, linear, maxPool2d, mse, multiHeadAttention, muon, relu, rmsNorm, sequential, sgd, transformerEncoderLayer, upsample, type CompileOptions, type Module,
} from '../src/index.ts';

export interface CutNet {
  readonly model: () => Module;
  readonly inputShape: readonly number[];
  /** Numbers for each example that the loss expects; a class where there are `classes`. */
  readonly targetSize: number;
  readonly classes?: number;
  /** Rows of a batch. */
  readonly rows: number;
  /** Bytes of a binding at most. */
  readonly most: number;
  readonly options: () => Omit<CompileOptions, 'device'>;
}

export const cutNets = {
  // Masks are those of the whole; the norm of all gradients, and what diagnostics read, come from ranges.
  dropout: {
    model: () => sequential(linear(50, 400), relu(), dropout(0.3), linear(400, 90), gelu(), dropout(0.2), linear(90, 10)), inputShape: [50], targetSize: 10, rows: 160, most: 60_000,
    options: () => ({ loss: mse(), optimizer: adam({ lr: 0.01 }), clipGradients: { norm: 0.05 }, diagnostics: true }),
  },
  convolution: {
    model: () => sequential(
      conv2d(2, 6, 3, { padding: 1 }), relu(), dropout(0.1), maxPool2d(2), conv2d(6, 8, 3, { stride: 2, padding: 1 }), gelu(), convTranspose2d(8, 8, 2, { stride: 2 }), avgPool2d(2), upsample(2, { mode: 'bilinear' }), flatten(), linear(512, 10),
    ),
    inputShape: [2, 16, 16], targetSize: 1, classes: 10, rows: 96, most: 170_000, options: () => ({ loss: crossEntropy(), optimizer: sgd({ lr: 0.2 }), metrics: ['accuracy'] }),
  },
  normalization: {
    model: () => sequential(linear(32, 96), layerNorm(96), relu(), linear(96, 64), rmsNorm(64), gelu(), linear(64, 64), groupNorm(4, 64), linear(64, 10)), inputShape: [32], targetSize: 10, rows: 192, most: 26_000,
    options: () => ({ loss: mse(), optimizer: adam({ lr: 0.01 }) }),
  },
  // A mean over few rows, and how many of them are right.
  classes: {
    model: () => sequential(linear(20, 300)), inputShape: [20], targetSize: 1, classes: 300, rows: 100, most: 80_000,
    options: () => ({ loss: crossEntropy({ ignoreIndex: 7 }), optimizer: sgd({ lr: 0.5 }), metrics: ['accuracy'] }),
  },
  // Weights stored for few rows, made again for many; a mask that stretches over heads.
  attention: {
    model: () => sequential(transformerEncoderLayer(24, 3, { feedForwardDim: 48, dropout: 0.1 }), flatten(), linear(288, 10)), inputShape: [12, 24], targetSize: 10, rows: 48, most: 40_000, options: () => ({ loss: mse(), optimizer: adam({ lr: 0.01 }) }),
  },
  longAttention: {
    model: () => sequential(multiHeadAttention(8, 2, { causal: true, numKeyValueHeads: 1, rotary: true }), flatten(), linear(1056, 64)), inputShape: [132, 8], targetSize: 64, rows: 16, most: 40_000, options: () => ({ loss: mse(), optimizer: adam({ lr: 0.01 }) }),
  },
  muon: {
    model: () => sequential(linear(96, 384), relu(), linear(384, 10)), inputShape: [96], targetSize: 10, rows: 64, most: 80_000, options: () => ({ loss: mse(), optimizer: muon({ lr: 0.01 }) }),
  },
} satisfies Record<string, CutNet>;

export type CutNetName = keyof typeof cutNets;

/** So many examples for a net. */
export function examplesOf({ inputShape, targetSize, classes }: CutNet, count: number): { inputs: Float32Array; targets: Float32Array | Uint32Array } {
  const size = inputShape.reduce((product, axis) => product * axis, 1);
  const inputs = Float32Array.from({ length: count * size }, (_, i) => Math.sin(i * 1.7));
  return { inputs, targets: classes ? Uint32Array.from({ length: count }, (_, i) => (i * 11) % classes) : Float32Array.from({ length: count * targetSize }, (_, i) => Math.cos(i)) };
}
