// Nets for limits on bindings that some of their tensors are beyond: planned without a GPU, and trained with one.
import {
  adam, add, argMax, avgPool2d, batchNorm1d, batchNorm2d, conv2d, convTranspose2d, crossEntropy, cumsum, dropout, flatten, flip, functional, gelu, groupNorm, gru, layerNorm, linear, logSumExp, lstm, max, maxPool2d, mean, min, module, mse, mul,
  multiHeadAttention, muon, narrow, norm, pad, prod, relu, reshape, rmsNorm, rnn, scale, sequential, sgd, slice, transformerEncoderLayer, upsample, variance, type CompileOptions, type Module, type Tensor,
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
  // A matrix whose numbers are no fours.
  muon: {
    model: () => sequential(linear(97, 385), relu(), linear(385, 10)), inputShape: [97], targetSize: 10, rows: 64, most: 100_000, options: () => ({ loss: mse(), optimizer: muon({ lr: 0.01 }) }),
  },
  // A channel of all examples: in planes with a weight and without, and in rows. What is kept for predictions comes from ranges, too.
  batchNorm: {
    model: () => sequential(conv2d(2, 6, 3, { padding: 1 }), batchNorm2d(6), relu(), conv2d(6, 4, 3), batchNorm2d(4, { affine: false }), gelu(), flatten(), linear(64, 100), batchNorm1d(100), relu(), linear(100, 10)),
    inputShape: [2, 6, 6], targetSize: 1, classes: 10, rows: 96, most: 30_000, options: () => ({ loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }) }),
  },
  // Each row is a sequence of its own.
  recurrent: {
    model: () => sequential(lstm(6, 8, { bidirectional: true }), gru(16, 8), rnn(8, 8), rnn(8, 8, { nonlinearity: 'relu' }), flatten(), linear(24, 10)),
    inputShape: [3, 6], targetSize: 10, rows: 64, most: 5_000, options: () => ({ loss: mse(), optimizer: adam({ lr: 0.01 }) }),
  },
  // Folds along axes of which only a part fits, and along those that are kept.
  folds: {
    model: () => module({ first: linear(20, 120), last: linear(120, 10) }, ({ first, last }, x) => {
      const h = reshape(first(x), [x.shape[0]!, 6, 20]);
      const ofBatch = [max(h, { axes: [0], keepDims: true }), logSumExp(h, { axes: [0, 2], keepDims: true }), variance(h, { axes: [0, 1], keepDims: true }), norm(h, { axes: [0], keepDims: true, p: 'infinity' })];
      const ofRows = [min(h, { axes: [2], keepDims: true }), prod(h, { axes: [1], keepDims: true }), mean(h, { axes: [2], keepDims: true }), norm(h, { axes: [1, 2], keepDims: true })];
      const places = argMax(h, { axis: 0, keepDims: true });
      const sum = [...ofBatch, ...ofRows, scale(places, 1e-2)].reduce((total, term) => add(total, term), h);
      return last(reshape(sum, [x.shape[0]!, 120]));
    }),
    inputShape: [20], targetSize: 10, rows: 128, most: 25_000, options: () => ({ loss: mse(), optimizer: sgd({ lr: 0.001 }) }),
  },
  // What is put into larger tensors and taken out of them, and running sums, also along the batch.
  places: {
    model: () => module({ first: linear(20, 60), last: linear(60, 10) }, ({ first, last }, x) => {
      const rows = x.shape[0]!;
      const h = reshape(first(x), [rows, 3, 20]);
      const mirrored = slice(pad(h, [[0, 0], [1, 1], [2, 2]], { mode: 'reflect' }), { start: [0, 1, 0], end: [rows, 4, 20] });
      const later = pad(narrow(h, 0, 0, rows - 3), [[3, 0], [0, 0], [0, 0]]);
      const sums = add(cumsum(h, { axis: 2 }), scale(cumsum(h, { axis: 0 }), 0.1));
      const largest = functional.oneHot(argMax(h, { axis: 2 }), 20);
      return last(reshape([mirrored, later, sums, mul(largest, h)].reduce((total, term) => add(total, term), flip(h, [0])), [rows, 60]));
    }),
    inputShape: [20], targetSize: 10, rows: 128, most: 20_000, options: () => ({ loss: mse(), optimizer: sgd({ lr: 0.01 }) }),
  },
  // Masks that are added and learned, of each example and of all; weights that are made again for many rows.
  masks: {
    model: () => module({ query: linear(8, 528), key: linear(8, 16), value: linear(8, 16), mask: linear(8, 528), last: linear(4, 10) }, ({ query, key, value, mask, last }, x) => {
      const rows = x.shape[0]!;
      const [q, k, v, own] = [reshape(query(x), [rows, 2, 132, 2]), reshape(key(x), [rows, 2, 4, 2]), reshape(value(x), [rows, 2, 4, 2]), reshape(mask(x), [rows, 1, 132, 4])] as const;
      const seen = [own, mean(own, { axes: [0, 1] })].map((given) => functional.scaledDotProductAttention(q, k, v, { mask: given }));
      return last(reshape(mean(add(seen[0]!, seen[1]!), { axes: [2] }), [rows, 4]));
    }),
    inputShape: [8], targetSize: 10, rows: 16, most: 24_000, options: () => ({ loss: mse(), optimizer: sgd({ lr: 0.05 }) }),
  },
  // More labels than one binding holds, and targets that are learned.
  labels: {
    model: () => module({ first: linear(6, 256), other: linear(6, 256) }, ({ first, other }, x) => {
      const [h, goal] = [first, other].map((layer) => reshape(layer(x), [x.shape[0]!, 64, 4])) as [Tensor, Tensor];
      return add(h, mul(h, scale(functional.crossEntropy(h, functional.softmax(goal)), 0.1)));
    }),
    inputShape: [6], targetSize: 64, classes: 4, rows: 96, most: 20_000, options: () => ({ loss: crossEntropy({ ignoreIndex: 3 }), optimizer: sgd({ lr: 0.5 }) }),
  },
  // Kernels whose lanes exchange values in quads, over ranges.
  quads: {
    model: () => module({ first: conv2d(2, 8, 3, { padding: 1 }), between: relu(), second: conv2d(8, 8, 3, { padding: 1 }), steps: lstm(32, 8), units: gru(8, 8), last: linear(64, 10) }, ({ first, between, second, steps, units, last }, x) =>
      last(reshape(units(steps(reshape(second(between(first(x))), [x.shape[0]!, 8, 32]))), [x.shape[0]!, 64]))),
    inputShape: [2, 4, 8], targetSize: 10, rows: 64, most: 30_000,
    options: () => ({ loss: mse(), optimizer: sgd({ lr: 0.05 }), variants: { convolution: 'quad', recurrent: 'quad', 'recurrent-backward': 'quad', matmul: 'quad' } }),
  },
} satisfies Record<string, CutNet>;

export type CutNetName = keyof typeof cutNets;

/** So many examples for a net. */
export function examplesOf({ inputShape, targetSize, classes }: CutNet, count: number): { inputs: Float32Array; targets: Float32Array | Uint32Array } {
  const size = inputShape.reduce((product, axis) => product * axis, 1);
  const inputs = Float32Array.from({ length: count * size }, (_, i) => Math.sin(i * 1.7));
  return { inputs, targets: classes ? Uint32Array.from({ length: count * targetSize }, (_, i) => (i * 11) % classes) : Float32Array.from({ length: count * targetSize }, (_, i) => Math.cos(i)) };
}
