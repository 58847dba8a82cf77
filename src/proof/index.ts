import { bceWithLogits } from './bce-with-logits.ts';
import { add, mul, sub } from './broadcast.ts';
import { crossEntropy } from './cross-entropy.ts';
import { dropout } from './dropout.ts';
import { gelu, leakyRelu, relu, sigmoid, silu, tanh } from './elementwise.ts';
import { linear } from './linear.ts';
import { matmul } from './matmul.ts';
import { mse } from './mse.ts';
import type { Proof } from './proof.ts';
import { mean, sum } from './reduce.ts';
import { reshape } from './reshape.ts';
import { softmax } from './softmax.ts';
import { sumOfSquares } from './sum-of-squares.ts';

/** The proof of every op by the op's name. */
export const proofs: Readonly<Record<string, Proof>> = {
  matmul,
  linear,
  sigmoid,
  tanh,
  relu,
  leakyRelu,
  gelu,
  silu,
  add,
  sub,
  mul,
  softmax,
  sum,
  mean,
  sumOfSquares,
  reshape,
  dropout,
  mse,
  bceWithLogits,
  crossEntropy,
};
