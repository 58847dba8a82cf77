import { argMax, argMin } from './arg-extremum.ts';
import { scaledDotProductAttention } from './attention.ts';
import { bceWithLogits } from './bce-with-logits.ts';
import { batchNorm, runningMean, runningVariance } from './batch-norm.ts';
import { add, mul, sub } from './broadcast.ts';
import { div, maximum, minimum, pow } from './broadcast-curved.ts';
import { concat } from './concat.ts';
import { cosineEmbedding } from './cosine-embedding.ts';
import { crossEntropy } from './cross-entropy.ts';
import { convTranspose2d } from './conv-transpose.ts';
import { conv1d, conv2d } from './convolution.ts';
import { dropout } from './dropout.ts';
import { avgPool1d, avgPool2d, maxPool1d, maxPool2d } from './pooling.ts';
import { upsample2d } from './upsample.ts';
import { hinge, huber, klDiv, mae, mse } from './element-losses.ts';
import { gelu, leakyRelu, relu, sigmoid, silu, tanh } from './elementwise.ts';
import { abs, clamp, elu, hardSigmoid, hardSwish, relu6, selu, softplus } from './elementwise-pieces.ts';
import { cos, erf, exp, expm1, log, log1p, mish, neg, reciprocal, rsqrt, sin, softsign, sqrt, square } from './elementwise-smooth.ts';
import { embedding, gather, oneHot, scatterAdd } from './indexing.ts';
import { groupNorm, layerNorm, rmsNorm } from './layer-norm.ts';
import { linear } from './linear.ts';
import { matmul } from './matmul.ts';
import { pad } from './pad.ts';
import { nll } from './nll.ts';
import { cumsum } from './cumsum.ts';
import { max, min } from './extremum.ts';
import { logSumExp } from './log-sum-exp.ts';
import { norm } from './norm.ts';
import { prod } from './prod.ts';
import { variance } from './variance.ts';
import { prelu } from './prelu.ts';
import type { Proof } from './proof.ts';
import { mean, sum } from './reduce.ts';
import { gru, lstm, rnn } from './recurrent.ts';
import { reshape } from './reshape.ts';
import { rotary } from './rotary.ts';
import { scale } from './scale.ts';
import { logSoftmax, softmax } from './softmax.ts';
import { equal, floor, greater, greaterEqual, less, lessEqual, notEqual, sign } from './steps.ts';
import { sumOfSquares } from './sum-of-squares.ts';
import { expand, flip, slice, transpose } from './views.ts';
import { where } from './where.ts';

/** The proof of every op by the op's name. */
export const proofs: Readonly<Record<string, Proof>> = {
  matmul,
  conv1d,
  conv2d,
  convTranspose2d,
  maxPool1d,
  maxPool2d,
  avgPool1d,
  avgPool2d,
  upsample2d,
  linear,
  scaledDotProductAttention,
  rotary,
  sigmoid,
  tanh,
  relu,
  leakyRelu,
  gelu,
  silu,
  neg,
  abs,
  square,
  reciprocal,
  sqrt,
  rsqrt,
  scale,
  exp,
  expm1,
  log,
  log1p,
  sin,
  cos,
  erf,
  clamp,
  relu6,
  prelu,
  elu,
  selu,
  mish,
  softplus,
  softsign,
  hardSigmoid,
  hardSwish,
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,
  where,
  equal,
  notEqual,
  less,
  lessEqual,
  greater,
  greaterEqual,
  sign,
  floor,
  prod,
  max,
  min,
  variance,
  logSumExp,
  norm,
  argMax,
  argMin,
  softmax,
  logSoftmax,
  cumsum,
  sum,
  mean,
  sumOfSquares,
  reshape,
  transpose,
  slice,
  expand,
  flip,
  concat,
  rnn,
  gru,
  lstm,
  pad,
  dropout,
  layerNorm,
  rmsNorm,
  groupNorm,
  batchNorm,
  runningMean,
  runningVariance,
  embedding,
  gather,
  scatterAdd,
  oneHot,
  mse,
  mae,
  huber,
  bceWithLogits,
  crossEntropy,
  nll,
  klDiv,
  hinge,
  cosineEmbedding,
};
