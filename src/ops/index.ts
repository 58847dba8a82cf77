import { OptionError, show } from '../errors.ts';
import { bceWithLogits } from './bce-with-logits.ts';
import { add, mul, sub } from './broadcast.ts';
import { crossEntropy } from './cross-entropy.ts';
import { dropout } from './dropout.ts';
import { gelu, leakyRelu, relu, sigmoid, silu, tanh } from './elementwise.ts';
import { linear } from './linear.ts';
import { matmul, matmulFamily } from './matmul.ts';
import { mse } from './mse.ts';
import type { Op } from './op.ts';
import { mean, reduceFamily, sum } from './reduce.ts';
import type { KernelFamily } from './request.ts';
import { reshape } from './reshape.ts';
import { softmax } from './softmax.ts';
import { sumOfSquares } from './sum-of-squares.ts';

/** Every op, once. */
const all: readonly Op[] = [
  add, sub, mul,
  sigmoid, tanh, relu, leakyRelu, gelu, silu,
  matmul, linear,
  softmax, sum, mean, sumOfSquares, reshape, dropout,
  mse, bceWithLogits, crossEntropy,
];

/** Every op by its name: the library's, and those that `defineOp` has added. Graphs hold names, so this is where they lead. */
export const ops: Readonly<Record<string, Op>> = Object.fromEntries(all.map((op) => [op.name, op]));

/** The families that have a choice of kernels: their variants' names. */
export const variantNames: Readonly<Record<string, readonly string[]>> = namesOf([matmulFamily, reduceFamily]);

/** All families whose variants can be forced: the library's, and those that ops of one's own list. */
export function forcibleVariants(): Readonly<Record<string, readonly string[]>> {
  return { ...namesOf(Object.values(ops).flatMap(({ families = [] }) => families)), ...variantNames };
}

function namesOf(families: readonly KernelFamily[]): Record<string, readonly string[]> {
  return Object.fromEntries(families.map(({ name, variants }) => [name, variants.map((variant) => variant.name)]));
}

/** A family or a variant that does not exist must not be ignored: whoever forces one relies on it. */
export function checkVariants(who: string, variants: Readonly<Record<string, string>>): void {
  if (variants === null || typeof variants !== 'object') throw new OptionError(who, 'variants as an object of names by family', show(variants));
  const known = forcibleVariants();
  for (const [family, variant] of Object.entries(variants)) {
    const choices = Object.hasOwn(known, family) ? known[family]! : undefined;
    if (!choices) throw new OptionError(who, `variants of the families ${Object.keys(known).join(', ')}`, `the family ${show(family)}`);
    if (!choices.includes(variant)) throw new OptionError(who, `a variant of ${family} among ${choices.join(', ')}`, show(variant));
  }
}

/** The functions that every op has, and those that it may have. */
const RULES = ['shapes', 'forward', 'backward'] as const;
const LISTS = ['inputs', 'optional', 'options', 'constants', 'families'] as const;

/**
 * Makes an op of your own known by its name: `applyOp` uses it in nets and objectives, `checkOp` proves it. Nothing else
 * of the library has to know it. Returns the op.
 *
 * A name belongs to one op. With `replace` an op of your own takes the place of another one of your own: nets that are
 * compiled already keep the kernels that they have. The library's ops can't be replaced.
 * Throws an OptionError for a name that is taken or is no name, and for a record that lacks one of its rules.
 */
export function defineOp(op: Op, { replace = false }: { readonly replace?: boolean } = {}): Op {
  const who = 'defineOp';
  if (op === null || typeof op !== 'object') throw new OptionError(who, 'an op: an object with name, inputs, shapes, forward and backward', show(op));
  if (typeof op.name !== 'string' || !/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(op.name)) {
    throw new OptionError(who, 'a name of at most 64 letters, digits and _ that begins with a letter', show(op.name));
  }
  const wrongRule = RULES.find((rule) => typeof op[rule] !== 'function');
  if (wrongRule) throw new OptionError(who, `${wrongRule} of ${op.name} as a function`, show(op[wrongRule]));
  const wrongList = LISTS.find((list) => !Array.isArray(op[list] ?? (list === 'inputs' ? undefined : [])));
  if (wrongList) throw new OptionError(who, `${wrongList} of ${op.name} as a list`, show(op[wrongList]));
  if (op.inputs.length === 0) throw new OptionError(who, `at least one input of ${op.name}`, 'none');
  for (const list of ['optional', 'constants'] as const) {
    const stranger = op[list]?.find((name) => !op.inputs.includes(name));
    if (stranger !== undefined) throw new OptionError(who, `${list} of ${op.name} among its inputs ${op.inputs.join(', ')}`, show(stranger));
  }
  const known = Object.hasOwn(ops, op.name) ? ops[op.name] : undefined;
  if (all.some(({ name }) => name === op.name)) throw new OptionError(who, 'a name that no op of the library has', show(op.name), 'Choose another name.');
  if (known && known !== op && !replace) {
    throw new OptionError(who, 'a name that no other op has', show(op.name), 'Choose another name, or pass { replace: true } to put this op in its place.');
  }
  (ops as Record<string, Op>)[op.name] = op;
  return op;
}
