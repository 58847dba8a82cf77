import { OptionError, show } from '../errors.ts';
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

/** A family or a variant that does not exist must not be ignored: whoever forces one relies on it. */
export function checkVariants(who: string, variants: Readonly<Record<string, string>>): void {
  if (variants === null || typeof variants !== 'object') throw new OptionError(who, 'variants as an object of names by family', show(variants));
  for (const [family, variant] of Object.entries(variants)) {
    const choices = Object.hasOwn(variantNames, family) ? variantNames[family]! : undefined;
    if (!choices) throw new OptionError(who, `variants of the families ${Object.keys(variantNames).join(', ')}`, `the family ${show(family)}`);
    if (!choices.includes(variant)) throw new OptionError(who, `a variant of ${family} among ${choices.join(', ')}`, show(variant));
  }
}
