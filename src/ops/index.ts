import { bceWithLogits } from './bce-with-logits.ts';
import { add, mul, sub } from './broadcast.ts';
import { crossEntropy } from './cross-entropy.ts';
import { gelu, leakyRelu, relu, sigmoid, silu, tanh } from './elementwise.ts';
import { linear } from './linear.ts';
import { matmul, matmulFamily } from './matmul.ts';
import { mse } from './mse.ts';
import type { Op } from './op.ts';
import { mean, reduceFamily, sum } from './reduce.ts';
import { reshape } from './reshape.ts';
import { softmax } from './softmax.ts';

/** Every op, once. */
const all: readonly Op[] = [
  add, sub, mul,
  sigmoid, tanh, relu, leakyRelu, gelu, silu,
  matmul, linear,
  softmax, sum, mean, reshape,
  mse, bceWithLogits, crossEntropy,
];

/** Every op by its name. */
export const ops: Readonly<Record<string, Op>> = Object.fromEntries(all.map((op) => [op.name, op]));

/** The families that have a choice of kernels: their variants' names. */
export const variantNames: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [matmulFamily, reduceFamily].map(({ name, variants }) => [name, variants.map((variant) => variant.name)]),
);
